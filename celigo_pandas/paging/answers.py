"""One answer of export/pages, read without its records.

Most of a page is its records, and whoever decodes them takes bytes. So only what stands before and after ``data`` is
parsed here, and the state is cut out as its bytes came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from celigo_pandas.errors import TransportError, problems_from_body, shown
from celigo_pandas.json_depth import DEEPEST_JSON, json_depth
from celigo_pandas.json_numbers import integer_or_digits

__all__ = ["Page", "errors_beside", "read_page"]

_DATA_KEY = re.compile(rb'"data"[ \t\r\n]*:[ \t\r\n]*(?=\[)')
_STATE_KEY = re.compile(r'"pagedExportState"[ \t\r\n]*:[ \t\r\n]*')
_TAIL_KEYS = (b'"dataURIs"', b'"errors"', b'"pagedExportState"')
_DECODER = json.JSONDecoder(parse_int=len, parse_float=len)  # it finds where values end
_BLANK = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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

    @cached_property
    def depth(self) -> int:
        """Levels of nesting in `data`."""
        return json_depth(self.data)


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
    content = content.removeprefix(_BYTE_ORDER_MARK)
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
    try:
        _, end = _DECODER.raw_decode(text, keys[0].end())
    except RecursionError:  # orjson goes some levels further
        return None
    return text[keys[0].end() : end].encode()


def _read_whole(content: bytes) -> Page:
    """Read any page: slower, and with the reason when it is none."""
    if not content.strip(_BLANK):
        raise TransportError("A page was expected and the answer has no body.", processed=True)
    if json_depth(content) > DEEPEST_JSON:
        raise _too_deep()
    try:
        text = content.decode("utf-8")
        spans = _member_spans(text)
        members = {name: _loads(text[slice(*span)]) for name, span in spans.items() if name != "data"}
        if "data" in spans:
            _loads(text[slice(*spans["data"])])
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        if _is_json(content):
            raise TransportError(
                f"A page was expected and the answer is {shown(content[:40])}.", processed=True
            ) from None
        raise ValueError(f"it is not a page of JSON but begins with {shown(content[:40])}") from None
    if "data" not in spans:
        raise _without_data(members)
    data = text[slice(*spans["data"])]
    if not data.startswith("["):
        raise TransportError(f"A page's 'data' is no list but {shown(data)}.", processed=True)
    state = text[slice(*spans["pagedExportState"])] if "pagedExportState" in spans else "null"
    return _page(data.encode("utf-8", "surrogatepass"), members, state.encode("utf-8", "surrogatepass"))


def _too_deep() -> TransportError:
    return TransportError("A page is nested too deeply to be read.", processed=True)


def _without_data(members: Mapping[str, Any]) -> TransportError:
    problems = problems_from_body(members)
    told = f" The server says: {'; '.join(map(str, problems[:3]))}" if problems else ""
    return TransportError(
        f"A page has no member 'data'; it has {shown(sorted(members))}.{told}", processed=True, problems=problems
    )


def errors_beside(errors: object) -> list[Any]:
    """Return a page's ``errors`` as a list, whatever they are."""
    if isinstance(errors, list):
        return errors
    return [] if errors is None or errors == "" or errors is False or errors == {} else [errors]


def _is_json(content: bytes) -> bool:
    try:
        return not isinstance(orjson.loads(content), dict)
    except orjson.JSONDecodeError:
        return False


def _loads(text: str) -> object:
    # Whether the digits of an integer fit into one is for those to say who use it.
    return json.loads(text, parse_constant=_refuse, parse_int=integer_or_digits)


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
    return Page(
        data,
        None if parsed is None else state,
        parsed is None or position.get("done") is True,
        uris if isinstance(uris, list) and any(uri is not None for uri in uris) else None,
        errors_beside(members.get("errors")),
        _count(position.get("totalRecords")),
        _count(position.get("totalPages")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
