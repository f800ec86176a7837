"""Output objects built from columns: all rows of one shape at a time, absent values taken out afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.columns import filled_column, gap_rows

__all__ = ["Layout"]

_WIDEST: Final = 200


class Layout:
    """The shape of an output object: which column goes to which keys.

    Parameters
    ----------
    places : sequence of tuple of str
        One per column: the keys from the object's root. Several keys nest. An object whose members are all absent
        is left out; where a value and an object want the same place, the later rule wins, row by row.
    """

    def __init__(self, places: Sequence[tuple[str, ...]]) -> None:
        self.places = tuple(places)
        self._tree: dict[str, Any] = {}
        self._clashes = not all(self._placed(keys, slot) for slot, keys in enumerate(self.places))

    def _placed(self, keys: tuple[str, ...], slot: int) -> bool:
        node = self._tree
        for key in keys[:-1]:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                return False
        if keys[-1] in node:
            return False
        node[keys[-1]] = slot
        return True

    def build(self, columns: Sequence[list[Any]], size: int) -> list[dict[str, Any]]:
        """Return one object per row; UNDEFINED values are left out."""
        if self._clashes:
            return [self._set_in_turn([column[row] for column in columns]) for row in range(size)]
        return _built(self._tree, columns, size)

    def _set_in_turn(self, values: list[Any]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for keys, value in zip(self.places, values, strict=True):
            if value is UNDEFINED:
                continue
            node = built
            for key in keys[:-1]:
                below = node.get(key)
                # An object that an earlier rule copied is the record's own; it is not written into.
                node[key] = dict(below) if isinstance(below, dict) else {}
                node = node[key]
            node[keys[-1]] = value
        return built


def _built(tree: dict[str, Any], columns: Sequence[list[Any]], size: int) -> list[dict[str, Any]]:
    members: list[list[Any]] = []
    for place in tree.values():
        if isinstance(place, dict):
            objects = _built(place, columns, size)
            members.append(objects if all(objects) else [value or UNDEFINED for value in objects])
        else:
            members.append(columns[place])
    if not members:
        return [{} for _ in range(size)]
    keys = list(tree)
    filled = [filled_column(column) for column in members]
    if len(keys) <= _WIDEST:
        rows = _row_maker(len(keys))(*keys)(*filled)
    else:
        rows = [dict(zip(keys, values, strict=True)) for values in zip(*filled, strict=True)]
    for key, column in zip(keys, members, strict=True):
        for row in gap_rows(column):
            del rows[row][key]
    return rows


@lru_cache(maxsize=_WIDEST + 1)
def _row_maker(width: int) -> Callable[..., Callable[..., list[dict[str, Any]]]]:
    """Make a function from keys to a function from columns to objects.

    A dict display of fixed width is twice as fast as ``dict(zip(...))``. The source text depends on the width alone:
    keys and values are arguments and never part of it.
    """
    keys = ", ".join(f"k{i}" for i in range(width))
    columns = ", ".join(f"c{i}" for i in range(width))
    values = ", ".join(f"v{i}" for i in range(width))
    members = ", ".join(f"k{i}: v{i}" for i in range(width))
    if width == 1:
        text = "lambda k0: lambda c0: [{k0: v0} for v0 in c0]"
    else:
        text = f"lambda {keys}: lambda {columns}: [{{{members}}} for {values} in zip({columns})]"
    maker: Callable[..., Callable[..., list[dict[str, Any]]]] = eval(text, {"zip": zip, "__builtins__": {}})
    return maker
