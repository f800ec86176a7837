"""What is asked of a script and what it answers, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal, Protocol

from celigo_pandas.errors import ConfigError, ScriptError, shown
from celigo_pandas.scripts.json_values import JsonText
from celigo_pandas.scripts.script_modules import ScriptModule, ScriptProblem, read_module

__all__ = ["ApiDoor", "Function", "Limits", "LogLine", "Returned", "ScriptRunner", "ScriptText", "refused"]

ApiDoor = Callable[[str, list[Any]], Any]
"""What answers ``integrator-api``: gets the name (``exports.run``) and the arguments, gives a JSON-able value.

A :class:`~celigo_pandas.errors.CeligoError` that it raises is thrown inside the script.
"""

Kind = Literal["value", "truth"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use.

    Attributes
    ----------
    seconds : float, default 30
        For a page; for all records of a page where the function takes one at a time.
    memory_bytes : int, default 256 MB
    log_chars : int, default 1,000,000
        Lines of the log beyond are left out, and counted in a last line.
    """

    seconds: float = 30.0
    memory_bytes: int = 256 * 1024 * 1024
    log_chars: int = 1_000_000

    def __post_init__(self) -> None:
        for name in ("seconds", "memory_bytes", "log_chars"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
                raise ConfigError(f"{name} is {shown(value)}; expected a number above 0.")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a script wrote by ``console``.

    Attributes
    ----------
    time : str
        ISO 8601, UTC.
    level : str
        ``debug``, ``info``, ``warn`` or ``error``.
    message : str
    script, function : str
    place : str
        Of the document: ``hooks.preMap``, ``filter`` and the like; empty where no document is run.
    """

    time: str
    level: str
    message: str
    script: str
    function: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class ScriptText:
    """A script: its text, and the name that messages give it."""

    text: str
    name: str = "script"

    @property
    def module(self) -> ScriptModule:
        """What stands in it."""
        return _module(self.text)


_module = lru_cache(maxsize=64)(read_module)


@dataclass(frozen=True, slots=True)
class Returned:
    """What a function returned, and what was logged meanwhile."""

    value: Any
    log: tuple[LogLine, ...] = ()


class ScriptRunner(Protocol):
    """What runs functions of scripts: :class:`celigo_pandas.scripts.script_host.ScriptHost`."""

    def run_page(
        self, script: ScriptText, function: str, options: Mapping[str, Any] | JsonText, *, api: ApiDoor | None = None
    ) -> Returned:
        """Call a function once."""

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
        """Call a function for each record; the value is a list of what it returned or of :class:`ScriptError`."""

    def check(self, script: ScriptText) -> list[ScriptProblem]:
        """Find what is wrong with a text without running it."""


@dataclass(slots=True)
class Function:
    """One function of a script, ready to be called; ``name`` empty or None is the script's first.

    Parameters
    ----------
    runner : ScriptRunner
    script : ScriptText
    name : str, optional
    api : callable, optional
        What answers ``integrator-api``.
    log : list of LogLine
        What its calls write; also that of calls that fail.
    place : str
        Where a document names it.
    """

    runner: ScriptRunner
    script: ScriptText
    name: str | None = None
    api: ApiDoor | None = None
    log: list[LogLine] = field(default_factory=list)
    place: str = ""

    def __post_init__(self) -> None:
        self.name = self.name or _first(self.script)

    def page(self, options: Mapping[str, Any]) -> Any:
        """Call it once and return what it returned; :class:`ScriptError` where it fails."""
        return self._kept(lambda name: self.runner.run_page(self.script, name, options, api=self.api))

    def each(self, records: Sequence[Any], common: Mapping[str, Any], *, kind: Kind = "value") -> list[Any]:
        """Call it for each record and return what it returned or a :class:`ScriptError` for each."""
        if not records:
            return []
        answers: list[Any] = self._kept(
            lambda name: self.runner.run_each(self.script, name, records, common, kind=kind, api=self.api)
        )
        return answers

    def error(self, message: str, *, code: str = "bad_answer", record: int | None = None) -> ScriptError:
        """Return an error that names this function."""
        return refused(code, message, self.script, self.name, record=record)

    def note(self, message: str, time: str = "") -> None:
        """Write a warning to the log."""
        self.log.append(LogLine(time, "warn", message, self.script.name, self.name or "", self.place))

    def _kept(self, work: Callable[[str], Returned]) -> Any:
        try:
            returned = work(self.name or "")
        except ScriptError as error:
            self._keep(error.log)
            raise
        self._keep(returned.log)
        return returned.value

    def _keep(self, lines: Iterable[LogLine]) -> None:
        self.log += [replace(line, place=self.place) for line in lines]


def _first(script: ScriptText) -> str:
    functions = script.module.functions
    if not functions:
        raise refused("no_functions", "the script declares no function at its top", script, None)
    return functions[0].name


def refused(
    code: str,
    message: str,
    script: ScriptText,
    function: str | None,
    *,
    line: int | None = None,
    column: int | None = None,
    record: int | None = None,
    thrown_code: str | None = None,
) -> ScriptError:
    """Return an error that says where: script, function, line, record."""
    where = f"Script {shown(script.name)}"
    where += f", {function}" if function else ""
    where += f", line {line}" if line else ""
    where += f", record {record}" if record is not None else ""
    return ScriptError(
        f"{where}: {message}",
        code=code,
        script=script.name,
        function=function,
        line=line,
        column=column,
        record=record,
        thrown_code=thrown_code,
    )
