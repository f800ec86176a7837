"""What stores in folders share: one sync at a time, and files that are on disk before something points to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from celigo_pandas.errors import SyncError
from celigo_pandas.journal.files import lock_file, unlock_file
from celigo_pandas.syncs.keyed_rows import keys_of

__all__ = ["held_alone", "on_disk", "places_of", "told_as_sync_error"]


@contextmanager
def told_as_sync_error(place: str) -> Iterator[None]:
    """Raise what the file system refuses as a :class:`SyncError`."""
    try:
        yield
    except OSError as error:
        raise SyncError(
            f"The {place} could not be used: {error.strerror or error}. It is as it was.",
            hint="Where the disk is full, free some space; then call again.",
        ) from error


@contextmanager
def held_alone(file: Path, place: str) -> Iterator[None]:
    """Keep other syncs out; the file stays, for who removes it could remove another one's lock."""
    with told_as_sync_error(place):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = open(file, "a+b")  # noqa: SIM115 - the block below closes it
    with handle:
        try:
            lock_file(handle)
        except OSError:
            raise SyncError(
                f"The {place} is being synced by another process or another call.", hint="Wait for it to end."
            ) from None
        try:
            yield
        finally:
            unlock_file(handle)


def on_disk(path: Path) -> None:
    """Wait until the disk has a file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def places_of(table: pa.Table, keys: pa.Table) -> Any:
    """Say which rows have the values of one row of `keys`, which are unique."""
    names = keys.column_names
    if len(names) == 1:
        wanted = keys[names[0]].combine_chunks().cast(table[names[0]].type)
        return pc.is_in(table[names[0]], value_set=wanted, skip_nulls=True).combine_chunks()
    found = keys_of(keys, names).get_indexer(keys_of(table, names))
    return pa.array(found >= 0)
