"""One function of a script, given records a page at a time, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from celigo_pandas.errors import ConfigError, Problem, ScriptError, shown
from celigo_pandas.scripts import Function, Page
from celigo_pandas.scripts.hook_contracts import (
    keep_records,
    post_map,
    post_submit,
    pre_map,
    pre_save_page,
    transform_records,
)
from celigo_pandas.scripts.hook_outcomes import SOURCES, problem_of

__all__ = ["KINDS", "FunctionCall", "RecordRun", "run_pages"]

_WHOLE: Final = frozenset(
    {"syntax_error", "unknown_import", "bad_import", "bad_export", "no_functions", "function_missing"}
)
"""What is wrong with the script, whatever records it gets."""


class RecordRun(NamedTuple):
    """What became of one record: state, what it is now, what was said about it, and the line where it threw."""

    state: str
    data: Any = None
    errors: Sequence[Problem] = ()
    line: int | None = None


@dataclass
class FunctionCall:
    """What a function is called with beside its records.

    Attributes
    ----------
    function : Function
    kind : str
        One of :data:`KINDS`.
    common : mapping
        ``settings``, ``testMode``.
    before, responses : list
        Of a postMap and a postSubmit: records before the mapping, and answers; one for each record.
    errors : list of Problem
        What a preSavePage said of its pages.
    """

    function: Function
    kind: str
    common: Mapping[str, Any]
    before: list[Any] = field(default_factory=list)
    responses: list[Any] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    index: int = 0
    is_over: bool = False

    def page(self, records: list[Any], page: slice) -> list[RecordRun]:
        """Give it a page; a page at which it fails is failed records."""
        if self.is_over:
            return []
        try:
            return KINDS[self.kind](self, records[page], page)
        except ScriptError as error:
            if error.code in _WHOLE:
                raise
            return [_failed(error, self.kind)] * len(records[page])
        finally:
            self.index += 1


def run_pages(call: FunctionCall, records: list[Any], size: int) -> list[RecordRun]:
    """Give records to a function, so many at a time.

    Raises
    ------
    ScriptError
        The script cannot be run at all.
    ConfigError
        There is no such kind.
    """
    if call.kind not in KINDS:
        raise ConfigError(f"kind: got {shown(call.kind)}; expected one of {', '.join(KINDS)}.")
    return [run for start in range(0, len(records), size) for run in call.page(records, slice(start, start + size))]


_Call = Callable[[FunctionCall, list[Any], slice], list[RecordRun]]


def _pre_map(call: FunctionCall, records: list[Any], page: slice) -> list[RecordRun]:
    return [RecordRun(one.state, one.data, one.errors) for one in pre_map(call.function, records, call.common)]


def _post_map(call: FunctionCall, records: list[Any], page: slice) -> list[RecordRun]:
    outcomes = post_map(call.function, call.before[page], records, call.common)
    return [RecordRun(one.state, one.data, one.errors) for one in outcomes]


def _pre_save_page(call: FunctionCall, records: list[Any], page: slice) -> list[RecordRun]:
    outcome = pre_save_page(call.function, Page(records, index=call.index), call.common)
    new = [error for entry in outcome.new_errors for error in entry["errors"]]
    call.errors += [Problem(one["code"], one["message"], None, one["source"]) for one in (*outcome.errors, *new)]
    call.is_over = outcome.abort
    return [RecordRun("ok", record) for record in outcome.data]


def _post_submit(call: FunctionCall, records: list[Any], page: slice) -> list[RecordRun]:
    answers = post_submit(call.function, call.before[page], records, call.responses[page], call.common)
    return [RecordRun(_state_of(answer), answer, _errors_of(answer)) for answer in answers]


def _filter(call: FunctionCall, records: list[Any], page: slice) -> list[RecordRun]:
    answers = keep_records(call.function, records, call.common)
    return [
        _failed(answer, "filter") if isinstance(answer, ScriptError)
        else RecordRun("ok", record) if answer else RecordRun("ignored")
        for record, answer in zip(records, answers, strict=True)
    ]  # fmt: skip


def _transform(call: FunctionCall, records: list[Any], page: slice) -> list[RecordRun]:
    answers = transform_records(call.function, records, call.common)
    return [_failed(one, "transform") if isinstance(one, ScriptError) else RecordRun("ok", one) for one in answers]


KINDS: Final[Mapping[str, _Call]] = {
    "preMap": _pre_map,
    "postMap": _post_map,
    "preSavePage": _pre_save_page,
    "postSubmit": _post_submit,
    "filter": _filter,
    "transform": _transform,
}
"""The kinds of functions that can be called on records of one's own."""


def _source(kind: str) -> str:
    return SOURCES.get(kind, kind)  # a filter may stand at several places; which one is not known here


def _failed(error: ScriptError, kind: str) -> RecordRun:
    return RecordRun("failed", None, (problem_of(error, _source(kind)),), error.line)


def _state_of(answer: Mapping[str, Any]) -> str:
    if answer.get("errors"):
        return "failed"
    return "ignored" if answer.get("ignored") else "ok"


def _errors_of(answer: Mapping[str, Any]) -> list[Problem]:
    errors = answer.get("errors")
    return [
        Problem(str(one.get("code", "")), str(one.get("message", "")), None, str(one.get("source") or ""))
        for one in (errors if isinstance(errors, list) else ())
        if isinstance(one, Mapping)
    ]
