function transform({ record }) {
  var out = {};
  'id;name;qty'.split(';').forEach(function (field, i) {
    out['column' + i] = '"' + String(record[field] == null ? '' : record[field]).replace(/"/g, '""') + '"';
  });
  out.line = [out.column0, out.column1, out.column2].join(',');
  return out;
}
