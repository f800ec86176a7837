"""From pieces to the array of a pandas column: the inward table of conversions, which `docs/frames.md` shows.

Nothing becomes a float that was not one, and nothing is copied that need not be: texts stay the Arrow chunks they were
decoded to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from celigo_pandas.errors import ConfigError, shown
from celigo_pandas.frames.pieces import Piece

__all__ = ["ARROW_TYPES", "array_of", "check_backend"]

ARROW_TYPES = {
    "null": pa.null(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "str": pa.large_string(),
}


def check_backend(dtype_backend: str | None) -> None:
    """Refuse a backend pandas does not have."""
    if dtype_backend not in (None, "numpy_nullable", "pyarrow"):
        raise ConfigError(f"dtype_backend: got {shown(dtype_backend)}; expected None, 'numpy_nullable' or 'pyarrow'.")


def array_of(
    pieces: Sequence[Piece], kind: str, rows: int, dtype_backend: str | None = None, always_nullable: bool = False
) -> object:
    """Make the array of one column.

    Parameters
    ----------
    pieces : sequence of Piece
        Together `rows` long.
    kind : str
        What :func:`~celigo_pandas.frames.pieces.column_kind` said.

    Returns
    -------
    array
        Something a DataFrame takes without a copy.
    """
    if kind not in ARROW_TYPES or not all(piece.is_arrow for piece in pieces):
        return _objects(pieces, rows)
    if dtype_backend == "pyarrow":
        return pd.arrays.ArrowExtensionArray(chunked(pieces, kind))
    nullable = always_nullable or dtype_backend == "numpy_nullable"
    return _MAKERS[kind](pieces, rows, nullable, dtype_backend)


def chunked(pieces: Sequence[Piece], kind: str) -> pa.ChunkedArray:
    """Return the pieces as the chunks of one Arrow array."""
    wanted = ARROW_TYPES[kind]
    chunks = [
        piece.values if piece.values.type == wanted else piece.values.cast(wanted) for piece in pieces if len(piece)
    ]
    return pa.chunked_array(chunks, type=wanted)


def _objects(pieces: Sequence[Piece], rows: int) -> object:
    array = np.empty(rows, dtype=object)
    position = 0
    for piece in pieces:
        values = piece.values.to_pylist() if piece.is_arrow else piece.values
        if piece.kinds & {"list", "object"}:
            for offset, value in enumerate(values):  # one by one: numpy would take lists apart
                array[position + offset] = value
        else:
            array[position : position + len(piece)] = values
        position += len(piece)
    return array


def _numbers(pieces: Sequence[Piece], rows: int, dtype: Any, fill: object) -> tuple[Any, Any]:
    values = np.empty(rows, dtype=dtype)
    mask = np.zeros(rows, dtype=bool)
    position = 0
    for piece in pieces:
        part = slice(position, position + len(piece))
        position += len(piece)
        missing = piece.values.null_count
        if missing == len(piece):
            values[part], mask[part] = fill, True
            continue
        if missing:
            mask[part] = piece.values.is_null().to_numpy(zero_copy_only=False)
            values[part] = piece.values.fill_null(pa.scalar(fill, piece.values.type)).to_numpy(zero_copy_only=False)
        else:
            values[part] = piece.values.to_numpy(zero_copy_only=False)
    return values, mask


def _int(pieces: Sequence[Piece], rows: int, nullable: bool, _backend: str | None) -> object:
    values, mask = _numbers(pieces, rows, np.int64, 1)
    return pd.arrays.IntegerArray(values, mask) if nullable or mask.any() else values


def _bool(pieces: Sequence[Piece], rows: int, nullable: bool, _backend: str | None) -> object:
    values, mask = _numbers(pieces, rows, np.bool_, False)
    return pd.arrays.BooleanArray(values, mask) if nullable or mask.any() else values


def _float(pieces: Sequence[Piece], rows: int, _nullable: bool, backend: str | None) -> object:
    values, mask = _numbers(pieces, rows, np.float64, 0.0)
    if backend == "numpy_nullable":
        return pd.arrays.FloatingArray(values, mask)
    values[mask] = np.nan
    return values


def _str(pieces: Sequence[Piece], _rows: int, _nullable: bool, backend: str | None) -> Any:
    chunks = chunked(pieces, "str")
    # ``str`` from pandas 3.0 on, objects before it or where an option says so.
    dtype: Any = pd.StringDtype("pyarrow") if backend == "numpy_nullable" else pd.Index(["text"]).dtype
    is_text = isinstance(dtype, pd.StringDtype)
    if is_text:
        return dtype.__from_arrow__(chunks)
    return chunks.to_pandas(deduplicate_objects=True).to_numpy()


def _null(_pieces: Sequence[Piece], rows: int, _nullable: bool, _backend: str | None) -> object:
    return np.full(rows, None, dtype=object)


_MAKERS: dict[str, Callable[[Sequence[Piece], int, bool, str | None], Any]] = {
    "null": _null, "bool": _bool, "int": _int, "float": _float, "str": _str,
}  # fmt: skip
