"""MySQL and MariaDB sessions: what each begins with, how it is put back between two calls, what its tables hold."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import pymysql
from pymysql.constants import CLIENT

__all__ = ["column_types", "keeps_transactions", "open_mysql", "put_back"]

CONNECT_S = 15.0

_SETTINGS = (
    "set session sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES'), time_zone = '+00:00', "
    "net_write_timeout = 3600, net_read_timeout = 3600, wait_timeout = 3600"
)
_RESET_CONNECTION = 31


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
