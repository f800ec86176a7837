"""The same rows through the local mapper and the server's ``/import/map``: where do they disagree?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from celigo_pandas.errors import ConfigError, MappingError, TransportError
from celigo_pandas.experiments.frozen import shown_output
from celigo_pandas.experiments.rows import exact_frame, label_text, records_of
from celigo_pandas.mapping import CompiledMapping, compile_mapping
from celigo_pandas.mapping.diff import compare_outputs
from celigo_pandas.resources.counts import whole_number
from celigo_pandas.resources.map_answers import read_answer

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
    local = compiled.evaluate(records)
    server: list[Any] = []
    for start in range(0, len(records), batch_size):
        batch = records[start : start + batch_size]
        answer = client.api.map_records(con.id, document, batch)
        if len(answer) != len(batch):
            raise TransportError(
                f"/import/map answered {len(answer)} results for {len(batch)} records; expected one for each."
            )
        server += [_unwrapped(result, document) for result in answer]
    server = [_located(result, compiled) for result in server]
    difference = compare_outputs(compiled, compiled, local, server)
    rows = (
        (
            label_text(df, change.position),
            change.cell,
            difference.rule_of(change),
            shown_output(change.before),
            shown_output(change.after),
        )
        for change in difference.changes
    )
    return exact_frame(rows, ["row", "cell", "rule", "local", "server"], ["row"])


def _unwrapped(result: Any, document: dict[str, Any]) -> Any:
    """Read one answer: a mapped record, or why it failed."""
    answer = read_answer(result, document)
    if answer.problems:
        return MappingError("; ".join(problem.message for problem in answer.problems), problems=answer.problems)
    if answer.failed_with is not None:
        return MappingError("refused")
    return answer.records[0] if len(answer.records) == 1 else result


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
