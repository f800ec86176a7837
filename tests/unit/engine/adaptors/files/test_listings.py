"""Listings of FTP servers, as servers of several kinds write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celigo_pandas.engine.adaptors.files.listings import Listed, ListingError, parse_list, parse_mlsd, parse_time

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]


MLSD = [
    ("type=file;size=12;modify=20260102030405; a.csv", [Listed("a.csv", "file", 12, at(2026, 1, 2, 3, 4, 5))]),
    ("Type=file;Size=0;Modify=20260102030405.678; a  b.csv",
     [Listed("a  b.csv", "file", 0, at(2026, 1, 2, 3, 4, 5, 678_000))]),
    ("modify=20260102030405;perm=adfr;size=3;type=file;unique=801g;UNIX.mode=0644; ü;=x.csv",
     [Listed("ü;=x.csv", "file", 3, at(2026, 1, 2, 3, 4, 5), "801g")]),
    ("type=dir;modify=20260102030405; sub", [Listed("sub", "folder", None, at(2026, 1, 2, 3, 4, 5))]),
    ("type=cdir; .", []),
    ("type=pdir; ..", []),
    ("type=OS.unix=slink:/data/a.csv;size=3; link", [Listed("link", "link", 3)]),
    ("type=OS.unix=symlink; link", [Listed("link", "link")]),
    ("type=OS.unix=chr-1/3; null", [Listed("null", "other")]),
    ("size=5;modify=20260102030405; untyped", [Listed("untyped", "file", 5, at(2026, 1, 2, 3, 4, 5))]),
    (" bare", [Listed("bare", "file")]),
    ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), MLSD, ids=[line or "empty" for line, _ in MLSD])
def test_mlsd_line(line: str, expected: list[Listed]) -> None:
    assert parse_mlsd([line]) == expected


@pytest.mark.parametrize("line", ["a.csv", "type=file;size=12;", "type=file;size=x; a", "type=file;modify=2026; a"])
def test_mlsd_line_of_another_form_is_refused(line: str) -> None:
    with pytest.raises(ListingError):
        parse_mlsd([line])


UNIX = [
    ("-rw-r--r--   1 ftp      ftp          12 Mar 03 09:30 a.csv", Listed("a.csv", "file", 12, at(2026, 3, 3, 9, 30))),
    ("-rw-r--r--    1 1000     1000      1048576 Dec 31 23:59 b c.csv",
     Listed("b c.csv", "file", 1_048_576, at(2025, 12, 31, 23, 59))),
    ("-rw-r--r--+ 1 u Domain Users 7 Jan  5  2019 old.csv", Listed("old.csv", "file", 7, at(2019, 1, 5))),
    ("-rw-r--r-- 1 celigo 7 Jan  5  2019 no group.csv", Listed("no group.csv", "file", 7, at(2019, 1, 5))),
    ("-rw-r--r--. 1 a b 7 5 Jan 2019 day first", Listed("day first", "file", 7, at(2019, 1, 5))),
    ("-rw-r--r--@ 1 a b 7 2026-02-28 23:59 iso", Listed("iso", "file", 7, at(2026, 2, 28, 23, 59))),
    ("-rw-r--r-- 1 a b 7 Feb 29 12:00 leap", Listed("leap", "file", 7, at(2024, 2, 29, 12, 0))),
    ("-rw-r--r-- 1 a b 7 Mar 05 04:00 clock ahead", Listed("clock ahead", "file", 7, at(2026, 3, 5, 4, 0))),
    ("-rw-r--r-- 1 a b 7 Mar 06 04:00 last year", Listed("last year", "file", 7, at(2025, 3, 6, 4, 0))),
    ("-rwsr-xr-t 1 a b 7 Jan 01  2020  leading", Listed(" leading", "file", 7, at(2020, 1, 1))),
    ("-rw-r--r-- 1 a b 7 Jan 01  2020 2 Jan 2020 x 3 Feb 2021 y",
     Listed("2 Jan 2020 x 3 Feb 2021 y", "file", 7, at(2020, 1, 1))),
    ("drwxr-xr-x 2 a b 4096 Mar 03 09:30 sub dir", Listed("sub dir", "folder", 4096, at(2026, 3, 3, 9, 30))),
    ("lrwxrwxrwx 1 a b 7 Mar 03 09:30 now.csv -> a -> b.csv", Listed("now.csv", "link")),
    ("crw-rw-rw- 1 root root 1, 3 Mar 03 09:30 null", Listed("null", "other", 3, at(2026, 3, 3, 9, 30))),
    ("prw-r--r-- 1 a b 0 Mar 03 09:30 pipe", Listed("pipe", "other", 0, at(2026, 3, 3, 9, 30))),
]  # fmt: skip


@pytest.mark.parametrize("parser", [None, "UNIX"])
@pytest.mark.parametrize(("line", "expected"), UNIX, ids=[one.name for _, one in UNIX])
def test_unix_line(line: str, expected: Listed, parser: str | None) -> None:
    assert parse_list(["total 8", line, ""], parser, NOW) == [expected]


def test_unix_trim_trims_names() -> None:
    line = "-rw-r--r-- 1 a b 7 Jan 01  2020  led and followed  "

    assert [one.name for one in parse_list([line], "UNIX-TRIM", NOW)] == ["led and followed"]
    assert [one.name for one in parse_list([line], "UNIX", NOW)] == [" led and followed  "]


WINDOWS = [
    ("03-03-26  09:30AM       1234 a b.csv", Listed("a b.csv", "file", 1234, at(2026, 3, 3, 9, 30))),
    ("12-31-99  12:00AM                  0 old.csv", Listed("old.csv", "file", 0, at(1999, 12, 31, 0, 0))),
    ("03-03-2026  12:05PM       1 noon.csv", Listed("noon.csv", "file", 1, at(2026, 3, 3, 12, 5))),
    ("03-03-2026  23:05       1,234,567 late.csv", Listed("late.csv", "file", 1_234_567, at(2026, 3, 3, 23, 5))),
    ("2026-03-03  11:05PM       1 iso.csv", Listed("iso.csv", "file", 1, at(2026, 3, 3, 23, 5))),
    ("03-03-26  09:30AM       <DIR>          sub dir", Listed("sub dir", "folder")),
    ("03-03-26  09:30AM       <JUNCTION>     there [C:\\x]", Listed("there [C:\\x]", "folder")),
    ("03-03-26  09:30AM       <SYMLINK>      now.csv [C:\\x\\a.csv]", Listed("now.csv", "link")),
]


@pytest.mark.parametrize("parser", [None, "WINDOWS"])
@pytest.mark.parametrize(("line", "expected"), WINDOWS, ids=[one.name for _, one in WINDOWS])
def test_windows_line(line: str, expected: Listed, parser: str | None) -> None:
    assert parse_list([line], parser, NOW) == [expected]


@pytest.mark.parametrize(
    ("line", "parser"),
    [
        ("03-03-26  09:30AM       1234 a.csv", "UNIX"),
        ("-rw-r--r-- 1 a b 12 Mar 03 09:30 a.csv", "WINDOWS"),
        ("-rw-r--r-- 1 a b 12 Mär 03 09:30 a.csv", None),
        ("-rw-r--r-- 1 a b 12 Mar 32 09:30 a.csv", None),
        ("13-03-26  09:30AM       1234 a.csv", None),
        ("PAYROLL.CSV;1  12/24  3-MAR-2026 09:30  [CELIGO]  (RWED,RWED,RE,)", None),
    ],
)
def test_line_of_another_form_is_refused_and_shown(line: str, parser: str | None) -> None:
    with pytest.raises(ListingError) as failed:
        parse_list([line], parser, NOW)

    assert line[:20] in str(failed.value)


@pytest.mark.parametrize("start", ["-rw-r--r-- 1 a b 12 Mar 03 09:30 ", "drwxr-xr-x 1 ", "total ", " " * 9])
def test_line_that_never_ends_is_refused_at_once(start: str) -> None:
    with pytest.raises(ListingError):
        parse_list([start + "7 Mar 03 09:30 " * 100_000 + "\x1f"], None, NOW)
    with pytest.raises(ListingError):
        parse_mlsd(["type=file; " + "x" * 1_000_000])


def test_line_that_cannot_be_read_is_told_of_and_the_others_are_returned() -> None:
    told: list[str] = []

    found = parse_mlsd(["type=file;size=1; a", "type=file;size=x; b", "type=file;size=2;unique=7g9; c"], told.append)
    assert found == [Listed("a", "file", 1), Listed("c", "file", 2, unique="7g9")]
    found = parse_list(["-rw-r--r-- 1 a b 7 Jan  5  2019 d", "?????????? ? ? ? ? ? e"], None, NOW, told.append)
    assert [one.name for one in found] == ["d"]
    assert [("size=x; b" in told[0]), ("????? ? ? ? ? ? e" in told[1])] == [True, True]
    assert len(told) == 2


def test_size_of_thousands_of_digits_is_no_size() -> None:
    for line in ("type=file;size=" + "9" * 5_000 + "; a", "x"):
        with pytest.raises(ListingError):
            parse_mlsd([line])
    with pytest.raises(ListingError):
        parse_list(
            ["-rw-r--r-- 1 a b " + "9" * 5_000 + " Jan  5  2019 a", "01-02-26  09:30AM  " + "9" * 5_000 + " a"],
            None,
            NOW,
        )


def test_own_and_parent_folder_are_no_entries() -> None:
    lines = ["drwxr-xr-x 2 a b 4096 Mar 03 09:30 .", "drwxr-xr-x 2 a b 4096 Mar 03 09:30 .."]

    assert parse_list(lines, None, NOW) == []


@given(
    name=st.text(st.characters(exclude_characters="\r\n\0/", exclude_categories=("Cs",)), min_size=1).filter(
        lambda name: name not in {".", ".."}
    ),
    size=st.integers(0, 2**63),
    moment=st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)),
)
def test_mlsd_gives_back_every_name_size_and_time(name: str, size: int, moment: datetime) -> None:
    line = f"type=file;size={size};modify={moment.year:04d}{moment:%m%d%H%M%S.%f}; {name}"

    assert parse_mlsd([line]) == [Listed(name, "file", size, moment.replace(tzinfo=timezone.utc))]


@given(text=st.text(max_size=30))
def test_a_time_is_read_or_refused(text: str) -> None:
    with suppress(ListingError):
        assert parse_time(text).tzinfo is timezone.utc
