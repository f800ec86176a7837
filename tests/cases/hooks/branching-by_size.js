function branching(options) {
  var total = (options.record.lines || []).reduce(function (sum, line) { return sum + line.n; }, 0);
  if (total === 0) return [];
  return total > 10 ? [0, 1] : [1];
}
