"""The process that holds V8: a program of its own, which nothing imports and which imports nothing of this package.

Frames come on stdin and go out on stdout: two lengths, a JSON head, a JSON text. One call at a time; each runs in a
global that no other call has seen, made ready while the process was idle. The process ends with its parent, when its
memory passes the limit, or when the parent says so.
"""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Any, BinaryIO

LENGTHS = struct.Struct(">II")
OUT_OF_MEMORY = 77
"""Exit code of a process that passed its memory limit."""

_ROOM = 131072
_POLL_S = 0.0005
_WATCH_S = 0.03
_PLACE = re.compile(r"script\.js:(\d+):(\d+)")
_PARSE = re.compile(r"\A[^\n]*?:(\d+): (SyntaxError: [^\n]*)\n([^\n]*)\n([^\n]*)", re.DOTALL)
_ENDS = re.compile(r"\r\n|[\n\r\u2028\u2029]")
_VALUE = "\n;0"
_NAME = "\n//# sourceURL=script.js"


class Failed(Exception):
    """A call that has no answer; holds what the parent is told."""

    def __init__(self, code: str, **found: Any) -> None:
        super().__init__(code)
        self.found = {"code": code, **found}


class Channel:
    """Frames to and from the parent."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._target = target

    def read(self) -> tuple[dict[str, Any], bytes]:
        """Read a frame; EOFError when the parent has gone."""
        head, body = LENGTHS.unpack(self._exactly(LENGTHS.size))
        return json.loads(self._exactly(head)), self._exactly(body)

    def write(self, head: dict[str, Any], body: bytes = b"") -> None:
        """Write a frame."""
        text = json.dumps(head).encode()
        self._target.write(LENGTHS.pack(len(text), len(body)) + text)
        self._target.write(body)
        self._target.flush()

    def _exactly(self, count: int) -> bytes:
        data = self._source.read(count)
        if len(data) < count:
            raise EOFError
        return data


class Watch(threading.Thread):
    """Ends the process when its parent has gone or its memory passes the limit, also in the middle of a call.

    V8 counts what is on its heap; buffers lie beside it and are seen here only.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._parent = os.getppid()
        self.most: int | None = None

    def run(self) -> None:
        """Look, again and again."""
        while True:
            time.sleep(_WATCH_S)
            if os.getppid() != self._parent:
                os._exit(0)
            most = self.most
            if most is not None and (resident() or 0) > most:
                os._exit(OUT_OF_MEMORY)


def resident() -> int | None:
    """Return the bytes of memory that this process holds, where the system tells."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


class Door(threading.Thread):
    """Carries questions of a script to the parent while V8's thread waits; they meet in shared memory."""

    def __init__(self, memory: memoryview, channel: Channel) -> None:
        super().__init__(daemon=True)
        self._flags = memory[:16].cast("B").cast("i")
        self._letters = memory[16:].cast("B")
        self._channel = channel
        self._closed = threading.Event()

    def run(self) -> None:
        """Answer until the call is over."""
        with suppress(EOFError, OSError):
            parts: list[bytes] = []
            while not self._closed.is_set():
                if self._flags[0] != 1:
                    time.sleep(_POLL_S)
                    continue
                parts.append(bytes(self._letters[: self._flags[1] * 2]))
                if self._flags[2]:
                    self._flags[0] = 2
                    continue
                question = b"".join(parts).decode("utf-16-le", "surrogatepass")
                parts.clear()
                self._channel.write({"ask": True}, json.dumps(json.loads(question)).encode())
                _, body = self._channel.read()
                self._give(body.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass"))

    def _give(self, answer: bytes) -> None:
        for at in range(0, len(answer) or 1, _ROOM * 2):
            part = answer[at : at + _ROOM * 2]
            self._letters[: len(part)] = part
            self._flags[1] = len(part) // 2
            self._flags[2] = int(at + len(part) < len(answer))
            self._flags[0] = 3
            while self._flags[0] == 3 and not self._closed.is_set():
                time.sleep(_POLL_S)

    def close(self) -> None:
        """End; waits for a question that is on its way."""
        self._closed.set()
        self.join()


class Globals:
    """Makes globals with the runtime in them; one is ready before it is asked for."""

    def __init__(self, racer: Any, runtime: str) -> None:
        self._racer = racer
        self._runtime = runtime
        self._ready: list[tuple[Any, Any]] = []

    def prepare(self) -> None:
        """Make one in advance."""
        if not self._ready:
            self._ready.append(self._made())

    def take(self) -> tuple[Any, Any]:
        """Return a fresh global, and the function that rules it."""
        return self._ready.pop() if self._ready else self._made()

    def _made(self) -> tuple[Any, Any]:
        context = self._racer.MiniRacer()
        return context, context.eval(self._runtime)


class Run:
    """One call of one function of a script."""

    def __init__(self, racer: Any, context: Any, control: Any, order: dict[str, Any], channel: Channel) -> None:
        self._racer = racer
        self._context = context
        self._control = control
        self._order = order
        self._channel = channel
        self._ends = time.monotonic() + order["seconds"]

    def answer(self, body: str) -> str:
        """Run and return the JSON text of the answer; raises :class:`Failed`."""
        order = self._order
        self._context.set_hard_memory_limit(order["memory"])
        self._ruled("limit", order["log"])
        door = Door(self._ruled("door"), self._channel) if order["door"] else None
        try:
            if door is not None:
                door.start()
            self._bind()
            program = order["program"]
            # What a program ends with is its value, and some values (such as 1n) cannot come out of V8. A text that is
            # no program is left as it is, so that it does not become one by the addition.
            self._evaluated(program + (_VALUE if self._ruled("parses", program) else "") + _NAME)
            self._ruled_with(order["function"])
            if order["mode"] == "page":
                return self._settled(self._ruled("page", body))
            return self._settled(self._ruled("each", order["common"], order["mode"], body, order["kind"]))
        finally:
            if door is not None:
                door.close()

    def log(self) -> Any:
        """Return the lines of the log, and how many were left out; None of both where the script holds V8 still."""
        with suppress(self._racer.JSEvalException, ValueError):
            return json.loads(self._control("log", timeout_sec=5))
        return None

    def position(self) -> int | None:
        """Return the record that the script was at when it was ended."""
        with suppress(self._racer.JSEvalException):
            found = self._control("where", timeout_sec=5)
            return found if isinstance(found, int) and found >= 0 else None
        return None

    def _bind(self) -> None:
        if not self._order["bindings"] and not self._order["libraries"]:
            return
        self._ruled("open")
        for name, text in self._order["libraries"].items():
            self._evaluated(f"__host.define({json.dumps(name)}, function (module, exports) {{{text}\n}})")
        if "sjcl" in self._order["libraries"]:
            words = list(struct.unpack("8i", os.urandom(32)))
            self._evaluated(f"__host.seed({words})")
        for module, member, local, line in self._order["bindings"]:
            code = f"const {local} = __host.imported({json.dumps(module)}, {json.dumps(member)})"
            try:
                self._evaluated(code)
            except Failed as failed:
                raise Failed("bad_import", message=failed.found.get("message", ""), line=line) from None
        self._ruled("close")

    def _ruled_with(self, name: str) -> None:
        try:
            found = self._evaluated(f"typeof {name} === 'function' ? {name} : undefined")
        except Failed as failed:
            if failed.found["code"] not in ("syntax_error", "thrown"):
                raise
            found = None  # a word of the language, or a name before its declaration
        if not isinstance(found, self._racer.JSFunction):
            raise Failed("function_missing")
        self._ruled("take", found)

    def _evaluated(self, code: str) -> Any:
        return self._guarded(lambda left: self._context.eval(code, timeout_sec=left))

    def _ruled(self, *arguments: Any) -> Any:
        return self._guarded(lambda left: self._control(*arguments, timeout_sec=left))

    def _guarded(self, work: Any) -> Any:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise Failed("timeout")
        try:
            return work(left)
        except self._racer.JSTimeoutException:
            raise Failed("timeout") from None
        except self._racer.JSOOMException:
            raise Failed("out_of_memory") from None
        except self._racer.JSParseException as error:
            raise Failed("syntax_error", **syntax(str(error), self._order["program"])) from None
        except self._racer.JSEvalException as error:
            # V8 may end a call for its memory and say no more than that it ended.
            if self._context.was_hard_memory_limit_reached():
                raise Failed("out_of_memory") from None
            raise Failed("thrown", **thrown(str(error))) from None

    def _settled(self, answer: str) -> str:
        if answer == "p":
            # Promises are settled when the first call has returned; there is nothing else that could settle one.
            answer = self._ruled("settled")
        mark, rest = answer[0], answer[1:]
        if mark == "v":
            return rest
        if mark == "u":
            raise Failed("undefined", message=rest)
        if mark == "s":
            raise Failed("never_settled")
        found = json.loads(rest)
        raise Failed(found.pop("code", "thrown"), **found, **place(found.pop("stack", "")))


def thrown(text: str) -> dict[str, Any]:
    """Read what V8 says of an error at the top of a program."""
    head = text.split("\n", 1)[0]
    found = re.match(r"\S*?:(\d+): (?:Uncaught )?(?:(\w*Error): )?(.*)", head)
    name, message = (found[2] or "", found[3]) if found else ("", head)
    where = place(text)
    if not where and found and head.startswith("script.js:"):
        where = {"line": int(found[1])}
    return {"name": name, "message": message, **where}


def syntax(text: str, program: str) -> dict[str, Any]:
    """Read what V8 says of a text that is no program: the line, and the column under which its mark stands."""
    found = _PARSE.match(text)
    if not found:
        return {"message": text.split("\n", 1)[0]}
    column = found[4].index("^") + 1 if "^" in found[4] else None
    line, lines = int(found[1]), len(_ENDS.findall(program)) + 1
    if line > lines:
        line, column = lines, None  # behind the end, where the name was added
    return {"message": found[2].removeprefix("SyntaxError: "), "line": line, "column": column}


def place(stack: str) -> dict[str, int]:
    """Return the first place in the script that a stack names."""
    found = _PLACE.search(stack)
    return {"line": int(found[1]), "column": int(found[2])} if found else {}


def checked(racer: Any, context: Any, program: str) -> dict[str, Any] | None:
    """Return what keeps a text from being a program; nothing of it is run."""
    # What throws first runs nothing, and V8 has read all of it by then.
    strict = (
        '"use strict"; ' if re.match(r"\s*(?:(?://[^\n]*|/\*.*?\*/)\s*)*['\"]use strict['\"]", program, re.S) else ""
    )
    first = f"{strict}throw 0; "
    try:
        context.eval(first + program + _NAME, timeout_sec=10)
    except racer.JSParseException as error:
        found = syntax(str(error), program)
        if found.get("line") == 1 and found.get("column"):
            found["column"] -= len(first)
        return found
    except racer.JSEvalException:
        pass
    return None


def serve(channel: Channel) -> None:
    """Do what the parent orders, one order at a time."""
    hello, runtime = channel.read()
    sys.path.insert(0, hello["packages"])
    import py_mini_racer

    # The platform has no timers, and a script may declare such names itself.
    inner: Any = getattr(py_mini_racer, "_mini_racer", None)
    if hasattr(inner, "INSTALL_SET_TIMEOUT"):
        inner.INSTALL_SET_TIMEOUT = "0"
    globals_ = Globals(py_mini_racer, runtime.decode())
    watch = Watch()
    watch.start()
    globals_.prepare()
    channel.write({"ready": True})
    while True:
        order, body = channel.read()
        channel.write({"begun": True})
        context, control = globals_.take()
        if order["mode"] == "check":
            channel.write({"problem": checked(py_mini_racer, context, order["program"])})
        else:
            watch.most = (resident() or 0) + order["memory"] + 8 * len(body) + order["slack"]
            run = Run(py_mini_racer, context, control, order, channel)
            head: dict[str, Any] = {}
            answer = b""
            try:
                answer = run.answer(body.decode("utf-8", "surrogatepass")).encode("utf-8", "surrogatepass")
            except Failed as failed:
                head["error"] = failed.found
                if failed.found["code"] in ("timeout", "out_of_memory"):
                    head["error"]["position"] = run.position()
            head["log"] = run.log()
            watch.most = None
            channel.write(head, answer)
        with suppress(Exception):
            context.close()
        del context, control
        globals_.prepare()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # V8's threads may be in the middle of something: nothing waits for them.
    try:
        serve(Channel(sys.stdin.buffer, sys.stdout.buffer))
    except (EOFError, OSError):
        os._exit(0)
    except BaseException:
        os._exit(1)
