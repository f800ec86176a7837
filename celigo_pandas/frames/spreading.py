"""Records as Python objects, spread into columns: the rung that takes whatever the columnar reader cannot.

Work goes by column: the keys of all records are found in C, then each column is one comprehension. That is about as
fast as the columnar reader where types mix, while going record by record costs three to four times as much.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from celigo_pandas.errors import FrameError, shown
from celigo_pandas.frames.pieces import Piece, piece_of
from celigo_pandas.frames.shape import Shape

__all__ = ["DEEPEST", "MOST_SPARSE", "Rows", "refuse_sparse", "spread"]

DEEPEST = 200
"""Keys in a path: beyond it a column's name has no use, and walking the tree of columns nears Python's own limit."""

MOST_SPARSE = 2000
"""Columns that a frame has at most where nearly all of their cells are empty."""

_CELLS_PER_MEMBER = 50
_SCATTERED = 8  # from so many cells for each member on, looking for a key in every record costs more than all members

_NOTHING: dict[str, Any] = {}


def refuse_sparse(names: int, rows: int, members: int, example: str) -> None:
    """Stop where keys are data: records keyed by ids give a column each, of which each record fills one.

    Raises
    ------
    FrameError
        More than :data:`MOST_SPARSE` columns, where fewer than one in fifty of their cells came with a record.
    """
    if names > MOST_SPARSE and names * rows > members * _CELLS_PER_MEMBER:
        raise FrameError(
            f"{rows:,} records have {names:,} different fields, nearly all empty in each: the keys look like ids, such "
            f"as {shown(example)}.",
            column=example,
            hint="nested='keep' or nested='json' leaves objects whole; columns=[…] takes only what it names.",
        )


class Rows:
    """Records cut to rows: which element of ``data`` each row came from, when that is not one to one."""

    def __init__(self, elements: list[Any], shape: Shape) -> None:
        self.elements = len(elements)
        self.has_groups = False
        self.has_exploded = False
        self.sources: list[int] | None = None
        self.records: list[dict[str, Any]] = elements
        if not set(map(type, elements)) <= {dict}:
            self._take_apart(elements, shape.grouped)
        if shape.explode_keys is not None:
            self._explode(shape.explode_keys)

    def _take_apart(self, elements: list[Any], grouped: str) -> None:
        """Turn lists of rows into rows, and what is no object into one."""
        self.has_groups = any(type(element) is list for element in elements)
        if self.has_groups and grouped == "rows":
            pairs = [
                (position, row)
                for position, element in enumerate(elements)
                for row in (element if type(element) is list else [element])
            ]
            self.sources = [position for position, _ in pairs]
            self.records = [_as_object(row, "value") for _, row in pairs]
        else:
            self.has_groups = False
            self.records = [_as_object(row, "group" if type(row) is list else "value") for row in elements]

    def _explode(self, keys: tuple[str, ...]) -> None:
        records: list[dict[str, Any]] = []
        sources: list[int] = []
        for position, record in enumerate(self.records):
            source = position if self.sources is None else self.sources[position]
            copies = _exploded(record, keys)
            self.has_exploded |= copies[0] is not record
            records += copies
            sources += [source] * len(copies)
        self.records, self.sources = records, sources

    def cut(self, count: int) -> bool:
        """Keep the first `count` rows; return whether there were more."""
        if len(self.records) <= count:
            return False
        self.records = self.records[:count]
        self.sources = None if self.sources is None else self.sources[:count]
        return True


def _as_object(row: object, key: str) -> dict[str, Any]:
    if type(row) is dict:
        return row
    return {} if row is None else {key: row}


def _exploded(record: dict[str, Any], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    key, rest = keys[0], keys[1:]
    inner = record.get(key)
    if rest:
        copies = _exploded(inner, rest) if type(inner) is dict else []
        return [record] if not copies or copies[0] is inner else [{**record, key: copy} for copy in copies]
    if type(inner) is not list:
        return [record]
    if not inner:
        return [{name: value for name, value in record.items() if name != key}]
    return [{**record, key: element} for element in inner]


def spread(records: Sequence[dict[str, Any]], shape: Shape) -> tuple[dict[tuple[str, ...], Piece], int]:
    """Spread records into columns.

    Parameters
    ----------
    records : sequence of dict
        Not modified; lists among the values are shared with the result.
    shape : Shape
        Its `nested` says what becomes of objects, its `columns` which keys are passed over.

    Returns
    -------
    columns : dict
        Path of keys to a piece as long as `records`, keys of one object in order of first appearance.
    members : int
        How many members the records and their objects have.

    Raises
    ------
    FrameError
        Objects are nested too deeply for columns, or their keys look like ids.
    """
    columns: dict[tuple[str, ...], Piece] = {}
    return columns, _spread(records, (), shape, columns)


def _spread(
    records: Sequence[dict[str, Any]], prefix: tuple[str, ...], shape: Shape, columns: dict[tuple[str, ...], Piece]
) -> int:
    nested, members = shape.nested, sum(map(len, records))
    if len(prefix) == DEEPEST:
        raise FrameError(
            f"A record has objects within objects more than {DEEPEST} deep, below {shown(prefix[0])}.",
            hint="nested='keep' or nested='json' leaves them as they are.",
        )
    keys = [key for key in dict.fromkeys(chain.from_iterable(records)) if shape.may_want((*prefix, key))]
    if keys:
        refuse_sparse(len(columns) + len(keys), len(records), members, shape.name((*prefix, keys[-1])))
    scattered = _scattered(records, keys) if members * _SCATTERED < len(keys) * len(records) else None
    for key in keys:
        path = (*prefix, key)
        values = _column(records, key) if scattered is None else _gathered(scattered.pop(key), len(records))
        types = set(map(type, values))
        if nested == "json" and (dict in types or list in types):
            values = [_text(value) if type(value) in (dict, list) else value for value in values]
            types = set(map(type, values))
        if nested == "flatten" and dict in types:
            children = [value if type(value) is dict else _NOTHING for value in values]
            if any(children):
                # An empty object is a value of the parent's own column; a null is an absent object.
                own = [None if type(value) is dict and value else value for value in values]
                if any(value is not None for value in own):
                    columns[path] = piece_of(own)
                members += _spread(children, path, shape, columns)
                continue
        columns[path] = piece_of(values, types)
    return members


def _column(records: Sequence[dict[str, Any]], key: str) -> list[Any]:
    try:
        return list(map(itemgetter(key), records))  # twice as fast, where no record lacks the key
    except KeyError:
        return list(map(dict.get, records, repeat(key)))


def _scattered(records: Sequence[dict[str, Any]], keys: list[str]) -> dict[str, list[tuple[int, Any]]]:
    """List for each key the rows that have it, with their values: of records that each have a few of many keys."""
    cells: dict[str, list[tuple[int, Any]]] = {key: [] for key in keys}
    for row, record in enumerate(records):
        for key, value in record.items():
            if key in cells:
                cells[key].append((row, value))
    return cells


def _gathered(cells: list[tuple[int, Any]], rows: int) -> list[Any]:
    values = [None] * rows
    for row, value in cells:
        values[row] = value
    return values


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
