"""Pages on disk for as long as one call needs them, compressed, with no promise after a crash."""

from __future__ import annotations

import os
import struct
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import IO

import zstandard

__all__ = ["Spool"]

_LENGTH = struct.Struct("<I")
_FILE_BYTES = 4_000_000
_PART = 16  # of what is there goes into one file: few files are open, and little waits to be freed


@dataclass(slots=True)
class _File:
    handle: IO[bytes]
    size: int = 0
    """Up to its last whole page."""


class Spool:
    """Takes pages in and gives them out again once, in order; a context manager whose files have no names.

    Parameters
    ----------
    folder : path
        Where the files are made.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = folder
        self._files: deque[_File] = deque()
        self._size = 0

    def append(self, content: bytes) -> None:
        """Keep one page; where the disk is full, those before it stay."""
        packed = zstandard.ZstdCompressor(level=1).compress(content)
        if not self._files or self._files[-1].size >= max(_FILE_BYTES, self._size // _PART):
            self._files.append(_File(tempfile.TemporaryFile(dir=self._folder, buffering=0)))  # noqa: SIM115 - see __exit__
        file, left = self._files[-1], memoryview(_LENGTH.pack(len(packed)) + packed)
        size = len(left)
        file.handle.seek(file.size)
        try:
            while left:
                left = left[file.handle.write(left) :]
        except OSError:
            with suppress(OSError):
                file.handle.truncate(file.size)
            raise
        file.size += size
        self._size += size

    def drain(self) -> Iterator[bytes]:
        """Give the pages out; the room of those that were given is free for what is made of them, a file at a time."""
        unpack = zstandard.ZstdDecompressor().decompress
        while self._files:
            file = self._files[0]  # it stays there until it is read: whoever leaves the spool closes it
            with file.handle as handle:
                handle.seek(0)
                while handle.tell() < file.size:
                    (length,) = _LENGTH.unpack(handle.read(_LENGTH.size))
                    yield unpack(handle.read(length))
            self._size -= file.size
            self._files.popleft()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._files:
            self._files.pop().handle.close()
