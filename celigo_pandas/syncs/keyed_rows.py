"""Rows of a pull against rows of a table: one row a key, and which are new, changed or the same. Pure, in Arrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from celigo_pandas.errors import FrameError, SyncError, shown

__all__ = ["Compared", "check_keys", "compare", "keys_of", "newest", "not_there_yet", "without"]

_SHOWN = 3


@dataclass(frozen=True)
class Compared:
    """Positions among the rows of a pull."""

    inserted: Any
    updated: Any
    unchanged: int


def check_keys(table: pa.Table, key: Sequence[str]) -> None:
    """Refuse rows that no key tells apart from others.

    Raises
    ------
    FrameError
        A key column did not come, or a value of it is null.
    """
    for name in key:
        if name not in table.column_names:
            raise FrameError(
                f"key={name!r}: no such column came; came are {shown(table.column_names, 200)}.", column=name
            )
        empty = table[name].null_count
        if empty:
            place = int(np.flatnonzero(pc.is_null(table[name]).to_numpy())[0])
            raise FrameError(
                f"key={name!r} is null in {empty:,} of {table.num_rows:,} rows, the first of them "
                f"{shown(table.slice(place, 1).to_pylist()[0], 200)}.",
                hint="Name columns that every row has, or leave such rows out in the export.",
                column=name,
                row=place,
            )


def keys_of(table: pa.Table, key: Sequence[str]) -> pd.Index:
    """Return the keys as something positions can be asked of."""
    arrays = [pd.Index(table[name].to_numpy()) for name in key]
    return arrays[0] if len(arrays) == 1 else pd.MultiIndex.from_arrays(arrays)


def newest(table: pa.Table, key: Sequence[str], order: Any, pages: Any) -> Any:
    """Return the positions of the rows that stay where several have one key: the greatest cursor, then the last page.

    Parameters
    ----------
    table : Table
        The rows as they came.
    key : sequence of str
    order : ndarray, optional
        What cursors are compared by.
    pages : ndarray
        Which page each row came with.

    Raises
    ------
    FrameError
        Rows of one page have one key and one cursor, and other values: nothing says which of them is newer.
    """
    count = table.num_rows
    keys = keys_of(table, key)
    if keys.is_unique:
        return np.arange(count)
    order = np.zeros(count, dtype=np.int64) if order is None else order
    groups = pd.factorize(keys)[0]
    by_age = np.lexsort((np.arange(count), pages, order, groups))
    last = np.append(groups[by_age][1:] != groups[by_age][:-1], True)
    _refuse_ambiguous(table, key, by_age, groups, order, pages)
    return np.sort(by_age[last])


def _refuse_ambiguous(table: pa.Table, key: Sequence[str], by_age: Any, groups: Any, order: Any, pages: Any) -> None:
    one, other = by_age[:-1], by_age[1:]
    ties = (groups[one] == groups[other]) & (order[one] == order[other]) & (pages[one] == pages[other])
    one, other = one[ties], other[ties]
    differ = _differ(table.take(pa.array(one)), table.take(pa.array(other)))
    if not differ.any():
        return
    place, beside = int(one[differ][0]), int(other[differ][0])
    first, second = (table.slice(at, 1).to_pylist()[0] for at in (place, beside))
    names = [name for name in table.column_names if first[name] != second[name]]
    examples = [tuple(table[name][int(at)].as_py() for name in key) for at in one[differ][:_SHOWN]]
    raise FrameError(
        f"key={shown(list(key))} does not tell rows apart: {int(differ.sum()):,} rows of the pull have the key and the "
        f"cursor of another one on the same page and other values, such as {shown(examples, 120)}, which differ in "
        f"{shown(names)}.",
        hint="Name all columns that tell rows apart: key=('order', 'line').",
        row=place,
    )


def _differ(one: pa.Table, other: pa.Table) -> Any:
    """Say of each row whether a value of it is another one; a missing value equals a missing value."""
    differ = np.zeros(one.num_rows, dtype=bool)
    for name in one.column_names:
        before, after = one[name], other[name]
        if pa.types.is_null(before.type):
            continue
        same = pc.fill_null(pc.equal(before, after), False)
        both_missing = pc.and_(pc.is_null(before), pc.is_null(after))
        differ |= ~np.asarray(pc.or_(same, both_missing).to_numpy())
    return differ


def compare(rows: pa.Table, there: pa.Table, key: Sequence[str]) -> Compared:
    """Compare the rows of a pull with those of the table; both have the same columns, and one row a key.

    Raises
    ------
    SyncError
        The table has a key twice: somebody else has written to it.
    """
    if not there.num_rows:
        return Compared(np.arange(rows.num_rows), np.arange(0), 0)
    known_keys = keys_of(there, key)
    if not known_keys.is_unique:
        twice = known_keys[known_keys.duplicated()][:_SHOWN].tolist()
        raise SyncError(
            f"The table has several rows with one {shown(list(key))}, such as {shown(twice)}: no sync wrote "
            "them. Nothing was written.",
            hint="Remove those that are wrong.",
        )
    found = known_keys.get_indexer(keys_of(rows, key))
    known = np.flatnonzero(found >= 0)
    differ = _differ(rows.take(pa.array(known)), there.take(pa.array(found[known])))
    return Compared(np.flatnonzero(found < 0), known[differ], int((~differ).sum()))


def without(keys: pa.Table, others: pa.Table, key: Sequence[str]) -> pa.Table:
    """Return the keys that are not among others."""
    if not keys.num_rows or not others.num_rows:
        return keys
    found = keys_of(others, key).unique().get_indexer(keys_of(keys, key))
    return keys.take(pa.array(np.flatnonzero(found < 0)))


def not_there_yet(rows: pa.Table, there: pa.Table) -> Any:
    """Return the positions of rows beyond those that the table has: rows are compared whole, and counted."""
    left = Counter(_whole(there))
    positions = []
    for place, row in enumerate(_whole(rows)):
        if left[row]:
            left[row] -= 1
        else:
            positions.append(place)
    return np.array(positions, dtype=np.int64)


def _whole(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [table[name].to_pylist() for name in sorted(table.column_names)]
    return list(zip(*columns, strict=True))
