"""The outcome of each row of a push: what it is, and the frame of all of them.

An outcome belongs to a *position* in the pushed frame, never to a label: labels may repeat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

__all__ = ["HELD_BACK", "OUTCOMES", "OUTCOME_COLUMNS", "RECONCILED", "Outcomes", "RowOutcome"]

OUTCOMES = ("ok", "failed", "ignored", "unknown", "not_sent")
HELD_BACK = ("unchanged", "withheld")
"""What a plan says of rows that it does not send; a push without a plan has none."""
RECONCILED = "reconciled"
"""The code of rows that were unknown and have been looked up at the destination."""

OUTCOME_COLUMNS = ("outcome", "status_code", "id", "code", "message", "response", "batch", "attempts")


class RowOutcome(NamedTuple):
    """What became of one row; a plain tuple, so that a journal can hold it as a JSON list.

    ``source`` is the step that refused the row (``mapping``, ``application``, …), the wire's word.
    """

    outcome: str
    status_code: int | None = None
    id: Any = None
    code: str | None = None
    message: str | None = None
    source: str | None = None
    response: Any = None
    batch: int | None = None
    attempts: int = 0


_NOT_SENT = RowOutcome("not_sent")


class Outcomes:
    """One outcome for each of `length` rows; all begin as ``not_sent``."""

    def __init__(self, length: int, rows: Iterable[RowOutcome] | None = None) -> None:
        self.rows: list[RowOutcome] = [_NOT_SENT] * length if rows is None else list(rows)
        if len(self.rows) != length:
            raise ValueError(f"Got {len(self.rows)} outcomes for {length} rows.")

    def __len__(self) -> int:
        return len(self.rows)

    def copy(self) -> Outcomes:
        """Return an independent copy."""
        return Outcomes(len(self.rows), self.rows)

    def record(self, positions: Iterable[int], outcomes: Iterable[RowOutcome]) -> None:
        """Set the outcome of the rows at `positions`."""
        for position, outcome in zip(positions, outcomes, strict=True):
            self.rows[position] = outcome

    def positions(self, *names: str) -> list[int]:
        """Return the positions of the rows with one of these outcomes, in order."""
        return [position for position, row in enumerate(self.rows) if row.outcome in names]

    def mask(self, name: str) -> np.ndarray:
        """Return a boolean array, True where the outcome is `name`."""
        return np.fromiter((row.outcome == name for row in self.rows), dtype=bool, count=len(self.rows))

    def counts(self) -> dict[str, int]:
        """Return how many rows have each outcome; the five of a push are there always."""
        found = Counter(row.outcome for row in self.rows)
        return {name: found[name] for name in (*OUTCOMES, *HELD_BACK) if name in OUTCOMES or found[name]}

    def to_frame(self, index: pd.Index) -> pd.DataFrame:
        """Return one row per pushed row.

        Returns
        -------
        DataFrame
            Index as given, columns :data:`OUTCOME_COLUMNS`. ``status_code``, ``batch`` are nullable integers,
            ``attempts`` is an integer, the rest are objects with None where there is nothing.
        """
        columns = dict(zip(RowOutcome._fields, zip(*self.rows, strict=True), strict=True)) if self.rows else {}
        frame = pd.DataFrame({name: _column(name, columns.get(name, ())) for name in OUTCOME_COLUMNS})
        return frame.set_axis(index)


def _column(name: str, values: Sequence[Any]) -> object:
    if name in ("status_code", "batch"):
        return pd.array(list(values), dtype="Int64")
    if name == "attempts":
        return np.array(values, dtype="int64")
    if name == "outcome":
        return pd.Series(list(values), dtype="str").array
    # Not np.array: a response may be a list, which would be unpacked into a second dimension.
    return pd.Series(np.fromiter(values, dtype=object, count=len(values)), dtype=object)
