"""Chunks of records become pages: ``pageSize`` records each, below 5 MB, encoded once.

A page that would be too large ends early; a single record that is too large is an error beside the data and is left
out of it. Both follow the vendor's limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Chunk, Record
from celigo_pandas.engine.texts import json_text

__all__ = ["PAGE_BYTES", "Page", "cut_pages", "whole_pages"]

PAGE_BYTES = 5_000_000
"""Limit of one page. Source: the vendor's page on exports and page limits (5 MB)."""

_ROOM = 2_000
"""Bytes kept free for the state and the envelope."""

_SLICE = 20
"""Records that are encoded at once, before it is seen whether they are too many bytes."""


@dataclass(slots=True)
class Page:
    """One encoded page without its state: ``head`` is an unfinished JSON object; ``lost`` records were too large."""

    head: bytes
    records: int
    total: int | None = None
    lost: int = 0


def cut_pages(
    chunks: Iterable[Chunk], page_size: int, uri_of: Callable[[Record], str | None] | None = None, note: str = ""
) -> Iterator[Page]:
    """Yield pages; the last one may be empty when there is no record at all.

    Parameters
    ----------
    chunks : iterable of Chunk
        Records in order, any number in each.
    page_size : int
        Records in a full page.
    uri_of : callable, optional
        Gives a record's data URI.
    note : str
        Added to the error of a record that is too large.
    """
    waiting: list[Record] = []
    errors: list[dict[str, Any]] = []
    total: int | None = None
    count = 0
    for chunk in chunks:
        errors += chunk.errors
        total = chunk.total if chunk.total is not None else total
        if not waiting:
            waiting = chunk.records
        else:
            waiting = waiting + chunk.records
        while len(waiting) >= page_size:
            full, waiting = waiting[:page_size], waiting[page_size:]
            for page in _encoded(full, errors, uri_of, note):
                page.total = total
                count += 1
                yield page
            errors = []
    if waiting or errors or count == 0:
        yield from _encoded(waiting, errors, uri_of, note, total)


def whole_pages(
    chunks: Iterable[Chunk], uri_of: Callable[[Record], str | None] | None = None, note: str = ""
) -> Iterator[Page]:
    """Yield a page for each chunk, as long as that is; more than one where it has too many bytes.

    Parameters
    ----------
    chunks, uri_of, note
        As for :func:`cut_pages`.
    """
    count = 0
    for chunk in chunks:
        for page in _encoded(chunk.records, chunk.errors, uri_of, note):
            count += 1
            yield page
    if count == 0:
        yield from _encoded([], [], uri_of, note)


def _encoded(
    records: list[Record],
    errors: list[dict[str, Any]],
    uri_of: Callable[[Record], str | None] | None,
    note: str,
    total: int | None = None,
) -> Iterator[Page]:
    uris: list[str | None] = [uri_of(record) for record in records] if uri_of else []
    tail = _tail(uris, len(records), errors)
    data = _dumped(records, PAGE_BYTES - len(tail) - _ROOM)
    if data is not None:
        yield Page(b'{"data":' + data + tail, len(records), total)
        return
    yield from _split(records, uris, errors, note, total)


def _dumped(records: list[Record], most: int) -> bytes | None:
    """Return the encoded list, None once it is longer: records may share one large text, and be huge only as JSON."""
    pieces: list[bytes] = []
    size = 2
    for start in range(0, len(records), _SLICE):
        pieces.append(json_text.dump(records[start : start + _SLICE])[1:-1])
        size += len(pieces[-1]) + 1
        if size > most:
            return None
    return b"[" + b",".join(pieces) + b"]"


def _split(
    records: list[Record], uris: list[str | None], errors: list[dict[str, Any]], note: str, total: int | None
) -> Iterator[Page]:
    """Fill pages record by record; the slow way, for pages that are too large."""
    parts: list[bytes] = []
    part_uris: list[str | None] = []
    pending, size, lost = list(errors), 0, 0
    for position, record in enumerate(records):
        data = json_text.dump(record)
        uri = uris[position] if uris else None
        needed = len(data) + len(json_text.dump(uri)) + 2
        if needed + _ROOM > PAGE_BYTES:
            message = f"The record has {len(data)} bytes; a page, and so a record, may have {PAGE_BYTES}.{note}"
            lost += 1
            pending.append({"code": "record_too_large", "message": message, "source": "application"})
            continue
        if parts and size + needed + _ROOM + len(json_text.dump(pending)) > PAGE_BYTES:
            yield _joined(parts, part_uris, pending, total, lost)
            parts, part_uris, pending, size, lost = [], [], [], 0, 0
        parts.append(data)
        part_uris.append(uri)
        size += needed
    if parts or pending:
        yield _joined(parts, part_uris, pending, total, lost)


def _joined(
    parts: list[bytes], uris: list[str | None], errors: list[dict[str, Any]], total: int | None, lost: int
) -> Page:
    tail = _tail(uris, len(parts), errors)
    return Page(b'{"data":[' + b",".join(parts) + b"]" + tail, len(parts), total, lost)


def _tail(uris: list[str | None], count: int, errors: list[dict[str, Any]]) -> bytes:
    listed = json_text.dump(uris) if uris else b"[" + b",".join([b"null"] * count) + b"]"
    beside = b',"errors":' + json_text.dump(errors) if errors else b""
    return b',"dataURIs":' + listed + beside
