"""Upgrading with evidence: types from data where a field has none, and both mappings evaluated over the same rows."""

from __future__ import annotations

from typing import Any

from celigo_pandas.errors import DocumentError, MappingError, Problem
from celigo_pandas.frames.side_by_side import pair_texts
from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.explain.diff import compare
from celigo_pandas.mapping.explain.upgrade import upgrade
from celigo_pandas.mapping.steps.conversions import kind_of

__all__ = ["upgraded"]


def upgraded(document: dict[str, Any], records: list[Any] | None) -> dict[str, Any]:
    """Upgrade a document; with `records`, refuse an upgrade that maps any of them differently."""
    if records is None:
        return upgrade(document)
    before = compile_mapping(document)
    result = upgrade(document, _types(before.evaluate(records)))
    difference = compare(before, compile_mapping(result), records)
    if difference.changes:
        problems = [
            Problem(
                "differs",
                f"record {change.position}: {' in 1.0, '.join(pair_texts(change.before, change.after))} in 2.0",
                entry.cell,
            )
            for entry in difference.rules
            for change in entry.examples[:1]
        ]
        listed = "; ".join(str(problem) for problem in problems) or "records fail in one and not in the other"
        raise DocumentError(f"The upgraded mapping maps these rows differently: {listed}.", problems=problems)
    return result


def _types(outputs: list[Any]) -> dict[str, str]:
    """Tell the type of each output cell that has one type only in all records."""
    seen: dict[str, set[str]] = {}
    for output in outputs:
        if not isinstance(output, MappingError):
            _note(output, "", seen)
    return {cell: kinds.pop() for cell, kinds in seen.items() if len(kinds) == 1}


def _note(value: object, cell: str, seen: dict[str, set[str]]) -> None:
    if isinstance(value, dict):
        for key, member in value.items():
            _note(member, f"{cell}.{key}" if cell else key, seen)
    elif isinstance(value, list) and any(isinstance(element, dict) for element in value):
        for element in value:
            _note(element, f"{cell}[*]", seen)
    elif isinstance(value, list):
        kinds = {kind_of(element) for element in value}
        seen.setdefault(cell, set()).add(f"{kinds.pop()}array" if len(kinds) == 1 else "mixed")
    elif value is not None:
        seen.setdefault(cell, set()).add(kind_of(value))
