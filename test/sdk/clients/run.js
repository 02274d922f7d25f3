'use strict';

// What all scripts share. A script reads from standard input where to call and what, makes the calls one after the other through its
// client library, and prints what the library handed back: for each call its answer, or its fault in the library's own words. A client
// with a function batch gets all calls at once.

module.exports = function run(open) {
  const { calls, ...config } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const client = open(config);
  const results = [];
  const next = async () => {
    if (client.batch) {
      results.push(...(await client.batch(calls)));
      return;
    }
    for (const call of calls) {
      const params = { ...call.params };
      if (call.object) {
        params[call.object] = JSON.parse(params[call.object]); // left to the library to write
      }
      results.push(await client({ ...call, params }));
    }
  };
  next().then(
    () => process.stdout.write(JSON.stringify(results), () => process.exit(0)),
    (err) => {
      console.error(err);
      process.exit(1);
    },
  );
};
