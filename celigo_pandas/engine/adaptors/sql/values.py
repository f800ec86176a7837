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
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

__all__ = ["UnreadableText", "from_json", "read_text", "sqlite_value", "to_json", "use_text_where_python_cannot"]


def to_json(value: Any) -> Any:
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


_MOST_DIGITS = 4_000
"""Of an integer; Python writes and reads no more than 4,300 as a number."""


def _number(value: Decimal) -> Any:
    if not value.is_finite():
        return "NaN" if value.is_nan() else ("Infinity" if value > 0 else "-Infinity")
    if value.as_tuple().exponent == 0 and value.adjusted() < _MOST_DIGITS:
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


class UnreadableText:
    """A text of SQLite that is not UTF-8."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content


def read_text(content: bytes) -> Any:
    """Return a text of SQLite, which takes any bytes for one."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return UnreadableText(content)


def sqlite_value(value: Any) -> Any:
    """Return the JSON form of one SQLite value: only blobs and infinite numbers differ from it."""
    if type(value) is bytes:
        return _bytes(value)
    return _double(value) if type(value) is float else value


def from_json(value: Any, column_type: str, dialect: str) -> Any:
    """Return what a driver needs to write a JSON value into a column of this type.

    Parameters
    ----------
    column_type : str
        The database's name of the type, lower case (``jsonb``, ``bytea``, ``integer[]``, ``blob``).
    dialect : str
        ``sqlite``, ``postgresql``, ``mysql`` or ``mariadb``.
    """
    if value is None:
        return None
    if column_type.endswith("[]"):
        return _array(value, column_type[:-2]) if isinstance(value, list) else value
    if isinstance(value, str) and (column_type in _BINARY or (dialect in _MYSQL and column_type in _SPATIAL)):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            return value.encode()
    if column_type == "bit":
        return value
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        # A number column of SQLite would make a float of the digits; as an integer its driver refuses it.
        is_exact_as_text = dialect != "sqlite" or column_type in _SQLITE_TEXT
        return str(value) if is_exact_as_text else value
    if column_type in _JSON:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, str) and column_type in {"datetime", "timestamp"} and dialect in _MYSQL:
        return _mysql_time(value)
    return value


def _array(values: list[Any], kind: str) -> str:
    """Return PostgreSQL's text of an array: it takes elements of mixed types and of types that the driver lacks."""
    delimiter = ";" if kind == "box" else ","
    return f"{{{delimiter.join(_element(value, kind) for value in values)}}}"


def _element(value: Any, kind: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, list) and kind not in _JSON:
        return _array(value, kind)
    found = from_json(value, kind, "postgresql")
    if isinstance(found, bool):
        text = "true" if found else "false"
    elif isinstance(found, bytes):
        text = rf"\x{found.hex()}"
    else:
        text = str(found)
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


_JSON = frozenset({"json", "jsonb"})
_MYSQL = frozenset({"mysql", "mariadb"})
_BINARY = frozenset({"bytea", "blob", "binary", "varbinary", "longblob", "mediumblob", "tinyblob"})
_SPATIAL = frozenset(
    "geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection".split()
)
"""MySQL gives these as it keeps them, in bytes; PostgreSQL as text."""
_SQLITE_TEXT = frozenset({"text", "varchar", "char", "nvarchar", "nchar", "clob", "blob", "null"})
"""Types, as SQLAlchemy names them, whose columns keep text as text; ``null`` is a column without a type."""


def _mysql_time(value: str) -> Any:
    # MySQL before 8.0.19 and MariaDB take no offset in a literal; the session's zone is UTC.
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return value
    return moment if moment.tzinfo is None else moment.astimezone(timezone.utc).replace(tzinfo=None)


def _read_json(text: str | bytes) -> Any:
    return json.loads(text, parse_float=_json_number, parse_int=_json_integer)


def _json_number(text: str) -> Any:
    double = float(text)
    return double if Decimal(repr(double)) == Decimal(text) else text


def _json_integer(text: str) -> Any:
    return int(text) if len(text) <= _MOST_DIGITS else text


def use_text_where_python_cannot(connection: Any) -> None:
    """Read as PostgreSQL's text what Python's objects would change or cannot hold.

    Dates such as ``infinity``, years past 9999 and BC; the time ``24:00:00``; intervals with months or years, which
    are no number of days; ranges.
    """
    from psycopg import DataError, NotSupportedError, adapt
    from psycopg.types import datetime as loaders
    from psycopg.types.json import set_json_loads
    from psycopg.types.string import TextLoader

    def lenient(base: type[adapt.Loader], but: tuple[bytes, ...] = ()) -> type[adapt.Loader]:
        class Lenient(base):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                if not (but and any(word in bytes(data) for word in but)):
                    try:
                        return super().load(data)
                    except (DataError, NotSupportedError):
                        pass
                return bytes(data).decode()

        return Lenient

    for name, loader in (
        ("date", loaders.DateLoader),
        ("time", loaders.TimeLoader),
        ("timestamp", loaders.TimestampLoader),
        ("timestamptz", loaders.TimestamptzLoader),
        ("timetz", loaders.TimetzLoader),
    ):
        connection.adapters.register_loader(name, lenient(loader))
    connection.adapters.register_loader("interval", lenient(loaders.IntervalLoader, (b"mon", b"year")))
    for kind in ("int4", "int8", "num", "date", "ts", "tstz"):
        connection.adapters.register_loader(f"{kind}range", TextLoader)
        connection.adapters.register_loader(f"{kind}multirange", TextLoader)
    set_json_loads(_read_json, connection)
