"""What is the same, what is not, and what nobody can tell."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from celigo_pandas.errors import ConfigError, FrameError
from celigo_pandas.frames.column_differences import column_differences
from celigo_pandas.frames.likeness import as_number, incomparable, likeness, nearness
from celigo_pandas.frames.normalizing import normalizers

SAME = [
    (1, 1.0), (1, Decimal("1.00")), (0.1, Decimal("0.1")), (0, -0.0), (2**70, Decimal(2**70)), (1, np.int8(1)),
    (0.1, np.float32(0.1)), (1e300, Decimal("1e300")), (True, np.True_),
    (None, np.nan), (None, pd.NA), (pd.NaT, float("nan")), (None, Decimal("NaN")), (None, np.datetime64("NaT")),
    ("2026-03-01", "2026-03-01T00:00:00"), ("2026-03-01", dt.date(2026, 3, 1)),
    ("2026-03-01T00:00", dt.datetime(2026, 3, 1)), ("2026-03-01T12:00:00+01:00", "2026-03-01 11:00:00Z"),
    ("2026-03-01T11:00:00.500Z", "2026-03-01T12:00:00,5+0100"), ("2026-03-01T12:00:00 +01", "2026-03-01T11:00:00z"),
    ("2026-03-01T11:00:00.123456789Z", pd.Timestamp("2026-03-01T11:00:00.123456789Z")),
    ("2026-03-01T11:00:00Z", pd.Timestamp("2026-03-01T12:00", tz="Europe/Berlin")),
    ("1969-12-31T23:59:59.25Z", "1970-01-01T00:59:59.250+01:00"), ("0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00"),
    ([1, {"a": None}], [1.0, {}]), ((1, 2), [1, 2]), (np.array([1, 2]), [1, 2]), ([], []), ({}, {}),
    (UUID(int=1), str(UUID(int=1))), ("\ud800", "\ud800"),
]  # fmt: skip

DIFFERENT = [
    (1, "1"), (1, True), (0, False), ("true", True), (0.1, 0.1000000001), (2**53 + 1, 2.0**53), ("a", "A"), ("a", "a "),
    ("é", "e\u0301"), ("", None), ([], None), ([], {}), ([1, 2], [2, 1]), ("1.0", "1"),
    (Decimal("0.1"), Decimal("0.10000001")),
    ("2026-02-30", "2026-02-30T00:00:00"), ("2026-03-01T25:00:00Z", "2026-03-02T01:00:00Z"), ("20260301", "2026-03-01"),
    ("2026-03-01T00:00:00.000000000001Z", "2026-03-01T00:00:00Z"), ("2026-03-01T24:00:00", "2026-03-02"),
    ("2026-03-01T00:00:00+25:00", "2026-02-28T23:00:00Z"), (1772323200, "2026-03-01T00:00:00Z"), (float("inf"), 1e308),
    ([None], []), ({"a": 0}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME, ids=str)
def test_values_that_are_the_same(one: Any, other: Any) -> None:
    assert likeness(one) == likeness(other)
    assert likeness([one, {"a": one}]) == likeness([other, {"a": other}])
    assert hash(likeness(one)) == hash(likeness(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=str)
def test_values_that_are_not(one: Any, other: Any) -> None:
    assert likeness(one) != likeness(other)
    assert incomparable(likeness(one), likeness(other)) is None


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("2026-03-01", "2026-03-01T00:00:00Z", "without a zone"),
        (pd.Timestamp("2026-03-01"), "2026-03-01T00:00:00+00:00", "without a zone"),
        (b"x", "x", "type bytes"),
        ({1, 2}, [1, 2], "type set"),
    ],
)
def test_what_cannot_be_compared_says_so(one: Any, other: Any, why: str) -> None:
    assert why in str(incomparable(likeness(one), likeness(other)))
    assert likeness(one) != likeness(other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_every_value_of_json_is_like_itself_and_can_be_hashed(value: Any) -> None:
    assert likeness(value) == likeness(value)
    assert isinstance(hash(likeness(value)), int)
    assert isinstance(nearness(likeness(value)), str)


@given(st.datetimes(), st.timedeltas(min_value=dt.timedelta(hours=-23), max_value=dt.timedelta(hours=23)))
def test_a_moment_is_the_same_in_every_zone(moment: dt.datetime, offset: dt.timedelta) -> None:
    minutes = dt.timedelta(minutes=offset // dt.timedelta(minutes=1))
    utc = moment.replace(year=min(max(moment.year, 2), 9998), tzinfo=dt.timezone.utc)
    other = utc.astimezone(dt.timezone(minutes))

    assert likeness(utc.isoformat()) == likeness(other.isoformat(sep=" "))
    assert likeness(utc) == likeness(other)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4) | st.integers())
def test_a_number_as_text_is_read_exactly(number: Any) -> None:
    assert likeness(as_number(str(number))) == likeness(number)


@pytest.mark.parametrize("text", ["", "1 000", "0x1", "١", "1e9999", "nan", "--1", "1_0", "infinity", "9" * 500])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert as_number(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("Straße", "STRASSE"), ("é", "E"), ("a ", "a"), ("007", 7), ("7.0", 7), (True, 1), ("ﬁ", "fi"),
     ("2026-03-01", "2026-03-01T00:00:00Z"), ("\ufeff A-1", "a-1"), ("A\u00ad1\u200b", "A1"), ("a\0", "a")],
)  # fmt: skip
def test_what_some_collation_takes_for_the_same_is_near(one: Any, other: Any) -> None:
    assert nearness(likeness(one)) == nearness(likeness(other))


WORDS = [
    ("trim", " a ", "a"), ("case", "Straße", "STRASSE"), ("empty", "", None), ("number", "7.50", 7.5),
    ("number", " 007", 7), ("text", 7.0, "7"), ("text", True, "true"), ("boolean", "TRUE", True), ("boolean", 0, False),
    ("utc", "2026-03-01", "2026-03-01T00:00:00Z"), (["trim", "empty"], "  ", None), (str.upper, "a", "A"),
    ("utc", dt.datetime(2026, 3, 1), "2026-03-01T00:00:00Z"),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "one", "other"), WORDS, ids=str)
def test_normalize_makes_them_the_same_in_its_column_alone(steps: Any, one: Any, other: Any) -> None:
    normal = normalizers({"a": steps}, ["a", "b"])

    assert normal.of("a")(one) == normal.of("a")(other)
    assert normal.of("b")(one) != normal.of("b")(other)
    assert normalizers(steps, ["a"]).of("a")(one) == normalizers(steps, ["a"]).of("a")(other)


@pytest.mark.parametrize("steps", ["lower", 3, ["trim", 3], {"c": "trim"}, {"a": "upper"}])
def test_normalize_that_cannot_be_says_what_can(steps: Any) -> None:
    with pytest.raises(ConfigError, match="expected"):
        normalizers(steps, ["a", "b"])


def test_a_function_that_fails_is_named_with_its_value() -> None:
    def shorten(value: Any) -> Any:
        return value[:3]

    with pytest.raises(FrameError, match="column 'a' fails for 7: TypeError"):
        normalizers({"a": shorten}, ["a"]).of("a")(7)


COLUMNS = [
    pd.Series([1, 2, 3]), pd.Series([1.0, 2.5, np.nan]), pd.Series([1, 2, None], dtype="Int64"),
    pd.Series(["a", None, "2026-03-01"], dtype="string"), pd.Series(["a", "b", None], dtype=object),
    pd.Series([True, False, None], dtype="boolean"), pd.Series([1, "1", None], dtype=object),
    pd.Series(pd.to_datetime(["2026-03-01", None, "2026-03-02"])), pd.Series(["a", "b", "a"], dtype="category"),
    pd.Series(pd.to_datetime(["2026-03-01", None, "2026-03-02"]).tz_localize("UTC")),
    pd.Series([1, 2, None], dtype="int64[pyarrow]"), pd.Series(["a", None, "c"], dtype="string[pyarrow]"),
    pd.Series([[1], [2], None]), pd.Series([0.1, 0.2, None], dtype="Float32"),
    pd.Series([None, None, None], dtype=object),
    pd.Series(["\ud800", "b", None], dtype=object), pd.Series([2**63, 1, 2], dtype="uint64"),
]  # fmt: skip


@pytest.mark.parametrize("before", COLUMNS, ids=lambda column: str(column.dtype))
@pytest.mark.parametrize("after", COLUMNS, ids=lambda column: str(column.dtype))
def test_columns_of_any_two_dtypes_differ_where_their_values_do(before: pd.Series, after: pd.Series) -> None:
    found = [one.place for one in column_differences(before, after)]

    pairs = zip(before.astype(object), after.astype(object), strict=True)
    if "float32" in (str(before.dtype).lower(), str(after.dtype).lower()) and before.dtype != after.dtype:
        return  # their Python values have other digits than the column writes
    assert found == [place for place, (one, other) in enumerate(pairs) if likeness(one) != likeness(other)]


def test_a_difference_shows_both_values_missing_ones_as_none() -> None:
    found = column_differences(pd.Series([1.0, np.nan, 3.0]), pd.Series(["1", "2", None], dtype=object))

    assert [(one.before, one.after) for one in found] == [(1.0, "1"), (None, "2"), (3.0, None)]
