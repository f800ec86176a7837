function preSavePageFunction(options) {
  let rows = [];
  options.data.forEach((order) => {
    (order.lines || [{}]).forEach((line, index) => rows.push({ ...order, lines: undefined, line, lineNumber: index + 1 }));
  });
  return {
    data: rows,
    errors: options.errors,
    abort: false,
    newErrorsAndRetryData: []
  };
}
