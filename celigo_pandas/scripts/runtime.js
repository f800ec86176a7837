// Runs before the script in a global of its own. What the script could change is taken hold of here first.
(function () {
  'use strict';
  const { parse, stringify } = JSON;
  const { apply, ownKeys } = Reflect;
  const { then, constructor: Promised } = Promise.prototype;
  const resolve = Promise.resolve.bind(Promised);
  const now = Date.now, toISO = Date.prototype.toISOString, Time = Date;
  const text = String, TypeErr = TypeError, Err = Error, Wide = Uint16Array, Narrow = Int32Array, Shared = SharedArrayBuffer;
  const { wait, load, store } = Atomics;
  const fromCodes = String.fromCharCode, codeAt = String.prototype.charCodeAt, cut = String.prototype.slice;
  const join = Array.prototype.join, toText = Object.prototype.toString;
  const { defineProperty, setPrototypeOf } = Object;
  const list = () => setPrototypeOf([], null);
  const { subarray } = Object.getPrototypeOf(Uint16Array.prototype);
  const Mirror = Proxy, Body = Function;
  for (const name of ['Atomics', 'SharedArrayBuffer', 'WebAssembly', 'console']) delete globalThis[name];
  // What var declared, if it did, cannot be deleted.
  for (const name of ['setTimeout', 'clearTimeout', '__timer_manager'])
    if (name in globalThis) globalThis[name] = undefined;

  // The log ------------------------------------------------------------------------------------------------------

  // Its own JSON is put together from texts and numbers: an array or an object might have a toJSON of the script's.
  let entries = '', size = 0, most = 1000000, lost = 0;
  function shown(value, depth) {
    if (typeof value === 'string') return value;
    if (value instanceof Err) return text(value.stack || value);
    if (typeof value === 'object' && value !== null) {
      try {
        const whole = stringify(value);
        return whole === undefined ? apply(toText, value, []) : whole;
      } catch (error) { return apply(toText, value, []); }
    }
    return typeof value === 'symbol' || typeof value === 'function' ? apply(toText, value, []) : text(value);
  }
  function log(level, values) {
    let line = '';
    for (let i = 0; i < values.length; i++) line += (i ? ' ' : '') + shown(values[i]);
    if (size + line.length > most) { lost++; return; }
    size += line.length + 40;
    entries += `${entries && ','}["${level}",${now()},${stringify(line)}]`;
  }
  const console = {};
  for (const level of ['log', 'debug', 'info', 'warn', 'error', 'trace'])
    console[level] = function () { log(level === 'log' ? 'info' : level === 'trace' ? 'debug' : level, arguments); };
  defineProperty(globalThis, 'console', { value: console, writable: true, configurable: true, enumerable: false });

  // Modules ------------------------------------------------------------------------------------------------------

  const makers = {}, made = {};
  function load_module(name) {
    if (name === 'integrator-api') return api();
    if (!(name in made)) {
      const module = { exports: {} };
      apply(makers[name], undefined, [module, module.exports]);
      made[name] = module.exports;
    }
    return made[name];
  }
  function imported(name, member) {
    const module = load_module(name);
    if (member === 'default') return module;
    if (member === '*') { const all = { default: module }; for (const key of ownKeys(module)) if (typeof key === 'string') all[key] = module[key]; return all; }
    if (!(member in module)) throw new SyntaxError(`The module '${name}' does not provide an export named '${member}'`);
    return module[member];
  }

  // The door: one question at a time through shared memory, while this thread waits ------------------------------------

  let flags = null, letters = null;
  const ROOM = 131072;
  function until(other) {
    while (load(flags, 0) === other) wait(flags, 0, other, 1);
  }
  function ask(question) {
    for (let at = 0; ; at += ROOM) {
      const count = question.length - at < ROOM ? question.length - at : ROOM;
      for (let i = 0; i < count; i++) letters[i] = apply(codeAt, question, [at + i]);
      flags[1] = count;
      flags[2] = at + count < question.length ? 1 : 0;
      store(flags, 0, 1);
      until(1);
      if (load(flags, 0) === 3) break;
    }
    let answer = '';
    for (;;) {
      for (let at = 0; at < flags[1]; at += 8192)
        answer += apply(fromCodes, null, apply(subarray, letters, [at, at + 8192 < flags[1] ? at + 8192 : flags[1]]));
      if (!flags[2]) break;
      store(flags, 0, 4);
      until(4);
    }
    store(flags, 0, 0);
    return answer;
  }
  function call(name, values) {
    if (!flags) throw new Err(`integrator-api: ${name} is not available here`);
    let parts = '';
    for (let i = 0; i < values.length; i++) parts += (i ? ',' : '') + (stringify(values[i]) || 'null');
    const answer = parse(ask(`[${stringify(name)},[${parts}]]`));
    if ('error' in answer) { const error = new Err(answer.error); if (answer.code) error.code = answer.code; throw error; }
    return answer.value;
  }
  function part(name) {
    const target = function () { return call(name, arguments); };
    return new Mirror(target, {
      get(own, key) {
        if (typeof key !== 'string' || key === 'then' || key === 'toJSON' || key === 'prototype') return own[key];
        return part(`${name}.${key}`);
      },
      set() { return false; },
    });
  }
  let whole = null;
  function api() {
    if (!whole) {
      whole = {};
      for (const name of ['connections', 'environment', 'exports', 'flows', 'iClient', 'imports', 'integrations', 'lookupcaches', 'request', 'state'])
        whole[name] = part(name);
    }
    return whole;
  }

  // Calls --------------------------------------------------------------------------------------------------------

  let chosen, position = -1, state = null;
  function failure(error) {
    const found = { __proto__: null, name: '', message: '', stack: '' };
    try {
      if (error instanceof Err) {
        found.name = text(error.name); found.message = text(error.message); found.stack = text(error.stack);
        if (typeof error.code === 'string') found.thrown_code = error.code;
      } else if (typeof error === 'object' && error !== null) {
        found.message = 'message' in error ? text(error.message) : shown(error);
        if (typeof error.code === 'string') found.thrown_code = error.code;
      } else found.message = shown(error);
    } catch (again) { found.message = 'what was thrown cannot be shown'; }
    return found;
  }
  const isThenable = value => (typeof value === 'object' || typeof value === 'function') && value !== null && typeof value.then === 'function';
  function written(value) {
    const found = stringify(value);
    return found === undefined ? 'u' + typeof value : 'v' + found;
  }
  function unwritable(error) {
    const found = failure(error);
    found.code = 'not_json';
    return found;
  }
  function page(options) {
    let value, later;
    try { value = chosen(options); later = isThenable(value); } catch (error) { return 'e' + stringify(failure(error)); }
    if (later) {
      state = null;
      apply(then, resolve(value), [found => { state = { __proto__: null, found }; }, error => { state = 'e' + stringify(failure(error)); }]);
      return 'p';
    }
    return finished(value);
  }
  function finished(value) {
    try { return written(value); } catch (error) { return 'e' + stringify(unwritable(error)); }
  }
  // Of record functions each record has options of its own, so that what one call changes is not the next one's.
  let answers = list(), waiting = 0;
  function each(common, name, records, kind) {
    answers = list(); waiting = 0;
    for (let i = 0; i < records.length; i++) {
      position = i;
      const options = parse(common);
      options[name] = records[i];
      records[i] = undefined;
      let value;
      try {
        value = chosen(options);
        if (isThenable(value)) {
          waiting++;
          answers[i] = 's';
          apply(then, resolve(value), [found => { waiting--; answers[i] = one(found, kind); }, error => { waiting--; answers[i] = 'e' + stringify(failure(error)); }]);
        } else answers[i] = one(value, kind);
      } catch (error) { answers[i] = 'e' + stringify(failure(error)); }
    }
    position = -1;
    return waiting ? 'p' : all();
  }
  function one(value, kind) {
    if (kind === 'truth') return (value ? 't' : 'f') + (typeof value === 'boolean' ? '' : value === null ? 'null' : typeof value);
    try { return written(value); } catch (error) { return 'e' + stringify(unwritable(error)); }
  }
  function all() {
    // Each answer is a JSON text already: joined, not written a second time.
    const parts = list();
    for (let i = 0; i < answers.length; i++) {
      const mark = answers[i][0], rest = apply(cut, answers[i], [1]);
      parts[i] = mark === 'v' || mark === 'e' ? `["${mark}",${rest}]` : `["${mark}",${stringify(rest)}]`;
    }
    answers = list();
    return 'v[' + apply(join, parts, [',']) + ']';
  }

  return function (command, first, second, third, fourth) {
    switch (command) {
      case 'parses': try { new Body(first); return true; } catch (error) { return false; }
      case 'limit': most = first; return '';
      case 'door':
        { const memory = new Shared(16 + 2 * ROOM); flags = new Narrow(memory, 0, 4); letters = new Wide(memory, 16); return memory; }
      case 'open':
        globalThis.__host = { imported, define(name, maker) { makers[name] = maker; }, seed(words) { load_module('sjcl').random.addEntropy(words, 1024, 'host'); } };
        return '';
      case 'close': delete globalThis.__host; return '';
      case 'take': chosen = first; return '';
      case 'page': return page(parse(first));
      case 'each': return each(first, second, parse(third), fourth);
      case 'settled': if (answers.length) { return all(); } return state === null ? 's' : typeof state === 'object' ? finished(state.found) : state;
      case 'where': return position;
      case 'log': return `[[${entries}],${lost}]`;
    }
  };
})()
//# sourceURL=celigo:runtime
