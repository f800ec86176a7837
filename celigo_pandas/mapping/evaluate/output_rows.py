"""Output objects built from columns: all rows of one shape at a time, absent values taken out afterwards."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.rules.rule_tree import Keys
from celigo_pandas.mapping.scopes.typed_columns import filled_column, gap_rows

__all__ = ["Layout"]

_WIDEST: Final = 200


class Layout:
    """The shape of an output object: which column goes to which keys.

    Parameters
    ----------
    places : sequence of keys
        One per column: the keys from the object's root. Several keys nest, positions make an array with null in its
        gaps. An object or array whose members are all absent is left out; where a value and an object want the same
        place, the later rule wins, row by row.
    """

    def __init__(self, places: Sequence[Keys]) -> None:
        self.places = tuple(places)
        self._tree: dict[str | int, Any] = {}
        self._clashes = not all(self._placed(keys, slot) for slot, keys in enumerate(self.places))

    def _placed(self, keys: Keys, slot: int) -> bool:
        node = self._tree
        for key in keys[:-1]:
            if not _suits(node, key):
                return False
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                return False
        if keys[-1] in node or not _suits(node, keys[-1]):
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
            if value is not UNDEFINED:
                built = _with(built, keys, value)
        return built


def _suits(node: dict[str | int, Any], key: str | int) -> bool:
    """Whether a node has no keys yet, or keys of the same kind: an array is no object."""
    return not node or isinstance(next(iter(node)), int) is isinstance(key, int)


def _with(holder: object, keys: Keys, value: object) -> Any:
    """Return a copy of an object or array with a value set: one that an earlier rule copied is the record's own."""
    if not keys:
        return value
    key = keys[0]
    if isinstance(key, int):
        items = list(holder) if isinstance(holder, list) else []
        items += [None] * (key + 1 - len(items))
        items[key] = _with(items[key], keys[1:], value)
        return items
    members = dict(holder) if isinstance(holder, dict) else {}
    members[key] = _with(members.get(key), keys[1:], value)
    return members


def _members(tree: dict[str | int, Any], columns: Sequence[list[Any]], size: int) -> list[list[Any]]:
    members: list[list[Any]] = []
    for place in tree.values():
        if isinstance(place, dict):
            is_array = isinstance(next(iter(place)), int)
            objects = _arrays(place, columns, size) if is_array else _built(place, columns, size)
            members.append(objects if all(objects) else [value or UNDEFINED for value in objects])
        else:
            members.append(columns[place])
    return members


def _arrays(tree: dict[str | int, Any], columns: Sequence[list[Any]], size: int) -> list[Any]:
    """Build arrays from the columns of their elements, by position; they end with the last one that is there."""
    members = dict(zip(tree, _members(tree, columns, size), strict=True))
    elements = [members.get(position) for position in range(max(int(key) for key in tree) + 1)]
    arrays: list[Any] = []
    for row in range(size):
        items = [UNDEFINED if column is None else column[row] for column in elements]
        while items and items[-1] is UNDEFINED:
            items.pop()
        arrays.append([None if item is UNDEFINED else item for item in items])
    return arrays


def _built(tree: dict[str | int, Any], columns: Sequence[list[Any]], size: int) -> list[dict[str, Any]]:
    members = _members(tree, columns, size)
    if not members:
        return [{} for _ in range(size)]
    keys = list(map(str, tree))
    filled = [filled_column(column) for column in members]
    if len(keys) <= _WIDEST:
        rows = _row_maker(tuple(keys))(*filled)
    else:
        rows = [dict(zip(keys, values, strict=True)) for values in zip(*filled, strict=True)]
    for key, column in zip(keys, members, strict=True):
        for row in gap_rows(column):
            del rows[row][key]
    return rows


@lru_cache(maxsize=512)
def _row_maker(keys: tuple[str, ...]) -> Callable[..., list[dict[str, Any]]]:
    """Make a function from columns to objects.

    A dict display is twice as fast as ``dict(zip(...))``. Its text depends on the width alone: keys are put into the
    syntax tree as constants and are never parsed.
    """
    values = ", ".join(f"v{place}" for place in range(len(keys)))
    columns = "zip(*columns)" if len(keys) > 1 else "columns[0]"
    parsed = ast.parse(f"lambda *columns: [{{}} for {values} in {columns}]", mode="eval")
    display = next(node for node in ast.walk(parsed) if isinstance(node, ast.Dict))
    display.keys = [ast.Constant(key) for key in keys]
    display.values = [ast.Name(f"v{place}", ast.Load()) for place in range(len(keys))]
    maker: Callable[..., list[dict[str, Any]]] = eval(
        compile(ast.fix_missing_locations(parsed), "<rows>", "eval"), {"zip": zip, "__builtins__": {}}
    )
    return maker
