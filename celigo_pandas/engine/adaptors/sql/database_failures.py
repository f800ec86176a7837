"""Database errors, translated once: the driver's code and sentence, and whether the credentials were refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.adaptors.sql.database import Database, OpenDatabase

__all__ = ["describe", "left_s", "log_statement", "opened", "source_failure", "translated"]


def describe(database: Database, error: BaseException) -> tuple[str, str]:
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
    return database.describe(original)


def source_failure(database: Database, error: BaseException) -> SourceFailure:
    """Return the failure of a whole call."""
    code, message = describe(database, error)
    original = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    is_refused = code in database.refusals or database.is_refused_login(original)
    return SourceFailure(f"The database refused: {message}", code=code, offline=is_refused)


@contextmanager
def translated(database: Database) -> Iterator[None]:
    """Turn every error of the database or its driver inside into a :class:`SourceFailure`."""
    try:
        yield
    except SourceFailure:
        raise
    except (sa.exc.SQLAlchemyError, OSError, UnicodeError) as error:
        raise source_failure(database, error) from None
    except database.driver_errors as error:
        raise source_failure(database, error) from None


def left_s(call: Call) -> float:
    """Return the seconds that a call has left; a little, if none."""
    return max(0.1, call.deadline - time.monotonic())


def log_statement(call: Call, sql: str) -> None:
    """Write a statement to the connection's debug log, in the form of a request."""
    masked = call.connection.masked.get("rdbms") or {}
    place = f"{masked.get('type')}://{masked.get('host') or ''}/{masked.get('database') or ''}"
    call.debug("request", {"url": place, "method": "SQL", "headers": {}, "body": sql})


@contextmanager
def opened(found: OpenDatabase, call: Call) -> Iterator[sa.Connection]:
    """Lend a connection for one call; a statement past the call's deadline is interrupted."""
    database = found.database
    with translated(database), found.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        database.lend(connection, call)
        try:
            yield connection
        except BaseException:
            if database.is_lost(raw):
                # Nothing can be sent any more, not even a rollback.
                connection.invalidate()
            raise
