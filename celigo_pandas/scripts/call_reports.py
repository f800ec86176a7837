"""What became of one call, in words: errors with script, function, line and record, and the lines of the log."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from celigo_pandas.errors import ScriptError
from celigo_pandas.scripts.script_calls import Limits, LogLine, ScriptText, refused
from celigo_pandas.scripts.script_worker import place
from celigo_pandas.scripts.worker_process import Gone

__all__ = ["CallReport"]

_SETTLED = "it returned a promise that never settles"
_LONG_INTEGER = re.compile(rb"[\[,:](-?[0-9]{16,300})(?=[\],}])")


@dataclass(frozen=True, slots=True)
class CallReport:
    """Reports on a call of one function."""

    script: ScriptText
    function: str
    limits: Limits

    def refused(self, code: str, message: str, *, record: int | None = None) -> ScriptError:
        """Return an error that names script and function."""
        return refused(code, message, self.script, self.function or None, record=record)

    def missing(self) -> ScriptError:
        """Return the error of a function that there is not."""
        names = ", ".join(one.name for one in self.script.module.functions) or "none"
        text = f"there is no function {self.function!r:.80}; the script declares {names}"
        return self.refused("function_missing", text)

    def gone(self, gone: Gone) -> ScriptError:
        """Return the error of a call whose process ended."""
        if gone.is_late:
            return self.refused("timeout", self._time_text())
        if gone.is_out_of_memory:
            return self.refused("out_of_memory", self._memory_text())
        text = f"its process ended in the middle of the call (exit code {gone.code}); the call is not made again"
        return self.refused("crashed", text)

    def failed(self, found: Mapping[str, Any]) -> ScriptError:
        """Return the error that a worker told: a code, what was thrown, and where."""
        code = found.get("code", "thrown")
        if code == "function_missing":
            return self.missing()
        line, column = found.get("line"), found.get("column")
        if line is None and found.get("stack"):
            where = place(found["stack"])
            line, column = where.get("line"), where.get("column")
        return refused(
            {"thrown": "script_error", "undefined": "bad_answer"}.get(code, code),
            self._text(code, found),
            self.script,
            None if code in ("syntax_error", "bad_import") else self.function,
            line=line,
            column=column,
            record=found.get("position"),
            thrown_code=found.get("thrown_code"),
        )

    def answer(self, mark: str, rest: Any, position: int) -> Any:
        """Return the answer about one record, or its error.

        Of marks ``v`` is a value, ``t`` and ``f`` are its truth, with its type where that is not boolean.
        """
        if mark == "v":
            return rest
        if mark in "tf":
            return mark == "t", rest
        told = rest if mark == "e" else {"code": {"u": "undefined", "s": "never_settled"}[mark], "message": rest}
        return self.failed({**told, "position": position})

    def log(self, entries: Sequence[Sequence[Any]], lost: int) -> tuple[LogLine, ...]:
        """Return the lines that a worker told; a last one says how many were left out."""
        lines = [LogLine(_time(ms), level, text, self.script.name, self.function) for level, ms, text in entries]
        if lost:
            lines_are = "line is" if lost == 1 else "lines are"
            text = f"The log was cut at {self.limits.log_chars:,} characters: {lost:,} {lines_are} left out."
            lines.append(self._warning(text))
        return tuple(lines)

    def lost_log(self) -> tuple[LogLine, ...]:
        """Return a line that says that what was logged is not known."""
        return (self._warning("What it logged is lost: the call was ended before it could be read."),)

    def lost_digits(self, options: bytes) -> tuple[LogLine, ...]:
        """Warn of the first integer that JavaScript cannot hold: the script gets another one, as on the platform."""
        for found in _LONG_INTEGER.finditer(options):
            digits = found[1].decode()
            if int(float(digits)) != int(digits):
                text = f"JavaScript cannot hold the number {digits:.60}: the script is given {int(float(digits)):d}."
                return (self._warning(text),)
        return ()

    def _text(self, code: str, found: Mapping[str, Any]) -> str:
        said = ": ".join(part for part in (found.get("name"), found.get("message")) if part) or "it threw nothing"
        texts = {
            "timeout": self._time_text(),
            "out_of_memory": self._memory_text(),
            "never_settled": _SETTLED,
            "undefined": f"it returned {said}",
            "not_json": f"what it returned cannot be written as JSON: {said}",
        }
        return texts.get(code, said)

    def _time_text(self) -> str:
        return f"it did not end in {self.limits.seconds:g} s"

    def _memory_text(self) -> str:
        return f"it took more than {self.limits.memory_bytes / 1024 / 1024:g} MB of memory"

    def _warning(self, text: str) -> LogLine:
        return LogLine(_time(time.time() * 1000), "warn", text, self.script.name, self.function)


def _time(milliseconds: float) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
