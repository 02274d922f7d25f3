'use strict';

const TopClient = require('node-taobao-topclient').default;

require('./run')(({ url, key, secret, verb }) => {
  const client = new TopClient({ appkey: key, appsecret: secret, REST_URL: url });
  return ({ method, params }) =>
    client.execute(method, params, verb).then(
      (answer) => ({ answer }),
      (err) => ({ fault: { code: err.code, sub_code: err.sub_code, msg: err.message } }),
    );
});
