"""Frames as the mapper sees them: JSON-ready records, one per row, and the row a label names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from celigo_pandas.errors import FrameError, shown
from celigo_pandas.frames.names import split_path
from celigo_pandas.frames.outward import to_records

__all__ = ["exact_frame", "fields_of", "label_text", "position_of", "records_of"]


def records_of(df: object) -> list[Any]:
    """Return the records of a frame (or a list of records as it is).

    Raises
    ------
    FrameError
        A value that cannot be sent, or something that is neither a frame nor records.
    """
    if isinstance(df, pd.DataFrame):
        return list(to_records(df))
    if isinstance(df, Sequence) and not isinstance(df, (str, bytes)):
        return list(df)
    raise FrameError(f"Got {shown(df)}; expected a DataFrame or a list of records.")


def fields_of(df: pd.DataFrame, sep: str | None = None) -> dict[tuple[str, ...], str]:
    """Return the fields that rules can read of a frame's rows, kinds as in :mod:`~celigo_pandas.mapping.explain.traps`.

    Parameters
    ----------
    df : DataFrame
    sep : str, optional
        Separator by which its names are nested.
    """
    dtypes = zip(df.columns, df.dtypes, strict=True)
    return {split_path(name, sep) if sep and isinstance(name, str) else (str(name),): _kind(dtype)
            for name, dtype in dtypes}  # fmt: skip


def _kind(dtype: Any) -> str:
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    return "number" if pd.api.types.is_numeric_dtype(dtype) else ""


def position_of(df: Any, row: object) -> int:
    """Return the position of the row with the label `row`.

    Raises
    ------
    FrameError
        No row, or several, have this label.
    """
    if not isinstance(df, pd.DataFrame):
        if isinstance(row, (int, np.integer)) and not isinstance(row, bool) and 0 <= row < len(df):
            return int(row)
        raise FrameError(f"row={shown(row)}; expected a position from 0 to {len(df) - 1}.", row=row)
    try:
        found = df.index.get_loc(row)
    except (KeyError, TypeError, pd.errors.InvalidIndexError):
        raise FrameError(
            f"row={shown(row)} is no label of the frame; its index begins {shown(list(df.index[:5]))}.", row=row
        ) from None
    if isinstance(found, int):
        return found
    raise FrameError(f"row={shown(row)} names several rows; give the frame a unique index first.", row=row)


def label_text(df: object, position: int) -> object:
    """Return the label of a row, for tables."""
    return df.index[position] if isinstance(df, pd.DataFrame) else position


def exact_frame(rows: Iterable[Sequence[Any]], columns: Sequence[str], inferred: Collection[str] = ()) -> pd.DataFrame:
    """Make a frame whose values stay what they are: 1 beside None stays 1, and a text any text.

    The dtype of the `inferred` columns (labels, counts) is pandas' choice.
    """
    gathered: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=None if name in inferred and values else object)
            for name, values in zip(columns, gathered, strict=True)
        }
    )
