'use strict';

// The library has no batches, so this is what its users write: its timestamp and its MD5 around query and body, and fetch.
const { ApiClient } = require('ali-topsdk');
const { md5, getApiResponseName } = require('ali-topsdk/lib/topUtil');

const separator = '\r\n-S-\r\n';

require('./run')(({ url, key, secret }) => {
  const client = new ApiClient({ appkey: key, appsecret: secret, url });
  const batch = async (calls) => {
    const query = { app_key: key, format: 'json', sign_method: 'md5', timestamp: client.timestamp(), v: '2.0' };
    const body = calls.map(({ method, params }) => new URLSearchParams({ method, ...params }).toString()).join(separator);
    const signed = Object.keys(query).sort().map((name) => name + query[name]).join('');
    query.sign = md5(secret + signed + body + secret).toUpperCase();
    const response = await fetch(url.replace('/rest', '/batch') + '?' + new URLSearchParams(query), {
      method: 'POST', headers: { 'Content-Type': 'text/plain;charset=UTF-8' }, body,
    });
    const answers = (await response.text()).split(separator);
    return answers.map((text, i) => {
      const data = JSON.parse(text);
      return data.error_response ? { fault: data.error_response } : { answer: data[getApiResponseName(calls[i].method)] };
    });
  };
  return { batch };
});
