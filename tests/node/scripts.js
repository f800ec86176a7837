// Runs functions of scripts as node's own vm does: one case a line, {text, function, options, each?, truth?, libraries}.
'use strict';
const vm = require('vm');
const fs = require('fs');
const readline = require('readline');

function context() {
  const sandbox = vm.createContext({});
  vm.runInContext('globalThis.console = {log() {}, debug() {}, info() {}, warn() {}, error() {}}', sandbox);
  for (const name of ['WebAssembly', 'SharedArrayBuffer', 'Atomics']) vm.runInContext(`delete globalThis.${name}`, sandbox);
  return sandbox;
}

async function loaded(one, sandbox) {
  if (!one.module) {
    new vm.Script(one.text).runInContext(sandbox);
    return vm.runInContext(`typeof ${one.function} === 'function' ? ${one.function} : undefined`, sandbox);
  }
  const module = new vm.SourceTextModule(one.text, { context: sandbox });
  await module.link(name => {
    const maker = vm.runInContext(`(function (module, exports) {${fs.readFileSync(one.libraries[name], 'utf8')}\n})`, sandbox);
    const made = { exports: {} };
    maker(made, made.exports);
    return new vm.SyntheticModule(['default'], function () { this.setExport('default', made.exports); }, { context: sandbox });
  });
  await module.evaluate();
  return module.namespace[one.function];
}

function failure(error) {
  return typeof error === 'object' && error !== null && 'message' in error ? `${error.name ? error.name + ': ' : ''}${error.message}` : String(error);
}

async function answer(one) {
  const sandbox = context();
  const { parse, stringify } = vm.runInContext('({parse: JSON.parse, stringify: JSON.stringify})', sandbox);
  try {
    const chosen = await loaded(one, sandbox);
    if (!one.each) {
      const text = stringify(await chosen(parse(one.options)));
      return text === undefined ? { undefined: true } : { value: JSON.parse(text) };
    }
    const found = [];
    for (const record of parse(one.options)) {
      try {
        const value = await chosen({ ...parse(one.each), record });
        const text = one.truth ? String(!!value) : stringify(value);
        found.push(text === undefined ? { undefined: true } : { value: JSON.parse(text) });
      } catch (error) { found.push({ error: failure(error) }); }
    }
    return { value: found };
  } catch (error) { return { error: failure(error) }; }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin }))
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
})();
