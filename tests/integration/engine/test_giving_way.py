"""Open walks give way: to writers through the engine, to other programs, and to each other's pages on disk."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.client import client_of
from support.databases import DatabaseServer
from support.engine import EngineProcess, make_sqlite

import celigo_pandas as celigo

ROWS = 20_000
INSERT = {"rdbms": {"queryType": ["per_record"], "query": ["insert into t (n) values ({{record.n}})"]}}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return make_sqlite(tmp_path / "t.db", t=[{"n": n} for n in range(ROWS)])


def export(page_size: int = 100, query: str = "select n from t") -> dict[str, Any]:
    return {"name": "slow reader", "pageSize": page_size, "rdbms": {"query": query}}


def ask(engine: EngineProcess, id: str, doc: Any, state: Any = None) -> Any:
    body = {"export": doc} if state is None else {"export": doc, "pagedExportState": state}
    return engine.call("POST", f"/connections/{id}/export/pages", body)


def submit(engine: EngineProcess, id: str, doc: Any, data: list[Any]) -> Any:
    answer = engine.call("POST", f"/connections/{id}/import", {"import": doc, "data": data})
    assert answer.status_code == 200, answer.text
    return answer.json()


def rest_of(engine: EngineProcess, id: str, doc: Any, answer: Any) -> list[int]:
    """Read a walk on from an answer; return all values."""
    found = [record["n"] for record in answer["data"]]
    while not answer["pagedExportState"]["done"]:
        answer = ask(engine, id, doc, answer["pagedExportState"]).json()
        found += [record["n"] for record in answer["data"]]
    return found


def within(seconds: float, is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def can_write(database: Path) -> bool:
    connection = sqlite3.connect(database, timeout=0, isolation_level=None)
    try:
        connection.execute("create table probe (a)")
        connection.execute("drop table probe")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


@pytest.mark.parametrize("level", [1, 5])
def test_walk_gives_way_to_a_push_through_another_connection(engine: EngineProcess, database: Path, level: int) -> None:
    more = {"rdbms": {"type": "sqlite", "database": str(database), "concurrencyLevel": level}}
    reader, writer = engine.sqlite(database, **more), engine.sqlite(database, **more)
    doc = export()
    first = ask(engine, reader, doc).json()
    assert not can_write(database)

    results = submit(engine, writer, INSERT, [{"n": -1}])

    assert results == [{"statusCode": 200}]
    assert rest_of(engine, reader, doc, first) == list(range(ROWS))


def test_walk_gives_way_to_a_push_through_its_own_connection_with_one_place(
    engine: EngineProcess, database: Path
) -> None:
    more = {"rdbms": {"type": "sqlite", "database": str(database), "concurrencyLevel": 1}}
    id, doc = engine.sqlite(database, **more), export()
    first = ask(engine, id, doc).json()

    assert submit(engine, id, INSERT, [{"n": -1}, {"n": -2}]) == [{"statusCode": 200}] * 2
    assert rest_of(engine, id, doc, first) == list(range(ROWS))


def test_walk_lets_go_of_its_file_some_seconds_after_its_last_request(engine: EngineProcess, database: Path) -> None:
    id, doc = engine.sqlite(database), export()
    first = ask(engine, id, doc).json()
    assert not can_write(database)

    assert within(8, lambda: can_write(database))
    assert rest_of(engine, id, doc, first) == list(range(ROWS))


def test_walk_of_a_once_export_that_marks_nothing_lets_go_as_any_other(engine: EngineProcess, database: Path) -> None:
    id, doc = engine.sqlite(database), {**export(), "type": "once"}
    first = ask(engine, id, doc).json()
    assert not can_write(database)

    assert within(8, lambda: can_write(database))
    assert rest_of(engine, id, doc, first) == list(range(ROWS))


def test_walk_that_is_ended_lets_go_at_once_and_says_so(engine: EngineProcess, database: Path) -> None:
    id, doc = engine.sqlite(database), export()
    answer = ask(engine, id, doc)
    walk = answer.headers["Celigo-Engine-Walk"]
    other = engine.sqlite(database)
    assert engine.call("DELETE", f"/connections/{other}/walks/{walk}").status_code == 204
    assert not can_write(database)  # a walk of another connection is not ended

    assert engine.call("DELETE", f"/connections/{id}/walks/{walk}").status_code == 204

    assert within(1, lambda: can_write(database))
    refused = ask(engine, id, doc, answer.json()["pagedExportState"])
    assert refused.status_code == 422
    assert "ended" in refused.json()["errors"][0]["message"]
    assert engine.call("DELETE", f"/connections/{id}/walks/{walk}").status_code == 204


@pytest.mark.parametrize("read_only", [False, True])
def test_client_ends_a_walk_that_it_leaves(engine: EngineProcess, database: Path, read_only: bool) -> None:
    with client_of(engine, read_only=read_only) as client:
        connection = client.connections.get(engine.sqlite(database))
        doc = {"rdbms": {"query": "select n from t"}}

        frame = celigo.read_export(doc, connection, max_rows=50)
        assert len(frame) == 50
        assert within(1, lambda: can_write(database))

        chunks = celigo.iter_export(doc, connection, page_size=10)
        next(chunks)
        assert not can_write(database)
        chunks.close()  # type: ignore[attr-defined]
        assert within(1, lambda: can_write(database))


def test_client_that_reads_to_the_end_asks_for_nothing_more(engine: EngineProcess, database: Path) -> None:
    with client_of(engine) as client:
        connection = client.connections.get(engine.sqlite(database))
        before = len(list(client.api.history))
        list(celigo.iter_export({"rdbms": {"query": "select n from t"}}, connection, page_size=10_000))
        assert [call.method for call in list(client.api.history)[before:]] == ["POST", "POST"]


def test_write_that_a_reader_of_too_much_keeps_waiting_names_it(engine: EngineProcess, tmp_path: Path) -> None:
    """The walk cannot be read to its end in the time that a write waits: its query takes a second a row."""
    database = make_sqlite(tmp_path / "s.db", t=[{"n": n} for n in range(300)])
    with sqlite3.connect(database) as connection:
        connection.execute("create table numbers (a)")
        connection.executemany("insert into numbers values (?)", [(n,) for n in range(4000)])
    connection.close()
    id = engine.sqlite(database)
    slow = (
        "select n, case when n < 200 then 0 else "
        "(select count(*) from numbers x, numbers y where x.a + y.a > n) end as c from t"
    )
    ask(engine, id, export(100, slow)).json()

    results = submit(engine, id, INSERT, [{"n": -1}])

    assert results[0]["statusCode"] == 422
    message = results[0]["errors"][0]["message"]
    assert "is locked" in message
    assert f"'slow reader' of the connection 'SQLite {database.name}'" in message


@pytest.mark.postgres
def test_walk_in_postgres_gives_way_to_ddl_of_another_program(engine: EngineProcess, postgres: DatabaseServer) -> None:
    postgres.run("drop table if exists way", "create table way as select g as n from generate_series(0, 19999) g")
    id, doc = engine.connection(postgres.doc), export(500, "select n from way")
    first = ask(engine, id, doc).json()

    started = time.monotonic()
    postgres.run("set lock_timeout = '15s'; alter table way add column late int; drop table way")

    assert time.monotonic() - started < 10
    assert rest_of(engine, id, doc, first) == list(range(20_000))


@pytest.mark.mariadb
@pytest.mark.parametrize("kind", ["InnoDB", "MyISAM"])
def test_walk_in_mariadb_gives_way_to_ddl_through_the_engine(
    engine: EngineProcess, mariadb: DatabaseServer, kind: str
) -> None:
    mariadb.run("drop table if exists way", f"create table way (n int) engine={kind}")
    mariadb.run("insert into way select seq from seq_0_to_19999")
    id = engine.connection({**mariadb.doc, "rdbms": {**mariadb.doc["rdbms"], "concurrencyLevel": 1}})
    doc = export(500, "select n, repeat('x', 500) as more_than_sockets_hold from way")
    first = ask(engine, id, doc).json()

    started = time.monotonic()
    drop = {"rdbms": {"queryType": ["per_record"], "query": ["truncate table way"]}}
    assert submit(engine, id, drop, [{}])[0]["statusCode"] == 200

    assert time.monotonic() - started < 10
    assert rest_of(engine, id, doc, first) == list(range(20_000))
