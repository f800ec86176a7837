"""Cursors: what can be compared, which is greatest, and where the next pull begins."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta, timezone

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from support import soak

from celigo_pandas.errors import ConfigError, FrameError
from celigo_pandas.syncs.cursors import (
    bound,
    checked_mark,
    checked_overlap,
    is_later,
    iso_utc,
    read_cursors,
)


def texts(*values: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.large_string())])


def greatest(*values: str | None) -> str | int | float | None:
    found = read_cursors(texts(*values), "str", "u")
    return found.greatest(~found.missing)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2024-01-01", "2024-01-03", "2024-01-02"], "2024-01-03"),
        (["2024-01-01T10:00:00+02:00", "2024-01-01T09:30:00+01:00"], "2024-01-01T09:30:00+01:00"),
        (["2024-01-01T10:00:00Z", "2024-01-01T10:00:00.5Z"], "2024-01-01T10:00:00.5Z"),
        (["2024-01-01 10:00", "2024-01-01 09:59"], "2024-01-01 10:00"),
        (["2024-01-01T10:00:00.000+0000", None], "2024-01-01T10:00:00.000+0000"),
        ([None, None], None),
    ],
)
def test_the_greatest_time_is_the_latest_instant(values: list[str | None], expected: str | None) -> None:
    assert greatest(*values) == expected


def test_numbers_are_compared_as_numbers() -> None:
    found = read_cursors(pa.chunked_array([pa.array([9, 10, None, 2**62 + 1, 2**62])]), "int", "n")

    assert found.kind == "number"
    assert found.greatest(~found.missing) == 2**62 + 1


def test_values_that_are_no_times_are_told_with_examples() -> None:
    with pytest.raises(FrameError, match=r"2 values are no ISO 8601 times, such as '1/31/2024 3 pm', 'soon'") as told:
        greatest("2024-01-01", "1/31/2024 3 pm", "soon", "soon")

    assert told.value.column == "u"


def test_times_with_and_without_a_zone_are_told() -> None:
    with pytest.raises(FrameError, match="some times say their zone"):
        greatest("2024-01-01T10:00:00Z", "2024-01-01T10:00:00")


@pytest.mark.parametrize(("kind", "values"), [("bool", [True]), ("json", ["[1]"])])
def test_other_columns_are_no_cursors(kind: str, values: list[object]) -> None:
    with pytest.raises(FrameError, match="expected times or numbers"):
        read_cursors(pa.chunked_array([pa.array(values)]), kind, "u")


def test_a_time_for_ever_is_a_time() -> None:
    assert greatest("2024-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z") == "9999-12-31T00:00:00Z"


def test_a_time_that_never_is_is_told() -> None:
    with pytest.raises(FrameError, match=r"cursor='u': .*13"):
        greatest("2024-13-01T00:00:00Z")


@pytest.mark.parametrize(
    ("mark", "overlap", "expected"),
    [
        ("2024-01-01T00:05:00Z", "10min", "2023-12-31T23:55:00Z"),
        ("2024-01-01 00:05:00", "10min", "2023-12-31 23:55:00"),
        ("2024-01-01T00:05:00.123+02:00", "1h", "2023-12-31T23:05:00.123+02:00"),
        ("2024-01-01T00:05:00.123456789Z", "1ms", "2024-01-01T00:05:00.122456789Z"),
        ("2024-01-01T00:05:00.5-0330", "250ms", "2024-01-01T00:05:00.2-0330"),
        ("2024-01-01", "10min", "2023-12-31"),
        ("2024-01-01T00:05", "90s", "2024-01-01T00:03"),
        ("2024-01-01T00:05:00Z", 0, "2024-01-01T00:05:00Z"),
        ("0900-01-01T00:00:00Z", "10min", "0899-12-31T23:50:00Z"),
        ("0001-01-01", "10min", "0001-01-01"),
        (1000, 10, 990),
        (1000, "10min", 1000),
        (10.5, 0.25, 10.25),
    ],
)
def test_a_bound_is_written_as_the_watermark_is(mark: str | float, overlap: object, expected: str | float) -> None:
    assert bound(mark, checked_overlap(overlap)) == expected


@pytest.mark.soak
def test_random_bounds_are_never_later_than_asked_for() -> None:
    chance = random.Random(soak.seed("bounds"))
    for _ in range(soak.runs(300, 30_000)):
        moment = datetime(2000, 1, 1) + timedelta(seconds=chance.randrange(10**9), microseconds=chance.randrange(10**6))
        zone = chance.choice(["", "Z", "+05:30", "-0800"])
        form = chance.choice(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S.%f"])
        mark = moment.strftime(form)[: chance.choice([None, -3]) if form.endswith("f") else None] + zone
        overlap = pd.Timedelta(milliseconds=chance.randrange(10**7))

        found = bound(mark, overlap)

        late = pd.Timestamp(mark) - overlap - pd.Timestamp(str(found))
        assert pd.Timedelta(0) <= late < pd.Timedelta(minutes=1), (mark, overlap, found)
        assert len(str(found)) == len(mark)
        assert found == bound(str(found), pd.Timedelta(0))


def test_members_of_the_platform_are_utc_with_milliseconds_rounded_down() -> None:
    assert iso_utc("2024-01-01T02:00:00.9999+02:00") == "2024-01-01T00:00:00.999Z"
    assert iso_utc("2024-01-01") == "2024-01-01T00:00:00.000Z"
    assert iso_utc("0900-01-01") == "0900-01-01T00:00:00.000Z"


def test_cursors_ahead_of_the_clock() -> None:
    now = pd.Timestamp("2024-01-01T12:00:00Z")
    zoned = read_cursors(texts("2024-01-01T12:09:00Z", "2024-01-01T12:11:00Z", None), "str", "u")
    bare = read_cursors(texts("2024-01-02 02:09:00", "2024-01-02 02:11:00"), "str", "u")
    numbers = read_cursors(pa.chunked_array([pa.array([10**18])]), "int", "u")

    slack = checked_overlap("10min")
    assert zoned.ahead(now, slack).tolist() == [False, True, False]
    assert bare.ahead(now, slack).tolist() == [False, True], "a zone may be 14 hours ahead"
    assert numbers.ahead(now, slack).tolist() == [False]


def test_a_watermark_only_moves_forward() -> None:
    assert is_later("2024-01-01T00:00:00Z", None)
    assert is_later("2024-01-01T10:00:00+01:00", "2024-01-01T08:59:00Z")
    assert not is_later("2024-01-01T10:00:00+01:00", "2024-01-01T09:00:00Z")
    assert is_later(2, 1)
    assert not is_later(1, 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (np.int64(5), 5),
        (0.5, 0.5),
        ("2024-01-01", "2024-01-01"),
        (date(2024, 1, 1), "2024-01-01"),
        (datetime(2024, 1, 1, tzinfo=timezone.utc), "2024-01-01T00:00:00+00:00"),
        (pd.Timestamp("2024-01-01T10:00:00Z"), "2024-01-01T10:00:00+00:00"),
        (None, None),
    ],
)
def test_start_is_a_time_or_a_number(value: object, expected: object) -> None:
    assert checked_mark("start", value) == expected


@pytest.mark.parametrize("value", ["yesterday", True, float("nan"), [], pd.NaT, "2024-13-01", time(10)])
def test_a_start_that_is_neither_is_told(value: object) -> None:
    with pytest.raises((ConfigError, FrameError), match="start"):
        checked_mark("start", value)


@pytest.mark.parametrize("value", ["soon", -1, float("inf"), "NaT", "-10min", True, [1], timedelta(seconds=-1)])
def test_an_overlap_that_cannot_be_is_told(value: object) -> None:
    with pytest.raises(ConfigError, match=r"overlap: got .*; expected a span"):
        checked_overlap(value)
