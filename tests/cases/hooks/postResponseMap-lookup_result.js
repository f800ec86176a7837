function postResponseMap(options) {
  options.postResponseMapData.forEach((d, i) => {
    const response = options.responseData[i];
    d.customerId = response && response.statusCode === 200 ? response.id : '';
    d.isNew = !d.customerId;
  });
  return options.postResponseMapData;
}
