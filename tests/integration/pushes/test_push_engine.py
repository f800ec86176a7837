"""Pushes and dry runs through the local engine into a real database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

import celigo_pandas as celigo

IMPORT = {
    "name": "Orders to SQL",
    "rdbms": {
        "queryType": ["per_record"],
        "query": ["insert into orders values ({{record.id}}, {{record.sku}}, {{record.quantity}})"],
    },
    "filter": {
        "type": "expression",
        "expression": {"version": "1", "rules": ["notequals", ["extract", "kind"], "draft"]},
    },
    "mappings": [
        {"generate": "id", "extract": "$.order.id", "dataType": "number", "status": "Active"},
        {"generate": "sku", "extract": "$.sku", "dataType": "string", "status": "Active"},
        {"generate": "quantity", "extract": "$.quantity", "dataType": "number", "status": "Active"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[celigo.Client]:
    with celigo.local(demo=None) as opened:
        yield opened


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "create table orders (id integer primary key, sku text, quantity integer check (quantity > 0))"
        )
        connection.commit()
    return path


@pytest.fixture
def con(client: celigo.Client, database: Path) -> celigo.Connection:
    rdbms = {"type": "sqlite", "host": "localhost", "database": str(database), "user": "u", "password": "p"}
    return client.connections.create({"name": database.parent.name, "type": "rdbms", "rdbms": rdbms})


def stored(database: Path) -> list[tuple[int, str, int]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("select id, sku, quantity from orders order by id").fetchall()


def frame() -> pd.DataFrame:
    df = pd.DataFrame(
        {
            "order.id": range(250),
            "sku": [f"s{number}" for number in range(250)],
            "quantity": [0 if number in (40, 140) else 2 for number in range(250)],
            "kind": ["draft" if number % 50 == 7 else "final" for number in range(250)],
        },
        index=pd.Index([f"row {number % 100}" for number in range(250)]),
    )
    df.attrs["celigo"] = {"flatten": "."}
    return df


@pytest.mark.parametrize("workers", [1, 4])
def test_engine_push_tells_each_row_and_a_corrected_retry_completes(
    con: celigo.Connection, database: Path, workers: int
) -> None:
    df = frame()
    result = df.celigo.to_import(IMPORT, con, max_workers=workers)

    assert result.counts == {"ok": 243, "failed": 2, "ignored": 5, "unknown": 0, "not_sent": 0}
    assert list(result.failed["order.id"]) == [40, 140]
    assert result.errors()["count"].sum() == 2

    again = result.retry(result.failed.assign(quantity=1))

    assert again.counts["ok"] == 245
    rows = stored(database)
    assert len(rows) == 245
    assert rows[40 - 1] == (40, "s40", 1)


def test_engine_dry_run_says_the_same_here_and_there(con: celigo.Connection, database: Path) -> None:
    df = frame()
    df["quantity"] = df["quantity"].astype(object)
    df.iloc[3, df.columns.get_loc("quantity")] = "many"
    here, there = df.celigo.dry_run(IMPORT), df.celigo.dry_run(IMPORT, con)

    pd.testing.assert_frame_equal(here.mapped, there.mapped)
    assert list(here.frame["state"]) == list(there.frame["state"])
    assert here.counts == {"mapped": 244, "ignored": 5, "mapped_with_errors": 0, "failed": 1}
    assert here.frame["source"].iloc[3] == there.frame["source"].iloc[3] == "mapping"
    assert stored(database) == []


def test_engine_mapping_failure_names_the_rule(con: celigo.Connection) -> None:
    df = frame().astype({"quantity": object})
    df.iloc[9, df.columns.get_loc("quantity")] = "many"
    result = df.celigo.to_import(IMPORT, con)
    errors = result.errors()

    assert "mappings[2]" in errors[errors["source"] == "mapping"].iloc[0]["rule"]
