"""Random scripts that do what hooks do, and random pages for them; nothing in them depends on clock or chance."""

from __future__ import annotations

import random
from typing import Any

from support.script_judge import Case

_WORDS = [
    "Ann",
    "o'Neil",
    'say "hi"',
    "naïve café",
    "日本",
    "😀 ok",
    "",
    " pad ",
    "a,b;c",
    "10.50",
    "007",
    "<b>&amp;</b>",
    "\\n",
    "1e3",
]
_KEYS = ["id", "name", "qty", "price", "date", "lines", "address", "tags", "note", "0", "a.b", "é"]
_DATES = [
    "2024-02-29T23:59:59.999Z",
    "2021-12-31",
    "2020-07-09T10:00:00+05:30",
    "Thu, 09 Jul 2020 17:06:00 GMT",
    "not a date",
]


def value(chance: random.Random, depth: int = 0) -> Any:
    """Return any JSON value."""
    kinds = [
        lambda: chance.choice(_WORDS),
        lambda: chance.randint(-5, 2000),
        lambda: chance.choice([0, 0.1, -0.0, 1e21, 1e-7, 2**53, 123456789.125, 0.1 + 0.2]),
        lambda: chance.choice([True, False, None]),
        lambda: chance.choice(_DATES),
    ]
    if depth < 3:
        kinds += [
            lambda: [value(chance, depth + 1) for _ in range(chance.randint(0, 3))],
            lambda: {chance.choice(_KEYS): value(chance, depth + 1) for _ in range(chance.randint(0, 3))},
        ]
    return chance.choice(kinds)()


def record(chance: random.Random) -> dict[str, Any]:
    """Return an order with lines, and what else there may be."""
    found: dict[str, Any] = {
        "id": chance.randint(1, 20),
        "name": chance.choice(_WORDS),
        "qty": chance.choice([1, 2, 0, "3", None, 2.5, "x"]),
        "price": chance.choice([9.99, "12.50", 0, 1e21, None]),
        "date": chance.choice(_DATES),
        "lines": [{"sku": chance.choice("ABC"), "n": chance.randint(0, 9)} for _ in range(chance.randint(0, 4))],
    }
    for _ in range(chance.randint(0, 3)):
        found[chance.choice(_KEYS)] = value(chance, 1)
    for name in list(found):
        if chance.random() < 0.1:
            del found[name]
    return found


# Each works on `r`, a record; what it may throw, it throws in both places.
_STEPS = [
    "r.total = (r.lines || []).reduce((sum, line) => sum + line.n, 0);",
    "r.when = new Date(r.date);",
    "r.day = new Date(r.date).toISOString().slice(0, 10);",
    "r.due = new Date(new Date('2024-01-31').getTime() + r.id * 86400000).toUTCString();",
    "r.month = new Date(2024, (r.id || 1) % 12, 31).toLocaleDateString('en-US');",
    "r.price = Number(r.price).toFixed(2);",
    "r.money = (r.qty * parseFloat(r.price)).toLocaleString();",
    "r.copy = JSON.parse(JSON.stringify(r.lines));",
    "r.name = String(r.name).replace(/[^\\w\\s]/g, '').trim().toUpperCase();",
    "r.words = (r.name + ' export import').split(/[\\s,;]+/).filter(Boolean);",
    "r.nothing = undefined; r.nan = 0 / 0; r.inf = -1 / 0; r.fn = function () {};",
    "delete r.note; r.has = 'note' in r;",
    "r.lines = r.lines?.map(line => ({...line, sku: line.sku ?? 'none'}));",
    "r.sorted = [...(r.lines || [])].sort((a, b) => b.n - a.n || (a.sku < b.sku ? -1 : 1)).map(l => l.sku + l.n);",
    "r.groups = (r.lines || []).reduce((all, l) => { (all[l.sku] = all[l.sku] || []).push(l.n); return all; }, {});",
    "r.text = `a ${`b ${r.id} ${'}'}`} \\${x} import y from 'z'`;",
    "r.quoted = 'it\\'s // no comment' + \"/* nor \\\" this */\";",
    "r.ratio = r.qty / (r.id || 1) / 2; /* export */ // import 'x'",
    "r.match = /['\"`/]/.test(r.name) ? RegExp.lastMatch : /[/]import \\/ from/.source;",
    "for (const [key, one] of Object.entries(r)) if (one === null) r[key] = '';",
    "switch (typeof r.qty) { case 'string': r.qty = +r.qty; break; default: r.kind = typeof r.qty; }",
    "outer: for (var i = 0; i < 3; i++) { for (;;) { if (i > 1) break outer; continue outer; } } r.i = i;",
    "r.set = [...new Set((r.lines || []).map(l => l.sku))]; r.map = [...new Map([[1, r.id]])];",
    "r.big = r.id ** 7; r.bits = (r.id << 3) >>> 1; r.hex = Number(r.id).toString(16);",
    "r.flat = [[1, [2]], [[3]]].flat(Infinity); r.at = [1, 2].at(-1);",
    "try { null.x } catch (error) { r.error = error.message } finally { r.done = true }",
    "if (r.id === 13) throw new TypeError('thirteen');",
    "if (r.id === 7) throw {message: 'seven', code: 'x'};",
    "with ({a: 1}) { r.a = a }",
    "r.get = {get x() { return r.id }, ['k' + 1]: 1, 0: 'zero', async: 1, of: 2, from: 3};",
    "r.padded = String(r.id).padStart(5, '0') + 'x'.repeat(2) + encodeURIComponent(r.name);",
    "r.class_ = new (class A { #x = r.id; get x() { return this.#x } static export() {} })().x;",
    "r.gen = [...(function* () { yield 1; yield* [2, 3] })()];",
    "r.d = /\\d+(?<unit>kg|g)?/u.exec('12kg ' + r.name)?.groups?.unit;",
    "r.number = r.qty\n/2/1; let re = x => x / 2 / 3; r.re = re(6);",
    "r.stamp = Date.UTC(2024, 1, 29); r.iso = new Date(r.stamp).toJSON();",
    "r.intl = new Intl.NumberFormat('de-DE').format(1234567.891);",
]

_WHOLE = (
    "return options.data.map(r => { work(r); return {data: r} });",
    "return options.data.map((r, i) => { work(r);"
    " return i % 3 === 0 ? {} : i % 3 === 1 ? {errors: [{message: String(r.id)}]} : {data: r, errors: []} });",
    "options.data.forEach(work);"
    " return {data: options.data.filter(r => r.id > 5), errors: options.errors, abort: options.pageIndex > 2};",
    "const all = {}; for (const r of options.data) { work(r); (all[r.id] ||= []).push(r) }"
    " return {data: Object.values(all), errors: []};",
    "options.data.forEach(work);",
    "return new Date(0);",
    "return Promise.resolve(options.data.map(work)).then(list => list.length);",
)

_MODULE_HEADS = [
    "import dayjs from 'dayjs';\n",
    "import dayjs from \"dayjs\"\nimport   sjcl\n  from 'sjcl' // import x from 'y'\n",
    "/* import nothing from 'nowhere' */ import * as all from 'dayjs';\n",
    "'use strict';\nimport {default as day} from 'dayjs';import 'sjcl'\n",
    "",
]
_MODULE_USES = [
    "r.used = typeof dayjs;",
    "r.used = typeof dayjs === 'function' ? dayjs('2024-02-29').add(1, 'year').format('YYYY-MM-DD dddd') : '';",
    "r.used = typeof sjcl === 'object' ? sjcl.codec.hex.fromBits(sjcl.hash.sha256.hash(String(r.id))) : '';",
    "r.used = typeof all === 'object' ? typeof all.default : '';",
    "r.used = typeof day === 'function' ? day('2020-01-01').valueOf() : '';",
]
_EXPORTS = [
    "export function {name}(options) {{ {body} }}",
    "export const {name} = (options) => {{ {body} }}",
    "const {name} = function (options) {{ {body} }}\nexport {{ {name} }};",
    "function inner(options) {{ {body} }}\nexport {{ inner as {name} }}",
    "export\nasync   function {name}(options) {{ {body} }}",
]


def case(chance: random.Random) -> Case:
    """Return one call of a random script."""
    is_module = chance.random() < 0.35
    steps = chance.sample(_STEPS, chance.randint(1, 6))
    if is_module:
        # Module code is strict: there is no with.
        steps = [step for step in steps if not step.startswith("with")] + [chance.choice(_MODULE_USES)]
    work = "function work(r) {\n  " + "\n  ".join(steps) + "\n  return r;\n}\n"
    records = [record(chance) for _ in range(chance.randint(0, 6))]
    head = (
        chance.choice(_MODULE_HEADS) if is_module else chance.choice(["", "// import a from 'b'\n", "let seen = 0;\n"])
    )
    if chance.random() < 0.4:
        return _each(chance, head + work, records, is_module)
    body = chance.choice(_WHOLE)
    options = {"data": records, "errors": [], "pageIndex": chance.randint(0, 4), "settings": value(chance)}
    if is_module:
        return Case(head + work + chance.choice(_EXPORTS).format(name="hook", body=body), "hook", options, module=True)
    return Case(f"{head}{work}function hook(options) {{ {body} }}\n", "hook", options)


def _each(chance: random.Random, text: str, records: list[Any], is_module: bool) -> Case:
    truth = chance.random() < 0.5
    body = (
        "return work(options.record).total;"
        if truth
        else "options.settings.n = (options.settings.n || 0) + 1; "
        + ("const r = work(options.record); r.n = options.settings.n; return r;")
    )
    export = "export " if is_module else ""
    text += f"{export}function one(options) {{ {body} }}\n"
    return Case(text, "one", records, {"settings": {"a": [1]}}, truth, is_module)
