"""Journals where the file system cannot do all that a disk of this machine can, and in forked processes."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.forks import Child, forked

from celigo_pandas.errors import JournalError
from celigo_pandas.journal.files import JournalFolder
from celigo_pandas.journal.pulls import PullJournal
from celigo_pandas.journal.pushes import PushIdentity, PushJournal

DOC = {"rdbms": {"query": "q"}}
PAGE = b'{"data":[{"n":1}],"pagedExportState":{"p":1}}'


def pull(folder: Path) -> None:
    with PullJournal(folder).opened("c1", DOC) as journal:
        journal.append(PAGE, 500)


def push(folder: Path) -> None:
    with PushJournal(folder, PushIdentity("f", "d", "c1", 10, 1)) as journal:
        journal.sending(1, [0])


def _failing(number: int) -> Callable[..., Any]:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("work", [pull, push])
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EIO])
def test_share_without_locks_is_not_in_use(
    work: Callable[[Path], None], number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", _failing(number))

    with pytest.raises(JournalError, match="cannot be locked") as caught:
        work(tmp_path / "j")

    assert os.strerror(number) in str(caught.value)
    assert "in use" not in str(caught.value)
    assert "disk of this machine" in str(caught.value)


@pytest.mark.parametrize("number", [errno.EWOULDBLOCK, errno.EACCES])
def test_lock_that_somebody_has_is_in_use(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", _failing(number))

    with pytest.raises(JournalError, match="in use by another process"):
        pull(tmp_path / "j")


def _folder_fsync(number: int) -> Callable[[int], None]:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        real(descriptor)

    return fsync


@pytest.mark.parametrize("work", [pull, push])
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_share_that_cannot_sync_a_folder_takes_a_journal(
    work: Callable[[Path], None], number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _folder_fsync(number))

    work(tmp_path / "j")

    assert {path.name for path in (tmp_path / "j").iterdir()} & {"pages.journal", "push.journal"}


@pytest.mark.parametrize("work", [pull, push])
def test_folder_that_the_disk_fails_to_sync_is_a_journal_error(
    work: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _folder_fsync(errno.EIO))

    with pytest.raises(JournalError, match="cannot be used: Input/output error"):
        work(tmp_path / "j")


@pytest.mark.parametrize("call", ["open", "replace", "mkdir"])
def test_what_a_file_system_refuses_names_the_journal(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, call, _failing(errno.EROFS))

    with pytest.raises(JournalError, match="Read-only file system"):
        pull(tmp_path / "j")


def test_child_that_is_forked_meanwhile_does_not_keep_the_lock(tmp_path: Path) -> None:
    """A lock belongs to an open file, which a child shares: it was let go only when the child had ended, too."""
    with JournalFolder(tmp_path / "j"):
        child = Child(lambda: None, wait=True)
        child.result()
    try:
        with JournalFolder(tmp_path / "j"):
            pass
    finally:
        child.end()


def test_child_that_leaves_the_block_of_its_parent_does_not_let_the_lock_go(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path / "j")
    with folder:
        forked(lambda: folder.__exit__(None, None, None))

        with pytest.raises(JournalError, match="in use"), JournalFolder(tmp_path / "j"):
            pass
