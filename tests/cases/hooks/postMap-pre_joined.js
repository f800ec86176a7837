function postMap(options) {
  options.postMapData.forEach(function (record, index) {
    record.externalId = ['ORD', options.preMapData[index].id, index].join('-');
  });
  return options.postMapData.map((data) => ({ data }));
}
