'use strict';

const { ApiClient } = require('topSdk');

require('./run')(({ url, key, secret }) => {
  const client = new ApiClient({ appkey: key, appsecret: secret, url });
  return ({ method, params }) =>
    new Promise((resolve) => {
      client.execute(method, params, (fault, answer) => resolve(fault ? { fault } : { answer }));
    });
});
