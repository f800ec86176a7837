"""The order and the groups of one file's records.

Facts: integrator-api.md, section 4.4, and the vendor's schema: sorting comes before grouping; what is absent or null
goes last in either direction; neighbours with equal keys are one record, an array of rows; keys that are all empty make
no group unless ``groupEmptyValues`` is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Record

__all__ = ["divided", "grouped_rows", "sorted_rows"]

_MOST_CHARACTERS = 16_000_000
"""A chunk is in memory as a whole: one of many large records ends here."""


def sorted_rows(records: Iterable[Record], fields: Sequence[tuple[str, bool]]) -> list[Record]:
    """Return the records sorted; equal ones keep their order.

    Parameters
    ----------
    records : iterable
        All are held in memory.
    fields : sequence of (str, bool)
        Dotted name and whether it descends; the first counts most.

    Notes
    -----
    Texts are compared as texts, by character, numbers as numbers; false and true come first, then numbers, texts and
    everything else.
    """
    ordered = list(records)
    for name, descending in reversed(fields):
        path = name.split(".")
        known = [(key, record) for record in ordered if (key := _sort_key(_at(record, path))) is not None]
        known.sort(key=lambda pair: pair[0], reverse=descending)
        unknown = [record for record in ordered if _sort_key(_at(record, path)) is None]
        ordered = [*(record for _, record in known), *unknown]
    return ordered


def grouped_rows(records: Iterable[Record], fields: Sequence[str], group_empty: bool = False) -> Iterator[Record]:
    """Yield neighbours that agree in all `fields` as one array of rows."""
    paths = [field.split(".") for field in fields]

    def key(record: Record) -> tuple[Any, ...]:
        values = (_at(record, path) for path in paths)
        return tuple((type(value), repr(value) if isinstance(value, (dict, list)) else value) for value in values)

    for shared, rows in groupby(records, key):
        if not group_empty and all(value is None or value == "" for _, value in shared):
            yield from ([row] for row in rows)
        else:
            yield list(rows)


def divided(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """Divide records by their number, and by how much they hold."""
    part: list[Record] = []
    held = 0
    for record in records:
        part.append(record)
        held += _held(record)
        if len(part) >= size or held >= _MOST_CHARACTERS:
            yield part
            part, held = [], 0
    if part:
        yield part


def _held(record: Record) -> int:
    """Count the characters of a record; of one of texts alone, as CSV gives them, at once."""
    if not isinstance(record, dict):
        return _characters(record)
    try:
        return len("".join(record.values())) + len("".join(record))
    except TypeError:  # other values than texts
        return _characters(record)


def _characters(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(len, value)) + sum(map(_characters, value.values()))
    return sum(map(_characters, value)) if isinstance(value, list) else 8


def _at(record: object, path: list[str]) -> Any:
    if len(path) > 1 and isinstance(record, dict) and ".".join(path) in record:  # a column with a dot in its name
        return record[".".join(path)]
    for name in path:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def _sort_key(value: object) -> tuple[int, Any] | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return (0, value)
    if isinstance(value, (int, float)):
        return (1, value)
    return (2, value) if isinstance(value, str) else (3, repr(value))
