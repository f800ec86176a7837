"""Records that are already Python objects, as the frame that a pull of them would give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import Block
from celigo_pandas.frames.shape import Shape
from celigo_pandas.frames.spreading import Rows, spread

__all__ = ["frame_of"]


def frame_of(records: Iterable[Any], *, quiet: bool = False, **shape: Any) -> pd.DataFrame:
    """Make a frame of records, by the rules of a pull.

    Parameters
    ----------
    records : iterable
        Decoded JSON. Not modified; lists among the values are shared with the frame.
    quiet : bool
        Warn of nothing.
    **shape
        ``columns, nested, sep, explode, grouped`` as in :func:`~celigo_pandas.read_export`.

    Returns
    -------
    DataFrame
        Shape (rows, columns). ``attrs["celigo"]["flatten"]`` is set, so that it can be nested again.
    """
    options = Shape.of(**shape)
    columns = ColumnSet(options)
    rows = Rows(list(records), options)
    found, members = spread(rows.records, options)
    columns.add(
        Block(len(rows.records), found, rows.elements, "records", rows.sources, rows.has_groups, members=members)
    )
    frame = columns.frame(quiet=quiet)
    frame.attrs["celigo"] = {"flatten": options.sep if options.flattens else None}
    return frame
