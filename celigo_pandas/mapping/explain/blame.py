"""Where one output cell comes from: its rule, the source path and value, each step on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from celigo_pandas.errors import MappingError, Problem, shown
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compile.compiled_mapping import CompiledMapping
from celigo_pandas.mapping.evaluate.traces import CellTrace, Tracer
from celigo_pandas.mapping.explain.cell_places import find_places, value_at
from celigo_pandas.mapping.explain.cell_rules import Cells, Steps, fits, kind_of_cell
from celigo_pandas.mapping.rules.rule_tree import ObjectRule, Rule, ValueRule
from celigo_pandas.paths import WILDCARD

__all__ = ["Blame", "blame_cell"]


@dataclass(frozen=True)
class Blame:
    """The story of one cell.

    Attributes
    ----------
    cell : str
        The cell that was asked for; ``trace.cell`` is the rule's own, above it when the rule copies a whole object.
    trace : CellTrace
        Rule and steps. Where several rules write to one place: the last that wrote in this record.
    sources : tuple of (str, object)
        Each path that the rule reads with the value it has for this cell (UNDEFINED: not there).
    value : object
        What was written there (UNDEFINED: nothing).
    parts : tuple of CellTrace
        The cells inside, when the cell is an object or array whose values other rules write.
    """

    cell: str
    trace: CellTrace
    sources: tuple[tuple[str, Any], ...]
    value: Any
    parts: tuple[CellTrace, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why it wrote nothing, if it failed."""
        return (*self.trace.problems, *(problem for part in self.parts for problem in part.problems))


def blame_cell(compiled: CompiledMapping, record: object, cell: str, **surroundings: Any) -> Blame:
    r"""Map one record and explain one of its output cells.

    Parameters
    ----------
    compiled : CompiledMapping
    record : object
    cell : str
        ``sku``, ``address.city``, ``lines[2].sku``; an object or array (``address``, ``lines``); the cells of all
        elements (``lines[*].sku``). A dot in a key is written ``\.``.

    Raises
    ------
    MappingError
        No rule writes such a cell; the message lists those that are written.
    """
    tracer = Tracer(compiled.tree)
    outcome = compiled.evaluate([record], watch=tracer, **surroundings)[0]
    story = _Story(compiled, tracer, outcome)
    found = next((told for steps in story.places(cell) if (told := story.of(cell, steps)) is not None), None)
    if found is None:
        written = ", ".join(list(dict.fromkeys(trace.cell for trace in story.traces))[:12]) or "none"
        raise MappingError(
            f"No rule writes the cell {shown(cell)} of this record; the cells are {written}.", code="no_such_cell"
        )
    return found


class _Story:
    """All that was seen of one record, and its outcome."""

    def __init__(self, compiled: CompiledMapping, tracer: Tracer, outcome: object) -> None:
        self.traces = tracer.cells(outcome)
        cells = Cells(compiled)
        self._rules, self._fixed = cells.rules, cells.fixed
        self._arrays = tracer.array_sources
        self._outcome = outcome
        objects = {rule.path for rule in compiled.rules if isinstance(rule, ObjectRule)}
        # Objects that took their default, or were left out, whatever their children gave.
        self._closed = {trace.place for trace in self.traces if trace.rule in objects and not trace.is_frame}
        # Who wrote last at each place: what was written to it or inside it before is gone.
        self._last = {trace.place: number for number, trace in enumerate(self.traces) if _writes(trace)}

    def places(self, cell: str) -> Iterator[Steps]:
        """Give the places that a text may mean: where something is, where something was tried, kinds of cells."""
        known = {trace.place[:length]: None for trace in self.traces for length in range(1, len(trace.place) + 1)}
        known |= dict.fromkeys(self._arrays)
        kinds = dict.fromkeys([*self._rules, *[kind for one in known for kind in (self._kind(one), kind_of_cell(one))]])
        yield from find_places(cell, self._outcome, [*known, *kinds])

    def _kind(self, steps: Steps) -> Steps:
        return kind_of_cell(steps, self._fixed)

    def of(self, cell: str, steps: Steps) -> Blame | None:
        """Tell of one place; None when nothing is known of it."""
        parts = tuple(self._inside(steps))
        writer = self._writer(steps, is_whole=not parts)
        trace = self._gap(steps, cell, writer) or writer or self._frame(steps, parts, cell)
        if trace is None:
            return None
        is_there = not isinstance(self._outcome, MappingError) and WILDCARD not in steps
        value = value_at(self._outcome, steps) if is_there else trace.value
        return Blame(cell, trace, trace.sources or tuple(self._arrays.get(steps, ())), value, parts)

    def _writer(self, steps: Steps, *, is_whole: bool) -> CellTrace | None:
        """Return the trace of the rule that wrote a place, or a whole with it; else of the one that would have."""
        above = [trace for trace in self.traces if not trace.is_frame and steps[: len(trace.place)] == trace.place]
        wrote = [trace for trace in above if _writes(trace)]
        if wrote:
            return wrote[-1]
        return max(above, key=lambda trace: len(trace.place), default=None) if is_whole else None

    def _inside(self, steps: Steps) -> list[CellTrace]:
        """List the cells inside a place that stand, or were tried, without objects and arrays that others fill."""
        inside = [trace for trace in enumerate(self.traces) if _is_inside(trace[1].place, steps)]
        standing = [trace for number, trace in inside if not self._is_overwritten(number, trace)]
        outer = {trace.place[:length] for trace in standing for length in range(len(trace.place))}
        return [trace for trace in standing if not (trace.is_frame and trace.place in outer)]

    def _is_overwritten(self, number: int, trace: CellTrace) -> bool:
        above = [trace.place[:length] for length in range(len(trace.place))]
        return any(place in self._closed or self._last.get(place, -1) > number for place in above)

    def _frame(self, steps: Steps, parts: tuple[CellTrace, ...], cell: str) -> CellTrace | None:
        """Tell of an object or array: what it was read from, the rule that makes it, or the rules that write inside."""
        own = next((trace for trace in reversed(self.traces) if trace.is_frame and trace.place == steps), None)
        if own is not None:
            return own
        is_kind = WILDCARD in steps
        rules = [rule for rule in self._rules.get(self._kind(steps), ()) if is_kind or not _is_value(rule)]
        # An element that the array does not have is no cell of this record.
        element = max((place + 1 for place, step in enumerate(steps) if isinstance(step, int)), default=0)
        is_there = bool(parts) or steps in self._arrays or value_at(self._outcome, steps[:element]) is not UNDEFINED
        if not is_there or not (rules or parts):
            return None
        paths = [rule.path for rule in rules] or list(dict.fromkeys(part.rule for part in parts))
        problems = self._outcome.problems if isinstance(self._outcome, MappingError) else ()
        return CellTrace(
            cell,
            ", ".join(paths),
            rules[0].generate if rules else "",
            rules[0].reads if rules else (),
            (),
            tuple(problem for problem in problems if problem.field in {rule.path for rule in rules}),
            place=steps,
        )

    def _gap(self, steps: Steps, cell: str, writer: CellTrace | None) -> CellTrace | None:
        """Tell of a null that fills an array up to an element that a rule writes by its position.

        A rule that would have written the null's place, but wrote nothing, has a part in it; one whose value was
        replaced by the array has none.
        """
        *array, position = steps or (None,)
        if not isinstance(position, int) or value_at(self._outcome, steps) is not None:
            return None
        if writer is not None and value_at(writer.value, steps[len(writer.place) :]) is not UNDEFINED:
            return None
        behind = [
            trace
            for trace in self.traces
            if _writes(trace)
            and _is_inside(trace.place, tuple(array))
            and isinstance(step := trace.place[len(array)], int)
            and step > position
        ]
        if not behind:
            return None
        silent = [writer] if writer is not None and not _writes(writer) else []
        about = [*silent, *behind]
        paths = list(dict.fromkeys(trace.rule for trace in about))
        sources = tuple(source for trace in about for source in trace.sources)
        reads = tuple(read for read, _ in sources)
        told = silent[0].steps if silent else ()
        return CellTrace(cell, ", ".join(paths), cell, reads, told, (), sources, steps)


def _writes(trace: CellTrace) -> bool:
    return not trace.is_frame and trace.value is not UNDEFINED


def _is_value(rule: Rule) -> bool:
    return isinstance(rule, ValueRule)


def _is_inside(place: Steps, steps: Steps) -> bool:
    if WILDCARD in steps:
        return fits(place[: len(steps)], steps)
    return len(place) > len(steps) and place[: len(steps)] == steps
