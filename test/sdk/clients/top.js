'use strict';

const http = require('http');
const top = require('top');

require('./run')(({ url, key, secret, verb }) => {
  const client = top.createClient({ appkey: key, appsecret: secret, REST_URL: url });
  client.agent = new http.Agent({ keepAlive: true }); // its own is older than this Node
  return ({ method, params }) =>
    new Promise((resolve) => {
      const root = method.replace(/\./g, '_') + '_response';
      client.invoke(method, params, [root], null, verb, (err, answer) => {
        resolve(err ? { fault: { code: err.code, sub_code: err.sub_code, msg: err.message } } : { answer });
      });
    });
});
