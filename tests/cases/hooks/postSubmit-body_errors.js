function postSubmit(options) {
  options.responseData.forEach((response, i) => {
    if (response._json && response._json.id % 4 === 0) {
      response.statusCode = 422;
      response.errors.push({ code: 'BODY', message: 'refused: ' + JSON.stringify(options.postMapData[i].id) });
    }
  });
  return options.responseData;
}
