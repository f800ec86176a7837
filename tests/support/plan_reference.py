"""What a plan should say, written as plainly as can be: every pair of rows is looked at, value by value."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

Record = dict[str, Any]

_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")

NORMAL: dict[str, Any] = {
    "trim": lambda value: value.strip() if isinstance(value, str) else value,
    "case": lambda value: value.casefold() if isinstance(value, str) else value,
    "empty": lambda value: None if value == "" else value,
    "number": lambda value: int(value) if isinstance(value, str) and re.fullmatch(r"-?\d+", value) else value,
}


def moment(value: Any) -> pd.Timestamp | None:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return pd.Timestamp(value)
    except ValueError:
        return None


def compared(one: Any, other: Any, words: tuple[str, ...] = ()) -> str:
    """Say ``same``, ``different`` or ``unclear``."""
    for word in words:
        one = None if one is None else NORMAL[word](one)
        other = None if other is None else NORMAL[word](other)
    if one is None or other is None:
        return "same" if one is other else "different"
    if isinstance(one, bool) or isinstance(other, bool):
        return "same" if one is other else "different"
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return "same" if _exact(one) == _exact(other) else "different"
    moments = moment(one), moment(other)
    if moments[0] is not None and moments[1] is not None:
        if (moments[0].tzinfo is None) != (moments[1].tzinfo is None):
            return "unclear"
        return "same" if moments[0] == moments[1] else "different"
    if isinstance(one, list) and isinstance(other, list):
        alike = len(one) == len(other) and all(compared(*pair) == "same" for pair in zip(one, other, strict=True))
        return "same" if alike else "different"
    return "same" if type(one) is type(other) and one == other else "different"


def _exact(number: float) -> Fraction:
    return Fraction(Decimal(repr(number)))


def _near(one: Any, other: Any) -> bool:
    return _bare(one) == _bare(other)


def _bare(value: Any) -> str:
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    whole = whole if moment(whole) is None else moment(whole)
    text = unicodedata.normalize("NFKD", str(whole)).casefold().strip()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return str(int(text)) if re.fullmatch(r"-?\d+", text) else text


class Reference:
    """The expected plan of some mapped records against those at a destination."""

    def __init__(
        self, here: list[Record], there: list[Record], key: list[str], fields: list[str],
        normal: dict[str, tuple[str, ...]],
    ) -> None:  # fmt: skip
        self.here, self.there, self.key, self.fields, self.normal = here, there, key, fields, normal
        self.actions: list[str] = []
        self.changes: list[tuple[int, str]] = []
        for place in range(len(here)):
            self.actions.append(self._action(place))
        keys = [self._key(record) for record in here]
        self.missing = [
            place for place, row in enumerate(there)
            if not self._whole(row) or not any(key is not None and self._same_key(row, here[at])
                                               for at, key in enumerate(keys))
        ]  # fmt: skip

    def _value(self, record: Record, name: str) -> Any:
        value = record.get(name)
        for word in self.normal.get(name, ()):
            value = None if value is None else NORMAL[word](value)
        return value

    def _whole(self, record: Record) -> bool:
        return all(self._value(record, name) is not None for name in self.key)

    def _key(self, record: Record) -> Any:
        return tuple(self._value(record, name) for name in self.key) if self._whole(record) else None

    def _same_key(self, one: Record, other: Record) -> bool:
        words = self.normal
        return all(compared(one.get(name), other.get(name), words.get(name, ())) == "same" for name in self.key)

    def _near_key(self, one: Record, other: Record) -> bool:
        return self._whole(one) and all(_near(self._value(one, name), self._value(other, name)) for name in self.key)

    def _action(self, place: int) -> str:
        record = self.here[place]
        if not self._whole(record):
            return "conflict"
        if sum(self._whole(other) and self._same_key(record, other) for other in self.here) > 1:
            return "conflict"
        found = [row for row in self.there if self._whole(row) and self._same_key(record, row)]
        if len(found) > 1:
            return "conflict"
        if not found:
            return "conflict" if self._has_near(place) else "create"
        told = {name: compared(found[0].get(name), record.get(name), self.normal.get(name, ())) for name in self.fields}
        self.changes += [(place, name) for name in self.fields if told[name] != "same"]
        if "different" in told.values():
            return "update"
        return "conflict" if "unclear" in told.values() else "unchanged"

    def _has_near(self, place: int) -> bool:
        record = self.here[place]
        if any(self._near_key(row, record) for row in self.there):
            return True
        absent = [
            other for at, other in enumerate(self.here)
            if at != place and self._whole(other)
            and not any(self._whole(row) and self._same_key(other, row) for row in self.there)
            and sum(self._whole(one) and self._same_key(other, one) for one in self.here) == 1
        ]  # fmt: skip
        return any(self._near_key(other, record) for other in absent)
