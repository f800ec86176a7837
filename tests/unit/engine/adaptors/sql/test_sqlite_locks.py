"""SQLite's lock: a write waits while readers go on, and an export that holds nothing says so."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from celigo_pandas.engine.adaptors.protocol import Call
from celigo_pandas.engine.adaptors.sql import sqlite as sqlite_room
from celigo_pandas.engine.adaptors.sql.database import OpenDatabase
from celigo_pandas.engine.adaptors.sql.query_reading import read_query
from celigo_pandas.engine.adaptors.sql.sqlite import Sqlite
from celigo_pandas.engine.adaptors.sql.transactions import Session
from celigo_pandas.engine.safety.reach import Reach
from celigo_pandas.engine.storage.access import VirtualAccess


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection, connection:
        connection.execute("create table t (n integer)")
        connection.executemany("insert into t values (?)", [(n,) for n in range(1000)])
    return tmp_path / "t.db"


@pytest.fixture
def found(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenDatabase]:
    monkeypatch.setattr(sqlite_room, "_BUSY_S", 0.05)
    database = Sqlite("sqlite")
    secrets = {"rdbms": {"type": "sqlite", "database": str(path)}}
    opened = OpenDatabase(database, database.engine(lambda: secrets, Reach(None, None, ())))
    yield opened
    opened.dispose()


def call_on(path: Path, **members: Any) -> Call:
    access = VirtualAccess({"type": "rdbms", "rdbms": {"type": "sqlite", "database": str(path)}})
    now = datetime.now(timezone.utc)
    return Call(
        access, Reach(None, None, ()), {}, lambda *_: None, Event(), time.monotonic() + 60, lambda: now, **members
    )


class Reader:
    """An open cursor that reads on a little whenever it is looked at, and lets go at its end."""

    def __init__(self, path: Path, looks: int) -> None:
        self.connection = sqlite3.connect(path)
        self.cursor = self.connection.execute("select n from t")
        self.cursor.fetchone()
        self.looks = looks
        self.seen = 0

    def progress(self, _: str) -> int:
        self.seen += 1
        if self.seen == self.looks:
            self.cursor.close()
        return min(self.seen, self.looks)


def written(found: OpenDatabase, call: Call) -> dict[str, Any]:
    with found.engine.connect() as connection, closing(Session(found.database, connection, call)) as session:
        session.run("insert into t values (-1)")
        result = session.promise({"statusCode": 200})
        session.commit()
    return result


def test_commit_waits_for_a_reader_that_reads_on(found: OpenDatabase, path: Path) -> None:
    reader = Reader(path, looks=8)
    with closing(reader.connection):
        assert written(found, call_on(path, progress=reader.progress)) == {"statusCode": 200}

        assert reader.seen >= 8
        assert reader.connection.execute("select count(*) from t where n = -1").fetchone() == (1,)


def test_commit_is_refused_when_the_reader_stands_still(found: OpenDatabase, path: Path) -> None:
    reader = Reader(path, looks=10_000)
    with closing(reader.connection):
        result = written(found, call_on(path, progress=lambda _: 7))

        assert result["statusCode"] == 422
        assert "database is locked" in result["errors"][0]["message"]
        assert reader.cursor.fetchall()[-1] == (999,)


def test_commit_is_refused_when_its_time_is_up(found: OpenDatabase, path: Path) -> None:
    reader = Reader(path, looks=10_000)
    call = call_on(path, progress=reader.progress)
    with closing(reader.connection):
        call.stop.set()
        with (
            found.engine.connect() as connection,
            closing(Session(found.database, connection, call)) as session,
        ):
            session.raw.execute("insert into t values (-1)")
            result = session.promise({"statusCode": 200})
            session.commit()

        assert result["statusCode"] == 422


def test_export_that_marks_its_rows_holds_nothing_between_pages(found: OpenDatabase, path: Path) -> None:
    call = call_on(path)
    call.place = found.database.place({"database": str(path)})
    marked: list[Any] = []
    with closing(read_query(found, "select n from t", 100, call, marked.extend)) as chunks:  # type: ignore[type-var]
        next(chunks)
        assert call.place is None
        with closing(sqlite3.connect(path, timeout=0)) as other, other:
            other.execute("insert into t values (-2)")
        next(chunks)

    assert len(marked) == 100
