"""Which page comes next, and when to stop: a generator that yields requests and receives pages, and never sends.

Rules, for the walk of ``POST /connections/{id}/export/pages``:

* The same model goes with every request, and the last ``pagedExportState`` goes back **as its bytes came**: sliced from
  the answer, so it is neither re-ordered nor re-typed (a service may sign it).
* The end is a state that is missing, ``null``, or has ``done: true``. An empty page is not the end.
* A state that came before is a :class:`~celigo_pandas.errors.PagingError`, never a loop.
* Too large a page (413) halves a page size that was ours, as long as no page has been kept.
* A page without ``data``, with ``data: null``, or an empty body is a :class:`~celigo_pandas.errors.TransportError`.

Most of a page is its records. :func:`read_page` therefore parses only what stands before and after them, and leaves
``data`` as bytes for whoever decodes records.

Source: the vendor's article "Connection API endpoints" (export/pages), and `integrator-api.md` of this project, §5.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from celigo_pandas.errors import PagingError, TransportError, shown

__all__ = [
    "DEFAULT_PAGE_SIZE",
    "TOO_LARGE",
    "Page",
    "PageRequest",
    "dump_json",
    "effective_page_size",
    "read_page",
    "state_key",
    "walk",
]

DEFAULT_PAGE_SIZE = 1000
"""Used where the document says nothing: the vendor's own default is 20, which is 5,000 round trips for 100,000 rows."""

TOO_LARGE: Literal["too large"] = "too large"
"""Sent into :func:`walk` in place of a page when the server answered 413."""


@dataclass(frozen=True)
class Page:
    """One answer, with its records still as bytes.

    Parameters
    ----------
    data : bytes
        The JSON text of the ``data`` array. Only its first and last character have been looked at.
    state : bytes, optional
        The JSON text of ``pagedExportState`` as it came; ``None`` when missing or ``null``.
    done : bool
        Whether this page is the last.
    data_uris : list, optional
        ``dataURIs``, if there was one that is set.
    errors : list
        Errors the server put beside the records.
    total_rows, total_pages : int, optional
        What the state says about the whole, when it does.
    """

    data: bytes = field(repr=False)
    state: bytes | None = None
    done: bool = True
    data_uris: list[Any] | None = field(default=None, repr=False)
    errors: list[Any] = field(default_factory=list)
    total_rows: int | None = None
    total_pages: int | None = None


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
    seen: set[bytes] | None = None,
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
    seen : set of bytes, optional
        Keys (:func:`state_key`) of states that came before; states of this walk are added.
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
        The state of a page had come before, or a page of one record is still too large.
    """
    came_before = set() if seen is None else seen
    if state is not None:
        came_before.add(state_key(state))
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
        key = state_key(answer.state)
        if key in came_before:
            raise PagingError(
                f"Page {number} came with a page state that an earlier page had: {shown(answer.state.decode())}.",
                hint="The server would send the same pages for ever; the walk has ended.",
            )
        came_before.add(key)
        state = answer.state
        if enough():
            return "max_rows"


def state_key(state: bytes) -> bytes:
    """Name a state by what it points at: all its members but the time of issue and the signature over it.

    A server that hands out the same position again stamps it anew, and only the stamp would differ.
    """
    members = orjson.loads(state)
    if isinstance(members, dict):
        position = {name: value for name, value in members.items() if name not in ("issuedAt", "sig")}
        if position:
            state = orjson.dumps(position, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(state, digest_size=16).digest()


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


# --- reading one answer ---------------------------------------------------------------------------------------------

_DATA_KEY = re.compile(rb'"data"[ \t\r\n]*:[ \t\r\n]*(?=\[)')
_STATE_KEY = re.compile(r'"pagedExportState"[ \t\r\n]*:[ \t\r\n]*')
_TAIL_KEYS = (b'"dataURIs"', b'"errors"', b'"pagedExportState"')
_DECODER = json.JSONDecoder()
_BLANK = b" \t\r\n"


def read_page(content: bytes) -> Page:
    """Read everything of an answer but its records.

    Parameters
    ----------
    content : bytes
        Body of a 200.

    Returns
    -------
    Page

    Raises
    ------
    ValueError
        The body is not JSON, or cut off: the same request may be answered better.
    TransportError
        The body is empty or JSON of another shape: not an object, ``data`` missing, ``null`` or no array.
    """
    page = _read_ends(content)
    return page if page is not None else _read_whole(content)


def _read_ends(content: bytes) -> Page | None:
    """Read a page whose members before and after ``data`` can be told apart from the ends; None when they cannot.

    If ``{`` followed by the bytes from a key onward is a valid object, that key stands at depth one: at any other
    depth the number of closing brackets would not fit. The same holds from the front for ``data``.
    """
    data_key = _DATA_KEY.search(content)
    if data_key is None:
        return None
    head = _object_or_none(content[: data_key.start()] + b'"data":0}')
    if head is None:
        return None
    start = data_key.end()
    tail_start, tail = _tail(content, start)
    if tail is None:
        return None
    data = content[start:tail_start].rstrip(_BLANK + b",")
    if "data" in tail or not data.endswith(b"]"):
        return None
    if "pagedExportState" in tail:
        state = _state_text(content[tail_start:])
    elif "pagedExportState" in head:
        state = _state_text(content[: data_key.start()])
    else:
        return None  # the last page, or a body cut off at a lucky place: only a whole parse can tell
    return None if state is None else _page(data, {**head, **tail}, state)


def _tail(content: bytes, start: int) -> tuple[int, dict[str, Any] | None]:
    candidates = sorted(position for key in _TAIL_KEYS if (position := content.rfind(key, start)) >= 0)
    for position in candidates:
        if content[position - 1 : position] != b"\\":
            tail = _object_or_none(b"{" + content[position:])
            if tail is not None:
                return position, tail
    ending = content.rstrip(_BLANK)
    return (len(ending) - 1, {}) if not candidates and ending.endswith(b"}") else (0, None)


def _object_or_none(text: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _state_text(piece: bytes) -> bytes | None:
    """Cut the state out of the members before or after ``data``; None when its key stands there twice."""
    text = piece.decode()
    keys = list(_STATE_KEY.finditer(text))
    if len(keys) != 1:
        return None
    _, end = _DECODER.raw_decode(text, keys[0].end())
    return text[keys[0].end() : end].encode()


def _read_whole(content: bytes) -> Page:
    """Read any page: slower, and with the reason when it is none."""
    if not content.strip(_BLANK):
        raise TransportError("A page was expected and the answer has no body.", processed=True)
    try:
        text = content.decode("utf-8")
        spans = _member_spans(text)
        members = {
            name: json.loads(text[slice(*span)], parse_constant=_refuse)
            for name, span in spans.items()
            if name != "data"
        }
        if "data" in spans:
            json.loads(text[slice(*spans["data"])], parse_constant=_refuse)
    except (ValueError, RecursionError):
        if _is_json(content):
            raise TransportError(
                f"A page was expected and the answer is {shown(content[:40])}.", processed=True
            ) from None
        raise ValueError(f"it is not a page of JSON but begins with {shown(content[:40])}") from None
    if "data" not in spans:
        raise TransportError(f"A page has no member 'data'; it has {shown(sorted(spans))}.", processed=True)
    data = text[slice(*spans["data"])]
    if not data.startswith("["):
        raise TransportError(f"A page's 'data' is no list but {shown(data)}.", processed=True)
    state = text[slice(*spans["pagedExportState"])] if "pagedExportState" in spans else "null"
    return _page(data.encode("utf-8", "surrogatepass"), members, state.encode("utf-8", "surrogatepass"))


def _is_json(content: bytes) -> bool:
    try:
        return not isinstance(orjson.loads(content), dict)
    except orjson.JSONDecodeError:
        return False


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _member_spans(text: str) -> dict[str, tuple[int, int]]:
    """Find where the value of each top-level member stands; of a key given twice the last."""
    spans: dict[str, tuple[int, int]] = {}
    position = _skip_blank(text, 0)
    if text[position : position + 1] != "{":
        raise ValueError("not an object")
    position = _skip_blank(text, position + 1)
    if text[position : position + 1] == "}":
        position = _skip_blank(text, position + 1)
        if position != len(text):
            raise ValueError("text after the object")
        return spans
    while True:
        name, position = _DECODER.raw_decode(text, position)
        position = _skip_blank(text, position)
        if not isinstance(name, str) or text[position : position + 1] != ":":
            raise ValueError("a key was expected")
        start = _skip_blank(text, position + 1)
        _, end = _DECODER.raw_decode(text, start)
        spans[name] = (start, end)
        position = _skip_blank(text, end)
        mark, position = text[position : position + 1], _skip_blank(text, position + 1)
        if mark == "}" and position == len(text):
            return spans
        if mark != ",":
            raise ValueError("an object was expected to go on or to end")


def _skip_blank(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _page(data: bytes, members: Mapping[str, Any], state: bytes) -> Page:
    parsed = members.get("pagedExportState")
    position = parsed if isinstance(parsed, dict) else {}
    uris = members.get("dataURIs")
    errors = members.get("errors")
    if isinstance(errors, Mapping):
        errors = [errors]
    return Page(
        data,
        None if parsed is None else state,
        parsed is None or position.get("done") is True,
        uris if isinstance(uris, list) and any(uri is not None for uri in uris) else None,
        errors if isinstance(errors, list) else [],
        _count(position.get("totalRecords")),
        _count(position.get("totalPages")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
