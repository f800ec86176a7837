"""How mapped records stand to the rows of a destination: absent there, the same, different, or not to be told."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from celigo_pandas.accessors.destinations.compared_fields import ComparedFields
from celigo_pandas.errors import shown
from celigo_pandas.frames.column_differences import column_differences, values_at
from celigo_pandas.frames.normalizing import Normalizers
from celigo_pandas.frames.row_keys import KeyIndex, near_each_other, near_keys, row_keys

__all__ = ["FieldDifference", "Standing", "standing"]


class FieldDifference(NamedTuple):
    """A field of a record that is otherwise there; see :class:`~celigo_pandas.frames.column_differences.Difference`."""

    record: int
    field: str
    before: Any
    after: Any
    incomparable: str | None


@dataclass
class Standing:
    """What was found.

    Attributes
    ----------
    records : ndarray of str
        For each mapped record ``absent``, ``same``, ``different`` or ``unclear``.
    reasons : dict
        Why, for records that are ``unclear``.
    differences : list
        Of the records that are ``different`` or, where nothing but this is to be told, ``unclear``; by field.
    missing : ndarray
        Positions of the destination's rows that no record has the key of.
    notes : list of str
        What a reader of the result should know.
    """

    records: np.ndarray
    reasons: dict[int, str] = field(default_factory=dict)
    differences: list[FieldDifference] = field(default_factory=list)
    missing: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    notes: list[str] = field(default_factory=list)

    def differences_of(self, record: int) -> list[FieldDifference]:
        """Return the differences of one record."""
        return self._by_record.get(record, [])

    @cached_property
    def _by_record(self) -> dict[int, list[FieldDifference]]:
        gathered: dict[int, list[FieldDifference]] = {}
        for difference in self.differences:
            gathered.setdefault(difference.record, []).append(difference)
        return gathered

    def set(self, record: int, reason: str) -> None:
        """Say that nothing is to be told about a record."""
        self.records[record], self.reasons[record] = "unclear", reason


def standing(mapped: pd.DataFrame, current: pd.DataFrame, fields: ComparedFields, normal: Normalizers) -> Standing:
    """Lay mapped records beside the rows of the destination.

    Raises
    ------
    FrameError
        A key that cannot be compared, or a function of ``normalize=`` that fails.
    """
    found = Standing(np.full(len(mapped), "absent", dtype=object))
    if not len(mapped):
        found.missing = np.arange(len(current))
        return found
    here = row_keys(mapped, [(name, name) for name, _ in fields.key], normal, "the mapped records")
    there = row_keys(current, fields.key, normal, "current") if len(current.columns) else []
    ours, theirs = KeyIndex(here), KeyIndex(there)
    pairs = _paired(found, here, ours, theirs, fields)
    _refuse_near(found, mapped, current, fields, normal, here, there)
    _compare(found, mapped, current, fields, normal, pairs)
    found.missing = np.fromiter((place for place, key in enumerate(there) if key not in ours), np.int64)
    _note(found, there, theirs)
    return found


def _paired(
    found: Standing, here: Sequence[Hashable | None], ours: KeyIndex, theirs: KeyIndex, fields: ComparedFields
) -> tuple[np.ndarray, np.ndarray]:
    """Say what the keys alone tell, and return the pairs that are left to compare."""
    names = ", ".join(name for name, _ in fields.key)
    records, places = [], []
    for record, key in enumerate(here):
        count = theirs.count(key)
        if key is None:
            found.set(record, f"the key is missing ({names})")
        elif ours.count(key) > 1:
            found.set(record, f"{ours.count(key):,} records here have this key ({names})")
        elif count > 1:
            found.set(record, f"{count:,} rows at the destination have this key ({names})")
        elif count:
            found.records[record] = "same"  # until a field differs
            records.append(record)
            places.append(theirs.place(key))
    return np.asarray(records, np.int64), np.asarray(places, np.int64)


def _refuse_near(
    found: Standing,
    mapped: pd.DataFrame,
    current: pd.DataFrame,
    fields: ComparedFields,
    normal: Normalizers,
    here: list[Hashable | None],
    there: list[Hashable | None],
) -> None:
    """A key that is absent to the letter may be there to the destination: its collation decides, and is not known."""
    if all(normal.tells_apart(name) for name, _ in fields.key):
        return
    absent = [record for record, state in enumerate(found.records) if state == "absent"]
    keys = [here[record] for record in absent]
    for one, place in near_keys(keys, there).items():
        is_like = _shown(current, place, [column for _, column in fields.key])
        found.set(absent[one], f"the destination has the key {is_like}, which it may take for the same")
    for one, place in near_each_other(keys).items():
        if found.records[absent[one]] == "absent":
            is_like = _shown(mapped, absent[place], [name for name, _ in fields.key])
            found.set(absent[one], f"another record here has the key {is_like}, which may count as the same")


def _shown(frame: pd.DataFrame, place: int, columns: Sequence[str]) -> str:
    return ", ".join(shown(values_at(frame[column], np.array([place]))[0]) for column in columns)


def _compare(
    found: Standing,
    mapped: pd.DataFrame,
    current: pd.DataFrame,
    fields: ComparedFields,
    normal: Normalizers,
    pairs: tuple[np.ndarray, np.ndarray],
) -> None:
    records, places = pairs
    if not len(records):
        return
    unclear: dict[int, str] = {}
    for name, column in [*fields.fields, *((name, None) for name in fields.absent)]:
        after = mapped[name].iloc[records]
        before = pd.Series([None] * len(places), dtype=object) if column is None else current[column].iloc[places]
        for place, old, new, why in column_differences(before, after, normal.of(name)):
            record = int(records[place])
            found.differences.append(FieldDifference(record, name, old, new, why))
            if why is None:
                found.records[record] = "different"
            else:
                unclear.setdefault(record, f"{name}: {why}")
    for record, reason in unclear.items():
        if found.records[record] == "same":
            found.set(record, reason)


def _note(found: Standing, there: Sequence[Hashable | None], theirs: KeyIndex) -> None:
    without = sum(key is None for key in there)
    if without:
        found.notes.append(f"Rows at the destination without a key: {without:,}.")
    if theirs.repeated:
        found.notes.append(f"Keys that stand there more than once: {theirs.repeated:,}.")
