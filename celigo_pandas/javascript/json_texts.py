"""JSON text, and the order of an object's keys, as JavaScript has them.

Source: the ECMAScript language specification (SerializeJSONProperty, OrdinaryOwnPropertyKeys).
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from celigo_pandas.javascript.primitives import UNDEFINED, Number, number_text
from celigo_pandas.javascript.units import SURROGATE

__all__ = ["json_text", "ordered_keys"]

_INDEX_LIMIT: Final = 2**32 - 1


def ordered_keys(members: dict[Any, Any]) -> list[Any]:
    """List the keys of an object as JavaScript does: whole numbers ascending, then the rest as they came."""
    keys = list(members)
    for key in keys:
        if _is_index(key):
            break
    else:
        return keys
    return sorted((key for key in keys if _is_index(key)), key=int) + [key for key in keys if not _is_index(key)]


def _is_index(key: Any) -> bool:
    if not isinstance(key, str) or not key[:1].isdigit() or not key.isascii() or not key.isdigit() or len(key) > 10:
        return False
    return (key == "0" or key[0] != "0") and int(key) < _INDEX_LIMIT


def json_text(value: Any) -> str:
    """Write compact JSON as ``JSON.stringify`` does.

    Undefined members are left out, undefined elements and NaN are ``null``, numbers print as JavaScript's, lone
    surrogates are escaped. ``json_text(UNDEFINED)`` is empty text.
    """
    if value is UNDEFINED:
        return ""
    pieces: list[str] = []
    _write_json(value, pieces.append)
    text = "".join(pieces)
    if text.isascii() or not SURROGATE.search(text):
        return text
    return SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _write_json(value: Any, write: Any) -> None:
    kind = type(value)
    if kind is str:
        write(_quoted(value))
    elif value is None or value is UNDEFINED:
        write("null")
    elif kind is bool:
        write("true" if value else "false")
    elif isinstance(value, (int, float)):
        write(number_text(value) if _is_finite(value) else "null")
    elif isinstance(value, (list, tuple)):
        separator = "["
        for item in value:
            write(separator)
            separator = ","
            _write_json(item, write)
        write("[]" if separator == "[" else "]")
    elif isinstance(value, dict):
        separator = "{"
        for key in ordered_keys(value):
            member = value[key]
            if member is UNDEFINED:
                continue
            write(separator + _quoted(str(key)) + ":")
            separator = ","
            _write_json(member, write)
        write("{}" if separator == "{" else "}")
    else:
        write(_quoted(str(value)))


_quoted = json.JSONEncoder(ensure_ascii=False).encode


def _is_finite(value: Number) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
