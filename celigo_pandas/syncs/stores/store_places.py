"""Which store ``to=`` and ``table=`` mean."""

from __future__ import annotations

import os
import re
from pathlib import Path

from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.folders import user_path
from celigo_pandas.syncs.stores.delta_store import RECORDS, DeltaStore
from celigo_pandas.syncs.stores.duckdb_store import DuckDBStore, is_connection
from celigo_pandas.syncs.stores.parquet_store import STATE, ParquetStore
from celigo_pandas.syncs.stores.store import State

__all__ = ["TableStore", "states_at", "store_at"]

TableStore = DuckDBStore | ParquetStore | DeltaStore

_NAME = re.compile(r"[^\W_][\w -]*")
_OTHER_FILES = (".csv", ".json", ".jsonl", ".sqlite", ".xlsx")
_EXPECTED = (
    "a DuckDB file ('orders.duckdb') or connection, a folder of Parquet ('lake'), or a Delta table ('orders.delta', or "
    "a folder that is one)"
)


def store_at(to: object, table: str | None) -> TableStore:
    """Return the store of one table.

    Raises
    ------
    ConfigError
        `to` is no such place, or `table` no name.
    MissingExtraError
        The place needs an extra that is not installed.
    """
    if table is not None and (not isinstance(table, str) or not _NAME.fullmatch(table)):
        raise ConfigError(
            f"table: got {shown(table)}; expected a name of letters, digits, spaces, _ and - that begins with a letter "
            "or a digit."
        )
    if is_connection(to):
        if table is None:
            raise ConfigError("table= is not given; a DuckDB connection has a table of each name.")
        return DuckDBStore(to, table)
    path = _path(to)
    if _is_duckdb(path):
        return DuckDBStore(path, path.stem if table is None else table)
    place = path if table is None else path / table
    _check_stands_alone(place)
    kind = DeltaStore if _is_delta(path) or _is_delta(place) else ParquetStore
    if path.is_file() or path.suffix in _OTHER_FILES:
        raise ConfigError(f"to: {shown(path)} is a file of another kind; expected {_EXPECTED}.")
    return kind(place)


def states_at(to: object) -> list[State]:
    """Return what is remembered of all tables at a place: of a folder, of itself and of those in it.

    Raises
    ------
    ConfigError
        There is nothing there.
    """
    if is_connection(to):
        return _in_database(DuckDBStore(to, ""))
    path = _path(to)
    if not path.exists():
        raise ConfigError(f"to: there is nothing at {shown(path)}; expected {_EXPECTED}.")
    if not path.is_dir():
        store = store_at(path, None)
        return _in_database(store) if isinstance(store, DuckDBStore) else []
    folders = [_folder_of_a_sync(place) for place in (path, *sorted(path.iterdir()))]
    found = [folder.state() for folder in folders if folder is not None]
    return [state for state in found if state is not None]


def _in_database(store: DuckDBStore) -> list[State]:
    with store.opened(writes=False):
        return store.tables()


def _folder_of_a_sync(place: Path) -> TableStore | None:
    if (place / STATE).is_file() and place.is_symlink():
        return ParquetStore(place)
    return DeltaStore(place) if (place / RECORDS).is_dir() and _is_delta(place) else None


def _path(to: object) -> Path:
    if not isinstance(to, (str, os.PathLike)) or not os.fspath(to) or "://" in os.fspath(to):
        raise ConfigError(f"to: got {shown(to)}; expected {_EXPECTED}.")
    path = user_path(to)
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"to: there is no folder {shown(path.absolute().parent)}.")
    return path.absolute()


def _check_stands_alone(place: Path) -> None:
    """Refuse a table within a table: what makes the outer one anew, or clears it up, would remove the inner one."""
    outer = place.parent
    if (outer.is_symlink() and (outer / STATE).is_file()) or _has_log(outer):
        raise ConfigError(
            f"to: {shown(outer)} is a table itself, so there can be no table {place.name!r} in it.",
            hint="Name the folder that the tables lie in, or that table alone.",
        )
    if place.is_dir() and not place.is_symlink() and not _has_log(place):
        within = sorted(entry.name for entry in place.iterdir() if _has_log(entry))
        if within:
            raise ConfigError(
                f"to: {shown(place)} is a folder of tables, such as {within[0]!r}, and no table itself.",
                hint="Name one of them with table=, or another folder.",
            )


def _is_duckdb(path: Path) -> bool:
    return path.suffix in (".duckdb", ".ddb", ".db") or (path.is_file() and not path.suffix)


def _is_delta(path: Path) -> bool:
    return path.suffix == ".delta" or _has_log(path)


def _has_log(path: Path) -> bool:
    return (path / "_delta_log").is_dir()
