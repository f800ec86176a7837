"""The same rows through the local mapper and the server's ``/import/map``: where do they disagree?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

import pandas as pd

from celigo_pandas.documents.counts import whole_number
from celigo_pandas.documents.map_answers import is_one_to_many, read_answer
from celigo_pandas.errors import ConfigError, MappingError, Problem, TransportError
from celigo_pandas.experiments.frame_records import exact_frame, label_text, records_of
from celigo_pandas.frames.side_by_side import shown_output
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import CompiledMapping, compile_mapping, run_import_steps
from celigo_pandas.mapping.explain.diff import compare_outputs
from celigo_pandas.mapping.explain.sameness import same
from celigo_pandas.paths import cell_text

__all__ = ["verify"]


def verify(document: dict[str, Any], df: object, con: Any, batch_size: int) -> pd.DataFrame:
    """See :meth:`celigo_pandas.Mapping.verify`."""
    client = con.client
    client.ask_account_once()
    if client.is_local_engine:
        raise ConfigError(
            "verify() compares the local mapper with an account's server, and this is the local engine: both sides "
            "would be the same code.",
            hint="Give a connection of celigo.connect().",
        )
    batch_size = whole_number("batch_size", batch_size)
    records = records_of(df)
    compiled = compile_mapping(document)
    local = [
        _results([output for _, output in step.outputs], step.errors) for step in run_import_steps(records, document)
    ]
    server: list[list[Any]] = []
    for start in range(0, len(records), batch_size):
        batch = records[start : start + batch_size]
        answer = client.api.map_records(con.id, document, batch)
        if len(answer) != len(batch):
            raise TransportError(
                f"/import/map answered {len(answer)} results for {len(batch)} records; expected one for each."
            )
        server += [[_located(one, compiled) for one in _answered(result, document)] for result in answer]
    pairs = [
        (row, *pair) for row, results in enumerate(zip(local, server, strict=True)) for pair in _differing(*results)
    ]
    difference = compare_outputs(compiled, compiled, [one[2] for one in pairs], [one[3] for one in pairs])
    is_many = is_one_to_many(document)
    rows = (
        (
            label_text(df, pairs[change.position][0]),
            cell_text((pairs[change.position][1], *change.steps)) if is_many else change.cell,
            difference.rule_of(change),
            shown_output(change.before),
            shown_output(change.after),
        )
        for change in difference.changes
    )
    return exact_frame(rows, ["row", "cell", "rule", "local", "server"], ["row"])


def _results(outputs: Sequence[Any], problems: Sequence[Problem]) -> list[Any]:
    """List what became of a row: its records (the children of one-to-many), and why it failed; none if left out."""
    if not problems:
        return list(outputs)
    message = "; ".join(problem.message for problem in problems)
    return [*outputs, MappingError(message, problems=tuple(problems))]


@dataclass(frozen=True, eq=False)
class _Result:
    """One thing that became of a row, by what it is; `number` is its place among those of its side."""

    number: int
    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Result) and same(self.value, other.value)

    def __hash__(self) -> int:
        members = self.value.items() if isinstance(self.value, dict) else ()
        return hash(frozenset((key, member) for key, member in members if isinstance(member, (str, int, float))))


def _differing(local: Sequence[Any], server: Sequence[Any]) -> list[tuple[int, Any, Any]]:
    """Pair what became of a row here with what became of it there, without the records that are the same, in order.

    A child that one side alone refuses moves those behind it: they are no differences.
    """
    sides = [[_Result(number, value) for number, value in enumerate(side)] for side in (local, server)]
    (ones, failed), (others, failed_there) = ((_mapped(side), _mapped(side, failed=True)) for side in sides)
    left: list[_Result] = []
    right: list[_Result] = []
    for tag, start, end, begin, stop in SequenceMatcher(None, ones, others, autojunk=False).get_opcodes():
        if tag != "equal":
            left += ones[start:end]
            right += others[begin:stop]
    if failed and failed_there:
        pairs = [*zip_longest(left, right), *zip(failed, failed_there, strict=True)]
    else:
        pairs = [*zip_longest([*left, *failed], [*right, *failed_there])]
    found = [
        ((one or other).number, UNDEFINED if one is None else one.value, UNDEFINED if other is None else other.value)
        for one, other in pairs
    ]
    return sorted(found, key=lambda pair: pair[0])


def _mapped(results: list[_Result], *, failed: bool = False) -> list[_Result]:
    return [one for one in results if isinstance(one.value, MappingError) is failed]


def _answered(result: object, document: dict[str, Any]) -> list[Any]:
    """Read one answer as what became of a row."""
    answer = read_answer(result, document)
    if answer.failed_with is not None:
        return [MappingError("refused")]
    return _results(answer.records, answer.problems)


def _located(result: object, compiled: CompiledMapping) -> object:
    """Name the rule that a refusal of the server is about: its text begins with the mapper and what the rule generates.

    Source: integrator-api.md, section 7.2 "Refusal text". A text that fits several rules names none.
    """
    if not isinstance(result, MappingError):
        return result
    problems = []
    for problem in result.problems:
        about = [
            rule.path
            for rule in compiled.rules
            if problem.message.startswith(f"Mapper {compiled.dialect}.0: {rule.generate}: ")
        ]
        problems.append(replace(problem, field=about[0]) if len(about) == 1 else problem)
    return MappingError(result.message, code=result.code, source=result.source, problems=problems)
