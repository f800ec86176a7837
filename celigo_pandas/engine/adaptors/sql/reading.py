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
from celigo_pandas.engine.adaptors.sql.failures import log_statement, opened
from celigo_pandas.engine.adaptors.sql.values import sqlite_value, to_json

__all__ = ["chunk_rows", "column_names", "read_query"]

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
        to_records = _sqlite_records if engine.dialect.name == "sqlite" else _server_records
        try:
            yield from _chunks(cursor, rows, call, to_records, after)
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
    cursor: Any,
    rows: int,
    call: Call,
    to_records: Callable[[list[str], list[Any]], list[Any]],
    after: Callable[[list[Any]], None] | None,
) -> Iterator[Chunk]:
    if cursor.description is None:
        yield Chunk([])
        return
    names = column_names(cursor.description)
    fetch = cursor.fetchmany
    if after is not None and isinstance(cursor, sqlite3.Cursor):
        # An open cursor keeps others from writing to a SQLite file that is not in WAL mode, and ``after`` writes.
        waiting = iter(cursor.fetchall())
        fetch = lambda count: list(islice(waiting, count))  # noqa: E731
    while not call.stop.is_set():
        fetched = fetch(rows)
        if not fetched:
            return
        records = to_records(names, fetched)
        yield Chunk(records)
        if after is not None:
            after(records)


def column_names(description: Any) -> list[str]:
    """Return the names of a result's columns, a repeated one as ``name_2``: no value may hide another."""
    names: list[str] = []
    for column in description:
        name, count = str(column[0]), 1
        while name in names:
            count += 1
            name = f"{column[0]}_{count}"
        names.append(name)
    return names


def _sqlite_records(names: list[str], rows: list[Any]) -> list[Any]:
    # Most results hold text and numbers only: one look at the types in the first row decides nothing, since SQLite
    # types values, not columns; so look at each column's set of types, which costs less than converting each value.
    for position, values in enumerate(zip(*rows, strict=True)):
        kinds = set(map(type, values))
        if bytes in kinds or (float in kinds and any(one in _INFINITE for one in values if type(one) is float)):
            rows = [(*row[:position], sqlite_value(row[position]), *row[position + 1 :]) for row in rows]
    return [dict(zip(names, row, strict=True)) for row in rows]


_INFINITE = frozenset({float("inf"), float("-inf")})


def _server_records(names: list[str], rows: list[Any]) -> list[Any]:
    columns = []
    for values in zip(*rows, strict=True):
        plain = set(map(type, values)) <= _PLAIN
        columns.append(values if plain else [to_json(value) for value in values])
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


_PLAIN = frozenset({str, int, bool, type(None)})
