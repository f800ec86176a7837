"""PostgreSQL sessions: what each begins with, how it is put back between two calls, and waits that end with the call.

A session is lent to one document after the other. What one sets (``standard_conforming_strings``, a search path, a
role) would decide how the next one's quoted values are read, so everything is discarded in between. Nor can the
server's ``statement_timeout`` be trusted alone, since the SQL that it limits can lift it: the client watches the clock.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import DataError, NotSupportedError, adapt
from psycopg.types import datetime as loaders
from psycopg.types.json import set_json_loads
from psycopg.types.string import TextLoader

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.adaptors.sql.database import Database, Reader, numbered
from celigo_pandas.engine.adaptors.sql.database_failures import left_s
from celigo_pandas.engine.adaptors.sql.endings import Fate, Transactional, Transactions, first_word
from celigo_pandas.engine.adaptors.sql.postgres_types import array_readers, column_types
from celigo_pandas.engine.adaptors.sql.server_pools import host_and_port, pooled_engine
from celigo_pandas.engine.adaptors.sql.sql_values import JSON_TYPES, MOST_DIGITS, from_json
from celigo_pandas.engine.adaptors.sql.statements import only_reads
from celigo_pandas.engine.safety.reach import Reach, ReachError

__all__ = ["Postgres", "WatchedConnection", "open_postgres", "put_back"]

_CONNECT_S = 15
_UNWATCHED_S = 15.0
"""For what is sent between two calls: a test of the connection, its reset."""

_LEAST_S = 1.0
"""What a statement has when the call's time is up already: a rollback."""

_CANCEL_S = 3.0

_NO_FILE = os.path.join(os.devnull, "none")
"""A path where no file can be, for what libpq would look up in the home of the engine's user."""


_PASSING = re.compile(
    r"too many (?:connections|clients)|connection slots are reserved|(?:starting up|shutting down|in recovery)|"
    r"not (?:yet )?accepting connections|timeout|could not (?:send|receive)|closed the connection",
    re.IGNORECASE,
)
"""Why PostgreSQL ends a login with good credentials: libpq tells no code then, only these words."""

_ACTIVE = 1
"""libpq's state of a connection in the midst of a command, where none should be."""


class Postgres(Database):
    """A PostgreSQL server."""

    port = 5432
    driver_errors = (psycopg.Error, psycopg.Warning)
    refusals = frozenset({"28000", "28P01", "3D000"})

    def engine(self, secrets: Callable[[], dict[str, Any]], reach: Reach) -> sa.Engine:
        """Return a pool of sessions."""
        return pooled_engine("postgresql+psycopg://", partial(self._connect, secrets, reach), put_back)

    def _connect(self, secrets: Callable[[], dict[str, Any]], reach: Reach) -> WatchedConnection:
        block = secrets()["rdbms"]
        host, port = host_and_port(block, self.port)
        address = _first_address(reach, host, port)
        if _tls_files(block):
            raise SourceFailure("Certificates for postgresql are not built; use the server's own.", code="not_built")
        return open_postgres(block, host, address, port)

    def lend(self, connection: sa.Connection, call: Call) -> None:
        """Watch the call's clock, here and in the server."""
        raw: Any = connection.connection.dbapi_connection
        raw.call = call
        connection.exec_driver_sql(f"set statement_timeout = {round(left_s(call) * 1000)}")

    def is_lost(self, raw: Any) -> bool:
        """Whether it is closed, or waits for the data of a ``copy``."""
        return bool(raw.closed or raw.pgconn.transaction_status == _ACTIVE)

    def transactions(self, raw: object) -> Transactions:
        """Return the transactions of a connection."""
        return _Transactions(raw)

    def stream(self, raw: Any, sql: str) -> Any:
        """Return a named cursor in one read transaction; a statement that writes runs at once."""
        if not only_reads(sql):
            return raw.execute(sql)
        cursor = raw.cursor(name="walk")
        try:
            cursor.execute(sql)
        except BaseException:
            self.abandon(raw, cursor)
            raise
        return cursor

    def abandon(self, raw: object, cursor: Any) -> None:
        """Leave it to the end of its session: the driver would complain of one that is collected open."""
        cursor._closed = True

    def readers(self, raw: object, description: object) -> Mapping[int, Reader]:
        """Return readers of arrays of types that were made in the database."""
        return array_readers(raw, description)

    def value_in(self, value: object, column_type: str) -> object:
        """Return what the driver needs; an array is sent as its text."""
        if column_type.endswith("[]"):
            return _array(value, column_type[:-2]) if isinstance(value, list) else value
        return from_json(value, column_type)

    def column_types(self, connection: sa.Connection, schema: str, table: str, quoted: str) -> Mapping[str, str] | None:
        """Return the types, ``int4`` or ``int4[]``, domains seen through."""
        return column_types(connection.connection.dbapi_connection, quoted.replace("%%", "%"))

    def schemas(self, inspector: sa.Inspector) -> list[str | None]:
        """Return all schemas."""
        return list(inspector.get_schema_names())

    def describe(self, error: BaseException) -> tuple[str, str]:
        """Return the SQLSTATE, and the server's sentence without its details."""
        found = numbered(error)
        if found is not None:
            return found
        sentence = getattr(getattr(error, "diag", None), "message_primary", None)
        code = getattr(error, "sqlstate", None) or "database_error"
        return str(code), str(sentence or error).strip() or type(error).__name__

    def is_refused_login(self, error: BaseException) -> bool:
        """Whether a password was asked for and sent and no session came of it: libpq gives no code for that."""
        connection = getattr(error, "pgconn", None)
        if connection is None or getattr(error, "sqlstate", None) is not None or not connection.used_password:
            return False
        return not _PASSING.search(str(error))


class WatchedConnection(psycopg.Connection[Any]):  # type: ignore[misc]
    """A connection that cancels its statement when the call it is lent to has no time left."""

    call: Call | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.seen_types: dict[int, Any] = {}

    def wait(self, gen: Any, *arguments: Any, **named: Any) -> object:
        """Consume a generator of libpq's waits, with an eye on the clock."""
        return super().wait(self._watched(gen), *arguments, **named)

    def _watched(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        started, cancelled = time.monotonic(), 0.0
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                now = time.monotonic()
                if cancelled and now > cancelled + _CANCEL_S:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server did not end the statement when it was asked to")
                if not cancelled and now > started + self._allowed_s(started):
                    cancelled = now
                    with suppress(psycopg.Error):
                        self.cancel_safe(timeout=_CANCEL_S)
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _allowed_s(self, started: float) -> float:
        if self.call is None:
            return _UNWATCHED_S
        # A walk moves its deadline on, so it is read anew.
        return _LEAST_S if self.call.stop.is_set() else max(_LEAST_S, self.call.deadline - started)


def open_postgres(block: Mapping[str, Any], host: str, address: str, port: int) -> WatchedConnection:
    """Connect to a checked address with the credentials of the document, and with no others."""
    connection: WatchedConnection = WatchedConnection.connect(
        host=host,
        hostaddr=address,
        port=port,
        dbname=str(block.get("database", "")),
        user=str(block.get("user", "")),
        password=str(block.get("password", "")),
        passfile=_NO_FILE,
        sslcert=_NO_FILE,
        sslkey=_NO_FILE,
        gssencmode="disable",
        connect_timeout=_CONNECT_S,
        sslmode="require" if block.get("ssl") else "prefer",
        client_encoding="UTF8",
        application_name="celigo_pandas",
        options="-c standard_conforming_strings=on -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres "
        "-c idle_in_transaction_session_timeout=0",
        # A proxy in front of the server keeps no statement between calls.
        prepare_threshold=None,
    )
    _use_text_where_python_cannot(connection)
    return connection


def put_back(connection: WatchedConnection) -> None:
    """Undo all that a call did to its session: settings, role, temporary tables, locks."""
    connection.call = None
    connection.rollback()
    connection.autocommit = True
    connection.execute("discard all")
    connection.autocommit = False


def _tls_files(block: Mapping[str, Any]) -> bool:
    files = block.get("ssl")
    return isinstance(files, Mapping) and any(files.get(name) for name in ("ca", "cert", "key"))


def _first_address(reach: Reach, host: str, port: int) -> str:
    try:
        found = reach.addresses(host, port)
    except ReachError as error:
        raise SourceFailure(str(error), code="out_of_reach", field="rdbms.host") from None
    except OSError as error:
        raise SourceFailure(f"{host!r} does not resolve: {error}.", code="ENOTFOUND", field="rdbms.host") from None
    (_, address) = found[0]
    return str(address)


def _array(values: list[Any], kind: str) -> str:
    """Return PostgreSQL's text of an array: it takes elements of mixed types and of types that the driver lacks."""
    delimiter = ";" if kind == "box" else ","
    return f"{{{delimiter.join(_element(value, kind) for value in values)}}}"


def _element(value: object, kind: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, list) and kind not in JSON_TYPES:
        return _array(value, kind)
    found = from_json(value, kind)
    if isinstance(found, bool):
        text = "true" if found else "false"
    elif isinstance(found, bytes):
        text = rf"\x{found.hex()}"
    else:
        text = str(found)
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _read_json(text: str | bytes) -> object:
    return json.loads(text, parse_float=_json_number, parse_int=_json_integer)


def _json_number(text: str) -> object:
    double = float(text)
    return double if Decimal(repr(double)) == Decimal(text) else text


def _json_integer(text: str) -> object:
    return int(text) if len(text) <= MOST_DIGITS else text


def _use_text_where_python_cannot(connection: Any) -> None:
    """Read as PostgreSQL's text what Python's objects would change or cannot hold.

    Dates such as ``infinity``, years past 9999 and BC; the time ``24:00:00``; intervals with months or years, which
    are no number of days; ranges.
    """

    def lenient(base: type[adapt.Loader], but: tuple[bytes, ...] = ()) -> type[adapt.Loader]:
        class Lenient(base):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                if not (but and any(word in bytes(data) for word in but)):
                    try:
                        return super().load(data)
                    except (DataError, NotSupportedError):
                        pass
                return bytes(data).decode()

        return Lenient

    for name, loader in (
        ("date", loaders.DateLoader),
        ("time", loaders.TimeLoader),
        ("timestamp", loaders.TimestampLoader),
        ("timestamptz", loaders.TimestamptzLoader),
        ("timetz", loaders.TimetzLoader),
    ):
        connection.adapters.register_loader(name, lenient(loader))
    connection.adapters.register_loader("interval", lenient(loaders.IntervalLoader, (b"mon", b"year")))
    for kind in ("int4", "int8", "num", "date", "ts", "tstz"):
        connection.adapters.register_loader(f"{kind}range", TextLoader)
        connection.adapters.register_loader(f"{kind}multirange", TextLoader)
    set_json_loads(_read_json, connection)


class _Transactions(Transactional):
    survives_errors = False

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._tags: list[str] = []

    def begin(self) -> None:
        """The driver begins with the first statement."""

    def limit(self, left: float) -> None:
        """The connection watches the call's deadline itself."""

    def is_open(self) -> bool:
        return bool(self._raw.pgconn.transaction_status in _OPEN)

    def fate(self, cursor: object, sql: str, *, failed: bool) -> Fate:
        if failed:
            # A text of several statements does not say which of them were run.
            is_one = ";" not in sql.rstrip("; \t\r\n") and first_word(sql) not in {"commit", "end"}
            return "undone" if is_one else "unknown"
        tag = next((tag for tag in self._tags if tag in ("COMMIT", "ROLLBACK")), None)
        return "unknown" if tag is None else "kept" if tag == "COMMIT" else "undone"

    def undid_itself(self, cursor: Any) -> bool:
        self._tags = [str(cursor.statusmessage)]
        while cursor.nextset():
            self._tags.append(str(cursor.statusmessage))
        before = self._tags[: self._tags.index("ROLLBACK")] if "ROLLBACK" in self._tags else []
        return any(tag.partition(" ")[0] not in _WRITING_NOTHING for tag in before)


_WRITING_NOTHING = frozenset("BEGIN DECLARE FETCH RELEASE RESET SAVEPOINT SELECT SET SHOW START".split())
"""First words of the tags of statements that write nothing, so that a rollback after them undoes nothing."""


_OPEN = frozenset({2, 3})
"""libpq's states of a connection inside a transaction, an aborted one included."""
