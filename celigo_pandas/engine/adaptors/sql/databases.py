"""Opening databases: every socket and file through the reach policy, one SQLAlchemy engine a connection document.

What a session needs so that quoted text is safe and a slow reader is not cut off is set here too: standard string
literals in both servers, no idle timeouts while a cursor is open, UTC. A session that goes back to the pool is reset to
that, so that no document finds what another one set.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.adaptors.sql.values import read_text
from celigo_pandas.engine.safety.reach import ReachError
from celigo_pandas.errors import MissingExtraError

__all__ = ["dialect_of", "open_engine", "place_of"]

_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
_CONNECT_S = 15.0
_BUSY_S = 10.0


def dialect_of(connection: Mapping[str, Any]) -> str:
    """Return ``sqlite``, ``postgresql``, ``mysql`` or ``mariadb``."""
    return str((connection.get("rdbms") or {}).get("type"))


def place_of(connection: Mapping[str, Any]) -> str:
    """Name the database behind a connection: the same for every connection that leads there."""
    block = connection.get("rdbms") or {}
    kind, database = str(block.get("type")), str(block.get("database", ""))
    if kind == "sqlite":
        return f"sqlite {os.path.realpath(os.path.expanduser(database))}"
    port = block.get("port") or _PORTS.get(kind)
    return f"{str(block.get('host')).lower()}:{port} {database}"


def open_engine(call: Call) -> sa.Engine:
    """Return the SQLAlchemy engine of the call's connection; it is kept in the connection's cache.

    Raises
    ------
    SourceFailure
        The policy refuses the host or file.
    MissingExtraError
        The driver is not installed.
    """
    cache = call.connection.cache()
    engine = cache.get("sql")
    if engine is None:
        dialect = dialect_of(call.connection.masked)
        creator = partial(_CREATORS[dialect], call.connection.secrets, call.reach)
        if dialect == "sqlite":
            engine = sa.create_engine("sqlite://", creator=creator, poolclass=sa.pool.NullPool)
        else:
            url = {"postgresql": "postgresql+psycopg://", "mysql": "mysql+pymysql://", "mariadb": "mariadb+pymysql://"}
            engine = _server_engine(url[dialect], creator)
        cache["sql"] = engine
    assert isinstance(engine, sa.Engine)
    return engine


def _server_engine(url: str, creator: Callable[[], Any]) -> sa.Engine:
    try:
        # Walks keep their connection between pages, so the pool may overflow; the engine bounds open walks.
        engine = sa.create_engine(
            url,
            creator=creator,
            pool_size=5,
            max_overflow=200,
            pool_pre_ping=True,
            pool_recycle=600,
            pool_reset_on_return=None,
        )
    except ModuleNotFoundError as error:
        extra = "postgres" if "psycopg" in str(error) else "mysql"
        raise MissingExtraError(f"A {url.partition('+')[0]} connection", extra) from None
    sa.event.listen(engine, "reset", _put_back)
    return engine


def _put_back(raw: Any, record: Any, state: object) -> None:
    """Return a session to the pool as it was opened: the next call must not find what this one set."""
    try:
        if hasattr(raw, "pgconn"):
            from celigo_pandas.engine.adaptors.sql.postgres import put_back

            put_back(raw)
        else:
            from celigo_pandas.engine.adaptors.sql.mysql import put_back as put_back_mysql

            put_back_mysql(raw)
    except Exception:  # lost, or a server that cannot do this: the session is not used again
        record.invalidate()


def _sqlite(secrets: Callable[[], dict[str, Any]], reach: Any) -> sqlite3.Connection:
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


def _postgresql(secrets: Callable[[], dict[str, Any]], reach: Any) -> Any:
    try:
        from celigo_pandas.engine.adaptors.sql.postgres import open_postgres
    except ImportError:
        raise MissingExtraError("A postgresql connection", "postgres") from None
    doc = secrets()
    block = doc["rdbms"]
    host, port = _place(block, "postgresql")
    (_, address) = _first_address(reach, host, port)
    tls = _tls_files(block)
    if tls:
        raise SourceFailure("Certificates for postgresql are not built; use the server's own.", code="not_built")
    return open_postgres(block, host, address, port)


def _mysql(secrets: Callable[[], dict[str, Any]], reach: Any) -> Any:
    try:
        from celigo_pandas.engine.adaptors.sql.mysql import open_mysql
    except ImportError:
        raise MissingExtraError("A mysql or mariadb connection", "mysql") from None
    block = secrets()["rdbms"]
    host, port = _place(block, "mysql")
    deadline = time.monotonic() + _CONNECT_S
    connection = open_mysql(block, host, port)
    try:
        sock = reach.open_socket(host, port, deadline - time.monotonic())
    except ReachError as error:
        raise SourceFailure(str(error), code="out_of_reach", field="rdbms.host") from None
    sock.settimeout(None)
    connection.connect(sock)
    return connection


def _tls_files(block: Mapping[str, Any]) -> bool:
    files = block.get("ssl")
    return isinstance(files, Mapping) and any(files.get(name) for name in ("ca", "cert", "key"))


def _place(block: Mapping[str, Any], dialect: str) -> tuple[str, int]:
    host = str(block.get("host") or "")
    if not host or host.startswith(("/", "@")):
        raise SourceFailure(f"The host {host!r} is no host name.", code="invalid_field", field="rdbms.host")
    try:
        port = int(block.get("port") or _PORTS[dialect])
    except (TypeError, ValueError):
        port = 0
    if not 0 < port < 65_536:
        raise SourceFailure("The port is no number from 1 to 65535.", code="invalid_field", field="rdbms.port")
    return host, port


def _first_address(reach: Any, host: str, port: int) -> tuple[int, str]:
    try:
        found = reach.addresses(host, port)
    except ReachError as error:
        raise SourceFailure(str(error), code="out_of_reach", field="rdbms.host") from None
    except OSError as error:
        raise SourceFailure(f"{host!r} does not resolve: {error}.", code="ENOTFOUND", field="rdbms.host") from None
    first: tuple[int, str] = found[0]
    return first


_CREATORS: Mapping[str, Callable[..., Any]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
}
