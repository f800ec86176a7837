"""MySQL and MariaDB sessions: what each begins with, how it is put back between two calls, what its tables hold."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pymysql
import sqlalchemy as sa
from pymysql.constants import CLIENT
from pymysql.cursors import SSCursor

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.adaptors.sql.database import Database, Reader
from celigo_pandas.engine.adaptors.sql.database_failures import left_s
from celigo_pandas.engine.adaptors.sql.endings import Fate, Transactional, Transactions, first_word
from celigo_pandas.engine.adaptors.sql.server_pools import host_and_port, pooled_engine
from celigo_pandas.engine.adaptors.sql.sql_values import bytes_of, from_json
from celigo_pandas.engine.safety.reach import Reach, ReachError

__all__ = ["MySql"]

CONNECT_S = 15.0

_SETTINGS = (
    "set session sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES'), time_zone = '+00:00', "
    "net_write_timeout = 3600, net_read_timeout = 3600, wait_timeout = 3600"
)
_RESET_CONNECTION = 31


_BIT = 16
"""The protocol's number of the type BIT."""

_SPATIAL = frozenset(
    "geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection".split()
)
"""Given as the server keeps them, in bytes."""


class MySql(Database):
    """A MySQL or MariaDB server."""

    port = 3306
    empty_row = "() values ()"
    driver_errors = (pymysql.Error, pymysql.Warning)
    refusals = frozenset({"1044", "1045", "1049", "1698"})

    def engine(self, secrets: Callable[[], dict[str, Any]], reach: Reach) -> sa.Engine:
        """Return a pool of sessions."""
        return pooled_engine(f"{self.kind}+pymysql://", partial(self._connect, secrets, reach), put_back)

    def _connect(self, secrets: Callable[[], dict[str, Any]], reach: Reach) -> _Connection:
        block = secrets()["rdbms"]
        host, port = host_and_port(block, self.port)
        deadline = time.monotonic() + CONNECT_S
        connection = open_mysql(block, host, port)
        try:
            sock = reach.open_socket(host, port, deadline - time.monotonic())
        except ReachError as error:
            raise SourceFailure(str(error), code="out_of_reach", field="rdbms.host") from None
        sock.settimeout(None)
        connection.connect(sock)
        return connection

    def lend(self, connection: sa.Connection, call: Call) -> None:
        """Bound the server's silence: its own limit counts the time of a slow reader too."""
        raw: Any = connection.connection.dbapi_connection
        raw._read_timeout = left_s(call)

    def transactions(self, raw: object) -> Transactions:
        """Return the transactions of a connection."""
        return _Transactions(raw)

    def keeps_transactions(self, raw: object, schema: str, table: str) -> bool:
        """Whether the table's engine has transactions; a view's is not known."""
        return keeps_transactions(raw, schema, table)

    def stream(self, raw: Any, sql: str) -> Any:
        """Return an unbuffered cursor."""
        cursor = raw.cursor(SSCursor)
        cursor.execute(sql)
        return cursor

    def abandon(self, raw: object, cursor: object) -> None:
        """Leave the rest unread: the driver would try to read it, from a closed socket, when it is collected."""
        result = getattr(raw, "_result", None)
        if result is not None:
            result.unbuffered_active = False

    def readers(self, raw: object, description: Any) -> Mapping[int, Reader]:
        """Return readers of bits, which are numbers."""
        return {position: _bits for position, column in enumerate(description) if column[1] == _BIT}

    def value_in(self, value: object, column_type: str) -> object:
        """Return what the driver needs; shapes are bytes, times have no offset."""
        if isinstance(value, str) and column_type in _SPATIAL:
            return bytes_of(value)
        if isinstance(value, str) and column_type in {"datetime", "timestamp"}:
            return _time(value)
        return from_json(value, column_type)

    def column_types(self, connection: sa.Connection, schema: str, table: str, quoted: str) -> Mapping[str, str] | None:
        """Return the types."""
        return column_types(connection.connection.dbapi_connection, schema, table)


class _Connection(pymysql.connections.Connection):  # type: ignore[misc]
    """A connection that begins transactions in every mode, and sends no password in plain text where TLS is asked."""

    needs_tls = False

    def begin(self) -> None:
        """Begin a transaction: to ``sql_mode`` ORACLE the driver's ``begin`` is the begin of a block."""
        self._execute_command(3, "start transaction")
        self._read_ok_packet()

    def _get_server_information(self) -> None:
        super()._get_server_information()
        if self.needs_tls and not self.server_capabilities & CLIENT.SSL:
            raise pymysql.OperationalError(2026, "The server offers no TLS, which rdbms.ssl asks for.")


def open_mysql(block: Mapping[str, Any], host: str, port: int) -> _Connection:
    """Return a connection that is not connected yet."""
    connection = _Connection(
        host=host,
        port=port,
        database=str(block.get("database", "")),
        user=str(block.get("user", "")),
        password=str(block.get("password", "")),
        charset="utf8mb4",
        connect_timeout=CONNECT_S,
        defer_connect=True,
        local_infile=False,
        ssl=_tls(block),
        init_command=_SETTINGS,
    )
    connection.needs_tls = bool(block.get("ssl"))
    return connection


def put_back(raw: Any) -> None:
    """Undo all that a call did to its session."""
    raw._read_timeout = CONNECT_S
    raw._execute_command(_RESET_CONNECTION, b"")
    raw._read_ok_packet()
    # What the handshake and its first statements set, the reset has cleared; the database it leaves as it is.
    raw.select_db(raw.db)
    raw.set_character_set(raw.charset, raw.collation)
    with raw.cursor() as cursor:
        cursor.execute(_SETTINGS)
    raw.autocommit(False)


def _tls(block: Mapping[str, Any]) -> ssl.SSLContext | None:
    if not block.get("ssl"):
        return None
    files = block["ssl"] if isinstance(block["ssl"], Mapping) else {}
    context = ssl.create_default_context(cadata=files.get("ca") or None)
    if block.get("disableStrictSSL"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def column_types(raw: Any, schema: str, table: str) -> dict[str, str] | None:
    """Return the type of each column of a table; None for no such table."""
    with raw.cursor() as cursor:
        cursor.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = coalesce(nullif(%s, ''), database()) and table_name = %s",
            (schema, table),
        )
        return dict(cursor.fetchall()) or None


def keeps_transactions(raw: Any, schema: str, table: str) -> bool:
    """Return whether a rollback surely undoes what was written to a table; a view's is not known."""
    with raw.cursor() as cursor:
        cursor.execute(
            "select transactions from information_schema.tables t join information_schema.engines e "
            "on e.engine = t.engine where table_schema = coalesce(nullif(%s, ''), database()) and table_name = %s",
            (schema, table),
        )
        return bool(cursor.fetchall() == (("YES",),))


def _bits(value: object) -> object:
    return int.from_bytes(value, "big") if isinstance(value, bytes) else value


def _time(value: str) -> object:
    # MySQL before 8.0.19 and MariaDB take no offset in a literal; the session's zone is UTC.
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return value
    return moment if moment.tzinfo is None else moment.astimezone(timezone.utc).replace(tzinfo=None)


class _Transactions(Transactional):
    survives_errors = True

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._most_bytes: int | None = None

    def begin(self) -> None:
        self._raw.begin()

    def limit(self, left: float) -> None:
        self._raw._read_timeout = left

    def too_large(self, cursor: Any, sql: str, parameters: Any) -> str | None:
        size = len(sql) + sum(len(value) for value in parameters or () if isinstance(value, (str, bytes)))
        if self._most_bytes is None:
            cursor.execute("select @@max_allowed_packet")
            self._most_bytes = int(cursor.fetchone()[0])
        if 4 * size < self._most_bytes:
            return None
        text = sql if parameters is None else cursor.mogrify(sql, parameters)
        size = len(text.encode(errors="surrogatepass")) + 1
        if size < self._most_bytes:
            return None
        return f"The statement has {size:,} bytes; the server takes {self._most_bytes:,} (max_allowed_packet)."

    def needs_commit(self, code: str) -> bool:
        # Aria's tables, once written to, take no savepoint.
        return code == "1178"

    def undid(self, cursor: Any, sql: str, code: str) -> bool:
        # The warning tells of earlier statements, too; of one that was not understood nothing was run.
        if code == _NOT_UNDERSTOOD and first_word(sql) not in _RUNS_OTHERS:
            return True
        cursor.execute("show warnings")
        return not any(row[1] == _NOT_UNDONE for row in cursor.fetchall())

    def is_open(self) -> bool:
        # The state comes with each answer but an error; after one only the savepoint tells.
        return bool(self._raw.server_status & 1)

    def fate(self, cursor: object, sql: str, *, failed: bool) -> Fate:
        word = first_word(sql)
        if word == "rollback":
            return "undone"
        # A procedure may do either; so may what is hidden in a comment for some versions.
        if word in _RUNS_OTHERS:
            return "unknown"
        if not failed:
            return "kept"
        if word in _COMMITTING and not _TEMPORARY.search(sql):
            return "kept"
        return "undone" if word in _NEVER_COMMITTING or _OF_TEMPORARY.match(sql) else "unknown"


_NOT_UNDONE = 1196
"""The warning that a table without transactions was changed."""

_NOT_UNDERSTOOD = "1064"

_RUNS_OTHERS = frozenset({"", "call", "execute", "begin"})
"""Statements in which others may have run before one failed."""

_NEVER_COMMITTING = frozenset(
    "delete describe do explain insert kill replace select show table update use values with".split()
)
"""Statements that commit nothing: when their failure ends the transaction, it was rolled back."""

_COMMITTING = frozenset(
    "alter analyze check create drop flush grant lock optimize rename repair revoke truncate unlock".split()
)
"""Statements that commit before they begin, so that their failure finds no transaction."""

_TEMPORARY = re.compile(r"\btemporary\b", re.IGNORECASE)

_OF_TEMPORARY = re.compile(r"\s*(create|drop)\s+temporary\s+table\b", re.IGNORECASE)
"""Statements that commit nothing, though others of their first word do."""
