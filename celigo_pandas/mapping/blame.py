"""Where one output cell comes from: its rule, the source path and value, each step on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from celigo_pandas.errors import MappingError, Problem, shown
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compilation import CompiledMapping
from celigo_pandas.mapping.traces import CellTrace
from celigo_pandas.paths import parse_extract

__all__ = ["Blame", "blame_cell"]


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
        Each path that the rule reads with the value it has in the record (UNDEFINED: not there).
    """

    cell: str
    trace: CellTrace
    sources: tuple[tuple[str, Any], ...]

    @property
    def value(self) -> Any:
        """What the rule wrote (UNDEFINED: nothing)."""
        return self.trace.value

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why it wrote nothing, if it failed."""
        return self.trace.problems


def blame_cell(compiled: CompiledMapping, record: Any, cell: str, **surroundings: Any) -> Blame:
    """Map one record and explain one of its output cells.

    Parameters
    ----------
    compiled : CompiledMapping
    record : object
    cell : str
        ``sku``, ``address.city``, ``lines[2].sku``.

    Raises
    ------
    MappingError
        No rule writes such a cell; the message lists those that are written.
    """
    traces = compiled.trace(record, **surroundings)
    by_cell = {trace.cell: trace for trace in traces}
    wanted = cell
    while wanted not in by_cell:
        cut = max(wanted.rfind("."), wanted.rfind("["))
        if cut <= 0:
            written = ", ".join(list(by_cell)[:12]) or "none"
            raise MappingError(
                f"No rule writes the cell {shown(cell)} of this record; the cells are {written}.", code="no_such_cell"
            )
        wanted = wanted[:cut]
    trace = by_cell[wanted]
    return Blame(cell, trace, tuple(_sources(trace, record)))


def _sources(trace: CellTrace, record: Any) -> Iterator[tuple[str, Any]]:
    # Inside an array the path is relative to the current element; what was extracted there is the source value.
    if len(trace.reads) == 1 and trace.steps and trace.steps[0].step == "extract" and "[" in trace.cell:
        yield trace.reads[0], trace.steps[0].after
        return
    for read in trace.reads:
        yield read, parse_extract("$." + read).read(record, UNDEFINED)
