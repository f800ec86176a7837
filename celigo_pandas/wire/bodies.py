"""The body of an answer, read and decompressed within a bound.

Decompressed here and not by urllib3: a small compressed body can become one that fills the memory, and not every
version of urllib3 can be told to stop.
"""

from __future__ import annotations

import zlib
from typing import Any

from urllib3.exceptions import DecodeError

__all__ = ["TooLong", "read_body"]

_PART = 1 << 20
_MEMBERS = 100
"""Members of a gzip stream that are read; the rest of the body is copied for each."""

_ANY_HEADER = 47
"""Window bits by which zlib reads gzip and zlib headers; a stream without either is raw deflate."""


class TooLong(Exception):
    """The body has more bytes than are allowed."""


def read_body(raw: Any, most: int) -> bytes:
    """Read the body of an answer of urllib3, of which no byte has been read.

    Raises
    ------
    TooLong
        It has more than `most` bytes, as they come or decompressed.
    DecodeError
        Its compression is damaged.
    """
    coding = str(raw.headers.get("Content-Encoding", "identity")).strip().lower()
    if coding in ("gzip", "x-gzip", "deflate"):
        content = _read(raw, most, decode=False)
        return _decompressed(content, most) if content else content
    return _read(raw, most, decode=coding != "identity")


def _read(raw: Any, most: int, *, decode: bool) -> bytes:
    if not decode and raw.length_remaining is not None and raw.length_remaining <= most:
        whole: bytes = raw.read(decode_content=False)
        return whole
    parts: list[bytes] = []
    size = 0
    while part := raw.read(_PART, decode_content=decode):
        size += len(part)
        if size > most:
            raise TooLong
        parts.append(part)
    return b"".join(parts)


def _decompressed(content: bytes, most: int) -> bytes:
    found = b""
    for _ in range(_MEMBERS):
        try:
            stream, part = _begun(content, most - len(found) + 1)
        except zlib.error as error:
            raise DecodeError(str(error)) from None
        found = found + part if found else part
        if len(found) > most:
            raise TooLong
        if not stream.eof:
            raise DecodeError("the stream is cut off")
        content = stream.unused_data.lstrip(b"\0")  # padding
        if not content:
            return found
    raise DecodeError("it has too many members")


def _begun(content: bytes, most: int) -> tuple[Any, bytes]:
    try:
        stream = zlib.decompressobj(_ANY_HEADER)
        return stream, stream.decompress(content, most)
    except zlib.error:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        return stream, stream.decompress(content, most)
