"""``nest``: flat rows become one row per key with a list of objects, the inverse of ``explode=``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from celigo_pandas.errors import FrameError, shown
from celigo_pandas.frames.names import escape_key, split_path
from celigo_pandas.frames.outward import flatten_sep, to_records

__all__ = ["nest"]


def nest(df: pd.DataFrame, by: str | Sequence[str], into: str = "lines", *, sep: str | None = None) -> pd.DataFrame:
    """Put rows with the same key together, with a list of objects in place of the columns that vary.

    Parameters
    ----------
    df : DataFrame
        Flat rows: header columns, and columns named ``into.…`` (or plain ``into``) for the elements. Not modified.
    by : str or sequence of str
        The key columns. Rows of one key need not stand together.
    into : str, default "lines"
        Path of the list.
    sep : str, optional
        Separator of the names; by default what the pull noted in ``attrs``, else ``"."``.

    Returns
    -------
    DataFrame
        One row per key, in order of first appearance, RangeIndex; the header columns with their dtypes, and `into` with
        lists of dicts (of plain values, where the element is the column `into` itself). A row whose element is missing
        altogether adds nothing, so an order without lines has ``[]``.

    Raises
    ------
    FrameError
        A key column is not there or has missing values, no column belongs to `into`, or a header column varies within a
        key (the text names both).

    Examples
    --------
    >>> df = pd.DataFrame({"order": [1, 1, 2], "lines.sku": ["a", "b", "c"]})
    >>> nest(df, "order")["lines"].tolist()
    [[{'sku': 'a'}, {'sku': 'b'}], [{'sku': 'c'}]]
    """
    keys = [by] if isinstance(by, str) else list(by)
    sep = sep or flatten_sep(df, "auto", ".") or "."
    inner = [name for name in df.columns if name == into or str(name).startswith(into + sep)]
    _check(df, keys, inner, into)
    header = [name for name in df.columns if name not in inner]
    if not len(df):
        return df[header].reset_index(drop=True).assign(**{into: pd.Series(dtype=object)})
    codes = df.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    first = np.unique(codes, return_index=True)[1]
    _check_header(df, header, keys, codes, first)
    lists: list[list[Any]] = [[] for _ in first]
    for code, element in zip(codes, _elements(df[inner], into, sep), strict=True):
        if element is not None:
            lists[code].append(element)
    nested = df[header].iloc[first].reset_index(drop=True)
    column = np.empty(len(lists), dtype=object)
    for position, elements in enumerate(lists):
        column[position] = elements
    nested[into] = column
    nested.attrs = dict(df.attrs)
    return nested


def _check(df: pd.DataFrame, keys: list[str], inner: list[Any], into: str) -> None:
    for name in keys:
        if name not in df.columns:
            raise FrameError(
                f"by: there is no column {name!r}; expected one of {shown(list(df.columns))}.", column=name
            )
        if name in inner:
            raise FrameError(f"by: the column {name!r} belongs to {into!r} itself.", column=name)
        if df[name].isna().any():
            raise FrameError(f"The key column {name!r} has missing values.", column=name)
    if not inner:
        raise FrameError(f"into: no column belongs to {into!r}; expected columns such as '{into}.sku'.", column=into)


def _check_header(df: pd.DataFrame, header: list[Any], keys: list[str], codes: Any, first: Any) -> None:
    for name in header:
        if name in keys:
            continue
        values = df[name].array
        for row, code in enumerate(codes):
            one, other = values[row], values[first[code]]
            if not _is_same(one, other):
                key = {key: df[key].iloc[row] for key in keys}
                raise FrameError(
                    f"Column {name!r} varies within the key {shown(key)}: {shown(other)} and {shown(one)}.",
                    column=name,
                    row=df.index[row],
                    hint=f"Rename it to put it into the list, or drop it: {name!r} must have one value per key.",
                )


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, (list, dict)) or isinstance(other, (list, dict)):
        return bool(one == other)
    if pd.isna(one) or pd.isna(other):
        return bool(pd.isna(one) and pd.isna(other))
    return bool(one == other)


def _elements(inner: pd.DataFrame, into: str, sep: str) -> list[Any]:
    """Make one element per row: an object from ``into.…`` columns, else the value of `into`; None where all miss."""
    below = [name for name in inner.columns if name != into]
    depth = len(split_path(into, sep))
    objects: list[Any] = [None] * len(inner)
    if below:
        renamed = inner[below].copy()
        renamed.columns = [sep.join(escape_key(key, sep) for key in split_path(name, sep)[depth:]) for name in below]
        objects = [record or None for record in to_records(renamed, unflatten=True, sep=sep)]
    if into in inner.columns:
        for row, value in enumerate(inner[into].array):
            if objects[row] is None and (isinstance(value, (list, dict)) or not pd.isna(value)):
                objects[row] = value
    return objects
