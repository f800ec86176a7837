"""A frame on its way out: one JSON object per row, in the order of the rows.

Work goes by column: a column is converted once, by its dtype, and rows are put together at the end. What cannot be
sent (infinity, a lone surrogate, a type without a form in JSON) is found here, before anything goes out, and named by
column and row. This module does not know what a push is.
"""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd

from celigo_pandas.errors import FrameError, shown
from celigo_pandas.frames.names import split_path
from celigo_pandas.frames.outward_columns import Column, outward_column

__all__ = ["encode_records", "encode_rows", "flatten_sep", "to_records"]

Unflatten = Literal["auto"] | bool


def flatten_sep(df: pd.DataFrame, unflatten: Unflatten, sep: str) -> str | None:
    """Return the separator by which column names are nested again, or None to send them as they are.

    ``"auto"`` asks what a pull noted in ``df.attrs["celigo"]["flatten"]``; a frame that says nothing is sent flat.
    """
    if isinstance(unflatten, bool):
        return sep if unflatten else None
    if unflatten != "auto":
        raise FrameError(f"unflatten: got {shown(unflatten)}; expected 'auto', True or False.")
    note = df.attrs.get("celigo")
    found = note.get("flatten") if isinstance(note, dict) else None
    return found if isinstance(found, str) and found else None


def to_records(
    df: pd.DataFrame, *, na: str = "omit", unflatten: Unflatten = "auto", sep: str = "."
) -> list[dict[str, Any]]:
    """Turn rows into JSON-ready objects.

    Parameters
    ----------
    df : DataFrame
        Shape (n, m), any index, columns with distinct names. Not modified.
    na : {"omit", "null"}
        Leave missing values (None, NaN, NaT, NA) out, or send them as ``null``.
    unflatten : {"auto", True, False}
        Nest ``parent.child`` columns again: as a pull noted it in ``attrs`` (then its column ``dataURI``, which is no
        field of the records, is left out), always, never.
    sep : str
        The separator for ``unflatten=True``.

    Returns
    -------
    list of dict
        n objects. Lists and dicts of the frame may be shared, not copied: treat them as read-only.

    Raises
    ------
    FrameError
        A value without a form in JSON, two columns of one name, or a scalar and an object for one key in one row;
        ``column`` and ``row`` say where.
    """
    if na not in ("omit", "null"):
        raise FrameError(f"na: got {shown(na)}; expected 'omit' or 'null'.")
    beside = _beside(df) if unflatten == "auto" else None
    return _assemble(_tree(df, flatten_sep(df, unflatten, sep), beside), df, na)


def _beside(df: pd.DataFrame) -> str | None:
    """Name the column that a pull noted as no field of the records: the page's ``dataURIs``."""
    note = df.attrs.get("celigo")
    return note.get("data_uri") if isinstance(note, dict) else None


def encode_rows(df: pd.DataFrame, *, na: str = "omit", unflatten: Unflatten = "auto", sep: str = ".") -> list[bytes]:
    """Encode each row as one JSON object; see :func:`to_records`.

    Returns
    -------
    list of bytes
        UTF-8, one element per row. Integers of any size are exact.

    Raises
    ------
    FrameError
        As :func:`to_records`; also for text with a lone surrogate, which UTF-8 cannot hold.
    """
    return encode_records(to_records(df, na=na, unflatten=unflatten, sep=sep), df.index)


def encode_records(records: list[dict[str, Any]], index: pd.Index) -> list[bytes]:
    """Encode what :func:`to_records` made; `index` names the row in an error."""
    # One call per row costs five times the encoding itself. So a few hundred rows go into one list, with a mark
    # between them that is unknown to whoever made the data, and the text is cut at the marks.
    mark = "\0" + secrets.token_hex(8)
    cut = b"," + orjson.dumps(mark) + b","
    encoded: list[bytes] = []
    for start in range(0, len(records), _TOGETHER):
        part = records[start : start + _TOGETHER]
        marked: list[Any] = [mark] * (2 * len(part) - 1)
        marked[::2] = part
        try:
            encoded += orjson.dumps(marked)[1:-1].split(cut)
        except TypeError:  # an integer beyond 64 bit, or a lone surrogate: rare, so looked at row by row
            encoded += [_encode(record, index, start + place) for place, record in enumerate(part)]
    return encoded


_TOGETHER = 512


def _encode(record: dict[str, Any], index: pd.Index, position: int) -> bytes:
    try:
        return orjson.dumps(record)
    except TypeError:
        pass
    for key, value in record.items():
        try:
            json.dumps([key, value], ensure_ascii=False).encode()
        except RecursionError:
            raise FrameError(
                f"Column {key!r}, row {index[position]!r}: got a value that is nested too deeply.",
                column=key,
                row=index[position],
            ) from None
        except UnicodeEncodeError as error:
            raise FrameError(
                f"Column {key!r}, row {index[position]!r}: got text with a lone surrogate "
                f"(U+{ord(error.object[error.start]):04X}), which is not valid Unicode; expected text.",
                hint="Remove it, for example with .str.replace.",
                column=key,
                row=index[position],
            ) from None
        except ValueError:
            raise FrameError(
                f"Column {key!r}, row {index[position]!r}: got an integer of more digits than Python writes "
                f"({sys.get_int_max_str_digits():,}).",
                hint="Send it as text, for example with .map(hex), or raise the limit of sys.set_int_max_str_digits.",
                column=key,
                row=index[position],
            ) from None
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


# -- rows from columns ------------------------------------------------------------------------------------------------


@dataclass
class _Node:
    """One key of the object a row becomes: its own column, the keys below it, or both."""

    column: int | None = None
    children: dict[str, _Node] = field(default_factory=dict)


def _tree(df: pd.DataFrame, sep: str | None, without: str | None = None) -> _Node:
    root = _Node()
    for place, label in enumerate(df.columns):
        if without is not None and isinstance(label, str) and label == without:
            continue
        node = root
        for key in _keys(label, sep):
            node = node.children.setdefault(key, _Node())
        if node.column is not None:
            raise FrameError(
                f"Two columns are named {str(label)!r}; each needs a name of its own to be sent.", column=label
            )
        node.column = place
    return root


def _keys(label: object, sep: str | None) -> tuple[str, ...]:
    if isinstance(label, str):
        return (str(label),) if sep is None else split_path(label, sep)
    if isinstance(label, (int, np.integer)) and not isinstance(label, bool):
        return (str(int(label)),)
    raise FrameError(
        f"Column {shown(label)} has a label of type {type(label).__name__}; expected text.",
        hint="Rename it; several levels can be joined with df.columns.map('.'.join).",
        column=label,
    )


def _assemble(node: _Node, df: pd.DataFrame, na: str) -> list[dict[str, Any]]:
    return _objects(node, df, na)[0]


def _objects(node: _Node, df: pd.DataFrame, na: str) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Build the objects of one node for all rows, and say in which rows every member is missing."""
    length = len(df)
    names = list(node.children)
    members = [_member(child, df, na) for child in node.children.values()]
    if not members:
        return [{} for _ in range(length)], np.ones(length, dtype=bool)
    by_row = zip(*(values for values, _ in members), strict=True)
    rows: list[dict[str, Any]] = list(map(dict, map(zip, repeat(names), by_row)))
    empty = np.ones(length, dtype=bool)
    for name, (_, absent) in zip(names, members, strict=True):
        if absent is None:
            empty[:] = False
            continue
        empty &= absent
        places = np.flatnonzero(absent).tolist()
        if na == "omit":
            for place in places:
                del rows[place][name]
        else:
            for place in places:
                rows[place][name] = None
    return rows, empty


def _member(node: _Node, df: pd.DataFrame, na: str) -> Column:
    own = None if node.column is None else outward_column(df.iloc[:, node.column], df.columns[node.column], df.index)
    if not node.children:
        assert own is not None
        return own
    below, empty = _objects(node, df, na)
    if own is None or node.column is None:
        # A null beside objects is an absent object; with na="null" it is an object of nulls.
        return below, (empty if na == "omit" and empty.any() else None)
    return _both(own, below, empty, df, node.column)


def _both(
    own: Column,
    below: list[dict[str, Any]],
    empty: np.ndarray,
    df: pd.DataFrame,
    column: int,
) -> Column:
    """Settle a column ``a`` beside columns ``a.b``: in each row one of them, or an object that both make."""
    values, absent = own
    missing = np.zeros(len(df), dtype=bool) if absent is None else absent
    merged: list[Any] = []
    for place, (value, parts) in enumerate(zip(values, below, strict=True)):
        if missing[place]:
            merged.append(parts)
        elif empty[place]:
            merged.append(value)
        elif isinstance(value, dict):
            merged.append({**value, **parts})
        else:
            label = df.columns[column]
            raise FrameError(
                f"Column {label!r}, row {df.index[place]!r}: got {shown(value)} beside a value in a column below it; "
                "expected one of them.",
                hint="Clear one, or push with unflatten=False.",
                column=label,
                row=df.index[place],
            )
    both_missing = missing & empty
    return merged, (both_missing if both_missing.any() else None)
