"""The bytes of an answer: read within a limit, decompressed within the same."""

from __future__ import annotations

import zlib
from typing import cast

import requests

__all__ = ["TransportFailure", "read_body"]

_PIECE = 65_536


class TransportFailure(Exception):
    """No usable answer; the message holds neither headers nor a query.

    ``sent`` is False when the request surely never left (name, connection, TLS, policy).
    """

    def __init__(self, message: str, *, code: str, sent: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.sent = sent


def read_body(response: requests.Response, size_bytes: int, *, decoded: bool = True) -> bytes:
    """Read a streamed answer to its end; as it came, unless it is to be decoded.

    Raises
    ------
    TransportFailure
        It is larger than `size_bytes`, compressed in a way that was not offered, or cut off.
    """
    named = response.headers.get("Content-Encoding", "") if decoded else ""
    codings = [name.strip().lower() for name in named.split(",")]
    codings = [name for name in codings if name not in ("", "identity")]
    if len(codings) > 1 or any(name not in ("gzip", "x-gzip", "deflate") for name in codings):
        raise TransportFailure(
            f"The answer has Content-Encoding {', '.join(codings)!r}; only gzip and deflate were offered.",
            code="bad_answer",
        )
    inflate = _Inflater(size_bytes) if codings else None
    pieces: list[bytes] = []
    size = 0
    for raw in iter(lambda: cast(bytes, response.raw.read(_PIECE, decode_content=False)), b""):
        piece = inflate.feed(raw) if inflate else raw
        size += len(piece)
        if size > size_bytes:
            raise TransportFailure(f"The answer is larger than {size_bytes:,} bytes.", code="answer_too_large")
        pieces.append(piece)
    if inflate and not inflate.is_complete:
        raise TransportFailure("The compressed answer is cut off.", code="bad_answer")
    return b"".join(pieces)


class _Inflater:
    """gzip, zlib and raw deflate, never producing more than the limit at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._machine = zlib.decompressobj(47)
        self._fed = False

    @property
    def is_complete(self) -> bool:
        return self._machine.eof or not self._fed

    def feed(self, raw: bytes) -> bytes:
        try:
            piece = self._machine.decompress(raw, self._limit + 1)
        except zlib.error:
            if self._fed:
                raise
            self._machine = zlib.decompressobj(-15)
            piece = self._machine.decompress(raw, self._limit + 1)
        self._fed = True
        while self._machine.eof and self._machine.unused_data and len(piece) <= self._limit:
            # A gzip body may be several members one after another.
            rest, self._machine = self._machine.unused_data, zlib.decompressobj(47)
            piece += self._machine.decompress(rest, self._limit + 1)
        return piece
