"""The walk of a paged export: read once, spooled, signed, byte-identical, surviving a restart."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.engine import EngineProcess, make_sqlite

from celigo_pandas.engine.storage.vault import new_key

EXPORT = {"pageSize": 10, "rdbms": {"query": "select n, name from t"}}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return make_sqlite(tmp_path / "t.db", t=[{"n": n, "name": f"name {n}"} for n in range(95)])


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


def ask(engine: EngineProcess, id: str, export: Any, state: Any = None) -> Any:
    body = {"export": export} if state is None else {"export": export, "pagedExportState": state}
    return engine.call("POST", f"/connections/{id}/export/pages", body)


def refusal(answer: Any) -> str:
    assert answer.status_code == 422, answer.text
    return str(answer.json()["errors"][0]["code"])


def test_walk_gives_each_record_once_and_totals_when_known(engine: EngineProcess, database: Path) -> None:
    pages = list(engine.pages(engine.sqlite(database), EXPORT))

    assert [record["n"] for page in pages for record in page["data"]] == list(range(95))
    assert [len(page["data"]) for page in pages] == [10] * 9 + [5]
    assert all(page["dataURIs"] == [None] * len(page["data"]) for page in pages)
    states = [page["pagedExportState"] for page in pages]
    assert [state["done"] for state in states] == [False] * 9 + [True]
    assert [state["pageIndex"] for state in states] == list(range(2, 12))
    assert (states[-1]["totalRecords"], states[-1]["totalPages"]) == (95, 10)


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 20])
def test_walk_ends_at_any_number_of_rows(engine: EngineProcess, tmp_path: Path, rows: int) -> None:
    database = make_sqlite(
        tmp_path / "r.db", ["create table t(n)", *(f"insert into t values({n})" for n in range(rows))]
    )
    export = {"pageSize": 10, "rdbms": {"query": "select n from t"}}

    pages = list(engine.pages(engine.sqlite(database), export))

    assert [record["n"] for page in pages for record in page["data"]] == list(range(rows))
    assert len(pages) == max(1, -(-rows // 10))


def test_walk_page_asked_for_twice_is_byte_identical(engine: EngineProcess, database: Path) -> None:
    id = engine.sqlite(database)
    state = ask(engine, id, EXPORT).json()["pagedExportState"]
    first = ask(engine, id, EXPORT, state).content
    later = json.loads(first)["pagedExportState"]
    for _ in range(5):
        later = ask(engine, id, EXPORT, later).json()["pagedExportState"]

    assert ask(engine, id, EXPORT, state).content == first


def test_walk_rows_do_not_shift_when_the_source_changes(engine: EngineProcess, tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "w.db", ["pragma journal_mode = wal"], t=[{"n": n} for n in range(3000)])
    id = engine.sqlite(database)
    export = {"pageSize": 100, "rdbms": {"query": "select n from t"}}
    found: list[int] = []
    writer = sqlite3.connect(database, isolation_level=None)
    for number, page in enumerate(engine.pages(id, export)):
        found += [record["n"] for record in page["data"]]
        writer.execute("delete from t where n in (select n from t order by n desc limit 40)")
        writer.execute("insert into t values (?)", (100_000 + number,))
    writer.close()

    assert found == list(range(3000))


def test_walk_source_is_read_once(engine: EngineProcess, tmp_path: Path) -> None:
    """Each row has a random number, so that reading twice shows."""
    database = make_sqlite(tmp_path / "t.db", t=[{"n": n} for n in range(5000)])
    id = engine.sqlite(database)
    export = {"pageSize": 100, "rdbms": {"query": "select n, random() as once from t"}}

    first = ask(engine, id, export)
    state = first.json()["pagedExportState"]
    again = ask(engine, id, export, state).json()

    assert ask(engine, id, export, state).json() == again


@pytest.mark.parametrize(
    "change",
    [
        {"pageSize": 11},
        {"rdbms": {"query": "select n from t"}},
        {"filter": {"type": "expression", "expression": {"version": "1", "rules": []}}},
        {"name": "added"},
    ],
)
def test_walk_changed_model_is_refused(engine: EngineProcess, database: Path, change: dict[str, Any]) -> None:
    id = engine.sqlite(database)
    state = ask(engine, id, EXPORT).json()["pagedExportState"]

    assert refusal(ask(engine, id, {**EXPORT, **change}, state)) == "invalid_paged_export_state"
    assert ask(engine, id, dict(reversed(EXPORT.items())), state).status_code == 200


@pytest.mark.parametrize("name", ["walkId", "pageIndex", "pageSize", "done", "issuedAt", "sig"])
def test_walk_changed_member_of_the_state_is_refused(engine: EngineProcess, database: Path, name: str) -> None:
    id = engine.sqlite(database)
    state = ask(engine, id, EXPORT).json()["pagedExportState"]
    other = ask(engine, id, EXPORT).json()["pagedExportState"]
    changed = {"walkId": other["walkId"], "sig": other["sig"], "done": True}.get(
        name, state[name] if name == "sig" else 3
    )

    for broken in ({**state, name: changed}, {key: value for key, value in state.items() if key != name}):
        assert refusal(ask(engine, id, EXPORT, broken)) == "invalid_paged_export_state"


def test_walk_state_of_another_connection_is_refused(engine: EngineProcess, database: Path) -> None:
    state = ask(engine, engine.sqlite(database), EXPORT).json()["pagedExportState"]

    assert refusal(ask(engine, engine.sqlite(database), EXPORT, state)) == "invalid_paged_export_state"


def test_walk_state_expires_after_its_idle_time(database: Path) -> None:
    with EngineProcess("--choice", "state_lifetime_s=2") as engine:
        id = engine.sqlite(database)
        state = ask(engine, id, EXPORT).json()["pagedExportState"]
        for _ in range(4):  # each request prolongs it
            time.sleep(0.7)
            state = ask(engine, id, EXPORT, state).json()["pagedExportState"]
        time.sleep(2.3)

        assert refusal(ask(engine, id, EXPORT, state)) == "invalid_paged_export_state"
        assert refusal(ask(engine, id, EXPORT, state)) == "invalid_paged_export_state"


def test_walk_restarted_engine_serves_what_was_filled(tmp_path: Path, database: Path) -> None:
    key, store = new_key(), str(tmp_path / "store")
    with EngineProcess("--store", store, key=key) as engine:
        id = engine.sqlite(database)
        small = {"pageSize": 50, "rdbms": {"query": "select n from t"}}
        large = ask(engine, id, EXPORT).json()["pagedExportState"]
        done = ask(engine, id, small).json()["pagedExportState"]
        expected = ask(engine, id, EXPORT, large).content
        time.sleep(0.3)
        engine.process.kill()
        engine.process.wait()
    with EngineProcess("--store", store, key=key) as engine:
        assert ask(engine, id, EXPORT, large).content == expected
        last = ask(engine, id, small, done).json()
        assert [record["n"] for record in last["data"]] == list(range(50, 95))
        assert last["pagedExportState"]["done"] is True
        found, state = [], None
        while state is None or not state["done"]:
            page = ask(engine, id, EXPORT, state or large).json()
            found += [record["n"] for record in page["data"]]
            state = page["pagedExportState"]
        assert found == list(range(10, 95))
    with EngineProcess("--store", store, key=f"{new_key()}") as engine:
        assert refusal(ask(engine, id, EXPORT, large)) == "invalid_paged_export_state"


@contextmanager
def restarted(
    tmp_path: Path, database: Path, export: dict[str, Any], change: Callable[[EngineProcess, str], None]
) -> Iterator[tuple[EngineProcess, str, Any]]:
    """Give an engine that was killed after page 1 of a walk, and the state of its page 2; `change` comes in between."""
    key, store = new_key(), str(tmp_path / "store")
    with EngineProcess("--store", store, key=key) as engine:
        id = engine.sqlite(database)
        state = ask(engine, id, export).json()["pagedExportState"]
        engine.process.kill()
        engine.process.wait()
    with EngineProcess("--store", store, key=key) as engine:
        change(engine, id)
        yield engine, id, state


def _rest(engine: EngineProcess, id: str, export: dict[str, Any], state: Any) -> tuple[list[int], Any]:
    """Walk on; give the rows, and the answer that ended the walk."""
    found: list[int] = []
    while True:
        answer = ask(engine, id, export, state)
        if answer.status_code != 200:
            return found, answer
        found += [record["n"] for record in answer.json()["data"]]
        state = answer.json()["pagedExportState"]
        if state["done"]:
            return found, answer


def _sql(database: Path, *statements: str) -> Callable[[EngineProcess, str], None]:
    def change(engine: EngineProcess, id: str) -> None:
        with sqlite3.connect(database) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    return change


def test_walk_of_a_restarted_engine_goes_on_where_only_later_rows_have_changed(tmp_path: Path, database: Path) -> None:
    change = _sql(database, "delete from t where n = 80", "insert into t (n) values (100)")
    with restarted(tmp_path, database, EXPORT, change) as (engine, id, state):
        found, answer = _rest(engine, id, EXPORT, state)

        assert found == [*range(10, 80), *range(81, 95), 100]
        assert answer.json()["pagedExportState"]["totalRecords"] == 95


@pytest.mark.parametrize(
    "statement", ["delete from t where n = 3", "update t set n = -1 where n = 0", "delete from t", "drop table t"]
)
def test_walk_of_a_restarted_engine_ends_where_the_source_has_changed(
    statement: str, tmp_path: Path, database: Path
) -> None:
    with restarted(tmp_path, database, EXPORT, _sql(database, statement)) as (engine, id, state):
        found, answer = _rest(engine, id, EXPORT, state)

        assert found == list(range(10, 10 + len(found)))  # what was spooled, and not a row that is out of place
        assert answer.status_code == 422
        if not statement.startswith("drop"):
            assert "gives another page" in answer.json()["errors"][0]["message"]
            assert "Start the export again" in answer.json()["errors"][0]["message"]


def test_walk_of_a_restarted_engine_is_not_read_again_where_reading_changes_the_source(
    tmp_path: Path, database: Path
) -> None:
    export = {**EXPORT, "type": "once", "once": {"query": "update t set n = n"}}
    with restarted(tmp_path, database, export, lambda engine, id: None) as (engine, id, state):
        found, answer = _rest(engine, id, export, state)

        assert found == list(range(10, 10 + len(found)))
        assert answer.status_code == 422
        assert "reading this export changes its source" in answer.json()["errors"][0]["message"]


def test_walk_of_a_connection_that_was_changed_is_not_read_again(engine: EngineProcess, database: Path) -> None:
    id = engine.sqlite(database)
    state = ask(engine, id, EXPORT).json()["pagedExportState"]
    doc = engine.call("GET", f"/connections/{id}").json()
    for name in ("_id", "createdAt", "lastModified", "offline", "queues"):
        doc.pop(name, None)
    assert engine.call("PUT", f"/connections/{id}", {**doc, "name": "other"}).status_code == 200

    found, answer = _rest(engine, id, EXPORT, state)

    assert found == list(range(10, 10 + len(found)))
    assert "connection was changed" in answer.json()["errors"][0]["message"]


def test_walk_failure_midway_is_told_at_its_page(engine: EngineProcess, tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "f.db", t=[{"n": n} for n in range(45)])
    id = engine.sqlite(database)
    query = "select n, case when n = 33 then json('bad') else 1 end as v from t"
    export = {"pageSize": 10, "rdbms": {"query": query}}
    # SQLite fetches in chunks of at least 100 rows, so the failure shows with the first chunk of these 45.
    assert refusal(ask(engine, id, export)) == "SQLITE_ERROR"

    more = make_sqlite(tmp_path / "g.db", t=[{"n": n} for n in range(450)])
    id = engine.sqlite(more)
    export["rdbms"] = {"query": query.replace("33", "333")}  # type: ignore[index]
    found, state = [], None
    while True:
        answer = ask(engine, id, export, state)
        if answer.status_code != 200:
            break
        found += [record["n"] for record in answer.json()["data"]]
        state = answer.json()["pagedExportState"]
    assert refusal(answer) == "SQLITE_ERROR"
    assert found == list(range(300))
    assert refusal(ask(engine, id, export, state)) == "SQLITE_ERROR"


def test_walk_many_at_once_do_not_mix(engine: EngineProcess, database: Path) -> None:
    id = engine.sqlite(database)
    found: dict[int, list[Any]] = {}

    def read(number: int) -> None:
        export = {"pageSize": 7 + number, "rdbms": {"query": f"select n + {number * 1000} as n from t"}}
        found[number] = [record["n"] for record in engine.records(id, export)]

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert found == {number: [n + number * 1000 for n in range(95)] for number in range(8)}


def test_walk_changed_connection_ends_its_walks(engine: EngineProcess, database: Path) -> None:
    id = engine.sqlite(database)
    export = {"pageSize": 2, "rdbms": {"query": "select n from t"}}
    state = ask(engine, id, export).json()["pagedExportState"]
    doc = {"name": "other", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(database)}}
    assert engine.call("PUT", f"/connections/{id}", doc).status_code == 200

    answer = None
    for _ in range(20):
        answer = ask(engine, id, export, state)
        if answer.status_code != 200:
            break
        state = answer.json()["pagedExportState"]
    assert answer is not None
    assert refusal(answer) == "invalid_paged_export_state"


def test_walk_state_without_totals_or_end_when_so_chosen(database: Path) -> None:
    with EngineProcess("--choice", "state_has_totals=false", "--choice", "state_at_end=false") as engine:
        pages = list(engine.pages(engine.sqlite(database), EXPORT))

        assert len(pages) == 10
        assert "pagedExportState" not in pages[-1]
        assert all("totalRecords" not in page["pagedExportState"] for page in pages[:-1])


@pytest.mark.parametrize("size", [0, -1, 1.5, "10", True, None, 10_000_000])
def test_walk_page_size_that_is_none_is_refused(engine: EngineProcess, database: Path, size: Any) -> None:
    answer = ask(engine, engine.sqlite(database), {**EXPORT, "pageSize": size})

    if size is None:
        assert len(answer.json()["data"]) == 20  # the vendor's default
    else:
        assert answer.json()["errors"][0]["field"] == "export.pageSize"
        assert refusal(answer) == "invalid_field"
