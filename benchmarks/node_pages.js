// Gives pages to a hook under node's vm: a line holds a page's options, the answer is a line.
'use strict';
const vm = require('vm');
const fs = require('fs');
const readline = require('readline');

const text = fs.readFileSync(process.argv[2], 'utf8');
readline.createInterface({ input: process.stdin }).on('line', line => {
  // As here: each page has a global of its own.
  const context = vm.createContext({});
  new vm.Script(text).runInContext(context);
  const call = vm.runInContext('(text => JSON.stringify(preMap(JSON.parse(text))))', context);
  process.stdout.write(call(line) + '\n');
});
