"""The same rows through the local mapper and the server's ``/import/map``: where do they disagree?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import pandas as pd

from celigo_pandas.errors import ConfigError, MappingError, Problem, TransportError
from celigo_pandas.experiments.frozen import shown_output
from celigo_pandas.experiments.rows import exact_frame, label_text, records_of
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import CompiledMapping, compile_mapping, run_import_steps
from celigo_pandas.mapping.diff import compare_outputs
from celigo_pandas.paths import cell_text
from celigo_pandas.resources.counts import whole_number
from celigo_pandas.resources.map_answers import is_one_to_many, read_answer

__all__ = ["verify"]


def verify(document: dict[str, Any], df: Any, con: Any, batch_size: int) -> pd.DataFrame:
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
        (row, child, *both)
        for row, results in enumerate(zip(local, server, strict=True))
        for child, both in enumerate(zip_longest(*results, fillvalue=UNDEFINED))
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


def _answered(result: Any, document: dict[str, Any]) -> list[Any]:
    """Read one answer as what became of a row."""
    answer = read_answer(result, document)
    if answer.failed_with is not None:
        return [MappingError("refused")]
    return _results(answer.records, answer.problems)


def _located(result: Any, compiled: CompiledMapping) -> Any:
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
