"""The head of an answer, read more strictly than the standard library does.

It takes any 1xx but 100 for the answer itself, and a head that is cut off for a whole one: a write whose answer broke
off behind "HTTP/1.1 201" would count as stored.
"""

from __future__ import annotations

from http.client import HTTPException, HTTPResponse, parse_headers
from io import BufferedReader
from typing import Any

__all__ = ["WholeHeadResponse", "header_text"]

_MOST_INTERIM = 100


class WholeHeadResponse(HTTPResponse):
    """A response whose interim answers are read past (RFC 9110, section 15.2) and whose head must be whole."""

    fp: Any

    def begin(self) -> None:
        """Read the head."""
        head = _Head(self.fp)
        self.fp = head
        super().begin()
        if self.fp is head:
            self.fp = head.file
        if head.is_cut:
            self.close()
            raise HTTPException("the head of the answer is cut off")

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 < status < 200 or status == 101:
                return version, status, reason
            parse_headers(self.fp)
        raise HTTPException(f"more than {_MOST_INTERIM} interim answers")


class _Head:
    """A stream that knows whether its last line ended."""

    def __init__(self, file: BufferedReader) -> None:
        self.file = file
        self.is_cut = False
        self.close = file.close
        self.flush = file.flush
        self.peek = file.peek

    def readline(self, limit: int = -1) -> bytes:
        line = self.file.readline(limit)
        self.is_cut = not line.endswith(b"\n")
        return line


def header_text(value: str) -> str:
    """Return a header as UTF-8 where it is: many servers send it raw, and the standard library reads Latin-1."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
