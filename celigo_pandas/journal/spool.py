"""Pages on disk for as long as one call needs them, compressed, with no promise after a crash."""

from __future__ import annotations

import os
import struct
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO

import zstandard

__all__ = ["Spool"]

_LENGTH = struct.Struct("<I")
_FILE_BYTES = 4_000_000


class Spool:
    """Takes pages in and gives them out again once, in order; a context manager whose files have no names.

    Parameters
    ----------
    folder : path
        Where the files are made.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = folder
        self._files: deque[IO[bytes]] = deque()
        self._size = 0  # of the last file, up to its last whole page

    def append(self, content: bytes) -> None:
        """Keep one page; where the disk is full, those before it stay."""
        packed = zstandard.ZstdCompressor(level=1).compress(content)
        if not self._files or self._size >= _FILE_BYTES:
            self._files.append(tempfile.TemporaryFile(dir=self._folder, buffering=0))  # noqa: SIM115 - see __exit__
            self._size = 0
        file, left = self._files[-1], memoryview(_LENGTH.pack(len(packed)) + packed)
        size = self._size + len(left)
        file.seek(self._size)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError:
            with suppress(OSError):
                file.truncate(self._size)
            raise
        self._size = size

    def drain(self) -> Iterator[bytes]:
        """Give the pages out; the room of those that were given is free for what is made of them."""
        unpack = zstandard.ZstdDecompressor().decompress
        while self._files:
            with self._files.popleft() as file:
                file.seek(0)
                pages = file.read()
            end = len(pages) if self._files else self._size
            place = 0
            while place < end:
                (length,) = _LENGTH.unpack_from(pages, place)
                place += _LENGTH.size + length
                yield unpack(pages[place - length : place])

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._files:
            self._files.pop().close()
