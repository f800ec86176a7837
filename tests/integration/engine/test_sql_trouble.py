"""What live databases do: tables without transactions, full servers, strange settings, rows that are too large."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.databases import DatabaseServer
from support.engine import EngineProcess


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


def query(engine: EngineProcess, id: str, text: str) -> Any:
    return engine.call("POST", f"/connections/{id}/export", {"export": {"rdbms": {"query": text}, "pageSize": 100}})


def submit(engine: EngineProcess, id: str, block: Any, data: Any) -> list[dict[str, Any]]:
    answer = engine.call("POST", f"/connections/{id}/import", {"import": {"rdbms": block}, "data": data})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def statuses(results: list[dict[str, Any]]) -> list[int]:
    return [result["statusCode"] for result in results]


def bulk(table: str) -> dict[str, Any]:
    return {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": table}}


def with_rdbms(server: DatabaseServer, **more: Any) -> dict[str, Any]:
    return {**server.doc, "rdbms": {**server.doc["rdbms"], **more}}


def is_offline(engine: EngineProcess, id: str) -> bool:
    return bool(engine.call("GET", f"/connections/{id}").json().get("offline"))


RAW = {"queryType": ["per_record"], "query": ["{{{record.q}}}"]}


@pytest.mark.mariadb
@pytest.mark.parametrize("kind", ["MyISAM", "Aria", "MEMORY", "InnoDB"])
def test_mariadb_bulk_insert_with_a_failing_row_stores_the_others_once(
    engine: EngineProcess, mariadb: DatabaseServer, kind: str
) -> None:
    mariadb.run("drop table if exists plain", f"create table plain(id int primary key, s varchar(20)) engine={kind}")
    id = engine.connection(mariadb.doc)
    data = [{"id": number, "s": "x"} for number in (1, 2, 2, 3, 1, 4)]

    results = submit(engine, id, bulk("plain"), data)

    assert statuses(results) == [200, 200, 422, 200, 422, 200], results
    assert [results[number]["errors"][0]["code"] for number in (2, 4)] == ["1062", "1062"]
    assert "not known" not in results[2]["errors"][0]["message"]
    assert query(engine, id, "select id from plain order by id").json()["data"] == [
        {"id": number} for number in (1, 2, 3, 4)
    ]


@pytest.mark.mariadb
def test_mariadb_statement_of_several_rows_says_what_it_cannot_undo(
    engine: EngineProcess, mariadb: DatabaseServer
) -> None:
    mariadb.run("drop table if exists plain", "create table plain(id int primary key) engine=MyISAM")
    mariadb.run("drop table if exists sound", "create table sound(id int primary key) engine=InnoDB")
    id = engine.connection(mariadb.doc)
    texts = ["insert into sound values (1), (2), (1)", "insert into plain values (1), (2), (1)"]

    results = submit(engine, id, RAW, [{"q": text} for text in texts])

    assert statuses(results) == [422, 502]
    assert "not known" not in results[0]["errors"][0]["message"]
    assert "keeps no transactions" in results[1]["errors"][0]["message"]
    assert query(engine, id, "select count(*) as n from plain").json()["data"] == [{"n": 2}]
    assert query(engine, id, "select count(*) as n from sound").json()["data"] == [{"n": 0}]


@pytest.mark.mariadb
def test_mariadb_in_the_mode_of_oracle_takes_imports(engine: EngineProcess, mariadb: DatabaseServer) -> None:
    mariadb.run("drop table if exists o", "create table o(id int primary key, s varchar(9))")
    mariadb.run_as_root("set global sql_mode = 'ORACLE'")
    try:
        id = engine.connection(mariadb.doc)
        insert = {"queryType": ["per_record"], "query": ["insert into o values ({{record.id}}, {{record.s}})"]}

        assert statuses(submit(engine, id, insert, [{"id": 1, "s": "it's"}, {"id": 1, "s": "b"}])) == [200, 422]
        assert statuses(submit(engine, id, bulk("o"), [{"id": 2, "s": "c"}, {"id": 2, "s": "d"}])) == [200, 422]
        assert query(engine, id, "select id, s from o order by id").json()["data"] == [
            {"id": 1, "s": "it's"}, {"id": 2, "s": "c"},
        ]  # fmt: skip
    finally:
        mariadb.run_as_root("set global sql_mode = default")


@pytest.mark.mariadb
@pytest.mark.parametrize("how", ["bulk", "per_record"])
def test_mariadb_row_that_is_too_large_fails_alone_and_says_why(
    engine: EngineProcess, mariadb: DatabaseServer, how: str
) -> None:
    mariadb.run("drop table if exists large", "create table large(id int primary key, s longtext)")
    mariadb.run_as_root("set global max_allowed_packet = 1048576")
    try:
        id = engine.connection(mariadb.doc)
        insert = {"queryType": ["per_record"], "query": ["insert into large values ({{record.id}}, {{record.s}})"]}
        data = [{"id": 1, "s": "a"}, {"id": 2, "s": "x" * 1_200_000}, {"id": 3, "s": "y" * 900_000}]

        results = submit(engine, id, insert if how == "per_record" else bulk("large"), data)

        assert statuses(results) == [200, 422, 200]
        assert "max_allowed_packet" in results[1]["errors"][0]["message"]
        assert "1,048,576" in results[1]["errors"][0]["message"]
        assert query(engine, id, "select id from large order by id").json()["data"] == [{"id": 1}, {"id": 3}]
    finally:
        mariadb.run_as_root("set global max_allowed_packet = default")


@pytest.mark.mariadb
@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_server_without_tls_is_refused_where_tls_is_asked_for(
    request: pytest.FixtureRequest, engine: EngineProcess, kind: str
) -> None:
    server = request.getfixturevalue(kind)
    id = engine.connection(with_rdbms(server, ssl=True, disableStrictSSL=True))

    answer = query(engine, id, "select 1 as one")

    assert answer.status_code == 422
    text = answer.json()["errors"][0]["message"]
    assert "SSL" in text or "TLS" in text
    assert not is_offline(engine, id)


def _wait_until_gone(postgres: DatabaseServer, user: str) -> None:
    """Wait until the server has let go of a user's sessions, which it does some time after they were closed."""
    with postgres.connect() as connection:
        of_user = "select count(*) from pg_stat_activity where usename = %s"
        while connection.execute(of_user, [user]).fetchone() != (0,):
            time.sleep(0.01)


@pytest.mark.postgres
def test_postgres_that_is_full_marks_nothing_offline(engine: EngineProcess, postgres: DatabaseServer) -> None:
    postgres.run(
        "drop role if exists narrow", "create role narrow login password 'pw' connection limit 1",
        "grant all on schema public to narrow",
    )  # fmt: skip
    import psycopg

    id = engine.connection(with_rdbms(postgres, user="narrow", password="pw"))
    with psycopg.connect(host="127.0.0.1", port=postgres.port, dbname="shop", user="narrow", password="pw"):
        answer = query(engine, id, "select 1 as one")
        assert "too many connections" in answer.json()["errors"][0]["message"]
        assert not is_offline(engine, id)
        pinged = engine.call("GET", f"/connections/{id}/ping").json()
        assert pinged["code"] == 503
        assert not is_offline(engine, id)

    _wait_until_gone(postgres, "narrow")
    assert query(engine, id, "select 1 as one").status_code == 200

    wrong = engine.connection(with_rdbms(postgres, user="narrow", password="no"))
    assert query(engine, wrong, "select 1 as one").status_code == 422
    assert is_offline(engine, wrong)


@pytest.mark.postgres
def test_postgres_whose_clients_are_of_another_encoding_is_read_in_utf8(
    engine: EngineProcess, postgres: DatabaseServer
) -> None:
    postgres.run(
        "drop role if exists ascii", "create role ascii login password 'pw'", "grant all on schema public to ascii",
        "alter role ascii set client_encoding = 'SQL_ASCII'", "drop table if exists e", "create table e(s text)",
        "grant all on e to ascii",
    )  # fmt: skip
    id = engine.connection(with_rdbms(postgres, user="ascii", password="pw"))

    assert query(engine, id, "select 'ü' as s").json()["data"] == [{"s": "ü"}]
    assert statuses(submit(engine, id, bulk("e"), [{"s": "漢"}])) == [200]
    assert query(engine, id, "select s from e").json()["data"] == [{"s": "漢"}]


@pytest.mark.postgres
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_postgres_database_of_another_encoding_says_what_it_cannot_hold(
    engine: EngineProcess, postgres: DatabaseServer, encoding: str
) -> None:
    name = f"of_{encoding.lower()}"
    postgres.run(f"drop database if exists {name} with (force)")
    postgres.run(f"create database {name} encoding '{encoding}' template template0 lc_collate 'C' lc_ctype 'C'")
    id = engine.connection(with_rdbms(postgres, database=name))
    submit(engine, id, {"queryType": ["per_record"], "query": ["create table t(s text)"]}, [{}])

    results = submit(engine, id, bulk("t"), [{"s": "é"}, {"s": "漢"}])

    assert results[0]["statusCode"] == 200
    if encoding == "LATIN1":
        assert results[1]["statusCode"] == 422
        assert '"LATIN1"' in results[1]["errors"][0]["message"]
    assert {"s": "é"} in query(engine, id, "select s from t").json()["data"]


@pytest.mark.postgres
def test_postgres_record_that_rolls_itself_back_is_no_success(engine: EngineProcess, postgres: DatabaseServer) -> None:
    postgres.run("drop table if exists r", "create table r(id int)")
    id = engine.connection(postgres.doc)
    texts = ["insert into r values (1); rollback", "insert into r values (2)",
             "insert into r values (3); rollback to savepoint one_record", "select 1; rollback"]  # fmt: skip

    results = submit(engine, id, RAW, [{"q": text} for text in texts])

    assert statuses(results) == [422, 422, 422, 200]
    assert "rolled back what it had written itself" in results[0]["errors"][0]["message"]
    assert query(engine, id, "select id from r").json()["data"] == []


def test_log_of_the_engine_keeps_back_what_libraries_say(capsys: pytest.CaptureFixture[str]) -> None:
    import logging
    import sys

    from celigo_pandas.engine.program.program import _without_data

    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_data)
    for name in ("psycopg.pool", "celigo_pandas.engine"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        try:
            logger.warning("the row %s", "secret row")
        finally:
            logger.removeHandler(handler)

    assert capsys.readouterr().err.splitlines() == [
        "said something, which is not shown: it may hold data", "the row secret row",
    ]  # fmt: skip
