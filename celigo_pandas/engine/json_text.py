"""JSON in and out, exactly: the fast codec where it is exact, the standard one where it is not.

``orjson`` turns integers beyond 64 bit into floats and refuses lone surrogates; ``json`` is slower and takes ``NaN``.
A body that could hold such a thing goes to the one that keeps it.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

__all__ = ["dump", "load"]

_LONG_NUMBER = re.compile(rb"[0-9]{19}")


def load(text: bytes | str) -> Any:
    """Decode one JSON document.

    Raises
    ------
    ValueError
        It is no JSON: also for ``NaN``, invalid UTF-8, two documents, or nesting too deep.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if not _LONG_NUMBER.search(data):
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError as error:
            if b"\\u" not in data:
                raise ValueError(str(error)) from None
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dump(value: Any) -> bytes:
    """Encode compactly as UTF-8; integers of any size and lone surrogates survive."""
    try:
        return orjson.dumps(value)
    except TypeError:
        try:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")
