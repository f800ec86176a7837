"""Who may use a journal, and when."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from celigo_pandas.errors import ConfigError, JournalError
from celigo_pandas.journal import delete_journal, list_journals
from celigo_pandas.journal.files import FrameFile, read_frames
from celigo_pandas.journal.pulls import MAX_AGE_S, PullJournal

DOC = {"rdbms": {"query": "q"}}
PAGE = b'{"data":[{"n":1}],"pagedExportState":{"p":1}}'


def _begin(folder: Path, at: float = 1000.0, pages: int = 1) -> None:
    with PullJournal(folder, clock=lambda: at).opened("c1", DOC) as journal:
        for _ in range(pages):
            journal.append(PAGE, 500)


def test_pages_come_back_as_they_were_received(tmp_path: Path) -> None:
    _begin(tmp_path, pages=3)

    with PullJournal(tmp_path, clock=lambda: 1001.0).opened("c1", DOC) as journal:
        assert list(journal.stored_pages()) == [PAGE] * 3
        assert journal.page_size == 500


def test_folder_is_private(tmp_path: Path) -> None:
    _begin(tmp_path / "deep" / "j")

    assert stat.S_IMODE(os.stat(tmp_path / "deep" / "j").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(tmp_path / "deep" / "j" / "pages.journal").st_mode) == 0o600


@pytest.mark.parametrize("name", ["report.ipynb", "push.journal"])
def test_folder_of_other_things_is_left_as_it_is(name: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / name).write_text("x")

    with pytest.raises(JournalError, match="holds other things and no pull journal"):
        _begin(tmp_path)

    assert stat.S_IMODE(os.stat(tmp_path).st_mode) == 0o755
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("x")

    with pytest.raises(JournalError, match="is a file; expected a folder"):
        _begin(tmp_path / "j")


def test_one_call_at_a_time(tmp_path: Path) -> None:
    with PullJournal(tmp_path).opened("c1", DOC):
        with pytest.raises(JournalError, match="in use"), PullJournal(tmp_path).opened("c1", DOC):
            pass
        (tmp_path / "pages.journal").touch()
        with pytest.raises(JournalError, match="in use"):
            delete_journal(tmp_path)


@pytest.mark.parametrize("resume", ["auto", True, False])
@pytest.mark.parametrize(("connection", "doc"), [("c2", DOC), ("c1", {"rdbms": {"query": "other"}})])
def test_journal_of_another_export_is_refused(tmp_path: Path, connection: str, doc: dict, resume: object) -> None:
    _begin(tmp_path)
    before = (tmp_path / "pages.journal").read_bytes()

    with pytest.raises(JournalError, match="another"), PullJournal(tmp_path).opened(connection, doc, resume):
        pass

    assert (tmp_path / "pages.journal").read_bytes() == before


def test_page_size_and_member_order_are_no_other_export(tmp_path: Path) -> None:
    with PullJournal(tmp_path, clock=lambda: 1.0).opened("c1", {"a": 1, "b": 2, "pageSize": 5}) as journal:
        journal.append(PAGE, None)

    with PullJournal(tmp_path, clock=lambda: 2.0).opened("c1", {"b": 2, "a": 1}) as journal:
        assert len(list(journal.stored_pages())) == 1


def test_journal_older_than_a_day_needs_a_word(tmp_path: Path) -> None:
    _begin(tmp_path)

    def later(resume: object) -> int:
        with PullJournal(tmp_path, clock=lambda: 1001 + MAX_AGE_S).opened("c1", DOC, resume) as journal:
            return len(list(journal.stored_pages()))

    with pytest.raises(JournalError, match="resume=True goes on"):
        later("auto")
    assert later(True) == 1
    assert later(False) == 0


def test_resume_takes_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="resume"), PullJournal(tmp_path).opened("c1", DOC, "yes"):
        pass


def test_damaged_journal_is_an_error_and_can_be_started_over(tmp_path: Path) -> None:
    _begin(tmp_path)
    path = tmp_path / "pages.journal"
    path.write_bytes(b"x" * 40 + path.read_bytes())

    with pytest.raises(JournalError, match="damaged"), PullJournal(tmp_path).opened("c1", DOC):
        pass
    with PullJournal(tmp_path).opened("c1", DOC, False) as journal:
        assert list(journal.stored_pages()) == []


def test_other_format_is_refused(tmp_path: Path) -> None:
    file = FrameFile(tmp_path / "pages.journal")
    file.append(b"H", b'{"format": 2, "started_at": 1}')
    file.close()

    with pytest.raises(JournalError, match="format 2"), PullJournal(tmp_path).opened("c1", DOC):
        pass


def test_frames_end_where_a_write_was_cut_off(tmp_path: Path) -> None:
    file = FrameFile(tmp_path / "f")
    file.append(b"a", b"one")
    file.append(b"b", b"")
    file.close()
    whole = (tmp_path / "f").read_bytes()

    for size in range(len(whole) + 1):
        (tmp_path / "f").write_bytes(whole[:size])
        frames = [(frame.kind, frame.payload) for frame in read_frames(tmp_path / "f")]
        assert frames == [(b"a", b"one"), (b"b", b"")][: len(frames)]


def test_listing_and_deleting(tmp_path: Path) -> None:
    _begin(tmp_path / "a", pages=2)
    with PullJournal(tmp_path / "b").opened("c1", DOC) as journal:
        journal.append(PAGE, None)
        journal.finish()
    (tmp_path / "b" / "notes.txt").write_text("mine")

    found = list_journals(tmp_path)
    delete_journal(tmp_path / "a")
    delete_journal(tmp_path / "b")

    assert [(entry["kind"], entry["state"], entry["pages"]) for entry in found] == [
        ("pull", "unfinished", 2),
        ("pull", "finished", 1),
    ]
    assert not (tmp_path / "a").exists()
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["notes.txt"]
    with pytest.raises(JournalError, match="no journal"):
        delete_journal(tmp_path / "b")


def test_disk_that_is_full_is_a_journal_error(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    file = FrameFile(tmp_path / "f")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, file._file.fileno())
    os.close(full)

    with pytest.raises(JournalError, match="cannot be written: No space left"):
        file.append(b"P", b"x")

    file.close()
