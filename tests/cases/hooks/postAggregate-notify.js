function postAggregate(options) {
  if (!options.postAggregateData.success) console.error(options.postAggregateData.message);
  console.info('file written:', options.postAggregateData._json.name);
  return options.postAggregateData;
}
