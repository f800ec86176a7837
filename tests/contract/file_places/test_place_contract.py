"""What every place does alike: a folder of this machine, FTP and FTPS in their kinds, SFTP, S3."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from support.file_places import Buckets, Kind
from support.remote_files import names, read

from celigo_pandas.engine.adaptors.protocol import SourceFailure

ODD_NAMES = ["a b.csv", "  leading.csv", "ünïcödé 漢字 😀.csv", "100%25 %s %d.csv", "-rf", 'it\'s "q".csv', "a;b=c.csv"]


def test_file_is_written_listed_read_moved_and_deleted(kind: Kind) -> None:
    content = os.urandom(2_000_000)
    pieces = [content[:1], b"", content[1:300_000], content[300_000:]]

    with kind.files.place() as place:
        place.check(kind.folder("in"))
        place.write(kind.folder("in"), "a.bin", pieces)
        (entry,) = place.entries(kind.folder("in"))
        assert (entry.name, entry.size) == ("a.bin", len(content))
        assert entry.modified.tzinfo is not None
        assert abs(entry.modified - datetime.now(timezone.utc)) < timedelta(minutes=3)
        assert read(place, kind.folder("in"), "a.bin") == content
        place.move(kind.folder("in") + "/", "a.bin", kind.folder("out"))
        assert (kind.names("in"), kind.names("out")) == ([], ["a.bin"])
        assert kind.content("out", "a.bin") == content
        place.remove(kind.folder("out"), "a.bin")

    assert kind.names("out") == []


def test_names_of_any_kind_go_both_ways(kind: Kind) -> None:
    with kind.files.place() as place:
        for name in ODD_NAMES:
            place.write(kind.folder("in"), name, [name.encode()])
        assert names(place, kind.folder("in")) == sorted(ODD_NAMES) == kind.names("in")
        for name in ODD_NAMES:
            assert read(place, kind.folder("in"), name) == name.encode()
            place.move(kind.folder("in"), name, kind.folder("out"))
            place.remove(kind.folder("out"), name)

    assert kind.names("in") == kind.names("out") == []


def test_files_that_are_there_are_replaced_also_by_an_empty_one(kind: Kind) -> None:
    with kind.files.place() as place:
        place.write(kind.folder("in"), "a.csv", [b"old and longer"])
        place.write(kind.folder("in"), "a.csv", iter([]))
        assert read(place, kind.folder("in"), "a.csv") == b""
        place.write(kind.folder("out"), "a.csv", [b"other"])
        place.move(kind.folder("in"), "a.csv", kind.folder("out"))

    assert (kind.names("in"), kind.content("out", "a.csv")) == ([], b"")


def test_move_into_the_own_folder_is_an_error_however_it_is_spelled(kind: Kind) -> None:
    kind.put("in", "a.csv", b"abc")
    with kind.files.place() as place:
        for spelled in ("in", "in/"):
            with pytest.raises(SourceFailure, match="one folder") as caught:
                place.move(kind.folder("in"), "a.csv", kind.folder(spelled))
            assert caught.value.code == "file_error"
        assert names(place, kind.folder("in")) == ["a.csv"]

    assert kind.content("in", "a.csv") == b"abc"


def test_subfolders_and_unfinished_files_are_passed_over_and_links_are_followed(kind: Kind) -> None:
    if isinstance(kind, Buckets):
        kind.put("in", "sub/", b"")
        kind.put("in", "a.csv", b"abc")
        with kind.files.place() as place:
            there = [name for name in kind.names("in") if not name.endswith("/")]
            assert names(place, kind.folder("in")) == there
        return
    (kind.root / "in" / "sub").mkdir()
    target = kind.put("in", "a.csv", b"abc")
    kind.put("in", ".celigo-0123456789abcdef.part", b"unfinished")
    (kind.root / "in" / "link.csv").symlink_to(target)
    (kind.root / "in" / "sublink").symlink_to(kind.root / "out")
    (kind.root / "in" / "dangling").symlink_to(kind.root / "nowhere")
    told: list[str] = []

    with kind.files.place() as place:
        found = place.entries(kind.folder("in"), told.append)

    assert [(entry.name, entry.size) for entry in found] == [("a.csv", 3), ("link.csv", 3)]
    assert told == []


@pytest.mark.parametrize("in_progress", ["a.csv.tmp", None])
def test_content_that_breaks_off_leaves_neither_file_and_the_old_one_as_it_was(
    kind: Kind, in_progress: str | None
) -> None:
    kind.put("in", "a.csv", b"old")

    def content() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise KeyError("the record is gone")

    with kind.files.place() as place:
        with pytest.raises(KeyError, match="the record is gone"):
            place.write(kind.folder("in"), "a.csv", content(), in_progress)
        assert names(place, kind.folder("in")) == ["a.csv"]

    assert kind.content("in", "a.csv") == b"old"
    assert kind.names("in") == ["a.csv"]


def test_file_is_begun_under_its_in_progress_name(kind: Kind) -> None:
    seen: list[list[str]] = []

    def content() -> Iterator[bytes]:
        yield b"x" * 100_000
        seen.append(kind.names("in"))
        yield b"y"

    with kind.files.place() as place:
        place.write(kind.folder("in"), "a.csv", content(), "a.csv.tmp")

    # An object of S3 is there when it is whole.
    assert (seen, kind.names("in")) == ([[] if kind.names_are_keys else ["a.csv.tmp"]], ["a.csv"])


def test_another_file_is_used_while_one_is_open_and_one_may_be_closed_early(kind: Kind) -> None:
    for name in ("a", "b"):
        kind.put("in", name, name.encode() * 500_000)

    with kind.files.place() as place:
        with place.open(kind.folder("in"), "a") as first:
            assert first.read(3) == b"aaa"
            assert read(place, kind.folder("in"), "b") == b"b" * 500_000
            place.write(kind.folder("out"), "copy", iter(lambda: first.read(65536), b""))
        with place.open(kind.folder("in"), "a") as file:
            assert file.read(10) == b"a" * 10
        assert names(place, kind.folder("in")) == ["a", "b"]

    assert kind.content("out", "copy") == b"a" * 499_997


MISSING: dict[str, tuple[Callable[[Any, Kind], object], str]] = {
    "check": (lambda place, at: place.check(at.folder("nowhere")), "folder_not_found"),
    "entries": (lambda place, at: place.entries(at.folder("nowhere")), "folder_not_found"),
    "write": (lambda place, at: place.write(at.folder("nowhere"), "a", [b"x"]), "folder_not_found"),
    "move to": (lambda place, at: place.move(at.folder("in"), "a.csv", at.folder("nowhere")), "folder_not_found"),
    "read": (lambda place, at: read(place, at.folder("in"), "missing.csv"), "file_not_found"),
    "remove": (lambda place, at: place.remove(at.folder("in"), "missing.csv"), "file_not_found"),
    "move": (lambda place, at: place.move(at.folder("in"), "missing.csv", at.folder("out")), "file_not_found"),
}


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_said_and_the_place_stays_usable(kind: Kind, what: str) -> None:
    act, code = MISSING[what]
    kind.put("in", "a.csv", b"abc")

    with kind.files.place() as place:
        if what == "remove" and kind.names_are_keys:
            act(place, kind)  # the gap is declared: S3 does not say whether there was anything
            return
        if isinstance(kind, Buckets) and not kind.tells_missing_bucket and what in {"write", "move to"}:
            return
        with pytest.raises(SourceFailure) as failed:
            act(place, kind)
        assert (failed.value.code, failed.value.offline) == (code, False)
        assert names(place, kind.folder("in")) == ["a.csv"]


@pytest.mark.parametrize("evil", ["../out/a", "a/b", "..", "", "a\0b"])
def test_name_that_is_a_path_is_refused_and_nothing_is_touched(kind: Kind, evil: str) -> None:
    kind.put("in", "a.csv", b"abc")
    if kind.names_are_keys and evil not in {"", "a\0b"}:
        return

    with kind.files.place() as place:
        for act in (
            lambda: place.write(kind.folder("in"), evil, [b"x"]),
            lambda: read(place, kind.folder("in"), evil),
            lambda: place.remove(kind.folder("in"), evil),
            lambda: place.move(kind.folder("in"), evil, kind.folder("out")),
        ):
            with pytest.raises(SourceFailure):
                act()

    assert (kind.names("in"), kind.names("out")) == (["a.csv"], [])


def test_entry_is_the_same_until_its_file_is_replaced(kind: Kind) -> None:
    kind.put_unseen("in", "a.csv", b"abc")
    with kind.files.place() as place:
        (first,), (again,) = place.entries(kind.folder("in")), place.entries(kind.folder("in"))
        read(place, kind.folder("in"), "a.csv")
        (after_reading,) = place.entries(kind.folder("in"))
        kind.put_unseen("in", "a.csv", b"xyz")
        (replaced,) = place.entries(kind.folder("in"))

    assert first == again == after_reading
    assert replaced.size == first.size
    assert replaced.modified == first.modified or kind.names_are_keys
    # The gap is declared, and checked: who closes it is told.
    assert (replaced != first) == kind.tells_files_apart
