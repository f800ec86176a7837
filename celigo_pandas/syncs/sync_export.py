"""``sync`` and ``sync_state``: a pull that lands in a table, and goes on next time where it ended."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal

import pandas as pd

from celigo_pandas.accessors.account.syncing import Destination, SyncResult
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.targets import ConnectionLike, DocumentLike, resolve_export
from celigo_pandas.syncs.stores.store import State
from celigo_pandas.syncs.stores.store_places import states_at, store_at
from celigo_pandas.syncs.sync_options import SyncOptions
from celigo_pandas.syncs.sync_run import SyncRun

__all__ = ["sync", "sync_state"]


def sync(
    export: DocumentLike,
    con: ConnectionLike | None = None,
    *,
    to: Destination,
    table: str | None = None,
    key: str | Sequence[str] | None = None,
    cursor: str | None = None,
    overlap: str | timedelta | float | None = "10min",
    start: str | date | float | None = None,
    deletes: Literal["compare"] | Mapping[str, Any] | None = None,
    max_delete: float = 0.05,
    schema: Literal["evolve", "freeze"] = "evolve",
    full_every: str | timedelta | float | None = None,
    mode: Literal["merge", "append", "replace"] = "merge",
    consume: bool = False,
    journal: str | os.PathLike[str] | None = None,
    progress: ProgressSetting = None,
) -> SyncResult:
    """Pull what is new of an export into a table that grows, and remember where it ended.

    Parameters
    ----------
    export, con, consume, progress
        As in :func:`~celigo_pandas.read_export`. With `cursor` the export says where the watermark stands:
        ``{{watermark}}`` in a text of it (``where updated_at >= '{{watermark}}'``), or ``type: delta`` with
        ``{{lastExportDateTime}}`` or ``delta.dateField``, whose ``startDate`` is set.
    to : path or DuckDB connection
        ``"orders.duckdb"`` (extra ``duckdb``), a folder of Parquet tables, or ``"orders.delta"`` and every folder that
        is a Delta table (extra ``delta``).
    table : str, optional
        Name of the table; by default the file's, or the folder itself.
    key : str or sequence of str
        Columns that tell rows apart, for ``mode="merge"``.
    cursor : str, optional
        Column that grows when a row changes: ISO 8601 times or numbers. Without it all rows are pulled each time.
    overlap : span
        How far before the watermark each pull begins, for rows that are committed late and clocks that differ: a span
        of time, or a number where the cursor has numbers.
    start : datetime-like or number, optional
        Where the first pull begins, and each pull of all rows. Needed with ``{{watermark}}``, written as the cursor's
        values are.
    deletes : {"compare"} or Mapping, optional
        ``"compare"``: after a pull of all rows, rows that did not come go. ``{"keys": export}``: an export that brings
        all keys is pulled, too, and rows that it has not go. ``{"column": "IsDeleted"}``: rows in which that column is
        true go (``"value"``: or has this value).
    max_delete : float, default 0.05
        Refuse to let more than this share of the rows go by comparing, or by ``mode="replace"``; one row may.
    schema : {"evolve", "freeze"}
        Take new and changed columns in, with a warning; or refuse them before anything is written.
    full_every : span, optional
        Pull all rows when the last such pull is this old: what a cursor does not show comes right then. 0 is now.
    mode : {"merge", "append", "replace"}
        Rows take the place of those with their key; rows are added (with `key`: those with a new one); the table is
        what this pull brings.
    journal : path, optional
        A folder that keeps the pages until they are in the table: an unfinished pull goes on. Needed for an export that
        changes its source.

    Returns
    -------
    SyncResult
        ``inserted``, ``updated``, ``unchanged``, ``deleted``, ``watermark``, ``window``, ``schema_changes``, and
        ``frame()``, which reads the table.

    Raises
    ------
    ConfigError
        An option that cannot be, or another key, cursor, mode or export than the table is synced with.
    DocumentError
        An export without a place for the watermark (each run would pull all), or one that changes its source without
        ``consume=True`` and a journal.
    FrameError
        Null keys, keys that do not tell rows apart, cursors that cannot be compared, or a frozen schema.
    SyncError
        A table that is in use, cannot be written, was made by no sync, or would lose too many rows.
    ExportInterrupted, PullCancelled
        The pull stopped. In all these cases table and watermark are as they were.

    Notes
    -----
    Requests: those of the pull, and of the pull of keys for ``deletes={"keys": …}``. Memory: the rows of the window and
    those of the table with the same keys. Rows and watermark change in one transaction of the store; nothing of a run
    is seen before. The watermark is the greatest cursor of complete pulls: records that the server reported as failed
    hold it where it is.

    Examples
    --------
    >>> export = {"rdbms": {"query": "select * from orders where id >= {{watermark}}"}}
    >>> celigo.sync(
    ...     export, shop, to="shop.duckdb", table="orders", key="id", cursor="id", start=0, overlap=0, progress=False
    ... )
    <SyncResult 400 rows: 400 inserted.>
    >>> celigo.sync(
    ...     export, shop, to="shop.duckdb", table="orders", key="id", cursor="id", start=0, overlap=9, progress=False
    ... )
    <SyncResult 400 rows: 10 unchanged.>
    """
    options = SyncOptions.of(
        mode=mode, key=key, cursor=cursor, overlap=overlap, start=start, deletes=deletes, max_delete=max_delete,
        schema=schema, full_every=full_every,
    )  # fmt: skip
    store = store_at(to, table)
    connection, doc = resolve_export(export, con)
    return SyncRun(connection, doc, store, store.name, options, consume=consume, progress=progress).run(journal)


_COLUMNS: dict[str, str] = {
    "table": "object", "mode": "object", "key": "object", "cursor": "object", "watermark": "object", "rows": "int64",
    "last_run": "datetime64[us, UTC]", "last_full": "datetime64[us, UTC]", "complete": "bool", "connection": "object",
    "export_digest": "object",
}  # fmt: skip


def sync_state(to: Destination) -> pd.DataFrame:
    """Say what is remembered of the tables at a place.

    Parameters
    ----------
    to : path or DuckDB connection
        As in :func:`sync`: of a folder, of the table that it is and of the tables in it.

    Returns
    -------
    DataFrame
        One row per table, RangeIndex: ``table, mode, key`` (a tuple), ``cursor, watermark`` (as it came), ``rows,
        last_run, last_full`` (UTC), ``complete, connection, export_digest``.

    Raises
    ------
    ConfigError
        There is nothing at that place.
    SyncError
        It cannot be read.

    Examples
    --------
    >>> export = {"rdbms": {"query": "select id, status from orders"}}
    >>> result = celigo.sync(export, shop, to="state.duckdb", table="orders", key="id", progress=False)
    >>> celigo.sync_state("state.duckdb")[["table", "rows", "complete"]]
        table  rows  complete
    0  orders   400      True
    """
    rows = [_row(state) for state in states_at(to)]
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=dtype) for name, dtype in _COLUMNS.items()},
        index=pd.RangeIndex(len(rows)),
    )


def _row(state: State) -> dict[str, Any]:
    last_full = None if state.last_full is None else pd.Timestamp(state.last_full)
    return {
        "table": state.table, "mode": state.mode, "key": state.key, "cursor": state.cursor,
        "watermark": state.watermark, "rows": state.rows, "last_run": pd.Timestamp(state.last_run),
        "last_full": last_full, "complete": state.complete, "connection": state.connection,
        "export_digest": state.export,
    }  # fmt: skip
