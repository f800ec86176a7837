"""A table's header: every column gets a name of its own, so that no value hides another.

Facts: integrator-api.md, section 4.4 (blank names are made up, repeated ones get a suffix, as the vendor says of xlsx).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from celigo_pandas.engine.texts.json_text import dump
from celigo_pandas.javascript.values import to_text

__all__ = ["cell_text", "column_order", "header_names", "positional"]


def positional(position: int, first: int) -> str:
    """Return the name of a column without one; `position` counts from 0."""
    return f"Column{position + first}"


def header_names(cells: Iterable[Any], first: int) -> list[str]:
    """Return the names of a header row: trimmed, blank ones by position, a repeated one as ``name_2``."""
    names: dict[str, None] = {}
    counts: dict[str, int] = {}
    for position, cell in enumerate(cells):
        bare = ("" if cell is None else cell if isinstance(cell, str) else cell_text(cell)).strip()
        bare = name = bare or positional(position, first)
        while name in names:
            # Counted on from the last one of this name: a header may repeat it a million times.
            counts[bare] = counts.get(bare, 1) + 1
            name = f"{bare}_{counts[bare]}"
        names[name] = None
    return list(names)


def cell_text(value: object) -> str:
    """Return what stands in a cell of a text file: null is empty, objects and lists are JSON, numbers are JavaScript's.

    Whole numbers keep every digit, also beyond 2^53.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return dump(value).decode("utf-8")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return to_text(value)


def column_order(records: Iterable[Mapping[str, Any]], mapped: Iterable[str] = ()) -> list[str]:
    """Return the columns of all records: those of the mapping in its order, then others by first appearance."""
    seen: dict[str, None] = {}
    for record in records:
        seen.update(dict.fromkeys(record))
    first = [name for name in dict.fromkeys(mapped) if name in seen]
    return [*first, *(name for name in seen if name not in set(first))]
