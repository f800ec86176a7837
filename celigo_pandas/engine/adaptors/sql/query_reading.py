"""Exports: one streaming cursor, read once, rows as records in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from itertools import islice
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Call, Chunk
from celigo_pandas.engine.adaptors.sql.database import Database, OpenDatabase
from celigo_pandas.engine.adaptors.sql.database_failures import log_statement, opened
from celigo_pandas.engine.adaptors.sql.result_columns import RecordMaker
from celigo_pandas.engine.adaptors.sql.statements import only_reads

__all__ = ["chunk_rows", "read_query"]

_CHUNK = 1_000


def chunk_rows(export_doc: Mapping[str, Any]) -> int:
    """Return the rows to fetch at once: a page, so that none is copied, within bounds."""
    size = export_doc.get("pageSize")
    return max(100, min(10_000, size)) if isinstance(size, int) else _CHUNK


def read_query(
    found: OpenDatabase, sql: str, rows: int, call: Call, after: Callable[[list[Any]], None] | None = None
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
    writing = nullcontext() if only_reads(sql) else call.writing(call.place or "")
    with writing, opened(found, call) as connection:
        raw: Any = connection.connection.dbapi_connection
        cursor = found.database.stream(raw, sql)
        try:
            yield from _chunks(found.database, raw, cursor, rows, call, after)
            connection.commit()
        except BaseException:
            found.database.abandon(raw, cursor)
            # What is left of the result would have to be read before the connection is of use again.
            connection.invalidate()
            raise
        finally:
            if not connection.invalidated:
                cursor.close()
                raw.commit()


def _chunks(
    database: Database, raw: object, cursor: Any, rows: int, call: Call, after: Callable[[list[Any]], None] | None
) -> Iterator[Chunk]:
    if cursor.description is None:
        yield Chunk([])
        return
    make = RecordMaker(raw, cursor, database)
    fetch = cursor.fetchmany
    if after is not None and database.locks_while_read:
        # An open cursor keeps others from writing, and ``after`` writes.
        waiting = iter(cursor.fetchall())
        call.place = None
        fetch = lambda count: list(islice(waiting, count))  # noqa: E731
    while not call.stop.is_set():
        fetched = fetch(rows)
        if not fetched:
            return
        records = make(fetched)
        yield Chunk(records, make.take_errors())
        if after is not None:
            after(records)
