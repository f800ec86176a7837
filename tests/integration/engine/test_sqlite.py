"""The SQL adaptor on SQLite: templates, imports, what SQL may not do."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support.engine import EngineProcess, make_sqlite


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


@pytest.fixture
def database(tmp_path: Path) -> Path:
    statement = "create table t(id integer primary key, name text not null, n integer, extra text default 'given')"
    return make_sqlite(tmp_path / "t.db", [statement, "insert into t(id, name) values (1, 'first')"])


def rows(database: Path, query: str = "select id, name from t order by id") -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def submit(engine: EngineProcess, id: str, block: Any, data: Any, **more: Any) -> list[dict[str, Any]]:
    answer = engine.call("POST", f"/connections/{id}/import", {"import": {"rdbms": block, **more}, "data": data})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    assert len(found) == len(data)
    return found


def statuses(results: list[dict[str, Any]]) -> list[int]:
    return [result["statusCode"] for result in results]


def query(engine: EngineProcess, id: str, text: str, **more: Any) -> Any:
    return engine.call(
        "POST", f"/connections/{id}/export", {"export": {"rdbms": {"query": text}, "pageSize": 100, **more}}
    )


INSERT = {"queryType": ["per_record"], "query": ["insert into t(id, name) values ({{record.id}}, {{record.name}})"]}


def test_sqlite_values_come_as_they_are(engine: EngineProcess, database: Path) -> None:
    text = "select 9223372036854775807 as a, 1.5 as b, 'ü''\"' as c, x'00ff' as d, null as e"
    text += ", 9e999 as f, -9e999 as g, 1 as a"

    (record,) = query(engine, engine.sqlite(database), text).json()["data"]

    assert record == {
        "a": 2**63 - 1,
        "b": 1.5,
        "c": "ü'\"",
        "d": "AP8=",
        "e": None,
        "f": "Infinity",
        "g": "-Infinity",
        "a_2": 1,
    }


def test_sqlite_template_values_are_quoted(engine: EngineProcess, database: Path) -> None:
    id = engine.sqlite(database)
    evil = "'); drop table t; --"

    results = submit(
        engine, id, INSERT, [{"id": 2, "name": evil}, {"id": 3, "name": "it's"}, {"id": 4, "name": "{{x}}"}]
    )

    assert statuses(results) == [200, 200, 200]
    assert rows(database) == [(1, "first"), (2, evil), (3, "it's"), (4, "{{x}}")]


def test_sqlite_export_template_sees_settings_and_delta(engine: EngineProcess, database: Path) -> None:
    text = "select {{settings.export.a}} as a, {{lastExportDateTime}} as last, {{{settings.export.raw}}} as raw"
    delta = {"startDate": "2020-01-02T03:04:05.678Z", "lagOffset": 5000, "dateFormat": "YYYY/MM/DD HH:mm:ss"}

    answer = query(
        engine, engine.sqlite(database), text, type="delta", delta=delta, settings={"a": "o'k", "raw": "1 + 1"}
    )

    assert answer.json()["data"] == [{"a": "o'k", "last": "2020/01/02 03:04:00", "raw": 2}]


def test_sqlite_delta_without_a_start_begins_in_1970(engine: EngineProcess, database: Path) -> None:
    answer = query(engine, engine.sqlite(database), "select {{lastExportDateTime}} as last")

    assert answer.json()["data"] == [{"last": "1970-01-01T00:00:00.000Z"}]


def test_sqlite_good_rows_of_a_batch_stay_and_each_bad_one_has_its_error(engine: EngineProcess, database: Path) -> None:
    data = [{"id": 2, "name": "a"}, {"id": 1, "name": "twice"}, {"id": 3}, {"id": 4, "name": "b"}]
    name = "{{#if record.name}}{{record.name}}{{else}}null{{/if}}"
    block = {"queryType": ["per_record"], "query": [f"insert into t(id, name) values ({{{{record.id}}}}, {name})"]}

    results = submit(engine, engine.sqlite(database), block, data)

    assert statuses(results) == [200, 422, 422, 200]
    assert results[1]["errors"][0]["code"] == "SQLITE_CONSTRAINT_PRIMARYKEY"
    assert results[2]["errors"][0]["source"] == "application"
    assert rows(database) == [(1, "first"), (2, "a"), (4, "b")]


def test_sqlite_rows_that_a_rolled_back_transaction_took_along_are_not_said_to_be_stored(
    engine: EngineProcess, tmp_path: Path
) -> None:
    path = make_sqlite(tmp_path / "r.db", ["create table t(id integer primary key on conflict rollback, name)"])
    id = engine.sqlite(path)
    data = [{"id": number, "name": "x"} for number in (1, 2, 1, 3)]

    results = submit(engine, id, INSERT, data)

    assert statuses(results) == [422, 422, 422, 200]
    assert [result["errors"][0]["code"] for result in results[:3]] == ["SQLITE_CONSTRAINT_PRIMARYKEY"] * 3
    assert "UNIQUE constraint failed: t.id" in results[0]["errors"][0]["message"]
    assert "rolled back" in results[0]["errors"][0]["message"].lower()
    assert rows(path) == [(3, "x")]
    bulk = {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "t", "batchSize": 2}}
    assert statuses(submit(engine, id, bulk, [{"id": 4}, {"id": 5}, {"id": 6}, {"id": 3}])) == [422, 422, 422, 422]
    assert rows(path) == [(3, "x")]


RAW = {"queryType": ["per_record"], "query": ["{{{record.q}}}"]}


def test_sqlite_statement_that_ends_the_transaction_decides_over_the_records_before_it(
    engine: EngineProcess, database: Path
) -> None:
    insert = "insert into t(id, name) values"
    texts = [f"{insert} (2, 'a')", "rollback", f"{insert} (3, 'b')", "-- keep it\ncommit", f"{insert} (4, 'c')",
             f"{insert} (1, 'd')"]  # fmt: skip

    results = submit(engine, engine.sqlite(database), RAW, [{"q": text} for text in texts])

    assert statuses(results) == [422, 200, 200, 200, 200, 422]
    assert results[0]["errors"][0]["code"] == "transaction_ended"
    assert [row[0] for row in rows(database)] == [1, 3, 4]


def test_sqlite_interrupted_write_takes_the_batch_along_and_the_rest_is_not_tried(database: Path) -> None:
    endless = "insert into t(name) with recursive c(n) as (select 1 union all select n + 1 from c) select n from c"
    texts = [
        "insert into t(id, name) values (2, 'a')",
        f"{endless} where n < 0",
        "insert into t(id, name) values (3, 'b')",
    ]
    with EngineProcess("--call-timeout", "1.5") as engine:
        results = submit(engine, engine.sqlite(database), RAW, [{"q": text} for text in texts])

    assert statuses(results) == [422, 422, 422]
    assert [result["errors"][0]["code"] for result in results] == ["SQLITE_INTERRUPT"] * 2 + ["source_timeout"]
    assert rows(database) == [(1, "first")]


def test_sqlite_trigger_that_rolls_back_takes_the_records_before_it_along(
    engine: EngineProcess, database: Path
) -> None:
    trigger = "create trigger no after insert on t when new.n = 9 begin select raise(rollback, 'no nines'); end"
    connection = sqlite3.connect(database)
    connection.execute(trigger)
    connection.close()
    texts = [f"insert into t(id, name, n) values ({number}, 'x', {number})" for number in (8, 9, 10)]

    results = submit(engine, engine.sqlite(database), RAW, [{"q": text} for text in texts])

    assert statuses(results) == [422, 422, 200]
    assert "no nines" in results[0]["errors"][0]["message"]
    assert [row[0] for row in rows(database)] == [1, 10]


def test_sqlite_returned_row_is_the_answer(engine: EngineProcess, database: Path) -> None:
    block = {"queryType": ["per_record"], "query": ["insert into t(name) values ({{record.name}}) returning id, name"]}

    assert submit(engine, engine.sqlite(database), block, [{"name": "x"}]) == [
        {"statusCode": 200, "_json": {"id": 2, "name": "x"}, "id": "2"}
    ]


def test_sqlite_per_page_is_one_statement_for_all(engine: EngineProcess, database: Path) -> None:
    row = "{{#if @index}},{{/if}}({{record.id}}, {{record.name}})"
    text = f"insert into t(id, name) values {{{{#each batch_of_records}}}}{row}{{{{/each}}}}"
    id = engine.sqlite(database)
    for kind in ("per_page", "first_page"):
        start = 10 if kind == "per_page" else 20
        data = [{"id": start + number, "name": "p"} for number in range(3)]
        assert statuses(submit(engine, id, {"queryType": [kind], "query": [text]}, data)) == [200, 200, 200]
        assert (
            statuses(submit(engine, id, {"queryType": [kind], "query": [text]}, [*data, {"id": 99, "name": "x"}]))
            == [422] * 4
        )
    assert [row[0] for row in rows(database)] == [1, 10, 11, 12, 20, 21, 22]


def test_sqlite_bulk_insert_keeps_defaults_and_tells_errors_apart(engine: EngineProcess, database: Path) -> None:
    block = {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "t", "batchSize": 3}}
    data = [
        {"id": 2, "name": "a"},
        {"id": 3, "name": "b", "extra": None},
        {"id": 1, "name": "twice"},
        {"name": "c", "nix": 1},
        {"name": True, "extra": {"a": [1]}},
        [{"name": "rows"}],
        {"id": 9, "name": "d"},
    ]

    results = submit(engine, engine.sqlite(database), block, data)

    assert statuses(results) == [200, 200, 422, 422, 200, 422, 200]
    assert rows(database, "select id, name, extra from t where id > 1") == [
        (2, "a", "given"), (3, "b", None), (4, "1", '{"a":[1]}'), (9, "d", "given"),
    ]  # fmt: skip


def test_sqlite_bulk_insert_never_makes_a_float_of_an_integer(engine: EngineProcess, tmp_path: Path) -> None:
    path = make_sqlite(tmp_path / "i.db", ['create table t("100%" integer, n numeric, s text, b)'])
    big = 12_345_678_901_234_567_891
    bulk = {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "t"}}
    data = [{"100%": big}, {"n": big}, {"s": big}, {"b": big}, {"100%": 2**63 - 1}, {"s": "2024-01-01T12:00:00Z"}]

    results = submit(engine, engine.sqlite(path), bulk, data)

    assert statuses(results) == [422, 422, 200, 200, 200, 200]
    assert results[0]["errors"][0]["code"] == "out_of_range"
    assert rows(path, 'select * from t order by "100%" desc, b desc, s') == [
        (2**63 - 1, None, None, None), (None, None, None, str(big)), (None, None, str(big), None),
        (None, None, "2024-01-01T12:00:00Z", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({}, "import.rdbms.query"),
        ({"queryType": ["per_record"], "query": []}, "import.rdbms.query"),
        ({"queryType": ["per_record"], "query": ["insert {{#if}}"]}, "import.rdbms.query"),
        ({"queryType": ["bulk_load"], "query": ["x"]}, "import.rdbms.queryType"),
        ({"queryType": ["bulk_insert"]}, "import.rdbms.bulkInsert.tableName"),
        ({"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "nix"}}, "import.rdbms.bulkInsert.tableName"),
        (None, "import.rdbms"),
    ],
)
def test_sqlite_import_document_that_cannot_be_fails_the_call(
    engine: EngineProcess, database: Path, block: Any, field: str
) -> None:
    doc = {"import": {"rdbms": block}, "data": [{"a": 1}]}
    answer = engine.call("POST", f"/connections/{engine.sqlite(database)}/import", doc)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_sqlite_ignored_records_are_said_to_be(engine: EngineProcess, database: Path) -> None:
    id = engine.sqlite(database)
    data = [{"id": 2, "name": "new"}, {"id": 3, "name": "old", "known": 7}]

    results = submit(engine, id, {**INSERT, "ignoreExtract": "known"}, data, ignoreExisting=True)

    assert results == [{"statusCode": 200}, {"statusCode": 200, "ignored": True}]
    rules = ["notequals", ["extract", "name"], "skip"]
    filtered = {"filter": {"type": "expression", "expression": {"version": "1", "rules": rules}}}
    data = [{"id": 5, "name": "skip"}, {"id": 6, "name": "keep"}]
    assert submit(engine, id, INSERT, data, **filtered)[0] == {"statusCode": 200, "ignored": True}
    assert [row[0] for row in rows(database)] == [1, 2, 6]


def test_sqlite_mapping_and_dynamic_lookup(engine: EngineProcess, database: Path) -> None:
    lookup = {"name": "byName", "query": "select id from t where name = {{record.who}}", "extract": "id"}
    mappings = [
        {"generate": "id", "dataType": "number", "extract": "$.nr", "status": "Active"},
        {"generate": "name", "dataType": "string", "extract": "$.who", "lookupName": "byName", "status": "Active"},
    ]
    id = engine.sqlite(database)
    data = [{"nr": "50", "who": "first"}, {"nr": "51", "who": "nobody"}]

    results = submit(engine, id, {**INSERT, "lookups": [lookup]}, data, mappings=mappings)

    assert statuses(results) == [200, 422]
    assert results[1]["errors"][0]["source"] == "lookup"
    assert rows(database)[-1] == (50, "1")


@pytest.mark.parametrize("mapper", [1, 2])
@pytest.mark.parametrize("text", ["{{record.a}}", "{{a}}", "{{data.0.a}}", "{{lookupKey}}"])
def test_sqlite_lookup_sees_what_an_import_query_sees(
    engine: EngineProcess, database: Path, mapper: int, text: str
) -> None:
    """Whichever mapper asks, and an integer that no double holds keeps its digits."""
    lookup = {"name": "l", "query": f"select 'n' || {text}"}
    rule = {"generate": "g", "lookupName": "l"}
    mapping = {
        1: {"mapping": {"fields": [{**rule, "extract": "a"}]}},
        2: {"mappings": [{**rule, "extract": "$.a", "dataType": "string", "status": "Active"}]},
    }[mapper]
    body = {"import": {**mapping, "lookups": [lookup], "rdbms": INSERT}, "data": [{"a": 2**53 + 1}]}

    answer = engine.call("POST", f"/connections/{engine.sqlite(database)}/import/map", body)

    assert answer.json() == [{"g": f"n{2**53 + 1}"}]


@pytest.mark.parametrize(
    "lookup",
    [
        {"query": "select nix"},
        {"query": "select {{#if}}"},
        {"query": "select '\ud800'"},
        {"query": None},
        {"map": None},
    ],
)
def test_sqlite_lookup_that_fails_is_the_failure_of_its_record(
    engine: EngineProcess, database: Path, lookup: dict[str, Any]
) -> None:
    rule = {"generate": "name", "extract": "who", "lookupName": "l"}
    mapping = {"fields": [{"generate": "id", "extract": "id"}, rule]}
    block = {**INSERT, "lookups": [{"name": "l", **lookup}]}
    id = engine.sqlite(database)

    results = submit(engine, id, block, [{"id": 2, "who": "x"}, {"id": 3, "who": "y"}], mapping=mapping)

    assert statuses(results) == [422, 422]
    assert [result["errors"][0]["source"] for result in results] == ["lookup", "lookup"]
    assert rows(database) == [(1, "first")]


def test_sqlite_half_of_a_surrogate_pair_is_refused_by_name(engine: EngineProcess, database: Path) -> None:
    id = engine.sqlite(database)
    half = "\ud83d"
    bulk = {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": "t"}}

    for path in ("export", "export/pages"):
        answer = engine.call("POST", f"/connections/{id}/{path}", {"export": {"rdbms": {"query": f"select '{half}'"}}})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_text")
    for block in (INSERT, bulk):
        data = [{"id": 20, "name": half}, {"id": 2 if block is INSERT else 3, "name": "good"}]
        results = submit(engine, id, block, data)
        assert statuses(results) == [422, 200]
        assert results[0]["errors"][0]["code"] == "invalid_text"
        assert "U+D83D" in results[0]["errors"][0]["message"]
    assert rows(database) == [(1, "first"), (2, "good"), (3, "good")]
    bulk["bulkInsert"] = {"tableName": half}
    answer = engine.call("POST", f"/connections/{id}/import", {"import": {"rdbms": bulk}, "data": [{"id": 4}]})
    assert answer.status_code == 422
    doc = {"name": "half", "type": "rdbms", "rdbms": {"type": "sqlite", "database": f"/tmp/{half}.db"}}
    assert engine.call("POST", "/connections/ping", doc).json()["code"] == 503


def test_sqlite_one_to_many_gives_one_result_a_record(engine: EngineProcess, database: Path) -> None:
    block = {"queryType": ["per_record"], "query": ["insert into t(id, name) values ({{record.id}}, {{record.name}})"]}
    mapping = {"fields": [{"generate": "id", "extract": "id"}, {"generate": "name", "extract": "_PARENT.who"}]}
    data = [
        {"who": "a", "lines": [{"id": 10}, {"id": 11}]},
        {"who": "b", "lines": [{"id": 12}, {"id": 1}]},
        {"who": "c", "lines": []},
    ]

    results = submit(engine, engine.sqlite(database), block, data, oneToMany=True, pathToMany="lines", mapping=mapping)

    assert statuses(results) == [200, 502, 200]
    assert [error["code"] for error in results[1]["errors"]][1:] == ["partly_stored"]
    assert results[2]["ignored"] is True
    assert rows(database)[1:] == [(10, "a"), (11, "a"), (12, "b")]


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_sqlite_once_query_runs_for_each_exported_record(engine: EngineProcess, database: Path, journal: str) -> None:
    connection = sqlite3.connect(database)
    connection.execute(f"pragma journal_mode = {journal}")
    connection.executemany("insert into t(name, n) values (?, 0)", [(f"r{n}",) for n in range(250)])
    connection.commit()
    connection.close()
    once = {"query": "update t set n = 1 where id = {{record.id}}"}
    export = {"type": "once", "pageSize": 100, "rdbms": {"query": "select id from t where n = 0", "once": once}}

    found = engine.records(engine.sqlite(database), export)

    assert len(found) == 250
    assert rows(database, "select count(*) from t where n = 1") == [(250,)]


@pytest.mark.parametrize("text", ["", "{{#if}}", "select {{/each}}", "selec", "select 1; select 2"])
@pytest.mark.parametrize("path", ["export", "export/pages"])
def test_sqlite_query_that_cannot_be_fails_the_call(
    engine: EngineProcess, database: Path, text: str, path: str
) -> None:
    export = {"export": {"rdbms": {"query": text}}}
    answer = engine.call("POST", f"/connections/{engine.sqlite(database)}/{path}", export)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"]


@pytest.mark.parametrize("path", ["export", "export/pages", "import"])
def test_sqlite_call_that_fails_halfway_leaves_the_file_unlocked(
    engine: EngineProcess, database: Path, path: str
) -> None:
    connection = sqlite3.connect(database)
    connection.executemany("insert into t(name) values (?)", [("x",)] * 9)
    connection.commit()
    id = engine.sqlite(database)
    broken = "case when id = 5 then json('no') else 'ok' end"
    export = {"rdbms": {"query": f"select {broken} as v from t"}}
    lookup = {"name": "l", "query": f"select {broken} as v from t where id > 4"}
    mapping = {"fields": [{"generate": "g", "extract": "a", "lookupName": "l"}]}
    block = {"query": [f"update t set n = 1 returning {broken}"], "lookups": [lookup]}
    body = {"export": export} if path != "import" else {"import": {"rdbms": block}, "data": [{"a": 1}]}

    failed = [engine.call("POST", f"/connections/{id}/{path}", body)]
    if path == "import":
        body["import"]["mapping"] = mapping
        failed.append(engine.call("POST", f"/connections/{id}/{path}", body))

    assert all("malformed" in answer.text for answer in failed), [answer.text for answer in failed]
    connection.execute("pragma busy_timeout = 500")
    connection.execute("insert into t(id, name) values (100, 'y')")
    connection.commit()
    connection.close()
    assert statuses(submit(engine, id, INSERT, [{"id": 101, "name": "z"}])) == [200]


@pytest.mark.parametrize(
    "statement",
    [
        "attach database '{other}' as other",
        "select load_extension('x')",
        "pragma journal_mode = delete",
        "pragma writable_schema = on",
        "vacuum into '{other}'",
        "detach database main",
        "pragma optimize",
        "pragma incremental_vacuum",
        "pragma wal_checkpoint",
        "pragma user_version = 3",
    ],
)
def test_sqlite_statement_that_leaves_the_file_is_refused(
    engine: EngineProcess, database: Path, statement: str
) -> None:
    other = database.with_name("other.db")
    make_sqlite(other, s=[{"secret": 1}])
    before = other.read_bytes()

    answer = query(engine, engine.sqlite(database), statement.format(other=other))

    assert answer.status_code == 422, answer.text
    assert other.read_bytes() == before


def test_sqlite_file_that_is_not_there_is_not_made(engine: EngineProcess, tmp_path: Path) -> None:
    path = tmp_path / "nix.db"

    answer = engine.call("GET", f"/connections/{engine.sqlite(path)}/ping")

    assert answer.json()["errors"][0]["code"] == "database_not_found"
    assert not path.exists()


def test_sqlite_opened_for_reading_only_is_never_written(engine: EngineProcess, database: Path) -> None:
    before = database.read_bytes()
    block = {"type": "sqlite", "database": str(database), "options": [{"name": "mode", "value": "ro"}]}
    id = engine.connection({"name": "read only", "type": "rdbms", "rdbms": block})

    assert query(engine, id, "select 1 as one").json()["data"] == [{"one": 1}]
    assert "readonly" in query(engine, id, "delete from t").json()["errors"][0]["message"]
    (result,) = submit(engine, id, INSERT, [{"id": 1, "name": "x"}])
    assert result["statusCode"] != 200
    assert database.read_bytes() == before


def test_sqlite_endless_query_is_stopped_and_blocks_nobody(tmp_path: Path, database: Path) -> None:
    endless = "with recursive c(n) as (select 1 union all select n + 1 from c) select n from c where n < 0"
    with EngineProcess("--call-timeout", "1") as engine:
        id = engine.sqlite(database)
        started = time.monotonic()
        answer = query(engine, id, endless)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "SQLITE_INTERRUPT"
        assert time.monotonic() - started < 8
        paged = engine.call("POST", f"/connections/{id}/export/pages", {"export": {"rdbms": {"query": endless}}})
        assert paged.status_code == 422
        assert query(engine, id, "select 1 as one").json()["data"] == [{"one": 1}]


def test_sqlite_file_that_is_not_there_yet_is_no_refusal_and_a_good_ping_puts_on_line(
    engine: EngineProcess, tmp_path: Path
) -> None:
    path = tmp_path / "later.db"
    id = engine.sqlite(path)
    assert engine.call("GET", f"/connections/{id}").json()["offline"] is False
    answer = engine.call("GET", f"/connections/{id}/ping").json()
    assert (answer["code"], answer["checked"]) == (503, True)
    assert engine.call("GET", f"/connections/{id}").json()["offline"] is False
    engine.call("PATCH", f"/connections/{id}", [{"op": "replace", "path": "/offline", "value": True}])
    make_sqlite(path, ["create table t(id, name)"])

    assert query(engine, id, "select 1").json()["errors"][0]["code"] == "connection_offline"
    (result,) = submit(engine, id, INSERT, [{"id": 1, "name": "x"}])
    assert (result["statusCode"], result["errors"][0]["source"]) == (403, "connection")

    assert engine.call("POST", f"/connections/{id}/ping").json() == {"code": 200}
    assert engine.call("GET", f"/connections/{id}").json()["offline"] is False
    assert statuses(submit(engine, id, INSERT, [{"id": 1, "name": "x"}])) == [200]


def test_sqlite_hanging_calls_of_one_connection_hold_up_nobody_else(tmp_path: Path, database: Path) -> None:
    """Five endless queries fill the connection's places; another connection answers at once, its borrower does not."""
    endless = "with recursive c(n) as (select 1 union all select n + 1 from c) select n from c where n < 0"
    with EngineProcess("--call-timeout", "6") as engine:
        busy, other = engine.sqlite(database), engine.sqlite(database)
        borrower = engine.sqlite(database, _borrowConcurrencyFromConnectionId=busy)
        threads = [threading.Thread(target=_ask, args=(engine, busy, endless)) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        started = time.monotonic()
        assert _ask(engine, other, "select 1 as one") == 200
        assert time.monotonic() - started < 4
        started = time.monotonic()
        assert _ask(engine, borrower, "select 1 as one") == 200
        assert time.monotonic() - started > 1
        for thread in threads:
            thread.join(30)


@pytest.mark.parametrize("path", ["export", "import"])
def test_sqlite_work_that_cannot_be_interrupted_is_answered_when_the_time_is_up(database: Path, path: str) -> None:
    """Waiting for a place, which this call did not, has its own 30 seconds: they are not added."""
    rule = ["matches", ["extract", "name"], "^(a|a)*$"]
    filtered = {"filter": {"type": "expression", "expression": {"version": "1", "rules": rule}}}
    long = [{"id": 100 + number, "name": "a" * 40 + "!"} for number in range(200)]
    connection = sqlite3.connect(database)
    connection.executemany("insert into t(id, name) values (:id, :name)", long)
    connection.commit()
    connection.close()
    body = {
        "export": {"export": {"pageSize": 500, "rdbms": {"query": "select name from t"}, **filtered}},
        "import": {"import": {"rdbms": INSERT, **filtered}, "data": long},
    }[path]
    with EngineProcess("--call-timeout", "1") as engine:
        answer = engine.call("POST", f"/connections/{engine.sqlite(database)}/{path}", body, timeout=25)

    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["errors"]
    assert problem["code"] == "source_timeout"
    assert ("may be stored" in problem["message"]) == (path == "import")


def _ask(engine: EngineProcess, id: str, text: str) -> int:
    headers = {"Authorization": f"Bearer {engine.token}"}
    body = {"export": {"rdbms": {"query": text}}}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{engine.url}/v1/connections/{id}/export", json=body, headers=headers, timeout=40)
        return answer.status_code


def test_sqlite_returned_text_that_is_no_utf8_is_told_beside_the_success(engine: EngineProcess, database: Path) -> None:
    text = "insert into t (id, name) values ({{record.id}}, {{{record.name}}}) returning id, name"
    block = {"queryType": ["per_record"], "query": [text]}

    bad, good = submit(
        engine,
        engine.sqlite(database),
        block,
        [{"id": 2, "name": "cast(x'61ff' as text)"}, {"id": 3, "name": "'fine'"}],
    )

    assert (bad["statusCode"], bad["id"], bad["_json"]) == (200, "2", {"id": 2, "name": None})
    assert "column 'name': the text is not UTF-8" in bad["errors"][0]["message"]
    assert (good["statusCode"], good["_json"], "errors" in good) == (200, {"id": 3, "name": "fine"}, False)


def test_sqlite_update_lookup_that_cannot_be_read_inserts_nothing(engine: EngineProcess, database: Path) -> None:
    block = {
        "queryType": ["UPDATE", "INSERT"],
        "query": ["update t set name = 'new' where id = {{record.id}}", "insert into t (id, name) values (9, 'x')"],
        "updateLookupName": "known",
        "lookups": [{"name": "known", "query": "select cast(x'ff' as text) as a", "extract": "a"}],
    }

    (result,) = submit(engine, engine.sqlite(database), block, [{"id": 1}])

    assert result["statusCode"] == 422
    assert "The lookup 'known' cannot tell" in result["errors"][0]["message"]
    assert rows(database) == [(1, "first")]
