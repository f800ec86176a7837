"""The body of an answer, read and decompressed within a bound.

Decompressed here and not by urllib3: a small compressed body can become one that fills the memory, and not every
version of urllib3 can be told to stop.
"""

from __future__ import annotations

import zlib
from typing import Any

__all__ = ["Damaged", "TooLong", "read_body"]

_PART = 1 << 20
_MEMBERS = 2_000
"""Members of a gzip stream that are read; the rest of a part is copied for each."""

_ANY_HEADER = 47
"""Window bits by which zlib reads gzip and zlib headers; a stream without either is raw deflate."""

_OFFERED = ("gzip", "x-gzip", "deflate")


class TooLong(Exception):
    """The body has more bytes than are allowed."""


class Damaged(Exception):
    """The body is compressed in a way that was not offered, or its compression is broken; the text says which."""


def read_body(raw: Any, most: int, *, decoded: bool = True) -> bytes:
    """Read the body of an answer of urllib3, of which no byte has been read; as it came, unless it is to be decoded.

    Raises
    ------
    TooLong
        It has more than `most` bytes, as they come or decompressed.
    Damaged
        Its compression was not offered, is damaged, or is cut off.
    """
    named = str(raw.headers.get("Content-Encoding", "")) if decoded else ""
    codings = [name.strip().lower() for name in named.split(",")]
    codings = [name for name in codings if name not in ("", "identity")]
    if len(codings) > 1 or not set(codings) <= set(_OFFERED):
        raise Damaged(f"has Content-Encoding {', '.join(codings)!r}; only gzip and deflate were offered")
    content = _read(raw, most)
    return _decompressed(content, most) if codings and content else content


def _read(raw: Any, most: int) -> bytes:
    if raw.length_remaining is not None and raw.length_remaining <= most:
        whole: bytes = raw.read(decode_content=False)
        return whole
    parts: list[bytes] = []
    size = 0
    while part := raw.read(_PART, decode_content=False):
        size += len(part)
        if size > most:
            raise TooLong
        parts.append(part)
    return b"".join(parts)


def _decompressed(content: bytes, most: int) -> bytes:
    inflater = _Inflater(most)
    found = [inflater.feed(content[start : start + _PART]) for start in range(0, len(content), _PART)]
    if not inflater.is_complete:
        raise Damaged("is compressed, and cut off")
    return found[0] if len(found) == 1 else b"".join(found)


class _Inflater:
    """gzip of one or several members, zlib and raw deflate, part by part, never more than the bound in all."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._members = 0
        self._stream = zlib.decompressobj(_ANY_HEADER)
        self._is_begun = False

    @property
    def is_complete(self) -> bool:
        return self._stream.eof

    def feed(self, part: bytes) -> bytes:
        found = b""
        while part:
            if self._stream.eof:
                part = part.lstrip(b"\0")  # padding
                if not part:
                    break
                self._begin_member()
            piece = self._inflated(part)
            self._left -= len(piece)
            if self._left < 0:
                raise TooLong
            found = found + piece if found else piece
            part = self._stream.unused_data
        return found

    def _begin_member(self) -> None:
        self._members += 1
        if self._members >= _MEMBERS:
            raise Damaged(f"has more than {_MEMBERS:,} members of gzip")
        self._stream = zlib.decompressobj(_ANY_HEADER)

    def _inflated(self, part: bytes) -> bytes:
        was_begun, self._is_begun = self._is_begun, True
        try:
            return self._stream.decompress(part, self._left + 1)
        except zlib.error as error:
            if was_begun:
                raise Damaged(f"is compressed, and damaged ({error})") from None
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            return self._stream.decompress(part, self._left + 1)
        except zlib.error as error:
            raise Damaged(f"is compressed, and damaged ({error})") from None
