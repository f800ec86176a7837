"""Values that once were changed, refused or lost: types made in the database, bits, spatial values, broken texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.databases import DatabaseServer
from support.engine import EngineProcess, make_sqlite


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


def query(engine: EngineProcess, id: str, text: str) -> Any:
    answer = engine.call("POST", f"/connections/{id}/export", {"export": {"rdbms": {"query": text}, "pageSize": 100}})
    assert answer.status_code == 200, answer.text
    return answer.json()


def submit(engine: EngineProcess, id: str, block: Any, data: Any, **document: Any) -> list[dict[str, Any]]:
    body = {"import": {"rdbms": block, **document}, "data": data}
    answer = engine.call("POST", f"/connections/{id}/import", body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def bulk(table: str) -> dict[str, Any]:
    return {"queryType": ["bulk_insert"], "bulkInsert": {"tableName": table}}


@pytest.mark.postgres
def test_postgres_arrays_of_its_own_types_come_as_lists_and_go_back(
    engine: EngineProcess, postgres: DatabaseServer
) -> None:
    postgres.run(
        "drop table if exists own, own_copies", "drop type if exists mood, pair cascade",
        "drop domain if exists small, smaller, word, grid cascade",
        "create type mood as enum ('so so', 'a\"b', 'null')",
        "create type pair as (n int, s text)", "create domain small as int check (value < 100)",
        "create domain smaller as small", "create domain word as text", "create domain grid as int[]",
    )  # fmt: skip
    columns = (
        "id int, m mood[], o mood, d small[], dd smaller[], w word[], p pair[], g grid, n int[], t text[], b bytea[], "
        "j jsonb[], mm mood[], c box[], e numeric[]"
    )
    postgres.run(f"create table own({columns})", f"create table own_copies({columns})")
    postgres.run(
        """insert into own values (1, '{so so,"a\\"b",null,"null"}', 'so so', '{1,null,3}', '{7}', '{"x y",""}',
        array[row(1, 'a b'), row(null, 'c"d\\')]::pair[], '{{1,2},{3,4}}', '{{1,2},{3,null}}', '{{a,"b,c"},{"{","}"}}',
        '{"\\\\xdead",null}', array['{"a": [1]}', '[1, 2]', '"x"', null]::jsonb[], '{{so so},{"a\\"b"}}',
        '{(1,1),(0,0);(2,2),(1,1)}', '{1.5,123456789012345678901234567890.5}')""",
        "insert into own(id, m, n) values (2, '{}', null)",
    )
    id = engine.connection(postgres.doc)

    found = query(engine, id, "select * from own order by id")["data"]

    assert found[0] == {
        "id": 1, "m": ["so so", 'a"b', None, "null"], "o": "so so", "d": [1, None, 3], "dd": [7], "w": ["x y", ""],
        "p": ['(1,"a b")', '(,"c""d\\\\")'], "g": [[1, 2], [3, 4]], "n": [[1, 2], [3, None]],
        "t": [["a", "b,c"], ["{", "}"]], "b": ["3q0=", None], "j": [{"a": [1]}, [1, 2], "x", None],
        "mm": [["so so"], ['a"b']], "c": ["(1,1),(0,0)", "(2,2),(1,1)"],
        "e": [1.5, "123456789012345678901234567890.5"],
    }  # fmt: skip
    assert (found[1]["m"], found[1]["n"], found[1]["d"]) == ([], None, None)
    assert submit(engine, id, bulk("own_copies"), found) == [{"statusCode": 200}] * 2
    assert query(engine, id, "select * from own_copies order by id")["data"] == found
    returning = {"queryType": ["per_record"], "query": ["insert into own_copies(m) values ('{so so}') returning m"]}
    assert submit(engine, id, returning, [{}]) == [{"statusCode": 200, "_json": {"m": ["so so"]}}]


@pytest.mark.postgres
def test_postgres_arrays_of_mixed_types_are_the_columns(engine: EngineProcess, postgres: DatabaseServer) -> None:
    postgres.run("drop table if exists mixed", "create table mixed(id int, t text[], n numeric[], b bool[])")
    id = engine.connection(postgres.doc)
    rows = [{"id": 1, "t": ["a", 1, True, None, {"k": "v"}, 1.5], "n": [1, 2.5, "3", None], "b": [True, False]},
            {"id": 2, "n": [1, "no number"]}]  # fmt: skip

    results = submit(engine, id, bulk("mixed"), rows)

    assert [result["statusCode"] for result in results] == [200, 422]
    assert query(engine, id, "select * from mixed")["data"] == [
        {"id": 1, "t": ["a", "1", "true", None, '{"k":"v"}', "1.5"], "n": [1, 2.5, 3, None], "b": [True, False]}
    ]


@pytest.mark.mariadb
def test_mariadb_bits_and_spatial_values_go_back_as_they_came(engine: EngineProcess, mariadb: DatabaseServer) -> None:
    columns = "id int, one bit(1), many bit(64), g geometry, p point, y polygon"
    mariadb.run("drop table if exists shapes, shapes_copies", f"create table shapes({columns})",
                f"create table shapes_copies({columns})")  # fmt: skip
    mariadb.run(
        "insert into shapes values (1, b'1', 18446744073709551615, point(1, 2), point(-3.5, 4), "
        "st_geomfromtext('POLYGON((0 0,10 0,10 10,0 0))')), (2, b'0', 0, null, null, null), (3, null, 5, "
        "st_geomfromtext('GEOMETRYCOLLECTION(POINT(1 1))'), null, null)"
    )
    id = engine.connection(mariadb.doc)

    found = query(engine, id, "select * from shapes order by id")["data"]

    assert [(one["one"], one["many"]) for one in found] == [(1, 2**64 - 1), (0, 0), (None, 5)]
    assert submit(engine, id, bulk("shapes_copies"), found) == [{"statusCode": 200}] * 3
    assert query(engine, id, "select * from shapes_copies order by id")["data"] == found
    same = "select count(*) as n from shapes a join shapes_copies b on a.id = b.id and st_equals(a.y, b.y)"
    assert query(engine, id, same)["data"] == [{"n": 1}]
    flag = {"queryType": ["per_record"], "query": ["insert into shapes_copies(id, one) values (9, {{{record.one}}})"]}
    assert submit(engine, id, flag, found[:1]) == [{"statusCode": 200}]


def test_sqlite_text_that_is_no_utf8_costs_its_cell_an_error(engine: EngineProcess, tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "l.db", t=[{"id": n, "name": f"n{n}"} for n in range(250)])
    with sqlite3.connect(database) as connection:
        connection.execute("update t set name = cast(x'4df8' as text) where id in (3, 222)")
    connection.close()
    id = engine.sqlite(database)

    pages = list(engine.pages(id, {"pageSize": 100, "rdbms": {"query": "select * from t"}}))

    records = [record for page in pages for record in page["data"]]
    assert [record["id"] for record in records] == list(range(250))
    assert {record["id"] for record in records if record["name"] is None} == {3, 222}
    errors = [error for page in pages for error in page.get("errors", [])]
    assert [error["code"] for error in errors] == ["invalid_text"] * 2
    assert errors[0]["message"].startswith("Row 4, column 'name': the text is not UTF-8")
    assert "Row 223" in errors[1]["message"]
    assert "Tfg=" in errors[0]["message"]


def test_result_with_thousands_of_equal_names_is_read_at_once(engine: EngineProcess, tmp_path: Path) -> None:
    from celigo_pandas.engine.adaptors.sql.result_columns import column_names

    names = column_names([("a",)] * 20_000)

    assert len(set(names)) == 20_000
    assert names[:3] == ["a", "a_2", "a_3"]
    assert column_names([("a",), ("a_2",), ("a",), ("a",)]) == ["a", "a_2", "a_3", "a_4"]


UPSERT = {
    "queryType": ["UPDATE", "INSERT"],
    "query": [
        "update t set name = {{record.name}} where id = {{record.id}}",
        "insert into t (id, name) values ({{record.id}}, {{record.name}})",
    ],
}
FIND = {"name": "find", "query": "select id from t where id = {{record.id}}", "extract": "id"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    statements = ["create table t (id integer, name text)", "insert into t values (1, 'old'), (2, 'old')"]
    return make_sqlite(tmp_path / "u.db", statements)


def rows(database: Path) -> list[Any]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute("select id, name from t order by id").fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("order", [1, -1], ids=["update first", "insert first"])
def test_update_or_insert_by_lookup_sees_what_earlier_records_wrote(
    engine: EngineProcess, shop: Path, order: int
) -> None:
    block = {**{name: parts[::order] for name, parts in UPSERT.items()}, "updateLookupName": "find", "lookups": [FIND]}
    data = [{"id": 1, "name": "new"}, {"id": 7, "name": "first"}, {"id": 7, "name": "second"}]

    assert submit(engine, engine.sqlite(shop), block, data) == [{"statusCode": 200}] * 3

    assert rows(shop) == [(1, "new"), (2, "old"), (7, "second")]


def test_update_or_insert_by_extract(engine: EngineProcess, shop: Path) -> None:
    data = [{"id": 1, "name": "new", "known": "yes"}, {"id": 8, "name": "x", "known": ""}, {"id": 9, "name": "y"}]

    assert submit(engine, engine.sqlite(shop), {**UPSERT, "updateExtract": "known"}, data) == [{"statusCode": 200}] * 3

    assert rows(shop) == [(1, "new"), (2, "old"), (8, "x"), (9, "y")]


@pytest.mark.parametrize(
    ("block", "document", "said"),
    [
        (UPSERT, {}, "updateExtract or rdbms.updateLookupName"),
        ({**UPSERT, "updateLookupName": "none"}, {}, "not in lookups"),
        ({**UPSERT, "updateExtract": "id", "query": UPSERT["query"][:1]}, {}, "holds 1 queries"),
        ({"queryType": ["per_record"], "query": UPSERT["query"]}, {}, "holds 2 queries"),
        ({"queryType": ["per_record", "per_page"], "query": UPSERT["query"]}, {}, "is not built"),
        ({"query": UPSERT["query"][:1]}, {"ignoreExisting": True}, "ignoreExtract or rdbms.ignoreLookupName"),
    ],
)
def test_import_that_says_too_little_writes_nothing(
    engine: EngineProcess, shop: Path, block: Any, document: Any, said: str
) -> None:
    body = {"import": {"rdbms": block, **document}, "data": [{"id": 1, "name": "new"}]}

    answer = engine.call("POST", f"/connections/{engine.sqlite(shop)}/import", body)

    assert answer.status_code == 422
    assert said in answer.json()["errors"][0]["message"]
    assert rows(shop) == [(1, "old"), (2, "old")]


@pytest.mark.parametrize(
    ("member", "expected"),
    [("ignoreExisting", [(1, "old"), (2, "old"), (5, "new")]), ("ignoreMissing", [(1, "old"), (1, "new"), (2, "old")])],
)
def test_ignore_lookup_name_leaves_records_out(
    engine: EngineProcess, shop: Path, member: str, expected: list[Any]
) -> None:
    block = {"query": [UPSERT["query"][1]], "ignoreLookupName": "find"}
    data = [{"id": 1, "name": "new"}, {"id": 5, "name": "new"}]

    results = submit(engine, engine.sqlite(shop), block, data, lookups=[FIND], **{member: True})

    assert sorted(result.get("ignored", False) for result in results) == [False, True]
    assert sorted(rows(shop)) == sorted(expected)
