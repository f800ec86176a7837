/*
 * Rows of order lines become one record per order.
 */
function preSavePage(options) {
  const orders = {};
  const result = [];
  for (const row of options.data) {
    if (!orders[row.id]) {
      orders[row.id] = { id: row.id, name: row.name, lines: [] };
      result.push(orders[row.id]);
    }
    orders[row.id].lines.push({ date: row.date, qty: Number(row.qty) || 0 });
  }
  return { data: result, errors: options.errors, abort: false };
}
