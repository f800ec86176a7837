"""What is done with each row: the states of its mapping, and how its records stand to the destination, as one word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from celigo_pandas.accessors.destinations.standing import Standing
from celigo_pandas.accessors.dry_runs.local_steps import RowState

__all__ = ["ACTIONS", "RowAction", "row_actions"]

ACTIONS = ("create", "update", "unchanged", "conflict", "failed", "ignored")
_OF_RECORD = {"absent": "create", "different": "update", "same": "unchanged", "unclear": "conflict"}


class RowAction(NamedTuple):
    """What a push would do with one row, and why where that is not plain; `first` and `records` are its records."""

    action: str
    reason: str | None
    first: int
    records: int


def row_actions(states: Sequence[RowState], places: np.ndarray, found: Standing) -> list[RowAction]:
    """Give each row its action.

    Parameters
    ----------
    states : sequence of RowState
        What the mapping made of each row.
    places : ndarray
        For each record the position of its row, in the order of the rows.
    found : Standing
        How each record stands.
    """
    counts = np.bincount(places, minlength=len(states)).tolist()
    actions: list[RowAction] = []
    first = 0
    for state, count in zip(states, counts, strict=True):
        action, reason = _of_row(state, range(first, first + count), found)
        actions.append(RowAction(action, reason, first, count))
        first += count
    return actions


def _of_row(state: RowState, records: range, found: Standing) -> tuple[str, str | None]:
    if state.state in ("failed", "mapped_with_errors"):
        return "failed", state.message
    if not records:
        return "ignored", "a filter or rule of the import passes it over" if state.state == "ignored" else "no record"
    if len(records) == 1:
        return _OF_RECORD[found.records[records.start]], found.reasons.get(records.start)
    return _of_several(Counter(_OF_RECORD[found.records[record]] for record in records), records, found)


def _of_several(counts: Counter[str], records: range, found: Standing) -> tuple[str, str]:
    """A row goes out whole: one record that is not clear holds it, one that differs makes it an update."""
    listed = ", ".join(f"{counts[name]:,} {name}" for name in ACTIONS if counts[name])
    told = f"{len(records):,} records: {listed}"
    if counts["conflict"]:
        return "conflict", next(f"{told}; {found.reasons[one]}" for one in records if one in found.reasons)
    if set(counts) <= {"create", "unchanged"}:
        return ("create" if counts["create"] else "unchanged"), told
    return "update", told
