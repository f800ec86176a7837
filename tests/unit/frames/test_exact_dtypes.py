"""``dtype=``: the same values in another dtype, or an error that names column, row and value."""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from celigo_pandas.errors import FrameError
from celigo_pandas.frames.conversion import convert
from celigo_pandas.frames.reading import frame_of

_ABSENT: Any = ...
_INT8S = pd.ArrowDtype(pa.list_(pa.int8()))


def _as(values: list[Any], kind: Any) -> pd.Series:
    records = [{"id": 1} if value is ... else {"id": 1, "a": value} for value in values]
    return convert(frame_of(records, quiet=True), dtype={"a": kind})["a"]


CHANGED = [
    ([1, 300], "int8", "300"),
    ([2**40], "int32", "1099511627776"),
    ([0, -1], "uint8", "-1"),
    ([2**70], "int64", "1180591620717411303424"),
    ([1.0, 1.9], "int64", "1.9"),
    ([1e300], "int64", "1e.300"),
    ([0.5], "Int16", "0.5"),
    ([300], "int8[pyarrow]", "300"),
    ([1.5], "int8[pyarrow]", "1.5"),
    ([2**53 + 1], "float64", "9007199254740993"),
    ([2**63 - 1], "Float64", "9223372036854775807"),
    ([0.5, 16777217.0], "float32", "16777217.0"),
    ([1e300], "float32", "1e.300"),
    ([1e-300], "float16", "1e-300"),
    ([2], "bool", "2"),
    ([2], "boolean", "2"),
    ([1, _ABSENT], "int64", "missing.*'Int64'"),
    ([True, _ABSENT], "bool", "missing.*'boolean'"),
    ([1714555800000], "datetime64[ms]", "1714555800000"),
    ([1], "timedelta64[s]", "got 1"),
    (["no"], "bool", "'no'"),
    (["7", "7.5"], "int64", "'7.5'"),
    (["300"], "int8", "'300'"),
    (["300"], "Int8", "'300'"),
    (["-1"], "uint8", "'-1'"),
    (["9007199254740993"], "float64", "'9007199254740993'"),
    (["1e400"], "float64", "'1e400'"),
    (["1e400"], "float64[pyarrow]", "'1e400'"),
    ([""], "float64", "''"),
    (["nan"], "Float64", "'nan'"),
    (["NA"], "Int64", "'NA'"),
    (["\ud800"], "int64", "ud800"),
    (["10.505"], "decimal128(10,2)[pyarrow]", "'10.505'"),
    ([0.125], "decimal128(10, 2)[pyarrow]", "0.125"),
    (["2024-05-01T10:00:00"], "date32[pyarrow]", "2024-05-01T10"),
    (["2024-05-01T10:00:00.5"], "timestamp[s][pyarrow]", "2024-05-01T10"),
    (["2024-05-01T10:00:00+02:00"], "timestamp[us][pyarrow]", "02:00"),
    (["2024-05-17"], "period[M]", "2024-05-17"),
    (["2024-05-01"], "datetime64[ns]", "parse_dates="),
    (["a", "z"], pd.CategoricalDtype(["a"]), "'z'"),
    ([1, 2], pd.CategoricalDtype([1]), "2"),
    ([[1, 300]], _INT8S, "300"),
    ([[1]], "str", r"nested='json'"),
    ([{}], "string", r"nested='json'"),
    ([[1]], "category", r"\[1\]"),
    (["7", 7.5], "int64", "7.5"),
]


@pytest.mark.parametrize(("values", "kind", "told"), CHANGED, ids=[f"{v}-{k}" for v, k, _ in CHANGED])
def test_value_that_would_change_is_named_with_its_column_row_and_dtype(
    values: list[Any], kind: Any, told: str
) -> None:
    with pytest.raises(FrameError, match=r"Column 'a', row \d+ cannot become dtype") as caught:
        _as([*values], kind)

    assert re.search(told, str(caught.value))
    assert (caught.value.column, caught.value.row) == ("a", len(values) - 1)


KEPT = [
    (["007", " 8"], "int64", [7, 8]),
    (["false", "TRUE", "True"], "bool", [False, True, True]),
    (["1", "0", _ABSENT], "boolean", [True, False, None]),
    (["0.1", _ABSENT], "float64", [0.1, None]),
    (["1.0"], "Int64", [1]),
    (["18446744073709551615"], "uint64", [2**64 - 1]),
    (["10.50", "3", _ABSENT], "decimal128(10,2)[pyarrow]", [Decimal("10.50"), Decimal("3.00"), None]),
    ([10.5, 3], "decimal256(40, 3)[pyarrow]", [Decimal("10.500"), Decimal("3.000")]),
    ([1, _ABSENT], "Int8", [1, None]),
    ([1, 2.5], "float32", [1.0, 2.5]),
    ([1.0, 2.0], "int64", [1, 2]),
    ([2**63 - 1, 0], "Int64", [2**63 - 1, 0]),
    ([True, False], "int64", [1, 0]),
    ([1, 0], "bool", [True, False]),
    ([1, "2", True], "int64", [1, 2, 1]),
    (["NA", "", "007", _ABSENT], "str", ["NA", "", "007", None]),
    ([True, 2**70, _ABSENT], "string", ["True", str(2**70), None]),
    (["a", _ABSENT, "b"], "category", ["a", None, "b"]),
    ([2, 1, "x"], "category", [2, 1, "x"]),
    (["2", "1"], pd.CategoricalDtype([1, 2]), [2, 1]),
    (['q"', "a,b", "a\nb", "a\rb"], "category", ['q"', "a,b", "a\nb", "a\rb"]),
    (["2024-05"], "period[M]", [pd.Period("2024-05")]),
    ([[1, 2], _ABSENT], _INT8S, [[1, 2], None]),
    ([[1, 2], 7], "object", [[1, 2], 7]),
    ([5, 6], "Sparse[int8]", [5, 6]),
    (["5"], "Sparse[int64]", [5]),
    ([None, None], "Int64", [None, None]),
    ([None], "str", [None]),
]


@pytest.mark.parametrize(("values", "kind", "expected"), KEPT, ids=[f"{v}-{k}" for v, k, _ in KEPT])
def test_values_that_fit_come_in_the_dtype(values: list[Any], kind: Any, expected: list[Any]) -> None:
    found = _as(values, kind)

    assert [None if pd.api.types.is_scalar(value) and pd.isna(value) else value for value in found] == expected
    if isinstance(kind, str) and not kind.startswith(("decimal", "Sparse", "cat", "str")):
        assert found.dtype == kind


_KINDS = ["int8", "uint16", "int64", "Int32", "UInt64", "float64", "float32", "Float64", "bool", "boolean"]
_KINDS += ["int16[pyarrow]", "float64[pyarrow]", "bool[pyarrow]", "string", "str", "category", "object", "complex128"]
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-300, 300),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(st.lists(_VALUES, min_size=1, max_size=4), st.sampled_from(_KINDS))
def test_every_conversion_of_values_is_exact_or_refused(values: list[Any], kind: str) -> None:
    before = frame_of([{"a": value} for value in values], quiet=True)["a"].tolist()
    try:
        after = _as(values, kind).tolist()
    except FrameError:
        return

    for old, new in zip(before, after, strict=True):
        if pd.isna(old):
            assert pd.isna(new)
        elif kind in ("string", "str"):
            assert new == str(old)
        elif kind == "float32" and isinstance(old, float) and not old.is_integer():
            assert new == np.float32(old) != 0
        else:
            assert new == old


@given(
    st.lists(st.sampled_from(["1", "0", "true", "1.5", "-7", "1e2", "x", " 3", "", "300"]), min_size=1, max_size=3),
    st.sampled_from([kind for kind in _KINDS if kind not in ("category", "object", "str", "string", "complex128")]),
)
def test_texts_become_what_read_csv_makes_of_them(texts: list[str], kind: str) -> None:
    csv = io.StringIO("\n".join(json.dumps(text) for text in ["a", *texts]))
    try:
        found = _as(list(texts), kind)
    except FrameError:
        return

    expected = pd.read_csv(csv, dtype={"a": kind}, na_filter=False, skip_blank_lines=False)["a"]

    pd.testing.assert_series_equal(found, expected)


def test_one_dtype_for_all_and_a_default_for_the_rest() -> None:
    records = [{"a": 1, "b": "2"}]

    assert convert(frame_of(records), dtype="int8").dtypes.astype(str).tolist() == ["int8", "int8"]
    by_default = convert(frame_of(records), dtype=defaultdict(lambda: "Int64", a="float64"))
    assert by_default.dtypes.astype(str).tolist() == ["float64", "Int64"]


def test_rows_of_groups_and_timestamps_convert_too() -> None:
    grouped = frame_of([[{"a": 1}, {"a": 2}], [{"a": 3}]])
    assert convert(grouped, dtype={"a": "Int8"})["a"].loc[(1, 0)] == 3

    moments = frame_of([{"a": "2024-05-01T10:00:00.5Z"}])
    with pytest.raises(FrameError, match="'a', row 0 cannot become"):
        convert(moments, parse_dates=["a"], dtype={"a": "datetime64[s, UTC]"})
