"""Which page comes next, and when to stop: a generator that yields requests and receives pages, and never sends.

Rules, for the walk of ``POST /connections/{id}/export/pages``:

* The same model goes with every request, and the last ``pagedExportState`` goes back **as its bytes came**: sliced from
  the answer, so it is neither re-ordered nor re-typed (a service may sign it).
* The end is a state that is missing, ``null``, or has ``done: true``. An empty page is not the end.
* A state that came before is a :class:`~celigo_pandas.errors.PagingError`, never a loop; so is a walk that brings no
  new record for many requests (:mod:`~celigo_pandas.paging.trail`).
* Too large a page (413) halves a page size that was ours, as long as no page has been kept.

Source: the vendor's article "Connection API endpoints" (export/pages); see ``docs/wire.md``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from celigo_pandas.errors import PagingError
from celigo_pandas.paging.answers import Page
from celigo_pandas.paging.trail import Trail

__all__ = [
    "DEFAULT_PAGE_SIZE",
    "TOO_LARGE",
    "PageRequest",
    "dump_json",
    "effective_page_size",
    "walk",
]

DEFAULT_PAGE_SIZE = 1000
"""Used where the document says nothing: the vendor's own default is 20, which is 5,000 round trips for 100,000 rows."""

TOO_LARGE: Literal["too large"] = "too large"
"""Sent into :func:`walk` in place of a page when the server answered 413."""


@dataclass(frozen=True)
class PageRequest:
    """One request to make: its body, its number (1 is the first of this walk) and the state inside."""

    body: bytes = field(repr=False)
    number: int
    state: bytes | None
    page_size: int | None


def dump_json(value: object) -> bytes:
    """Encode a document exactly: integers of any size, lone surrogates as escapes, no NaN."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def effective_page_size(export: Mapping[str, Any], page_size: int | Literal["auto"] | None) -> int | None:
    """Return the ``pageSize`` to add to a document, or None to leave the document as it is."""
    if page_size == "auto":
        return None if "pageSize" in export else DEFAULT_PAGE_SIZE
    return page_size


def walk(
    export: Mapping[str, Any],
    *,
    page_size: int | None = None,
    may_halve: bool = False,
    state: bytes | None = None,
    trail: Trail | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> Generator[PageRequest, Page | Literal["too large"], str]:
    """Walk a paged export.

    Parameters
    ----------
    export : Mapping
        The export document, sent as it is. Not modified.
    page_size : int, optional
        Added as ``pageSize``; ``None`` adds nothing.
    may_halve : bool
        Whether a 413 may halve `page_size` while no page has been kept.
    state : bytes, optional
        Begin with this state instead of the first page.
    trail : Trail, optional
        Where an earlier part of this walk has been; this part is added.
    enough : callable
        Asked before each further request; true ends the walk.

    Yields
    ------
    PageRequest
        Answer each with ``send(page)``, or ``send(TOO_LARGE)`` for a 413.

    Returns
    -------
    str
        Why it ended: ``"done"``, ``"no state"`` or ``"max_rows"``.

    Raises
    ------
    PagingError
        The state of a page had come before, too many pages brought no new record, or a page of one record is still
        too large.
    """
    trail = Trail() if trail is None else trail
    if state is not None:
        trail.stand(state)
    number, kept = 0, state is not None
    prefix = _model(export, page_size)
    while True:
        number += 1
        answer = yield PageRequest(_body(prefix, state), number, state, page_size)
        if not isinstance(answer, Page):
            page_size = _halved(page_size, may_halve and not kept)
            prefix = _model(export, page_size)
            continue
        kept = True
        if answer.state is None:
            return "no state"
        if answer.done:
            return "done"
        trail.follow(answer, number)
        state = answer.state
        if enough():
            return "max_rows"


def _model(export: Mapping[str, Any], page_size: int | None) -> bytes:
    return dump_json(dict(export) if page_size is None else {**export, "pageSize": page_size})


def _body(model: bytes, state: bytes | None) -> bytes:
    if state is None:
        return b'{"export":' + model + b"}"
    return b'{"export":' + model + b',"pagedExportState":' + state + b"}"


def _halved(page_size: int | None, allowed: bool) -> int:
    if not allowed or page_size is None:
        raise PagingError(
            "The server refused a page as too large (413).",
            hint=f"Ask for smaller pages, for example page_size={max(1, (page_size or DEFAULT_PAGE_SIZE) // 4)}.",
            status=413,
        )
    if page_size <= 1:
        raise PagingError("A page of one record is too large for the server (413).", status=413)
    return page_size // 2
