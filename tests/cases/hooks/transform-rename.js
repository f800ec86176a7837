function transform(options) {
  const { id, name = 'unknown', ...rest } = options.record;
  return { orderNumber: `#${String(id).padStart(6, '0')}`, customer: { name }, extra: Object.keys(rest).sort() };
}
