function preMap(options) {
  var country = (options.settings && options.settings.integration && options.settings.integration.country) || 'GB';
  return options.data.map(function (d) {
    d.address = Object.assign({}, d.address, { country: country });
    return { data: d, errors: country === 'US' ? [] : [{ code: 'COUNTRY', message: country }] };
  });
}
