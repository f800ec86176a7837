"""Which output cells change between two mappings over the same records, and by which rule.

Both are evaluated; outputs are compared a column at a time, and only what differs is looked at value by value. Numbers
are one kind (1 and 1.0 are equal, as in JSON); true and 1 are not. A record that both fail to map has no outputs to
compare: it is counted, and while there is one, no changed rule is said to be without an effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple

from celigo_pandas.errors import MappingError, Problem
from celigo_pandas.javascript.dates import utc_now
from celigo_pandas.javascript.values import UNDEFINED, Undefined
from celigo_pandas.mapping.cells import Cells, Steps, kind_of_cell
from celigo_pandas.mapping.compilation import CompiledMapping
from celigo_pandas.mapping.rules import Rule
from celigo_pandas.paths import WILDCARD, cell_text

__all__ = ["CellChange", "MappingDifference", "RuleChange", "compare", "compare_evaluations", "compare_outputs"]

Kind = Literal["changed", "added", "removed"]
_CONTAINERS = frozenset({dict, list})


class CellChange(NamedTuple):
    """One output cell of one record that differs; an absent value is UNDEFINED, a failed record a MappingError."""

    position: int
    steps: Steps
    before: Any
    after: Any

    @property
    def cell(self) -> str:
        """Where in the output: ``lines[2].sku``; empty for a record as a whole."""
        return cell_text(self.steps)

    @property
    def kind(self) -> Kind:
        """What became of the cell."""
        if self.before is UNDEFINED:
            return "added"
        return "removed" if self.after is UNDEFINED else "changed"


@dataclass
class RuleChange:
    """All changes of one kind of cell (``lines[*].sku``), with the rules that write it before and after."""

    cell: str
    rule_before: str | None
    rule_after: str | None
    count: int = 0
    records: int = 0
    examples: list[CellChange] = field(default_factory=list)


@dataclass(frozen=True)
class MappingDifference:
    """Every change.

    Attributes
    ----------
    rules : tuple of RuleChange
        By cell, in the order of the rules.
    changes : tuple of CellChange
        Every cell that differs, by record. Of a record that only one of the two can map: the cells of the rules that
        failed.
    idle : tuple of str
        Cells whose rule differs between the documents and changes nothing in these records.
    undecided : tuple of str
        Cells whose rule differs and changes nothing in the records that could be compared, while others could not.
    newly_failed, newly_mapped : tuple of int
        Positions of records that only one of the two can map.
    uncompared : tuple of int
        Positions of records that both fail to map.
    records : int
        How many records there are.
    """

    rules: tuple[RuleChange, ...]
    changes: tuple[CellChange, ...]
    idle: tuple[str, ...]
    undecided: tuple[str, ...]
    newly_failed: tuple[int, ...]
    newly_mapped: tuple[int, ...]
    uncompared: tuple[int, ...]
    records: int
    _cells: tuple[Cells, Cells]

    def rule_of(self, change: CellChange) -> str | None:
        """Return the path of the rule that writes a cell in the second mapping, or else in the first.

        Where several helpers of an array write such a cell: the paths of all.
        """
        before, after = self._cells
        kind = kind_of_cell(change.steps)
        return _paths(after.owners(kind)) or _paths(before.owners(kind))


def compare(
    before: CompiledMapping, after: CompiledMapping, records: Sequence[Any], **surroundings: Any
) -> MappingDifference:
    """Evaluate both mappings over `records` and compare.

    Parameters
    ----------
    before, after : CompiledMapping
    records : sequence
    **surroundings
        As for :meth:`CompiledMapping.evaluate`. Without ``now`` both see one time.
    """
    started = utc_now()
    surroundings.setdefault("now", lambda: started)
    old = before.evaluate(records, **surroundings)
    new = after.evaluate(records, **surroundings)
    return compare_evaluations(before, after, old, new)


def compare_evaluations(
    before: CompiledMapping, after: CompiledMapping, old: Sequence[Any], new: Sequence[Any]
) -> MappingDifference:
    """Compare what two mappings were evaluated to over the same records, at the same time.

    What the same rules write is not compared: where it differs (random text) no rule is the cause.
    """
    return _compared(Cells(before), Cells(after), old, new, is_evaluated=True)


def compare_outputs(
    before: CompiledMapping, after: CompiledMapping, old: Sequence[Any], new: Sequence[Any]
) -> MappingDifference:
    """Compare outputs wherever they come from, e.g. from a server; the mappings only name the rules."""
    return _compared(Cells(before), Cells(after), old, new, is_evaluated=False)


def _compared(
    before: Cells, after: Cells, old: Sequence[Any], new: Sequence[Any], *, is_evaluated: bool
) -> MappingDifference:
    outputs = _Outputs(before, after, is_evaluated=is_evaluated)
    changes = sorted(outputs.changes(old, new), key=lambda change: change.position)
    order = {place: number for number, place in enumerate(dict.fromkeys([*after.rules, *before.rules]))}
    tally = _Tally(before, after)
    for change in changes:
        tally.add(change)
    silent = tuple(cell_text(place) for place in _silent(before, after, order, set(tally.found)))
    failed_before, failed_after = _failing(old), _failing(new)
    uncompared = tuple(sorted(failed_before & failed_after))
    is_judged = len(uncompared) == 0 and len(old) > 0
    return MappingDifference(
        tuple(entry for _, entry in sorted(tally.found.items(), key=lambda item: order.get(item[0], len(order)))),
        tuple(changes),
        silent if is_judged else (),
        () if is_judged else silent,
        tuple(sorted(failed_after - failed_before)),
        tuple(sorted(failed_before - failed_after)),
        uncompared,
        len(old),
        (before, after),
    )


def _failing(outputs: Sequence[Any]) -> set[int]:
    return {place for place, output in enumerate(outputs) if type(output) is MappingError}


def _silent(before: Cells, after: Cells, order: dict[Steps, int], found: set[Steps]) -> Iterator[Steps]:
    """List the cells whose own rule differs while no cell there, above or below does."""
    elements = {
        place
        for cells in (before, after)
        for place, rules in cells.rules.items()
        if cells.places[rules[0].path] != place
    }
    for place in order:
        if place in elements or before.acts(place) == after.acts(place):
            continue
        if not any(one[: len(place)] == place or place[: len(one)] == one for one in found):
            yield place


class _Tally:
    """Changes gathered by the cell of the rule behind them; changes come in the order of records."""

    EXAMPLES = 5

    def __init__(self, before: Cells, after: Cells) -> None:
        self.found: dict[Steps, RuleChange] = {}
        self._before, self._after = before, after
        self._last: dict[Steps, int] = {}
        self._known: dict[Steps, Steps] = {}

    def add(self, change: CellChange) -> None:
        kind = kind_of_cell(change.steps)
        place = self._known.get(kind)
        if place is None:
            place = self._known[kind] = self._place(kind)
        entry = self.found.get(place)
        if entry is None:
            entry = self.found[place] = RuleChange(cell_text(place), *self._rules(place))
        entry.count += 1
        if self._last.get(place) != change.position:
            self._last[place] = change.position
            entry.records += 1
        if len(entry.examples) < self.EXAMPLES:
            entry.examples.append(change)

    def _place(self, kind: Steps) -> Steps:
        """Return the cell of the rule that writes a kind of cell, the more exact one of both mappings."""
        owners = [owner for cells in (self._before, self._after) if (owner := cells.owners(kind)) is not None]
        return max((place for place, _ in owners), key=len, default=kind)

    def _rules(self, place: Steps) -> tuple[str | None, str | None]:
        """Name the rules of a cell before and after; of several helpers' rules those that differ."""
        before, after = self._before.owners(place), self._after.owners(place)
        old, new = self._before.acts(place), self._after.acts(place)
        differing = [number for number, (one, other) in enumerate(zip(old, new, strict=False)) if one != other]
        if before is None or after is None or len(old) != len(new) or not differing:
            return _paths(before), _paths(after)
        return _paths(before, differing), _paths(after, differing)


def _paths(owners: tuple[Steps, list[Rule]] | None, numbers: Sequence[int] | None = None) -> str | None:
    if owners is None:
        return None
    _, rules = owners
    return ", ".join(rules[number].path for number in (range(len(rules)) if numbers is None else numbers))


# --- outputs ----------------------------------------------------------------------------------------------------------


class _Outputs:
    """The comparison of two lists of outputs.

    With `is_evaluated` both come from an evaluation of the same records: then what rules that do the same write in
    both is settled, and is left out.
    """

    def __init__(self, before: Cells, after: Cells, *, is_evaluated: bool) -> None:
        self._before, self._after = before, after
        self._is_evaluated = is_evaluated
        old, new = (before.causes(), after.causes()) if is_evaluated else ({}, {})
        self._settled = {place for place, cause in old.items() if place in new and new[place] == cause}
        open_places = (old.keys() | new.keys()) - self._settled
        self._settled_keys = {place[0] for place in self._settled if place} - {
            place[0] for place in open_places if place
        }
        self._known: dict[Steps, bool] = {}

    def changes(self, old: Sequence[Any], new: Sequence[Any]) -> Iterator[CellChange]:
        """Yield every cell that differs, column by column."""
        olds, news = old, new
        rows: Sequence[int] = range(len(old))
        if set(map(type, old)) | set(map(type, new)) != {dict}:
            rows = [place for place in rows if type(old[place]) is type(new[place]) is dict]
            olds, news = [old[place] for place in rows], [new[place] for place in rows]
            both = set(rows)
            for place, (a, b) in enumerate(zip(old, new, strict=True)):
                if place not in both:
                    yield from self._unlike(place, a, b)
        # Outputs of one mapping mostly have the same keys: each distinct list of keys is looked at once.
        shapes = dict.fromkeys(chain(map(tuple, olds), map(tuple, news)))
        keys = dict.fromkeys(chain.from_iterable(shapes))
        for key in (key for key in keys if key not in self._settled_keys):
            before = [a.get(key, UNDEFINED) for a in olds]
            after = [b.get(key, UNDEFINED) for b in news]
            if before == after and not _hides_booleans(before, after):
                continue
            steps: Steps = (key,)
            if _are_plain(before, after):
                pairs = zip(rows, before, after, strict=True)
                yield from self._open(CellChange(row, steps, a, b) for row, a, b in pairs if a != b)
                continue
            for row, a, b in zip(rows, before, after, strict=True):
                if not _equal(a, b):
                    yield from self._open(_cells(row, steps, a, b))

    def _open(self, changes: Iterable[CellChange]) -> Iterator[CellChange]:
        for change in changes:
            kind = kind_of_cell(change.steps)
            is_settled = self._known.get(kind)
            if is_settled is None:
                is_settled = self._known[kind] = self._is_settled(kind)
            if not is_settled:
                yield change

    def _is_settled(self, kind: Steps) -> bool:
        old, new = self._before.owners(kind), self._after.owners(kind)
        return old is not None and new is not None and old[0] == new[0] and old[0] in self._settled

    def _unlike(self, position: int, a: Any, b: Any) -> Iterator[CellChange]:
        """Compare outputs that are not both objects: failures, and lists of rows."""
        if not isinstance(a, MappingError) and not isinstance(b, MappingError):
            yield from self._open(_cells(position, (), a, b))
            return
        old, new = _failures(a, self._before), _failures(b, self._after)
        is_same = set(old) == set(new)
        if not self._is_evaluated:
            # A server tells its failures in its own way; the same sentence is the same failure.
            is_same = is_same or str(a) == str(b)
        if is_same and isinstance(a, MappingError) and isinstance(b, MappingError):
            return
        for place in dict.fromkeys(place for place, *_ in (*old, *new)):
            if {one for one in old if one[0] == place} != {one for one in new if one[0] == place}:
                pair = (one if isinstance(one, MappingError) else _value_at(one, place) for one in (a, b))
                yield CellChange(position, place, *pair)


_Failure = tuple[Steps, str]


def _failures(output: Any, cells: Cells) -> list[_Failure]:
    """Tell what failed where; a failure whose rule is not known concerns the whole record."""
    if not isinstance(output, MappingError):
        return []
    problems = output.problems or (Problem(output.code, output.message, output.rule),)
    # Where a rule stands in its document is no part of what failed.
    return [(cells.places.get(one.field or "", ()), one.message.replace(one.field or "\0", "")) for one in problems]


def _value_at(output: Any, place: Steps) -> Any:
    """Read an output cell; below an array the list of what its elements have."""
    for number, step in enumerate(place):
        if step is WILDCARD:
            elements = output if isinstance(output, list) else []
            values = [_value_at(element, place[number + 1 :]) for element in elements]
            return [value for value in values if value is not UNDEFINED]
        output = output.get(step, UNDEFINED) if isinstance(output, dict) else UNDEFINED
    return output


def _are_plain(before: list[Any], after: list[Any]) -> bool:
    """Whether all values of two columns are texts and numbers, which Python compares as JSON does."""
    return set(map(type, before)) | set(map(type, after)) <= {str, int, float, type(None), Undefined}


def _hides_booleans(before: list[Any], after: list[Any]) -> bool:
    """Whether Python's ``True == 1`` could have made two columns look equal."""
    types = set(map(type, before)) | set(map(type, after))
    return bool(types & _CONTAINERS) or (bool in types and bool(types & {int, float}))


def _equal(a: Any, b: Any) -> bool:
    if type(a) is bool or type(b) is bool:
        return a is b
    if a != b:
        return False
    if type(a) in _CONTAINERS:
        return _canonical(a) == _canonical(b)
    return True


def _canonical(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return re.sub(r"(?<=\d)\.0(?=[,\]}]|$)", "", text)


def _cells(position: int, steps: Steps, a: Any, b: Any) -> Iterator[CellChange]:
    """Go down as long as both sides have the same shape; report the innermost cells that differ."""
    if type(a) is dict and type(b) is dict:
        for key in dict.fromkeys([*a, *b]):
            one, other = a.get(key, UNDEFINED), b.get(key, UNDEFINED)
            if not _equal(one, other):
                yield from _cells(position, (*steps, key), one, other)
    elif type(a) is list and type(b) is list and (_holds_containers(a) or _holds_containers(b)):
        for place in range(max(len(a), len(b))):
            one = a[place] if place < len(a) else UNDEFINED
            other = b[place] if place < len(b) else UNDEFINED
            if not _equal(one, other):
                yield from _cells(position, (*steps, place), one, other)
    elif type(a) is dict and a and b is UNDEFINED:
        for key, value in a.items():
            yield from _cells(position, (*steps, key), value, UNDEFINED)
    elif type(b) is dict and b and a is UNDEFINED:
        for key, value in b.items():
            yield from _cells(position, (*steps, key), UNDEFINED, value)
    else:
        yield CellChange(position, steps, a, b)


def _holds_containers(values: list[Any]) -> bool:
    return any(type(value) in _CONTAINERS for value in values)
