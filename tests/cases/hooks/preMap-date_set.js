function preMap (options) {
  let response = []
  options.data.forEach(record => {
    record.shipDate = new Date(Date.parse(record.date) || 0)
    record.dueDate = new Date(record.shipDate.getFullYear(), record.shipDate.getMonth() + 1, 0)
    response.push({ data: record })
  })
  return response
}
