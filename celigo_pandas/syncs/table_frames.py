"""A synced table as a DataFrame: columns and values as a pull gives them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from celigo_pandas.errors import ConfigError, SyncError, shown
from celigo_pandas.frames.arrays import array_of
from celigo_pandas.frames.pieces import Piece, column_kind, piece_of
from celigo_pandas.syncs.stores.store_places import TableStore

__all__ = ["TableReader"]


class TableReader:
    """Reads the table of a store, whenever it is called."""

    def __init__(self, store: TableStore) -> None:
        self._store = store

    def __call__(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read all rows, of some columns or all."""
        if not self._store.exists():
            return pd.DataFrame()
        with self._store.opened(writes=False):
            state = self._store.state()
            if state is None:
                return pd.DataFrame()
            names = tuple(state.columns) if columns is None else tuple(columns)
            absent = [name for name in names if name not in state.columns]
            if isinstance(columns, str) or absent:
                raise ConfigError(
                    f"columns: got {shown(columns)}; the {self._store.place} has {shown(list(state.columns), 200)}."
                )
            rows = self._store.read(state, names)
        held = {
            place: _held(_array(rows[name], state.columns[name], self._store.place)) for place, name in enumerate(names)
        }
        frame = pd.DataFrame(held, index=pd.RangeIndex(rows.num_rows), copy=False)
        frame.columns = pd.Index(names)
        return frame


def _held(array: Any) -> Any:
    """Keep objects objects: pandas would look through them for another dtype."""
    return pd.Series(array, dtype=object) if pd.api.types.is_object_dtype(array) else array


def _array(values: Any, kind: str, place: str) -> Any:
    if kind == "json":
        try:
            piece = piece_of([None if text is None else json.loads(text) for text in values.to_pylist()])
        except ValueError as error:
            raise SyncError(f"A value of the {place} is no JSON any more: {error}.") from error
    else:
        array = values.combine_chunks() if hasattr(values, "combine_chunks") else values
        is_bare = kind == "null" or array.null_count == len(array)
        piece = piece_of([None] * len(array)) if is_bare else Piece(array, frozenset({kind}))
    return array_of([piece], column_kind([piece])[0], len(piece))
