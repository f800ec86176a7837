"""``dtype=``, ``parse_dates=``, ``columns=``, ``explode=`` and what a frame notes of itself."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from support.pulls import CONNECTION_ID, EXPORT, PageServer, connection_to, encoded

from celigo_pandas.accessors import read_export
from celigo_pandas.errors import ConfigError, FrameError, HintWarning, MixedTypesWarning, RecordErrorsWarning


def _pull(records: list[Any], page_size: int = 2, **options: Any) -> pd.DataFrame:
    return read_export(EXPORT, connection_to(PageServer(encoded(records))), page_size=page_size, **options)


def test_parse_dates_gives_utc_timestamps() -> None:
    df = _pull([{"t": "2024-01-01T02:00:00+02:00"}, {"t": None}, {"t": "2024-01-02T00:00:00Z"}], parse_dates=["t"])

    assert str(df["t"].dtype).endswith("UTC]")
    assert df["t"][0] == pd.Timestamp("2024-01-01", tz="UTC")
    assert df["t"].isna().tolist() == [False, True, False]


def test_parse_dates_true_takes_only_columns_that_are_all_iso_8601() -> None:
    df = _pull(
        [
            {"day": "2024-01-01", "mixed": "2024-01-01", "year": "2024", "id": "20240101", "bad": "2024-02-30", "n": 1},
            {"day": None, "mixed": "soon", "year": "2025", "id": "20240102", "bad": "2024-01-01", "n": 2},
        ],
        parse_dates=True,
    )

    assert str(df["day"].dtype).endswith("UTC]")
    assert df["mixed"].tolist() == ["2024-01-01", "soon"]
    assert df["year"].tolist() == ["2024", "2025"]
    assert df["id"].tolist() == ["20240101", "20240102"]
    assert df["bad"].tolist() == ["2024-02-30", "2024-01-01"]
    assert df["n"].tolist() == [1, 2]


def test_parse_dates_that_cannot_be_names_the_column() -> None:
    with pytest.raises(FrameError, match="'t'") as caught:
        _pull([{"t": "soon"}], parse_dates=["t"])

    assert caught.value.column == "t"


def test_rows_are_kept_when_a_conversion_fails() -> None:
    con = connection_to(PageServer(encoded([{"b": "x"}, {"b": "1"}])))

    with pytest.raises(FrameError, match="'b'"):
        read_export(EXPORT, con, dtype={"b": "int64"})

    assert con.client.last_pull.partial["b"].tolist() == ["x", "1"]


def test_dates_stay_texts_by_default() -> None:
    assert _pull([{"t": "2024-01-01"}])["t"].tolist() == ["2024-01-01"]


def test_dtype_by_column_and_for_all() -> None:
    with pytest.warns(HintWarning, match="dtype: there is no column 'absent'"):
        assert _pull([{"a": 1, "b": "2"}], dtype={"a": "float64", "absent": "int64"})["a"].dtype == "float64"
    assert _pull([], dtype={"absent": "int64"}).empty
    assert _pull([{"a": 1, "b": 2}], dtype="string").dtypes.astype(str).tolist() == ["string", "string"]
    with pytest.raises(FrameError, match="'b', row 0 cannot become"):
        _pull([{"a": 1, "b": "x"}], dtype={"b": "int64"})


def test_columns_keeps_names_and_whole_objects_in_order() -> None:
    records = [{"a": 1, "o": {"x": 1, "y": {"z": 2}}, "b": 3}, {"b": 4, "c": 5}]

    assert list(_pull(records, columns=["b", "o"]).columns) == ["o.x", "o.y.z", "b"]
    assert list(_pull(records, columns=["o.y.z"]).columns) == ["o.y.z"]


def test_column_that_never_came_is_there_and_warned_of() -> None:
    with pytest.warns(HintWarning, match="'absent'"):
        df = _pull([{"a": 1}], columns=["a", "absent"])
    assert df["absent"].isna().all()

    empty = _pull([], columns=["a"])
    assert (list(empty.columns), len(empty)) == (["a"], 0)


@pytest.mark.parametrize("sep", [".", "_", "->"])
def test_separator_inside_a_key_is_escaped(sep: str) -> None:
    df = _pull([{f"a{sep}b": 1, "a": {"b": 2}, "c\\": 3}], sep=sep)

    assert list(df.columns) == [f"a\\{sep}b", f"a{sep}b", "c\\\\"]
    assert df.attrs["celigo"]["flatten"] == sep


def test_explode_makes_a_row_per_element_and_keeps_the_row_of_an_empty_list() -> None:
    records = [
        {"id": 1, "lines": [{"sku": "a"}, {"sku": "b", "q": 1}]},
        {"id": 2, "lines": []},
        {"id": 3},
        {"id": 4, "lines": "x"},
        {"id": 5, "lines": [7]},
    ]
    with pytest.warns(MixedTypesWarning, match="'lines'"):
        df = _pull(records, explode="lines")

    assert df["id"].tolist() == [1, 1, 2, 3, 4, 5]
    assert df["lines.sku"].isna().tolist() == [False, False, True, True, True, True]
    assert [value for value in df["lines"] if value is not None] == ["x", 7]


def test_explode_of_a_path_inside_objects() -> None:
    df = _pull([{"o": {"lines": [{"a": 1}, {"a": 2}], "k": "x"}}, {"o": None}], explode="o.lines")

    assert df["o.lines.a"].tolist() == [1, 2, pd.NA]
    assert df["o.k"].tolist()[:2] == ["x", "x"]


@pytest.mark.parametrize(
    "options",
    [{"nested": "x"}, {"grouped": "x"}, {"sep": ""}, {"sep": "\\"}, {"columns": "a"}, {"explode": ["a"]},
     {"page_size": 0}, {"page_size": True}, {"max_rows": -1}, {"dtype_backend": "arrow"}, {"progress": "x"}],
)  # fmt: skip
def test_option_that_cannot_be_is_a_config_error(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        read_export(EXPORT, connection_to(PageServer([])), **options)


@pytest.mark.parametrize(("rows", "page_size", "wanted", "requests"), [(10, 2, 3, 3), (10, 2, 4, 3), (10, 5, 3, 2)])
def test_max_rows_stops_with_at_most_one_request_too_many(
    rows: int, page_size: int, wanted: int, requests: int
) -> None:
    server = PageServer(encoded({"n": number} for number in range(rows)))
    df = read_export(EXPORT, connection_to(server), page_size=page_size, max_rows=wanted)

    assert df["n"].tolist() == list(range(wanted))
    assert len(server.bodies) <= requests
    assert df.attrs["celigo"]["reason"] == "max_rows"
    assert df.attrs["celigo"]["complete"] is False


def test_max_rows_that_is_just_enough_is_complete() -> None:
    df = _pull([{"n": 1}, {"n": 2}, {"n": 3}], max_rows=3)

    assert df.attrs["celigo"]["complete"] is True


def test_attrs_are_small_json_and_say_where_the_frame_came_from() -> None:
    server = PageServer(encoded({"n": number} for number in range(5)))
    df = read_export(EXPORT, connection_to(server), page_size=2)
    note = df.attrs["celigo"]

    assert json.loads(json.dumps(note)) == note
    assert len(json.dumps(note)) < 1000
    assert {name: note[name] for name in ("connection_id", "rows", "pages", "total", "page_size", "complete")} == {
        "connection_id": CONNECTION_ID, "rows": 5, "pages": 3, "total": 5, "page_size": 2, "complete": True,
    }  # fmt: skip
    assert note["record_errors"] == 0


def test_auto_page_size_is_added_only_where_the_document_says_nothing() -> None:
    silent, told = PageServer([]), PageServer([])
    read_export(EXPORT, connection_to(silent))
    df = read_export({**EXPORT, "pageSize": 20}, connection_to(told))

    assert silent.bodies == [{"export": {**EXPORT, "pageSize": 1000}}]
    assert told.bodies == [{"export": {**EXPORT, "pageSize": 20}}]
    assert (df.attrs["celigo"]["page_size"], df.attrs["celigo"]["page_size_added"]) == (20, False)


def test_small_pages_of_a_long_pull_get_one_hint() -> None:
    server = PageServer(encoded({"n": number} for number in range(101 * 20)))

    with pytest.warns(HintWarning, match="page_size=1000 it is 3 pages") as caught:
        read_export({**EXPORT, "pageSize": 20}, connection_to(server))

    assert len(caught) == 1


def test_errors_beside_records_warn_once_and_are_kept() -> None:
    from support.pulls import answer

    bodies = iter(
        [
            b'{"data":[{"n":1}],"errors":[{"code":"a","message":"x"}],"pagedExportState":{"p":1}}',
            b'{"data":[{"n":2}],"pagedExportState":{"p":2,"done":true},"errors":[{"code":"b","message":"y"}]}',
        ]
    )
    con = connection_to(lambda request: answer(next(bodies)))

    with pytest.warns(RecordErrorsWarning, match="2 record errors") as caught:
        df = read_export(EXPORT, con)

    assert len(caught) == 1
    assert con.client.last_pull.errors["code"].tolist() == ["a", "b"]
    assert df.attrs["celigo"]["record_errors"] == 2


@pytest.mark.parametrize(("record", "name"), [('{"n":1}', "dataURI"), ('{"n":1,"dataURI":"own"}', "dataURI (page)")])
def test_data_uris_that_are_set_become_a_column(record: str, name: str) -> None:
    from support.pulls import answer

    body = f'{{"data":[{record},{{"n":2}}],"dataURIs":[null,"https://x/2"]}}'.encode()
    df = read_export(EXPORT, connection_to(lambda request: answer(body)))

    assert df[name].tolist()[1] == "https://x/2"
    assert pd.isna(df[name][0])
    assert df["n"].tolist() == [1, 2]


def test_records_that_are_no_objects_stand_in_a_column() -> None:
    assert _pull([1, {"a": 2}, None, 3])["value"].tolist() == [1, pd.NA, pd.NA, 3]
