const REQUIRED = ['name', 'qty'];

function preMap(options) {
  return options.data.map((d) => {
    const missing = REQUIRED.filter((field) => d[field] === undefined || d[field] === null || d[field] === '');
    if (missing.length) {
      return { errors: missing.map((field) => ({ code: 'MISSING_FIELD', message: `${field} is missing in order ${d.id}` })) };
    }
    return { data: d };
  });
}
