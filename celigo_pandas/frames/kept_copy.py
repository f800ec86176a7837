"""A frame of one's own, which later changes of another do not reach."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["kept_copy"]


def kept_copy(df: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that later changes of `df` do not reach, in its lists and objects neither."""
    # pandas 3 copies on write; before it, a shallow copy would follow what the caller does next.
    copies_on_write = int(pd.__version__.partition(".")[0]) >= 3
    kept = df.copy(deep=not copies_on_write)
    for place, dtype in enumerate(df.dtypes):
        if pd.api.types.is_object_dtype(dtype):
            values = df.iloc[:, place].to_numpy()
            if not _CONTAINERS.isdisjoint(set(map(type, values))):
                copies = np.fromiter(map(_copied, values), dtype=object, count=len(values))
                column: Any = pd.Series(copies, index=kept.index, dtype=object)
                kept.isetitem(place, column)
    return kept


_CONTAINERS = frozenset({list, dict, tuple, np.ndarray})


def _copied(value: Any) -> object:
    kind = type(value)
    if kind is list or kind is tuple:
        return kind(map(_copied, value))
    if kind is dict:
        return {name: _copied(member) for name, member in value.items()}
    return copy.deepcopy(value) if kind is np.ndarray else value
