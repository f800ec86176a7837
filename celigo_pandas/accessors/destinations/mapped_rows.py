"""The rows of a frame as an import would write them, mapped part by part so that little stands in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from celigo_pandas.accessors.dry_runs.local_steps import RowState
from celigo_pandas.errors import FrameError
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import Block
from celigo_pandas.frames.shape import Shape
from celigo_pandas.frames.spreading import Rows, spread

__all__ = ["MappedRows", "mapped_rows"]

_TOGETHER = 5_000

MapPart = Callable[[pd.DataFrame], tuple[list[RowState], list[tuple[int, Any]]]]


@dataclass(frozen=True)
class MappedRows:
    """Mapped records, and where they came from.

    Attributes
    ----------
    frame : DataFrame
        One row a record, RangeIndex.
    places : ndarray
        For each record the position of its row; a one-to-many import makes several of one row, or none.
    states : list of RowState
        One for each row.
    nested : {"flatten", "keep"}
        How objects stand in `frame`.
    """

    frame: pd.DataFrame
    places: np.ndarray
    states: list[RowState]
    nested: str


def mapped_rows(df: pd.DataFrame, map_part: MapPart) -> MappedRows:
    """Map all rows of a frame.

    Parameters
    ----------
    df : DataFrame
    map_part : callable
        Maps some of its rows: their states, and the records with the positions of their rows.

    Raises
    ------
    FrameError
        A value that cannot be sent, or records whose own keys look like ids.
    """
    try:
        return _collected(df, map_part, Shape())
    except FrameError:
        pass  # keys of objects that look like ids make no columns: then objects stay objects
    return _collected(df, map_part, Shape(nested="keep"))


def _collected(df: pd.DataFrame, map_part: MapPart, shape: Shape) -> MappedRows:
    columns = ColumnSet(shape)
    states: list[RowState] = []
    places: list[np.ndarray] = [np.empty(0, np.int64)]
    for start in range(0, len(df), _TOGETHER):
        found, records = map_part(df.iloc[start : start + _TOGETHER])
        states += found
        places += (np.asarray(part, np.int64) + start for part in _added(columns, records, shape))
    return MappedRows(columns.frame(release=True, quiet=True), np.concatenate(places), states, shape.nested)


def _added(columns: ColumnSet, records: list[tuple[int, Any]], shape: Shape) -> Iterator[list[int]]:
    rows = Rows([record for _, record in records], shape)
    found, members = spread(rows.records, shape)
    columns.add(Block(len(rows.records), found, len(rows.records), "records", members=members))
    sources = range(len(records)) if rows.sources is None else rows.sources
    yield [records[source][0] for source in sources]
