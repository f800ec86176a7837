// A duplicate is no error for us.
function postSubmit(options) {
  for (var i = 0; i < options.responseData.length; i++) {
    if (options.responseData[i].statusCode !== 200) {
      for (var j = options.responseData[i].errors.length - 1; j >= 0; j--) {
        if (/exists already/.test(options.responseData[i].errors[j].message)) {
          options.responseData[i].errors.splice(j, 1);
        }
      }
      if (options.responseData[i].errors.length === 0) options.responseData[i].statusCode = 200;
    }
  }
  return options.responseData;
}
