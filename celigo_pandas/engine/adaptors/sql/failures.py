"""Database errors, translated once: the driver's code and sentence, and whether the credentials were refused."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure

__all__ = ["describe", "is_lost", "left_s", "log_statement", "opened", "source_failure", "translated"]

_REFUSED = frozenset({"28000", "28P01", "3D000", "1044", "1045", "1049", "1698"})
"""Codes by which PostgreSQL and MySQL refuse user, password or database."""

_PASSING = re.compile(
    r"too many (?:connections|clients)|connection slots are reserved|(?:starting up|shutting down|in recovery)|"
    r"not (?:yet )?accepting connections|timeout|could not (?:send|receive)|closed the connection",
    re.IGNORECASE,
)
"""Why PostgreSQL ends a login with good credentials: libpq tells no code then, only these words."""

_STEPS = 200_000
"""SQLite instructions between two looks at the clock: a few milliseconds."""


def describe(error: BaseException) -> tuple[str, str]:
    """Return code and message of a driver's error; the statement and its values stay out of the message."""
    original = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    if isinstance(original, UnicodeEncodeError):
        character = ord(original.object[original.start])
        if not 0xD800 <= character <= 0xDFFF:
            return "invalid_text", f"The text cannot be encoded in {original.encoding}: U+{character:04X} is not in it."
        text = f"The text cannot be sent: U+{character:04X} in it is half of a surrogate pair, no character."
        return "invalid_text", text
    if isinstance(original, UnicodeError):
        return "invalid_text", f"The text cannot be sent: {original}."
    if isinstance(original, OverflowError):
        return "out_of_range", "SQLite's integers have 64 bits; a column of text keeps longer ones as they are."
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    if len(arguments) == 2 and isinstance(arguments[0], int):  # pymysql: number, sentence
        return str(arguments[0]), str(arguments[1]) or "the connection to the server is lost"
    if isinstance(original, sqlite3.Error):
        # Python 3.10 has no names of SQLite's codes.
        plain = "SQLITE_CONSTRAINT" if isinstance(original, sqlite3.IntegrityError) else "SQLITE_ERROR"
        return str(getattr(original, "sqlite_errorname", plain)), str(original)
    sqlstate = getattr(original, "sqlstate", None)
    sentence = getattr(getattr(original, "diag", None), "message_primary", None)
    return str(sqlstate or "database_error"), str(sentence or original).strip() or type(original).__name__


def source_failure(error: BaseException) -> SourceFailure:
    """Return the failure of a whole call."""
    code, message = describe(error)
    offline = code in _REFUSED or _is_refused_login(error)
    return SourceFailure(f"The database refused: {message}", code=code, offline=offline)


def _is_refused_login(error: BaseException) -> bool:
    # libpq gives no code for a login that fails; that a password was asked for and sent, and no session came of it.
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    connection = getattr(original, "pgconn", None)
    if connection is None or getattr(original, "sqlstate", None) is not None or not connection.used_password:
        return False
    return not _PASSING.search(str(original))


@contextmanager
def translated() -> Iterator[None]:
    """Turn every driver's error inside into a :class:`SourceFailure`."""
    try:
        yield
    except SourceFailure:
        raise
    except (sa.exc.SQLAlchemyError, sqlite3.Error, sqlite3.Warning, OSError, UnicodeError) as error:
        raise source_failure(error) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] in {"psycopg", "pymysql"}:
            raise source_failure(error) from None
        raise


def left_s(call: Call) -> float:
    """Return the seconds that a call has left; a little, if none."""
    return max(0.1, call.deadline - time.monotonic())


def log_statement(call: Call, sql: str) -> None:
    """Write a statement to the connection's debug log, in the form of a request."""
    masked = call.connection.masked.get("rdbms") or {}
    place = f"{masked.get('type')}://{masked.get('host') or ''}/{masked.get('database') or ''}"
    call.debug("request", {"url": place, "method": "SQL", "headers": {}, "body": sql})


@contextmanager
def opened(engine: sa.Engine, call: Call) -> Iterator[sa.Connection]:
    """Lend a connection of the engine for one call; a statement past the call's deadline is interrupted."""
    with translated(), engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        if engine.dialect.name == "sqlite":
            raw.set_progress_handler(lambda: call.stop.is_set() or time.monotonic() > call.deadline, _STEPS)
        elif engine.dialect.name == "postgresql":
            raw.call = call
            connection.exec_driver_sql(f"set statement_timeout = {round(left_s(call) * 1000)}")
        else:
            # The server's own limit counts the time of a slow reader too; this one counts the server's silence.
            raw._read_timeout = left_s(call)
        try:
            yield connection
        except BaseException:
            if is_lost(raw):
                # Nothing can be sent any more, not even a rollback.
                connection.invalidate()
            raise


def is_lost(raw: Any) -> bool:
    """Return whether a driver's connection is closed, or PostgreSQL's waits for the data of a ``copy``."""
    if hasattr(raw, "pgconn"):
        return bool(raw.closed or raw.pgconn.transaction_status == _ACTIVE)
    return not getattr(raw, "open", True)


_ACTIVE = 1
"""libpq's state of a connection in the midst of a command, where none should be."""
