// CSV of a partner: every text comes in quotes, some twice.
function removeQuotes(options) {
  for (let i = 0; i < options.data.length; i++) {
    for (let key in options.data[i]) {
      if (typeof options.data[i][key] === 'string') {
        options.data[i][key] = options.data[i][key].replace(/^"+|"+$/g, '').replace(/""/g, '"');
      }
    }
  }
  return options.data.map(function (d) { return { data: d }; });
}
