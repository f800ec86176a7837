"""Extended JSON to BSON: an object is one of its types where it has exactly the members of one.

Relaxed and canonical forms, version 2, and the older ``$date`` of milliseconds and ``$binary`` with ``$type``. An
object with other members beside is none of them and goes to the database as it stands; a form with a value that it
cannot have is an error, never text.
Source: MongoDB's specification of Extended JSON; the table on what :mod:`.bson_values` gives is its counterpart.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from bson import Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.errors import BSONError

from celigo_pandas.engine.adaptors.mongodb.bson_values import PATTERN_FLAGS
from celigo_pandas.errors import shown

__all__ = ["NoBsonError", "from_json"]

_INT64 = 2**63


class NoBsonError(ValueError):
    """A value that has no form in BSON; the message names its path."""


def from_json(value: object, path: str = "") -> Any:
    """Return the BSON value of a JSON value.

    Parameters
    ----------
    value : object
        As JSON is read.
    path : str
        Where it stands, for messages.

    Raises
    ------
    NoBsonError
        A whole number beyond 64 bits, or a form of Extended JSON with a value that it cannot have.
    """
    if isinstance(value, dict):
        return _object(value, path)
    if isinstance(value, list):
        return [from_json(one, f"{path}[{place}]") for place, one in enumerate(value)]
    if type(value) is int and not -_INT64 <= value < _INT64:
        form = '{"$numberDecimal": "…"}'
        raise NoBsonError(f"{path or 'The value'} is {value}, which no 64 bits hold. Write it as {form} or as text.")
    return value


def _object(value: dict[str, Any], path: str) -> Any:
    read = _FORMS.get(frozenset(value)) if len(value) < 3 else None
    if read is not None:
        try:
            return read(value)
        except (ValueError, TypeError, KeyError, ArithmeticError, BSONError):
            name = next(iter(value))
            text = f"{path or 'The value'}: got {shown(value)}; expected {_EXPECTED[name]}."
            raise NoBsonError(text) from None
    members = {name: from_json(one, f"{path}.{name}" if path else name) for name, one in value.items()}
    return _reference(members) if "$ref" in members and "$id" in members else members


def _reference(members: dict[str, Any]) -> Any:
    if not isinstance(members["$ref"], str) or not isinstance(members.get("$db", ""), str):
        return members
    rest = {name: one for name, one in members.items() if name not in ("$ref", "$id", "$db")}
    return DBRef(members["$ref"], members["$id"], members.get("$db"), **rest)


def _whole(text: object, bits: int) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{1,20}", text):
        raise ValueError(text)
    number = int(text)
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise ValueError(text)
    return number


def _double(text: object) -> float:
    if not isinstance(text, str) or not _DOUBLE.fullmatch(text):
        raise ValueError(text)
    return float(text)


_DOUBLE = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|Infinity)|NaN")


def _decimal(text: object) -> Decimal128:
    if not isinstance(text, str):
        raise TypeError(text)
    found = Decimal128(text)
    try:
        # The type has 34 digits; what has more would be rounded.
        is_same = Decimal(text) == found.to_decimal() or found.to_decimal().is_nan()
    except InvalidOperation:
        is_same = False
    if not is_same:
        raise ValueError(text)
    return found


_DATE = re.compile(
    r"(?P<year>[0-9]{4}|[+-][0-9]{6})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:T(?P<hours>[0-9]{2}):(?P<minutes>[0-9]{2})(?::(?P<seconds>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,3})0*)?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2}))?"
)


def _date(value: Any) -> DatetimeMS:
    if isinstance(value, dict):
        if set(value) != {"$numberLong"}:
            raise ValueError(value)
        return DatetimeMS(_whole(value["$numberLong"], 64))
    if type(value) is int:
        return DatetimeMS(_whole(str(value), 64))
    found = _DATE.fullmatch(value)
    if found is None:
        raise ValueError(value)
    days = _days(int(found["year"]), int(found["month"]), int(found["day"]))
    hours, minutes, seconds = (int(found[name] or 0) for name in ("hours", "minutes", "seconds"))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(value)
    milliseconds = int((found["fraction"] or "").ljust(3, "0"))
    minutes += hours * 60 - _offset(found["zone"])
    return DatetimeMS(days * 86_400_000 + minutes * 60_000 + seconds * 1000 + milliseconds)


def _days(year: int, month: int, day: int) -> int:
    cycles, within = divmod(year - 1, 400)
    return date(within + 1, month, day).toordinal() - 719_163 + cycles * 146_097


def _offset(zone: str | None) -> int:
    if zone in (None, "Z"):
        return 0
    assert zone is not None
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def _binary(value: dict[str, Any]) -> Any:
    content = value["$binary"]
    if isinstance(content, dict):
        if set(content) != {"base64", "subType"}:
            raise ValueError(content)
        text, subtype = content["base64"], content["subType"]
    else:
        text, subtype = content, value["$type"]
    if not isinstance(subtype, str) or not re.fullmatch(r"[0-9a-fA-F]{1,2}", subtype):
        raise ValueError(subtype)
    try:
        return Binary(base64.b64decode(text, validate=True), int(subtype, 16))
    except binascii.Error:
        raise ValueError(text) from None


def _pattern(value: Any) -> Regex[str]:
    if set(value) != {"pattern", "options"}:
        raise ValueError(value)
    pattern, options = value["pattern"], value["options"]
    if not isinstance(pattern, str) or "\0" in pattern or not re.fullmatch("[ilmsux]*", options):
        raise ValueError(value)
    return Regex(pattern, sum(PATTERN_FLAGS[flag] for flag in set(options)))


def _timestamp(value: Any) -> Timestamp:
    if set(value) != {"t", "i"} or any(type(one) is not int for one in value.values()):
        raise ValueError(value)
    return Timestamp(value["t"], value["i"])


def _code(value: dict[str, Any]) -> Code:
    if not isinstance(value["$code"], str):
        raise TypeError(value)
    scope = value.get("$scope")
    made: Code = Code(value["$code"], None if scope is None else from_json(dict(scope)))
    return made


def _only_one(value: object, kind: Callable[[], Any]) -> Any:
    if value != 1 or isinstance(value, bool):
        raise ValueError(value)
    return kind()


_BY_NAME: Mapping[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "$oid": (lambda value: ObjectId(_text(value["$oid"])), "24 hexadecimal digits"),
    "$date": (
        lambda value: _date(value["$date"]),
        'ISO 8601 with a zone ("2024-05-01T00:00:00.000Z"), a day, or {"$numberLong": "milliseconds"}',
    ),
    "$numberInt": (lambda value: _whole(value["$numberInt"], 32), "a text of a whole number of 32 bits"),
    "$numberLong": (lambda value: Int64(_whole(value["$numberLong"], 64)), "a text of a whole number of 64 bits"),
    "$numberDouble": (lambda value: _double(value["$numberDouble"]), "a text of a number, Infinity or NaN"),
    "$numberDecimal": (lambda value: _decimal(value["$numberDecimal"]), "a text of a number of at most 34 digits"),
    "$uuid": (lambda value: Binary(UUID(_text(value["$uuid"])).bytes, 4), "a UUID"),
    "$regularExpression": (lambda value: _pattern(value["$regularExpression"]), "pattern and options (ilmsux)"),
    "$timestamp": (lambda value: _timestamp(value["$timestamp"]), "t and i, whole numbers of 32 bits"),
    "$minKey": (lambda value: _only_one(value["$minKey"], MinKey), "1"),
    "$maxKey": (lambda value: _only_one(value["$maxKey"], MaxKey), "1"),
    "$symbol": (lambda value: _text(value["$symbol"]), "a text"),
    "$code": (_code, "a text, and $scope, an object"),
    "$binary": (_binary, "base64 and subType (two hexadecimal digits)"),
}

_EXPECTED: Mapping[str, str] = {
    **{name: f"{name} of {expected}" for name, (_, expected) in _BY_NAME.items()},
    "$type": "$binary and $type",
    "$scope": "$code and $scope",
}

_FORMS: Mapping[frozenset[str], Callable[[dict[str, Any]], Any]] = {
    **{frozenset({name}): read for name, (read, _) in _BY_NAME.items()},
    frozenset({"$binary", "$type"}): _binary,
    frozenset({"$code", "$scope"}): _code,
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
