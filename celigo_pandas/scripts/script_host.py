"""Runs functions of scripts in worker processes: a few at most, each warm, a new one where one ended."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from celigo_pandas.errors import CeligoError, ScriptError
from celigo_pandas.scripts.json_values import JsonText, dump, load
from celigo_pandas.scripts.libraries import LIBRARIES, library_text
from celigo_pandas.scripts.script_calls import ApiDoor, Kind, Limits, LogLine, Returned, ScriptText, refused
from celigo_pandas.scripts.script_modules import Declared, ScriptProblem
from celigo_pandas.scripts.script_worker import place
from celigo_pandas.scripts.worker_process import Gone, NeverAsked, WorkerProcess

__all__ = ["ScriptHost", "shared_host"]

_MOST = 8
"""Processes at most. A script that runs an export whose script runs an export needs one for each."""

_PATIENCE_S = 0.25
"""How long a call waits for one of the usual places before it takes another: who has them may be waiting for it."""

_GRACE_S = 5.0
_CHECK_S = 30.0
_LONG_INTEGER = re.compile(rb"[\[,:](-?[0-9]{16,300})(?=[\],}])")
_SLACK_BYTES = 96 * 1024 * 1024
"""What V8 and its texts take beside a script's own memory."""


class ScriptHost:
    """Worker processes, and the way to them; one for a whole program is enough.

    Parameters
    ----------
    limits : Limits
        Of each call.
    workers : int, default 2
        Processes that are kept, and so calls at once. Where all are in use for more than a moment, further ones are
        started, eight in all, and ended again.

    Notes
    -----
    Nothing is started before the first call. A process that ended, or was ended for its time or memory, is replaced at
    the next call. Each call has a global of its own: nothing that a script leaves there is seen by another call.
    """

    def __init__(self, limits: Limits | None = None, *, workers: int = 2) -> None:
        self.limits = limits or Limits()
        self._most = workers
        self._renew()

    def _renew(self) -> None:
        self._owner = os.getpid()
        self._free: list[WorkerProcess] = []
        self._usual = threading.BoundedSemaphore(self._most)
        self._places = threading.BoundedSemaphore(max(self._most, _MOST))
        self._lock = threading.Lock()

    def run_page(
        self, script: ScriptText, function: str, options: Mapping[str, Any] | JsonText, *, api: ApiDoor | None = None
    ) -> Returned:
        """Call a function once.

        Parameters
        ----------
        script : ScriptText
        function : str
            One that the script declares at its top.
        options : mapping or JsonText
            Its one argument; crosses as JSON.
        api : callable, optional
            Answers ``integrator-api``.

        Returns
        -------
        Returned

        Raises
        ------
        ScriptError
            It cannot be run, threw, or was ended.
        MissingExtraError
            The extra ``scripts`` is not installed.
        """
        return self._run(script, function, options, {"mode": "page"}, api)

    def run_each(
        self,
        script: ScriptText,
        function: str,
        records: Sequence[Any] | JsonText,
        common: Mapping[str, Any],
        *,
        kind: Kind = "value",
        api: ApiDoor | None = None,
    ) -> Returned:
        """Call a function for each record, with ``record`` beside the `common` options; all in one global.

        Returns
        -------
        Returned
            A list: what was returned for each record (with kind ``truth`` a pair of its truth, as JavaScript has it,
            and its type where that is not boolean), or a :class:`ScriptError` where the function threw.

        Raises
        ------
        ScriptError
            The script as a whole cannot be run, or was ended.
        MissingExtraError
            The extra ``scripts`` is not installed.
        """
        try:
            text = dump(common).decode()
        except ValueError as error:
            raise refused("not_json", f"the options cannot be written as JSON: {error}", script, function) from None
        order = {"mode": "record", "common": text, "kind": kind}
        returned = self._run(script, function, records, order, api)
        answers = [self._answer(script, function, mark, rest, at) for at, (mark, rest) in enumerate(returned.value)]
        return Returned(answers, returned.log)

    def check(self, script: ScriptText) -> list[ScriptProblem]:
        """Find what is wrong with a text without running it: syntax, imports, exports."""
        problems = list(script.module.problems)
        order = {"mode": "check", "program": script.module.body}
        with self._worker() as worker:
            try:
                found = self._asked(worker, order, b"", _CHECK_S)[0]["problem"]
            except Gone as gone:
                raise self._gone(gone, script, "") from None
        if found is not None:
            problems.append(ScriptProblem("syntax_error", found["message"], found.get("line"), found.get("column")))
        return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))

    def pids(self) -> list[int]:
        """Return the processes that wait for a call."""
        with self._lock:
            return [worker.pid for worker in self._free if worker.is_alive()]

    def close(self) -> None:
        """End the processes; a later call starts new ones."""
        with self._lock:
            free, self._free = self._free, []
        for worker in free:
            worker.end()

    # ------------------------------------------------------------------------------------------------------------

    def _run(
        self, script: ScriptText, function: str, options: Any, mode: Mapping[str, Any], api: ApiDoor | None
    ) -> Returned:
        declared = self._declared(script, function)
        try:
            body = dump(options if isinstance(options, (dict, list, JsonText)) else _plain(options))
        except ValueError as error:
            raise refused("not_json", f"the options cannot be written as JSON: {error}", script, function) from None
        module, limits = script.module, self.limits
        order = {
            "program": module.body,
            "function": declared.local,
            "bindings": [[one.module, one.imported, one.local, one.line] for one in module.bindings],
            "libraries": {name: library_text(name) for name in dict.fromkeys(module.modules) if name in LIBRARIES},
            "seconds": limits.seconds,
            "memory": limits.memory_bytes,
            "slack": _SLACK_BYTES,
            "log": limits.log_chars,
            "door": api is not None and "integrator-api" in module.modules,
            **mode,
        }
        with self._worker() as worker:
            answer = _Answering(api)
            try:
                head, text = self._asked(worker, order, body, limits.seconds + _GRACE_S, answer)
            except Gone as gone:
                raise self._gone(gone, script, function) from None
        log = _lost_digits(body, script, function) + self._log(head["log"], script, function)
        if "error" in head:
            raise self._failed(head["error"], script, function, log)
        try:
            return Returned(load(text), log)
        except ValueError as error:
            raise _with_log(refused("not_json", f"what it returned is {error}", script, function), log) from None

    def _declared(self, script: ScriptText, function: str) -> Declared:
        module = script.module
        if module.problems:
            problem = module.problems[0]
            raise refused(problem.code, problem.message, script, None, line=problem.line, column=problem.column)
        found = module.find(function)
        if found is not None:
            return found
        if function.isidentifier() or function.replace("$", "_").isidentifier():
            return Declared(function, 1, function)  # perhaps made by other code; V8 knows
        raise self._missing(script, function)

    def _missing(self, script: ScriptText, function: str) -> ScriptError:
        names = ", ".join(one.name for one in script.module.functions) or "none"
        text = f"there is no function {function!r:.80}; the script declares {names}"
        return refused("function_missing", text, script, function)

    def _asked(
        self,
        worker: _Place,
        order: Mapping[str, Any],
        body: bytes,
        seconds: float,
        answer: Callable[[bytes], bytes] | None = None,
    ) -> tuple[dict[str, Any], bytes]:
        try:
            return worker.get().ask(order, body, seconds, answer)
        except NeverAsked:
            # It had ended while it waited; nothing of the call was run.
            return worker.replace().ask(order, body, seconds, answer)

    def _worker(self) -> _Place:
        if self._owner != os.getpid():
            for worker in self._free:
                worker.forget()
            self._renew()
        return _Place(self)

    def enter(self) -> tuple[WorkerProcess | None, bool]:
        """Take a place, the process that is free there, if any, and say whether the place is a usual one."""
        if not self._places.acquire(timeout=self.limits.seconds + _GRACE_S):
            text = f"All {_MOST} processes of scripts are in use; scripts may be calling each other without end."
            raise ScriptError(text, code="busy")
        is_usual = self._usual.acquire(timeout=_PATIENCE_S)
        with self._lock:
            while self._free:
                worker = self._free.pop()
                if worker.is_alive():
                    return worker, is_usual
                worker.end()
        return None, is_usual

    def leave(self, worker: WorkerProcess | None, *, is_usual: bool) -> None:
        """Give a place back, with its process unless that was ended."""
        with self._lock:
            is_kept = worker is not None and len(self._free) < self._most
            if is_kept and worker is not None:
                self._free.append(worker)
        if worker is not None and not is_kept:
            worker.end()
        if is_usual:
            self._usual.release()
        self._places.release()

    # what is said -------------------------------------------------------------------------------------------------

    def _answer(self, script: ScriptText, function: str, mark: str, rest: Any, at: int) -> Any:
        if mark == "v":
            return rest
        if mark in "tf":
            return mark == "t", rest
        if mark == "u":
            return refused("bad_answer", f"it returned {rest}", script, function, record=at)
        if mark == "s":
            return refused("never_settled", _SETTLED, script, function, record=at)
        return self._failed({**rest, "position": at}, script, function, ())

    def _failed(
        self, found: Mapping[str, Any], script: ScriptText, function: str, log: tuple[LogLine, ...]
    ) -> ScriptError:
        code = found.get("code", "thrown")
        if code == "function_missing":
            return _with_log(self._missing(script, function), log)
        if code == "undefined":
            return _with_log(refused("bad_answer", f"it returned {found['message']}", script, function), log)
        texts = {
            "timeout": f"it did not end in {self.limits.seconds:g} s",
            "out_of_memory": self._memory_text(),
            "never_settled": _SETTLED,
        }
        said = ": ".join(part for part in (found.get("name"), found.get("message")) if part) or "it threw nothing"
        if code == "not_json":
            said = f"what it returned cannot be written as JSON: {said}"
        line, column = found.get("line"), found.get("column")
        if line is None and found.get("stack"):
            where = place(found["stack"])
            line, column = where.get("line"), where.get("column")
        error = refused(
            "script_error" if code == "thrown" else code,
            texts.get(code, said),
            script,
            None if code in ("syntax_error", "bad_import") else function,
            line=line,
            column=column,
            record=found.get("position"),
            thrown_code=found.get("thrown_code"),
        )
        return _with_log(error, log)

    def _gone(self, gone: Gone, script: ScriptText, function: str) -> ScriptError:
        if gone.is_late:
            return refused("timeout", f"it did not end in {self.limits.seconds:g} s", script, function)
        if gone.is_out_of_memory:
            return refused("out_of_memory", self._memory_text(), script, function)
        text = f"its process ended in the middle of the call (exit code {gone.code}); the call is not made again"
        return refused("crashed", text, script, function)

    def _memory_text(self) -> str:
        return f"it took more than {self.limits.memory_bytes / 1024 / 1024:g} MB of memory"

    def _log(self, found: Sequence[Any], script: ScriptText, function: str) -> tuple[LogLine, ...]:
        entries, lost = found
        lines = [LogLine(_time(ms), level, text, script.name, function) for level, ms, text in entries]
        if lost:
            text = f"The log was cut at {self.limits.log_chars:,} characters: {lost:,} lines are left out."
            lines.append(LogLine(_time(time.time() * 1000), "warn", text, script.name, function))
        return tuple(lines)


class _Place:
    """A place of the host's, for the time of one call: its process goes back unless the call broke it."""

    def __init__(self, host: ScriptHost) -> None:
        self._host = host
        self._worker: WorkerProcess | None = None
        self._is_usual = False

    def __enter__(self) -> _Place:
        self._worker, self._is_usual = self._host.enter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is not None and self._worker is not None:
            self._worker.end()
            self._worker = None
        self._host.leave(self._worker, is_usual=self._is_usual)

    def get(self) -> WorkerProcess:
        if self._worker is None:
            self._worker = WorkerProcess()
        return self._worker

    def replace(self) -> WorkerProcess:
        if self._worker is not None:
            self._worker.end()
        self._worker = WorkerProcess()
        return self._worker


class _Answering:
    """Answers a script's questions to ``integrator-api`` in the caller's thread."""

    def __init__(self, api: ApiDoor | None) -> None:
        self._api = api

    def __call__(self, question: bytes) -> bytes:
        name, arguments = load(question)
        try:
            value = self._api(name, arguments) if self._api is not None else None
        except CeligoError as error:
            code = getattr(error, "code", None) or (error.codes[0] if error.codes else None)
            return dump({"error": str(error), "code": code})
        try:
            return dump({"value": value})
        except ValueError as error:
            return dump({"error": f"integrator-api: {name}: {error}", "code": "not_json"})


_SETTLED = "it returned a promise that never settles"


def _plain(options: Any) -> Any:
    return dict(options) if isinstance(options, Mapping) else list(options)


def _with_log(error: ScriptError, log: tuple[LogLine, ...]) -> ScriptError:
    error.log = log
    return error


def _time(milliseconds: float) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _lost_digits(options: bytes, script: ScriptText, function: str) -> tuple[LogLine, ...]:
    """Warn of the first integer that JavaScript cannot hold: the script is given another one, as on the platform."""
    for found in _LONG_INTEGER.finditer(options):
        digits = found[1].decode()
        if int(float(digits)) != int(digits):
            text = f"JavaScript cannot hold the number {digits:.60}: the script is given {int(float(digits)):d}."
            return (LogLine(_time(time.time() * 1000), "warn", text, script.name, function),)
    return ()


_shared: ScriptHost | None = None
_shared_lock = threading.Lock()


def shared_host() -> ScriptHost:
    """Return the host that a whole program shares; its processes end with the program."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = ScriptHost()
        return _shared
