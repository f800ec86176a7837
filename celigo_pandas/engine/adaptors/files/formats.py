"""What every format has in common: its error, its bounds, and texts in any documented encoding.

Pure: bytes come from a stream that is read once, from start to end. Facts: integrator-api.md, sections 4.4 and 6.4.
"""

from __future__ import annotations

import codecs
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

__all__ = [
    "CODECS",
    "DAMAGED_ARCHIVE",
    "MOST_BYTES",
    "MOST_NAMES",
    "RECORD_BYTES",
    "FormatError",
    "NothingFound",
    "Source",
    "encoded",
    "names_text",
    "text_stream",
    "undecodable",
]

CODECS = {
    "utf8": "utf-8",
    "win1252": "cp1252",
    "utf-16le": "utf-16-le",
    "gb18030": "gb18030",
    "macroman": "mac_roman",
    "iso88591": "latin-1",
    # What Windows calls Shift JIS: with the characters that its vendors added, as files from there have them.
    "shiftjis": "cp932",
}
"""The vendor's names of encodings."""

DAMAGED_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)
"""What :mod:`zipfile` and its decompressors raise when they open a damaged, encrypted or unknown archive."""

MOST_BYTES = 4_000_000_000
"""Bytes of one file, after decompression: beyond, it is taken for a bomb."""

MOST_NAMES = 12
"""Names that a message shows."""

RECORD_BYTES = 16_000_000
"""Bytes of one line or record that is held at once; a page, and so a record, may have 5 MB.

What is parsed takes many times the room of its text, so this also bounds what a hostile file can make of memory."""

_MARKS = {
    codecs.BOM_UTF8: "utf8",
    # Before the mark of UTF-16, with which this one begins.
    codecs.BOM_UTF32_LE: "UTF-32, which is not supported",
    codecs.BOM_UTF32_BE: "UTF-32BE, which is not supported",
    codecs.BOM_UTF16_LE: "utf-16le",
    codecs.BOM_UTF16_BE: "UTF-16BE, which is not supported",
    "\ufeff".encode("gb18030"): "gb18030",
}


class FormatError(ValueError):
    """Content that is not what its document says, or a record that its format cannot hold.

    ``line`` counts from 1, where the place is known; ``record`` counts from 0, when something is written.
    """

    def __init__(self, message: str, *, line: int | None = None, record: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.record = record


class NothingFound(FormatError):
    """A path that leads nowhere in a file."""


def names_text(names: Iterable[str]) -> str:
    """Return names as a message shows them: those at the deepest place that a path reaches."""
    shown = [repr(name[:80]) for name in names]
    return ", ".join(shown[:MOST_NAMES]) + (" and more" if len(shown) > MOST_NAMES else "") or "nothing"


class Source(io.RawIOBase):
    """A stream that is read once, with its bounds.

    Parameters
    ----------
    stream : binary file
        Only its ``read`` is used.
    look : callable, optional
        Called before each read: it may raise, to end a walk that nobody waits for.
    most : int
        Bytes after which :class:`FormatError` is raised.
    """

    def __init__(self, stream: BinaryIO, look: Callable[[], None] = lambda: None, most: int = MOST_BYTES) -> None:
        self._stream = stream
        self._look = look
        self._left = most
        self._most = most
        self._line = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read as the raw stream does; count bytes, and those since the last line end."""
        self._look()
        data = self._stream.read(len(buffer))
        count = len(data)
        self._left -= count
        if self._left < 0:
            raise FormatError(f"it has more than {self._most} bytes")
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._line = self._line + count if end < 0 else count - end
        buffer[:count] = data
        return count

    @property
    def since_line(self) -> int:
        """Bytes read since the last line end."""
        return self._line


class _Lines(Source):
    """A source whose lines are held whole, so that none may grow without end."""

    def readinto(self, buffer: object) -> int:
        """Read on; refuse a line that does not end."""
        count = super().readinto(buffer)
        if self.since_line > RECORD_BYTES:
            raise FormatError(f"it has a line of more than {RECORD_BYTES} bytes")
        return count


def text_stream(
    stream: BinaryIO, encoding: str, look: Callable[[], None] = lambda: None, *, by_line: bool = False
) -> io.TextIOWrapper:
    r"""Return the text of a stream, line ends as they are, its byte order mark left out.

    Parameters
    ----------
    encoding : str
        One of :data:`CODECS`.
    by_line : bool
        The text is read line by line, so that a line's length is bounded.

    Raises
    ------
    FormatError
        The file begins with the mark of another encoding.
    """
    source: Source = (_Lines if by_line else Source)(stream, look)
    buffered = io.BufferedReader(source, 1 << 17)
    beginning = buffered.peek(4)[:4]
    for mark, name in _MARKS.items():
        if beginning.startswith(mark):
            # The two bytes of a mark of UTF-16 may be text where each byte is a character.
            if name != encoding and (len(mark) > 2 or encoding in {"utf8", "utf-16le", "gb18030"}):
                raise FormatError(f"it begins with the byte order mark of {name}, and file.encoding is {encoding!r}")
            if name == encoding:
                buffered.read(len(mark))
            break
    return io.TextIOWrapper(buffered, encoding=CODECS[encoding], newline="")


def undecodable(error: UnicodeDecodeError, encoding: str) -> str:
    """Say which bytes are no text."""
    shown = error.object[error.start : error.start + 4].hex(" ")
    return f"the bytes {shown} are no text in {encoding}; is file.encoding right?"


def encoded(pieces: Iterable[str], encoding: str) -> Iterator[bytes]:
    """Encode texts one by one.

    Raises
    ------
    FormatError
        A character has no form in this encoding.
    """
    codec = CODECS[encoding]
    for piece in pieces:
        try:
            yield piece.encode(codec)
        except UnicodeEncodeError as error:
            bad = error.object[error.start]
            text = f"the character {bad!r} (U+{ord(bad):04X}) cannot be written in {encoding}"
            raise FormatError(f"{text}; use another file.encoding") from None
