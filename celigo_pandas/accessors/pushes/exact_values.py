"""Single values as JSON and back, with their type: what object columns, labels and categories hold.

JSON's own values are themselves. Others are an object with one key, ``{"$date": "2024-05-01"}``; an object whose keys
are not plain text, or begin with ``$``, is written as its pairs. Nothing is executed on reading.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pandas as pd

from celigo_pandas.frames.outward_values import Unsendable, plain_value

__all__ = ["pack", "unpack"]

_PLAIN = frozenset({str, int, bool, type(None)})


def pack(value: Any) -> Any:
    """Write a value as JSON-ready plain values.

    Members of enumerations and subclasses of a builtin become what is sent of them.

    Raises
    ------
    TypeError
        A type that is not known here and has no form on the wire either.
    """
    kind = type(value)
    if kind in _PLAIN or (kind is float and math.isfinite(value)):
        return value
    if kind is list:
        return [pack(member) for member in value]
    if kind is dict:
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: pack(member) for key, member in value.items()}
        return {"$dict": [[pack(key), pack(member)] for key, member in value.items()]}
    if value is pd.NA or value is pd.NaT:
        return {"$missing": str(value)}
    if isinstance(value, np.generic):
        return {"$numpy": [value.dtype.str, _of_numpy(value)]}
    for name, codec in _CODECS.items():
        if kind is codec.kind:
            return {f"${name}": codec.write(value)}
    try:
        return plain_value(value)
    except Unsendable as error:
        raise TypeError(str(error)) from None


def unpack(value: object) -> Any:
    """Read what :func:`pack` wrote."""
    if isinstance(value, list):
        return [unpack(member) for member in value]
    if not isinstance(value, dict):
        return value
    key = next(iter(value), "")
    if not key.startswith("$"):
        return {name: unpack(member) for name, member in value.items()}
    content = value[key]
    if key == "$dict":
        return {unpack(name): unpack(member) for name, member in content}
    if key == "$missing":
        return pd.NA if content == "<NA>" else pd.NaT
    if key == "$numpy":
        return _to_numpy(*content)
    return _CODECS[key[1:]].read(content)


class _Codec(NamedTuple):
    kind: type
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _of_numpy(value: Any) -> object:
    if value.dtype.kind in "mM":
        return int(value.view("i8"))
    return repr(float(value)) if value.dtype.kind == "f" else value.item()


def _to_numpy(dtype: str, content: Any) -> object:
    kind = np.dtype(dtype)
    if kind.kind in "mM":
        return np.int64(content).view(kind)
    return kind.type(float(content) if kind.kind == "f" else content)


def _of_timestamp(value: pd.Timestamp) -> list[Any]:
    zone = None if value.tz is None else str(value.tz)
    if zone is not None:
        try:
            value.tz_convert(zone)
        except (ValueError, KeyError):  # no name of a zone, as dateutil's
            zone = str(dt.timezone(value.utcoffset() or dt.timedelta()))
    return [int(value.asm8.view("i8")), value.unit, zone]


def _to_timestamp(content: list[Any]) -> pd.Timestamp:
    count, unit, zone = content
    moment = pd.Timestamp(np.datetime64(count, unit))
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(zone)


def _to_timedelta(content: list[Any]) -> pd.Timedelta:
    return pd.Timedelta(np.timedelta64(content[0], content[1]))


_CODECS: dict[str, _Codec] = {
    "float": _Codec(float, repr, float),
    "tuple": _Codec(tuple, lambda value: [pack(member) for member in value], lambda content: tuple(unpack(content))),
    "bytes": _Codec(bytes, bytes.hex, bytes.fromhex),
    "decimal": _Codec(Decimal, str, Decimal),
    "uuid": _Codec(UUID, str, UUID),
    "date": _Codec(dt.date, dt.date.isoformat, dt.date.fromisoformat),
    "time": _Codec(dt.time, dt.time.isoformat, dt.time.fromisoformat),
    "datetime": _Codec(dt.datetime, dt.datetime.isoformat, dt.datetime.fromisoformat),
    "timedelta": _Codec(
        dt.timedelta, lambda value: [value.days, value.seconds, value.microseconds], lambda parts: dt.timedelta(*parts)
    ),
    "timestamp": _Codec(pd.Timestamp, _of_timestamp, _to_timestamp),
    "pandas timedelta": _Codec(pd.Timedelta, lambda value: [int(value.asm8.view("i8")), value.unit], _to_timedelta),
    "period": _Codec(
        pd.Period,
        lambda value: [value.ordinal, value.freqstr],
        lambda parts: pd.Period(ordinal=parts[0], freq=parts[1]),
    ),
    "interval": _Codec(
        pd.Interval,
        lambda value: [pack(value.left), pack(value.right), value.closed],
        lambda parts: pd.Interval(unpack(parts[0]), unpack(parts[1]), parts[2]),
    ),
    "array": _Codec(
        np.ndarray,
        lambda value: [value.dtype.str, list(value.shape), [pack(member) for member in value.ravel()]],
        lambda parts: _to_array(*parts),
    ),
}


def _to_array(dtype: str, shape: list[int], members: list[Any]) -> np.ndarray:
    array = np.empty(len(members), dtype=dtype)
    for place, member in enumerate(members):
        array[place] = unpack(member)
    return array.reshape(shape)
