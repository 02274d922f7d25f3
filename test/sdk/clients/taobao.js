'use strict';

const http = require('http');
const { core } = require('taobao');

require('./run')(({ url, key, secret, verb }) => {
  const { hostname, port } = new URL(url);
  http.globalAgent.defaultPort = port; // the library takes a host alone
  core.config({ app_key: key, app_secret: secret, httpRealHost: hostname });
  return ({ method, params }) =>
    new Promise((resolve) => {
      core.call({ method: verb }, { method, ...params }, (data) => {
        const root = method.replace(/\./g, '_') + '_response';
        resolve(data.error_response ? { fault: data.error_response } : { answer: data[root] });
      });
    });
});
