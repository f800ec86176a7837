"""A Delta table: one commit a run, which names the record of what is remembered.

The record is a file, ``_celigo_sync/000007.json``, written before the commit; the commit's transaction of the
application ``celigo_sync`` says its number. So data and watermark change with one entry of Delta's log, and clearing
the log forgets neither.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from celigo_pandas.errors import MissingExtraError, SyncError, shown
from celigo_pandas.syncs.stores.store import Change, State, Store, named_twice
from celigo_pandas.syncs.stores.store_folders import held_alone, on_disk, places_of, told_as_sync_error
from celigo_pandas.syncs.table_columns import arrow_schema, arrow_type, as_kind, fitted

__all__ = ["RECORDS", "DeltaStore"]

_APPLICATION = "celigo_sync"
RECORDS = "_celigo_sync"
_GONE = "_celigo_gone"


def _deltalake() -> Any:
    try:
        import deltalake
    except ImportError as error:
        raise MissingExtraError("A Delta table", "delta") from error
    return deltalake


class DeltaStore(Store):
    """One Delta table in a folder.

    Parameters
    ----------
    path : Path
    """

    STEPS = ("begun", "state written", "committed", "old removed")

    def __init__(self, path: Path) -> None:
        _deltalake()
        self._path = path
        self._records = path / RECORDS

    @property
    def _deltalake(self) -> Any:
        return _deltalake()  # a module cannot be pickled

    @property
    def name(self) -> str:
        """The table's name."""
        return self._path.name

    @property
    def place(self) -> str:
        """The folder."""
        return f"Delta table {shown(self._path)}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other syncs of this table out."""
        with held_alone(self._path.parent / f".{self._path.name}.lock", self.place):
            yield

    @contextmanager
    def opened(self, *, writes: bool = True) -> Iterator[None]:
        """Nothing stays open between the calls."""
        if self._path.exists() and not self._path.is_dir():
            raise SyncError(f"{shown(self._path)} is a file; expected the folder of a Delta table.")
        yield

    def exists(self) -> bool:
        """Whether the table is there."""
        return self._path.is_dir() and bool(self._deltalake.DeltaTable.is_deltatable(str(self._path)))

    def _table(self) -> Any:
        with self._told("read"):
            return self._deltalake.DeltaTable(str(self._path))

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (self._deltalake.exceptions.DeltaError, OSError, pa.ArrowException) as error:
            raise SyncError(
                f"The {self.place} could not be {verb}: {error}. It is as it was.",
                hint="Where the disk is full, free some space; then call again.",
            ) from error

    def state(self) -> State | None:
        """Return what is remembered of the table."""
        if not self.exists():
            return None
        number = self._table().transaction_version(_APPLICATION)
        if number is None:
            raise SyncError(f"The {self.place} is there, and was made by no sync.", hint="Name another table.")
        record = self._record(number)
        with told_as_sync_error(self.place):
            return State.read(record.read_text(encoding="utf-8"), record)

    def _record(self, number: int) -> Path:
        return self._records / f"{number:06d}.json"

    def rows_of(self, state: State, keys: pa.Table) -> pa.Table:
        """Return the rows whose columns have the values of one row of `keys`."""
        names = tuple(state.columns)
        found = [arrow_schema(state.columns).empty_table()]
        with self._told("read"):
            for batch in self._table().to_pyarrow_dataset().to_batches(columns=list(names)):
                rows = self._typed(pa.Table.from_batches([batch]), state, names)
                found.append(rows.filter(places_of(rows, keys)))
        return pa.concat_tables(found)

    def read(self, state: State, columns: tuple[str, ...] | None = None) -> pa.Table:
        """Return all rows."""
        with self._told("read"):
            names = list(state.columns) if columns is None else list(columns)
            return self._typed(self._table().to_pyarrow_dataset().to_table(columns=names), state, names)

    def _typed(self, rows: pa.Table, state: State, names: Sequence[str]) -> pa.Table:
        return rows.select(names).cast(pa.schema([(name, arrow_type(state.columns[name])) for name in names]))

    def write(self, change: Change, before: State | None, after: State) -> None:
        """Carry out a change in one commit."""
        twice = named_twice(change.columns)
        if twice is not None:
            raise SyncError(
                f"Delta takes the columns {twice[0]!r} and {twice[1]!r} for one.",
                hint="Let the query or a transform of the export name one of them otherwise.",
            )
        now = self.state()
        if (None if now is None else now.number) != (None if before is None else before.number):
            raise SyncError(f"The {self.place} was synced by another call meanwhile.", hint="Call again.")
        self.on_step("begun")
        is_empty = before is not None and not change.rows.num_rows and change.leaving() is None and not change.empties
        if is_empty and dict(before.columns) == dict(change.columns):  # type: ignore[union-attr]
            number = self._table().transaction_version(_APPLICATION)
            self._remember(number, after)
            self.on_step("state written")
            return
        self._remember(after.number, after)
        self.on_step("state written")
        with self._told("written"):
            self._commit(change, before, after)
        self.on_step("committed")
        self._remove_old(after.number)
        self.on_step("old removed")

    def _remember(self, number: int, state: State) -> None:
        with told_as_sync_error(self.place):
            self._records.mkdir(parents=True, exist_ok=True)
            record = self._record(number)
            unfinished = record.with_suffix(".new")
            unfinished.write_text(state.text(), encoding="utf-8")
            on_disk(unfinished)
            os.replace(unfinished, record)
            on_disk(self._records)

    def _remove_old(self, number: int) -> None:
        """Keep the record before the last one: somebody may be reading the table as it was."""
        with suppress(OSError):
            for record in sorted(self._records.glob("*.json"))[:-2]:
                if record != self._record(number):
                    record.unlink()

    def _commit(self, change: Change, before: State | None, after: State) -> None:
        lake = self._deltalake
        marked = lake.CommitProperties(app_transactions=[lake.Transaction(_APPLICATION, after.number)])
        if before is None or change.empties or change.retyped:
            rows = change.rows
            if before is not None and not change.empties:
                rows = pa.concat_tables([self._stays(change, before), rows])
            lake.write_deltalake(
                str(self._path), rows, mode="overwrite", schema_mode="overwrite", commit_properties=marked
            )
        elif change.leaving() is None:
            lake.write_deltalake(
                str(self._path), change.rows, mode="append", schema_mode="merge", commit_properties=marked
            )
        else:
            self._merge(change, marked)

    def _stays(self, change: Change, before: State) -> pa.Table:
        rows, leaving = self.read(before), change.leaving()
        if leaving is not None:
            rows = rows.filter(pc.invert(places_of(rows, leaving)))
        for name, (was, kind) in change.retyped.items():
            rows = rows.set_column(rows.column_names.index(name), name, as_kind(rows[name], was, kind))
        return fitted(rows, {name: change.columns[name] for name in before.columns}, change.columns)

    def _merge(self, change: Change, marked: object) -> None:
        flag = _GONE
        while flag in change.columns:
            flag += "_"
        rows = change.rows.append_column(flag, pa.array([False] * change.rows.num_rows, pa.bool_()))
        if change.gone is not None and change.gone.num_rows:
            kinds = {name: change.columns[name] for name in change.key}
            gone = fitted(change.gone, kinds, change.columns)
            rows = pa.concat_tables([rows, gone.append_column(flag, pa.array([True] * gone.num_rows, pa.bool_()))])
        values = {_quoted(name): f"s.{_quoted(name)}" for name in change.columns}
        (
            self._table()
            .merge(
                rows,
                predicate=" and ".join(f"t.{_quoted(name)} = s.{_quoted(name)}" for name in change.key),
                source_alias="s",
                target_alias="t",
                merge_schema=True,
                commit_properties=marked,
            )
            .when_matched_delete(f"s.{flag}")
            .when_matched_update(values)
            .when_not_matched_insert(values, predicate=f"not s.{flag}")
            .execute()
        )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
