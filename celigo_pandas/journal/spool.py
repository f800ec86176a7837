"""Pages on disk for as long as one call needs them, compressed, with no promise after a crash."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from types import TracebackType

import zstandard

__all__ = ["Spool"]

_LENGTH = struct.Struct("<I")


class Spool:
    """Takes pages in and gives them out again in order; a context manager whose file has no name.

    Parameters
    ----------
    folder : path
        Where the file is made.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed in __exit__

    def append(self, content: bytes) -> None:
        """Keep one page."""
        packed = zstandard.ZstdCompressor(level=1).compress(content)
        self._file.write(_LENGTH.pack(len(packed)) + packed)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        unpack = zstandard.ZstdDecompressor().decompress
        while head := self._file.read(_LENGTH.size):
            yield unpack(self._file.read(_LENGTH.unpack(head)[0]))

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
