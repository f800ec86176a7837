function postMap(options) {
  return options.postMapData.map((d) => ({ data: clean(d) }));
}

function clean(value) {
  if (Array.isArray(value)) return value.map(clean).filter((one) => one !== undefined);
  if (value && typeof value === 'object') {
    return Object.keys(value).reduce((all, key) => {
      const one = clean(value[key]);
      if (one !== undefined && one !== '') all[key] = one;
      return all;
    }, {});
  }
  return value === null ? undefined : value;
}
