"""What every database does behind the SQL adaptor; where one cannot, its kind declares it."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import pytest
from support.database_kinds import Kind

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.adaptors.sql import adaptor
from celigo_pandas.engine.adaptors.sql.databases import open_database

ODD = "a \"b\" `c` %s 'd'"
TEXTS = ["plain", "", "it's", 'say "so"', "100 % %s ?", "back\\slash", "äöü 🚲", "line\nbreak", "{{x}}"]


def made(database: Kind, name: str, columns: str) -> str:
    database.run(f"drop table if exists {name}", f"create table {name}({columns})")
    return name


def bulk(database: Kind, table: str, records: list[Any]) -> list[dict[str, Any]]:
    return database.write(records, queryType=["bulk_insert"], bulkInsert={"tableName": table})


def statuses(results: list[dict[str, Any]]) -> list[int]:
    return [result["statusCode"] for result in results]


def quoted(database: Kind, name: str) -> str:
    opened = open_database(database.call())
    return opened.engine.dialect.identifier_preparer.quote_identifier(name).replace("%%", "%")


def test_ping_of_a_good_connection(database: Kind) -> None:
    outcome = adaptor.ping(database.call())

    assert (outcome.code, outcome.errors) == (200, ())


def test_document_leads_to_one_place(database: Kind) -> None:
    kind = open_database(database.call()).database
    block = database.doc["rdbms"]

    assert kind.place(block) == kind.place({**block, "user": "other"})
    assert kind.place(block) != kind.place({**block, "database": "other"})


def test_rows_come_in_order_in_chunks(database: Kind) -> None:
    table = made(database, "orders", "n integer primary key")
    assert statuses(bulk(database, table, [{"n": n} for n in range(250)])) == [200] * 250

    doc = {"rdbms": {"query": f"select n from {table} order by n"}, "pageSize": 100}
    chunks = [chunk.records for chunk in adaptor.open_export(database.call(), doc)]

    assert [len(chunk) for chunk in chunks] == [100, 100, 50]
    assert [record["n"] for chunk in chunks for record in chunk] == list(range(250))


def test_reading_that_ends_early_leaves_the_database_of_use(database: Kind) -> None:
    table = made(database, "left_early", "n integer primary key")
    bulk(database, table, [{"n": n} for n in range(300)])
    doc = {"rdbms": {"query": f"select n from {table}"}, "pageSize": 100}

    with closing(adaptor.open_export(database.call(), doc)) as chunks:  # type: ignore[type-var]
        assert len(next(chunks).records) == 100

    database.run(f"delete from {table}")
    assert database.read(f"select n from {table}") == []


def test_texts_survive_a_bulk_insert_and_a_template(database: Kind) -> None:
    table = made(database, "texts", "n integer primary key, t varchar(100)")
    half = len(TEXTS) // 2

    bulk(database, table, [{"n": n, "t": text} for n, text in enumerate(TEXTS[:half])])
    query = f"insert into {table} values ({{{{record.n}}}}, {{{{record.t}}}})"
    records = [{"n": n, "t": text} for n, text in enumerate(TEXTS)][half:]
    assert statuses(database.write(records, queryType=["per_record"], query=[query])) == [200] * len(records)

    assert [row["t"] for row in database.read(f"select t from {table} order by n")] == TEXTS


def test_values_come_back_as_they_were_sent(database: Kind) -> None:
    types = {"postgresql": ("double precision", "bytea"), "mariadb": ("double", "blob"), "sqlite": ("real", "blob")}
    number, binary = types[database.name]
    table = made(database, "vals", f"n bigint primary key, d {number}, b {binary}, t varchar(50), f boolean")
    record = {"n": 2**62 + 1, "d": 0.1, "b": "AAEC/w==", "t": '{"a":[1,null]}', "f": True}
    empty = {"n": -1, "d": None, "b": None, "t": None, "f": None}

    assert statuses(bulk(database, table, [{**record, "t": {"a": [1, None]}}, empty])) == [200, 200]

    assert database.read(f"select * from {table} order by n desc") == [record, empty]


def test_names_of_any_characters_are_quoted(database: Kind) -> None:
    odd = quoted(database, ODD)
    database.run(f"drop table if exists {odd}", f"create table {odd}({odd} integer, plain integer)")

    assert statuses(bulk(database, ODD, [{ODD: 1, "plain": 2}])) == [200]
    assert database.read(f"select * from {odd}") == [{ODD: 1, "plain": 2}]


def test_record_without_members_takes_the_defaults(database: Kind) -> None:
    table = made(database, "defaults", "n integer default 7")

    assert statuses(bulk(database, table, [{}, {}])) == [200, 200]
    assert database.read(f"select n from {table}") == [{"n": 7}, {"n": 7}]


@pytest.mark.parametrize("way", ["bulk", "template"])
def test_record_that_fails_is_undone_alone(database: Kind, way: str) -> None:
    table = made(database, f"alone_{way}", "n integer primary key")
    records = [{"n": 1}, {"n": 1}, {"n": 2}]

    if way == "bulk":
        results = bulk(database, table, records)
    else:
        query = f"insert into {table} values ({{{{record.n}}}})"
        results = database.write(records, queryType=["per_record"], query=[query])

    assert statuses(results) == [200, 422, 200]
    assert results[1]["errors"][0]["code"].startswith(database.taken)
    assert "values" not in results[1]["errors"][0]["message"].lower()
    assert database.read(f"select n from {table} order by n") == [{"n": 1}, {"n": 2}]


def test_statement_that_rolls_back_takes_the_promises_before_it(database: Kind) -> None:
    table = made(database, "taken_back", "n integer primary key")
    statements = [f"insert into {table} values (1)", "rollback", f"insert into {table} values (2)"]

    results = database.write([{"q": q} for q in statements], queryType=["per_record"], query=["{{{record.q}}}"])

    assert statuses(results)[0] == 422
    assert results[0]["errors"][0]["code"] == "transaction_ended"
    assert database.read(f"select n from {table}") == [{"n": 2}]


def test_table_made_in_a_batch_that_is_rolled_back(database: Kind) -> None:
    table = made(database, "kept", "n integer primary key")
    database.run("drop table if exists made_within")
    statements = [f"insert into {table} values (1)", "create table made_within(n integer)", "rollback"]

    results = database.write([{"q": q} for q in statements], queryType=["per_record"], query=["{{{record.q}}}"])

    # Where the making of a table commits, what was written before it stays, and its result says so.
    assert statuses(results)[0] == (422 if database.undoes_tables else 200)
    assert database.read(f"select n from {table}") == ([] if database.undoes_tables else [{"n": 1}])


def test_table_that_is_not_there(database: Kind) -> None:
    with pytest.raises(SourceFailure, match="no_such") as caught:
        bulk(database, "no_such", [{"n": 1}])
    assert caught.value.code == "table_not_found"

    with pytest.raises(SourceFailure) as refused:
        database.read("select * from no_such")
    assert not refused.value.offline
    assert refused.value.code == database.missing


def test_statement_ends_with_its_call(database: Kind) -> None:
    begun = time.monotonic()

    with pytest.raises(SourceFailure):
        list(adaptor.open_export(database.call(seconds=1.0), {"rdbms": {"query": database.slow}}))

    assert time.monotonic() - begun < 40
    assert adaptor.ping(database.call()).code == 200


def test_metadata_tells_tables_and_columns(database: Kind) -> None:
    table = made(database, "described", "id integer not null primary key, t varchar(10)")

    names = [one["name"] for one in adaptor.metadata(database.call(), {"type": "tables"})]
    (found,) = adaptor.metadata(database.call(), {"type": "columns", "tables": [table]})

    assert table in names
    assert [(one["name"], one["nullable"], one["primaryKey"]) for one in found["columns"]] == [
        ("id", False, True),
        ("t", True, False),
    ]


def test_refused_login_marks_the_connection(database: Kind) -> None:
    if not database.has_logins:
        assert "password" not in database.doc["rdbms"]
        return
    doc = {**database.doc, "rdbms": {**database.doc["rdbms"], "password": "wrong"}}

    outcome = adaptor.ping(database.call(doc=doc))

    assert outcome.code == 401
    assert "wrong" not in str(outcome.errors)
