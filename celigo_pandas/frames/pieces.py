"""Pieces of columns: what one block of pages holds of a column, and how pieces become one column.

A piece is an Arrow array where its values have one type that Arrow keeps exactly, else a Python list with each value as
it came. Which of the two depends on the values alone, never on how they were decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["EXACT_INTEGER", "Piece", "column_kind", "piece_of"]

EXACT_INTEGER = 2**53
"""The largest magnitude up to which every integer has a double of its own."""

NoneType = type(None)
_NAMES = {bool: "bool", int: "int", float: "float", str: "str", dict: "object", list: "list"}


@dataclass(frozen=True)
class Piece:
    """Values of one column in one block of pages; `kinds` are the JSON types among those that are not null."""

    values: Any  # pa.Array | list[Any]
    kinds: frozenset[str]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_arrow(self) -> bool:
        """Whether the values are an Arrow array."""
        return not isinstance(self.values, list)

    def part(self, start: int, stop: int) -> Piece:
        """Return some of the values, held as they would be if no others had come with them."""
        if (start, stop) == (0, len(self)):
            return self
        if isinstance(self.values, list):
            return piece_of(self.values[start:stop])
        values = self.values.slice(start, stop - start)
        return nulls(len(values)) if values.null_count == len(values) else Piece(values, self.kinds)


def nulls(count: int) -> Piece:
    """Return a piece without a value."""
    return Piece(pa.nulls(count), frozenset())


def piece_of(values: list[Any], types: set[type] | None = None) -> Piece:
    """Hold Python values, as an Arrow array where that keeps each exactly; `types` are theirs, if known."""
    types = set(map(type, values)) if types is None else types
    types.discard(NoneType)
    if not types:
        return nulls(len(values))
    kinds = frozenset(_NAMES.get(kind, kind.__name__) for kind in types)
    arrow_type, held = _ARROW.get(kinds, (None, kinds))
    if arrow_type is not None:
        try:
            return Piece(pa.array(values, arrow_type), held)
        except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
            pass  # an integer beyond 64 bits, one that no double holds beside fractions, or a lone surrogate
    return Piece(values, kinds)


_ARROW: dict[frozenset[str], tuple[Any, frozenset[str]]] = {
    frozenset({"bool"}): (pa.bool_(), frozenset({"bool"})),
    frozenset({"int"}): (pa.int64(), frozenset({"int"})),
    frozenset({"float"}): (pa.float64(), frozenset({"float"})),
    frozenset({"int", "float"}): (pa.float64(), frozenset({"float"})),
    frozenset({"str"}): (pa.large_string(), frozenset({"str"})),
}


def column_kind(pieces: Sequence[Piece]) -> tuple[str, bool]:
    """Decide what a column is.

    Returns
    -------
    kind : {"null", "bool", "int", "float", "str", "object"}
    is_mixed : bool
        Whether values of different types are why it is ``"object"``.
    """
    kinds: frozenset[str] = frozenset().union(*(piece.kinds for piece in pieces))
    plain = all(piece.is_arrow for piece in pieces)
    if not kinds:
        return "null", False
    if plain and len(kinds) == 1:
        return next(iter(kinds)), False
    if plain and kinds == {"int", "float"} and all(_is_exact_as_double(piece) for piece in pieces):
        return "float", False
    return "object", len(kinds) > 1


def _is_exact_as_double(piece: Piece) -> bool:
    if "int" not in piece.kinds:
        return True
    limits = pc.min_max(piece.values).as_py()
    return bool(limits["min"] >= -EXACT_INTEGER and limits["max"] <= EXACT_INTEGER)
