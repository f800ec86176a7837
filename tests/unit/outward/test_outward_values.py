"""The table of conversions: the one in the documentation is the one that is checked."""

from __future__ import annotations

import datetime as dt
import enum
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from celigo_pandas.errors import FrameError
from celigo_pandas.frames.outward import encode_rows, to_records
from celigo_pandas.frames.outward_columns import as_objects


class Colour(enum.Enum):
    RED = "red"


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


NAMES = {"pd": pd, "np": np, "dt": dt, "Decimal": Decimal, "UUID": UUID, "Colour": Colour}
DOCS = Path(__file__).resolve().parents[3] / "docs" / "frames.md"


def documented() -> list[tuple[str, str]]:
    section = DOCS.read_text().partition("\n## Outward\n")[2].partition("\n## ")[0]
    return re.findall(r"^\|[^|]*\| `(.*?)` \| (.*?) \|$", section, re.MULTILINE)


@pytest.mark.parametrize(("example", "sent"), documented())
def test_outward_documented_value_is_sent_as_documented(example: str, sent: str) -> None:
    series = eval(example, dict(NAMES))
    df = pd.DataFrame({"x": series})
    before = df.copy(deep=True)

    omitted, nulled = (json.loads(encode_rows(df, na=na)[0]) for na in ("omit", "null"))

    if sent == "*missing*":
        assert (omitted, nulled) == ({}, {"x": None})
    else:
        expected = json.loads(sent.strip("`"))
        assert repr(omitted) == repr({"x": expected})
        assert nulled == {"x": expected}
    as_objects = pd.DataFrame({"x": [*series, "other"]}, dtype=object)  # a column of mixed types says the same
    assert series.dtype == "float32" or encode_rows(as_objects)[0] == encode_rows(df)[0]
    pd.testing.assert_frame_equal(df, before)


def test_outward_table_is_not_empty() -> None:
    assert len(documented()) > 35


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([1.0, np.inf, 2.0]),
        pd.Series([1.0, -np.inf, 2.0], dtype="float32"),
        pd.Series([1.0, -np.inf, 2.0], dtype="Float64"),
        pd.Series([1.0, np.inf, 2.0], dtype="float64[pyarrow]"),
        pd.Series(["a", float("inf"), 2]),
        pd.Series(["a", {"b": [1, float("-inf")]}, 2]),
        pd.Series(["a", np.array([1.0, np.inf]), 2]),
        pd.Series(["a", np.float32(np.inf), 2]),
        pd.Series(["a", Decimal("Infinity"), 2]),
        pd.Series([1.0, np.inf, 2.0], dtype="category"),
        pd.Series(pd.arrays.SparseArray([1.0, np.inf, 2.0])),
        pd.Series(["a", "x\ud800y", "b"], dtype=object),
        pd.Series(["a", {"b": ["\udfff"]}, "b"]),
        pd.Series(["a", {"\ud800": 1}, "b"]),
        pd.Series([1, b"bytes", 2], dtype=object),
        pd.Series([1, {1, 2}, 2], dtype=object),
        pd.Series([1, 1j, 2], dtype=object),
        pd.Series([1, object(), 2], dtype=object),
        pd.Series([1, {None: 2}, 2], dtype=object),
        pd.Series([1, nested(2000), 2], dtype=object),
        pd.Series([1, {1: 2, "1": 3}, 2], dtype=object),
    ],
    ids=range(21),
)
def test_outward_value_without_a_form_names_column_and_row(series: pd.Series) -> None:
    df = pd.DataFrame({"fine": [1, 2, 3], "x": series})
    df.index = pd.Index(["r0", "r1", "r2"])

    with pytest.raises(FrameError, match=r"'x'.*'r1'") as caught:
        encode_rows(df)

    assert (caught.value.column, caught.value.row) == ("x", "r1")


def test_outward_row_in_the_middle_of_many_is_named() -> None:
    df = pd.DataFrame({"x": ["a"] * 2000})
    df = df.astype(object)
    df.loc[1234, "x"] = "\ud800"

    with pytest.raises(FrameError) as caught:
        encode_rows(df)
    assert caught.value.row == 1234


def test_outward_unused_infinite_category_harms_nobody() -> None:
    series = pd.Series(pd.Categorical([1.0, 2.0], categories=[1.0, 2.0, np.inf]))

    assert to_records(pd.DataFrame({"x": series})) == [{"x": 1.0}, {"x": 2.0}]


def test_outward_gaps_are_left_out_row_by_row() -> None:
    df = pd.DataFrame(
        {
            "i": pd.array([1, None, 3], dtype="Int64"),
            "f": [np.nan, 0.5, np.nan],
            "s": ["a", None, "c"],
            "d": pd.to_datetime(["2024-01-01", None, "2024-01-02"]),
            "b": pd.array([None, True, False], dtype="boolean"),
        }
    )

    assert to_records(df) == [
        {"i": 1, "s": "a", "d": "2024-01-01T00:00:00"},
        {"f": 0.5, "b": True},
        {"i": 3, "s": "c", "d": "2024-01-02T00:00:00", "b": False},
    ]
    assert to_records(df, na="null")[1] == {"i": None, "f": 0.5, "s": None, "d": None, "b": True}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_outward_times_have_the_digits_they_need(unit: str) -> None:
    times = pd.Series(
        ["2024-01-01T00:00:00", "1969-12-31T23:59:59", "2024-02-29T12:00:00"], dtype=f"datetime64[{unit}]"
    )
    rows = to_records(pd.DataFrame({"t": times, "z": times.dt.tz_localize("UTC")}))

    assert rows[1] == {"t": "1969-12-31T23:59:59", "z": "1969-12-31T23:59:59+00:00"}
    if unit != "s":
        times.iloc[0] += pd.Timedelta("1ms")
        fine = to_records(pd.DataFrame({"t": times}))
        assert [row["t"] for row in fine] == [value.isoformat() for value in times]


def test_outward_big_integers_are_exact_among_others() -> None:
    df = pd.DataFrame({"n": [1, -(2**70), 2**64 - 1], "t": ["é", "\n", '"']}, dtype=object)

    encoded = encode_rows(df)

    assert [json.loads(row)["n"] for row in encoded] == [1, -(2**70), 2**64 - 1]
    assert encoded[1].decode() == '{"n":-1180591620717411303424,"t":"\\n"}'


def test_outward_text_that_looks_like_a_mark_stays_whole() -> None:
    df = pd.DataFrame({"a": [["\0", ","], ['","', "\0abc"]] * 600, "b": ['\\","\\u0000'] * 1200})

    assert [json.loads(row) for row in encode_rows(df)] == to_records(df)


def test_outward_frame_without_columns_gives_empty_objects() -> None:
    assert encode_rows(pd.DataFrame(index=range(2))) == [b"{}", b"{}"]
    assert encode_rows(pd.DataFrame({"a": []})) == []


def test_outward_nested_values_of_the_frame_are_not_changed() -> None:
    inner: dict[str, Any] = {"when": dt.date(2024, 5, 1), "n": float("nan")}
    df = pd.DataFrame({"x": [inner]})

    assert to_records(df) == [{"x": {"when": "2024-05-01", "n": None}}]
    assert inner["when"] == dt.date(2024, 5, 1)


_NARROW = pa.float32()


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        (pa.float32(), 0.1, "0.1"),
        (pa.float16(), np.float16(0.1), "0.1"),
        (pa.float32(), 16777216.0, "16777216.0"),
        (pa.float64(), 0.1, "0.1"),
        (pa.list_(_NARROW), [0.1, None], "[0.1,null]"),
        (pa.large_list(pa.list_(_NARROW)), [[0.1], None], "[[0.1],null]"),
        (pa.list_(_NARROW, 2), [0.1, 0.2], "[0.1,0.2]"),
        (pa.struct([("a", _NARROW), ("b", pa.int8())]), {"a": 0.1, "b": 1}, '{"a":0.1,"b":1}'),
        (pa.list_(pa.struct([("a", _NARROW)])), [{"a": 0.1}, {"a": None}, None], '[{"a":0.1},{"a":null},null]'),
        (pa.map_(pa.string(), _NARROW), [("a", 0.1)], '[["a",0.1]]'),
        (pa.dictionary(pa.int32(), _NARROW), 0.1, "0.1"),
    ],
    ids=str,
)
def test_outward_narrow_fractions_of_arrow_are_short_at_any_depth(kind: pa.DataType, value: Any, sent: str) -> None:
    series = pd.Series(pd.arrays.ArrowExtensionArray(pa.array([value, None], kind)))

    assert encode_rows(pd.DataFrame({"v": series})) == [f'{{"v":{sent}}}'.encode(), b"{}"]


def test_outward_infinite_narrow_fraction_of_arrow_is_refused() -> None:
    series = pd.Series([1.0, np.inf], dtype=pd.ArrowDtype(_NARROW))

    with pytest.raises(FrameError, match="'v', row 1: got inf"):
        encode_rows(pd.DataFrame({"v": series}))


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([0.1, None], dtype="float32"),
        pd.Series([0.1, None], dtype="Float32"),
        pd.Series([0.1, None], dtype=pd.ArrowDtype(_NARROW)),
        pd.Series([[0.1], None], dtype=pd.ArrowDtype(pa.list_(_NARROW))),
        pd.Series(pd.Categorical(np.array([0.1, np.nan], dtype="float32"))),
        pd.Series(pd.arrays.SparseArray(np.array([0.1, np.nan], dtype="float32"))),
        pd.Series(np.array([0.1, np.nan], dtype="float16")),
        pd.Series([2**53 + 1, None], dtype="Int64"),
        pd.Series(pd.to_datetime(["2024-05-01 09:30:00.123456789", None])),
        pd.Series(pd.to_datetime(["2024-05-01", None]).tz_localize("Europe/Berlin")),
        pd.Series(pd.to_timedelta([1, None], unit="ns")),
        pd.Series(pd.PeriodIndex(["2024-05", None], freq="M")),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(["a", None], dtype="category"),
        pd.Series(["a", None], dtype="string"),
    ],
    ids=lambda series: str(series.dtype),
)
@pytest.mark.filterwarnings("ignore:Passing a non-standard")
def test_outward_column_as_objects_is_sent_as_the_column(series: pd.Series) -> None:
    objects = pd.DataFrame({"v": [*as_objects(series), "other"]}, dtype=object)

    assert encode_rows(objects)[:-1] == encode_rows(pd.DataFrame({"v": series}))


def test_outward_array_without_dimension_is_its_value() -> None:
    df = pd.DataFrame({"v": [np.array(3), np.array(0.1, dtype="float32")]}, dtype=object)

    assert encode_rows(df) == [b'{"v":3}', b'{"v":0.1}']


def test_outward_integer_beyond_pythons_limit_is_named() -> None:
    df = pd.DataFrame({"k": [1, 2], "v": [1, 10**5000]}, dtype=object)

    with pytest.raises(FrameError, match="Column 'v', row 1: got an integer of more digits"):
        encode_rows(df)
