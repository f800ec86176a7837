"""The steps that lead to every value of a list of records: what a rule could read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from celigo_pandas.paths import WILDCARD, Step

__all__ = ["record_steps"]

Steps = tuple[Step, ...]


def record_steps(records: Sequence[Any]) -> list[Steps]:
    """List the steps to all values that hold no further fields, in order of first appearance.

    Parameters
    ----------
    records : sequence
        Objects, or lists of rows, which are looked at as objects. Other values hold no fields.

    Returns
    -------
    list of tuple
        Keys, and the wildcard for the elements of an array. The records may be nested as deep as they like.

    Examples
    --------
    >>> record_steps([{"id": 1, "lines": [{"a.b": 2}]}])
    [('id',), ('lines', WILDCARD, 'a.b')]
    """
    rows = chain.from_iterable(record if isinstance(record, list) else (record,) for record in records)
    found: dict[tuple[Step, ...], None] = {}
    waiting: list[tuple[list[dict[str, Any]], tuple[Step, ...]]] = [
        ([row for row in rows if isinstance(row, dict)], ())
    ]
    while waiting:
        objects, steps = waiting.pop()
        if objects:
            waiting += reversed(_below(objects, steps))
        elif steps:
            found[steps] = None
    return list(found)


def _below(rows: list[dict[str, Any]], steps: Steps) -> list[tuple[list[dict[str, Any]], Steps]]:
    """Pair the steps to each member with the objects there; with none where it is a value."""
    below: list[tuple[list[dict[str, Any]], Steps]] = []
    # Records of one export mostly have the same keys: each distinct list of keys is looked at once.
    for key in dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, rows)))):
        values = [row[key] for row in rows if key in row]
        types = set(map(type, values))
        objects = [value for value in values if type(value) is dict] if dict in types else []
        lists = [value for value in values if type(value) is list] if list in types else []
        elements = [item for item in chain.from_iterable(lists) if isinstance(item, dict)]
        inner = [(objects, (*steps, key))] if objects else []
        inner += [(elements, (*steps, key, WILDCARD))] if elements else []
        below += inner or [([], (*steps, key))]
    return below
