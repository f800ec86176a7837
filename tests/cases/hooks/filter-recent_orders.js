function filter(options) {
  const record = options.record;
  if (!record.date) return false;
  const age = (Date.UTC(2024, 5, 1) - Date.parse(record.date)) / (24 * 60 * 60 * 1000);
  return age < 365 && record.qty !== 0;
}
