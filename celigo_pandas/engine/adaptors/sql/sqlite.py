"""SQLite: one file, kept from other files and from code; its values, its locks, its words."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.adaptors.sql.database import Database, numbered
from celigo_pandas.engine.adaptors.sql.endings import Fate, Transactional, Transactions, first_word
from celigo_pandas.engine.adaptors.sql.sql_values import binary_text, double_value, from_json, is_64_bit, read_text
from celigo_pandas.engine.safety.reach import Reach, ReachError

__all__ = ["Sqlite"]

_BUSY_S = 10.0

_STEPS = 200_000
"""Instructions between two looks at the clock: a few milliseconds."""

_LOCKED = re.compile(r"database (?:table )?is locked$")
"""SQLite's words; Python 3.10 gives no code beside them."""

_CHANGED = frozenset({bytes, float})
"""What of SQLite's values JSON may not have as it is."""

_TEXT = frozenset({"text", "varchar", "char", "nvarchar", "nchar", "clob", "blob", "null"})
"""Types, as SQLAlchemy names them, whose columns keep text as text; ``null`` is a column without a type."""


class Sqlite(Database):
    """One SQLite file."""

    mark = "?"
    driver_errors = (sqlite3.Error, sqlite3.Warning)
    locks_while_read = True

    def engine(self, secrets: Callable[[], dict[str, Any]], reach: Reach) -> sa.Engine:
        """Return an engine that opens the file anew for each call."""
        return sa.create_engine("sqlite://", creator=partial(_open, secrets, reach), poolclass=sa.pool.NullPool)

    def place(self, block: Mapping[str, Any]) -> str:
        """Name the file, through links."""
        return f"sqlite {os.path.realpath(os.path.expanduser(str(block.get('database', ''))))}"

    def lend(self, connection: sa.Connection, call: Call) -> None:
        """Look at the call's clock between some instructions."""
        raw: Any = connection.connection.dbapi_connection
        raw.set_progress_handler(lambda: call.stop.is_set() or time.monotonic() > call.deadline, _STEPS)

    def transactions(self, raw: object) -> Transactions:
        """Return the transactions of a connection."""
        return _Transactions(raw)

    def stream(self, raw: Any, sql: str) -> Any:
        """Return a cursor that steps through the statement."""
        with ExitStack() as unless_it_runs:
            cursor = unless_it_runs.enter_context(closing(raw.cursor()))
            cursor.execute(sql)
            unless_it_runs.pop_all()
        return cursor

    def abandon(self, raw: object, cursor: Any) -> None:
        """Close it: whoever keeps an error keeps its frames, and with them a cursor that would go on locking."""
        cursor.close()

    def values_out(self, values: tuple[Any, ...], kinds: set[type]) -> object:
        """Return the JSON forms: only blobs and infinite numbers differ from what SQLite has."""
        return list(map(_value, values)) if kinds & _CHANGED else values

    def value_in(self, value: object, column_type: str) -> object:
        """Return what the driver needs: it has no booleans, and text of digits only where a column keeps it as text."""
        if isinstance(value, int) and not is_64_bit(value) and column_type not in _TEXT:
            # A number column would make a float of the digits; as an integer the driver refuses it.
            return value
        converted = from_json(value, column_type)
        return int(converted) if isinstance(converted, bool) else converted

    def column_types(self, connection: sa.Connection, schema: str, table: str, quoted: str) -> Mapping[str, str] | None:
        """Return the types as SQLAlchemy names them."""
        try:
            columns = sa.inspect(connection).get_columns(table, schema=schema or None)
        except sa.exc.NoSuchTableError:
            return None
        return {column["name"]: str(column["type"].__visit_name__).lower() for column in columns}

    def describe(self, error: BaseException) -> tuple[str, str]:
        """Return SQLite's name of the error, and its sentence."""
        if isinstance(error, OverflowError):
            return "out_of_range", "SQLite's integers have 64 bits; a column of text keeps longer ones as they are."
        if not isinstance(error, sqlite3.Error) or numbered(error):
            return super().describe(error)
        # Python 3.10 has no names of SQLite's codes.
        plain = "SQLITE_CONSTRAINT" if isinstance(error, sqlite3.IntegrityError) else "SQLITE_ERROR"
        return str(getattr(error, "sqlite_errorname", plain)), str(error)

    def is_held(self, message: str) -> bool:
        """Whether the file is locked."""
        return bool(_LOCKED.search(message))


def _open(secrets: Callable[[], dict[str, Any]], reach: Reach) -> sqlite3.Connection:
    block = secrets().get("rdbms") or {}
    name = str(block.get("database", ""))
    try:
        path = reach.check_path(name)
    except ReachError as error:
        raise SourceFailure(str(error), code="out_of_reach", field="rdbms.database") from None
    if not path.is_file():
        raise SourceFailure(f"There is no SQLite file {name!r}.", code="database_not_found", field="rdbms.database")
    mode = "ro" if {"name": "mode", "value": "ro"} in (block.get("options") or []) else "rw"
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode={mode}", uri=True, timeout=_BUSY_S, check_same_thread=False, isolation_level=None
        )
    except sqlite3.Error as error:
        raise SourceFailure(f"{name!r} cannot be opened: {error}.", code="database_error") from None
    connection.set_authorizer(_authorize)
    connection.text_factory = read_text
    return connection


_REFUSED_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer", "writefile", "readfile", "edit"})


def _authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
    """Keep SQL inside the one file: no other database, no code, no change of how the file is kept."""
    if action in {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA:
        name = (first or "").lower()
        if name in _ACTING_PRAGMAS or (second is not None and name not in _READING_PRAGMAS):
            return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


_READING_PRAGMAS = frozenset(
    {"table_info", "table_xinfo", "index_list", "index_info", "index_xinfo", "foreign_key_list"}
)
"""Pragmas that take an argument and only read; SQLAlchemy's inspection uses them."""

_ACTING_PRAGMAS = frozenset({"incremental_vacuum", "optimize", "shrink_memory", "wal_checkpoint"})
"""Pragmas that do something without an argument too."""


def _value(value: object) -> Any:
    if type(value) is bytes:
        return binary_text(value)
    return double_value(value) if type(value) is float else value


class _Transactions(Transactional):
    survives_errors = True

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def begin(self) -> None:
        self._raw.execute("begin immediate")

    def limit(self, left: float) -> None:
        """The progress handler reads the clock itself."""

    def is_open(self) -> bool:
        return bool(self._raw.in_transaction)

    def fate(self, cursor: object, sql: str, *, failed: bool) -> Fate:
        return "undone" if failed or first_word(sql) == "rollback" else "kept"
