"""JSON in and out, exactly: the fast codec where it is exact, the standard one where it is not.

``orjson`` turns integers beyond 64 bit into floats and refuses lone surrogates; ``json`` is slower and takes ``NaN``.
A body that could hold such a thing goes to the one that keeps it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import orjson

from celigo_pandas.json_depth import DEEPEST_JSON, json_depth
from celigo_pandas.json_numbers import TooManyDigits, integer

__all__ = ["NumberError", "dump", "load"]


class NumberError(ValueError):
    """A JSON number that cannot be held: beyond any double, or an integer of more digits than Python reads."""


_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_LARGE_EXPONENT = re.compile(rb"[eE]\+?[0-9]{3,}(?:[\s,\]}]|$)")


def load(text: bytes | str, *, finite: bool = False) -> Any:
    """Decode one JSON document.

    Parameters
    ----------
    finite : bool, default False
        Refuse numbers beyond any double, such as ``1e999``: they would be infinite here, and null once written. Costs
        a search, so it is for texts that come from elsewhere.

    Raises
    ------
    ValueError
        It is no JSON: also for ``NaN``, invalid UTF-8, two documents, or nesting too deep.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if json_depth(data) > DEEPEST_JSON:
        raise ValueError("nested too deeply")
    if not _LONG_NUMBER.search(data) and not (finite and _LARGE_EXPONENT.search(data)):
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError as error:
            if b"\\u" not in data:
                raise ValueError(str(error)) from None
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse, parse_float=_number, parse_int=_integer)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dump(value: object) -> bytes:
    """Encode compactly as UTF-8; integers of any size and lone surrogates survive."""
    try:
        return orjson.dumps(value)
    except TypeError:
        try:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
        except ValueError:
            return dump(_without_infinity(value))


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NumberError(f"{text[:40]} is beyond the largest number")
    return number


def _integer(text: str) -> int:
    try:
        return integer(text)
    except TooManyDigits as error:
        raise NumberError(str(error)) from None


def _without_infinity(value: object) -> object:
    """Put null where a number is not finite, as JavaScript and the fast codec do."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _without_infinity(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_infinity(one) for one in value]
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")
