/*
 * Adds line totals and an order total; leaves the record otherwise as it is.
 */
function preMap(options) {
  return options.data.map((d) => {
    var total = 0;
    if (d.lines) {
      for (var i = 0; i < d.lines.length; i++) {
        d.lines[i].total = d.lines[i].n * 2.5;
        total += d.lines[i].total;
      }
    }
    d.total = total;
    return { data: d };
  });
}
