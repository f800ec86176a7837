function preSavePage(options) {
  const bad = options.data.filter((d) => !d.name);
  return {
    data: options.data.filter((d) => d.name),
    errors: options.errors,
    newErrorsAndRetryData: bad.map((d) => ({
      retryData: d,
      errors: [{ code: 'NO_NAME', message: 'Order ' + d.id + ' has no name', source: 'pre_save_page_hook' }]
    }))
  };
}
