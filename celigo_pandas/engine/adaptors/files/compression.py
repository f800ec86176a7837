"""gzip and zip around a file, with bounds on what comes out of it.

Facts: integrator-api.md, section 4.4, and the vendor's schema of ``file.compressionFormat``: every file of an archive
is read by itself, under its own name; a file that is not compressed fails.
"""

from __future__ import annotations

import gzip
import io
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, cast

from celigo_pandas.engine.adaptors.files.formats import DAMAGED_ARCHIVE, FormatError, Source

__all__ = ["compressed", "contents"]

_PIECE = 1 << 18
_ARCHIVE_BYTES = 2_000_000_000
_MOST_MEMBERS = 10_000


def contents(
    stream: BinaryIO, name: str, format: str | None, look: Callable[[], None] = lambda: None
) -> Iterator[tuple[str, BinaryIO]]:
    """Yield what is in a file: itself, or what it was compressed from; each is read before the next is asked for.

    Parameters
    ----------
    stream : binary file
        Read once. An archive is copied into a temporary file first: its list is at its end.
    name : str
        Name of the file, for one that has no other.
    format : {"gzip", "zip"}, optional

    Raises
    ------
    FormatError
        It is not compressed this way, is damaged or encrypted, or holds too many files.
    """
    if format is None:
        yield name, stream
    elif format == "gzip":
        with gzip.GzipFile(fileobj=cast(BinaryIO, io.BufferedReader(Source(stream, look)))) as unpacked:
            yield name.removesuffix(".gz"), cast(BinaryIO, _Unpacked(unpacked, "gzip"))
    else:
        yield from _members(stream, look)


def compressed(pieces: Iterable[bytes], name: str, format: str | None) -> Iterator[bytes]:
    """Yield a file's bytes, compressed; in a zip it is the one member, under its name without ``.zip``."""
    if format is None:
        yield from pieces
    elif format == "gzip":
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        for piece in pieces:
            yield packer.compress(piece)
        yield packer.flush()
    else:
        with tempfile.TemporaryFile() as file:
            member = name[:-4] if name.lower().endswith(".zip") and len(name) > 4 else name
            with (
                zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
                archive.open(zipfile.ZipInfo(member), "w", force_zip64=True) as inner,
            ):
                for piece in pieces:
                    inner.write(piece)
            file.seek(0)
            while piece := file.read(_PIECE):
                yield piece


def _members(stream: BinaryIO, look: Callable[[], None]) -> Iterator[tuple[str, BinaryIO]]:
    with tempfile.TemporaryFile() as file:
        source = Source(stream, look, _ARCHIVE_BYTES)
        while piece := source.read(_PIECE):
            file.write(piece)
        try:
            archive = zipfile.ZipFile(file)
        except DAMAGED_ARCHIVE:
            raise FormatError("it is no zip archive, and file.compressionFormat says that it is") from None
        with archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > _MOST_MEMBERS:
                raise FormatError(f"it holds more than {_MOST_MEMBERS} files")
            for member in members:
                if member.flag_bits & 1:
                    raise FormatError(f"{member.filename!r:.80} in it is encrypted")
                try:
                    opened = archive.open(member)
                except DAMAGED_ARCHIVE as error:
                    raise FormatError(f"{member.filename!r:.80} in it cannot be read: {error}") from None
                with opened:
                    yield member.filename, cast(BinaryIO, _Unpacked(opened, "zip"))


class _Unpacked:
    """A decompressor's stream; what is wrong with the archive is said as a format's error."""

    def __init__(self, stream: object, format: str) -> None:
        self._read = cast(BinaryIO, stream).read
        self._format = format

    def read(self, size: int = -1) -> bytes:
        """Read and decompress."""
        try:
            return self._read(size)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
            # bz2 says with an OSError that its data are damaged, gzip with one of its own.
            raise FormatError(f"it is no whole {self._format} file: {error}") from None
