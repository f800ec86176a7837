"""Columns of a table over time: new, missing, and of other values than before. Pure.

Kinds are those of ``docs/frames.md``: integers beside fractions are fractions where each is exact, all else that is
mixed keeps each value as it came, as JSON text. Nothing is cast that does not come back the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from celigo_pandas.errors import FrameError, shown
from celigo_pandas.frames.pieces import EXACT_INTEGER

__all__ = ["Settled", "arrow_schema", "arrow_type", "as_kind", "fitted", "has_doubles", "kinds_of", "settle"]

_TYPES = {
    "null": pa.large_string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "str": pa.large_string(),
    "json": pa.large_string(),
}


def arrow_type(kind: str) -> pa.DataType:
    """Return the type of a column's values; of a column without a value it is text."""
    return _TYPES[kind]


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """Return the schema of a table's rows."""
    return pa.schema([(name, arrow_type(kind)) for name, kind in columns.items()])


@dataclass(frozen=True)
class Settled:
    """The columns that a table and a pull agree on.

    Parameters
    ----------
    columns : dict of str to str
    retyped : dict of str to (str, str)
        Columns of the table whose values are stored otherwise from now on.
    changes : tuple of str
        What changed, for people.
    """

    columns: dict[str, str]
    retyped: dict[str, tuple[str, str]]
    changes: tuple[str, ...]


def kinds_of(table: pa.Table) -> dict[str, str]:
    """Return the kinds of the columns of a pull."""
    return {member.name: _kind(member) for member in table.schema}


def _kind(member: pa.Field) -> str:
    if (member.metadata or {}).get(b"celigo_pandas") == b"json":
        return "json"
    kinds = {pa.bool_(): "bool", pa.int64(): "int", pa.float64(): "float", pa.large_string(): "str"}
    return kinds.get(member.type, "null")


def settle(old: Mapping[str, str] | None, new: Mapping[str, str], is_exact: Mapping[str, bool], rows: int) -> Settled:
    """Agree on columns.

    Parameters
    ----------
    old : Mapping, optional
        Of the table; None where there is none yet.
    new : Mapping
        Of the pull.
    is_exact : Mapping of str to bool
        Of columns that are integers on one side and fractions on the other: whether each integer has a double.
    rows : int
        Of the pull; no row says nothing about columns.
    """
    if old is None:
        return Settled(dict(new), {}, ())
    columns, retyped, changes = dict(old), {}, []
    for name, kind in new.items():
        before = old.get(name)
        columns[name] = kind if before is None else _joined(before, kind, is_exact.get(name, False))
        if before is None:
            changes.append(f"new column {name!r} ({_WORDS[kind]})")
        elif columns[name] != before:
            retyped[name] = (before, columns[name])
            if before != "null":
                changes.append(f"column {name!r} is {_WORDS[columns[name]]}, was {_WORDS[before]}")
    if rows:
        changes += [f"missing column {name!r} (was {_WORDS[old[name]]})" for name in old if name not in new]
    return Settled(columns, retyped, tuple(changes))


_WORDS = {
    "null": "empty", "bool": "boolean", "int": "integer", "float": "number", "str": "string", "json": "mixed, as JSON",
}  # fmt: skip


def _joined(one: str, other: str, is_exact: bool) -> str:
    if one == other or other == "null":
        return one
    if one == "null":
        return other
    return "float" if {one, other} == {"int", "float"} and is_exact else "json"


def has_doubles(values: object) -> bool:
    """Say whether each integer has a double of its own."""
    limits = pc.min_max(values).as_py()
    return limits["min"] is None or bool(limits["min"] >= -EXACT_INTEGER and limits["max"] <= EXACT_INTEGER)


def fitted(table: pa.Table, kinds: Mapping[str, str], columns: Mapping[str, str]) -> pa.Table:
    """Return the rows with all columns, each of its kind; those that did not come are missing."""
    arrays = [
        as_kind(_as_it_came(table[name], kinds[name]), kinds[name], kind)
        if name in kinds
        else pa.nulls(table.num_rows, arrow_type(kind))
        for name, kind in columns.items()
    ]
    return pa.table(arrays, schema=arrow_schema(columns))


def _as_it_came(values: object, kind: str) -> Any:
    """Write a whole number in a column of mixed values one way: which one came, its neighbours on the page decide."""
    return pc.replace_substring_regex(values, r"^(-?\d+)\.0$", r"\1") if kind == "json" else values


def as_kind(values: Any, before: str, after: str) -> Any:
    """Return values of one kind as another that holds each of them.

    Raises
    ------
    FrameError
        A value does not fit.
    """
    if after == "json" and before not in ("json", "null"):
        return _json_texts(values)
    try:
        return values.cast(arrow_type(after))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise FrameError(f"A column cannot become {_WORDS[after]}: {shown(str(error))}") from error


def _json_texts(values: Any) -> pa.Array:
    texts = [None if value is None else json.dumps(_number(value)) for value in values.to_pylist()]
    return pa.array(texts, arrow_type("json"))


def _number(value: Any) -> Any:
    """Write 3.0 as 3: it may have come so, before fractions came and made all of them doubles."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_INTEGER
    return int(value) if is_whole else value
