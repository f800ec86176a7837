"""Files that survive a crash: a private folder, one process at a time, and frames that are whole or not there.

A frame is ``length, kind, check of the head | payload | check of the payload``. A file that ends inside a frame was cut
off while it was written: that frame never happened. Anything else that does not fit is damage, and damage is a
:class:`~celigo_pandas.errors.JournalError`, never a guess.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from celigo_pandas.errors import JournalError, shown
from celigo_pandas.folders import user_path

__all__ = ["Frame", "FrameFile", "JournalFolder", "check_folder", "read_frames", "sync_folder", "told_as_journal_error"]

_HEAD = struct.Struct("<I1sI")
_CHECK = struct.Struct("<I")

_HELD_ELSEWHERE = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
_NO_SUCH_CALL = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG})
_ELSEWHERE = "Name a folder on a disk of this machine."


@contextmanager
def told_as_journal_error(path: Path) -> Iterator[None]:
    """Raise what the file system refuses as a :class:`JournalError` that names the path."""
    try:
        yield
    except OSError as error:
        raise JournalError(f"The journal {shown(path)} cannot be used: {error.strerror or error}.") from error


@dataclass(frozen=True)
class Frame:
    """One entry of a journal file: a kind of one byte, a payload, and the offset behind it."""

    kind: bytes
    payload: bytes
    end: int


def check_folder(path: Path, own: Collection[str], kind: str) -> None:
    """Refuse a folder that is somebody else's: its mode would be changed, and its files mixed with ours.

    Parameters
    ----------
    path : Path
    own : collection of str
        Names of which one shows that the folder is a journal of this kind.
    kind : str
        ``"pull"`` or ``"push"``, for the message.

    Raises
    ------
    JournalError
        The path is a file, or a folder that holds other things and no such journal.
    """
    if path.exists() and not path.is_dir():
        raise JournalError(f"The journal {shown(path)} is a file; expected a folder.")
    if path.is_dir():
        with told_as_journal_error(path):
            names = {entry.name for entry in path.iterdir()} - {"lock"}
        if names and names.isdisjoint(own):
            raise JournalError(
                f"The folder {shown(path)} holds other things and no {kind} journal.", hint="Name a new folder."
            )


class JournalFolder:
    """A folder that one process uses at a time; a context manager.

    Parameters
    ----------
    path : str or Path
        Created with mode 0700, parents too.

    Raises
    ------
    JournalError
        On entering: another process has it, its file system has no locks, or the path is no folder.

    Notes
    -----
    A process that is forked meanwhile holds the lock too: it never lets it go, nor keeps its parent from doing so.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = user_path(path)
        self._lock: Any = None
        self._owner = os.getpid()

    def __enter__(self) -> JournalFolder:
        with told_as_journal_error(self.path):
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.chmod(self.path, 0o700)
            handle = open(self.path / "lock", "a+b")
        try:
            lock_file(handle)
        except OSError as error:
            handle.close()
            raise self._unlockable(error) from None
        self._lock, self._owner = handle, os.getpid()
        return self

    def _unlockable(self, error: OSError) -> JournalError:
        if error.errno in _HELD_ELSEWHERE:
            return JournalError(
                f"The journal {shown(self.path)} is in use by another process or another call.",
                hint="Wait for it to end, or give this call a folder of its own.",
            )
        return JournalError(
            f"The journal {shown(self.path)} cannot be locked: {error.strerror}. Without a lock two processes "
            "could write to it.",
            hint=_ELSEWHERE,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            if self._owner == os.getpid():
                unlock_file(self._lock)
            self._lock.close()
            self._lock = None


def lock_file(handle: Any) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def unlock_file(handle: Any) -> None:
    """Let go in every process that has the file open; where closing it does the same, nothing is to do."""
    if os.name != "nt":
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_UN)


class FrameFile:
    """Appends frames; each is on disk before :meth:`append` returns.

    Parameters
    ----------
    path : Path
    at : int
        Write from this offset and drop what is behind it (a frame that was cut off).
    """

    def __init__(self, path: Path, at: int = 0) -> None:
        self.path = path
        with told_as_journal_error(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            self._file = os.fdopen(descriptor, "r+b", buffering=0)
            self._file.truncate(at)
            self._file.seek(at)
        self._broken_by: OSError | None = None

    def append(self, kind: bytes, payload: bytes, on_step: Callable[[str], None] = lambda step: None) -> None:
        """Write one frame and wait until the disk has it; `on_step` hears ``"written"`` and ``"synced"``.

        A frame that cannot be written whole is taken back, so that another one may follow.
        """
        if self._broken_by is not None:
            raise self._unwritable(self._broken_by)
        start = self._file.tell()
        head = _HEAD.pack(len(payload), kind, 0)[:5]
        frame = head + _CHECK.pack(zlib.crc32(head)) + payload + _CHECK.pack(zlib.crc32(payload))
        view = memoryview(frame)
        try:
            while view:
                view = view[self._file.write(view) :]
        except BaseException as error:  # a full disk; or Ctrl-C, after which a whole frame is as good as any
            if view:
                self._take_back(start, error)
            if not isinstance(error, OSError):
                raise
            raise self._unwritable(error) from error
        on_step("written")
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            self._take_back(start, error)
            raise self._unwritable(error) from error
        on_step("synced")

    def _take_back(self, start: int, reason: BaseException) -> None:
        """Cut the file where a frame began; where that fails too, nothing may follow half a frame.

        Whoever wants to write then hears of what came first: of the disk that is full, not of the cut that failed.
        """
        try:
            self._file.truncate(start)
            self._file.seek(start)
        except OSError as error:
            self._broken_by = reason if isinstance(reason, OSError) else error

    def _unwritable(self, error: OSError) -> JournalError:
        return JournalError(
            f"The journal {shown(self.path)} cannot be written: {error.strerror}.",
            hint="Free some space; the same call with the same journal goes on from here."
            if error.errno in _FULL
            else _ELSEWHERE,
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_frames(path: Path) -> Iterator[Frame]:
    """Yield the whole frames of a file; a last one that was cut off is left out.

    Raises
    ------
    JournalError
        A check does not fit. Frames yielded before are good.
    """
    with told_as_journal_error(path), open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        position = 0
        while position < size:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            length, kind, check = _HEAD.unpack(head)
            if zlib.crc32(head[:5]) != check:
                raise _damaged(path, position)
            if position + _HEAD.size + length + _CHECK.size > size:
                return
            payload = file.read(length)
            if _CHECK.unpack(file.read(_CHECK.size))[0] != zlib.crc32(payload):
                raise _damaged(path, position)
            position += _HEAD.size + length + _CHECK.size
            yield Frame(kind, payload, position)


def _damaged(path: Path, position: int) -> JournalError:
    return JournalError(
        f"The journal {shown(path)} is damaged at byte {position:,}.",
        hint="Nothing of it is used. resume=False starts over.",
    )


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder (files created or renamed there)."""
    if os.name == "nt":
        return
    with told_as_journal_error(path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if (
                error.errno not in _NO_SUCH_CALL
            ):  # many shares cannot sync a folder: there a name is safe at once or never
                raise
        finally:
            os.close(descriptor)
