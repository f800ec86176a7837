"""Columns of values that know where their gaps are and which types they hold.

Reading a column and knowing its types is most of what a mapping costs, so what was learnt on the way stays with the
column for every rule that reads the same path.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress, repeat
from operator import is_
from typing import Any, Final

from celigo_pandas.javascript.values import UNDEFINED, Undefined
from celigo_pandas.paths import Step, read_step

__all__ = ["Column", "filled_column", "gap_rows", "holds_only_text", "stepped", "types_of", "without"]

_MANY_GAPS: Final = 0.08


class Column(list[Any]):
    """A list of values whose gaps (rows that are UNDEFINED) and types are looked at once."""

    __slots__ = ("_filled", "_gaps", "_types")

    _gaps: list[int] | None
    _types: frozenset[type] | None
    _filled: list[Any] | None

    def __init__(self, values: Iterable[Any], gaps: list[int] | None = None) -> None:
        super().__init__(values)
        self._gaps = gaps
        self._types = None
        self._filled = None

    @classmethod
    def of_text(cls, values: Iterable[str]) -> Column:
        """Make a column of nothing but text."""
        column = cls(values, [])
        column._types = frozenset({str})
        return column

    @classmethod
    def constant(cls, value: object, size: int) -> Column:
        """Make a column of the same value in every row."""
        column = cls([value] * size)
        column._types = frozenset({type(value)})
        return column

    @property
    def types(self) -> frozenset[type]:
        """The types of all values, gaps included."""
        if self._types is None:
            self._types = frozenset(map(type, self))
        return self._types

    @property
    def gaps(self) -> list[int]:
        """The rows that are UNDEFINED."""
        if self._gaps is None:
            if self._types is not None and Undefined not in self._types:
                self._gaps = []
            else:
                self._gaps = _find_gaps(self)
        return self._gaps

    @property
    def filled(self) -> list[Any]:
        """The values with empty text in the gaps; not to be changed."""
        if self._filled is None:
            gaps = self.gaps
            filled: list[Any] = self
            if gaps:
                filled = self[:]
                for row in gaps:
                    filled[row] = ""
            self._filled = filled
        return self._filled

    def holds_only_text(self) -> bool:
        """Whether every value that is there is text: joining them finds out faster than their types do."""
        if self._types is None:
            try:
                "".join(self)
                self._types = frozenset({str})
            except TypeError:
                self._types = self._types_beside_gaps()
        return self._types <= {str, Undefined}

    def _types_beside_gaps(self) -> frozenset[type]:
        if self.gaps:
            try:
                "".join(self.filled)
            except TypeError:
                pass
            else:
                return frozenset({str, Undefined})
        return frozenset(map(type, self))


def _find_gaps(values: list[Any]) -> list[int]:
    gaps: list[int] = []
    many, find, row = len(values) * _MANY_GAPS + 1, values.index, -1
    try:
        while len(gaps) < many:
            row = find(UNDEFINED, row + 1)
            gaps.append(row)
    except ValueError:
        return gaps
    return list(compress(range(len(values)), map(is_, values, repeat(UNDEFINED))))


def without(column: list[Any], rows: list[int]) -> tuple[list[int], list[Any]]:
    """Leave some rows out of a column: return the other rows, and their values."""
    kept = bytearray(b"\x01") * len(column)
    for row in rows:
        kept[row] = 0
    return list(compress(range(len(column)), kept)), list(compress(column, kept))


def types_of(column: list[Any]) -> frozenset[type]:
    """Return the types in a column."""
    return column.types if isinstance(column, Column) else frozenset(map(type, column))


def holds_only_text(column: list[Any]) -> bool:
    """Whether a column holds nothing but text and gaps."""
    return column.holds_only_text() if isinstance(column, Column) else types_of(column) <= {str, Undefined}


def gap_rows(column: list[Any]) -> list[int]:
    """List the rows of a column that are UNDEFINED."""
    if isinstance(column, Column):
        return column.gaps
    return _find_gaps(column) if Undefined in types_of(column) else []


def filled_column(column: list[Any]) -> list[Any]:
    """Return a column without UNDEFINED, some value in each gap.

    An object that once held UNDEFINED is followed by the garbage collector for good, which costs more than building
    it: instances of Python classes are, plain values are not.
    """
    if not isinstance(column, Column):
        if Undefined not in types_of(column):
            return column
        column = Column(column)
    return column.filled


def stepped(column: list[Any], step: Step) -> list[Any]:
    """Take one step (a key or a position, no wildcard) from every value of a column."""
    if isinstance(step, str):
        try:
            return Column(map(dict.get, column, repeat(step), repeat(UNDEFINED)))
        except TypeError:
            # Some value is no object.
            if types_of(column) <= {dict, type(None), Undefined}:
                return Column([value.get(step, UNDEFINED) if value else UNDEFINED for value in column])
    return Column([read_step(value, step, UNDEFINED) for value in column])
