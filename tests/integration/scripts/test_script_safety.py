"""A script is somebody's code: what it reaches, what it may use, and what its end ends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import soak

from celigo_pandas.errors import ScriptError
from celigo_pandas.scripts import Function, Limits, ScriptHost, ScriptText, api_door, shared_host

MB = 1024 * 1024


@pytest.fixture(scope="module")
def host() -> Iterator[ScriptHost]:
    running = ScriptHost(Limits(seconds=2, memory_bytes=64 * MB, log_chars=10_000))
    yield running
    running.close()


@pytest.fixture(scope="module")
def patient() -> Iterator[ScriptHost]:
    """Waits until the memory is used up, however slow the machine is."""
    running = ScriptHost(Limits(seconds=60, memory_bytes=64 * MB))
    yield running
    running.close()


def run(host: ScriptHost, text: str, options: Any = None, function: str = "f", **more: Any) -> Any:
    return host.run_page(ScriptText(text, "a.js"), function, options or {}, **more).value


def failure(host: ScriptHost, text: str, options: Any = None, **more: Any) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        run(host, text, options, **more)
    return caught.value


NAMES = (
    "process require fetch setTimeout setInterval setImmediate clearTimeout queueMicrotask WebSocket Deno"
    " module exports __dirname global window self document navigator importScripts load print read readFile os d8"
    " SharedArrayBuffer Atomics WebAssembly __host __timer_manager structuredClone performance crypto gc"
).split()


def test_script_finds_nothing_but_the_language(host: ScriptHost) -> None:
    looked = "; ".join(f"if (typeof {name} !== 'undefined') found.push('{name}')" for name in NAMES)
    text = f"""function f() {{
      const found = []; {looked};
      const root = Function('return this')();
      const other = [].constructor.constructor('return this')();
      const through = (function () {{ return this }}).call(undefined);
      return {{found, same: root === globalThis && other === globalThis && through === globalThis,
               keys: Object.keys(root)}}
    }}"""

    assert run(host, text) == {"found": [], "same": True, "keys": ["f"]}


def test_stacks_and_dynamic_imports_lead_nowhere(host: ScriptHost) -> None:
    text = """async function f() {
      let frames = [];
      Error.prepareStackTrace = (error, list) => { frames = list; return '' };
      new Error('x').stack;
      const things = frames.map(frame => [frame.getThis(), frame.getFunction()]).flat().filter(Boolean);
      let refused = 0;
      for (const name of ['fs', 'node:fs', 'dayjs', 'file:///etc/passwd', 'https://example.com/a.js'])
        try { await import(name) } catch (error) { refused++ }
      return {refused, hosts: things.filter(one => one !== f && one !== globalThis).length}
    }"""

    assert run(host, text) == {"refused": 5, "hosts": 0}


@pytest.mark.parametrize(
    "trick",
    [
        "JSON.stringify = JSON.parse = () => '\"stolen\"'",
        "Object.prototype.toJSON = undefined; Array.prototype.map = null; String.prototype.slice = () => 'x'",
        "Promise.prototype.then = () => {}; Promise.resolve = () => {}",
        "Reflect.apply = Reflect.ownKeys = null; Function.prototype.call = Function.prototype.apply = null",
        "Object.defineProperty(globalThis, '__host', {set() {}, get() { return {} }, configurable: false})",
        "Object.defineProperty(Array.prototype, '0', {set() {}, get() { return 'x' }, configurable: true})",
        "Date.now = () => { throw 1 }; console.log = null; console = null; Error = Array = Object = undefined",
        "Error.stackTraceLimit = 0; String.fromCharCode = null; Symbol.hasInstance",
    ],
)
def test_tricks_with_the_language_change_no_other_call(host: ScriptHost, trick: str) -> None:
    text = (
        f"{trick};\nfunction f(o) {{ return o }}\nglobalThis.left = 1; var leftover = 2; Object.prototype.polluted = 3"
    )
    with suppress(ScriptError):  # a script may well break itself
        run(host, text, {"a": [1]})

    clean = "function f(o) { return [typeof left, typeof leftover, typeof {}.polluted, JSON.stringify(o), [1][0]] }"

    assert run(host, clean, {"a": [1]}) == ["undefined", "undefined", "undefined", '{"a":[1]}', 1]


@pytest.mark.parametrize("made", ["5", "undefined", "({})", "({stack: 5, line: 'x', name: []})", "'text'"])
@pytest.mark.parametrize("of", ["Array", "Object"])
def test_json_of_the_scripts_own_making_changes_nothing_but_its_answer(host: ScriptHost, of: str, made: str) -> None:
    text = f"""import {{request}} from 'integrator-api'; {of}.prototype.toJSON = function () {{ return {made} }}
    function f() {{ console.log('seen'); return String(request('asked')) }}
    function g() {{ console.log('seen'); null.x }}"""
    asked: list[Any] = []

    found = host.run_page(ScriptText(text, "a.js"), "f", {}, api=lambda name, given: asked.append([name, given]))
    with pytest.raises(ScriptError, match="line 3: TypeError: Cannot read properties of null") as caught:
        host.run_page(ScriptText(text, "a.js"), "g", {})
    (each,) = host.run_each(ScriptText(text, "a.js"), "g", [{}], {}).value

    assert (found.value, asked) == ("null", [["request", ["asked"]]])
    assert [line.message for line in (*found.log, *caught.value.log)] == ["seen", "seen"]
    assert (each.code, each.line, each.record) == ("script_error", 3, 0)


def test_nothing_stays_between_two_calls_of_one_script(host: ScriptHost) -> None:
    text = "let calls = 0; function f() { globalThis.seen = (globalThis.seen || 0) + 1; return [++calls, seen] }"

    assert [run(host, text) for _ in range(3)] == [[1, 1]] * 3


def test_records_of_one_page_share_the_script_and_not_the_options(host: ScriptHost) -> None:
    text = (
        "let calls = 0; function f({settings, record}) { settings.n++; return {n: settings.n, calls: ++calls, record} }"
    )

    found = host.run_each(ScriptText(text), "f", [{"a": 1}, {"a": 2}], {"settings": {"n": 0}}).value

    assert found == [{"n": 1, "calls": 1, "record": {"a": 1}}, {"n": 1, "calls": 2, "record": {"a": 2}}]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("while (true) {}", "timeout", "a.js', f: it did not end in 2 s"),
        ("/^(a+)+$/.test('a'.repeat(50) + 'b')", "timeout", "did not end in 2 s"),
        ("const a = []; while (true) a.push(new Array(1000).fill({}))", "out_of_memory", "more than 64 MB of memory"),
        (
            "const a = []; while (true) a.push(new Uint8Array(8e6).fill(1))",
            "out_of_memory",
            "more than 64 MB of memory",
        ),
        ("let s = 'x'; while (true) s += s + Math.random()", "*", ""),
        ("return new Promise(() => {})", "never_settled", "a promise that never settles"),
        ("return f()", "script_error", "line 1: RangeError: Maximum call stack size exceeded"),
        ("return {n: 1n}", "not_json", "cannot be written as JSON: TypeError"),
        ("const a = []; a[0] = a; return a", "not_json", "cannot be written as JSON: TypeError"),
        ("let a = []; for (let i = 0; i < 5000; i++) a = [a]; return a", "not_json", "nested"),
        ("\n\n  null.x", "script_error", "line 3: TypeError: Cannot read properties of null"),
        ("throw 'only text'", "script_error", "a.js', f: only text"),
        ("throw {message: 'mine', code: 'E1'}", "script_error", "mine"),
        ("throw null", "script_error", "null"),
        ("throw {get message() { throw 1 }}", "script_error", "cannot be shown"),
        ("return Promise.reject(new Error('later'))", "script_error", "line 1: Error: later"),
        ("return Promise.resolve(5n)", "not_json", "BigInt"),
        ("return {get then() { throw new Error('then') }}", "script_error", "Error: then"),
    ],
)
def test_bad_ends_are_told_and_the_next_call_works(
    host: ScriptHost, patient: ScriptHost, body: str, code: str, said: str
) -> None:
    host = patient if code == "out_of_memory" else host
    error = failure(host, f"function f() {{{body}}}")

    assert code in ("*", error.code)
    assert said in str(error)
    assert (error.script, error.function) == ("a.js", "f")
    assert run(host, "function f() { return 'alive' }") == "alive"


def test_loop_in_a_filter_names_the_record_it_was_at(host: ScriptHost) -> None:
    text = "function f({record}) { console.log('at', record.n); while (record.n === 2); return true }"

    with pytest.raises(ScriptError) as caught:
        host.run_each(ScriptText(text), "f", [{"n": n} for n in range(5)], {}, kind="truth")

    assert (caught.value.code, caught.value.record) == ("timeout", 2)
    assert [line.message for line in caught.value.log] == ["at 0", "at 1", "at 2"]


@pytest.mark.parametrize("body", ["return {a: 'x'.repeat(1e6)}", "throw new Error('x'.repeat(1e6))"])
def test_answers_of_records_that_take_all_memory_are_told_as_that(patient: ScriptHost, body: str) -> None:
    with pytest.raises(ScriptError, match="more than 64 MB of memory") as caught:
        patient.run_each(ScriptText(f"function f() {{ {body} }}", "a.js"), "f", [{}] * 150, {})

    assert (caught.value.code, caught.value.function) == ("out_of_memory", "f")


@pytest.mark.parametrize(
    "body",
    [
        "(async () => { while (true) await null })(); return 1",
        "const a = []; while (true) a.push(new Uint8Array(8e6).fill(1))",
    ],
)
def test_log_that_ends_with_its_call_is_told_as_lost(body: str) -> None:
    running = ScriptHost(Limits(seconds=1, memory_bytes=64 * MB))
    try:
        error = failure(running, f"function f() {{ console.log('said'); {body} }}")
    finally:
        running.close()

    assert error.code in ("timeout", "out_of_memory")
    assert [line.message[:22] for line in error.log] == ["What it logged is lost"]


def test_code_that_a_script_gives_its_error_is_kept(host: ScriptHost) -> None:
    assert failure(host, "function f() { throw {message: 'mine', code: 'E1'} }").thrown_code == "E1"
    assert failure(host, "function f() { const e = new Error('x'); e.code = 'E2'; throw e }").thrown_code == "E2"


def test_log_has_levels_and_times_and_an_end(host: ScriptHost) -> None:
    text = """function f() {
      console.log('a', 1, null, undefined, {b: [2]}, true); console.debug('d'); console.warn('w');
      console.error(new Error('e')); for (let i = 0; i < 100000; i++) console.info('x'.repeat(100)); return 1 }"""

    log = host.run_page(ScriptText(text, "a.js"), "f", {}).log

    assert [line.level for line in log[:4]] == ["info", "debug", "warn", "error"]
    assert log[0].message == 'a 1 null undefined {"b":[2]} true'
    assert log[0].time.endswith("Z")
    assert log[3].message.startswith("Error: e\n")
    assert sum(len(line.message) for line in log) < 11_000
    assert log[-1].message.startswith("The log was cut at 10,000 characters: 99,9")


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("function f() {\n  let a = ;\n}", "syntax_error", 2, 11),
        ("function f() {", "syntax_error", 1, None),
        ("import x from 'lodash'\nfunction f() {}", "unknown_import", 1, 1),
        ("function f() {}\n\n  import x from '../other.js'", "unknown_import", 3, 3),
        ("import {nothing} from 'integrator-api'; function f() {}", "unknown_import", 1, 1),
        ("\nimport {nothing} from 'dayjs'; function f() {}", "bad_import", 2, None),
        ("function f() {}\nexport {f} from 'dayjs'", "bad_export", 2, 1),
        ("function f() {}\nconst f = 1", "syntax_error", 2, None),
        ("function f() {}\nnull.x", "script_error", 2, 6),
        ("function f() {}\nif (1)", "syntax_error", 2, None),
    ],
)
def test_script_that_cannot_be_run_is_told_with_line(
    host: ScriptHost, text: str, code: str, line: int, column: int | None
) -> None:
    error = failure(host, text)

    assert (error.code, error.line) == (code, line), error
    assert column in (None, error.column)


def test_check_runs_nothing_and_finds_what_is_wrong(host: ScriptHost) -> None:
    assert host.check(ScriptText("while (true) {}; throw 1; function f() {}")) == []
    assert host.check(ScriptText("'use strict'; function f() { with (a) {} }"))[0].code == "syntax_error"
    (found,) = host.check(ScriptText("/* x */ function f() { let b b }"))
    assert (found.line, found.column) == (1, 30)
    assert [one.code for one in host.check(ScriptText("import a from 'a'\nimport b from 'b'\nlet let"))] == [
        "unknown_import",
        "unknown_import",
        "syntax_error",
    ]


def test_worker_knows_nothing_of_its_parent(host: ScriptHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELIGO_API_TOKEN", "canary-token-8812")
    fresh = ScriptHost()
    try:
        run(fresh, "function f() { return 1 }")
        (pid,) = fresh.pids()
        seen = b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline"))
        assert b"canary" not in seen
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert {entry.partition(b"=")[0] for entry in environment} <= {
            b"",
            b"TZ",
            b"LANG",
            b"LC_CTYPE",
            b"LD_LIBRARY_PATH",
        }
        assert os.readlink(f"/proc/{pid}/fd/2") == os.devnull
    finally:
        fresh.close()


def test_worker_that_was_killed_while_it_waited_is_replaced(host: ScriptHost) -> None:
    run(host, "function f() { return 1 }")
    for pid in host.pids():
        os.kill(pid, signal.SIGKILL)

    assert run(host, "function f() { return 2 }") == 2


def test_worker_that_is_killed_in_a_call_fails_that_call_alone(host: ScriptHost) -> None:
    killed = threading.Event()

    def door(name: str, arguments: list[Any]) -> Any:
        (child,) = [pid for pid in _children() if pid not in before]
        os.kill(child, signal.SIGKILL)
        killed.set()
        return 1

    host.close()
    before = _children()

    error = failure(host, "import {request} from 'integrator-api'; function f() { request({}); while (1); }", api=door)

    assert killed.is_set()
    assert error.code == "crashed"
    assert "is not made again" in str(error)
    assert run(host, "function f() { return 3 }") == 3


def _children() -> set[int]:
    """Return the workers of this process."""
    found = subprocess.run(
        ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, check=False
    )
    return {int(line.split()[0]) for line in found.stdout.splitlines() if b"script_worker" in line}


_PARENT = """
import sys, threading
from celigo_pandas.scripts import ScriptHost, ScriptText
host = ScriptHost()
host.run_page(ScriptText("function f() { return 1 }"), "f", {})
print(host.pids()[0], flush=True)
threading.Thread(target=lambda: host.run_page(ScriptText("function f() { while (1); }"), "f", {}), daemon=True).start()
sys.stdin.read()
"""


def test_worker_ends_with_its_parent_in_the_middle_of_a_loop() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, "CELIGO_PANDAS_NO_PANDAS": "1"},
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait(10)
    parent.stdin.close()
    parent.stdout.close()

    until = time.monotonic() + 20
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until:
        time.sleep(0.02)

    assert not Path(f"/proc/{worker}").exists()


def test_calls_at_once_keep_apart(host: ScriptHost) -> None:
    text = "let mine; function f(o) { mine = o.n; let s = 0; for (let i = 0; i < 1e5; i++) s += i; return [mine, o.n] }"

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: run(host, text, {"n": n}), range(40)))

    assert found == [[n, n] for n in range(40)]
    assert len(host.pids()) <= 2


def test_call_inside_a_call_has_a_process_of_its_own(patient: ScriptHost) -> None:
    text = "import {request} from 'integrator-api'; function f(o) { return o.n ? request({n: o.n - 1}) + 1 : 0 }"

    def door(name: str, arguments: list[Any]) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: run(patient, text, arguments[0], api=door)).result()

    assert run(patient, text, {"n": 4}, api=door) == 4


def test_without_a_door_integrator_api_fails_by_name(host: ScriptHost) -> None:
    text = "import * as api from 'integrator-api'; function f() { return api.integrations.settings.get({_id: '1'}) }"

    error = failure(host, text)

    assert "Error: integrator-api: integrations.settings.get is not available here" in str(error)
    assert error.line == 1


def test_what_the_door_refuses_is_thrown_in_the_script(host: ScriptHost) -> None:
    answers = {"/v1/connections/5f": (404, {"errors": [{"code": "invalid_ref", "message": "no such"}]})}
    door = api_door(lambda method, path, body: answers.get(path, (200, {"path": path, "body": body})))
    text = """import { connections, request, state } from 'integrator-api'
    function f() {
      const found = [];
      for (const ask of [() => connections.get({_id: '5f'}), () => connections.get({}), () => connections.get('5f'),
                         () => state.get({key: 'a'}), () => request({relativeURI: 'https://evil.example/'}),
                         () => request({relativeURI: '//evil.example/'}),
                         () => request({relativeURI: '/v1/x', method: 'TRACE'})])
        try { ask(); found.push('went through') } catch (error) { found.push(error.code) }
      return {found, ok: request({relativeURI: '/v1/a?b=c', method: 'POST', body: {d: [1]}})}
    }"""

    assert run(host, text, api=door) == {
        "found": ["invalid_ref", "invalid_field", "invalid_field", "not_available"] + ["invalid_field"] * 3,
        "ok": {"statusCode": 200, "body": {"path": "/v1/a?b=c", "body": {"d": [1]}}},
    }


def test_door_cannot_be_caught_by_changing_the_language(host: ScriptHost) -> None:
    text = """import {request} from 'integrator-api';
    const caught = [];
    const own = Object.getPrototypeOf(Uint16Array.prototype);
    for (const name of ['subarray', 'slice', 'set', 'fill'])
      own[name] = function () { caught.push(this); return this };
    Array.prototype[Symbol.iterator] = function* () { caught.push(this) };
    String.fromCharCode = String.prototype.charCodeAt = function () { caught.push(this); return 'x' };
    function f() { const answer = request({a: 'é'}); return {answer, caught: caught.length} }"""

    assert run(host, text, api=lambda name, given: given[0]["a"] * 3) == {"answer": "ééé", "caught": 0}


@pytest.mark.parametrize("name", ["class", "await", "let", "null", "undefined", "later", "Math", "a.b", "f()", ""])
def test_what_is_no_function_is_missing(host: ScriptHost, name: str) -> None:
    with pytest.raises(ScriptError) as caught:
        run(host, "function f() {}\nconst later = 5", function=name)

    assert caught.value.code == "function_missing"
    assert "the script declares f" in str(caught.value)


_PIECES = (
    "function f(o) {", "}", "return o", "import x from 'dayjs'", "export", "default", "class A", "=>", "(", ")", "{",
    "[", "]", "`${", "`", "'", "/", "/a/", "async", "await", "yield", "let", "const f =", "...", ";", "\n", "\u2028",
    "\0", "#!x", "\ud800", "<!--", "-->", "//", "/*", "*/", "new Proxy({}, {get() { throw 1 }})", "throw", "null.x",
    "with(o)", "1n", "@", "\\u0066", "Symbol()", "if (1)", "else", "a:", "do", "globalThis", "Promise.reject(1)",
)  # fmt: skip


@pytest.mark.soak
def test_any_text_is_run_or_refused_and_the_process_lives(host: ScriptHost) -> None:
    def end(text: str) -> str:
        try:
            run(host, text, {"a": 1})
        except ScriptError as error:
            return error.code
        return ""

    chance = random.Random(soak.seed("any text"))
    run(host, "function f() { return 1 }")
    pids = set(host.pids())
    for _ in range(soak.runs(150, 5000)):
        text = " ".join(chance.choice(_PIECES) for _ in range(chance.randint(1, 20)))
        assert end(text) not in ("crashed", "timeout", "out_of_memory"), text
        for problem in host.check(ScriptText(text)):
            assert problem.line is None or 1 <= problem.line <= text.count("\n") + text.count("\u2028") + 1, text

    assert pids & set(host.pids())


def test_interrupt_in_the_door_ends_the_call_and_leaves_the_host_whole(host: ScriptHost) -> None:
    def door(name: str, arguments: list[Any]) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(host, "import {request} from 'integrator-api'; function f() { request({}) }", api=door)

    assert run(host, "function f() { return 4 }") == 4


def test_large_answers_pass_through_the_door_whole(patient: ScriptHost) -> None:
    text = "import {state} from 'integrator-api'; function f(o) { return state.get(o.text).length }"

    assert run(patient, text, {"text": "é😀\ud800" * 100_000}, api=lambda name, given: given[0] * 2) == 800_000


def test_number_that_javascript_cannot_hold_is_warned_of(host: ScriptHost) -> None:
    def warned(options: Any) -> list[str]:
        returned = host.run_page(ScriptText("function f(o) { return o }", "a.js"), "f", options)
        return [line.message for line in returned.log if line.level == "warn"]

    assert warned({"a": [2**53, 2**60, -(10**20), "12345678901234567"], "b": 1.1}) == []
    assert warned({"a": [1, 2**53 + 1]}) == [
        "JavaScript cannot hold the number 9007199254740993: the script is given 9007199254740992."
    ]


def test_function_keeps_the_log_of_calls_that_fail(host: ScriptHost) -> None:
    log: list[Any] = []
    function = Function(
        host, ScriptText("function f() { console.warn('w'); throw 1 }", "a.js"), None, None, log, "hooks.preMap"
    )

    with pytest.raises(ScriptError):
        function.page({})

    assert [(line.level, line.message, line.place, line.function) for line in log] == [
        ("warn", "w", "hooks.preMap", "f")
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
@pytest.mark.filterwarnings("ignore:This process")
def test_forked_child_has_a_host_of_its_own() -> None:
    host = shared_host()
    text = "function f(o) { return o.n }"
    assert run(host, text, {"n": 1}) == 1
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, str(run(shared_host(), text, {"n": 2})).encode())
            shared_host().close()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        assert answer.read() == b"2"
    os.waitpid(child, 0)

    assert run(host, text, {"n": 3}) == 3
    host.close()
