"""What a sync takes, what it refuses, and that a refusal leaves table and watermark as they were."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pandas as pd
import pytest
from support.pulls import answer, connection_to
from support.synced_place import row

import celigo_pandas as celigo
from celigo_pandas.errors import (
    ConfigError,
    DocumentError,
    DriftWarning,
    FrameError,
    HintWarning,
    RecordErrorsWarning,
    SyncError,
)


def ids(place: Any) -> list[int]:
    return [found["id"] for found in place.held()]


def test_a_second_run_asks_from_the_watermark_less_the_overlap(place: Any) -> None:
    place.rows = [row(n) for n in range(1, 13)]
    first = place.sync()
    place.rows = [*place.rows[:11], row(12, "2024-01-12T00:01:00Z", name="new"), row(13)]
    with pytest.warns(DriftWarning, match="new column 'name'"):
        second = place.sync(overlap="1h")

    assert (first.inserted, first.full, first.window[0]) == (12, True, "2020-01-01T00:00:00Z")
    assert (second.inserted, second.updated, second.unchanged, second.full) == (1, 1, 0, False)
    assert second.window == ("2024-01-11T23:00:00Z", "2024-01-13T00:00:00Z")
    assert second.watermark == "2024-01-13T00:00:00Z"
    assert place.server.exports[1]["http"]["relativeURI"] == "/orders?since=2024-01-11T23:00:00Z"
    assert repr(second) == "<SyncResult 13 rows: 1 inserted, 1 updated.>"
    assert {found["id"]: found["name"] for found in place.held()}[12] == "new"
    assert second.frame(["id"])["id"].sum() == sum(range(1, 14))


def test_nothing_new_is_nothing_changed(place: Any) -> None:
    place.rows = [row(n) for n in range(1, 4)]
    place.sync()
    before = place.held()
    result = place.sync()
    place.rows = []
    empty = place.sync()

    assert (result.inserted, result.updated, result.unchanged, result.deleted) == (0, 0, 1, 0)
    assert empty.summary() == "3 rows: nothing new."
    assert empty.watermark == result.watermark == "2024-01-03T00:00:00Z"
    assert place.held() == before


def test_a_source_without_rows_makes_no_table(place: Any) -> None:
    result = place.sync()

    assert (result.rows, result.watermark) == (0, None)
    assert result.frame().empty
    place.rows = [row(1)]
    assert place.sync().inserted == 1


def test_rows_without_a_cursor_are_taken_and_told(parquet: Any) -> None:
    parquet.rows = [row(1), {"id": 2, "updated": None}]
    with pytest.warns(HintWarning, match="cursor='updated' is null in 1 rows"):
        result = parquet.sync()

    assert (result.inserted, result.watermark) == (2, "2024-01-01T00:00:00Z")


def test_a_clock_that_is_ahead_does_not_move_the_watermark(parquet: Any) -> None:
    parquet.rows = [row(1), row(2, "2999-01-01T00:00:00Z")]
    with pytest.warns(HintWarning, match="lies in the future in 1 rows, such as '2999"):
        result = parquet.sync()
    parquet.rows.append(row(3))
    with pytest.warns(HintWarning, match="lies in the future"):
        later = parquet.sync()

    assert result.watermark == "2024-01-01T00:00:00Z"
    assert (later.inserted, later.watermark) == (1, "2024-01-03T00:00:00Z")


def test_numbers_can_be_cursors(place: Any) -> None:
    place.rows = [{"id": n, "updated": n} for n in range(1, 8)]
    export = {"http": {"relativeURI": "/orders?since={{watermark}}", "method": "GET"}}
    place.sync(export, start=0, overlap=2)
    place.rows.append({"id": 8, "updated": 8})
    result = place.sync(export, start=0, overlap=2)

    assert (result.inserted, result.unchanged, result.window) == (1, 3, (5, 8))
    with pytest.warns(HintWarning, match="is a span of time, and cursor='updated' has numbers"):
        place.sync(export, start=0)


@pytest.mark.parametrize(
    ("rows", "error", "told"),
    [
        ([row(1), {"id": None, "updated": "2024-01-01T00:00:00Z"}], FrameError, "key='id' is null in 1 of 2 rows"),
        ([{"no": 1, "updated": "2024-01-01T00:00:00Z"}], FrameError, "key='id': no such column"),
        ([{"id": [1], "updated": "2024-01-01T00:00:00Z"}], FrameError, "key='id' has values of several kinds"),
        ([row(1, v=1), row(1, v=2)], FrameError, "does not tell rows apart"),
        ([row(1, "yesterday")], FrameError, "are no ISO 8601 times"),
        ([{"id": 1}], FrameError, "cursor='updated': no such column"),
        ([{"id": 1, "updated": 5}], FrameError, "cursor='updated' came as numbers, such as 5; start is '2020"),
    ],
)
def test_rows_that_cannot_be_kept_apart_or_compared_are_refused(
    parquet: Any, rows: list[Any], error: type[Exception], told: str
) -> None:
    parquet.rows = rows
    with pytest.raises(error, match=told):
        parquet.sync()
    assert parquet.held() == []


def test_a_key_of_another_kind_is_refused(place: Any) -> None:
    place.rows = [row(1)]
    place.sync()
    place.rows = [{**row(2), "id": "2"}]

    with pytest.raises(FrameError, match="key='id' came as str, and is int in the table"):
        place.sync()
    assert ids(place) == [1]


def test_a_frozen_schema_refuses_before_anything_is_written(place: Any) -> None:
    place.rows = [row(1, a=1, b="x")]
    place.sync()
    place.rows = [row(2, a="text", c=True)]

    with pytest.raises(FrameError, match="new column 'c' \\(boolean\\)") as told:
        place.sync(schema="freeze")

    assert "column 'a' is mixed, as JSON, was integer" in str(told.value)
    assert "missing column 'b'" in str(told.value)
    assert ids(place) == [1]
    assert place.state().watermark == "2024-01-01T00:00:00Z"


def test_integers_that_no_double_holds_are_kept_as_they_came(place: Any) -> None:
    place.rows = [row(1, n=2**53 + 1), row(2, n=-(2**63))]
    place.sync()
    place.rows = [row(3, n=0.5), row(4, n=2**70)]
    with pytest.warns(DriftWarning, match="column 'n' is mixed, as JSON, was integer"):
        result = place.sync()

    frame = result.frame().sort_values("id")
    assert frame["n"].tolist() == [2**53 + 1, -(2**63), 0.5, 2**70]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"key": ["id", "updated"]}, r"is synced with key=\['id'\]; got key=\['id', 'updated'\]"),
        ({"cursor": ..., "start": ..., "export": {"http": {"relativeURI": "/orders"}}}, "is synced with cursor='upd"),
        ({"mode": "append"}, "is synced with mode='merge'; got mode='append'"),
        ({"export": {"http": {"relativeURI": "/customers?since={{watermark}}"}}}, "from another export document"),
        ({"overlap": 5}, "overlap=5 is a number, and cursor='updated' has times"),
    ],
)
def test_a_table_is_synced_in_one_way(parquet: Any, change: dict[str, Any], told: str) -> None:
    parquet.rows = [row(1)]
    parquet.sync()

    with pytest.raises(ConfigError, match=told):
        parquet.sync(change.pop("export", None), **change)


def test_another_form_of_the_export_is_taken_with_all_rows(parquet: Any) -> None:
    parquet.rows = [row(1), row(2)]
    parquet.sync()
    other = {"http": {"relativeURI": "/orders?more=1&since={{watermark}}", "method": "GET"}}

    result = parquet.sync(other, full_every=0)

    assert (result.full, result.unchanged) == (True, 2)
    assert parquet.sync(other).full is False


def test_another_connection_is_refused_unless_it_has_the_name(parquet: Any) -> None:
    parquet.rows = [row(1)]
    parquet.sync()

    con = parquet.server.connection()
    con._keep({**con.doc, "_id": "5f0000000000000000000009"})
    assert parquet.sync(con=con).unchanged == 1
    con._keep({**con.doc, "_id": "5f0000000000000000000008", "name": "other"})
    with pytest.raises(ConfigError, match="through the connection 'test'; got 'other'"):
        parquet.sync(con=con)


def test_start_is_needed_and_remembered(parquet: Any) -> None:
    parquet.rows = [row(1)]
    with pytest.raises(ConfigError, match="start= is not given"):
        parquet.sync(start=None)
    parquet.sync()

    assert parquet.sync(start=None, full_every=0).window[0] == "2020-01-01T00:00:00Z"


def test_all_rows_are_pulled_when_it_is_time(parquet: Any) -> None:
    parquet.rows = [row(1)]
    assert parquet.sync(full_every="7d").full
    assert not parquet.sync(full_every="7d").full
    assert parquet.sync(full_every="0s").full


def test_rows_gone_from_the_source_go_where_all_came(place: Any) -> None:
    place.rows = [row(n) for n in range(1, 11)]
    place.all(deletes="compare")
    place.rows = place.rows[1:]
    result = place.all(deletes="compare")

    assert (result.deleted, result.unchanged, result.rows) == (1, 9, 9)
    place.rows = place.rows[:2]
    with pytest.raises(SyncError, match=r"7 of 9 \(77\.8%\) would go, more than max_delete=0\.05"):
        place.all(deletes="compare")
    assert len(ids(place)) == 9
    assert place.all(deletes="compare", max_delete=1).deleted == 7
    place.rows = []
    with pytest.raises(SyncError, match="2 of 2"):
        place.all(deletes="compare")


def test_rows_gone_by_a_list_of_keys(place: Any) -> None:
    keys = {"http": {"relativeURI": "/orders/keys", "method": "GET"}}
    place.rows = [row(n) for n in range(1, 11)]
    place.sync()
    place.rows = [*place.rows[:3], *place.rows[4:], row(11)]

    result = place.sync(deletes={"keys": keys})

    assert (result.deleted, result.inserted, result.full) == (1, 1, False)
    assert 4 not in ids(place)
    place.rows = []
    with pytest.raises(SyncError, match="10 of 10"):
        place.sync(deletes={"keys": keys})


def test_a_list_of_keys_of_another_kind_deletes_nothing(parquet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"http": {"relativeURI": "/orders/keys", "method": "GET"}}
    parquet.rows = [row(1)]
    parquet.sync()
    parquet.rows = []
    monkeypatch.setattr(parquet.server, "_rows", lambda export: [{"id": "1"}] if "keys" in str(export) else [])

    with pytest.raises(FrameError, match="key='id' of the export of keys came as str, and is int in the table"):
        parquet.sync(deletes={"keys": keys})
    assert ids(parquet) == [1]


def test_rows_that_say_that_they_are_gone(place: Any) -> None:
    gone: dict[str, Any] = {"column": "IsDeleted"}
    place.rows = [row(1, IsDeleted=False), row(2, IsDeleted=True), row(3, IsDeleted=None)]
    first = place.sync(deletes=gone)
    place.rows = [row(3, IsDeleted=True), row(4, IsDeleted=False), row(2, "2024-01-05T00:00:00Z", IsDeleted=True)]
    second = place.sync(deletes=gone)

    assert (first.inserted, second.deleted, second.inserted) == (2, 1, 1)
    assert ids(place) == [1, 4]
    place.rows = [row(5, IsDeleted="T")]
    with pytest.raises(FrameError, match="a row that is gone should have True"):
        place.sync(deletes=gone)
    assert ids(place) == [1, 4]


def test_a_flag_is_compared_as_it_is(place: Any) -> None:
    place.rows = [row(1, state=1), row(2, state=2), row(3, state=None)]
    place.sync(deletes={"column": "state", "value": 1.5})
    assert ids(place) == [1, 2, 3]
    place.rows = [row(1, state=1), row(2, state=2.5)]
    with pytest.warns(DriftWarning):
        place.sync(deletes={"column": "state", "value": 1}, overlap="9d")
    assert ids(place) == [2, 3]


def test_a_flag_that_is_no_column_is_told(parquet: Any) -> None:
    parquet.rows = [row(1)]
    with pytest.raises(FrameError, match="there is no column 'IsDeleted'"):
        parquet.sync(deletes={"column": "IsDeleted"})


def test_rows_are_added_by_new_keys_alone(place: Any) -> None:
    place.rows = [row(1, v="first"), row(2)]
    place.sync(mode="append")
    place.rows = [row(1, "2024-01-02T00:00:00Z", v="changed"), row(3)]
    result = place.sync(mode="append", overlap="1d")

    assert (result.inserted, result.unchanged) == (1, 1)
    assert [found.get("v") for found in place.held()] == ["first", None, None]


def test_rows_without_keys_are_added_once(place: Any) -> None:
    tie = {"id": 1, "updated": "2024-01-02T00:00:00Z", "v": "tie"}
    place.rows = [row(1), tie, tie]
    place.sync(mode="append", key=..., overlap=0)
    place.rows = [*place.rows, tie, {**tie, "v": "other"}]
    result = place.sync(mode="append", key=..., overlap=0)

    assert (result.inserted, result.unchanged, result.rows) == (2, 2, 5)
    assert place.sync(mode="append", key=..., overlap=0).inserted == 0


def test_rows_without_keys_are_added_once_where_nothing_moved_the_watermark(place: Any) -> None:
    place.rows = [row(1, "2999-01-01T00:00:00Z"), row(2, "2999-01-01T00:00:00Z")]
    with pytest.warns(HintWarning, match="in the future"):
        place.sync(mode="append", key=..., overlap=0)
    place.rows.append(row(3, "2999-01-01T00:00:00Z"))
    with pytest.warns(HintWarning, match="in the future"):
        result = place.sync(mode="append", key=..., overlap=0)

    assert (result.inserted, result.watermark) == (1, None)
    assert ids(place) == [1, 2, 3]


def test_columns_may_be_called_what_a_store_calls_its_own(place: Any) -> None:
    names = ["_celigo_gone", "t", "s", "r", "rowid", "select", 'a"b', "a'b", "a`b", "a b", "*"]
    place.rows = [row(n, **dict.fromkeys(names, n)) for n in range(1, 4)]
    place.sync(deletes={"column": "_celigo_gone", "value": 9})
    place.rows = [row(2, **dict.fromkeys(names, 5)), row(3, **dict.fromkeys(names, 9))]
    result = place.sync(deletes={"column": "_celigo_gone", "value": 9}, overlap="9d")

    assert (result.updated, result.deleted) == (1, 1)
    assert {found["id"]: {found[name] for name in names} for found in place.held()} == {1: {1}, 2: {5}}


def test_rows_without_keys_and_cursors_are_refused(parquet: Any) -> None:
    parquet.rows = [row(1)]
    parquet.sync(mode="append", key=..., overlap=0)
    parquet.rows = [row(1), {"id": 2, "updated": None}]

    with pytest.warns(HintWarning), pytest.raises(FrameError, match="without key= nothing says"):
        parquet.sync(mode="append", key=..., overlap=0)
    assert ids(parquet) == [1]


def test_rows_without_keys_and_without_a_cursor_are_added_each_time(place: Any) -> None:
    place.rows = [row(1)]
    place.all(mode="append", key=...)

    assert place.all(mode="append", key=...).rows == 2


def test_a_table_is_replaced(place: Any) -> None:
    place.rows = [row(n) for n in range(1, 11)]
    place.all(mode="replace", key=...)
    place.rows = [row(n, v=1) for n in range(1, 11)]
    with pytest.warns(DriftWarning, match="new column 'v'"):
        result = place.all(mode="replace", key=...)

    assert (result.rows, result.inserted, result.deleted) == (10, 10, 10)
    place.rows = place.rows[:3]
    with pytest.raises(SyncError, match="The pull brought fewer rows than the table has: 7 of 10"):
        place.all(mode="replace", key=...)
    assert len(place.held()) == 10


def page(records: list[Any], **members: Any) -> bytes:
    return json.dumps({"data": records, "pagedExportState": {"done": True}, **members}).encode()


def test_record_errors_hold_the_watermark(parquet: Any) -> None:
    failing = [{"code": "bad", "message": "no"}]
    con = connection_to(lambda request: answer(page([row(1), row(9)], errors=failing)))
    with pytest.warns(RecordErrorsWarning, match="the watermark stays where it was"):
        result = parquet.sync(con=con)

    assert (result.inserted, result.complete, result.watermark) == (2, False, None)
    assert result.summary().endswith("Records were lost: the watermark stays.")
    assert celigo.sync_state(parquet.to)["complete"].tolist() == [False]
    parquet.rows = [row(1), row(5), row(9)]
    again = parquet.sync()
    assert (again.full, again.inserted, again.complete, again.watermark) == (True, 1, True, "2024-01-09T00:00:00Z")


def test_fewer_records_than_announced_hold_the_watermark_and_delete_nothing(parquet: Any) -> None:
    parquet.rows = [row(1), row(2)]
    parquet.all(deletes="compare")
    short = {"done": True, "totalRecords": 5}
    con = connection_to(lambda request: answer(page([row(1)], pagedExportState=short)))
    with pytest.warns(RecordErrorsWarning, match="announced 5 records"):
        result = parquet.all(con=con, deletes="compare", max_delete=1)

    assert (result.complete, result.deleted, result.rows) == (False, 0, 2)


@pytest.mark.parametrize("changes", [{"mode": "replace"}, {"mode": "append", "cursor": "updated", "overlap": 0}])
def test_lost_records_are_refused_where_nothing_makes_them_good(parquet: Any, changes: dict[str, Any]) -> None:
    con = connection_to(lambda request: answer(page([row(1)], errors=[{"code": "bad", "message": "no"}])))
    export = None if "cursor" in changes else {"http": {"relativeURI": "/orders"}}
    settings = {"cursor": ..., "start": ..., "key": ..., **changes}
    if "cursor" in changes:
        settings["start"] = "2020-01-01T00:00:00Z"
    with (
        pytest.warns(RecordErrorsWarning),
        pytest.raises(SyncError, match="The pull is not whole: the server reported 1"),
    ):
        parquet.sync(export, con=con, **settings)
    assert parquet.held() == []


def test_an_export_that_changes_its_source_needs_consent_and_a_journal(parquet: Any, tmp_path: Any) -> None:
    export = {"http": {"relativeURI": "/orders"}, "type": "once"}
    parquet.rows = [row(1), row(2)]
    settings = {"cursor": ..., "start": ..., "key": ..., "mode": "append"}

    with pytest.raises(DocumentError, match="changes its source"):
        parquet.sync(export, **settings)
    with pytest.raises(DocumentError, match="needs a journal"):
        parquet.sync(export, consume=True, **settings)
    assert parquet.server.exports == []
    parquet.sync(export, consume=True, journal=tmp_path / "j", **settings)
    parquet.rows = [row(3)]
    result = parquet.sync(export, consume=True, journal=tmp_path / "j", **settings)
    assert (result.inserted, result.rows) == (1, 3)


def test_a_result_shows_its_table_escaped_and_can_be_pickled(parquet: Any) -> None:
    parquet.rows = [row(1, **{"<b>": 1})]
    parquet.sync()
    parquet.rows = [row(2, **{"<i>": 1})]
    with pytest.warns(DriftWarning):
        result = parquet.sync()

    shown = result._repr_html_()
    assert "&lt;i&gt;" in shown
    assert "<i>" not in shown
    assert pickle.loads(pickle.dumps(result)).frame().equals(result.frame())
    with pytest.raises(ConfigError, match=r"columns: got \['nope'\]"):
        result.frame(["nope"])


def test_the_state_of_all_tables_at_a_place(place: Any) -> None:
    place.rows = [row(1)]
    place.sync()
    place.sync(table="others")

    found = celigo.sync_state(place.to)

    assert found["table"].tolist() == ["orders", "others"]
    assert found["watermark"].tolist() == ["2024-01-01T00:00:00Z"] * 2
    assert found["key"].tolist() == [("id",)] * 2
    assert isinstance(found["last_run"].dtype, pd.DatetimeTZDtype)


def test_files_of_other_kinds_are_left_alone(parquet: Any, tmp_path: Any) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "x.db") as con:
        con.execute("create table orders (id)")
    con.close()
    (tmp_path / "folder.duckdb").mkdir()

    with pytest.raises(SyncError, match="is no DuckDB file"):
        parquet.sync(to=tmp_path / "x.db")
    with pytest.raises(SyncError, match="is a folder; expected a DuckDB file"):
        parquet.sync(to=tmp_path / "folder.duckdb")
    with pytest.raises(ConfigError, match="is a file of another kind"):
        parquet.sync(to=tmp_path / "orders.csv")


@pytest.mark.parametrize("to", [5, "", "s3://bucket/x", "/no/such/folder/x.duckdb"])
def test_places_that_cannot_be_are_told(parquet: Any, to: Any) -> None:
    with pytest.raises(ConfigError, match="to: "):
        parquet.sync(to=to)
    with pytest.raises(ConfigError, match="to: "):
        celigo.sync_state(to)


@pytest.mark.parametrize("table", ["", "a.b", "../x", "_x", "a/b", 5])
def test_names_of_tables_that_cannot_be_are_told(parquet: Any, table: Any) -> None:
    with pytest.raises(ConfigError, match="table: got"):
        parquet.sync(table=table)


@pytest.mark.parametrize("suffix", ["", ".delta"])
def test_no_table_lies_in_another_one(parquet: Any, tmp_path: Any, suffix: str) -> None:
    lake, shelf = tmp_path / f"lake{suffix}", tmp_path / f"shelf{suffix}"
    parquet.rows = [row(1)]
    parquet.sync(to=lake, table=None)
    for place in ({"to": lake, "table": "inner"}, {"to": lake / "inner", "table": None}):
        with pytest.raises(ConfigError, match="is a table itself, so there can be no table 'inner' in it"):
            parquet.sync(**place)

    parquet.sync(to=shelf, table="orders")
    with pytest.raises((ConfigError, SyncError), match=r"folder of tables, such as 'orders'|made by no sync"):
        parquet.sync(to=shelf, table=None)
    assert parquet.sync(to=lake, table=None).unchanged == 1
    assert parquet.sync(to=shelf, table="orders").unchanged == 1


def test_places_that_are_somebody_elses_are_left_alone(place: Any, tmp_path: Any) -> None:
    place.rows = [row(1)]
    if place.kind.name == "duckdb connection":
        place.to.execute("create table orders (x int)")
    elif place.kind.name == "duckdb":
        import duckdb

        with duckdb.connect(place.to) as con:
            con.execute("create table orders (x int)")
    elif place.kind.name == "delta":
        import pyarrow as pa
        from deltalake import write_deltalake

        write_deltalake(f"{place.to}/orders", pa.table({"x": [1]}))
    else:
        (tmp_path / "orders").mkdir()

    with pytest.raises(SyncError, match="made by no sync"):
        place.sync()
    assert place.server.exports == []
