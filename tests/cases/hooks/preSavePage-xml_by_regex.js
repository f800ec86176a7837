// The partner sends XML inside of a field.
function preSavePage(options) {
  const xml = '<orders><order id="1"><sku>A &amp; B</sku></order><order id="2"><sku><![CDATA[C<D]]></sku></order></orders>';
  const orders = [];
  const pattern = /<order id="(\d+)">\s*<sku>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?<\/sku>/g;
  let found;
  while ((found = pattern.exec(xml)) !== null) {
    orders.push({ id: found[1], sku: found[2].replace(/&amp;/g, '&').replace(/&lt;/g, '<') });
  }
  return { data: orders.concat(options.data.slice(0, 1)), errors: options.errors };
}
