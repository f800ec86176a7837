"""Which output cells change between two mappings over the same records, and by which rule.

Both are evaluated; outputs are compared a column at a time, and only what differs is looked at value by value. Numbers
are one kind (1 and 1.0 are equal, as in JSON), in lists as in cells; true and 1 are not. A record that both fail to map
has no outputs to compare: it is counted. While any record fails, no changed rule is said to be without an effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple

from celigo_pandas.errors import MappingError, Problem
from celigo_pandas.javascript.dates import utc_now
from celigo_pandas.javascript.values import UNDEFINED, Undefined
from celigo_pandas.mapping.compile.compiled_mapping import CompiledMapping, evaluate_together
from celigo_pandas.mapping.explain.causes import Causes, Names
from celigo_pandas.mapping.explain.cell_places import value_at
from celigo_pandas.mapping.explain.cell_rules import Cells, Steps
from celigo_pandas.mapping.explain.sameness import same
from celigo_pandas.paths import WILDCARD, Step, cell_text

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
    """All changes of one kind of cell (``lines[*].sku``) that the same rules are behind.

    The rules before and after are those that differ and decide such a cell: its own; that of an array or object
    around it; one that writes to the same place; a path that makes the lines of a list. None: nothing of this mapping.
    Where no rule differs (outputs from elsewhere): the rules that write it.
    """

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
        Cells whose rule differs between the documents; these differences together change nothing in these records.
    undecided : tuple of str
        Cells whose rule differs and is behind no change, while its effect could not be told: some records fail in one
        mapping or both, or another rule that differs decides the same cells and is behind changes.
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
    _causes: Causes

    def rule_of(self, change: CellChange) -> str | None:
        """Return the path of the rule behind a change in the second mapping, or else in the first.

        Where several are: the paths of all. Where both mappings do the same: the rule that writes the cell.
        """
        old, new = self._causes.of(change.position, change.steps)
        return _listed(new or old)


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
    old, new = evaluate_together([before, after], records, **surroundings)
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
    causes = Causes(before, after, old, new)
    outputs = _Outputs(before, after, causes, is_evaluated=is_evaluated)
    changes = sorted(outputs.changes(old, new), key=lambda change: change.position)
    order = {place: number for number, place in enumerate(dict.fromkeys([*after.rules, *before.rules]))}
    tally = _Tally(causes)
    for change in changes:
        tally.add(change)
    failed_before, failed_after = _failing(old), _failing(new)
    uncompared = tuple(sorted(failed_before & failed_after))
    idle, undecided = causes.silent(order, [names for _, names in tally.found])
    if failed_before or failed_after or not old:
        idle, undecided = [], [place for place in order if place in {*idle, *undecided}]
    return MappingDifference(
        tuple(entry for _, entry in sorted(tally.found.items(), key=lambda item: order.get(item[0][0], len(order)))),
        tuple(changes),
        tuple(map(cell_text, idle)),
        tuple(map(cell_text, undecided)),
        tuple(sorted(failed_after - failed_before)),
        tuple(sorted(failed_before - failed_after)),
        uncompared,
        len(old),
        causes,
    )


def _failing(outputs: Sequence[Any]) -> set[int]:
    return {place for place, output in enumerate(outputs) if type(output) is MappingError}


class _Tally:
    """Changes gathered by the cell and the rules behind them; changes come in the order of records."""

    EXAMPLES = 5

    def __init__(self, causes: Causes) -> None:
        self.found: dict[tuple[Steps, Names], RuleChange] = {}
        self._causes = causes
        self._last: dict[tuple[Steps, Names], int] = {}
        self._known: dict[Steps, Steps] = {}

    def add(self, change: CellChange) -> None:
        kind = self._causes.kind(change.steps)
        place = self._known.get(kind)
        if place is None:
            place = self._known[kind] = self._causes.place(kind)
        key = (place, self._causes.of(change.position, change.steps))
        entry = self.found.get(key)
        if entry is None:
            entry = self.found[key] = RuleChange(cell_text(place), _listed(key[1][0]), _listed(key[1][1]))
        entry.count += 1
        if self._last.get(key) != change.position:
            self._last[key] = change.position
            entry.records += 1
        if len(entry.examples) < self.EXAMPLES:
            entry.examples.append(change)


def _listed(paths: Sequence[str]) -> str | None:
    return ", ".join(paths) or None


# --- outputs ----------------------------------------------------------------------------------------------------------


class _Outputs:
    """The comparison of two lists of outputs.

    With `is_evaluated` both come from an evaluation of the same records: then what rules that do the same write in
    both is settled, and is left out.
    """

    def __init__(self, before: Cells, after: Cells, causes: Causes, *, is_evaluated: bool) -> None:
        self._before, self._after = before, after
        self._causes = causes
        self._is_evaluated = is_evaluated
        self._settled_keys = self._find_settled_keys() if is_evaluated else set()
        self._known: dict[Steps, bool] = {}

    def _find_settled_keys(self) -> set[Step]:
        places = {*self._before.rules, *self._after.rules}
        open_keys = {place[0] for place in places if place and not self._causes.are_same(place)}
        return {place[0] for place in places if place} - open_keys

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
                if not same(a, b):
                    yield from self._open(self._cells(row, steps, a, b))

    def _open(self, changes: Iterable[CellChange]) -> Iterator[CellChange]:
        for change in changes:
            kind = self._causes.kind(change.steps)
            is_settled = self._known.get(kind)
            if is_settled is None:
                is_settled = self._known[kind] = self._is_evaluated and self._causes.are_same(kind)
            if not is_settled:
                yield change

    def _cells(self, position: int, steps: Steps, a: object, b: object) -> Iterator[CellChange]:
        """Go down as long as both sides have the same shape; report the innermost cells that differ."""
        if type(a) is dict and type(b) is dict:
            for key in dict.fromkeys([*a, *b]):
                one, other = a.get(key, UNDEFINED), b.get(key, UNDEFINED)
                if not same(one, other):
                    yield from self._cells(position, (*steps, key), one, other)
        elif type(a) is list and type(b) is list and self._is_told_by_element(steps, a, b):
            for place in range(max(len(a), len(b))):
                one = a[place] if place < len(a) else UNDEFINED
                other = b[place] if place < len(b) else UNDEFINED
                if not same(one, other):
                    yield from self._cells(position, (*steps, place), one, other)
        elif type(a) is dict and a and b is UNDEFINED:
            for key, value in a.items():
                yield from self._cells(position, (*steps, key), value, UNDEFINED)
        elif type(b) is dict and b and a is UNDEFINED:
            for key, value in b.items():
                yield from self._cells(position, (*steps, key), UNDEFINED, value)
        else:
            yield CellChange(position, steps, a, b)

    def _is_told_by_element(self, steps: Steps, a: list[Any], b: list[Any]) -> bool:
        return _holds_containers(a) or _holds_containers(b) or self._causes.are_placed(steps)

    def _unlike(self, position: int, a: Any, b: Any) -> Iterator[CellChange]:
        """Compare outputs that are not both objects: failures, and lists of rows."""
        are_failures = (isinstance(a, MappingError), isinstance(b, MappingError))
        if not any(are_failures):
            if not same(a, b):
                yield from self._open(self._cells(position, (), a, b))
            return
        if all(are_failures) and (self._is_evaluated or _sentences(a) == _sentences(b)):
            return
        old, new = _failures(a, self._before), _failures(b, self._after)
        for place in dict.fromkeys([*old, *new]):
            if old.get(place) != new.get(place):
                yield CellChange(position, place, _told(a, old, place), _told(b, new, place))


def _sentences(error: MappingError) -> set[str]:
    """Give what a failure says; a server, which does not name rules, says the same of the same failure."""
    return {problem.message for problem in error.problems} or {error.message}


def _failures(output: object, cells: Cells) -> dict[Steps, frozenset[str]]:
    """Tell what failed where; a failure whose rule is not known concerns the whole record."""
    found: dict[Steps, frozenset[str]] = {}
    if isinstance(output, MappingError):
        for one in output.problems or (Problem(output.code, output.message, output.rule),):
            place = cells.places.get(one.field or "", ())
            # Where a rule stands in its document is no part of what failed.
            found[place] = found.get(place, frozenset()) | {one.message.replace(one.field or "\0", "")}
    return found


def _told(output: object, failures: dict[Steps, frozenset[str]], place: Steps) -> object:
    """Give one side of a failure: what was there, or what failed there, or else what failed of the record."""
    if not isinstance(output, MappingError):
        return _value_at(output, place)
    if place not in failures:
        return output
    message = "; ".join(sorted(failures[place]))
    return MappingError(message, source=output.source, code=output.code, problems=output.problems)


def _value_at(output: object, place: Steps) -> object:
    """Read an output cell; below an array the list of what its elements have."""
    for number, step in enumerate(place):
        if step is WILDCARD:
            elements = output if isinstance(output, list) else []
            values = [_value_at(element, place[number + 1 :]) for element in elements]
            return [value for value in values if value is not UNDEFINED]
        output = value_at(output, (step,))
    return output


def _are_plain(before: list[Any], after: list[Any]) -> bool:
    """Whether all values of two columns are texts and numbers, which Python compares as JSON does."""
    return set(map(type, before)) | set(map(type, after)) <= {str, int, float, type(None), Undefined}


def _hides_booleans(before: list[Any], after: list[Any]) -> bool:
    """Whether Python's ``True == 1`` could have made two columns look equal."""
    types = set(map(type, before)) | set(map(type, after))
    return bool(types & _CONTAINERS) or (bool in types and bool(types & {int, float}))


def _holds_containers(values: list[Any]) -> bool:
    return any(type(value) in _CONTAINERS for value in values)
