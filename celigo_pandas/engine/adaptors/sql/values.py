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

__all__ = ["from_json", "sqlite_value", "to_json", "use_text_where_python_cannot"]


def to_json(value: Any) -> Any:
    """Return the JSON form of one SQL value.

    ============================  =======================================================================
    numeric, decimal              a whole number; a number where a double holds it as written; else text
    double: NaN, ±infinity        the texts ``NaN``, ``Infinity``, ``-Infinity``
    timestamp, datetime           ISO 8601, its offset where the type has a zone (PostgreSQL: +00:00)
    date, time                    ISO 8601
    interval, MySQL time          ``[-]hh:mm:ss[.ffffff]``, hours may pass 24
    bytea, blob                   base64
    uuid                          text
    json, jsonb                   as they are
    arrays                        lists, element by element
    anything else                 its text
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


def _number(value: Decimal) -> Any:
    if not value.is_finite():
        return "NaN" if value.is_nan() else ("Infinity" if value > 0 else "-Infinity")
    if value.as_tuple().exponent == 0:
        return int(value)
    double = float(value)
    return double if Decimal(repr(double)) == value else str(value)


def _double(value: float) -> Any:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _duration(value: timedelta) -> str:
    sign = "-" if value < timedelta(0) else ""
    whole = abs(value)
    seconds = whole.days * 86_400 + whole.seconds
    fraction = f".{whole.microseconds:06d}" if whole.microseconds else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def _bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _list(value: Any) -> list[Any]:
    return [to_json(one) for one in value]


def _object(value: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): to_json(one) for key, one in value.items()}


_OUT: Mapping[type, Callable[[Any], Any]] = {
    float: _double,
    Decimal: _number,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _duration,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: lambda value: _bytes(bytes(value)),
    UUID: str,
    list: _list,
    tuple: _list,
    set: lambda value: sorted(map(str, value)),
    dict: _object,
}


def sqlite_value(value: Any) -> Any:
    """Return the JSON form of one SQLite value: only blobs and infinite numbers differ from it."""
    if type(value) is bytes:
        return _bytes(value)
    return _double(value) if type(value) is float else value


def from_json(value: Any, column_type: str) -> Any:
    """Return what a driver needs to write a JSON value into a column of this type.

    Parameters
    ----------
    column_type : str
        The database's name of the type, lower case (``jsonb``, ``bytea``, ``integer[]``, ``blob``).
    """
    if column_type in _BINARY and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            return value.encode()
    if column_type in {"json", "jsonb"}:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and column_type.endswith("[]"):
        return [from_json(one, column_type[:-2]) for one in value]
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return str(value)
    if isinstance(value, str) and column_type in _MYSQL_TIMES:
        return _mysql_time(value)
    return value


_BINARY = frozenset({"bytea", "blob", "binary", "varbinary", "longblob", "mediumblob", "tinyblob"})
_MYSQL_TIMES = frozenset({"datetime"})


def _mysql_time(value: str) -> Any:
    # MySQL before 8.0.19 and MariaDB take no offset in a literal; the session's zone is UTC.
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return value
    if moment.tzinfo is None:
        return moment
    from datetime import timezone

    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def use_text_where_python_cannot(connection: Any) -> None:
    """Read PostgreSQL dates that Python has no object for (``infinity``, years past 9999, BC) as their text."""
    from psycopg import DataError, adapt
    from psycopg.types import datetime as loaders

    def lenient(base: type[adapt.Loader]) -> type[adapt.Loader]:
        class Lenient(base):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except DataError:
                    return bytes(data).decode()

        return Lenient

    for name, loader in (
        ("date", loaders.DateLoader),
        ("timestamp", loaders.TimestampLoader),
        ("timestamptz", loaders.TimestamptzLoader),
        ("interval", loaders.IntervalLoader),
        ("timetz", loaders.TimetzLoader),
    ):
        connection.adapters.register_loader(name, lenient(loader))
