import sjcl from 'sjcl';

function preMap(options) {
  const key = sjcl.codec.utf8String.toBits('secret of the test');
  return options.data.map((d) => {
    const mac = new sjcl.misc.hmac(key, sjcl.hash.sha256).mac(String(d.id) + d.name);
    return { data: { ...d, signature: sjcl.codec.base64.fromBits(mac) } };
  });
}

export { preMap };
