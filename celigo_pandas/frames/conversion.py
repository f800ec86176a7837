"""What the caller asks for beyond exactness: timestamps and dtypes, applied to a finished frame."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from celigo_pandas.errors import FrameError, HintWarning, shown
from celigo_pandas.frames.exact_dtypes import Unfitting, as_dtype
from celigo_pandas.frames.notices import listed, notify

__all__ = ["convert", "warn_of_absent"]

_DAY = r"\d{4}-\d{2}-\d{2}"
_TIME = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
_ISO_8601 = re.compile(rf"{_DAY}(?:[T ]{_TIME}(?:Z|[+-]\d{{2}}:?\d{{2}})?)?\Z")
# Not taken for dates: "2024" and "20240101", which are ISO 8601 too but far oftener years and ids.


def convert(
    df: pd.DataFrame,
    *,
    parse_dates: bool | str | Iterable[str] = (),
    dtype: object = None,
    columns: Iterable[str] | None = None,
    quiet: bool = False,
) -> pd.DataFrame:
    """Apply ``parse_dates=`` and ``dtype=``.

    Parameters
    ----------
    df : DataFrame
        Changed in place, column by column.
    parse_dates : bool or iterable of str
        Columns to turn into UTC timestamps; ``True`` takes every column whose values are all ISO 8601.
    dtype : dtype or Mapping of str to dtype, optional
        Exact or refused; texts are read as :func:`pandas.read_csv` does. A name that did not come is warned of.
    columns : iterable of str, optional
        What may be converted; all columns by default.
    quiet : bool
        Do not warn of names that did not come.

    Raises
    ------
    FrameError
        A value that cannot be converted; ``column`` says where.
    """
    if parse_dates is True:
        for position, name in enumerate(df.columns):
            if (columns is None or name in columns) and _is_all_iso(df.iloc[:, position]):
                _set_timestamps(df, name, must=False)
    elif parse_dates:
        named = [parse_dates] if isinstance(parse_dates, str) else list(parse_dates)
        for name in named:
            if name in df.columns:
                _set_timestamps(df, name, must=True)
        if len(df) and not quiet:
            warn_of_absent("parse_dates", [name for name in named if name not in df.columns])
    wanted = _by_name(dtype, df.columns)
    for name, kind in wanted.items():
        if name in df.columns:
            _set_dtype(df, name, kind)
    if len(df) and not quiet:
        warn_of_absent("dtype", [name for name in wanted if name not in df.columns])
    return df


def _by_name(dtype: object, columns: Iterable[Any]) -> dict[Any, Any]:
    if dtype is None:
        return {}
    if isinstance(dtype, defaultdict):
        return {**{name: dtype[name] for name in columns}, **dtype}
    return dict(dtype) if isinstance(dtype, Mapping) else dict.fromkeys(columns, dtype)


def warn_of_absent(option: str, names: list[Any]) -> None:
    """Warn of names in ``parse_dates=`` or ``dtype=`` that did not come."""
    if names:
        notify(f"{option}: there is no column {listed(names)}.", HintWarning)


def _is_all_iso(values: pd.Series) -> bool:
    if not (pd.api.types.is_object_dtype(values.dtype) or pd.api.types.is_string_dtype(values.dtype)):
        return False
    seen = False
    for value in values.array:
        if isinstance(value, str):
            if _ISO_8601.match(value) is None:
                return False
            seen = True
        elif isinstance(value, (list, dict)) or not pd.isna(value):
            return False
    return seen


def _set_timestamps(df: pd.DataFrame, name: str, *, must: bool) -> None:
    try:
        _set(df, name, lambda values: pd.to_datetime(values, format="ISO8601", utc=True), "UTC timestamps")
    except FrameError:
        if must:
            raise


def _set(df: pd.DataFrame, name: str, change: Any, what: str) -> None:
    try:
        df[name] = change(df[name])
    except (ValueError, TypeError, OverflowError) as error:
        raise FrameError(f"Column {name!r} cannot become {what}: {error}", column=name) from error


def _set_dtype(df: pd.DataFrame, name: str, kind: object) -> None:
    try:
        df[name] = as_dtype(df[name], kind)
    except (ValueError, TypeError, ArithmeticError, NotImplementedError) as error:
        position = error.position if isinstance(error, Unfitting) else None
        row = None if position is None else df.index[position]
        where = "" if position is None else f", row {row!r}"
        raise FrameError(
            f"Column {name!r}{where} cannot become dtype {shown(kind)}: {error}.", column=name, row=row
        ) from error
