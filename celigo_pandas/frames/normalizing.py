"""``normalize=``: what counts as the same beyond what is the same, column by column."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from celigo_pandas.errors import ConfigError, FrameError, shown
from celigo_pandas.frames.likeness import Instant, WallTime, as_number, likeness

__all__ = ["WORDS", "Normal", "Normalizers", "normalizers"]

Normal = str | Callable[[Any], Any]
"""A word of :data:`WORDS`, or a function of a value that is not missing."""


def _trim(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _case(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


def _empty(value: object) -> object:
    return None if isinstance(value, str) and not value else value


def _number(value: object) -> object:
    number = as_number(value.strip()) if isinstance(value, str) else None
    return value if number is None else number


def _text(value: object) -> object:
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float, Decimal)):
        return str(likeness(value))
    return value


_TRUTHS: dict[Any, bool] = {"true": True, "1": True, 1: True, "false": False, "0": False, 0: False}


def _boolean(value: object) -> object:
    known = value.strip().casefold() if isinstance(value, str) else value
    return _TRUTHS.get(known, value) if isinstance(known, (str, int, float, Decimal)) else value


def _utc(value: object) -> object:
    like = likeness(value)
    return Instant(like.clock, like.digits) if isinstance(like, WallTime) else value


def _exact(value: object) -> object:
    return value


WORDS: dict[str, Callable[[Any], object]] = {
    "trim": _trim, "case": _case, "empty": _empty, "number": _number, "text": _text, "boolean": _boolean, "utc": _utc,
    "exact": _exact,
}  # fmt: skip


class Normalizers:
    """What is done to the values of each column before they are compared.

    Parameters
    ----------
    every : sequence
        For columns that are not named.
    named : mapping
        By column.
    """

    def __init__(self, every: Sequence[Normal] = (), named: Mapping[str, Sequence[Normal]] = {}) -> None:
        self._every, self._named = tuple(every), dict(named)

    def tells_apart(self, column: str) -> bool:
        """Whether someone said that the destination tells texts of this column apart letter by letter."""
        return "exact" in self._steps(column)

    def of(self, column: str) -> Callable[[Any], Hashable]:
        """Return the likeness of values of a column, as they count here."""
        steps = self._steps(column)
        return _normalized(column, steps) if set(steps) - {"exact"} else likeness

    def _steps(self, column: str) -> tuple[Normal, ...]:
        return tuple(self._named.get(column, self._every))


def _normalized(column: str, steps: Sequence[Normal]) -> Callable[[Any], Hashable]:
    functions = [WORDS[step] if isinstance(step, str) else _guarded(step, column) for step in steps]

    def like(value: object) -> Hashable:
        if likeness(value) is None:
            return None
        for function in functions:
            value = function(value)
            if value is None:
                return None
        return likeness(value)

    return like


def _guarded(function: Callable[[Any], Any], column: str) -> Callable[[Any], Any]:
    def call(value: object) -> object:
        try:
            return function(value)
        except Exception as error:
            raise FrameError(
                f"normalize: the function for column {column!r} fails for {shown(value)}: "
                f"{type(error).__name__}: {error}.",
                hint="It is given every value of both sides that is not missing, of whatever type.",
                column=column,
            ) from error

    return call


def normalizers(normalize: object, columns: Iterable[str]) -> Normalizers:
    """Read ``normalize=``: nothing, words or functions for all columns, or a mapping by column.

    Raises
    ------
    ConfigError
        A word that there is not, or a column that there is not, where there are any.
    """
    if normalize is None:
        return Normalizers()
    if not isinstance(normalize, Mapping):
        return Normalizers(_steps(normalize, "normalize"))
    known = list(columns)
    for name in normalize:
        if known and name not in known:
            raise ConfigError(
                f"normalize: got column {shown(name)}; expected one of {', '.join(map(repr, known))}.",
                hint="Columns are named as the mapping writes them.",
            )
    return Normalizers((), {name: _steps(steps, f"normalize for {name!r}") for name, steps in normalize.items()})


def _steps(given: Any, what: str) -> tuple[Normal, ...]:
    steps = (given,) if isinstance(given, str) or callable(given) else given
    is_list = isinstance(steps, (list, tuple))
    if is_list and all(callable(step) or (isinstance(step, str) and step in WORDS) for step in steps):
        return tuple(steps)
    raise ConfigError(
        f"{what}: got {shown(given)}; expected {', '.join(map(repr, WORDS))}, a function, or a list of these."
    )
