function preSavePage(options) {
  const match = options.files[0].fileMeta.fileName.match(/_(\d{4})\.csv$/);
  options.data.forEach((d, i) => {
    d.fileName = options.files[i] ? options.files[i].fileMeta.fileName : null;
    d.year = match ? parseInt(match[1], 10) : undefined;
  });
  return { data: options.data, errors: options.errors, retryData: options.retryData };
}
