"""Attribute values of DynamoDB to JSON and back: the one table of types. Pure.

Source: AWS, "DynamoDB low-level API", "Naming rules and data types".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from celigo_pandas.errors import shown
from celigo_pandas.json_depth import json_depth
from celigo_pandas.json_numbers import integer

__all__ = [
    "NoValueError",
    "from_wire",
    "item_from_wire",
    "item_to_wire",
    "key_to_wire",
    "load",
    "to_wire",
    "typed_or_plain",
]

_DEEPEST = 32
_MOST_DIGITS = 38
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LARGEST, _SMALLEST = Decimal("9.9999999999999999999999999999999999999E+125"), Decimal("1E-130")


class NoValueError(ValueError):
    """A value that DynamoDB cannot hold, or a text that is no JSON; the message says why."""


def from_wire(attribute: object) -> Any:
    """Return the JSON form of one attribute value.

    =========  ===================================================================================
    S          text
    N          a whole number; a number where a double holds it as written; else text
    B          base64
    BOOL       true or false
    NULL       null
    L          array
    M          object
    SS NS BS   array, sorted: a set has no order, and a page that is asked for twice has one
    =========  ===================================================================================

    Raises
    ------
    NoValueError
        It is of another type.
    """
    if isinstance(attribute, Mapping) and len(attribute) == 1:
        ((kind, value),) = attribute.items()
        if kind in _READERS:
            return _READERS[kind](value)
    raise NoValueError(f"{shown(attribute)} is no attribute value")


def item_from_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as a record."""
    return {name: from_wire(value) for name, value in item.items()}


def to_wire(value: object) -> dict[str, Any]:
    """Return the attribute value of a JSON value: text, number, true, false, null, array or object; no set.

    Raises
    ------
    NoValueError
        A number has more digits than DynamoDB keeps, or is none; it is nested too deeply.
    """
    return _to_wire(value, _DEEPEST)


def item_to_wire(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as an item; as :func:`to_wire`."""
    return {_text(name): _to_wire(value, _DEEPEST - 1) for name, value in record.items()}


def key_to_wire(text: str, kind: str) -> dict[str, str]:
    """Return a rendered text as the value of a key attribute of type ``S``, ``N`` or ``B``.

    Raises
    ------
    NoValueError
        It is empty, or no number where one is needed.
    """
    if not text:
        raise NoValueError("it is empty, and a key must have a value")
    return {"N": _number_text(text)} if kind == "N" else {kind: _text(text)}


def typed_or_plain(value: object) -> dict[str, Any]:
    """Return a value of an expression: ``{"S": "…"}`` as it is, anything else as :func:`to_wire` writes it."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((kind, inner),) = value.items()
        if kind in _READERS:
            return {kind: _typed(kind, inner)}
    return to_wire(value)


def load(text: str) -> Any:
    """Decode JSON with its numbers exact: fractions are decimals.

    Raises
    ------
    NoValueError
        It is no JSON, is nested too deeply, or names a member twice, of which one would be lost.
    """
    if json_depth(text.encode("utf-8", "surrogatepass")) > _DEEPEST + 1:
        raise NoValueError(f"it is nested deeper than {_DEEPEST} levels")
    try:
        return json.loads(
            text, parse_float=Decimal, parse_int=integer, parse_constant=_refuse, object_pairs_hook=_members
        )
    except (ValueError, RecursionError) as error:
        raise NoValueError(f"it is no JSON: {error}") from None


def _members(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the member {shown(name)} is there twice")
        found[name] = value
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")


def _to_wire(value: object, left: int) -> dict[str, Any]:
    if left < 0:
        raise NoValueError(f"it is nested deeper than the {_DEEPEST} levels that DynamoDB keeps")
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": _text(value)}
    if isinstance(value, int | float | Decimal):
        return {"N": _number_text(repr(value) if isinstance(value, float) else str(value))}
    if isinstance(value, Mapping):
        return {"M": {_text(str(name)): _to_wire(one, left - 1) for name, one in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [_to_wire(one, left - 1) for one in value]}
    raise NoValueError(f"{shown(value)} is nothing that JSON has")


def _text(text: str) -> str:
    """Return a text that DynamoDB keeps as it is; half a surrogate pair has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NoValueError(f"{shown(text)} holds half of a surrogate pair, which is no text") from None
    return text


def _number_text(text: str) -> str:
    """Return a number as it goes over the wire; what DynamoDB would round is refused."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NoValueError(f"{shown(text)} is no number") from None
    # Python reads more: blanks, underscores, digits of other scripts.
    if number.is_finite() and not _NUMBER.fullmatch(text):
        raise NoValueError(f"{shown(text)} is no number")
    if not number.is_finite():
        raise NoValueError(f"{shown(text)} is no number that DynamoDB has")
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > _MOST_DIGITS:
        raise NoValueError(f"{shown(text)} has {len(digits)} digits; DynamoDB keeps {_MOST_DIGITS}")
    if number and not _SMALLEST <= abs(number) <= _LARGEST:
        raise NoValueError(f"{shown(text)} is beyond what DynamoDB keeps, 1E-130 to 9.99…E+125")
    return text


def _typed(kind: str, value: object) -> Any:
    """Check a value that comes with its type, and return it in its wire form."""
    if kind == "N" and isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        return _number_text(str(value))
    if kind == "NS" and isinstance(value, list):
        return [_typed("N", one) for one in value]
    if kind in {"S", "B"} and isinstance(value, str):
        return _text(value)
    if kind in {"SS", "BS"} and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [_text(one) for one in value]
    if kind in {"BOOL", "NULL"} and isinstance(value, bool):
        return value
    if kind == "L" and isinstance(value, list):
        return [typed_or_plain(one) for one in value]
    if kind == "M" and isinstance(value, Mapping):
        return {_text(name): typed_or_plain(one) for name, one in value.items()}
    raise NoValueError(f"{shown(value)} is no value of type {kind}")


def _number(text: str) -> Any:
    number = Decimal(text)
    if number == number.to_integral_value():
        return int(number)
    double = float(number)
    return double if Decimal(repr(double)) == number else text


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _number,
    "B": str,
    "BOOL": bool,
    "NULL": lambda value: None,
    "L": lambda value: [from_wire(one) for one in value],
    "M": lambda value: item_from_wire(value),
    "SS": lambda value: sorted(value),
    "NS": lambda value: [_number(one) for one in sorted(value, key=Decimal)],
    "BS": lambda value: sorted(value),
}
