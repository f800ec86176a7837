const postMap = ({ postMapData, settings }) => postMapData.map((data, i) => ({
  data: { ...data, batch: Math.floor(i / 5), tag: settings?.flow?.tag ?? 'none' },
}));
