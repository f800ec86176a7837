"""Which output cells change between two mappings over the same records, and by which rule.

Both are evaluated; outputs are compared a column at a time, and only what differs is looked at value by value. Numbers
are one kind (1 and 1.0 are equal, as in JSON); true and 1 are not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple

from celigo_pandas.errors import MappingError
from celigo_pandas.javascript.values import UNDEFINED, Undefined
from celigo_pandas.mapping.compilation import CompiledMapping

__all__ = ["CellChange", "MappingDifference", "RuleChange", "compare", "compare_outputs", "rule_of"]

Kind = Literal["changed", "added", "removed"]
_CONTAINERS = frozenset({dict, list})
_NUMBERED = re.compile(r"\[\d+\]")


class CellChange(NamedTuple):
    """One output cell of one record that differs; an absent value is UNDEFINED, a failed record a MappingError."""

    position: int
    cell: str
    before: Any
    after: Any

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
        Every cell that differs, by record.
    idle : tuple of str
        Cells whose rule differs between the documents and changes nothing in these records.
    newly_failed, newly_mapped : tuple of int
        Positions of records that only one of the two can map.
    """

    rules: tuple[RuleChange, ...]
    changes: tuple[CellChange, ...]
    idle: tuple[str, ...]
    newly_failed: tuple[int, ...]
    newly_mapped: tuple[int, ...]
    records: int


def compare(
    before: CompiledMapping, after: CompiledMapping, records: Sequence[Any], **surroundings: Any
) -> MappingDifference:
    """Evaluate both mappings over `records` and compare.

    Parameters
    ----------
    before, after : CompiledMapping
    records : sequence
    **surroundings
        As for :meth:`CompiledMapping.evaluate`.
    """
    old = before.evaluate(records, **surroundings)
    new = after.evaluate(records, **surroundings)
    return compare_outputs(before, after, old, new, unchanged=_unchanged_keys(before, after))


def compare_outputs(
    before: CompiledMapping,
    after: CompiledMapping,
    old: Sequence[Any],
    new: Sequence[Any],
    *,
    unchanged: frozenset[str] = frozenset(),
    examples: int = 5,
) -> MappingDifference:
    """Compare what two mappings made of the same records; `unchanged` keys are known to be equal."""
    changes = sorted(_changes(old, new, unchanged), key=lambda change: change.position)
    old_rules = {rule.cell: rule for rule in before.rules}
    new_rules = {rule.cell: rule for rule in after.rules}
    order = {cell: place for place, cell in enumerate(dict.fromkeys([*new_rules, *old_rules]))}
    tally = _Tally(old_rules, new_rules, examples)
    for change in changes:
        if isinstance(change.before, MappingError) or isinstance(change.after, MappingError):
            for blamed in _failed_cells(change, old_rules, new_rules):
                tally.add(blamed.cell, blamed)
        else:
            tally.add(_owning(_NUMBERED.sub("[*]", change.cell), order), change)
    found = tally.found
    idle = tuple(
        cell
        for cell in order
        if cell not in found and not _same_rule(old_rules.get(cell), new_rules.get(cell)) and _is_leaf(cell, order)
    )
    return MappingDifference(
        tuple(sorted(found.values(), key=lambda entry: order.get(entry.cell, len(order)))),
        tuple(changes),
        idle,
        _failing_only(new, old),
        _failing_only(old, new),
        len(old),
    )


def _failing_only(here: Sequence[Any], there: Sequence[Any]) -> tuple[int, ...]:
    """List the records that fail here and not there."""
    failing = [place for place, output in enumerate(here) if type(output) is MappingError]
    return tuple(place for place in failing if type(there[place]) is not MappingError)


class _Tally:
    """Changes gathered by the cell of the rule behind them; changes come in the order of records."""

    def __init__(self, before: dict[str, Any], after: dict[str, Any], examples: int) -> None:
        self.found: dict[str, RuleChange] = {}
        self._before, self._after, self._examples = before, after, examples
        self._last: dict[str, int] = {}

    def add(self, cell: str, change: CellChange) -> None:
        entry = self.found.get(cell)
        if entry is None:
            entry = self.found[cell] = RuleChange(cell, _path(self._before.get(cell)), _path(self._after.get(cell)))
        entry.count += 1
        if self._last.get(cell) != change.position:
            self._last[cell] = change.position
            entry.records += 1
        if len(entry.examples) < self._examples:
            entry.examples.append(change)


def _failed_cells(change: CellChange, before: dict[str, Any], after: dict[str, Any]) -> Iterator[CellChange]:
    """Lay a record that only one side can map at the rules that failed, with what the other side wrote there."""
    for error, other, rules in ((change.before, change.after, before), (change.after, change.before, after)):
        if not isinstance(error, MappingError):
            continue
        failed = {problem.field for problem in error.problems}
        for cell, rule in rules.items():
            if rule.path in failed:
                value = other.get(cell, UNDEFINED) if isinstance(other, dict) else other
                pair = (error, value) if error is change.before else (value, error)
                yield CellChange(change.position, cell, *pair)


def rule_of(compiled: CompiledMapping, cell: str) -> Any:
    """Return the rule that writes an output cell (``lines[2].sku``), or None."""
    rules = {rule.cell: rule for rule in compiled.rules}
    order = {known: place for place, known in enumerate(rules)}
    return rules.get(_owning(_NUMBERED.sub("[*]", cell), order))


def _unchanged_keys(before: CompiledMapping, after: CompiledMapping) -> frozenset[str]:
    """List the keys of the output that the same rules write in both mappings, so that no value can differ."""
    if before.makes_rows or after.makes_rows:
        return frozenset()
    written: list[dict[str, list[Any]]] = []
    for mapping in (before, after):
        by_key: dict[str, list[Any]] = {}
        for rule in mapping.tree:
            by_key.setdefault(rule.keys[0], []).append(rule)
        written.append(by_key)
    return frozenset(
        key
        for key, rules in written[0].items()
        if len(rules) == len(others := written[1].get(key, [])) and all(map(_same_rule, rules, others))
    )


def _path(rule: Any) -> str | None:
    return None if rule is None else str(rule.path)


def _owning(cell: str, known: dict[str, int]) -> str:
    """Return the rule's cell for a changed cell: its own, else the nearest above it (a rule that copies an object)."""
    while cell not in known:
        shorter = cell[: max(cell.rfind("."), cell.rfind("["))] if "." in cell or "[" in cell else ""
        if not shorter:
            return cell
        cell = shorter
    return cell


def _is_leaf(cell: str, known: dict[str, int]) -> bool:
    return not any(other.startswith((f"{cell}.", f"{cell}[")) for other in known)


def _same_rule(old: Any, new: Any) -> bool:
    if old is None or new is None or type(old) is not type(new):
        return False
    # Where a rule stands says nothing about what it does; compiled date functions compare by their formats.
    return {**vars(old), "path": ""} == {**vars(new), "path": ""}


# --- outputs ----------------------------------------------------------------------------------------------------------


def _changes(old: Sequence[Any], new: Sequence[Any], unchanged: frozenset[str]) -> Iterator[CellChange]:
    olds, news = old, new
    rows: Sequence[int] = range(len(old))
    if set(map(type, old)) | set(map(type, new)) != {dict}:
        rows = [place for place in rows if type(old[place]) is type(new[place]) is dict]
        olds, news = [old[place] for place in rows], [new[place] for place in rows]
        both = set(rows)
        for place, (a, b) in enumerate(zip(old, new, strict=True)):
            if place not in both:
                yield from _unlike(place, a, b)
    # Outputs of one mapping mostly have the same keys: each distinct list of keys is looked at once.
    shapes = dict.fromkeys(chain(map(tuple, olds), map(tuple, news)))
    keys = dict.fromkeys(chain.from_iterable(shapes))
    for key in (key for key in keys if key not in unchanged):
        before = [a.get(key, UNDEFINED) for a in olds]
        after = [b.get(key, UNDEFINED) for b in news]
        if before == after and not _hides_booleans(before, after):
            continue
        if _are_plain(before, after):
            yield from (CellChange(row, key, a, b) for row, a, b in zip(rows, before, after, strict=True) if a != b)
            continue
        for row, a, b in zip(rows, before, after, strict=True):
            if not _equal(a, b):
                yield from _cells(row, key, a, b)


def _unlike(position: int, a: Any, b: Any) -> Iterator[CellChange]:
    """Compare outputs that are not both objects: failures, and lists of rows."""
    if not isinstance(a, MappingError) and not isinstance(b, MappingError):
        yield from _cells(position, "", a, b)
    elif not (isinstance(a, MappingError) and isinstance(b, MappingError) and str(a) == str(b)):
        yield CellChange(position, "", a, b)


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


def _cells(position: int, cell: str, a: Any, b: Any) -> Iterator[CellChange]:
    """Go down as long as both sides have the same shape; report the innermost cells that differ."""
    if type(a) is dict and type(b) is dict:
        for key in dict.fromkeys([*a, *b]):
            below = f"{cell}.{key}" if cell else key
            one, other = a.get(key, UNDEFINED), b.get(key, UNDEFINED)
            if not _equal(one, other):
                yield from _cells(position, below, one, other)
    elif type(a) is list and type(b) is list and (_holds_containers(a) or _holds_containers(b)):
        for place in range(max(len(a), len(b))):
            one = a[place] if place < len(a) else UNDEFINED
            other = b[place] if place < len(b) else UNDEFINED
            if not _equal(one, other):
                yield from _cells(position, f"{cell}[{place}]", one, other)
    elif (type(a) is dict and a and b is UNDEFINED) or (type(b) is dict and b and a is UNDEFINED):
        whole = a if b is UNDEFINED else b
        for key, value in whole.items() if isinstance(whole, dict) else ():
            below = f"{cell}.{key}" if cell else key
            yield from _cells(position, below, *((value, UNDEFINED) if b is UNDEFINED else (UNDEFINED, value)))
    else:
        yield CellChange(position, cell, a, b)


def _holds_containers(values: list[Any]) -> bool:
    return any(type(value) in _CONTAINERS for value in values)
