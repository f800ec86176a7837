"""SQL values to JSON and back: the one table of types.

Out: what JSON has stays as it is; the rest becomes text that the same database takes back. In: JSON values become what
the column's type needs, for the inserts that use parameters (SQL templates send text, which the database converts).
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

__all__ = [
    "JSON_TYPES",
    "MOST_DIGITS",
    "UnreadableText",
    "binary_text",
    "bytes_of",
    "double_value",
    "from_json",
    "is_64_bit",
    "read_text",
    "to_json",
]


def to_json(value: object) -> object:
    """Return the JSON form of one SQL value.

    ============================  =======================================================================
    numeric, decimal              a whole number; a number where a double holds it as written; else text
    double: NaN, ±infinity        the texts ``NaN``, ``Infinity``, ``-Infinity``
    timestamp, datetime           ISO 8601, its offset where the type has a zone (PostgreSQL: +00:00)
    date, time                    ISO 8601
    interval, MySQL time          ``[-]hh:mm:ss[.ffffff]``, hours may pass 24; with months or years PostgreSQL's text
    bytea, blob                   base64
    uuid                          text
    json, jsonb                   as they are; a number that no double holds as written becomes text
    arrays                        lists, element by element
    ranges, anything else         its text
    ============================  =======================================================================
    """
    if value is None or type(value) in _PLAIN:
        return value
    convert = _OUT.get(type(value))
    if convert is not None:
        return convert(value)
    for kind, convert in _OUT.items():
        if isinstance(value, kind):
            return convert(value)
    return str(value)


_PLAIN = frozenset({str, int, bool})


MOST_DIGITS = 4_000
"""Of an integer; Python writes and reads no more than 4,300 as a number."""


def _number(value: Decimal) -> object:
    if not value.is_finite():
        return "NaN" if value.is_nan() else ("Infinity" if value > 0 else "-Infinity")
    if value.as_tuple().exponent == 0 and value.adjusted() < MOST_DIGITS:
        return int(value)
    double = float(value)
    return double if Decimal(repr(double)) == value else str(value)


def double_value(value: float) -> object:
    """Return a double, or the text of one that JSON has not."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _duration(value: timedelta) -> str:
    sign = "-" if value < timedelta(0) else ""
    whole = abs(value)
    seconds = whole.days * 86_400 + whole.seconds
    fraction = f".{whole.microseconds:06d}" if whole.microseconds else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def binary_text(value: bytes) -> str:
    """Return bytes in base64."""
    return base64.b64encode(value).decode()


def _list(value: Any) -> list[Any]:
    return [to_json(one) for one in value]


def _object(value: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): to_json(one) for key, one in value.items()}


_OUT: Mapping[type, Callable[[Any], Any]] = {
    float: double_value,
    Decimal: _number,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _duration,
    bytes: binary_text,
    bytearray: binary_text,
    memoryview: lambda value: binary_text(bytes(value)),
    UUID: str,
    list: _list,
    tuple: _list,
    set: lambda value: sorted(map(str, value)),
    dict: _object,
}


class UnreadableText:
    """A text of SQLite that is not UTF-8."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content


def read_text(content: bytes) -> object:
    """Return a text of SQLite, which takes any bytes for one."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return UnreadableText(content)


def from_json(value: object, column_type: str) -> object:
    """Return what a driver needs to write a JSON value into a column of this type.

    Parameters
    ----------
    column_type : str
        The database's name of the type, lower case (``jsonb``, ``bytea``, ``integer``, ``blob``).
    """
    if value is None:
        return None
    if isinstance(value, str) and column_type in _BINARY:
        return bytes_of(value)
    if column_type == "bit":
        return value
    if isinstance(value, int) and not is_64_bit(value):
        return str(value)
    if column_type in JSON_TYPES:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def bytes_of(text: str) -> bytes:
    """Return what base64 stands for, or a text that is none as it is."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text.encode()


def is_64_bit(value: int) -> bool:
    """Whether an integer is one of 64 bits."""
    return -(2**63) <= value < 2**63


JSON_TYPES = frozenset({"json", "jsonb"})
_BINARY = frozenset({"bytea", "blob", "binary", "varbinary", "longblob", "mediumblob", "tinyblob"})
