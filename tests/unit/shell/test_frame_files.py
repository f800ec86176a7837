"""Rows in files: what a file of a frame sends is what the frame sends."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from celigo_pandas.cli.frame_files import read_frame, write_frame
from celigo_pandas.errors import ConfigError, FrameError
from celigo_pandas.frames.outward import encode_rows, to_records
from celigo_pandas.frames.reading import frame_of

pytestmark = pytest.mark.filterwarnings("ignore::celigo_pandas.errors.MixedTypesWarning")

ROWS: list[dict[str, Any]] = [
    {"id": 2**53 + 1, "big": 2**70, "mixed": 1, "lines": [{"sku": "a,b", "n": 1}], "o": {"a": {"b": "x"}}, "é": '\n"'},
    {"id": 2, "mixed": "1", "lines": [], "flag": True, "rate": 0.1},
    {"id": None, "mixed": [1, "x"], "flag": False, "rate": 1e-7, "é": ""},
]

COLUMNS: dict[str, pd.Series] = {
    "int": pd.Series([1, 2**53 + 1, -3]),
    "Int64": pd.Series([1, None, 2**62], dtype="Int64"),
    "UInt8": pd.Series([7, None, 255], dtype="UInt8"),
    "big": pd.Series([2**80, None, 1], dtype=object),
    "float": pd.Series([0.1, np.nan, 1e300]),
    "float32": pd.Series([0.1, np.nan, 3], dtype="float32"),
    "bool": pd.Series([True, False, True]),
    "boolean": pd.Series([True, None, False], dtype="boolean"),
    "text": pd.Series(["007", "", None], dtype=object),
    "string": pd.Series(["2024-01-01", "", None], dtype="string"),
    "hostile": pd.Series(['a\rb', '"x",\n=1+1;\t|\r\n', "\ufeff\u2028\x00 é"], dtype=object),
    "time": pd.Series([pd.Timestamp("2024-05-01 09:30"), None, pd.Timestamp("2024-05-01 09:30:00.25")]),
    "zoned": pd.Series([pd.Timestamp("2024-05-01 09:30"), None, pd.Timestamp(0)]).dt.tz_localize("Europe/Berlin"),
    "seconds": pd.Series(pd.to_datetime(["2024-05-01", None, "1969-01-01"])).astype("datetime64[s]"),
    "duration": pd.Series(pd.to_timedelta(["1 day 2 hours", None, "1 ns"])),
    "period": pd.Series(pd.PeriodIndex(["2024-05", None, "1999-12"], freq="M")),
    "interval": pd.Series(pd.arrays.IntervalArray.from_tuples([(0, 5), None, (5, 7)])),
    "category": pd.Series(["b", None, "a"], dtype="category"),
    "numbers": pd.Series([3, None, 1], dtype="category"),
    "sparse": pd.Series([2, 0, 0], dtype="Sparse[int64]"),
    "arrow": pd.Series([5, None, 7], dtype="int64[pyarrow]"),
    "date": pd.Series([dt.date(2024, 5, 1), None, dt.date(1, 1, 1)], dtype=object),
    "clock": pd.Series([dt.time(9, 30), None, dt.time(0, 0, 0, 5)], dtype=object),
    "decimal": pd.Series([Decimal("10.50"), None, Decimal("1")], dtype=object),
    "uuid": pd.Series([UUID(int=1), None, UUID(int=2)], dtype=object),
    "mixed": pd.Series([1, "1", True], dtype=object),
    "lists": pd.Series([[1, None, "x"], [], None], dtype=object),
    "objects": pd.Series([{"a": {"b": 1}}, {}, None], dtype=object),
}  # fmt: skip
BY_PANDAS = set(COLUMNS) - {"big", "uuid", "mixed", "sparse", "lists", "objects", "decimal"}
"""Columns that pandas' own to_parquet takes and keeps."""

INDEXES = {
    "range": lambda: pd.RangeIndex(3),
    "labels": lambda: pd.Index(["x", "x", "y"]),
    "named": lambda: pd.Index(["x", "x", "y"], name="key"),
    "named range": lambda: pd.RangeIndex(5, 8, name="key"),
    "dates": lambda: pd.date_range("2024-01-01", periods=3, name="day", tz="Europe/Berlin"),
    "levels": lambda: pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")], names=["id", None]),
    "two names": lambda: pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")], names=["id", "code"]),
    "periods": lambda: pd.period_range("2024-01", periods=3, freq="M", name="month"),
}


def as_sent(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [json.loads(row) for row in encode_rows(frame)]


def with_levels(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as it would be pushed with its named index levels, which a file holds beside the columns."""
    found = {
        name: frame.index.get_level_values(place) for place, name in enumerate(frame.index.names) if name is not None
    }
    levels = pd.DataFrame({name: pd.Series(values) for name, values in found.items()})
    return pd.concat([levels, frame.reset_index(drop=True)], axis=1)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("suffix", ["parquet", "json", "jsonl", "csv"])
def test_written_here_a_file_sends_what_its_frame_sends(tmp_path, column, suffix):
    frame = pd.DataFrame({column: COLUMNS[column], "end": ["1", "2", "3"]})
    path = str(tmp_path / f"rows.{suffix}")

    write_frame(frame, path)

    expected = as_sent(frame)
    if suffix == "csv":  # every cell is a text
        expected = [{name: as_text(value) for name, value in row.items()} for row in expected]
    assert as_sent(read_frame(path)) == expected


@pytest.mark.parametrize("column", sorted(BY_PANDAS))
@pytest.mark.parametrize("index", INDEXES)
def test_written_by_pandas_parquet_sends_what_its_frame_sends(tmp_path, column, index):
    frame = pd.DataFrame({column: COLUMNS[column], "end": ["1", "2", "3"]}).set_axis(INDEXES[index](), axis=0)
    path = str(tmp_path / "rows.parquet")

    frame.to_parquet(path)

    assert as_sent(read_frame(path)) == as_sent(with_levels(frame))


def test_grouped_sums_keep_their_key(tmp_path):
    sums = pd.DataFrame({"id": ["007", "007", "8"], "qty": [1, 2, 3]}).groupby("id").sum()
    path = str(tmp_path / "sums.parquet")

    sums.to_parquet(path)

    assert as_sent(read_frame(path)) == [{"id": "007", "qty": 3}, {"id": "8", "qty": 3}]


def test_level_and_column_of_one_name_are_refused(tmp_path):
    path = str(tmp_path / "rows.parquet")
    pd.DataFrame({"id": [1]}, index=pd.Index(["x"], name="id")).to_parquet(path)

    with pytest.raises(ConfigError, match="index and a column are both named 'id'"):
        read_frame(path)


@pytest.mark.parametrize("index", [False, True])
def test_csv_by_pandas(tmp_path, index):
    frame = pd.DataFrame({"id": ["007", "8"], "note": ["a,\n\r\nb", None]})
    path = str(tmp_path / "rows.csv")
    frame.to_csv(path, index=index)

    if index:
        with pytest.raises(ConfigError, match="index=False"):
            read_frame(path)
    else:
        assert as_sent(read_frame(path)) == as_sent(frame)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=4), min_size=1, max_size=5))
def test_pulled_written_and_pushed_are_the_same_records(tmp_path, rows):
    frame = frame_of(rows, nested="keep")
    expected = as_sent(frame)
    for suffix in ("json", "jsonl", "parquet"):
        path = str(tmp_path / f"rows.{suffix}")
        if suffix == "parquet" and not len(frame.columns):
            with pytest.raises(FrameError, match="no rows without columns"):
                write_frame(frame, path)
            continue
        write_frame(frame, path)
        assert as_sent(read_frame(path)) == expected, suffix


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet"])
@pytest.mark.parametrize("nested", ["keep", "flatten"])
def test_rows_come_back_as_they_were(tmp_path, suffix, nested):
    frame = frame_of(ROWS, nested=nested)
    expected = [{name: value for name, value in row.items() if value is not None} for row in ROWS]
    path = str(tmp_path / f"rows.{suffix}")
    write_frame(frame, path)

    found = [{name: value for name, value in row.items() if value is not None} for row in to_records(read_frame(path))]

    if suffix == "parquet" and nested == "flatten":
        expected[0]["o.a.b"] = expected[0].pop("o")["a"]["b"]  # a file keeps the frame's columns
    assert found == expected


def test_csv_holds_lists_as_json(tmp_path):
    path = str(tmp_path / "rows.csv")
    write_frame(frame_of(ROWS, nested="keep"), path)

    found = read_frame(path)

    assert found["lines"].tolist()[:2] == ['[{"sku":"a,b","n":1}]', "[]"]
    assert found["mixed"].tolist() == ["1", "1", '[1,"x"]']
    assert found["é"].tolist() == ['\n"', None, ""]


@pytest.mark.parametrize(
    ("name", "content", "records"),
    [
        ("x.csv", "a,b\n1,é\n".encode("utf-8-sig"), [{"a": "1", "b": "é"}]),
        ("x.csv", "a,b\n1,é\n".encode("utf-16"), [{"a": "1", "b": "é"}]),
        ("x.json", '[{"a": "é"}]'.encode("utf-8-sig"), [{"a": "é"}]),
        ("x.jsonl", '{"a": 1}\r\n{"a": 2}\n'.encode("utf-8-sig"), [{"a": 1}, {"a": 2}]),
    ],
)
def test_byte_order_marks_are_no_content(tmp_path, name, content, records):
    (tmp_path / name).write_bytes(content)

    assert as_sent(read_frame(str(tmp_path / name))) == records


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet"])
def test_half_an_emoji_is_kept_in_the_file_and_told_by_the_push(tmp_path, suffix):
    path = tmp_path / f"rows.{suffix}"
    write_frame(frame_of([{"a": "x", "b": ["\ud83d"]}, {"a": "\ud83d!"}], nested="keep"), str(path))

    found = read_frame(str(path))

    assert to_records(found) == [{"a": "x", "b": ["\ud83d"]}, {"a": "\ud83d!"}]
    with pytest.raises(FrameError, match="lone surrogate"):
        encode_rows(found)
    if suffix != "parquet":
        path.read_bytes().decode()  # whole UTF-8, for any reader


def test_half_an_emoji_in_csv_is_told(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    write_frame(frame_of([{"a": "x\ud83d"}]), str(path))

    assert path.read_text(encoding="utf-8") == "a\nx?\n"
    assert "half an emoji" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.csv", b"id,b\n1,\xe9\n", "line 2 is not UTF-8 text (byte 0xE9)"),
        ("x.csv", b"id,b\n1,2,3\n", "line 2 has 3 fields"),
        ("x.jsonl", b'{"a": 1}\n{"a": \n', "line 2"),
        ("x.jsonl", b'{"a": 1}\n[1]\n', "line 2 must hold an object"),
        ("x.json", b'[{"a": NaN}]', "NaN is not JSON"),
        ("x.json", b'[{"a": 1, "b": 2, "a": 3}]', "an object has the name 'a' twice"),
        ("x.jsonl", b'{"a": 1}\n{"b": {"c": 1, "c": 1}}\n', "line 2: an object has the name 'c' twice"),
        ("x.json", b'{"a": 1}', "array of objects"),
        ("x.parquet", b"PAR1", "Parquet"),
    ],
)
def test_what_cannot_be_read_names_the_place(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ConfigError) as raised:
        read_frame(str(tmp_path / name))

    assert told in str(raised.value)


def test_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("old")

    with pytest.raises(FrameError):
        write_frame(pd.DataFrame({"a": [float("inf")]}), str(path))

    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["rows.csv"]
