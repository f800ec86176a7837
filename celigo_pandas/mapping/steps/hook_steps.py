"""The functions of scripts in the work of an import: what each makes of the records that are on their way.

A function of a page that fails, fails every record of the page; nothing else is lost by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from celigo_pandas.errors import MappingError, Problem, ScriptError
from celigo_pandas.scripts import Function, ImportHooks, RecordOutcome
from celigo_pandas.scripts.hook_contracts import keep_records, post_map, pre_map, transform_records
from celigo_pandas.scripts.hook_outcomes import SOURCES, problem_of

__all__ = [
    "Going", "Step", "after_map", "before_map", "kept_by_script", "script_results", "transform_problem",
    "transformed", "transformed_by_script",
]  # fmt: skip

_PARENT = "_PARENT"


class Step(Protocol):
    """What is known of a record of the import by now."""

    state: str
    outputs: list[tuple[Any, Any]]
    errors: list[Problem]


@dataclass(frozen=True, slots=True)
class Going:
    """A record on its way: as paths and templates see it, with its parent, and as it came."""

    step: Step
    source: Any
    bare: Any


def script_results(
    work: Callable[[Function, Sequence[Any], Mapping[str, Any]], list[Any]],
    function: Function,
    records: Sequence[Any],
    common: Mapping[str, Any],
) -> list[Any]:
    """Give records to a function that takes one at a time; where it cannot be run at all, each record has the error."""
    try:
        return work(function, records, common)
    except ScriptError as error:
        return [error] * len(records)


def transformed_by_script(hooks: ImportHooks, going: list[Going]) -> list[Going]:
    """Transform the records of an import."""
    if not hooks.transform:
        return going
    results = script_results(transform_records, hooks.transform, [one.bare for one in going], hooks.common)
    return transformed(going, results)


def transformed(going: list[Going], results: Sequence[Any]) -> list[Going]:
    """Put what a transform made of records in their place; those that it failed at go no further."""
    return [
        Going(one.step, result, result)
        for one, result in zip(going, results, strict=True)
        if not _has_failed(one, result, SOURCES["transform"])
    ]


def kept_by_script(hooks: ImportHooks, going: list[Going]) -> list[Going]:
    """Return the records that the filter keeps; the others are ignored."""
    if not hooks.filter:
        return going
    answers = script_results(keep_records, hooks.filter, [one.bare for one in going], hooks.common)
    kept = []
    for one, answer in zip(going, answers, strict=True):
        if _has_failed(one, answer, "import_filter"):
            continue
        if answer:
            kept.append(one)
        else:
            one.step.state = "ignored"
    return kept


def before_map(hooks: ImportHooks, going: list[Going]) -> list[Going]:
    """Give the records to preMap and return what is to be mapped; children keep their parent."""
    function = hooks.pre_map
    if function is None or not going:
        return going
    records = [one.bare for one in going]
    outcomes = _outcomes(lambda: pre_map(function, records, hooks.common), going, SOURCES["preMap"])
    return [replace(one, source=_with_parent(one, data), bare=data) for one, data in outcomes]


def after_map(hooks: ImportHooks, done: list[tuple[Going, Any]]) -> list[tuple[Going, Any]]:
    """Give records before and after the mapping to postMap and return what is to be sent."""
    function = hooks.post_map
    if function is None or not done:
        return done
    before, after = [one.bare for one, _ in done], [mapped for _, mapped in done]
    going = [one for one, _ in done]
    return _outcomes(lambda: post_map(function, before, after, hooks.common), going, SOURCES["postMap"])


def _outcomes(ask: Callable[[], list[RecordOutcome]], going: list[Going], source: str) -> list[tuple[Going, Any]]:
    """Return the records that go on, each with its new data; what became of the others stands in their steps."""
    try:
        outcomes = ask()
    except ScriptError as error:
        for one in going:
            _has_failed(one, error, source)
        return []
    on = []
    for one, outcome in zip(going, outcomes, strict=True):
        one.step.errors.extend(outcome.errors)
        if outcome.state in ("ok", "ok_with_errors"):
            on.append((one, outcome.data))
        elif outcome.state == "ignored" and not one.step.errors:
            one.step.state = "ignored"
    return on


def _has_failed(one: Going, result: object, source: str) -> bool:
    if not isinstance(result, (MappingError, ScriptError)):
        return False
    one.step.state = "failed"
    problem = problem_of(result, source) if isinstance(result, ScriptError) else transform_problem(result)
    if problem not in one.step.errors:
        one.step.errors.append(problem)
    return True


def transform_problem(error: MappingError) -> Problem:
    """Return why a transform failed at a record, as an entry of an error list."""
    source = "lookup" if error.source == "lookup" else SOURCES["transform"]
    return Problem(error.code, error.message, None, source)


def _with_parent(one: Going, data: object) -> Any:
    if one.source is one.bare or not isinstance(data, dict) or _PARENT not in one.source:
        return data
    return {**data, _PARENT: one.source[_PARENT]}
