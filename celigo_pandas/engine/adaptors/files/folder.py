"""A folder of this machine as a place for files; every path goes through the reach policy.

Facts: integrator-api.md, sections 3.3, 4.4 and 6.4. On the platform an agent on the user's machine does this work; here
the engine does.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

from celigo_pandas.engine.adaptors.files.file_names import FileNameError, check_folder, check_name, is_text
from celigo_pandas.engine.adaptors.files.places import FileEntry, ignore
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.safety.reach import Reach, ReachError

__all__ = ["Folder", "open_folder"]

_OWN = re.compile(r"\.celigo-[0-9a-f]{16}\.part")
"""Names of files that are being written here: what a killed engine leaves behind is never read as data."""

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def open_folder(call: Call) -> Folder:
    """Open the files of this machine for one call."""
    return Folder(call.reach)


class Folder:
    """Files of this machine, as the engine's user sees them.

    Parameters
    ----------
    reach : Reach
        Asked for every folder and every file; symbolic links are resolved before it is asked.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def check(self, folder: str) -> None:
        """Make sure that the folder is there and can be listed."""
        place = self._folder(folder)
        with _translated(folder), os.scandir(place):
            pass

    def entries(
        self, folder: str, unread: Callable[[str], None] = ignore, *, begins: str = "", ends: str = ""
    ) -> list[FileEntry]:
        """Return the regular files of a folder, sorted by name; subfolders are passed over."""
        found = []
        with _translated(folder), os.scandir(self._folder(folder)) as listing:
            for entry in listing:
                if _OWN.fullmatch(entry.name) or not entry.is_file():
                    continue
                if not is_text(entry.name):
                    unread(f"The name {entry.name!a} in {folder!r} is no UTF-8.")
                    continue
                known = entry.stat()
                modified = datetime.fromtimestamp(known.st_mtime, timezone.utc)
                identity = f"{known.st_dev}:{known.st_ino}:{known.st_mtime_ns}:{known.st_ctime_ns}"
                found.append(FileEntry(entry.name, known.st_size, modified, identity))
        return sorted(found, key=lambda entry: entry.name)

    @contextmanager
    def open(self, folder: str, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading; where a link leads is asked about too."""
        with _translated(folder, name):
            path = self._within_reach(self._folder(folder) / _segment(name))
            descriptor = os.open(path, _READ)
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise SourceFailure(f"{str(path)!r} is no regular file.", code="file_error")
                stream = os.fdopen(descriptor, "rb")
            except BaseException:
                os.close(descriptor)
                raise
        with stream:
            yield stream

    def write(self, folder: str, name: str, content: Iterable[bytes], in_progress: str | None = None) -> None:
        """Write a file whole or not at all: a second name in the same folder, flushed to the disk, then renamed."""
        place = self._folder(folder)
        target = place / _segment(name)
        partial = place / (_segment(in_progress) if in_progress else f".celigo-{secrets.token_hex(8)}.part")
        with _translated(folder, name):
            if target.is_dir() and not target.is_symlink():
                raise SourceFailure(f"{str(target)!r} is a folder.", code="file_error")
            if in_progress and (partial.is_symlink() or partial.is_file()):
                partial.unlink()  # what an upload that broke off left, or a link to somewhere else
            descriptor = os.open(partial, _MAKE, 0o666)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    for piece in content:
                        stream.write(piece)
                    stream.flush()
                    os.fsync(stream.fileno())
                os.replace(partial, target)
            except BaseException:
                with suppress(OSError):
                    partial.unlink()
                raise
            _flush_folder(place)

    def remove(self, folder: str, name: str) -> None:
        """Delete a file; of a link, the link."""
        place = self._folder(folder)
        with _translated(folder, name):
            (place / _segment(name)).unlink()

    def move(self, folder: str, name: str, to_folder: str) -> None:
        """Move a file into another folder, under its name; one that is there already is replaced."""
        source = self._folder(folder) / _segment(name)
        target = self._folder(to_folder)
        with _translated(to_folder):
            if not target.is_dir():
                raise SourceFailure(f"There is no folder {to_folder!r}.", code="folder_not_found")
        if target == source.parent:
            text = f"{folder!r} and {to_folder!r} are one folder; a file cannot be moved there."
            raise SourceFailure(text, code="file_error")
        with _translated(folder, name):
            try:
                os.replace(source, target / source.name)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                with self.open(folder, name) as stream:
                    self.write(to_folder, name, iter(lambda: stream.read(1 << 20), b""))
                shutil.copystat(source, target / source.name)
                source.unlink()

    def close(self) -> None:
        """Nothing is held between calls."""

    def _folder(self, folder: str) -> Path:
        try:
            check_folder(folder)
        except FileNameError as error:
            raise SourceFailure(str(error), code="invalid_field") from None
        if not Path(folder).expanduser().is_absolute():
            text = f"The folder {folder!r} is relative, and an engine has no folder of its own; give the whole path."
            raise SourceFailure(text, code="invalid_field")
        return self._within_reach(Path(folder))

    def _within_reach(self, path: Path) -> Path:
        try:
            return self._reach.check_path(path)
        except ReachError as error:
            raise SourceFailure(str(error), code="out_of_reach") from None


def _segment(name: str) -> str:
    try:
        return check_name(name)
    except FileNameError as error:
        raise SourceFailure(str(error), code="invalid_name") from None


def _flush_folder(place: Path) -> None:
    """Make the new name itself survive a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _translated(folder: str, name: str | None = None) -> Iterator[None]:
    what = f"the folder {folder!r}" if name is None else f"{name!r} in {folder!r}"
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        if name is None or not os.path.isdir(Path(folder).expanduser()):
            raise SourceFailure(f"There is no folder {folder!r}.", code="folder_not_found") from None
        raise SourceFailure(f"There is no file {name!r} in {folder!r}.", code="file_not_found") from None
    except PermissionError as error:
        text = f"The engine's user may not do this with {what}: {error.strerror}."
        raise SourceFailure(text, code="permission_denied") from None
    except OSError as error:
        text = f"{what[:1].upper()}{what[1:]}: {error.strerror or type(error).__name__}."
        raise SourceFailure(text, code="file_error") from None
