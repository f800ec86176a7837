"""Fractions of 16 and 32 bit in Arrow-backed columns.

Arrow gives them as Python floats, at any depth, with the digits of the wider type (0.10000000149011612). Here they get
the shortest text that reads back as the same number, as a NumPy column does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from celigo_pandas.frames.outward_values import shortest_double

__all__ = ["shortened"]

Shorten = Callable[[Any], Any]


def shortened(series: pd.Series) -> list[Any]:
    """Return the values of an Arrow-backed column, those of narrow fractions in their shortest form."""
    dtype: Any = series.dtype
    values: list[Any] = series.tolist()
    shorten = _shortener(dtype.pyarrow_dtype)
    return values if shorten is None else [value if value is pd.NA else shorten(value) for value in values]


def _shortener(kind: pa.DataType) -> Shorten | None:
    """Return what to do with a value of this type; None where it holds no narrow fraction."""
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        narrow = np.float16 if pa.types.is_float16(kind) else np.float32
        return _unless_null(lambda value: shortest_double(narrow(value)))
    if pa.types.is_struct(kind):
        by_name = {field.name: _shortener(field.type) for field in kind}
        found = {name: shorten for name, shorten in by_name.items() if shorten is not None}
        if not found:
            return None
        return _unless_null(lambda value: value | {name: shorten(value[name]) for name, shorten in found.items()})
    if pa.types.is_map(kind):
        key, item = _shortener(kind.key_type) or _same, _shortener(kind.item_type) or _same
        if key is item:
            return None
        return _unless_null(lambda pairs: [(key(name), item(value)) for name, value in pairs])
    if pa.types.is_dictionary(kind):
        return _shortener(kind.value_type)
    if pa.types.is_nested(kind) and hasattr(kind, "value_type"):  # lists of every kind
        element = _shortener(kind.value_type)
        return None if element is None else _unless_null(lambda values: [element(value) for value in values])
    return None


def _unless_null(shorten: Shorten) -> Shorten:
    return lambda value: None if value is None else shorten(value)


def _same(value: object) -> object:
    return value
