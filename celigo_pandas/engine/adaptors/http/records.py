"""Records out of a parsed answer: ``resourcePath``, arrays of arrays, scalars.

Facts: integrator-api.md, section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.engine.adaptors.files.csv_reading import CsvOptions, named_rows
from celigo_pandas.engine.adaptors.http.answer_paths import MISSING, find, plain
from celigo_pandas.engine.adaptors.protocol import Record
from celigo_pandas.engine.texts.xml_paths import is_place_empty
from celigo_pandas.engine.texts.xml_tree import XmlDocument

__all__ = ["lists_in", "records_of"]


def records_of(
    body: object, path: str | None, two_d_array: object = None, first_column: int = 0
) -> list[Record] | None:
    """Return the records of one page, or None where the path finds nothing.

    Parameters
    ----------
    body : object
        Parsed answer. None (an empty body) holds no record.
    path : str, optional
        ``resourcePath``. Without one an object is one record and an array is its elements.
    two_d_array : mapping, optional
        ``response.twoDArray``: rows of cells. With ``hasHeader`` the first row names the columns; otherwise (and
        where the object is empty) they are named by their position; ``doNotNormalize`` leaves rows as arrays.
    first_column : int
        The number in the name of the first column without a name.

    Raises
    ------
    PathFailure
        The path cannot be followed, or would pass a list of several elements.
    """
    if body is None:
        return []
    found = find(body, path, "refuse")
    if found is MISSING:
        is_empty = isinstance(body, XmlDocument) and is_place_empty(body, str(path).strip())
        return [] if is_empty else None
    if found is None:
        return []
    values = plain(found)
    rows = values if isinstance(values, list) else [values]
    if isinstance(two_d_array, Mapping) and rows and all(isinstance(row, list) for row in rows):
        return rows if two_d_array.get("doNotNormalize") else _named(rows, two_d_array, first_column)
    # Assumed: a scalar, which cannot be a record, is put under "value".
    return [row if isinstance(row, dict | list) else {"value": row} for row in rows if row is not None]


def _named(rows: list[list[Any]], two_d_array: Mapping[str, Any], first_column: int) -> list[Record]:
    options = CsvOptions(has_header_row=bool(two_d_array.get("hasHeader")), first_column=first_column)
    return list(named_rows(iter(rows), options, None))


def lists_in(body: object) -> str:
    """Name the lists of objects in an answer that is one object: where its records may be; nothing where none is."""
    value = plain(body)
    if isinstance(body, XmlDocument):
        value = next(iter(value.values()))
    found = [
        f"{name!r} ({len(inner)})"
        for name, inner in (value.items() if isinstance(value, dict) else ())
        if isinstance(inner, list) and inner and isinstance(inner[0], dict)
    ]
    return f"It holds the lists {', '.join(found[:12])}." if found else ""
