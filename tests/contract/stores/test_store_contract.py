"""What every store of synced tables does, with the gaps that its kind declares."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.store_kinds import KINDS, ON_DISK, StoreKind

from celigo_pandas.errors import SyncError
from celigo_pandas.syncs.stores.store import Change, State
from celigo_pandas.syncs.table_columns import arrow_type

COLUMNS = {"id": "int", "name": "str", "paid": "bool", "total": "float", "tags": "json", "note": "null"}
STATE = State(
    number=1, table="orders", export="d", connection="c", connection_id="1", mode="merge", key=("id",), cursor="u",
    columns=COLUMNS, watermark="2024-01-01T00:00:00Z", rows=3, last_run="2024-01-02T00:00:00.000+00:00",
)  # fmt: skip
ROWS = [
    {"id": 1, "name": "ä' \"b`", "paid": True, "total": 1.5, "tags": "[1]", "note": None},
    {"id": 2, "name": None, "paid": None, "total": None, "tags": None, "note": None},
    {"id": 2**62, "name": "", "paid": False, "total": -0.0, "tags": '"x"', "note": None},
]


@pytest.fixture(params=KINDS, ids=[kind.name for kind in KINDS])
def kind(request: pytest.FixtureRequest) -> StoreKind:
    return request.param


@pytest.fixture
def to(kind: StoreKind, tmp_path: Path) -> Any:
    place = kind.to(tmp_path)
    yield place
    if hasattr(place, "close"):
        place.close()


@pytest.fixture
def store(kind: StoreKind, to: Any) -> Any:
    return kind.open(to)


def table(rows: list[dict[str, Any]], columns: dict[str, str]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, arrow_type(kind)) for name, kind in columns.items()]))


def keys(*values: int) -> pa.Table:
    return pa.table({"id": pa.array(values, pa.int64())})


def begin(store: Any) -> State:
    with store.opened():
        assert store.state() is None
        store.write(Change(COLUMNS, table(ROWS, COLUMNS), ("id",)), None, STATE)
    return STATE


def following(state: State, **changes: Any) -> State:
    return dataclasses.replace(state, number=state.number + 1, **changes)


def rows_in(store: Any, state: State) -> list[dict[str, Any]]:
    with store.opened(writes=False):
        return sorted(store.read(state).to_pylist(), key=lambda row: row["id"])


def test_rows_and_state_come_back_as_they_went_in(store: Any) -> None:
    begin(store)

    with store.opened(writes=False):
        assert store.state() == STATE
        assert store.read(STATE).schema == table([], COLUMNS).schema
        assert store.read(STATE, ("name", "id")).column_names == ["name", "id"]
    assert rows_in(store, STATE) == ROWS


def test_a_new_store_object_finds_what_another_wrote(kind: StoreKind, to: Any, store: Any) -> None:
    begin(store)

    assert kind.open(to).exists()
    assert rows_in(kind.open(to), STATE) == ROWS


def test_others_read_the_table(kind: StoreKind, to: Any, store: Any) -> None:
    begin(store)

    found = kind.foreign(to)

    assert sorted(found["id"]) == [1, 2, 2**62]
    assert list(found.columns) == list(COLUMNS)


def test_rows_of_finds_rows_by_key_and_by_another_column(store: Any) -> None:
    begin(store)

    with store.opened():
        assert store.rows_of(STATE, keys(2, 7, 2**62)).sort_by("id").to_pylist() == ROWS[1:]
        by_name = store.rows_of(STATE, pa.table({"name": pa.array([ROWS[0]["name"]], pa.large_string())}))
        both = pa.table({"id": pa.array([1, 2**62]), "name": pa.array(["no", ""], pa.large_string())})
        assert store.rows_of(STATE, both).to_pylist() == ROWS[2:]
        assert store.rows_of(STATE, keys()).num_rows == 0
    assert by_name.to_pylist() == ROWS[:1]


def test_rows_are_replaced_added_and_removed_at_once(store: Any) -> None:
    begin(store)
    changed, new = {**ROWS[1], "name": "changed"}, {**ROWS[0], "id": 9}
    after = following(STATE, watermark=7)

    with store.opened():
        change = Change(COLUMNS, table([changed, new], COLUMNS), ("id",), {}, keys(2), keys(1))
        store.write(change, STATE, after)

    assert rows_in(store, after) == [changed, new, ROWS[2]]
    with store.opened(writes=False):
        assert store.state() == after


def test_rows_are_only_added(store: Any) -> None:
    begin(store)
    new = {**ROWS[0], "id": 9}

    with store.opened():
        store.write(Change(COLUMNS, table([new], COLUMNS)), STATE, after := following(STATE))

    assert rows_in(store, after) == sorted([*ROWS, new], key=lambda row: row["id"])


def test_rows_are_only_removed(store: Any) -> None:
    begin(store)

    with store.opened():
        change = Change(COLUMNS, table([], COLUMNS), ("id",), {}, keys(), keys(1, 2, 2**62))
        store.write(change, STATE, after := following(STATE, rows=0))

    assert rows_in(store, after) == []


def test_all_rows_give_way(store: Any) -> None:
    begin(store)

    with store.opened():
        store.write(Change(COLUMNS, table(ROWS[:1], COLUMNS), empties=True), STATE, after := following(STATE))

    assert rows_in(store, after) == ROWS[:1]


def test_a_state_alone_is_remembered(store: Any) -> None:
    begin(store)
    after = following(STATE, last_run="2024-02-01T00:00:00.000+00:00")
    last = following(after, complete=False)

    with store.opened():
        store.write(Change(COLUMNS, table([], COLUMNS), ("id",)), STATE, after)
        store.write(Change(COLUMNS, table([], COLUMNS), ("id",)), after, last)

    assert rows_in(store, last) == ROWS
    with store.opened(writes=False):
        assert store.state() == last


def test_columns_are_added_and_old_rows_have_none_of_them(store: Any) -> None:
    begin(store)
    columns = {**COLUMNS, 'more "x`, y': "str", "even": "bool"}
    new = {**ROWS[0], "id": 9, 'more "x`, y': "z", "even": True}

    with store.opened():
        after = following(STATE, columns=columns)
        store.write(Change(columns, table([new], columns), ("id",), {}, keys(), None), STATE, after)

    none = {'more "x`, y': None, "even": None}
    assert rows_in(store, after) == [{**ROWS[0], **none}, {**ROWS[1], **none}, new, {**ROWS[2], **none}]


@pytest.mark.parametrize(
    ("name", "kind_after", "expected"),
    [
        ("name", "json", ['"\\u00e4\' \\"b`"', None, '""']),
        ("paid", "json", ["true", None, "false"]),
        ("total", "json", ["1.5", None, "0"]),
        ("note", "int", [None, None, None]),
        ("note", "json", [None, None, None]),
    ],
)
def test_columns_hold_other_kinds_from_now_on(store: Any, name: str, kind_after: str, expected: list[Any]) -> None:
    begin(store)
    columns = {**COLUMNS, name: kind_after}
    new = {**ROWS[0], "id": 9, name: 5 if kind_after == "int" else "[5]"}

    with store.opened():
        after = following(STATE, columns=columns)
        retyped = {name: (COLUMNS[name], kind_after)}
        store.write(Change(columns, table([new], columns), ("id",), retyped, keys(), keys(2)), STATE, after)

    found = rows_in(store, after)
    assert [row["id"] for row in found] == [1, 9, 2**62]
    assert [row[name] for row in found] == [expected[0], new[name], expected[2]]


def test_integers_become_doubles(store: Any) -> None:
    columns = {"id": "int", "n": "int"}
    state = dataclasses.replace(STATE, columns=columns)
    with store.opened():
        store.write(Change(columns, table([{"id": 1, "n": 2**53}], columns), ("id",)), None, state)
        wider = {"id": "int", "n": "float"}
        after = following(state, columns=wider)
        store.write(Change(wider, table([{"id": 2, "n": 0.5}], wider), ("id",), {"n": ("int", "float")}), state, after)

    assert rows_in(store, after) == [{"id": 1, "n": 2.0**53}, {"id": 2, "n": 0.5}]


def test_a_table_that_another_call_has_synced_is_left_alone(store: Any) -> None:
    begin(store)
    after = following(STATE)
    with store.opened():
        store.write(Change(COLUMNS, table([], COLUMNS)), STATE, after)

        with pytest.raises(SyncError, match="synced by another call meanwhile"):
            store.write(Change(COLUMNS, table([], COLUMNS), empties=True), STATE, following(STATE))
        with pytest.raises(SyncError, match="synced by another call meanwhile"):
            store.write(Change(COLUMNS, table([], COLUMNS), empties=True), None, STATE)

    assert rows_in(store, after) == ROWS


def test_a_change_that_fails_midway_has_not_happened(kind: StoreKind, to: Any, store: Any) -> None:
    begin(store)
    change = Change(
        {**COLUMNS, "z": "int"}, table([{**ROWS[0], "z": 1}], {**COLUMNS, "z": "int"}), ("id",), {}, keys(1), keys(2)
    )
    after = following(STATE, columns={**COLUMNS, "z": "int"})
    before_commit = store.STEPS[: store.STEPS.index("committed")]

    for step in before_commit:
        failing = kind.open(to)

        def fail(done: str, step: str = step) -> None:
            if done == step:
                raise RuntimeError(step)

        failing.on_step = fail
        with pytest.raises(RuntimeError, match=step), failing.opened():
            failing.write(change, STATE, after)
        assert rows_in(kind.open(to), STATE) == ROWS, step
        with kind.open(to).opened(writes=False) as _:
            pass

    with store.opened():
        store.write(change, STATE, after)
    assert [row["z"] for row in rows_in(store, after)] == [1, None]


def test_columns_that_differ_in_capitals(kind: StoreKind, store: Any) -> None:
    columns = {"id": "int", "Id": "int"}
    state, rows = dataclasses.replace(STATE, columns=columns), [{"id": 1, "Id": 2}]

    with store.opened():
        if kind.has_columns_by_case:
            store.write(Change(columns, table(rows, columns)), None, state)
            assert store.read(state).to_pylist() == rows
        else:
            with pytest.raises(SyncError, match="'id' and 'Id' for one"):
                store.write(Change(columns, table(rows, columns)), None, state)
            assert store.state() is None


@pytest.mark.parametrize("kind", ON_DISK, ids=[kind.name for kind in ON_DISK])
def test_a_store_can_be_pickled(kind: StoreKind, tmp_path: Path) -> None:
    store = kind.open(kind.to(tmp_path))
    begin(store)

    assert rows_in(pickle.loads(pickle.dumps(store)), STATE) == ROWS


def test_a_record_of_another_version_is_told() -> None:
    with pytest.raises(SyncError, match="format 9; this version reads 1"):
        State.read(STATE.text().replace('"format": 1', '"format": 9'), "shop.duckdb")
    with pytest.raises(SyncError, match="cannot be read"):
        State.read("{}", "shop.duckdb")
