"""The SQL adaptor against real servers: types both ways, quoting, one snapshot under writes, refused logins."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.databases import PASSWORD, DatabaseServer
from support.engine import EngineProcess

ROWS = 200_000
SERVERS = [
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
]


RAW = {"queryType": ["per_record"], "query": ["{{{record.q}}}"]}


def statuses(results: list[dict[str, Any]]) -> list[int]:
    return [result["statusCode"] for result in results]


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


@pytest.fixture
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    found: DatabaseServer = request.getfixturevalue(request.param)
    return found


def query(engine: EngineProcess, id: str, text: str) -> Any:
    return engine.call("POST", f"/connections/{id}/export", {"export": {"rdbms": {"query": text}, "pageSize": 100}})


def submit(engine: EngineProcess, id: str, block: Any, data: Any) -> list[dict[str, Any]]:
    answer = engine.call("POST", f"/connections/{id}/import", {"import": {"rdbms": block}, "data": data})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.mark.postgres
def test_postgres_types_to_json_and_back(engine: EngineProcess, postgres: DatabaseServer) -> None:
    columns = (
        "id bigint primary key, n numeric, f float8, t timestamp, tz timestamptz, d date, ti time, iv interval, "
        "j jsonb, u uuid, b bytea, a int[], ta text[], bo boolean, s text"
    )
    postgres.run("drop table if exists kinds", "drop table if exists copies", f"create table kinds({columns})",
                 f"create table copies({columns})")  # fmt: skip
    postgres.run(
        "insert into kinds values (9007199254740993, 12.3400, 1.5, '2020-01-02 03:04:05.678901', "
        "'2020-01-02 03:04:05+05:30', '2020-01-02', '03:04:05', '1 day 02:03:04', "
        '\'{"x": [1, null, {"y": "ü"}]}\', '
        "'0b2c9a5e-6f3a-4b6c-9d3e-1f2a3b4c5d6e', '\\xdeadbeef', '{1,2,null}', '{\"a b\",\"c,d\"}', true, 'it''s \\')",
        "insert into kinds(id, n, f, tz, d) values (2, 'NaN', 'Infinity', 'infinity', '0044-03-15 BC')",
        "insert into kinds(id, n) values (3, 123456789012345678901234567890.12345), (4, 5)",
    )
    id = engine.connection(postgres.doc)

    found = query(engine, id, "select * from kinds order by id desc").json()["data"]

    assert found[0] == {
        "id": 9007199254740993, "n": 12.34, "f": 1.5, "t": "2020-01-02T03:04:05.678901",
        "tz": "2020-01-01T21:34:05+00:00", "d": "2020-01-02", "ti": "03:04:05", "iv": "26:03:04",
        "j": {"x": [1, None, {"y": "ü"}]}, "u": "0b2c9a5e-6f3a-4b6c-9d3e-1f2a3b4c5d6e", "b": "3q2+7w==",
        "a": [1, 2, None], "ta": ["a b", "c,d"], "bo": True, "s": "it's \\",
    }  # fmt: skip
    assert [record["n"] for record in found[1:]] == [5, "123456789012345678901234567890.12345", "NaN"]
    assert (found[3]["f"], found[3]["tz"], found[3]["d"]) == ("Infinity", "infinity", "0044-03-15 BC")
    bulk = {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "public.copies"}}
    results = submit(engine, id, bulk, found)
    assert [result["statusCode"] for result in results] == [200] * 4, results
    assert query(engine, id, "select * from copies order by id desc").json()["data"] == found
    postgres.run("truncate copies")
    row = ", ".join(f"{{{{record.{name}}}}}" for name in ("id", "n", "t", "tz", "d", "u", "s"))
    insert = {"queryType": ["per_record"], "query": [f"insert into copies(id, n, t, tz, d, u, s) values ({row})"]}
    assert submit(engine, id, insert, found[:1]) == [{"statusCode": 200}]
    (copy,) = query(engine, id, "select id, n, t, tz, d, u, s from copies").json()["data"]
    assert copy == {name: found[0][name] for name in copy}


@pytest.mark.postgres
def test_postgres_values_that_python_would_change_are_postgres_text(
    engine: EngineProcess, postgres: DatabaseServer
) -> None:
    columns = (
        "id int, ti time, iv interval, r tstzrange, m int4multirange, j jsonb, k json, a interval[], ra daterange[]"
    )
    postgres.run(
        "drop table if exists odd, odd_copies", f"create table odd({columns})", f"create table odd_copies({columns})"
    )
    postgres.run(
        "insert into odd values (1, '24:00:00', '-1 mon', '[infinity,)', '{[1,3),[5,9)}', "
        """'{"n": 12345678901234567890.5, "m": 1.10}', '[1e400]', '{1 year 2 days,1 day}', """
        """'{"[2020-01-01,infinity)"}'), """
        "(2, null, '1 day 02:00:00', 'empty', null, null, 'null', null, null)"
    )
    id = engine.connection(postgres.doc)

    found = query(engine, id, "select * from odd order by id").json()["data"]

    assert found == [
        {"id": 1, "ti": "24:00:00", "iv": "-1 mons", "r": "[infinity,)", "m": "{[1,3),[5,9)}",
         "j": {"n": "12345678901234567890.5", "m": 1.1}, "k": ["1e400"], "a": ["1 year 2 days", "24:00:00"],
         "ra": ["[2020-01-01,infinity)"]},
        {"id": 2, "ti": None, "iv": "26:00:00", "r": "empty", "m": None, "j": None, "k": None, "a": None, "ra": None},
    ]  # fmt: skip
    bulk = {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "odd_copies"}}
    assert statuses(submit(engine, id, bulk, found)) == [200, 200]
    assert query(engine, id, "select * from odd_copies order by id").json()["data"] == found
    nulls = "select j is null as j, k is null as k from odd_copies where id = 2"
    assert query(engine, id, nulls).json()["data"] == [{"j": True, "k": True}]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_bulk_insert_takes_names_with_percent_signs(engine: EngineProcess, server: DatabaseServer) -> None:
    quote = "`" if server.kind == "mariadb" else '"'
    table, column = f"{quote}of 1%s{quote}", f"{quote}rate%{quote}"
    server.run(f"drop table if exists {table}", f"create table {table}(id int, {column} varchar(9) default 'd')")
    id = engine.connection(server.doc)
    bulk = {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "of 1%s"}}

    results = submit(engine, id, bulk, [{"id": 1, "rate%": "5%"}, {"id": 2, "rate%": "%s"}, {}, {"rate%%": "x"}])

    assert statuses(results) == [200, 200, 200, 422]
    assert query(engine, id, f"select {column} as r from {table} order by id is null, id").json()["data"] == [
        {"r": "5%"}, {"r": "%s"}, {"r": "d"},
    ]  # fmt: skip


@pytest.mark.mariadb
def test_mariadb_types_to_json_and_back(engine: EngineProcess, mariadb: DatabaseServer) -> None:
    columns = (
        "id bigint primary key, n decimal(20,4), f double, t datetime(6), d date, ti time, b varbinary(20), "
        "bo tinyint(1), s text, ts timestamp null, j json"
    )
    mariadb.run("drop table if exists kinds", "drop table if exists copies", f"create table kinds({columns})",
                f"create table copies({columns})")  # fmt: skip
    mariadb.run(
        "insert into kinds values (9007199254740993, 12.3400, 1.5, '2020-01-02 03:04:05.678901', '2020-01-02', "
        "'30:04:05', x'deadbeef', 1, 'it''s é', '2020-01-02 03:04:05', '{\"a\":[1]}')"
    )
    id = engine.connection(mariadb.doc)

    found = query(engine, id, "select * from kinds").json()["data"]

    # MariaDB's json is a text type: what comes is the text.
    assert found == [
        {"id": 9007199254740993, "n": 12.34, "f": 1.5, "t": "2020-01-02T03:04:05.678901", "d": "2020-01-02",
         "ti": "30:04:05", "b": "3q2+7w==", "bo": 1, "s": "it's é", "ts": "2020-01-02T03:04:05", "j": '{"a":[1]}'}
    ]  # fmt: skip
    bulk = {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "copies"}}
    assert submit(engine, id, bulk, found) == [{"statusCode": 200}]
    assert query(engine, id, "select * from copies").json()["data"] == found
    moment = "2021-01-01T02:00:00.000+02:00"
    assert submit(engine, id, bulk, [{"id": 5, "t": moment, "ts": moment, "s": "z"}]) == [{"statusCode": 200}]
    assert query(engine, id, "select t, ts from copies where id = 5").json()["data"] == [
        {"t": "2021-01-01T00:00:00", "ts": "2021-01-01T00:00:00"}
    ]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_quoted_values_cannot_leave_their_quotes(engine: EngineProcess, server: DatabaseServer) -> None:
    """A backslash escapes a quote in MySQL's default mode; the session's mode must not."""
    server.run("drop table if exists q", "create table q(id int primary key, s text)")
    id = engine.connection(server.doc)
    evil = ["\\'); drop table q; -- ", "\\", "\\' or 1=1 -- ", "'", "''", "%s %(x)s %", ":name", '"', "\\\\'", "a\nb"]
    insert = {"queryType": ["per_record"], "query": ["insert into q values ({{record.id}}, {{record.s}})"]}
    data = [{"id": number, "s": text} for number, text in enumerate(evil)]

    assert submit(engine, id, insert, data) == [{"statusCode": 200}] * len(evil)

    assert [one["s"] for one in query(engine, id, "select s from q order by id").json()["data"]] == evil
    assert query(engine, id, "select s from q where s like '%\\%s%'").status_code == 200


SETTINGS = {
    "postgresql": [
        "set standard_conforming_strings = off", "set timezone = 'Asia/Tokyo'", "set search_path to pg_catalog",
        "set role pg_read_all_data", "create temporary table q as select 0 as id, 'x' as s",
        "select pg_advisory_lock(1)",
    ],
    "mariadb": [
        "set session sql_mode = ''", "set session time_zone = '+09:00'", "use information_schema", "set names gbk",
        "set autocommit = 1", "create temporary table q as select 0 as id, 'x' as s", "set @a = 1",
        "select get_lock('a', 0)",
    ],
}  # fmt: skip
SHOWN = {
    "postgresql": "select current_setting('standard_conforming_strings') as a, current_setting('timezone') as b, "
    "current_setting('search_path') as c, current_user as d, current_setting('datestyle') as e, "
    "(select count(*) from pg_locks where locktype = 'advisory') as f",
    "mariadb": "select @@sql_mode as a, @@time_zone as b, database() as c, @@character_set_client as d, "
    "@@autocommit as e, @a as f, is_used_lock('a') as g, @@wait_timeout as h, @@net_write_timeout as i, "
    "@@collation_connection as j",
}


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_session_is_the_same_for_every_call(engine: EngineProcess, server: DatabaseServer) -> None:
    """A document that lifts the literals' safety would open the next one's quoted values."""
    server.run("drop table if exists q", "create table q(id int primary key, s text)", "insert into q values (1, 'a')")
    id = engine.connection(server.doc)
    before = query(engine, id, SHOWN[server.kind]).json()["data"]

    for text in SETTINGS[server.kind]:
        # A document may fail as well as succeed after it has changed its session.
        assert query(engine, id, text).status_code == 200
        assert statuses(submit(engine, id, RAW, [{"q": text}, {"q": "nonsense"}])) == [200, 422]
        assert query(engine, id, SHOWN[server.kind]).json()["data"] == before, text
        for value, found in (("\\' or 1=1 -- ", []), ("a", [{"s": "a"}])):
            chosen = {"rdbms": {"query": "select s from q where s = {{settings.export.v}}"}, "settings": {"v": value}}
            answer = engine.call("POST", f"/connections/{id}/export", {"export": chosen})
            assert answer.json().get("data") == found, (text, answer.text)


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_sessions_are_reused(engine: EngineProcess, server: DatabaseServer) -> None:
    id = engine.connection(server.doc)
    text = {"postgresql": "select pg_backend_pid() as id", "mariadb": "select connection_id() as id"}[server.kind]

    assert len({query(engine, id, text).json()["data"][0]["id"] for _ in range(4)}) == 1


@pytest.mark.postgres
def test_postgres_limit_that_the_sql_lifts_is_kept_by_the_client(postgres: DatabaseServer) -> None:
    text = "set statement_timeout = 0; select pg_sleep(600)"
    left = "select count(*) as n from pg_stat_activity where query like '%pg_sleep(6' || '00)%'"
    with EngineProcess("--call-timeout", "1.5") as engine:
        id = engine.connection(postgres.doc)
        answer = query(engine, id, text)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "57014")
        results = submit(engine, id, RAW, [{"q": "select 1"}, {"q": text}, {"q": "select 1"}])
        assert statuses(results) == [200, 422, 422]
        assert [result["errors"][0]["code"] for result in results[1:]] == ["57014", "source_timeout"]
        assert query(engine, id, left).json()["data"] == [{"n": 0}]


@pytest.mark.postgres
def test_postgres_login_uses_no_password_from_elsewhere(
    postgres: DatabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libpq would take one from the user's file for any server that a document names."""
    import psycopg

    from celigo_pandas.engine.adaptors.sql.postgres import open_postgres

    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:*:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    block = postgres.doc["rdbms"]

    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        open_postgres({**block, "password": ""}, "127.0.0.1", "127.0.0.1", postgres.port)
    open_postgres(block, "127.0.0.1", "127.0.0.1", postgres.port).close()


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_batch_keeps_its_good_rows(engine: EngineProcess, server: DatabaseServer) -> None:
    server.run("drop table if exists g", "create table g(id int primary key, n int not null)")
    id = engine.connection(server.doc)
    data = [{"id": 1, "n": 1}, {"id": 1, "n": 2}, {"id": 2, "n": None}, {"id": 3, "n": "x"}, {"id": 4, "n": 4}]

    results = submit(engine, id, {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "g"}}, data)

    assert [result["statusCode"] for result in results] == [200, 422, 422, 422, 200]
    assert all(result["errors"][0]["code"] not in {"", "database_error"} for result in results if "errors" in result)
    assert query(engine, id, "select id, n from g order by id").json()["data"] == [{"id": 1, "n": 1}, {"id": 4, "n": 4}]


def ids(engine: EngineProcess, id: str, table: str) -> list[int]:
    return [one["id"] for one in query(engine, id, f"select id from {table} order by id").json()["data"]]


@pytest.mark.mariadb
def test_mariadb_deadlock_is_told_of_every_record_it_undid(engine: EngineProcess, mariadb: DatabaseServer) -> None:
    mariadb.run("drop table if exists w, x, y", *(f"create table {name}(id int primary key, n int)" for name in "wxy"),
                "insert into x values (1, 0)", "insert into y values (1, 0)")  # fmt: skip
    id = engine.connection(mariadb.doc)
    texts = [
        "insert into w values (1, 1)",
        "update x set n = n + 1",
        "update y set n = n + 1",
        "insert into w values (2, 2)",
    ]
    results: list[dict[str, Any]] = []
    other = mariadb.connect()
    cursor = other.cursor()
    cursor.execute("begin")
    # The database ends the transaction that has changed less.
    for number in range(100, 300):
        cursor.execute(f"insert into w values ({number}, 0)")
    cursor.execute("update y set n = 10")
    work = threading.Thread(target=lambda: results.extend(submit(engine, id, RAW, [{"q": text} for text in texts])))
    work.start()
    while True:
        cursor.execute("select count(*) from information_schema.processlist where info = %s", (texts[2],))
        if cursor.fetchone() == (1,):
            break
        time.sleep(0.05)
    cursor.execute("update x set n = 10")
    cursor.execute("commit")
    work.join(30)
    other.close()

    assert statuses(results) == [422, 422, 422, 200]
    assert {result["errors"][0]["code"] for result in results[:3]} == {"1213"}
    assert "Deadlock" in results[0]["errors"][0]["message"]
    assert [one for one in ids(engine, id, "w") if one < 100] == [2]
    assert query(engine, id, "select n from x").json()["data"] == [{"n": 10}]


@pytest.mark.mariadb
def test_mariadb_statement_that_commits_is_no_failure(engine: EngineProcess, mariadb: DatabaseServer) -> None:
    """DDL commits what was written before it, also when it fails, and the savepoint goes with the transaction."""
    mariadb.run("drop table if exists z, made", "create table z(id int primary key)", "insert into z values (90)")
    id = engine.connection(mariadb.doc)
    assert (
        statuses(submit(engine, id, {"queryType": ["first_page"], "query": ["truncate table z"]}, [{}, {}]))
        == [200] * 2
    )
    assert ids(engine, id, "z") == []
    texts = [
        "insert into z values (1)", "create table made(id int)", "insert into z values (1)",
        "insert into z values (2)", "/* again */ create table made(id int)",
        "insert into z values (3)", "rollback", "insert into z values (4)",
        "start transaction", "insert into z values (5)",
    ]  # fmt: skip

    results = submit(engine, id, RAW, [{"q": text} for text in texts])

    assert statuses(results) == [200, 200, 422, 200, 422, 422, 200, 200, 200, 200]
    codes = [result["errors"][0]["code"] for result in results if "errors" in result]
    assert codes == ["1062", "1050", "transaction_ended"]
    assert ids(engine, id, "z") == [1, 2, 4, 5]


@pytest.mark.mariadb
def test_mariadb_procedure_that_ends_the_transaction_leaves_the_outcome_unknown(
    engine: EngineProcess, mariadb: DatabaseServer
) -> None:
    mariadb.run("drop table if exists z", "create table z(id int primary key)", "drop procedure if exists ender",
                "create procedure ender() begin insert into z values (50); commit; end")  # fmt: skip
    id = engine.connection(mariadb.doc)

    results = submit(engine, id, RAW, [{"q": text} for text in ("insert into z values (1)", "call ender()")])

    assert statuses(results) == [502, 200]
    assert "not known" in results[0]["errors"][0]["message"]
    assert ids(engine, id, "z") == [1, 50]


@pytest.mark.postgres
def test_postgres_statement_that_ends_the_transaction_decides_over_the_records_before_it(
    engine: EngineProcess, postgres: DatabaseServer
) -> None:
    postgres.run("drop table if exists z", "create table z(id int primary key)")
    id = engine.connection(postgres.doc)
    texts = ["insert into z values (1)", "insert into z values (2); commit; insert into z values (3)",
             "insert into z values (1)", "insert into z values (4)", "insert into z values (5); rollback",
             "insert into z values (6)", "insert into z values (7); commit; begin; insert into z values (8)",
             "insert into z values (9)", "commit; insert into z values (1)", "insert into z values (10)"]  # fmt: skip

    results = submit(engine, id, RAW, [{"q": text} for text in texts])

    assert statuses(results) == [200, 200, 422, 422, 422, 502, 422, 502, 422, 200]
    messages = [result["errors"][0]["message"] if "errors" in result else "" for result in results]
    assert "duplicate key" in messages[2]
    assert "Rolled back" in messages[3]
    assert "rolled back what it had written itself" in messages[4]
    assert "not known" in messages[5]
    assert "began another" in messages[6]
    assert "not known" in messages[7]
    assert ids(engine, id, "z") == [1, 2, 3, 6, 7, 9, 10]


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("slow", "kept"),
    [
        ("create table made as select sleep({})", True),
        ("insert into z select 5 + sleep({})", False),
        ("create temporary table tmp as select sleep({})", False),
    ],
    ids=["commits first", "changes rows", "commits nothing"],
)
def test_mariadb_statement_that_outlasts_the_call_decides_over_the_records_before_it(
    mariadb: DatabaseServer, slow: str, kept: bool
) -> None:
    for seconds in (1.5, 6, 24):
        mariadb.run("drop table if exists z, made", "create table z(id int primary key)")
        texts = ["insert into z values (1)", slow.format(2 * seconds + 1), "insert into z values (2)"]
        with EngineProcess("--call-timeout", str(seconds)) as engine:
            id = engine.connection(mariadb.doc)
            results = submit(engine, id, RAW, [{"q": text} for text in texts])
            stored = ids(engine, id, "z")
        message = results[1]["errors"][0]["message"]
        if "Not tried" not in message:  # a busy machine may use the time up before the statement is begun
            break
    assert statuses(results) == [200 if kept else 422, 422, 422], results
    assert "timed out" in message
    assert stored == ([1] if kept else [])


@pytest.mark.postgres
def test_postgres_copy_is_refused_with_its_reason(engine: EngineProcess, postgres: DatabaseServer) -> None:
    """The driver leaves the connection in the midst of it: what is not committed is gone, and said to be."""
    postgres.run("drop table if exists z", "create table z(id int primary key)")
    id = engine.connection(postgres.doc)
    for text in ("copy z to stdout", "copy z from stdin"):
        answer = query(engine, id, text)
        assert (answer.status_code, "COPY cannot be used" in answer.text) == (422, True), answer.text
        results = submit(engine, id, RAW, [{"q": one} for one in ("insert into z values (1)", text, "select 1")])
        assert statuses(results) == [422, 422, 422]
        assert all("COPY cannot be used" in result["errors"][0]["message"] for result in results)
        assert ids(engine, id, "z") == []


@pytest.mark.parametrize("server", SERVERS, indirect=True)
@pytest.mark.parametrize("host", ["\ud800", "x" * 300, "a..b"], ids=ascii)
def test_server_host_that_is_no_name_is_a_failed_ping(engine: EngineProcess, server: DatabaseServer, host: str) -> None:
    doc = {**server.doc, "rdbms": {**server.doc["rdbms"], "host": host}}

    assert engine.call("POST", "/connections/ping", doc).json()["code"] == 503


@pytest.mark.postgres
def test_postgres_constraint_that_is_looked_at_when_committing_fails_the_records(
    engine: EngineProcess, postgres: DatabaseServer
) -> None:
    postgres.run("drop table if exists k, l", "create table l(id int primary key)", "insert into l values (1)",
                 "create table k(id int, l int references l(id) deferrable initially deferred)")  # fmt: skip
    id = engine.connection(postgres.doc)
    texts = ["insert into k values (1, 1)", "insert into k values (2, 99)"]

    results = submit(engine, id, RAW, [{"q": text} for text in texts])

    assert [result["errors"][0]["code"] for result in results] == ["23503", "23503"]
    assert ids(engine, id, "k") == []
    assert statuses(submit(engine, id, RAW, [{"q": texts[0]}])) == [200]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_connection_lost_in_a_batch_is_told_of_every_record(
    engine: EngineProcess, server: DatabaseServer
) -> None:
    server.run("drop table if exists z", "create table z(id int primary key)")
    id = engine.connection(server.doc)
    end = {
        "postgresql": "select pg_terminate_backend(pg_backend_pid())",
        "mariadb": "kill connection_id()",
    }[server.kind]

    results = submit(
        engine, id, RAW, [{"q": text} for text in ("insert into z values (1)", end, "insert into z values (2)")]
    )

    assert statuses(results) == [422, 422, 422]
    assert "Rolled back" in results[0]["errors"][0]["message"]
    assert "Not tried" in results[2]["errors"][0]["message"]
    assert ids(engine, id, "z") == []
    assert "Traceback" not in engine.log()


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_refused_login_sets_offline(engine: EngineProcess, server: DatabaseServer) -> None:
    doc = {**server.doc, "rdbms": {**server.doc["rdbms"], "password": "wrong-password-of-the-test"}}
    id = engine.connection(doc)

    answer = query(engine, id, "select 1 as one")

    assert answer.status_code == 422
    assert "wrong-password" not in answer.text
    assert engine.call("GET", f"/connections/{id}").json()["offline"] is True
    assert engine.call("PUT", f"/connections/{id}", server.doc).json()["offline"] is False
    assert query(engine, id, "select 1 as one").json()["data"] == [{"one": 1}]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_login_that_a_lookup_is_refused_is_not_tried_again(
    engine: EngineProcess, server: DatabaseServer
) -> None:
    id = engine.connection({**server.doc, "rdbms": {**server.doc["rdbms"], "password": "wrong-password-of-the-test"}})
    lookup = {"name": "l", "query": "select 1", "allowFailures": True}
    fields = [{"generate": "id", "extract": "id"}, {"generate": "g", "extract": "id", "lookupName": "l"}]
    body = {"mapping": {"fields": fields}, "rdbms": {**RAW, "lookups": [lookup]}}

    answer = engine.call("POST", f"/connections/{id}/import", {"import": body, "data": [{"id": 1}, {"id": 2}]})

    assert [(result["statusCode"], result["errors"][0]["code"]) for result in answer.json()] == [
        (403, "connection_offline"),
        (403, "connection_offline"),
    ]
    assert engine.call("GET", f"/connections/{id}").json()["offline"] is True


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_virtual_ping_and_unreachable_port(engine: EngineProcess, server: DatabaseServer) -> None:
    assert engine.call("POST", "/connections/ping", server.doc).json() == {"code": 200}
    dead = {**server.doc, "rdbms": {**server.doc["rdbms"], "port": 1}}
    answer = engine.call("POST", "/connections/ping", dead).json()
    assert answer["code"] == 503
    assert answer["errors"][0]["message"]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_statement_that_returns_nothing_is_an_empty_export(
    engine: EngineProcess, server: DatabaseServer
) -> None:
    server.run("drop table if exists e", "create table e(id int)")
    id = engine.connection(server.doc)

    assert query(engine, id, "insert into e values (1)").json()["data"] == []
    assert query(engine, id, "select id from e").json()["data"] == [{"id": 1}]


@pytest.mark.postgres
def test_postgres_insert_returning_gives_its_rows(engine: EngineProcess, postgres: DatabaseServer) -> None:
    postgres.run("drop table if exists e", "create table e(id serial, s text)")
    id = engine.connection(postgres.doc)
    with_insert = "with x as (insert into e(s) values ('b') returning id, s) select * from x"

    assert query(engine, id, "insert into e(s) values ('a') returning id, s").json()["data"] == [{"id": 1, "s": "a"}]
    assert query(engine, id, with_insert).json()["data"] == [{"id": 2, "s": "b"}]
    insert = {"queryType": ["per_record"], "query": ["insert into e(s) values ({{record.s}}) returning id, s"]}
    assert submit(engine, id, insert, [{"s": "c"}]) == [{"statusCode": 200, "id": "3", "_json": {"id": 3, "s": "c"}}]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
@pytest.mark.parametrize("order", ["", " order by shuffled"], ids=["unordered", "unindexed order"])
def test_server_snapshot_gives_every_row_once_while_others_write(
    engine: EngineProcess, server: DatabaseServer, order: str
) -> None:
    fill = {
        "postgresql": f"n, (n * 7919) % {ROWS}, 'row ' || n from generate_series(1, {ROWS}) as s(n)",
        "mariadb": f"seq, (seq * 7919) % {ROWS}, concat('row ', seq) from seq_1_to_{ROWS}",
    }
    server.run("drop table if exists big", "create table big(id int primary key, shuffled int, s varchar(40))",
               f"insert into big select {fill[server.kind]}")  # fmt: skip
    id = engine.connection(server.doc)
    stop = threading.Event()
    changes = [0]

    def write() -> None:
        connection = server.connect()
        cursor = connection.cursor()
        while not stop.is_set():
            number = changes[0]
            cursor.execute(f"insert into big values ({ROWS + 1 + number}, {number % ROWS}, 'new')")
            cursor.execute(f"delete from big where id = {1 + (number * 104_729) % ROWS}")
            changes[0] += 1
        connection.close()

    pages = engine.pages(id, {"pageSize": 10_000, "rdbms": {"query": f"select id, shuffled, s from big{order}"}})
    found = [record["id"] for record in next(pages)["data"]]
    writer = threading.Thread(target=write)
    writer.start()
    last = -1
    try:
        for page in pages:
            found += [record["id"] for record in page["data"]]
            if order:
                assert [one["shuffled"] for one in page["data"]] == sorted(one["shuffled"] for one in page["data"])
                last = page["data"][-1]["shuffled"]
    finally:
        stop.set()
        writer.join(30)

    assert changes[0] > 50
    assert sorted(found) == list(range(1, ROWS + 1))
    assert last == (ROWS - 1 if order else -1)


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_that_hangs_is_answered_for_and_blocks_nobody(server: DatabaseServer) -> None:
    sleep = {"postgresql": "select pg_sleep(600)", "mariadb": "select sleep(600)"}[server.kind]
    with EngineProcess("--call-timeout", "1.5") as engine:
        id = engine.connection(server.doc)
        for path in ("export", "export/pages"):
            started = time.monotonic()
            answer = engine.call("POST", f"/connections/{id}/{path}", {"export": {"rdbms": {"query": sleep}}})
            assert answer.status_code == 422, answer.text
            assert time.monotonic() - started < 12
        assert query(engine, id, "select 1 as one").json()["data"] == [{"one": 1}]
    assert "Traceback" not in engine.log()


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_result_that_nobody_reads_to_its_end_is_dropped_quietly(
    engine: EngineProcess, server: DatabaseServer
) -> None:
    rows = {"postgresql": "n from generate_series(1, 50000) as s(n)", "mariadb": "seq as n from seq_1_to_50000"}
    text = f"select {rows[server.kind]}"
    id = engine.connection(server.doc)

    assert len(query(engine, id, text).json()["data"]) == 100
    assert len(query(engine, id, f"{text} order by n desc").json()["data"]) == 100

    assert "Traceback" not in engine.log()


@pytest.mark.alone
@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_server_unindexed_order_costs_at_most_twice_the_indexed(engine: EngineProcess, server: DatabaseServer) -> None:
    fill = {"postgresql": "n, (n * 7919) % 60000 from generate_series(1, 60000) as s(n)",
            "mariadb": "seq, (seq * 7919) % 60000 from seq_1_to_60000"}[server.kind]  # fmt: skip
    server.run(
        "drop table if exists o", "create table o(id int primary key, shuffled int)", f"insert into o select {fill}"
    )
    id = engine.connection(server.doc)
    best = {"id": float("inf"), "shuffled": float("inf")}
    for _ in range(3):
        for column in best:
            started = time.monotonic()
            text = f"select id, shuffled from o order by {column}"
            assert len(engine.records(id, {"pageSize": 5000, "rdbms": {"query": text}})) == 60_000
            best[column] = min(best[column], time.monotonic() - started)

    assert best["shuffled"] <= 2 * best["id"]
