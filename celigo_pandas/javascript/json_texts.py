"""JSON text, and the order of an object's keys, as JavaScript has them.

Source: the ECMAScript language specification (SerializeJSONProperty, OrdinaryOwnPropertyKeys).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from celigo_pandas.javascript.primitives import UNDEFINED, Number, number_text
from celigo_pandas.javascript.units import SURROGATE

__all__ = ["json_text", "ordered_keys"]

_INDEX_LIMIT: Final = 2**32 - 1
# About where V8 gives up too; a value that holds itself ends here.
DEEPEST: Final = 10_000


def ordered_keys(members: dict[Any, Any]) -> list[Any]:
    """List the keys of an object as JavaScript does: whole numbers ascending, then the rest as they came."""
    keys = list(members)
    for key in keys:
        if _is_index(key):
            break
    else:
        return keys
    return sorted((key for key in keys if _is_index(key)), key=int) + [key for key in keys if not _is_index(key)]


def _is_index(key: object) -> bool:
    if not isinstance(key, str) or not key[:1].isdigit() or not key.isascii() or not key.isdigit() or len(key) > 10:
        return False
    return (key == "0" or key[0] != "0") and int(key) < _INDEX_LIMIT


def json_text(value: object) -> str:
    """Write compact JSON as ``JSON.stringify`` does.

    Undefined members are left out, undefined elements and NaN are ``null``, numbers print as JavaScript's, lone
    surrogates are escaped. ``json_text(UNDEFINED)`` is empty text.

    Raises
    ------
    RecursionError
        The value is nested more than ten thousand deep, or holds itself.
    """
    if value is UNDEFINED:
        return ""
    pieces: list[str] = []
    _write_json(value, pieces.append)
    text = "".join(pieces)
    if text.isascii() or not SURROGATE.search(text):
        return text
    return SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _write_json(value: object, write: Callable[[str], Any]) -> None:
    """Write one value piece by piece, on a stack of its own: data may be nested deeper than calls may."""
    waiting: list[tuple[Iterator[tuple[str, Any]], str]] = []
    members: Iterator[tuple[str, Any]] = iter((("", value),))
    while True:
        for before, member in members:
            write(before)
            kind = type(member)
            if kind is str:
                write(_quoted(member))
            elif member is None or member is UNDEFINED:
                write("null")
            elif kind is bool:
                write("true" if member else "false")
            elif isinstance(member, (int, float)):
                write(number_text(member) if _is_finite(member) else "null")
            elif isinstance(member, (list, tuple, dict)):
                if len(waiting) == DEEPEST:
                    raise RecursionError(f"Values are nested more than {DEEPEST} deep.")
                opening, closing = "{}" if isinstance(member, dict) else "[]"
                write(opening)
                waiting.append((members, closing))
                members = _members(member) if isinstance(member, dict) else _elements(member)
                break
            else:
                write(_quoted(str(member)))
        else:
            if not waiting:
                return
            members, closing = waiting.pop()
            write(closing)


def _elements(values: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    before = ""
    for value in values:
        yield before, value
        before = ","


def _members(members: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    separator = ""
    for key in ordered_keys(members):
        if (member := members[key]) is not UNDEFINED:
            yield f"{separator}{_quoted(str(key))}:", member
            separator = ","


_quoted = json.JSONEncoder(ensure_ascii=False).encode


def _is_finite(value: Number) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
