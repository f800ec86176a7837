"""What one value of a frame is in JSON: the table behind every push, dry run and frozen example.

A missing value of any kind becomes ``None`` (the caller leaves it out or sends ``null``). Whatever has no faithful
form in JSON is refused with the reason; nothing is turned into its ``str`` merely because that works.
The table in ``docs/frames.md`` ("Outward") states the same and is checked against this module.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Callable
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

__all__ = ["SCALARS", "Unsendable", "is_clean", "plain_value", "shortest_double"]


class Unsendable(Exception):
    """A value that JSON cannot hold; the text says why. ``outward`` turns it into a FrameError."""


SCALARS = frozenset({str, int, bool, type(None)})
"""Types whose values are already what JSON wants; strings are checked for lone surrogates when they are encoded."""

_KEYS = frozenset({str})
_KNOWN = SCALARS | {float, dict, list}
_DEEPEST = 100


def is_clean(values: list[Any]) -> bool:
    """Say whether some values are JSON's already, with all they hold: text, numbers, booleans, null, lists, objects.

    Looked at level by level, not value by value: a column of lists of objects costs a few passes in C.
    """
    level = values
    for depth in range(_DEEPEST):
        if depth > 16 and len(level) > 100_000:  # a list that holds itself, twice
            return False
        kinds = set(map(type, level))
        if kinds <= SCALARS:
            return True
        if not kinds <= _KNOWN:
            return False
        if float in kinds and not all(map(math.isfinite, _of_type(float, level, kinds))):
            return False
        objects = _of_type(dict, level, kinds)
        if not _KEYS.issuperset(map(type, chain.from_iterable(objects))):
            return False
        members = chain.from_iterable(map(dict.values, objects))
        level = [*members, *chain.from_iterable(_of_type(list, level, kinds))]
    return False


def _of_type(kind: type, values: list[Any], kinds: set[type]) -> list[Any]:
    if kind not in kinds:
        return []
    return values if len(kinds) == 1 else [value for value in values if type(value) is kind]


def plain_value(value: object) -> object:
    """Convert one value, nested ones with all they hold.

    Raises
    ------
    Unsendable
        The value, or one inside it, has no faithful form in JSON.
    """
    kind = type(value)
    if kind in SCALARS:
        return value
    convert = _BY_TYPE.get(kind)
    if convert is None:
        convert = _by_ancestor(kind)
    return convert(value)


def shortest_double(value: object) -> float:
    """Return the shortest double that reads back as the same 16 or 32 bit float (0.1, not 0.10000000149)."""
    return float(str(value))


def _float(value: float) -> float | None:
    if math.isfinite(value):
        return float(value)
    if math.isnan(value):
        return None
    raise Unsendable(f"got {float(value)!r}; JSON has no infinity")


def _numpy_float(value: Any) -> float | None:
    if not np.isfinite(value):
        return _float(float(value))
    return shortest_double(value) if value.dtype.itemsize < 8 else _float(float(value))


def _decimal(value: Decimal) -> str | None:
    if value.is_nan():
        return None
    if value.is_infinite():
        raise Unsendable(f"got {value!r}; JSON has no infinity")
    return format(value, "f")


def _missing(value: object) -> None:
    return None


def _iso(value: Any) -> str | None:
    # NaT is an instance of datetime in pandas' eyes; its text would be "NaT".
    return None if value is pd.NaT else str(value.isoformat())


def _timestamp(value: Any) -> str | None:
    return _iso(pd.Timestamp(value))


def _duration(value: Any) -> str | None:
    return _iso(pd.Timedelta(value))


def _mapping(value: dict[Any, Any]) -> dict[str, Any]:
    plain = {_key(key): plain_value(member) for key, member in value.items()}
    if len(plain) != len(value):
        raise Unsendable("two keys of one object have the same text")
    return plain


def _key(key: object) -> str:
    if isinstance(key, str):
        return str(key)
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        return str(int(key))
    raise Unsendable(f"got an object with the key {key!r}; keys must be text")


def _sequence(value: Any) -> list[Any]:
    return [plain_value(member) for member in value]


def _array(value: Any) -> Any:
    if value.ndim == 0:
        return plain_value(value[()])
    # Not tolist(): it would widen 32 bit floats and turn nanosecond times into integers.
    return [_array(member) if isinstance(member, np.ndarray) else plain_value(member) for member in value]


def _refuse(value: object) -> object:
    name = type(value).__name__
    raise Unsendable(f"got a value of type {name}{_HINTS.get(name, '')}")


_HINTS = {"bytes": "; decode it to text", "bytearray": "; decode it to text", "set": "; a set has no order, use a list"}


_ANCESTORS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    # Order matters: an Enum may be a str, a Timestamp is a datetime, a datetime is a date.
    (enum.Enum, lambda value: plain_value(value.value)),
    (np.bool_, bool),
    (str, str),
    (np.timedelta64, _duration),  # numpy counts it among its integers
    ((int, np.integer), int),
    (np.floating, _numpy_float),
    (float, _float),
    (type(pd.NaT), _missing),
    (np.datetime64, _timestamp),
    (dt.timedelta, _duration),
    ((dt.date, dt.time), _iso),
    (Decimal, _decimal),
    ((UUID, pd.Period, pd.Interval), str),
    (dict, _mapping),
    ((list, tuple), _sequence),
    (np.ndarray, _array),
)

_BY_TYPE: dict[type, Callable[[Any], Any]] = {
    float: _float,
    dict: lambda value: value if is_clean([value]) else _mapping(value),
    list: lambda value: value if is_clean([value]) else _sequence(value),
    type(pd.NA): _missing,
    type(pd.NaT): _missing,
}


def _by_ancestor(kind: type) -> Callable[[Any], Any]:
    for ancestors, convert in _ANCESTORS:
        if issubclass(kind, ancestors):
            return convert
    return _refuse
