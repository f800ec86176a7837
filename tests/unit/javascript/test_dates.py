"""Reading and writing dates; the comparison with moment is in the integration tests."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.javascript.dates import DateError, compile_reader, compile_writer, epoch_milliseconds, read_zone

NOW = datetime(2024, 2, 29, 23, 30, tzinfo=timezone.utc)
ISO = compile_writer()


def _read(value, fmt=None, zone=None):
    return ISO(compile_reader(fmt, zone, lambda: NOW)(value))


@pytest.mark.parametrize(
    ("value", "fmt", "zone", "instant"),
    [
        ("03/09/2020 14:05", "MM/DD/YYYY HH:mm", None, "2020-03-09T14:05:00.000Z"),
        ("3-9-20", "M/D/YY", None, "2020-03-09T00:00:00.000Z"),
        ("2020-07-09", "YYYY-MM-DD", "America/New_York", "2020-07-09T04:00:00.000Z"),
        ("2021-03-14 02:30", "YYYY-MM-DD HH:mm", "America/New_York", "2021-03-14T07:30:00.000Z"),
        ("2021-11-07 01:30", "YYYY-MM-DD HH:mm", "America/New_York", "2021-11-07T05:30:00.000Z"),
        ("2021-01-02T03:04+05:30", "YYYY-MM-DDTHH:mmZ", "America/New_York", "2021-01-01T21:34:00.000Z"),
        ("2020-12-31 24:00", "YYYY-MM-DD HH:mm", None, "2021-01-01T00:00:00.000Z"),
        ("12:15 AM 1 jan 69", "hh:mm A D MMM YY", None, "1969-01-01T00:15:00.000Z"),
        ("1600000000", "X", "Asia/Tokyo", "2020-09-13T12:26:40.000Z"),
        (1600000000123, "x", "Asia/Tokyo", "2020-09-13T12:26:40.123Z"),
        (20200709, "YYYYMMDD", None, "2020-07-09T00:00:00.000Z"),
        ("2020 190", "YYYY DDDD", None, "2020-07-08T00:00:00.000Z"),
        ("2020-W28-4", "GGGG-[W]WW-E", None, "2020-07-09T00:00:00.000Z"),
        ("gg w e: 20 28 4", "[gg w e:] gg w e", None, "2020-07-09T00:00:00.000Z"),
        ("28", "w", None, "2024-07-07T00:00:00.000Z"),
        ("W28", "[W]W", None, "2024-07-08T00:00:00.000Z"),
        ("Q3 2020", "[Q]Q YYYY", None, "2020-07-01T00:00:00.000Z"),
        ("9th Jul 2020", "Do MMM YYYY", None, "2020-07-09T00:00:00.000Z"),
        ("Thu 9/7/2020 24h", "ddd D/M/YYYY kk[h]", None, "2020-07-09T00:00:00.000Z"),
        ("2020-07-09 1030", "YYYY-MM-DD Hmm", None, "2020-07-09T10:30:00.000Z"),
        ("2020-07-09 103045", "YYYY-MM-DD Hmmss", None, "2020-07-09T10:30:45.000Z"),
        ("2020-W28-4T10", None, None, "2020-07-09T10:00:00.000Z"),
        ("2020-W28", None, None, "2020-07-06T00:00:00.000Z"),
        ("2020-191", None, None, "2020-07-09T00:00:00.000Z"),
        ("07/09/20", None, None, "2020-07-09T00:00:00.000Z"),
        ("190", "DDD", None, "2024-07-08T00:00:00.000Z"),
        ("05:30", "HH:mm", None, "2024-02-29T05:30:00.000Z"),
        ("05:30", "HH:mm", "Asia/Tokyo", "2024-02-29T20:30:00.000Z"),
        ("07/09", "MM/DD", None, "2024-07-09T00:00:00.000Z"),
        ("15", "DD", None, "2024-02-15T00:00:00.000Z"),
        ("2020", "YYYY", None, "2020-01-01T00:00:00.000Z"),
        ("on 2020-07-09 (late)", "YYYY-MM-DD", None, "2020-07-09T00:00:00.000Z"),
        ("2020-07-09", "ISO8601", "Asia/Tokyo", "2020-07-08T15:00:00.000Z"),
        ("2020-07-09T10:00:00.123456Z", None, "Asia/Tokyo", "2020-07-09T10:00:00.123Z"),
        ("2020-07-09 10:00-05", None, None, "2020-07-09T15:00:00.000Z"),
        ("20200709T1000", None, None, "2020-07-09T10:00:00.000Z"),
        ("Thu, 09 Jul 2020 10:00:00 -0500", None, None, "2020-07-09T15:00:00.000Z"),
        ("9 Jul 49 10:00 GMT", None, None, "2049-07-09T10:00:00.000Z"),
        ("03/10/1990", None, "US/Central", "1990-03-10T06:00:00.000Z"),
        ("July 9, 2020 5:06 PM", None, None, "2020-07-09T17:06:00.000Z"),
        ("Mon Nov 21 2019 20:00:00 GMT+0000 (UTC)", None, "US/Central", "2019-11-21T20:00:00.000Z"),
        ("02/30/2020", None, None, "2020-03-01T00:00:00.000Z"),
        ("/Date(1234567890000)/", None, None, "2009-02-13T23:31:30.000Z"),
        (1594328379156, None, "US/Central", "2020-07-09T20:59:39.156Z"),
        (1594328379156.9, None, None, "2020-07-09T20:59:39.156Z"),
        (NOW, None, None, "2024-02-29T23:30:00.000Z"),
    ],
)
def test_reader_reads(value, fmt, zone, instant):
    assert _read(value, fmt, zone) == instant


@pytest.mark.parametrize(
    ("value", "fmt"),
    [
        ("13/01/2020", "MM/DD/YYYY"),
        ("02/30/2020", "MM/DD/YYYY"),
        ("2020-01-01 25:00", "YYYY-MM-DD HH:mm"),
        ("", "YYYY"),
        ("nothing", "YYYY-MM-DD"),
        ("366 2019", "DDD YYYY"),
        ("Mon 2020-07-09", "ddd YYYY-MM-DD"),
        ("PM", "A"),
        ("2020-W60", "GGGG-[W]WW"),
        ("x Foo 2020", "MMM YYYY"),
        ("2020-01-01 +20:00", "YYYY-MM-DD Z"),
        ("0000-01-01", "YYYY-MM-DD"),
        ("99999-01-01", "Y-MM-DD"),
        ("9" * 30, "x"),
        ("2020-99-99", None),
        ("12345678901", None),
        ("tomorrow", None),
        ("2020-07T10:00", None),
        ("01/32/2020", None),
        ("xx 2020-07-09", "dd YYYY-MM-DD"),
        ("0000 5", "YYYY DDD"),
        ("", None),
        ("Tue, 09 Jul 2020 10:00:00 GMT", None),
        ("13/13/2020", None),
        ("01/02/2020 13:00 PM", None),
        ("x" * 2000, None),
        (None, None),
        (True, None),
        ([], None),
        ({}, "YYYY"),
        (True, "YYYY"),
        (float("nan"), None),
        (10**400, None),
        (1e300, None),
    ],
)
def test_reader_of_what_is_no_date_raises(value, fmt):
    with pytest.raises(DateError, match="Not a date"):
        _read(value, fmt)


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "Europe", "x" * 300, "\0"])
def test_zone_that_does_not_exist_raises(zone):
    with pytest.raises(DateError, match="Not a time zone"):
        compile_reader(None, zone)


def test_zone_is_found_in_any_case():
    assert read_zone("america/new_york") == read_zone("America/New_York")
    assert read_zone(None) is read_zone("UTC") is timezone.utc


@pytest.mark.parametrize(
    ("fmt", "zone", "text"),
    [
        (None, None, "2020-07-09T19:59:39.156Z"),
        (None, "UTC", "2020-07-09T19:59:39+00:00"),
        ("ISO8601", "Asia/Kolkata", "2020-07-10T01:29:39+05:30"),
        ("YYYY-MM-DD", "America/New_York", "2020-07-09"),
        ("[100%] DD", None, "100% 09"),
        ("dd ddd dddd d do e E", None, "Th Thu Thursday 4 4th 4 4"),
        ("w ww wo gg gggg W WW Wo GG GGGG", None, "28 28 28th 20 2020 28 28 28th 20 2020"),
        ("h hh k kk H HH a A", None, "7 07 19 19 19 19 pm PM"),
        ("S SS SSS SSSS SSSSSSSSS", None, "1 15 156 1560 156000000"),
        ("hmm hmmss Hmm Hmmss", None, "759 75939 1959 195939"),
        ("X x", None, "1594324779 1594324779156"),
        ("z Z ZZ", "America/New_York", "EDT -04:00 -0400"),
        ("LTS L l LL ll", None, "7:59:39 PM 07/09/2020 7/9/2020 July 9, 2020 Jul 9, 2020"),
        ("\\M [M] Mo Qo Do DDDo YY Y YYYYYY", None, "M M 7th 3rd 9th 191st 20 2020 +002020"),
        ("", None, "2020-07-09T19:59:39.156Z"),
        ("\n", None, ""),
    ],
)
def test_writer_writes(fmt, zone, text):
    moment = datetime(2020, 7, 9, 19, 59, 39, 156_789, tzinfo=timezone.utc)

    assert compile_writer(fmt, zone)(moment) == text


def test_writer_of_a_date_at_the_end_of_time_raises_a_date_error():
    with pytest.raises(DateError):
        compile_writer("YYYY", "Asia/Tokyo")(datetime(9999, 12, 31, 23, tzinfo=timezone.utc))


def test_format_too_long_raises():
    with pytest.raises(DateError, match="too long"):
        compile_writer("Y" * 2000)


MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=st.just(timezone.utc))
ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"])


@settings(max_examples=100, deadline=None)
@given(MOMENTS, ZONES, st.sampled_from(["YYYY-MM-DDTHH:mm:ss.SSSZ", "x", "ddd, DD MMM YYYY hh:mm:ss.SSS A ZZ", None]))
def test_what_is_written_with_its_offset_reads_back(moment, zone, fmt):
    # Local mean times have offsets with seconds, which no format can write.
    if moment.astimezone(read_zone(zone)).utcoffset().total_seconds() % 60:
        return

    text = compile_writer(fmt, zone, zoned_milliseconds=True)(moment)

    assert epoch_milliseconds(compile_reader(fmt, zone)(text)) == epoch_milliseconds(moment)


def test_iso_date_in_a_zone_has_milliseconds_where_they_are_asked_for():
    moment = datetime(2020, 7, 9, 19, 59, 39, 156000, tzinfo=timezone.utc)

    assert compile_writer(None, "Asia/Kolkata")(moment) == "2020-07-10T01:29:39+05:30"
    assert compile_writer(None, "Asia/Kolkata", zoned_milliseconds=True)(moment) == "2020-07-10T01:29:39.156+05:30"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("(GMT+05:30) Chennai, Kolkata, Mumbai, New Delhi", "Asia/Kolkata"),
        ("(GMT+05:30) Asia/Kolkata", "Asia/Kolkata"),
        ("(GMT-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(GMT-08:00) Pacific Time (US & Canada); Tijuana", "America/Los_Angeles"),
        ("(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "Europe/London"),
        ("(GMT+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Amsterdam"),
        ("(UTC+10:00) Brisbane", "Australia/Brisbane"),
    ],
)
def test_zone_label_names_the_zone_of_its_places(label, name):
    # Summer time is what an offset alone would lose.
    for month in (1, 7):
        moment = datetime(2024, month, 1, 12, tzinfo=timezone.utc)
        assert compile_writer("HH:mm Z", label)(moment) == compile_writer("HH:mm Z", name)(moment)


def test_zone_label_of_unknown_places_is_its_offset():
    moment = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)

    assert compile_writer("HH:mm Z", "(GMT-03:30) Somewhere")(moment) == "08:30 -03:30"


@pytest.mark.parametrize("label", ["(GMT+99:00) Kolkata", "(GMT+5:3) Kolkata", "GMT+05:30 Kolkata", "(EST) New York"])
def test_zone_label_that_is_none_is_refused(label):
    with pytest.raises(DateError, match="Not a time zone"):
        compile_writer(None, label)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=20), st.none() | st.text("YMDHhmsSAaZzXxQWwgGEed[]\\ -/.LTlo", max_size=12), ZONES)
def test_reader_and_writer_of_any_text_raise_only_date_errors(text, fmt, zone):
    assert isinstance(compile_writer(fmt, zone)(NOW + timedelta(days=1)), str)
    try:
        moment = compile_reader(fmt, zone, lambda: NOW)(text)
    except DateError:
        return
    assert moment.tzinfo is not None
