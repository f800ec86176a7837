"""The members of a template's context that stand for records, the same at every place where templates are read.

A grouped record is an array of rows: beside ``record`` templates read it as ``rows``. ``rows.[0].x`` and a loop over
``rows`` are the plain language; ``rows.x`` reads the first row. Facts: integrator-api.md, section 8.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["Rows", "batch_members", "record_members"]


class Rows(list[Any]):
    """The rows of a grouped record, on which a field's name reads the first row."""

    __slots__ = ()


def record_members(record: object) -> dict[str, Any]:
    """Return ``record``, and ``rows`` where it is grouped.

    Examples
    --------
    >>> record_members([{"id": 1}, {"id": 2}])["rows"]
    [{'id': 1}, {'id': 2}]
    """
    if isinstance(record, list):
        return {"record": record, "rows": Rows(record)}
    return {"record": record}


def batch_members(records: Sequence[Any]) -> dict[str, Any]:
    """Return ``batch_of_records``, and the older ``data``, for the records of one page, file or request."""
    return {"data": list(records), "batch_of_records": [record_members(record) for record in records]}
