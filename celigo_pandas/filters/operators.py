"""What each operator, cast and function of a filter does with plain values.

Where the vendor's text is silent the reading is integrator-api.md's, section 9.1: missing or null has no order and
equals only null; ``contains`` on a list asks for a member; ``matches`` searches anywhere, case-sensitive.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from celigo_pandas.errors import FilterError, shown
from celigo_pandas.javascript.dates import DateError, compile_reader, epoch_milliseconds
from celigo_pandas.javascript.regexes import PatternError, compile_pattern
from celigo_pandas.javascript.values import UNDEFINED, compare, loose_equal, to_number, to_text, truthy

__all__ = ["CASTS", "COMPARISONS", "FUNCTIONS", "is_empty", "is_one_of"]


def is_empty(value: object) -> bool:
    """Missing, null, empty text, list or object; 0 and false are values. A cast without a value is empty too."""
    return _is_missing(value) or (isinstance(value, (str, list, dict)) and not value)


def is_one_of(value: object, choices: object) -> bool:
    """Whether a value equals one of a list."""
    return isinstance(choices, list) and any(_equals(value, choice) for choice in choices)


def _is_missing(value: object) -> bool:
    return value is None or value is UNDEFINED or (isinstance(value, float) and value != value)


def _equals(left: object, right: object) -> bool:
    # Assumed: without a cast equality is loose, as in the platform's own scripts.
    return loose_equal(left, right)


def _ordered(operator: str) -> Callable[[Any, Any], bool]:
    def ordered(left: object, right: object) -> bool:
        return not _is_missing(left) and not _is_missing(right) and compare(left, operator, right)

    return ordered


def _texts(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def tested(left: object, right: object) -> bool:
        return not _is_missing(left) and not _is_missing(right) and test(to_text(left), to_text(right))

    return tested


def _contains(left: object, right: object) -> bool:
    if isinstance(left, list):
        return any(_equals(item, right) for item in left)
    return not _is_missing(left) and not _is_missing(right) and to_text(right) in to_text(left)


def _matches(left: object, right: object) -> bool:
    if _is_missing(left) or _is_missing(right):
        return False
    try:
        return compile_pattern(to_text(right)).search(to_text(left)) is not None
    except PatternError as error:
        raise FilterError(f"The pattern {shown(right)} cannot be used: {error}") from error


COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "equals": _equals,
    "notequals": lambda left, right: not _equals(left, right),
    "greaterthan": _ordered(">"),
    "greaterthanequals": _ordered(">="),
    "greaterthanorequals": _ordered(">="),
    "less": _ordered("<"),
    "lessthan": _ordered("<"),
    "lessthanequals": _ordered("<="),
    "lessthanorequals": _ordered("<="),
    "startswith": _texts(str.startswith),
    "endswith": _texts(str.endswith),
    "contains": _contains,
    "doesnotcontain": lambda left, right: not _contains(left, right),
    "matches": _matches,
}


def _to_number(value: object) -> Any:
    if _is_missing(value) or value == "" or (isinstance(value, str) and not value.strip()):
        return math.nan
    return to_number(value)


def _to_boolean(value: object) -> bool:
    return value.lower() == "true" if isinstance(value, str) else truthy(value)


def _to_epoch(value: object) -> object:
    if _is_missing(value) or value == "":
        return math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    try:
        return epoch_milliseconds(_read_date(value))
    except DateError:
        return math.nan


_read_date = compile_reader(None, None)

CASTS: Final[dict[str, Callable[[Any], Any]]] = {
    "string": to_text,
    "number": _to_number,
    "boolean": _to_boolean,
    "epochtime": _to_epoch,
}


def _of_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: value if _is_missing(value) else change(to_text(value))


def _of_number(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def changed(value: object) -> Any:
        number = _to_number(value)
        return change(number) if number - number == 0 else number

    return changed


FUNCTIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "lowercase": _of_text(str.lower),
    "uppercase": _of_text(str.upper),
    "ceiling": _of_number(math.ceil),
    "floor": _of_number(math.floor),
    "abs": _of_number(abs),
}
