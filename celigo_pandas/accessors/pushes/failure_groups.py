"""Failures grouped by code and message pattern, with counts, examples, and the rule to blame."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from celigo_pandas.errors import legible
from celigo_pandas.frames.outcomes import RowOutcome

__all__ = ["GROUP_COLUMNS", "group_failures", "message_pattern"]

GROUP_COLUMNS = ("code", "message", "count", "source", "rule", "example", "rows")
_EXAMPLES = 3

Blame = Callable[[int], "str | None"]

_VARYING = re.compile(
    r"""
      (?<!\w)'[^'\n]{0,200}'(?!\w)                                        # quoted values, not apostrophes
    | "[^"\n]{0,200}" | `[^`\n]{0,200}`
    | \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b            # UUIDs
    | \b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{12,}\b                              # ids
    | (?<![A-Za-z_])[-+]?\d(?:[\d.,:/TZ+-]*\d)?Z?                         # numbers, dates
    """,
    re.VERBOSE,
)


def message_pattern(message: str) -> str:
    """Replace what varies from row to row (quoted values, ids, numbers, dates) with ``…``."""
    return _VARYING.sub("…", message)


def group_failures(rows: Sequence[RowOutcome], index: pd.Index, blame: Blame | None = None) -> pd.DataFrame:
    """Group the failed rows.

    Parameters
    ----------
    rows : sequence of RowOutcome
        Of all rows; those that did not fail are passed over.
    index : Index
        Labels of all rows.
    blame : callable, optional
        Names the rule that a row's mapping stumbles over, by position; asked for one example of each group whose
        source is ``mapping`` or ``lookup``.

    Returns
    -------
    DataFrame
        One row per group, the largest first, columns :data:`GROUP_COLUMNS`: ``message`` is the pattern, ``example`` one
        message as it came, ``rows`` up to three labels. ``count`` adds up to the number of failed rows. Long texts are
        cut in their middle, as in errors.
    """
    groups: dict[tuple[str | None, str, str | None], list[int]] = {}
    for position, row in enumerate(rows):
        if row.outcome == "failed":
            groups.setdefault((row.code, message_pattern(legible(row.message or "")), row.source), []).append(position)
    found = [
        {
            "code": _cut(code),
            "message": pattern,
            "count": len(positions),
            "source": _cut(source),
            "rule": blame(positions[0]) if blame and source in ("mapping", "lookup") else None,
            "example": _cut(rows[positions[0]].message),
            "rows": [index[position] for position in positions[:_EXAMPLES]],
        }
        for (code, pattern, source), positions in groups.items()
    ]
    found.sort(key=lambda group: -_count(group))
    return pd.DataFrame(found, columns=list(GROUP_COLUMNS)).astype({"count": "int64"})


def _cut(text: str | None) -> str | None:
    return None if text is None else legible(text)


def _count(group: dict[str, Any]) -> int:
    return int(group["count"])
