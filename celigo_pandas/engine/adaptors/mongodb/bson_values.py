"""BSON values to JSON: the one table of types. What JSON has stays as it is; what has no plain form is Extended JSON.

:mod:`.extended_json` is the way back.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from bson import Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.codec_options import CodecOptions, DatetimeConversion

__all__ = ["CODEC", "PATTERN_FLAGS", "to_json"]

CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, tzinfo=timezone.utc, datetime_conversion=DatetimeConversion.DATETIME_MS
)
"""How documents are read: dates as their milliseconds, since most of what BSON can date has no :class:`datetime`."""


def to_json(value: object) -> Any:
    """Return the JSON form of one BSON value.

    ===============================  ==================================================================
    double                           a number; NaN and the infinities are ``"NaN"``, ``"Infinity"``, ``"-Infinity"``
    int, long                        a number, exact
    decimal                          a number where a double holds it as written, else text
    string, bool, null, undefined    as they are; undefined is null
    objectId                         24 hexadecimal digits
    date                             ISO 8601, milliseconds, ``Z``; a year of six digits and a sign beyond 0 to 9999
    binData                          base64; a UUID (subtype 4) as its text; other subtypes ``{"$binary": …}``
    object, array                    member by member
    regex, timestamp, javascript     ``{"$regularExpression": …}``, ``{"$timestamp": …}``, ``{"$code": …}``
    minKey, maxKey                   ``{"$minKey": 1}``, ``{"$maxKey": 1}``
    symbol                           text
    ===============================  ==================================================================
    """
    if value is None or type(value) in _PLAIN:
        return value
    return _OUT[type(value)](value)


_PLAIN = frozenset({str, int, bool})

_DAY_MS = 86_400_000
_LAST_DATE_MS = 8_640_000_000_000_000
"""What a date of JavaScript can be, on both sides of 1970; a date of BSON can be more."""


def _double(value: float) -> Any:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _decimal(value: Decimal128) -> Any:
    number = value.to_decimal()
    if not number.is_finite():
        return "NaN" if number.is_nan() else ("Infinity" if number > 0 else "-Infinity")
    if number.is_zero() and number.is_signed():
        return str(number)
    if number.as_tuple().exponent == 0:
        return int(number)
    double = float(number)
    return double if math.isfinite(double) and Decimal(repr(double)) == number else str(number)


def _date(value: DatetimeMS) -> Any:
    ms = int(value)
    if abs(ms) > _LAST_DATE_MS:
        return {"$date": {"$numberLong": str(ms)}}
    days, rest = divmod(ms, _DAY_MS)
    year, month, day = _civil(days)
    shown = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+07d}"
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{shown}-{month:02d}-{day:02d}T{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}Z"


def _civil(days: int) -> tuple[int, int, int]:
    """Return the Gregorian date of a day since 1970, of any year: 400 years are always as many days."""
    cycles, days = divmod(days + 719_162, 146_097)
    date = datetime.fromordinal(days + 1)
    return date.year + 400 * cycles, date.month, date.day


def _binary(value: Binary) -> Any:
    if value.subtype == 0:
        return base64.b64encode(value).decode()
    if value.subtype == 4 and len(value) == 16:
        return str(UUID(bytes=bytes(value)))
    return {"$binary": {"base64": base64.b64encode(value).decode(), "subType": f"{value.subtype:02x}"}}


PATTERN_FLAGS: Mapping[str, int] = {"i": 2, "l": 4, "m": 8, "s": 16, "u": 32, "x": 64}
"""Of a regular expression, as the bits that Python has for them."""


def _pattern(value: Regex[Any]) -> Any:
    pattern = value.pattern if isinstance(value.pattern, str) else value.pattern.decode("utf-8", "replace")
    options = "".join(flag for flag in sorted(PATTERN_FLAGS) if value.flags & PATTERN_FLAGS[flag])
    return {"$regularExpression": {"pattern": pattern, "options": options}}


def _code(value: Code) -> Any:
    scope = {} if value.scope is None else {"$scope": _object(value.scope)}
    return {"$code": str(value), **scope}


def _object(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_json(one) for name, one in value.items()}


_OUT: Mapping[type, Callable[[Any], Any]] = {
    float: _double,
    Int64: int,
    Decimal128: _decimal,
    ObjectId: str,
    DatetimeMS: _date,
    bytes: lambda value: base64.b64encode(value).decode(),
    Binary: _binary,
    dict: _object,
    list: lambda value: [to_json(one) for one in value],
    Regex: _pattern,
    Timestamp: lambda value: {"$timestamp": {"t": value.time, "i": value.inc}},
    Code: _code,
    DBRef: lambda value: _object(value.as_doc()),
    MinKey: lambda value: {"$minKey": 1},
    MaxKey: lambda value: {"$maxKey": 1},
}
