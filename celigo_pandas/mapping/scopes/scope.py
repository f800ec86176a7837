"""What rules read from: a batch of records as columns, and the narrower batches inside arrays.

A scope has one row per thing that is being built: a record at the top, an array element inside a helper. Reading a
path gives one column, kept for the other rules; a column of a narrower scope is gathered from the wider one unless the
path goes through an array that the scope stands inside. Then it starts at the current element: the *composite record*
of the vendor's Mapper 2.0, without building it. It is only built where a whole is read (a template, ``$``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celigo_pandas.handlebars import Contexts, Rows
from celigo_pandas.javascript.values import UNDEFINED, Undefined
from celigo_pandas.mapping.scopes.typed_columns import stepped, types_of
from celigo_pandas.paths import Path, Step

__all__ = ["Prefix", "Scope", "leading_keys"]

Prefix = tuple[str, ...]
ReadMember = Callable[[str, list[Any]], list[Any] | None]


class Scope:
    """One batch of rows.

    Parameters
    ----------
    roots : list
        The record of each row, as the rule's paths see it; for an inner scope the record it lies in.
    make_context : callable
        Record to template context.
    read_member : callable, optional
        Name and records to the column of that member of their contexts, or None where it takes whole contexts.
    parent, index : Scope and list of int, optional
        For an inner scope: the wider one, and the row in it that each row here belongs to (ascending).
    overlay : dict, optional
        Keys from the root to the column of current elements.
    positions : list of tuple of int, optional
        For each row its places in the output arrays it lies in; only known when an evaluation is watched.
    """

    def __init__(
        self,
        roots: list[Any] | None,
        make_context: Callable[[Any], dict[str, Any]],
        *,
        read_member: ReadMember | None = None,
        parent: Scope | None = None,
        index: list[int] | None = None,
        overlay: dict[Prefix, list[Any]] | None = None,
        positions: list[tuple[int, ...]] | None = None,
    ) -> None:
        self.parent = parent
        self.index = index or []
        self.overlay = overlay or {}
        self.size = len(self.index) if roots is None else len(roots)
        self.positions = positions
        self._roots = roots
        self._make_context = make_context
        self._read_member = read_member
        self._columns: dict[tuple[Step, ...], list[Any]] = {}
        self._contexts: list[dict[str, Any]] | None = None
        self._templates: Contexts | None = None
        self._lineage: list[int] | None = None

    def inner(
        self,
        index: list[int],
        overlay: dict[Prefix, list[Any]] | None = None,
        positions: list[tuple[int, ...]] | None = None,
    ) -> Scope:
        """Open a narrower scope; its overlay is this one's, gathered, with `overlay` over it."""
        gathered = {keys: [column[i] for i in index] for keys, column in self.overlay.items()}
        gathered.update(overlay or {})
        return Scope(
            None,
            self._make_context,
            read_member=self._read_member,
            parent=self,
            index=index,
            overlay=gathered,
            positions=positions,
        )

    @property
    def lineage(self) -> list[int]:
        """The row of the outermost scope that each row belongs to."""
        if self._lineage is None:
            if self.parent is None:
                self._lineage = list(range(self.size))
            else:
                above = self.parent.lineage
                self._lineage = [above[i] for i in self.index]
        return self._lineage

    def roots(self) -> list[Any]:
        """The record of each row, with the current elements in place of the arrays they come from."""
        if self._roots is None:
            above = self.parent.roots() if self.parent is not None else []
            roots = [above[i] for i in self.index]
            for keys in sorted(self.overlay, key=len):
                column = self.overlay[keys]
                roots = [_replaced(root, keys, value) for root, value in zip(roots, column, strict=True)]
            self._roots = roots
        return self._roots

    def contexts(self) -> list[dict[str, Any]]:
        """The template context of each row."""
        if self._contexts is None:
            contexts = map(self._make_context, self.roots())
            if () in self.overlay:
                # Inside the rows of a grouped record, a row at a time.
                paired = zip(self.roots(), contexts, strict=True)
                self._contexts = [{"rows": Rows([root]), **context} for root, context in paired]
            else:
                self._contexts = list(contexts)
        return self._contexts

    def for_templates(self) -> Contexts:
        """The template contexts of all rows, of which templates mostly need a few members."""
        if self._templates is None:
            read = self._read_member
            self._templates = Contexts(
                self.size, self.contexts, None if read is None else lambda name: read(name, self.roots())
            )
        return self._templates

    def column(self, path: Path) -> list[Any]:
        """Read one path for every row; with a wildcard each value is a list of matches.

        A path to more than one place of an array is read record by record, everything else step by step over the
        whole column.
        """
        if path.has_wildcard or not path.rooted:
            return self._read_each(path)
        return self._read_steps(path.steps)

    def _read_each(self, path: Path) -> list[Any]:
        if not path.rooted and not path.has_wildcard and _all_objects(self.roots()):
            return self._read_steps(path.steps)
        if not self.overlay:
            return [path.read(root, UNDEFINED) for root in self.roots()]
        base, rest = self.base(path.steps)
        tail = Path(path.text, rest, True)
        return [tail.read(value, UNDEFINED) for value in base]

    def base(self, steps: tuple[Step, ...]) -> tuple[list[Any], tuple[Step, ...]]:
        """Return the column of current elements that a path goes through, and the steps that are left.

        Without one: the roots and all steps.
        """
        if not self.overlay:
            return self.roots(), steps
        keys = leading_keys(steps)
        inside = [prefix for prefix in self.overlay if keys[: len(prefix)] == prefix]
        if not inside or any(len(prefix) > len(keys) and prefix[: len(keys)] == keys for prefix in self.overlay):
            return self.roots(), steps
        longest = max(inside, key=len)
        return self.overlay[longest], steps[len(longest) :]

    def _read_steps(self, steps: tuple[Step, ...]) -> list[Any]:
        length = len(steps)
        while (column := self._known(steps[:length])) is None:
            length -= 1
        for place in range(length, len(steps)):
            column = self._columns[steps[: place + 1]] = stepped(column, steps[place])
        return column

    def _known(self, steps: tuple[Step, ...]) -> list[Any] | None:
        """Return a column that needs no shorter path of this scope, or None."""
        known = self._columns.get(steps)
        if known is not None:
            return known
        if not steps:
            return self.roots()
        if self.overlay and (start := self.base(steps))[1] != steps:
            column, rest = start
            for step in rest:
                column = stepped(column, step)
        elif self.parent is not None and self._is_untouched(steps):
            above = self.parent._read_steps(steps)
            column = [above[i] for i in self.index]
        else:
            return None
        self._columns[steps] = column
        return column

    def _is_untouched(self, steps: tuple[Step, ...]) -> bool:
        keys = leading_keys(steps)
        return not any(prefix[: len(keys)] == keys or keys[: len(prefix)] == prefix for prefix in self.overlay)


def leading_keys(steps: tuple[Step, ...]) -> Prefix:
    """Return the keys a path begins with, up to its first position or wildcard."""
    keys: list[str] = []
    for step in steps:
        if not isinstance(step, str):
            break
        keys.append(step)
    return tuple(keys)


def _all_objects(values: list[Any]) -> bool:
    return types_of(values) <= {dict, Undefined}


def _replaced(root: object, keys: Prefix, value: object) -> object:
    """Return a copy of the record with `value` at the keys; nothing above is changed in place."""
    if not keys:
        return value
    copy = dict(root) if isinstance(root, dict) else {}
    copy[keys[0]] = _replaced(copy.get(keys[0]), keys[1:], value)
    return copy
