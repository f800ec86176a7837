"""What a pull means for a table: which rows come, take others' place, and go. The table is asked, never written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from celigo_pandas.errors import FrameError, SyncError, shown
from celigo_pandas.syncs.cursors import Cursors
from celigo_pandas.syncs.keyed_rows import check_keys, compare, newest, not_there_yet, without
from celigo_pandas.syncs.stores.store import Change, State, Store
from celigo_pandas.syncs.sync_options import SyncOptions
from celigo_pandas.syncs.sync_pull import Pulled
from celigo_pandas.syncs.table_columns import Settled, as_kind, fitted, has_doubles, kinds_of, settle

__all__ = ["Decided", "decide"]

_LEAST_GONE = 1
"""So many rows may go from the smallest table."""


@dataclass(frozen=True)
class Decided:
    """A change, and what it is for people."""

    change: Change
    inserted: int
    updated: int
    unchanged: int
    deleted: int
    schema_changes: tuple[str, ...]


def decide(
    store: Store,
    before: State | None,
    pulled: Pulled,
    cursors: Cursors | None,
    options: SyncOptions,
    *,
    all_keys: pa.Table | None,
    is_full: bool,
) -> Decided:
    """Decide what becomes of the table.

    Parameters
    ----------
    store : Store
        Open.
    before : State, optional
        None where there is no table yet.
    pulled : Pulled
    cursors : Cursors, optional
        Of the rows that came.
    options : SyncOptions
    all_keys : Table, optional
        All keys of the source, where ``deletes=`` gave an export of them.
    is_full : bool
        Whether all rows were asked for.

    Raises
    ------
    FrameError
        Rows that cannot be told apart, or do not fit a frozen schema.
    SyncError
        More rows would go than ``max_delete=`` allows.
    """
    settled = _settled(store, before, pulled.table, options)
    check_keys(pulled.table, options.key if pulled.table.num_rows else ())
    kinds = kinds_of(pulled.table)
    _check_key_kinds(options.key, kinds, before)
    if all_keys is not None:
        _check_key_kinds(options.key, kinds_of(all_keys), before, "of the export of keys ")
    rows = pulled.table
    if options.key and rows.num_rows:
        rows = rows.take(pa.array(newest(rows, options.key, cursors and cursors.order, pulled.pages)))
    rows = fitted(rows, kinds, settled.columns)
    if options.mode == "replace":
        return _replaced(before, rows, settled, options)
    if options.mode == "append":
        return _appended(store, before, rows, settled, options, cursors)
    return _merged(store, before, rows, settled, options, pulled, all_keys, is_full)


def _settled(store: Store, before: State | None, table: pa.Table, options: SyncOptions) -> Settled:
    if before is None:
        return settle(None, kinds_of(table), {}, table.num_rows)
    new, is_exact = kinds_of(table), {}
    for name, kind in new.items():
        if {kind, before.columns.get(name)} == {"int", "float"}:
            is_exact[name] = has_doubles(table[name] if kind == "int" else store.read(before, (name,))[name])
    settled = settle(before.columns, new, is_exact, table.num_rows)
    if options.schema == "freeze" and settled.changes:
        raise FrameError(
            f"schema='freeze', and the columns of the pull differ from those of the {store.place}: "
            f"{'; '.join(settled.changes)}. Nothing was written.",
            hint="If this is right, call once with schema='evolve'.",
        )
    return settled


def _check_key_kinds(key: Sequence[str], kinds: dict[str, str], before: State | None, whose: str = "") -> None:
    for name in key:
        kind = kinds.get(name, "null")
        was = kind if before is None else before.columns.get(name, "null")
        if kind == "json":
            raise FrameError(
                f"key={name!r} {whose}has values of several kinds, or lists; expected one kind.", column=name
            )
        if "null" not in (kind, was) and kind != was:
            raise FrameError(
                f"key={name!r} {whose}came as {kind}, and is {was} in the table: no row would be found by it. Nothing "
                "was written.",
                hint="Let the query or a transform of the export write it as before, or name another table.",
                column=name,
            )


def _replaced(before: State | None, rows: pa.Table, settled: Settled, options: SyncOptions) -> Decided:
    old = 0 if before is None else before.rows
    _check_guard(old - rows.num_rows, old, options, "The pull brought fewer rows than the table has")
    names = kinds = settled.columns
    return Decided(
        Change(kinds, rows.select(list(names)), retyped=settled.retyped, empties=True),
        rows.num_rows, 0, 0, old, settled.changes,
    )  # fmt: skip


def _appended(
    store: Store, before: State | None, rows: pa.Table, settled: Settled, options: SyncOptions, cursors: Cursors | None
) -> Decided:
    fresh = np.arange(rows.num_rows)
    if before is not None and rows.num_rows:
        if options.key:
            there = _there(store, before, rows.select(list(options.key)), settled)
            fresh = compare(rows, there, options.key).inserted
        elif options.cursor is not None and cursors is not None:
            if cursors.missing.any():
                raise FrameError(
                    f"cursor={options.cursor!r} is null in {int(cursors.missing.sum()):,} rows: without key= nothing "
                    "says whether they are in the table. Nothing was written.",
                    hint="Say key=, or leave such rows out in the export.",
                    column=options.cursor,
                )
            fresh = _beyond(store, before, rows, settled, options.cursor, cursors)
    change = Change(settled.columns, rows.take(pa.array(fresh)), retyped=settled.retyped)
    return Decided(change, len(fresh), 0, rows.num_rows - len(fresh), 0, settled.changes)


def _beyond(store: Store, before: State, rows: pa.Table, settled: Settled, cursor: str, cursors: Cursors) -> Any:
    """Return the rows that the table has not: those at the watermark came before, all or some of them."""
    values = pa.table({cursor: pc.unique(rows[cursor]).drop_null()})
    there = _there(store, before, values, settled)
    known = np.isin(rows[cursor].to_numpy(), there[cursor].to_numpy()) if there.num_rows else np.zeros(0, dtype=bool)
    if not known.any():
        return np.arange(rows.num_rows)
    suspects = np.flatnonzero(known)
    beyond = suspects[not_there_yet(rows.take(pa.array(suspects)), there)]
    return np.sort(np.concatenate([np.flatnonzero(~known), beyond]))


def _there(store: Store, before: State, keys: pa.Table, settled: Settled) -> pa.Table:
    """Return rows of the table by key, with the columns and kinds that it has from now on."""
    kinds = before.columns
    wanted = [as_kind(keys[name], settled.columns[name], kinds.get(name, settled.columns[name]))
              for name in keys.column_names]  # fmt: skip
    there = store.rows_of(before, pa.table(wanted, names=keys.column_names))
    for name, (was, kind) in settled.retyped.items():
        there = there.set_column(there.column_names.index(name), name, as_kind(there[name], was, kind))
    return fitted(there, {name: settled.columns[name] for name in kinds}, settled.columns)


def _merged(
    store: Store,
    before: State | None,
    rows: pa.Table,
    settled: Settled,
    options: SyncOptions,
    pulled: Pulled,
    all_keys: pa.Table | None,
    is_full: bool,
) -> Decided:
    key = list(options.key)
    is_gone = _flagged(rows, settled, options)
    gone = rows.filter(pa.array(is_gone)).select(key) if rows.num_rows else None
    rows = rows.filter(pa.array(~is_gone))
    if before is None:
        change = Change(settled.columns, rows, options.key)
        return Decided(change, rows.num_rows, 0, 0, 0, ())
    if gone is not None and gone.num_rows:
        gone = _there(store, before, gone, settled).select(key)
    there = _there(store, before, rows.select(key), settled) if rows.num_rows else rows
    found = compare(rows, there, key)
    compared = _no_longer_there(store, before, pulled, options, all_keys, is_full)
    if compared is not None:
        _check_guard(compared.num_rows, before.rows, options, "Rows of the table are gone from the source")
        gone = compared if gone is None else pa.concat_tables([gone, compared])
    updated = rows.take(pa.array(found.updated))
    change = Change(
        settled.columns,
        pa.concat_tables([updated, rows.take(pa.array(found.inserted))]),
        options.key,
        settled.retyped,
        updated.select(key),
        gone,
    )
    deleted = 0 if gone is None else gone.num_rows
    return Decided(change, len(found.inserted), len(found.updated), found.unchanged, deleted, settled.changes)


def _flagged(rows: pa.Table, settled: Settled, options: SyncOptions) -> Any:
    """Say which rows that came are told to be gone."""
    none = np.zeros(rows.num_rows, dtype=bool)
    if options.deletes is None or options.deletes.how != "column" or not rows.num_rows:
        return none
    column, value = options.deletes.column, options.deletes.value
    kind = settled.columns.get(column)
    if kind is None:
        raise FrameError(
            f"deletes: there is no column {column!r}; there are {shown(list(settled.columns), 200)}.", column=column
        )
    if kind == "null":
        return none
    wanted = "bool" if isinstance(value, bool) else "str" if isinstance(value, str) else "number"
    if kind != wanted and not (wanted == "number" and kind in ("int", "float")):
        example = rows[column].drop_null()[:1].to_pylist()
        raise FrameError(
            f"deletes: column {column!r} is {kind}, such as {shown(example[0] if example else None)}; a row that is "
            f"gone should have {shown(value)}.",
            hint=f"Say what it has then: deletes={{'column': {column!r}, 'value': …}}.",
            column=column,
        )
    flags = pc.equal(rows[column], pa.scalar(value))  # as it is: cast to the column's type, 1.5 would be 1
    return np.asarray(pc.fill_null(flags, False).to_numpy())


def _no_longer_there(
    store: Store, before: State, pulled: Pulled, options: SyncOptions, all_keys: pa.Table | None, is_full: bool
) -> pa.Table | None:
    """Return the keys that the table has and the source has not; None where that is not known."""
    key = list(options.key)
    how = None if options.deletes is None else options.deletes.how
    if how == "compare" and is_full and pulled.lost is None:
        all_keys = pulled.table.select(key) if pulled.table.num_rows else pa.table({name: [] for name in key})
    elif all_keys is None:
        return None
    present = store.read(before, options.key)
    gone = without(present, all_keys, key)
    return without(gone, pulled.table.select(key), key) if pulled.table.num_rows else gone


def _check_guard(going: int, rows: int, options: SyncOptions, what: str) -> None:
    if going > max(_LEAST_GONE if options.max_delete else 0, options.max_delete * rows):
        raise SyncError(
            f"{what}: {going:,} of {rows:,} ({going / rows:.1%}) would go, more than max_delete={options.max_delete} "
            "allows. Nothing was written.",
            hint="If this is right, call once with max_delete=1.",
        )
