"""A helper's path taken apart into elements: which row each belongs to, and what the composite record holds there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.scopes.scope import Prefix, Scope
from celigo_pandas.mapping.scopes.typed_columns import stepped
from celigo_pandas.paths import WILDCARD, Path, read_step

__all__ = ["Expansion", "expand", "narrow"]


@dataclass
class Expansion:
    """The elements a path matches over all rows of a scope.

    ``index`` holds the row of each element (ascending), ``values`` the elements, ``overlay`` the current element of
    each array on the way, ``reached`` says for each row of the scope whether there was an array or a value at all.
    ``missing``, ``nulls`` and ``empties`` hold a row for each array or position on the path that was not there, was
    null, or had no elements.
    """

    index: list[int]
    values: list[Any]
    overlay: dict[Prefix, list[Any]]
    reached: list[bool]
    missing: list[int] = field(default_factory=list)
    nulls: list[int] = field(default_factory=list)
    empties: list[int] = field(default_factory=list)

    def keep(self, places: list[int]) -> None:
        """Keep only the elements at these places."""
        if len(places) == len(self.values):
            return
        self.index = [self.index[place] for place in places]
        self.values = [self.values[place] for place in places]
        self.overlay = {keys: [column[place] for place in places] for keys, column in self.overlay.items()}

    def flatten(self) -> None:
        """Put the elements of arrays among the elements in their place; the overlay does not survive this."""
        if list not in set(map(type, self.values)):
            return
        pairs = [
            (row, item)
            for row, value in zip(self.index, self.values, strict=True)
            for item in (value if type(value) is list else (value,))
        ]
        self.empties += [row for row, value in zip(self.index, self.values, strict=True) if value == []]
        self.index, self.values, self.overlay = [row for row, _ in pairs], [item for _, item in pairs], {}

    def fill(self, default: object, size: int) -> list[int]:
        """Put a default in place of empty elements, and one where a row has no element at all; return where."""
        filled: list[list[Any]] = [[] for _ in range(size)]
        for row, value in zip(self.index, self.values, strict=True):
            empty = value is None or value == ""
            filled[row].append(UNDEFINED if empty else value)
        pairs = [(row, item) for row, items in enumerate(filled) for item in (items or [UNDEFINED])]
        places = [place for place, (_, item) in enumerate(pairs) if item is UNDEFINED]
        self.index, self.values, self.overlay = [row for row, _ in pairs], [item for _, item in pairs], {}
        for place in places:
            self.values[place] = default
        return places


def expand(scope: Scope, path: Path) -> Expansion:
    """Find the elements that a helper's path matches.

    ``[*]`` may be left out on the last array, a path that ends on one object is one element, and every array on the
    way, by ``[*]`` or by ``[n]``, has its current element in the overlay.
    """
    column, rest = scope.base(path.steps)
    walk = _Walk(list(column), [key for key in path.steps[: len(path.steps) - len(rest)] if isinstance(key, str)])
    for step in rest:
        if step is WILDCARD:
            walk.spread()
        elif isinstance(step, int):
            walk.pick(step)
        else:
            walk.column = stepped(walk.column, step)
            walk.keys.append(step)
    if not path.steps or path.steps[-1] is not WILDCARD:
        walk.spread(only_arrays=True)
    return Expansion(walk.index, walk.column, walk.overlay, walk.reached, walk.missing, walk.nulls, walk.empties)


def narrow(scope: Scope, path: Path) -> Scope:
    """Open the scope that an object's children see: for each array on the path, its first matching element."""
    if not path.has_wildcard and not any(isinstance(step, int) for step in path.steps):
        return scope
    expansion = expand(scope, path)
    first: dict[int, int] = {}
    for place, row in enumerate(expansion.index):
        first.setdefault(row, place)
    overlay = {
        keys: [column[first[row]] if row in first else UNDEFINED for row in range(scope.size)]
        for keys, column in expansion.overlay.items()
    }
    return scope.inner(list(range(scope.size)), overlay, positions=scope.positions)


class _Walk:
    """A path being walked over a whole column."""

    def __init__(self, column: list[Any], keys: list[str]) -> None:
        self.column = column
        self.keys = keys
        self.index = list(range(len(column)))
        self.overlay: dict[Prefix, list[Any]] = {}
        self.reached = [False] * len(column)
        self.missing: list[int] = []
        self.nulls: list[int] = []
        self.empties: list[int] = []
        self._has_spread = False

    def spread(self, *, only_arrays: bool = False) -> None:
        """Take every element of each array; a single object or value counts as one element."""
        places: list[int] = []
        values: list[Any] = []
        reached, index = self.reached, self.index
        for place, value in enumerate(self.column):
            if type(value) is list:
                reached[index[place]] = True
                values += value
                places += [place] * len(value)
                if not value:
                    self.empties.append(index[place])
            elif value is not UNDEFINED and (value is not None or (only_arrays and self._has_spread)):
                reached[index[place]] = True
                values.append(value)
                places.append(place)
            elif only_arrays and value is UNDEFINED and self._has_spread:
                values.append(value)
                places.append(place)
            else:
                (self.nulls if value is None else self.missing).append(index[place])
        self._regather(places, values)
        self._has_spread = True

    def pick(self, position: int) -> None:
        """Take one element of each array."""
        for place, value in enumerate(self.column):
            if type(value) is list:
                self.reached[self.index[place]] = True
        values = [read_step(value, position, UNDEFINED) for value in self.column]
        places = [place for place, value in enumerate(values) if value is not UNDEFINED]
        self.missing += [self.index[place] for place, value in enumerate(values) if value is UNDEFINED]
        self._regather(places, [values[place] for place in places])

    def _regather(self, places: list[int], values: list[Any]) -> None:
        self.index = [self.index[place] for place in places]
        self.overlay = {keys: [column[place] for place in places] for keys, column in self.overlay.items()}
        self.column = values
        self.overlay[tuple(self.keys)] = values
