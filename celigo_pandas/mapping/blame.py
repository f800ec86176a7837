"""Where one output cell comes from: its rule, the source path and value, each step on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from celigo_pandas.errors import MappingError, Problem, shown
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.cells import has_children
from celigo_pandas.mapping.compilation import CompiledMapping
from celigo_pandas.mapping.rules import Rule
from celigo_pandas.mapping.traces import CellTrace, Tracer

__all__ = ["Blame", "blame_cell"]

_PLACE: Final = re.compile(r"\[\d+\]")
_STEP: Final = re.compile(r"\[(\d+)\]|\.?((?:\\.|[^.\[\\])+)", re.DOTALL)
_BELOW: Final = re.compile(r"[.\[]")
_ANY: Final = "[*]"


@dataclass(frozen=True)
class Blame:
    """The story of one cell.

    Attributes
    ----------
    cell : str
        The cell that was asked for; ``trace.cell`` is the rule's own, above it when the rule copies a whole object.
    trace : CellTrace
        Rule and steps.
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


def blame_cell(compiled: CompiledMapping, record: Any, cell: str, **surroundings: Any) -> Blame:
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
    tracer = Tracer()
    outcome = compiled.evaluate([record], watch=tracer, **surroundings)[0]
    traces = tracer.cells(outcome)
    found = _own(traces, cell) or _copied(compiled, traces, cell)
    rules = [rule for rule in compiled.rules if _own_cell(rule) == _PLACE.sub(_ANY, cell)]
    parts = tuple(_innermost(list(_inside(traces, cell))))
    # An element that the array does not have is no cell of this record.
    is_there = bool(parts) or cell in tracer.array_sources or not _PLACE.search(cell)
    if found is None and is_there and (rules or parts):
        found = _container(rules, parts, cell, outcome)
    if found is None:
        written = ", ".join(list(dict.fromkeys(trace.cell for trace in traces))[:12]) or "none"
        raise MappingError(
            f"No rule writes the cell {shown(cell)} of this record; the cells are {written}.", code="no_such_cell"
        )
    value = found.value if isinstance(outcome, MappingError) or _ANY in cell else _value_at(outcome, cell, found)
    return Blame(cell, found, found.sources or tuple(tracer.array_sources.get(cell, ())), value, parts)


def _own(traces: list[CellTrace], cell: str) -> CellTrace | None:
    """Return the trace of the cell itself; the innermost rule, when an element is an array with a rule of its own."""
    return next((trace for trace in reversed(traces) if trace.cell == cell), None)


def _copied(compiled: CompiledMapping, traces: list[CellTrace], cell: str) -> CellTrace | None:
    """Return the trace of the rule that copied a whole with the cell in it."""
    containers = {rule.path for rule in compiled.rules if has_children(rule)}
    above = [trace for trace in traces if cell.startswith((f"{trace.cell}.", f"{trace.cell}["))]
    nearest = max(above, key=lambda trace: len(trace.cell), default=None)
    return None if nearest is None or nearest.rule in containers else nearest


def _inside(traces: list[CellTrace], cell: str) -> Iterator[CellTrace]:
    if _ANY in cell:
        pattern = re.escape(cell).replace(re.escape(_ANY), r"\[\d+\]")
        yield from (trace for trace in traces if re.match(rf"{pattern}(?=[.\[]|\Z)", trace.cell))
        return
    yield from (trace for trace in traces if trace.cell.startswith((f"{cell}.", f"{cell}[")))


def _innermost(traces: list[CellTrace]) -> Iterator[CellTrace]:
    """Leave out objects and arrays with cells of their own among the traces: what they read is not what is written."""
    outer = {trace.cell[: match.start()] for trace in traces for match in _BELOW.finditer(trace.cell)}
    yield from (trace for trace in traces if trace.cell not in outer)


def _own_cell(rule: Rule) -> str:
    """Return the cell of a rule; that of an array is its own, not its elements'."""
    return rule.cell if hasattr(rule, "source") else rule.cell.removesuffix(_ANY)


def _container(rules: list[Rule], parts: tuple[CellTrace, ...], cell: str, outcome: Any) -> CellTrace:
    """Tell of an object or array: the rule that makes it, or else the rules that write inside it."""
    own = [rule.path for rule in rules]
    paths = own or list(dict.fromkeys(part.rule for part in parts))
    problems = outcome.problems if isinstance(outcome, MappingError) else ()
    return CellTrace(
        cell,
        ", ".join(paths),
        rules[0].generate if rules else "",
        rules[0].reads if rules else (),
        (),
        tuple(problem for problem in problems if problem.field in own),
    )


def _value_at(output: Any, cell: str, trace: CellTrace) -> Any:
    """Read a cell of an output; a key with a bracket in it is only known by the rule that writes it."""
    value = output
    for position, key in _STEP.findall(cell):
        if position:
            place = int(position)
            value = value[place] if isinstance(value, list) and place < len(value) else UNDEFINED
        else:
            name = re.sub(r"\\(.)", r"\1", key)
            value = value.get(name, UNDEFINED) if isinstance(value, dict) else UNDEFINED
    return trace.value if value is UNDEFINED and trace.cell == cell else value
