"""A folder of this machine: what may be reached, whole files or none, names that are one segment."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from celigo_pandas.engine.adaptors.files.file_names import FileNameError, check_folder, check_name, check_new_name
from celigo_pandas.engine.adaptors.files.folder import Folder
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.safety.reach import Reach


@pytest.fixture
def place() -> Folder:
    return Folder(Reach())


def failure(work: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(SourceFailure) as caught:
        work(*arguments)
    assert not caught.value.offline
    return caught.value.code


def content(place: Folder, folder: Path, name: str) -> bytes:
    with place.open(str(folder), name) as stream:
        return stream.read()


def test_entries_are_the_regular_files_sorted_by_name(place: Folder, tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "Z.csv", ".celigo-0123456789abcdef.part", ".celigo-x.part"):
        (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    os.utime(tmp_path / "a.csv", (0, 1_700_000_000))

    entries = place.entries(str(tmp_path))

    assert [entry.name for entry in entries] == [".celigo-x.part", "Z.csv", "a.csv", "b.csv", "link.csv"]
    assert {entry.size for entry in entries} == {5}
    assert entries[2].modified == datetime.fromtimestamp(1_700_000_000, timezone.utc)


def test_write_replaces_a_file_whole(place: Folder, tmp_path: Path) -> None:
    place.write(str(tmp_path), "a.csv", [b"one", b"two"])
    assert content(place, tmp_path, "a.csv") == b"onetwo"

    place.write(str(tmp_path), "a.csv", [b"three"], "a.tmp")

    assert content(place, tmp_path, "a.csv") == b"three"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_write_that_breaks_off_leaves_what_was_there(place: Folder, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")

    def breaking() -> Iterator[bytes]:
        yield b"half"
        assert len(os.listdir(tmp_path)) == 2
        raise OSError(errno.ENOSPC, "No space left on device")

    for in_progress in (None, "a.tmp"):
        assert failure(place.write, str(tmp_path), "a.csv", breaking(), in_progress) == "file_error"
        assert os.listdir(tmp_path) == ["a.csv"]
        assert content(place, tmp_path, "a.csv") == b"old"


def test_write_that_the_system_does_not_allow_is_told_apart(place: Folder, tmp_path: Path) -> None:
    def refused() -> Iterator[bytes]:
        yield b"half"
        raise PermissionError(errno.EACCES, "Permission denied")

    assert failure(place.write, str(tmp_path), "a.csv", refused()) == "permission_denied"
    assert os.listdir(tmp_path) == []


def test_write_under_a_name_in_progress_goes_through_no_link(place: Folder, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.tmp").symlink_to(other)
    (folder / "a.csv").symlink_to(other)

    place.write(str(folder), "a.csv", [b"new"], "a.tmp")

    assert other.read_bytes() == b"precious"
    assert (folder / "a.csv").read_bytes() == b"new"
    assert not (folder / "a.csv").is_symlink()


def test_move_goes_under_the_same_name_and_replaces(place: Folder, tmp_path: Path) -> None:
    for folder in ("in", "done"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.csv").write_bytes(folder.encode())

    place.move(str(tmp_path / "in"), "a.csv", str(tmp_path / "done"))

    assert (tmp_path / "done" / "a.csv").read_bytes() == b"in"
    assert os.listdir(tmp_path / "in") == []


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_move_to_another_file_system_copies_then_deletes(place: Folder, tmp_path: Path) -> None:
    import tempfile

    (tmp_path / "a.csv").write_bytes(b"x" * 3_000_000)
    os.utime(tmp_path / "a.csv", (0, 1_700_000_000))
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        place.move(str(tmp_path), "a.csv", other)

        assert (Path(other) / "a.csv").read_bytes() == b"x" * 3_000_000
        assert (Path(other) / "a.csv").stat().st_mtime == 1_700_000_000
    assert os.listdir(tmp_path) == []


def test_failures_have_their_codes(place: Folder, tmp_path: Path) -> None:
    folder, nowhere = str(tmp_path), str(tmp_path / "none")
    (tmp_path / "sub").mkdir()
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")

    assert failure(place.check, nowhere) == "folder_not_found"
    assert failure(place.check, str(tmp_path / "file")) == "folder_not_found"
    assert failure(place.entries, nowhere) == "folder_not_found"
    assert failure(content, place, tmp_path, "none") == "file_not_found"
    assert failure(content, place, tmp_path / "none", "none") == "folder_not_found"
    assert failure(content, place, tmp_path, "pipe") == "file_error"
    assert failure(content, place, tmp_path, "sub") == "file_error"
    assert failure(place.remove, folder, "none") == "file_not_found"
    assert failure(place.remove, folder, "sub") in {"file_error", "permission_denied"}
    assert failure(place.write, folder, "sub", [b"x"]) == "file_error"
    assert failure(place.write, nowhere, "a", [b"x"]) == "folder_not_found"
    assert failure(place.move, folder, "file", nowhere) == "folder_not_found"
    assert failure(place.move, folder, "file", folder) == "file_error"
    assert failure(place.move, folder, "none", str(tmp_path / "sub")) == "file_not_found"
    assert failure(place.check, "relative/folder") == "invalid_field"
    assert failure(place.check, " ") == "invalid_field"
    assert failure(place.check, "/x\0y") == "invalid_field"
    assert sorted(os.listdir(tmp_path)) == ["file", "pipe", "sub"]


@pytest.mark.parametrize("name", ["../secret", "sub/../../secret", "..", ".", "", "a\0b", "/etc/passwd"])
def test_names_that_are_paths_reach_nothing(place: Folder, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    folder = tmp_path / "in"
    folder.mkdir()

    assert failure(content, place, folder, name) == "invalid_name"
    assert failure(place.write, str(folder), name, [b"x"]) == "invalid_name"
    assert failure(place.write, str(folder), "a", [b"x"], name or "..") == "invalid_name"
    assert failure(place.remove, str(folder), name) == "invalid_name"
    assert failure(place.move, str(folder), name, str(tmp_path)) == "invalid_name"
    assert (tmp_path / "secret").read_bytes() == b"s"
    assert os.listdir(folder) == []


def test_reach_is_asked_for_every_folder_file_and_link(tmp_path: Path) -> None:
    allowed, outside = tmp_path / "allowed", tmp_path / "outside"
    for folder in (allowed, outside):
        folder.mkdir()
        (folder / "a.csv").write_bytes(b"x")
    (allowed / "up").symlink_to(outside)
    (allowed / "link.csv").symlink_to(outside / "a.csv")
    place = Folder(Reach(folders=(allowed,)))

    assert content(place, allowed, "a.csv") == b"x"
    for folder in (str(outside), str(allowed / "up"), f"{allowed}/../outside", "/"):
        assert failure(place.check, folder) == "out_of_reach"
        assert failure(place.entries, folder) == "out_of_reach"
        assert failure(place.write, folder, "b.csv", [b"x"]) == "out_of_reach"
        assert failure(place.remove, folder, "a.csv") == "out_of_reach"
        assert failure(place.move, str(allowed), "a.csv", folder) == "out_of_reach"
    assert failure(content, place, allowed, "link.csv") == "out_of_reach"
    assert os.listdir(outside) == ["a.csv"]


def test_the_engines_own_store_is_never_reached(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "engine.db").write_bytes(b"x")
    place = Folder(Reach(forbidden=(store,)))

    assert failure(place.entries, str(store)) == "out_of_reach"
    assert failure(place.write, str(store), "x", [b"x"]) == "out_of_reach"
    (tmp_path / "innocent.db").symlink_to(store / "engine.db")
    assert failure(content, place, tmp_path, "innocent.db") == "out_of_reach"


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (check_name, ["", ".", "..", "a/b", "a\0"]),
        (check_new_name, ["", ".", "..", "a/b", "a\\b", "a\nb", "a\rb", "\x7f"]),
        (check_folder, ["", "  ", "/a\nb", "/a\0"]),
    ],
)
def test_names_and_folders_that_are_none(check: Callable[[str], str], bad: list[str]) -> None:
    for text in bad:
        with pytest.raises(FileNameError):
            check(text)
    assert check("in") == "in"


def test_names_that_are_fine() -> None:
    assert check_name("a\\b") == "a\\b"
    assert check_new_name("Bestellungen für März (2).csv") == "Bestellungen für März (2).csv"


def test_name_that_is_no_utf8_is_told_of_and_closes_no_folder(place: Folder, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"abc")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")).write_bytes(b"abc")
    told: list[str] = []

    assert [entry.name for entry in place.entries(str(tmp_path), told.append)] == ["a.csv"]
    assert len(told) == 1
    assert "caf\\udce9.csv" in told[0]
