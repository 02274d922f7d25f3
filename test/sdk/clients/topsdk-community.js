'use strict';

const TopClient = require('topsdk-community');

require('./run')(({ url, key, secret, verb }) => {
  const client = new TopClient(key, secret, url);
  return ({ method, params }) =>
    client.execute(method, params, verb).then(
      (answer) => ({ answer }),
      (err) => ({ fault: { code: err.code, sub_code: err.sub_code, msg: err.message } }),
    );
});
