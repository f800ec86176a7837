"""Tables of other libraries on their way out, against the pandas frame of the same values."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import celigo_pandas as celigo
from celigo_pandas.errors import FrameError
from celigo_pandas.frames.foreign import as_frame
from celigo_pandas.frames.kept_copy import kept_copy
from celigo_pandas.frames.outward import encode_rows, to_records

_MOMENT = dt.datetime(2024, 5, 1, 9, 30)
COLUMNS: dict[str, tuple[list[Any], Any, list[Any]]] = {
    "text": (["007 é", None, ""], pl.String, ["007 é", None, ""]),
    "categorical": (["b", "a", None], pl.Categorical, ["b", "a", None]),
    "enum": (["b", "a", None], pl.Enum(["a", "b"]), ["b", "a", None]),
    "integer": ([2**63 - 1, None, -1], pl.Int64, [2**63 - 1, None, -1]),
    "unsigned": ([2**64 - 1, None, 0], pl.UInt64, [2**64 - 1, None, 0]),
    "narrow fraction": ([0.1, None, 2.0], pl.Float32, [0.1, None, 2.0]),
    "fraction": ([0.1, float("nan"), None], pl.Float64, [0.1, None, None]),
    "flag": ([True, None, False], pl.Boolean, [True, None, False]),
    "nothing": ([None, None, None], pl.Null, [None, None, None]),
    "decimal": ([Decimal("10.50"), None, Decimal("-0.01")], pl.Decimal(20, 2), ["10.50", None, "-0.01"]),
    "date": ([_MOMENT.date(), None, None], pl.Date, ["2024-05-01", None, None]),
    "time": ([_MOMENT.time(), None, None], pl.Time, ["09:30:00", None, None]),
    "moment": ([_MOMENT, None, None], pl.Datetime("ms"), ["2024-05-01T09:30:00", None, None]),
    "list": ([["a", None], [], None], pl.List(pl.String), [["a", None], [], None]),
    "array": ([[1, 2], None, [3, 4]], pl.Array(pl.Int64, 2), [[1, 2], None, [3, 4]]),
    "struct": ([{"a": ["x"]}, None], pl.Struct({"a": pl.List(pl.Categorical)}), [{"a": ["x"]}, None]),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_each_type_of_polars_is_sent_as_its_value(name: str) -> None:
    values, kind, expected = COLUMNS[name]
    table = pl.DataFrame({"a": pl.Series(values, dtype=kind)})

    assert [row["a"] for row in to_records(as_frame(table), na="null")] == expected


@given(
    st.lists(
        st.fixed_dictionaries(
            {"t": st.none() | st.text(st.characters(codec="utf-8"), max_size=5), "n": st.none() | st.integers(-9, 9)}
        ),
        min_size=1,
        max_size=5,
    )
)
def test_polars_and_pyarrow_send_what_pandas_sends(records: list[dict[str, Any]]) -> None:
    schema = {"t": pl.String, "n": pl.Int64}
    expected = encode_rows(pd.DataFrame(records, dtype=object, columns=["t", "n"]), na="null")

    table = pl.DataFrame(records, schema=schema)

    assert encode_rows(as_frame(table), na="null") == expected
    assert encode_rows(as_frame(table.to_arrow()), na="null") == expected
    assert encode_rows(as_frame(table.to_arrow().to_reader()), na="null") == expected


def test_index_of_a_pandas_table_stays_an_index() -> None:
    df = pd.DataFrame({"v": [1, 2]}, index=pd.Index(["a", "b"], name="id"))

    assert as_frame(pa.Table.from_pandas(df)).index.tolist() == ["a", "b"]


def test_dry_run_of_a_polars_frame() -> None:
    doc = {"mappings": [{"generate": "x", "extract": "$.a", "dataType": "string", "status": "Active"}]}

    trial = celigo.dry_run(pl.DataFrame({"a": ["p", "q"]}), doc)

    assert trial.mapped["x"].tolist() == ["p", "q"]
    assert json.loads(encode_rows(trial.mapped)[1]) == {"x": "q"}


VIEWS = {
    "text": (pa.string_view(), ["a", None, "a text of more than twelve bytes"]),
    "list": (pa.list_(pa.string_view()), [["a"], None, []]),
    "struct": (pa.struct([("x", pa.string_view())]), [{"x": "a"}, None, {"x": None}]),
    "map": (pa.map_(pa.string_view(), pa.string_view()), [[("k", "v")], None, []]),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("of", ["pyarrow", "pandas"])
def test_views_of_texts_are_sent_as_texts_are(name: str, of: str) -> None:
    kind, values = VIEWS[name]
    array = pa.array(values, kind)
    given: Any = pa.table({"a": array})
    if of == "pandas":
        given = pd.DataFrame({"a": pd.arrays.ArrowExtensionArray(pa.chunked_array([array]))}, index=[7, 8, 9])

    frame = kept_copy(as_frame(given))

    assert to_records(frame, na="null") == to_records(pd.DataFrame({"a": pd.Series(values, dtype=object)}), na="null")
    assert len(encode_rows(frame.iloc[[2, 0]])) == 2
    assert frame.index.tolist() == ([7, 8, 9] if of == "pandas" else [0, 1, 2])
    assert len(celigo.dry_run(given, {"mappings": []}).mapped) == 3


@pytest.mark.parametrize(
    "array",
    [
        pa.array([[1], [2]], pa.list_view(pa.int64())),
        pa.RunEndEncodedArray.from_arrays([1, 2], ["a", "b"]),
        pa.array([None, None], pa.month_day_nano_interval()),
    ],
    ids=lambda array: str(array.type)[:9],
)
def test_arrow_type_that_pandas_cannot_work_with_is_refused_with_its_column(array: Any) -> None:
    held = pd.DataFrame({"n": [1, 2], "odd": pd.arrays.ArrowExtensionArray(pa.chunked_array([array]))})

    for table in (held, pa.table({"n": [1, 2], "odd": array})):
        with pytest.raises(FrameError, match="Column 'odd': pandas cannot work with the Arrow type") as caught:
            celigo.dry_run(table, {"mappings": []})
        assert caught.value.column == "odd"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pl.LazyFrame({"a": [1]}), "LazyFrame; expected a pandas DataFrame.*lazy frame has to be collected"),
        (pl.Series([1]), "the Arrow stream of this Series cannot be read"),
        (pl.DataFrame({"a": pl.Series([2**100], dtype=pl.Int128)}), "DataFrame cannot be read.*Cast the column"),
        (pd.Series([1]), "got Series"),
        ([{"a": 1}], "got list"),
    ],
    ids=["lazy", "series", "type that Arrow lacks", "pandas series", "list"],
)
def test_what_is_no_table_is_refused_by_name(table: Any, words: str) -> None:
    with pytest.raises(FrameError, match=words):
        as_frame(table)
