"""Where files lie: one protocol for a folder of this machine, an FTP server, an SFTP server and S3.

A place is opened for one call, used by one thread and closed after it. Folders and names are the texts of the
documents; a name is one segment, never a path. In S3 a folder is a bucket, and a name is a whole key. Facts:
integrator-api.md, sections 4.4 and 6.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

__all__ = ["NOT_KNOWN", "FileEntry", "Place", "ignore"]

NOT_KNOWN = "not_known"
"""The code of a failure after which a file may be written or not: nobody sends it again by himself."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One regular file of a folder: its size in bytes, and when it was last changed (aware, UTC).

    ``identity`` is what the place tells one file of a name from another by, whatever their sizes and times; empty where
    it knows nothing like that.
    """

    name: str
    size: int
    modified: datetime
    identity: str = ""


def ignore(_: str) -> None:
    """Take no notice of what a listing has that cannot be read."""


class Place(Protocol):
    """Files of one connection.

    Every method raises :class:`~celigo_pandas.engine.adaptors.protocol.SourceFailure` when the place refuses, with a
    code that tells what: ``folder_not_found``, ``file_not_found``, ``permission_denied``, ``unreachable``,
    ``login_refused`` (which sets ``offline``), ``out_of_reach``, ``timeout``, ``file_changed``, ``not_known`` or
    ``file_error``.
    """

    def check(self, folder: str) -> None:
        """Make sure that the folder is there and can be listed."""

    def entries(
        self, folder: str, unread: Callable[[str], None] = ignore, *, begins: str = "", ends: str = ""
    ) -> list[FileEntry]:
        """Return the regular files of a folder, sorted by name; subfolders are passed over.

        `unread` is told of each entry that cannot be read, in a sentence; the others are returned. Names that do not
        begin and end as asked need not be among them.
        """

    def open(self, folder: str, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading, as a stream that is read from start to end."""

    def write(self, folder: str, name: str, content: Iterable[bytes], in_progress: str | None = None) -> None:
        """Write a file whole or not at all: under the name `in_progress` (or one of its own), then renamed.

        A file of this name is replaced.
        """

    def remove(self, folder: str, name: str) -> None:
        """Delete a file."""

    def move(self, folder: str, name: str, to_folder: str) -> None:
        """Move a file into another folder, under its name; one that is there already is replaced.

        The file's own folder, however it is spelled, is an error (``file_error``): the file would stay.
        """

    def close(self) -> None:
        """Give up connections and sockets; may be called twice."""
