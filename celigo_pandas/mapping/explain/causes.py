"""The rules behind a change: of all that decides a cell in two mappings, what differs between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.explain.cell_places import value_at
from celigo_pandas.mapping.explain.cell_rules import Cells, Influence, Steps, kind_of_cell
from celigo_pandas.paths import WILDCARD

__all__ = ["Causes", "Names"]

Names = tuple[tuple[str, ...], tuple[str, ...]]
"""Paths of rules before and after."""
Both = tuple[list[Influence], list[Influence]]


class Causes:
    """What differs between two mappings, by the kind of cell that it decides.

    Parameters
    ----------
    before, after : Cells
    old, new : sequence
        The outputs: which lines of a list are there in both, tells what a cell of it owes to the paths that iterate.
    """

    def __init__(self, before: Cells, after: Cells, old: Sequence[Any], new: Sequence[Any]) -> None:
        self._before, self._after = before, after
        self._old, self._new = old, new
        self._lists = (before.lists & after.lists) - before.shared - after.shared
        self._fixed = before.fixed | after.fixed
        self._composite = before.composite | after.composite
        self._known: dict[tuple[Steps, bool | None, bool], Names] = {}
        self._kinds: dict[Steps, Steps] = {}

    def kind(self, steps: Steps) -> Steps:
        """Tell of which kind a cell is: positions that a rule of either mapping names are kinds of their own."""
        kind = self._kinds.get(steps)
        if kind is None:
            kind = self._kinds[steps] = kind_of_cell(steps, self._fixed)
        return kind

    def are_placed(self, steps: Steps) -> bool:
        """Whether rules write the elements of an array one by one, by their positions."""
        kind = self.kind(steps)
        return any(place[:-1] == kind for place in self._fixed)

    def place(self, kind: Steps) -> Steps:
        """Return the cell of the rule that writes a kind of cell, the more exact one of both mappings."""
        owners = [owner for cells in (self._before, self._after) if (owner := cells.owners(kind)) is not None]
        return max((place for place, _ in owners), key=len, default=kind)

    def are_same(self, kind: Steps) -> bool:
        """Whether both mappings make the same of such a cell, whatever the records."""
        old, new = self._before.influences(kind), self._after.influences(kind)
        return bool(old) and [one.act for one in old] == [one.act for one in new]

    def of(self, position: int, steps: Steps) -> Names:
        """Name the rules behind one change; where none differs, those that write the cell."""
        kind = self.kind(steps)
        above = self._list_above(kind)
        is_kept = None if above is None else self._is_kept(position, steps, above)
        is_gap = any(_read(outputs[position], steps) is None for outputs in (self._old, self._new))
        names = self._known.get((kind, is_kept, is_gap))
        if names is None:
            found = self._differing(kind) if is_gap else _without_fills(self._differing(kind))
            if above is not None and is_kept is not None and not (is_kept and self._is_composite(kind)):
                narrowed = tuple([one for one in side if _decides(one, above, is_kept)] for side in found)
                found = (narrowed[0], narrowed[1]) if any(narrowed) else found
            names = (
                _paths(found) if any(found) else (self._writers(self._before, kind), self._writers(self._after, kind))
            )
            self._known[kind, is_kept, is_gap] = names
        return names

    def silent(self, order: Iterable[Steps], named: Iterable[Names]) -> tuple[list[Steps], list[Steps]]:
        """List the cells whose own rule differs and is behind no change: without an effect, and perhaps with one."""
        order = list(order)
        behind = {one for names in named for one in _sided(names)}
        groups = [set(_sided(_paths(found))) for kind in order if any(found := _without_fills(self._differing(kind)))]
        groups += map(self._line_makers, self._before.lists | self._after.lists)
        idle: list[Steps] = []
        undecided: list[Steps] = []
        for place in order:
            own = self._own(place)
            if own and self._before.acts(place) != self._after.acts(place) and not own & behind:
                is_alone = not any(group & own and group & behind for group in groups)
                (idle if is_alone else undecided).append(place)
        return idle, undecided

    def _line_makers(self, place: Steps) -> set[tuple[int, str]]:
        """Name the fields of a list whose paths that make lines differ, though together they may make the same ones.

        Each depends on the others then: what one gave up another has taken over.
        """
        old, new = (
            {(one.act, one.path) for one in cells.influences((*place, WILDCARD)) if one.makes_lines}
            for cells in (self._before, self._after)
        )
        return {(side, path) for side, only in enumerate((old - new, new - old)) for _, path in only}

    def _own(self, place: Steps) -> set[tuple[int, str]]:
        """Name the rules of a cell on both sides; elements without a rule of their own have none."""
        return {
            (side, rule.path)
            for side, cells in enumerate((self._before, self._after))
            for rule in cells.rules.get(place, ())
            if cells.places[rule.path] == place
        }

    def _differing(self, kind: Steps) -> Both:
        """Return what decides a kind of cell in one mapping only; where the order differs, all that does not stay."""
        old, new = self._before.influences(kind), self._after.influences(kind)
        (only_old, common_old), (only_new, common_new) = _parted(old, new), _parted(new, old)
        if common_old != common_new:
            # What seems to have moved may be one rule that does now what another did.
            staying = {(one.act, one.path) for one in old} & {(one.act, one.path) for one in new}
            only_old, only_new = ([one for one in side if (one.act, one.path) not in staying] for side in (old, new))
            if not only_old and not only_new:
                return list(old), list(new)
        return only_old, only_new

    def _writers(self, cells: Cells, kind: Steps) -> tuple[str, ...]:
        owners = cells.owners(kind)
        return () if owners is None else tuple(rule.path for rule in owners[1])

    def _list_above(self, kind: Steps) -> Steps | None:
        """Return the list of Mapper 1.0, in both mappings, that a kind of cell lies in a line of."""
        if not self._lists:
            return None
        return next((kind[:length] for length in range(1, len(kind)) if kind[:length] in self._lists), None)

    def _is_composite(self, kind: Steps) -> bool:
        return any(kind[:length] in self._composite for length in range(1, len(kind) + 1))

    def _is_kept(self, position: int, steps: Steps, above: Steps) -> bool | None:
        """Whether the line of a cell was there before, if it is there now; None otherwise, and where nothing tells."""
        line = steps[len(above)]
        before, after = (_read(outputs[position], above) for outputs in (self._old, self._new))
        if not isinstance(line, int) or not isinstance(after, list) or line >= len(after):
            return None
        return isinstance(before, list) and line < len(before)


def _without_fills(found: Both) -> Both:
    old, new = ([one for one in side if not one.fills] for side in found)
    return old, new


def _decides(one: Influence, above: Steps, is_kept: bool) -> bool:
    """Whether an influence is behind a change in a line that was there before (`is_kept`), or is new."""
    if is_kept:
        return not one.makes_lines
    return one.makes_lines or one.place[: len(above) + 1] != (*above, WILDCARD)


def _parted(influences: list[Influence], others: list[Influence]) -> tuple[list[Influence], list[Any]]:
    """Part influences into those of one mapping only, and what those do that are in both, in order.

    One that does the same at the same path is the same one; the others are matched by what they do.
    """
    exact = Counter((one.act, one.path) for one in influences) & Counter((one.act, one.path) for one in others)
    left = Counter(one.act for one in others) - Counter(act for act, _ in exact.elements())
    only: list[Influence] = []
    common: list[Any] = []
    for one in influences:
        if exact[one.act, one.path] > 0:
            exact[one.act, one.path] -= 1
        elif left[one.act] > 0:
            left[one.act] -= 1
        else:
            only.append(one)
            continue
        if not one.makes_lines:
            common.append(one.act)
    return only, common


def _paths(found: Both) -> Names:
    old, new = (tuple(dict.fromkeys(one.path for one in side)) for side in found)
    return old, new


def _sided(names: Names) -> list[tuple[int, str]]:
    return [(side, path) for side, paths in enumerate(names) for path in paths]


def _read(output: object, keys: Steps) -> object:
    found = value_at(output, keys)
    return None if found is UNDEFINED else found
