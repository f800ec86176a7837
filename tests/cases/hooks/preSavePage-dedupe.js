function preSavePage(options) {
  var seen = {};
  var copy = JSON.parse(JSON.stringify(options.data));
  copy = copy.filter(function (d) {
    var key = [d.id, d.name].join('|');
    return seen.hasOwnProperty(key) ? false : (seen[key] = true);
  });
  copy.sort(function (a, b) { return (a.id || 0) - (b.id || 0) });
  return { data: copy, errors: options.errors, abort: options.pageIndex >= 10 };
}
