function preMap(options) {
  console.log('page of ' + options.data.length + ' for ' + options._importId);
  return options.data.map((d) => (d.id > 12 ? {} : { data: d }));
}
