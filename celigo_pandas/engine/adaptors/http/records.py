"""Records out of a parsed answer: ``resourcePath``, arrays of arrays, scalars.

Facts: integrator-api.md, section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.engine.adaptors.http.values import MISSING, read_path
from celigo_pandas.engine.adaptors.protocol import Record

__all__ = ["records_of"]


def records_of(body: Any, path: str | None, two_d_array: Any = None) -> list[Record]:
    """Return the records of one page.

    Parameters
    ----------
    body : object
        Parsed answer. None (an empty body) holds no record.
    path : str, optional
        ``resourcePath``; a path that finds nothing means no records, no error. Without one an object is one record
        and an array is its elements.
    two_d_array : mapping, optional
        ``response.twoDArray``: rows of cells. With ``hasHeader`` the first row names the columns; otherwise they are
        ``Column0``, ``Column1``, …; ``doNotNormalize`` leaves rows as arrays.
    """
    found = read_path(body, path)
    if found is MISSING or found is None:
        return []
    rows = found if isinstance(found, list) else [found]
    if isinstance(two_d_array, Mapping) and two_d_array and rows and all(isinstance(row, list) for row in rows):
        return rows if two_d_array.get("doNotNormalize") else _named(rows, bool(two_d_array.get("hasHeader")))
    # Assumed: a scalar, which cannot be a record, is put under "value".
    return [row if isinstance(row, dict | list) else {"value": row} for row in rows if row is not None]


def _named(rows: list[list[Any]], has_header: bool) -> list[Record]:
    # Assumed: columns without a header are numbered from 0, as the platform does for CSV without one.
    if has_header:
        header, rows = [str(cell) for cell in rows[0]], rows[1:]
    else:
        header = [f"Column{number}" for number in range(max(len(row) for row in rows))]
    return [dict(zip(header, row, strict=False)) for row in rows]
