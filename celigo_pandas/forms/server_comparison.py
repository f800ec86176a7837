"""What a server made of the first rows of a frame, beside what is made of them here. Plain data, no toolkit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.forms.field_values import plain_text
from celigo_pandas.forms.frame_table import cell_text
from celigo_pandas.forms.mapping_preview import Preview, flattened
from celigo_pandas.frames.outward import to_records

__all__ = ["Difference", "differences"]

Difference = tuple[int, str, str, str]
"""Position of the row, name of the cell, its text here, its text there."""

_OUTCOME = "(outcome)"
_COUNT = "(records)"


def differences(here: Preview, trial: Any) -> list[Difference]:
    """Compare row by row: its outcome, the number of its records, each of their cells with its type.

    Parameters
    ----------
    here : Preview
    trial : DryRun
        Of the same rows, labelled by their positions.
    """
    ours: dict[int, list[Mapping[str, Any]]] = {}
    states: dict[int, str] = {}
    for row in here.rows:
        states.setdefault(row.position, "mapped_with_errors" if row.problems and row.cells else row.state)
        if row.cells or row.state == "mapped":
            ours.setdefault(row.position, []).append(row.cells)
    theirs: dict[int, list[Mapping[str, Any]]] = {}
    mapped = trial.mapped
    for position, record in zip(mapped.index, to_records(mapped.reset_index(drop=True)), strict=True):
        theirs.setdefault(int(position), []).append(flattened(record))
    found: list[Difference] = []
    for position, (state, message) in enumerate(zip(trial.frame["state"], trial.frame["message"], strict=True)):
        local = states.get(position, "ignored")
        if local != state:
            said = f": {message}" if isinstance(message, str) and message else ""
            found.append((position, _OUTCOME, _words(local), _words(state) + said))
        else:
            found += _of_row(position, ours.get(position, []), theirs.get(position, []))
    return found


def _of_row(position: int, ours: list[Mapping[str, Any]], theirs: list[Mapping[str, Any]]) -> list[Difference]:
    if len(ours) != len(theirs):
        return [(position, _COUNT, f"{len(ours):,}", f"{len(theirs):,}")]
    found = []
    for here, there in zip(ours, theirs, strict=True):
        for name in dict.fromkeys((*here, *there)):
            one, other = here.get(name), there.get(name)
            if not _same(one, other):
                texts = cell_text(one), cell_text(other)
                if texts[0] == texts[1]:
                    texts = plain_text(one), plain_text(other)
                found.append((position, name, *texts))
    return found


def _same(one: object, other: object) -> bool:
    # A frame does not tell a null from a member that is not there.
    if _is_nothing(one) or _is_nothing(other):
        return _is_nothing(one) and _is_nothing(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    return _kind(one) is _kind(other) and bool(one == other)


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, Mapping) and not value)


def _kind(value: object) -> type:
    return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)


def _words(state: str) -> str:
    return state.replace("_", " ")
