function preSavePage(options) {
  const last = new Date(options.lastExportDateTime);
  const data = options.data.filter((d) => isNaN(Date.parse(d.date)) || new Date(d.date) > last);
  return { data, errors: options.errors, abort: data.length < options.data.length / 2 };
}
