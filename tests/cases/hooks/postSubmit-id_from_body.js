function postSubmit({ responseData, postMapData }) {
  return responseData.map((r, i) => Object.assign(r, { id: r._json ? `${r._json.id}` : r.id, dataURI: postMapData[i].name }));
}
