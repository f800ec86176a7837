"""Where two columns differ, row by row.

Columns of one Arrow type are compared by Arrow first, which settles nearly every row of a usual table without making a
Python object of it; what is left is compared value by value. Memory: two columns at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from celigo_pandas.frames.likeness import incomparable, likeness
from celigo_pandas.frames.outward_columns import as_objects

__all__ = ["Difference", "column_differences", "values_at"]


Like = Callable[[Any], Hashable]


class Difference(NamedTuple):
    """One pair of values that differ: their place, both as they stand in their frames, and why they cannot be told."""

    place: int
    before: Any
    after: Any
    incomparable: str | None


def column_differences(
    before: pd.Series, after: pd.Series, like: Callable[[Any], Hashable] = likeness
) -> list[Difference]:
    """Compare two columns of one length, place by place.

    Parameters
    ----------
    before, after : Series
    like : callable
        Gives the likeness of a value; see :mod:`~celigo_pandas.frames.likeness`.
    """
    places = _not_surely_same(before, after)
    return [
        Difference(place, one, other, incomparable(old, new))
        for place, one, other in zip(places.tolist(), values_at(before, places), values_at(after, places), strict=True)
        if (old := like(one)) != (new := like(other))
    ]


def values_at(column: pd.Series, places: np.ndarray) -> list[Any]:
    """Return the values at some places as Python objects, missing ones as None."""
    values = as_objects(column.iloc[places])
    return [None if likeness(value) is None else value for value in values.tolist()]


def _not_surely_same(before: pd.Series, after: pd.Series) -> np.ndarray:
    one, other = _as_arrow(before), _as_arrow(after)
    if one is None or other is None or one.type != other.type:
        return np.arange(len(before))
    missing = pc.and_(pc.is_null(one), pc.is_null(other))
    same = pc.or_(pc.fill_null(pc.equal(one, other), False), missing)
    return np.flatnonzero(~same.to_numpy(zero_copy_only=False))


def _as_arrow(column: pd.Series) -> pa.Array | None:
    """Return the column as an Arrow array where equal values of it surely are the same; None where they may not be."""
    kind = column.dtype
    if not isinstance(kind, (pd.StringDtype, pd.ArrowDtype)) and getattr(kind, "kind", "O") not in "iufb":
        return None
    try:
        made = pa.Array.from_pandas(column)
    except (pa.ArrowException, UnicodeEncodeError, TypeError):  # a lone surrogate
        return None
    array = made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
    if pa.types.is_string(array.type):
        return array.cast(pa.large_string())
    is_plain = pa.types.is_integer(array.type) or pa.types.is_boolean(array.type) or pa.types.is_floating(array.type)
    return array if is_plain or pa.types.is_large_string(array.type) else None
