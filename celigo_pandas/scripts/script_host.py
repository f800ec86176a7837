"""Runs functions of scripts in worker processes."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.errors import CeligoError, ScriptError
from celigo_pandas.scripts.call_reports import CallReport
from celigo_pandas.scripts.json_values import JsonText, dump, load
from celigo_pandas.scripts.libraries import LIBRARIES, library_text
from celigo_pandas.scripts.script_calls import ApiDoor, Kind, Limits, Returned, ScriptText, refused
from celigo_pandas.scripts.script_modules import API_MODULE, Declared, ScriptProblem
from celigo_pandas.scripts.worker_pool import WorkerPool
from celigo_pandas.scripts.worker_process import Gone

__all__ = ["ScriptHost", "shared_host"]

_GRACE_S = 5.0
_CHECK_S = 30.0
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
        self._pool = WorkerPool(workers)

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
        report = CallReport(script, function, self.limits)
        order = {"mode": "record", "common": _written(common, report).decode(), "kind": kind}
        returned = self._run(script, function, records, order, api)
        answers = [report.answer(mark, rest, at) for at, (mark, rest) in enumerate(returned.value)]
        return Returned(answers, returned.log)

    def check(self, script: ScriptText) -> list[ScriptProblem]:
        """Find what is wrong with a text without running it: syntax, imports, exports."""
        problems = list(script.module.problems)
        order = {"mode": "check", "program": script.module.body}
        with self._pool.lend(self.limits.seconds + _GRACE_S) as worker:
            try:
                found = worker.ask(order, b"", _CHECK_S)[0]["problem"]
            except Gone as gone:
                raise CallReport(script, "", self.limits).gone(gone) from None
        if found is not None:
            problems.append(ScriptProblem("syntax_error", found["message"], found.get("line"), found.get("column")))
        return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))

    def pids(self) -> list[int]:
        """Return the processes that wait for a call."""
        return self._pool.pids()

    def close(self) -> None:
        """End the processes; a later call starts new ones."""
        self._pool.close()

    def _run(
        self, script: ScriptText, function: str, options: object, mode: Mapping[str, Any], api: ApiDoor | None
    ) -> Returned:
        report = CallReport(script, function, self.limits)
        order = {**self._order(script, _declared(report), has_door=api is not None), **mode}
        body = _written(options, report)
        patience_s = self.limits.seconds + _GRACE_S
        with self._pool.lend(patience_s) as worker:
            try:
                head, text = worker.ask(order, body, patience_s, _Answering(api))
            except Gone as gone:
                error = report.gone(gone)
                error.log = report.lost_digits(body) + report.lost_log()
                raise error from None
        log = report.lost_digits(body) + (report.log(*head["log"]) if head["log"] else report.lost_log())
        try:
            if "error" in head:
                raise report.failed(head["error"])
            return Returned(_read(text, report), log)
        except ScriptError as error:
            error.log = log
            raise

    def _order(self, script: ScriptText, function: Declared, *, has_door: bool) -> dict[str, Any]:
        module, limits = script.module, self.limits
        return {
            "program": module.body,
            "function": function.local,
            "bindings": [[one.module, one.imported, one.local, one.line] for one in module.bindings],
            "libraries": {name: library_text(name) for name in dict.fromkeys(module.modules) if name in LIBRARIES},
            "seconds": limits.seconds,
            "memory": limits.memory_bytes,
            "slack": _SLACK_BYTES,
            "log": limits.log_chars,
            "door": has_door and API_MODULE in module.modules,
        }


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


def _declared(report: CallReport) -> Declared:
    """Return the function that is called, as the program has it."""
    module, name = report.script.module, report.function
    if module.problems:
        problem = module.problems[0]
        raise refused(problem.code, problem.message, report.script, None, line=problem.line, column=problem.column)
    found = module.find(name)
    if found is not None:
        return found
    if not name.replace("$", "_").isidentifier():
        raise report.missing()
    return Declared(name, 1, name)  # perhaps made by other code; V8 knows


def _written(value: Any, report: CallReport) -> bytes:
    if not isinstance(value, (dict, list, JsonText)):
        value = dict(value) if isinstance(value, Mapping) else list(value)
    try:
        return dump(value)
    except ValueError as error:
        raise report.refused("not_json", f"the options cannot be written as JSON: {error}") from None


def _read(text: bytes, report: CallReport) -> Any:
    try:
        return load(text)
    except ValueError as error:
        raise report.refused("not_json", f"what it returned is {error}") from None


_shared: ScriptHost | None = None
_shared_lock = threading.Lock()


def shared_host() -> ScriptHost:
    """Return the host that a whole program shares; its processes end with the program."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = ScriptHost()
            atexit.register(_shared.close)
        return _shared
