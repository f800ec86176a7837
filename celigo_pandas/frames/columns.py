"""Columns of a whole pull, collected block by block, and the frame they become.

Columns stand in the order in which their keys first appeared over all pages; those of one object stand together, where
the object first appeared. A ``null`` beside objects is an absent object: a column of nothing but nulls goes when the
same path has columns below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from celigo_pandas.errors import HintWarning, MixedTypesWarning
from celigo_pandas.frames.arrays import array_of
from celigo_pandas.frames.ladder import Block
from celigo_pandas.frames.notices import listed, notify
from celigo_pandas.frames.pieces import Piece, column_kind, nulls
from celigo_pandas.frames.shape import Shape
from celigo_pandas.frames.spreading import refuse_sparse

__all__ = ["LEVEL_NAMES", "URI_NAMES", "ColumnSet"]

LEVEL_NAMES = ("group", "row")
URI_NAMES = ("dataURI", "dataURI (page)")


class ColumnSet:
    """Collects blocks; :meth:`frame` makes the DataFrame.

    Attributes
    ----------
    rows : int
        Rows collected so far.
    elements : int
        Elements of ``data`` so far: groups, where records are grouped.
    errors : list
        What the server reported beside the records.
    has_groups : bool
        Whether lists of rows were among the elements.
    has_exploded : bool
        Whether ``explode=`` found a list.
    """

    def __init__(self, shape: Shape, first_row: int = 0, first_element: int = 0) -> None:
        self.shape = shape
        self.rows = 0
        self.elements = first_element
        self._first_row = first_row
        self._group_rows_before = 0
        self.errors: list[Any] = []
        self._pieces: dict[tuple[str, ...], list[tuple[int, Piece]]] = {}
        self._tree: dict[str, Any] = {}
        self._known: set[tuple[str, ...]] = set()
        self._valued: set[tuple[str, ...]] = set()  # had a value once, in rows that are gone by now too
        self._built: dict[tuple[str, ...], tuple[Any, bool]] = {}
        self._uris: list[tuple[int, Piece]] = []
        self._all_rows = self._members = 0  # of rows that are gone by now too
        self._sources: list[Any] = []
        self.has_groups = False
        self.has_exploded = False

    def add(self, block: Block) -> None:
        """Take the columns of one more block.

        Raises
        ------
        FrameError
            The keys of its records look like ids; nothing of it was taken.
        """
        self._refuse_sparse(block)
        for path, piece in block.columns.items():
            node = self._tree
            for key in path:
                node = node.setdefault(key, {})
            if self.shape.wants(path):
                self._known.add(path)
                if piece.kinds:
                    self._valued.add(path)
                self._pieces.setdefault(path, []).append((self.rows, piece))
        if block.data_uris is not None:
            self._uris.append((self.rows, block.data_uris))
        self.has_groups |= block.has_groups
        sources = range(block.rows) if block.sources is None else block.sources
        if self.shape.grouped == "rows" and (self.has_groups or block.sources is not None):
            self._fill_sources()
            self._sources.append(np.fromiter(sources, np.int64, block.rows) + self.elements)
        self.rows += block.rows
        self.errors += block.errors
        self.count(block)

    def _refuse_sparse(self, block: Block) -> None:
        rows, members = self._all_rows + block.rows, self._members + block.members
        new = [path for path in block.columns if path not in self._known and self.shape.wants(path)]
        if new:
            refuse_sparse(len(self._known) + len(new), rows, members, self.shape.name(new[-1]))
        self._all_rows, self._members = rows, members

    def count(self, block: Block) -> None:
        """Take note of a block without its columns."""
        self.elements += block.elements
        self.has_exploded |= block.has_exploded

    def head(self, count: int) -> ColumnSet:
        """Return the first `count` rows as a set of their own; both know all columns so far."""
        head = ColumnSet(self.shape, self._first_row, self.elements)
        head.rows = count
        head._tree, head._known, head._valued, head.has_groups = (
            self._tree,
            self._known,
            self._valued,
            self.has_groups,
        )
        head._pieces = {path: _head(placed, count) for path, placed in self._pieces.items()}
        head._uris = _head(self._uris, count)
        if self._sources:
            head._sources = [self._joined_sources()[:count]]
            head._group_rows_before = self._group_rows_before
        return head

    def drop(self, count: int) -> None:
        """Give up the first `count` rows."""
        self.rows -= count
        self._first_row += count
        self._pieces = {path: left for path, placed in self._pieces.items() if (left := _tail(placed, count))}
        self._uris = _tail(self._uris, count)
        if self._sources:
            sources = self._joined_sources()
            self._sources = [sources[count:]]
            before, self._group_rows_before = self._group_rows_before, 0
            if self.rows and count and sources[count] == sources[count - 1]:
                given = int((sources[:count] == sources[count]).sum())
                self._group_rows_before = given + (before if given == count else 0)

    def _fill_sources(self) -> None:
        """Before the first block whose rows are not its elements, they were: write that down once."""
        if not self._sources and self.rows:
            self._sources.append(np.arange(self.elements - self.rows, self.elements))

    def _joined_sources(self) -> Any:
        if len(self._sources) > 1:
            self._sources = [np.concatenate(self._sources)]
        return self._sources[0]

    def paths(self) -> Iterator[tuple[str, ...]]:
        """Yield the paths of all columns, in order."""
        yield from self._below(self._tree, ())

    def _below(self, tree: dict[str, Any], prefix: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for key, below in tree.items():
            path = (*prefix, key)
            if path in self._known and not (below and path not in self._valued):
                yield path
            yield from self._below(below, path)

    def names(self) -> list[str]:
        """Return the names of all columns of records, in order."""
        return [self.shape.name(path) for path in self.paths()]

    @property
    def uri_name(self) -> str | None:
        """The name of the column of ``dataURIs``, if any came."""
        return URI_NAMES[URI_NAMES[0] in self.names()] if self._uris else None

    def named_pieces(self) -> dict[str, list[Piece]]:
        """Return the columns by name, each with pieces for all rows; ``dataURI`` too, where pages had it."""
        named = {self.shape.name(path): self._filled(self._pieces.get(path, [])) for path in self.paths()}
        if self.uri_name is not None:
            named[self.uri_name] = self._filled(self._uris)
        return named

    def frame(
        self,
        *,
        dtype_backend: str | None = None,
        always_nullable: bool = False,
        release: bool = False,
        quiet: bool = False,
    ) -> pd.DataFrame:
        """Make the frame of all rows so far.

        Parameters
        ----------
        dtype_backend : {None, "numpy_nullable", "pyarrow"}
            As in pandas' own readers.
        always_nullable : bool
            Integers and booleans are ``Int64`` and ``boolean`` even where nothing is missing.
        release : bool
            Give each column's pieces up as soon as its array stands, so that both are never held at once. The arrays
            are kept until :meth:`forget`: a call that was interrupted can be made again.
        quiet : bool
            Warn of nothing.

        Returns
        -------
        DataFrame
            Shape (rows, columns); RangeIndex, or levels ``group`` and ``row`` for grouped records.
        """
        arrays: dict[str, Any] = {}
        mixed: list[str] = []
        for path in list(self.paths()):
            name = self.shape.name(path)
            arrays[name], is_mixed = self._built.get(path) or self._build(path, dtype_backend, always_nullable)
            if release:
                self._built[path] = arrays[name], is_mixed
                self._pieces.pop(path, None)
            if is_mixed:
                mixed.append(name)
        if self.uri_name is not None:
            uris = self._filled(self._uris)
            arrays[self.uri_name] = array_of(uris, "str", self.rows, dtype_backend, always_nullable)
        absent = self._add_missing(arrays)
        if not quiet:
            _warn(mixed, absent if self.rows else [])
        names, index = list(arrays), self._index()
        held = {place: _held(array, index) for place, array in enumerate(arrays.values())}
        frame = pd.DataFrame(held, index=index, copy=False)
        frame.columns = _labels(names)
        return frame

    def _build(self, path: tuple[str, ...], dtype_backend: str | None, always_nullable: bool) -> tuple[Any, bool]:
        pieces = self._filled(self._pieces.get(path, []))
        kind, is_mixed = column_kind(pieces)
        return array_of(pieces, kind, self.rows, dtype_backend, always_nullable), is_mixed

    def forget(self) -> None:
        """Give up what is left of the columns; counts and errors stay."""
        self._built.clear()
        self._pieces.clear()
        self._uris.clear()
        self._sources.clear()

    def _filled(self, pieces: list[tuple[int, Piece]]) -> list[Piece]:
        """Put nulls where a block had no such column."""
        filled: list[Piece] = []
        position = 0
        for start, piece in pieces:
            if start > position:
                filled.append(nulls(start - position))
            filled.append(piece if start >= 0 else piece.part(-start, len(piece)))
            position = start + len(piece)
        if position < self.rows:
            filled.append(nulls(self.rows - position))
        return filled

    def _add_missing(self, arrays: dict[str, Any]) -> list[str]:
        """Give columns that were asked for and never came: a job that runs every week meets empty weeks."""
        there = {name for path in self._known for name in self._prefixes(path)}
        absent = [name for name in self.shape.columns or () if name not in arrays and name not in there]
        for name in absent:
            arrays[name] = np.full(self.rows, None, dtype=object)
        return absent

    def _prefixes(self, path: tuple[str, ...]) -> list[str]:
        return [self.shape.name(path[: size + 1]) for size in range(len(path))]

    def _index(self) -> pd.Index:
        if not self.has_groups or self.shape.grouped != "rows":
            return pd.RangeIndex(self._first_row, self._first_row + self.rows)
        return pd.MultiIndex.from_arrays(self.levels(), names=LEVEL_NAMES)

    def levels(self) -> tuple[Any, Any]:
        """Return for each row the number of its group, and its number within the group."""
        if not self._sources:
            return np.arange(self._first_row, self._first_row + self.rows), np.zeros(self.rows, dtype=np.int64)
        group = self._joined_sources()
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        row = np.arange(len(group)) - np.repeat(starts, np.diff(starts, append=len(group)))
        if self._group_rows_before and len(group):
            row[group == group[0]] += self._group_rows_before
        return group, row


_Placed = list[tuple[int, Piece]]
"""Pieces with the rows they begin at: a negative one where the piece begins with rows that were given up."""


def _head(placed: _Placed, count: int) -> _Placed:
    return [
        (max(start, 0), piece.part(max(-start, 0), min(count - start, len(piece))))
        for start, piece in placed
        if start < count
    ]


def _tail(placed: _Placed, count: int) -> _Placed:
    return [(start - count, piece) for start, piece in placed if start + len(piece) > count]


def _held(array: object, index: pd.Index) -> object:
    """Keep objects objects: a bare array of them would be looked through, and become another dtype."""
    if isinstance(array, np.ndarray) and array.dtype == object:
        return pd.Series(array, index=index, dtype=object, copy=False)
    return array


def _labels(names: list[str]) -> pd.Index:
    try:
        return pd.Index(names)
    except UnicodeEncodeError:  # a lone surrogate in a key, which Arrow-backed texts cannot hold
        return pd.Index(names, dtype=object)


def _warn(mixed: list[str], absent: list[str]) -> None:
    if mixed:
        notify(f"Values of different types, kept as they came (dtype object): {listed(mixed)}.", MixedTypesWarning)
    if absent:
        notify(f"No record has a field {listed(absent)}; such a column is empty.", HintWarning)
