"""Dates written and read, against moment and moment-timezone."""

from __future__ import annotations

import random
import zoneinfo
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest
from support import node
from support.generated_dates import READ_FORMATS, READ_TOKENS, TOKENS, ZONES, disturbed, near_changes, random_format

from celigo_pandas.javascript.date_formats import read_zone, split_format
from celigo_pandas.javascript.dates import (
    DateError,
    _cached_reader,
    compile_reader,
    compile_writer,
    epoch_milliseconds,
)

pytestmark = pytest.mark.node

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FIRST, LAST = -62_135_596_800_000, 2_145_916_800_000
NOW = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)


@pytest.fixture(autouse=True, scope="module")
def _zones_of_the_tzdata_package():
    """Use the zones of the tzdata package, which is as new as moment's; a machine's own may be years old."""
    zoneinfo.reset_tzpath(to=())
    _forget_zones()
    yield
    zoneinfo.reset_tzpath()
    _forget_zones()


def _forget_zones():
    zoneinfo.ZoneInfo.clear_cache()
    for cached in (read_zone, compile_writer, _cached_reader):
        cached.cache_clear()


def _changes():
    answers = node.run("dates.js", ({"kind": "changes", "zone": zone} for zone in ZONES))
    return {zone: answer["answer"] for zone, answer in zip(ZONES, answers, strict=True)}


def _is_near(instant, changes):
    return any(abs(instant - change) <= 3_600_000 for change in changes)


def _read(value, fmt, zone):
    try:
        return epoch_milliseconds(compile_reader(fmt, zone, lambda: NOW)(value))
    except DateError:
        return None


def _agrees(case, answer):
    """Compare one reading; moment's zone data ends in 2037, ours goes on, and only the years 1 to 9999 exist here."""
    expected = answer["answer"]
    if expected is not None and not FIRST <= expected < LAST:
        return True
    return _read(case["value"], case["format"], case["zone"]) == expected


def test_dates_written_agree_with_moment():
    source, changes = random.Random(11), _changes()
    cases = [
        {"kind": "write", "value": instant, "format": random_format(source), "zone": zone}
        for zone in ZONES
        for instant in near_changes(source, changes[zone], 250)
    ]
    answers = node.run("dates.js", cases)

    counted = Counter(token for case in cases for token in set(_tokens(case["format"])))
    near = sum(_is_near(case["value"], changes[case["zone"]]) for case in cases)
    differences = [
        (case, actual, answer["answer"])
        for case, answer in zip(cases, answers, strict=True)
        if (actual := _write(case)) != answer["answer"]
    ]

    print(len(cases), "written,", near, "near a change; least used:", counted.most_common()[-3:])
    assert differences[:3] == []
    assert near >= 0.5 * len(cases)
    assert [token for token in TOKENS if counted[token] < 50] == []


def _tokens(fmt):
    # The long forms are counted as written, the rest as the format splits.
    return [word for word in TOKENS if word[0] in "Ll" and word in fmt] + split_format(fmt)


def _write(case):
    return compile_writer(case["format"], case["zone"])(EPOCH + timedelta(milliseconds=case["value"]))


def test_dates_read_with_a_format_agree_with_moment():
    source, changes = random.Random(12), _changes()
    cases = []
    for zone in ZONES:
        for instant in near_changes(source, changes[zone], 360):
            fmt = source.choice(READ_FORMATS)
            text = compile_writer(fmt, zone)(EPOCH + timedelta(milliseconds=instant))
            cases.append({"kind": "read", "value": disturbed(source, text), "format": fmt, "zone": zone})
    answers = node.run("dates.js", cases)

    valid = sum(answer["answer"] is not None for answer in answers)
    differences = [
        (case, _read(case["value"], case["format"], case["zone"]), answer["answer"])
        for case, answer in zip(cases, answers, strict=True)
        if not _agrees(case, answer)
    ]

    counted = Counter(token for case in cases for token in set(split_format(case["format"])))
    print(len(cases), "read with a format,", valid, "valid; least used:", counted.most_common()[-3:])
    assert differences[:3] == []
    assert [token for token in READ_TOKENS if counted[token] < 50] == []
    assert valid >= 0.6 * len(cases)
    assert len(cases) - valid >= 200


DETECTED = (
    "YYYY-MM-DD",
    "YYYY-MM-DD HH:mm",
    "YYYY-MM-DDTHH:mm:ss",
    "YYYY-MM-DDTHH:mm:ss.SSSZ",
    "YYYY-MM-DDTHH:mm:ssZZ",
    "YYYYMMDD",
    "YYYYMMDDTHHmmss",
    "YYYY-DDDD",
    "GGGG-[W]WW-E",
    "GGGG-[W]WW",
    "YYYY-MM",
    "YYYY",
    "ddd, DD MMM YYYY HH:mm:ss ZZ",
    "DD MMM YY HH:mm [GMT]",
)


def test_dates_read_without_a_format_agree_with_moment():
    source, changes = random.Random(13), _changes()
    cases = []
    for zone in ZONES:
        for instant in near_changes(source, changes[zone], 120):
            text = compile_writer(source.choice(DETECTED), zone)(EPOCH + timedelta(milliseconds=instant))
            cases.append({"kind": "read", "value": text, "format": None, "zone": zone})
    answers = node.run("dates.js", cases)

    differences = [
        (case, _read(case["value"], case["format"], case["zone"]), answer["answer"])
        for case, answer in zip(cases, answers, strict=True)
        if not _agrees(case, answer)
    ]

    assert differences[:3] == []


LOOSE = (
    "MM/DD/YYYY",
    "MM/DD/YYYY h:mm A",
    "MM/DD/YYYY h:mm:ss A",
    "M/D/YYYY HH:mm:ss",
    "M/D/YY",
    "YYYY/MM/DD HH:mm",
    "MMMM D, YYYY h:mm A",
    "MMM D, YYYY",
    "D MMM YYYY",
    "D MMMM YYYY HH:mm:ss",
    "DD-MMM-YYYY",
    "ddd MMM DD YYYY HH:mm:ss [GMT]ZZ",
    "MMMM YYYY",
    "MM-DD-YYYY",
)


def test_dates_in_the_forms_of_javascripts_date_agree_with_it_in_utc():
    """Only UTC: moment-timezone leaves these forms in UTC, the platform's mapper reads them in its zone."""
    source = random.Random(14)
    cases = []
    for instant in near_changes(source, [], 700):
        text = compile_writer(source.choice(LOOSE), "UTC")(EPOCH + timedelta(milliseconds=instant))
        cases.append({"kind": "read", "value": text, "format": None, "zone": "UTC"})
    answers = node.run("dates.js", cases)

    differences = [
        (case, _read(case["value"], case["format"], case["zone"]), answer["answer"])
        for case, answer in zip(cases, answers, strict=True)
        if not _agrees(case, answer)
    ]

    assert differences[:3] == []
    assert all(answer["answer"] is not None for answer in answers)


def test_zones_of_the_comparison_exist_here():
    assert set(ZONES) <= zoneinfo.available_timezones()
