// Slows down for a system that takes few requests.
function preMap(options) {
  sleep(30);
  return options.data.map((d) => ({ data: d }));
}

function sleep(milliseconds) {
  var start = new Date().getTime();
  for (var i = 0; i < 1e7; i++) {
    if (new Date().getTime() - start > milliseconds) break;
  }
}
