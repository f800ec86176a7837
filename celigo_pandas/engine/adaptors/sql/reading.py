"""Exports: one streaming cursor, read once, rows as records in chunks."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, nullcontext
from itertools import islice
from typing import Any

import sqlalchemy as sa

from celigo_pandas.engine.adaptors.protocol import Call, Chunk
from celigo_pandas.engine.adaptors.sql.columns import RecordMaker
from celigo_pandas.engine.adaptors.sql.failures import log_statement, opened

__all__ = ["chunk_rows", "read_query"]

_CHUNK = 1_000


def chunk_rows(export_doc: Mapping[str, Any]) -> int:
    """Return the rows to fetch at once: a page, so that none is copied, within bounds."""
    size = export_doc.get("pageSize")
    return max(100, min(10_000, size)) if isinstance(size, int) else _CHUNK


def read_query(
    engine: sa.Engine, sql: str, rows: int, call: Call, after: Callable[[list[Any]], None] | None = None
) -> Iterator[Chunk]:
    """Yield the rows of a query; closing the iterator ends the cursor and its connection.

    Parameters
    ----------
    rows : int
        Rows in a chunk.
    after : callable, optional
        Called with each chunk's records once the next one is asked for (``once``).

    Notes
    -----
    PostgreSQL: a named cursor in one read transaction. MySQL, MariaDB: an unbuffered cursor. SQLite: its cursor
    steps through the statement. Each sees one snapshot.
    """
    log_statement(call, sql)
    writing = nullcontext() if _SELECTS.match(sql) else call.writing(call.place or "")
    with writing, opened(engine, call) as connection:
        raw: Any = connection.connection.dbapi_connection
        cursor = _streaming_cursor(raw, engine.dialect.name, sql)
        try:
            yield from _chunks(raw, cursor, rows, call, engine.dialect.name, after)
            connection.commit()
        except BaseException:
            if isinstance(cursor, sqlite3.Cursor):
                # Whoever keeps the error keeps its frames, and with them a cursor that would go on locking the file.
                cursor.close()
            # What is left of the result would have to be read before the connection is of use again.
            connection.invalidate()
            result = getattr(raw, "_result", None)
            if result is not None:
                # pymysql would try to read that rest, from a closed socket, when its result is collected.
                result.unbuffered_active = False
            raise
        finally:
            if not connection.invalidated:
                cursor.close()
                raw.commit()


def _streaming_cursor(raw: Any, dialect: str, sql: str) -> Any:
    if dialect == "postgresql":
        if _SELECTS.match(sql):
            cursor = raw.cursor(name="walk")
            cursor.execute(sql)
            return cursor
        return raw.execute(sql)
    if dialect in {"mysql", "mariadb"}:
        cursor = raw.cursor(_unbuffered())
        cursor.execute(sql)
        return cursor
    with ExitStack() as unless_it_runs:
        cursor = unless_it_runs.enter_context(closing(raw.cursor()))
        cursor.execute(sql)
        unless_it_runs.pop_all()
    return cursor


_SELECTS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|values|table|with(?!.*\b(?:insert|update|delete|merge)\b))\b",
    re.IGNORECASE | re.DOTALL,
)
"""What PostgreSQL can declare a cursor for; other statements (``insert … returning``) run at once."""


def _unbuffered() -> Any:
    from pymysql.cursors import SSCursor

    return SSCursor


def _chunks(
    raw: Any, cursor: Any, rows: int, call: Call, dialect: str, after: Callable[[list[Any]], None] | None
) -> Iterator[Chunk]:
    if cursor.description is None:
        yield Chunk([])
        return
    make = RecordMaker(raw, cursor, dialect)
    fetch = cursor.fetchmany
    if after is not None and isinstance(cursor, sqlite3.Cursor):
        # An open cursor keeps others from writing to a SQLite file that is not in WAL mode, and ``after`` writes.
        waiting = iter(cursor.fetchall())
        fetch = lambda count: list(islice(waiting, count))  # noqa: E731
    while not call.stop.is_set():
        fetched = fetch(rows)
        if not fetched:
            return
        records = make(fetched)
        yield Chunk(records, make.take_errors())
        if after is not None:
            after(records)
