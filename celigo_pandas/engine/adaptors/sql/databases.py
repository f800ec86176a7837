"""Which database a connection leads to; one that is opened is kept with its connection document.

Every socket and file goes through the reach policy. What a session needs so that quoted text is safe and a slow reader
is not cut off is set by each database: standard string literals in both servers, no idle timeouts while a cursor is
open, UTC. A session that goes back to the pool is reset to that, so that no document finds what another one set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from celigo_pandas.engine.adaptors.protocol import Call
from celigo_pandas.engine.adaptors.sql.database import Database, OpenDatabase
from celigo_pandas.errors import MissingExtraError

__all__ = ["open_database"]


def open_database(call: Call) -> OpenDatabase:
    """Return the database of the call's connection; it is kept in the connection's cache.

    Raises
    ------
    MissingExtraError
        The driver is not installed.
    """
    cache = call.connection.cache()
    opened = cache.get("sql")
    if opened is None:
        kind = str((call.connection.masked.get("rdbms") or {}).get("type"))
        database = _DATABASES[kind](kind)
        opened = cache["sql"] = OpenDatabase(database, database.engine(call.connection.secrets, call.reach))
    assert isinstance(opened, OpenDatabase)
    return opened


def _sqlite(kind: str) -> Database:
    from celigo_pandas.engine.adaptors.sql.sqlite import Sqlite

    return Sqlite(kind)


def _postgres(kind: str) -> Database:
    try:
        from celigo_pandas.engine.adaptors.sql.postgres import Postgres
    except ImportError:
        raise MissingExtraError(f"A {kind} connection", "postgres") from None
    return Postgres(kind)


def _mysql(kind: str) -> Database:
    try:
        from celigo_pandas.engine.adaptors.sql.mysql import MySql
    except ImportError:
        raise MissingExtraError(f"A {kind} connection", "mysql") from None
    return MySql(kind)


_DATABASES: Mapping[str, Callable[[str], Database]] = {
    "sqlite": _sqlite,
    "postgresql": _postgres,
    "mysql": _mysql,
    "mariadb": _mysql,
}
