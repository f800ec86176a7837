"""When two values are the same for a person who compares what is to be with what is there.

Every value has a *likeness*, something that can be hashed; two values are the same when their likenesses are equal.
Numbers are the same by value (``1``, ``1.0``, ``Decimal("1.00")``), texts letter by letter, texts that are dates of
ISO 8601 by the moment they name. A number is no text, true is not 1. All missing values are one, and a member that is
null is a member that is not there.

A time without a zone is a moment only for who knows the zone: beside one that has a zone it cannot be compared, and
:func:`incomparable` says so.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Hashable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from celigo_pandas.frames.outward_values import Unsendable, plain_value
from celigo_pandas.frames.pieces import EXACT_INTEGER

__all__ = ["Instant", "Opaque", "WallTime", "incomparable", "likeness", "nearness"]


class Instant(NamedTuple):
    """A moment: seconds since 1970 in UTC, and the digits after them."""

    seconds: int
    fraction: str = ""


class WallTime(NamedTuple):
    """A date, or a date and time, whose zone nobody tells."""

    clock: int
    digits: str = ""
    zone: str = "?"  # three members: it never equals an Instant


class Opaque(NamedTuple):
    """A value of a type that has no form in JSON."""

    kind: str
    which: int
    opaque: bool = True
    because: str = "no JSON"


class _Truth(NamedTuple):
    is_true: bool


def likeness(value: object) -> Hashable:
    """Return what stands for `value` in a comparison; None for a missing one.

    Examples
    --------
    >>> likeness(1.0) == likeness(1), likeness("1") == likeness(1), likeness(True) == likeness(1)
    (True, False, False)
    >>> likeness("2026-03-01T12:00:00+01:00") == likeness("2026-03-01 11:00:00Z")
    True
    """
    form = _FORMS.get(type(value))
    return _other(value) if form is None else form(value)


def incomparable(one: object, other: object) -> str | None:
    """Say why two likenesses cannot be compared; None where they can."""
    for value in (one, other):
        if isinstance(value, Opaque):
            return f"a value of type {value.kind} cannot be compared"
    if {type(one), type(other)} == {Instant, WallTime}:
        return "a time without a zone cannot be compared with one that has a zone"
    return None


def nearness(like: object) -> str:
    """Return a text that is one for all likenesses that some database takes for the same.

    Collations differ: one takes ``abc`` for ``ABC``, another ``é`` for ``e`` or ``a `` for ``a``, and passes over what
    cannot be seen (a byte order mark, a soft hyphen); a column of numbers takes ``"007"`` for 7.
    """
    if isinstance(like, str):
        bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", like).casefold())
        if not (bare.isascii() and bare.isprintable()):
            bare = "".join(letter for letter in bare if not _is_ignored(letter)).translate(_BASES)
        bare = bare.strip()
        number = as_number(bare)
        return bare if number is None else nearness(number)
    if isinstance(like, tuple) and not isinstance(like, (Instant, WallTime, _Truth, Opaque)):
        return "\0".join(map(nearness, like))
    if isinstance(like, (Instant, WallTime)):
        return f"{like[0]}.{like[1]}"
    if isinstance(like, _Truth):
        return str(int(like.is_true))
    return str(like)


def _is_ignored(letter: str) -> bool:
    """Say whether some collation passes over it: marks, and what cannot be seen, such as a soft hyphen."""
    return bool(unicodedata.combining(letter)) or unicodedata.category(letter) in ("Cc", "Cf")


# Letters that are no letter with a mark to Unicode, and yet are one to many a collation.
_BASES = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ł": "l", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"})

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)


def as_number(text: str) -> int | float | Decimal | None:
    """Read a text that is a decimal number, exactly; None where it is none."""
    if not _NUMBER.match(text) or len(text) > 400:
        return None
    try:
        return _of_decimal(Decimal(text))
    except InvalidOperation:
        return None


# -- the likeness of each type ----------------------------------------------------------------------------------------

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?)?\Z", re.ASCII
)
_EPOCH = dt.date(1970, 1, 1).toordinal()


def _of_text(text: str) -> Hashable:
    if len(text) < 10 or text[4] != "-" or text[7] != "-":
        return text
    found = _ISO.match(text)
    return text if found is None else _moment(text, found)


def _moment(text: str, found: re.Match[str]) -> Hashable:
    day, hour, minute, second, fraction, zone = found.groups()
    try:
        days = dt.date.fromisoformat(day).toordinal() - _EPOCH
        clock = dt.time(int(hour or 0), int(minute or 0), int(second or 0))
        offset = _offset(zone)
    except ValueError:  # the 30th of February
        return text
    seconds = ((days * 24 + clock.hour) * 60 + clock.minute) * 60 + clock.second
    digits = (fraction or "").rstrip("0")
    return WallTime(seconds, digits) if offset is None else Instant(seconds - offset, digits)


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _of_float(value: float) -> int | float | Decimal | None:
    if value.is_integer():
        # Beyond 2^53 a float is what it is written as, not what its bits say.
        return int(value) if abs(value) < EXACT_INTEGER else int(Decimal(repr(float(value))))
    return None if math.isnan(value) else float(value)  # numpy's own would be compared with a tuple part by part


def _of_decimal(value: Decimal) -> int | float | Decimal | None:
    if not value.is_finite():
        return None if value.is_nan() else float(value)
    if value == 0:
        return 0
    if abs(value.adjusted()) > 400:
        return value.normalize()
    if value == value.to_integral_value():
        return int(value)
    nearest = float(value)
    return nearest if math.isfinite(nearest) and Decimal(repr(nearest)) == value else value


def _of_time(value: Any) -> Hashable:
    return None if value is pd.NaT else _of_text(value.isoformat())


def _of_list(values: Any) -> Hashable:
    return ("list", *map(likeness, values))


def _of_object(value: dict[Any, Any]) -> Hashable:
    members = ((key, likeness(member)) for key, member in value.items())
    return ("object", frozenset(pair for pair in members if pair[1] is not None))


def _other(value: object) -> Hashable:
    if isinstance(value, np.ndarray):
        return _of_list(value.tolist() if value.dtype.kind != "O" else list(value))
    if isinstance(value, (bool, np.bool_)):
        return _Truth(bool(value))
    if isinstance(value, (dt.datetime, dt.date)):
        return _of_time(value)
    if isinstance(value, Decimal):
        return _of_decimal(value)
    try:
        plain = plain_value(value)
    except (Unsendable, RecursionError):
        return Opaque(type(value).__name__, id(value))
    return likeness(plain) if type(plain) in _FORMS else Opaque(type(value).__name__, id(value))


def _itself(value: Hashable) -> Hashable:
    return value


_FORMS: dict[type, Callable[[Any], Hashable]] = {
    type(None): _itself, str: _of_text, int: _itself, bool: _Truth, float: _of_float, Decimal: _of_decimal,
    list: _of_list, tuple: _of_list, dict: _of_object, np.float64: _of_float, pd.Timestamp: _of_time,
    dt.datetime: _of_time, dt.date: _of_time, type(pd.NaT): _of_time, type(pd.NA): lambda value: None,
    Instant: _itself, WallTime: _itself,
}  # fmt: skip
