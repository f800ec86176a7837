"""Syncs through the local engine: SQL with a watermark, delta exports, a connection's method, and the command."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import celigo_pandas as celigo
from celigo_pandas.cli import main

START = "2020-01-01T00:00:00Z"
MARKED = {"rdbms": {"query": "select * from orders where at >= '{{watermark}}' order by at"}}
DELTA = {"type": "delta", "rdbms": {"query": "select * from orders where at >= {{lastExportDateTime}} order by at"}}


class Shop:
    """A SQLite file that the engine reads."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.change("create table orders (id integer primary key, at text, total numeric, note text)")
        for number in range(1, 31):
            self.insert(number, f"2024-01-{number:02d}T00:00:00.000Z")

    def change(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.database)) as con, con:
            con.execute(statement, values)

    def insert(self, number: int, at: str, total: float = 1) -> None:
        self.change("insert into orders values (?, ?, ?, null)", number, at, total)


@pytest.fixture(scope="module")
def client() -> Iterator[celigo.Client]:
    with celigo.local(demo="none") as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop.db")


@pytest.fixture
def con(client: celigo.Client, shop: Shop) -> Iterator[celigo.Connection]:
    rdbms = {"type": "sqlite", "database": str(shop.database)}
    made = client.connections.create({"name": "Orders", "type": "rdbms", "rdbms": rdbms})
    yield made
    made.delete()


@pytest.mark.parametrize("export", [MARKED, DELTA], ids=["mark", "delta"])
def test_the_second_pull_brings_the_window(
    con: celigo.Connection, shop: Shop, tmp_path: Path, export: dict[str, Any]
) -> None:
    def sync() -> celigo.SyncResult:
        return con.sync(export, to=tmp_path / "lake", key="id", cursor="at", overlap="1h", start=START, progress=False)

    assert sync().inserted == 30
    shop.insert(31, "2024-01-29T23:30:00.000Z", 0.5)  # committed late
    shop.change("update orders set total = 2, at = '2024-02-01T00:00:00.000Z' where id = 1")
    with pytest.warns(celigo.errors.DriftWarning, match="column 'total' is number, was integer"):
        result = sync()

    assert (result.inserted, result.updated, result.unchanged, result.deleted) == (1, 1, 1, 0)
    assert result.window == ("2024-01-29T23:00:00.000Z", "2024-02-01T00:00:00.000Z")
    everything = con.read_export({"rdbms": {"query": "select * from orders order by id"}}, progress=False)
    held = result.frame().sort_values("id", ignore_index=True)
    assert held.to_dict("records") == everything.to_dict("records")


def test_a_delta_export_keeps_its_own_start_for_the_first_pull(con: celigo.Connection, tmp_path: Path) -> None:
    export = {**DELTA, "delta": {"startDate": "2024-01-21T00:00:00Z"}}

    assert con.sync(export, to=tmp_path / "lake", key="id", cursor="at", progress=False).inserted == 10


def test_a_builder_is_taken(con: celigo.Connection, tmp_path: Path) -> None:
    built = celigo.build.sql_export("select * from orders")

    result = celigo.sync(built, con, to=tmp_path / "a", key="id", progress=False)

    assert (result.rows, result.watermark, result.full) == (30, None, True)


def test_the_command_syncs_and_tells(
    client: celigo.Client, con: celigo.Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("CELIGO_API_TOKEN", client.engine_token)  # type: ignore[attr-defined]
    document, keys, to = tmp_path / "orders.json", tmp_path / "keys.json", str(tmp_path / "x.duckdb")
    document.write_text(json.dumps(MARKED))
    keys.write_text(json.dumps({"rdbms": {"query": "select id from orders"}}))
    command = [
        "sync", str(document), "-c", "Orders", "--base-url", client.base_url, "--to", to, "--table", "orders",
        "--key", "id", "--cursor", "at", "--overlap", "1d", "--start", START, "--deletes", f"keys:{keys}",
    ]  # fmt: skip

    assert main(command) == 0
    assert capsys.readouterr().out == "30 rows: 30 inserted. Watermark: 2024-01-30T00:00:00.000Z.\n"
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["unchanged"], told["window"][0], told["complete"]) == (2, "2024-01-29T00:00:00.000Z", True)
    assert main(["sync", "--to", to, "--state"]) == 0
    assert "orders    30 2024-01-30T00:00:00.000Z" in capsys.readouterr().out
    assert main(["sync", "--to", to, "--state", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["key"] == ["id"]


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--key", "id", "--deletes", "all"], 2, "--deletes: got 'all'; expected compare, keys:EXPORT.json"),
        ([], 2, "key= is not given"),
        (["--key", "id", "--deletes", "column:gone"], 1, "there is no column 'gone'"),
        (["--key", "id", "--overlap", "soon"], 2, "overlap: got 'soon'"),
    ],
)
def test_the_command_says_what_cannot_be(
    client: celigo.Client, con: celigo.Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, options: list[str], code: int, told: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("CELIGO_API_TOKEN", client.engine_token)  # type: ignore[attr-defined]
    target = ["-c", "Orders", "--base-url", client.base_url, "--to", str(tmp_path / "lake")]

    assert main(["sync", "--sql", "select * from orders", *target, *options]) == code
    assert told in capsys.readouterr().err
