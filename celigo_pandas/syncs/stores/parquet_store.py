"""A table as a folder of Parquet parts.

The folder that people read is a link to one version, ``.NAME.versions/000007``; a version holds the parts and what is
remembered. A sync makes the next version (parts that it does not change are links to the same files) and lets the
link point to it, which a file system does in one step. The version before stays until the next sync, for those who
are reading it. A part that is written anew has a new name: who has listed the parts of one version, and opens them
when the link points to the next one, finds each as it was or not at all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from celigo_pandas.errors import SyncError, shown
from celigo_pandas.syncs.stores.store import Change, State, Store
from celigo_pandas.syncs.stores.store_folders import held_alone, on_disk, places_of, told_as_sync_error
from celigo_pandas.syncs.table_columns import arrow_schema, arrow_type, as_kind, fitted

__all__ = ["STATE", "ParquetStore"]

_PART_ROWS = 250_000
STATE = "_celigo_sync.json"


class ParquetStore(Store):
    """One table in a folder.

    Parameters
    ----------
    path : Path
        The folder that people read.
    """

    STEPS = ("begun", "parts written", "state written", "synced", "committed", "old removed")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._versions = path.parent / f".{path.name}.versions"

    @property
    def name(self) -> str:
        """The table's name."""
        return self._path.name

    @property
    def place(self) -> str:
        """The folder."""
        return f"table {shown(self._path)}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other syncs of this table out."""
        with held_alone(self._versions / "lock", self.place):
            yield

    @contextmanager
    def opened(self, *, writes: bool = True) -> Iterator[None]:
        """Nothing stays open between the calls."""
        if (self._path.exists() or self._path.is_symlink()) and not self._path.is_symlink():
            raise SyncError(
                f"{shown(self._path)} is there, and was made by no sync.", hint="Name another folder, or table='…'."
            )
        yield

    def exists(self) -> bool:
        """Whether there is a version."""
        return self._path.exists()

    def state(self) -> State | None:
        """Return what is remembered of the table."""
        if not self._path.is_symlink():
            return None
        with told_as_sync_error(self.place):
            return State.read((self._path / STATE).read_text(encoding="utf-8"), self._path)

    def _parts(self) -> list[Path]:
        return sorted(self._path.resolve().glob("part-*.parquet")) if self._path.is_symlink() else []

    def rows_of(self, state: State, keys: pa.Table) -> pa.Table:
        """Return the rows whose columns have the values of one row of `keys`."""
        found = [arrow_schema(state.columns).empty_table()]
        with told_as_sync_error(self.place):
            for part in self._parts():
                hits = places_of(_read(part, keys.column_names), keys)
                if pc.any(hits).as_py():
                    found.append(self._typed(_read(part), state).filter(hits))
        return pa.concat_tables(found)

    def read(self, state: State, columns: tuple[str, ...] | None = None) -> pa.Table:
        """Return all rows."""
        with told_as_sync_error(self.place):
            parts = [_read(part, columns) for part in self._parts()]
        return pa.concat_tables([self._typed(part, state) for part in parts])

    def _typed(self, part: pa.Table, state: State) -> pa.Table:
        return part.cast(pa.schema([(name, arrow_type(state.columns[name])) for name in part.column_names]))

    def write(self, change: Change, before: State | None, after: State) -> None:
        """Make the next version, and let the link point to it."""
        now = self.state()
        if (None if now is None else now.number) != (None if before is None else before.number):
            raise SyncError(f"The {self.place} was synced by another call meanwhile.", hint="Call again.")
        version = self._versions / f"{after.number:06d}"
        with told_as_sync_error(self.place):
            self._versions.mkdir(parents=True, exist_ok=True)
            self._remove_all_but(self._current())
            version.mkdir()
            try:
                self.on_step("begun")
                self._write_parts(version, change, before)
                self.on_step("parts written")
                (version / STATE).write_text(after.text(), encoding="utf-8")
                self.on_step("state written")
                for file in version.iterdir():
                    on_disk(file)
                on_disk(version)
                on_disk(self._versions)
                self.on_step("synced")
                previous = self._current()
                self._point_to(version)
            except BaseException:
                if self._current() != version.name:
                    shutil.rmtree(version, ignore_errors=True)
                raise
        self.on_step("committed")
        with suppress(OSError):
            self._remove_all_but(version.name, previous)
        self.on_step("old removed")

    def _current(self) -> str | None:
        return Path(os.readlink(self._path)).name if self._path.is_symlink() else None

    def _remove_all_but(self, *names: str | None) -> None:
        """Remove versions: older ones, and one that a crash left half made."""
        for entry in self._versions.iterdir():
            if entry.is_dir() and entry.name not in names:
                shutil.rmtree(entry)

    def _point_to(self, version: Path) -> None:
        link = self._versions / "next"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(self._versions.name) / version.name)
        os.replace(link, self._path)
        with suppress(OSError):  # it has happened
            on_disk(self._path.parent)

    def _write_parts(self, version: Path, change: Change, before: State | None) -> None:
        old = [] if before is None or change.empties else self._parts()
        same_columns = before is not None and dict(before.columns) == dict(change.columns)
        leaving, count, last, has_parts = change.leaving(), 0, None, False
        for place, part in enumerate(old):
            takes_more = place == len(old) - 1 and change.rows.num_rows and _count(part) < _PART_ROWS
            if takes_more or not same_columns or (leaving is not None and _has_any(part, leaving)):
                assert before is not None
                stays = self._stays(part, change, before, leaving)
                if takes_more:
                    last = stays
                elif stays.num_rows:
                    count += 1
                    _write_part(version, count, stays, change)
            else:
                os.link(part, version / part.name)
                has_parts = True
        coming = change.rows if last is None else pa.concat_tables([last, change.rows])
        for start in range(0, coming.num_rows, _PART_ROWS):
            count += 1
            _write_part(version, count, coming.slice(start, _PART_ROWS), change)
        if not count and not has_parts:
            _write_part(version, 1, coming, change)

    def _stays(self, part: Path, change: Change, before: State, leaving: pa.Table | None) -> pa.Table:
        """Return the rows of a part that stay, with the columns that the table has from now on."""
        rows = self._typed(_read(part), before)
        if leaving is not None:
            rows = rows.filter(pc.invert(places_of(rows, leaving)))
        for name, (was, kind) in change.retyped.items():
            rows = rows.set_column(rows.column_names.index(name), name, as_kind(rows[name], was, kind))
        kinds = {name: change.columns[name] for name in before.columns}
        return fitted(rows, kinds, change.columns)


def _read(part: Path, columns: Sequence[str] | None = None) -> pa.Table:
    with pq.ParquetFile(part) as file:  # a dataset would make columns of the folders' names
        if columns is None:
            return file.read()
        return file.read(columns=list(columns)).select(list(columns))  # "a" brings "a.b" too


def _count(part: Path) -> int:
    return int(pq.read_metadata(part).num_rows)


def _has_any(part: Path, keys: pa.Table) -> bool:
    return bool(np.any(places_of(_read(part, keys.column_names), keys).to_numpy(zero_copy_only=False)))


def _write_part(version: Path, number: int, rows: pa.Table, change: Change) -> None:
    marked = [
        pa.field(name, arrow_type(kind), metadata={b"celigo_pandas": b"json"} if kind == "json" else None)
        for name, kind in change.columns.items()
    ]
    file = version / f"part-{version.name}-{number:06d}.parquet"
    pq.write_table(rows.cast(pa.schema(marked)), file, compression="zstd")
