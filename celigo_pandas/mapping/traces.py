"""The steps of one record, told cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from celigo_pandas.errors import MappingError, Problem
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.rules import PathSource, TemplateSource
from celigo_pandas.mapping.runs import Watched
from celigo_pandas.mapping.scopes import Scope
from celigo_pandas.paths import Path, PathError, parse_extract

__all__ = ["CellTrace", "TracedStep", "Tracer", "context_path"]

_EVERY: Final = "[*]"


@dataclass(frozen=True)
class TracedStep:
    """One step of a rule: ``extract``, ``default``, ``condition``, ``lookup``, ``date`` or ``convert``."""

    step: str
    before: Any
    after: Any


@dataclass(frozen=True)
class CellTrace:
    """How one output cell came about.

    ``value`` is what the last step gave (UNDEFINED: left out), ``problems`` what went wrong at this rule, ``sources``
    each path it reads with the value that was there for this cell (UNDEFINED: none).
    """

    cell: str
    rule: str
    generate: str
    reads: tuple[str, ...]
    steps: tuple[TracedStep, ...]
    problems: tuple[Problem, ...] = ()
    sources: tuple[tuple[str, Any], ...] = ()

    @property
    def value(self) -> Any:
        """What the last step gave."""
        return self.steps[-1].after if self.steps else UNDEFINED


@dataclass
class _Seen:
    rule: Watched
    steps: list[TracedStep] = field(default_factory=list)
    sources: tuple[tuple[str, Any], ...] = ()


class Tracer:
    """A :class:`~celigo_pandas.mapping.runs.Watch` that keeps every value of every step: for few records.

    Attributes
    ----------
    array_sources : dict
        Cell of an array to the paths its elements are read from, each with all that was there (UNDEFINED: nothing).
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], _Seen] = {}
        self.array_sources: dict[str, list[tuple[str, Any]]] = {}

    def __call__(
        self, rule: Watched, step: str, before: list[Any] | None, after: list[Any], scope: Scope, rows: list[int] | None
    ) -> None:
        """Keep the values of one step."""
        if step == "source":
            self._keep_source(rule, scope, after, rows or [])
            return
        for place, value in enumerate(after):
            row = place if rows is None else rows[place]
            cell = _numbered(rule.cell, scope.positions[row] if scope.positions else ())
            seen = self._seen.setdefault((cell, rule.path), _Seen(rule))
            seen.steps.append(TracedStep(step, UNDEFINED if before is None else before[place], value))
            if step == "extract":
                seen.sources = tuple(_sources(rule, value, scope, row))

    def _keep_source(self, rule: Watched, scope: Scope, values: list[Any], rows: list[int]) -> None:
        by_row: dict[int, list[Any]] = {row: [] for row in rows}
        for row, value in zip(rows, values, strict=True):
            if value is not UNDEFINED:
                by_row[row].append(value)
        for row, found in by_row.items():
            cell = _numbered(rule.cell[: rule.cell.rindex(_EVERY)], scope.positions[row] if scope.positions else ())
            self.array_sources.setdefault(cell, []).extend(_sources(rule, found or UNDEFINED, scope, row))

    def cells(self, outcome: Any) -> list[CellTrace]:
        """Return what was seen, with the problems of a record that failed."""
        problems = outcome.problems if isinstance(outcome, MappingError) else ()
        return [
            CellTrace(
                cell,
                path,
                seen.rule.generate,
                tuple(seen.rule.reads),
                tuple(seen.steps),
                tuple(problem for problem in problems if problem.field == path),
                seen.sources,
            )
            for (cell, path), seen in self._seen.items()
        ]


def _sources(rule: Watched, value: Any, scope: Scope, row: int) -> Iterator[tuple[str, Any]]:
    """Give the paths that a rule reads, with what is there in one row of its scope; `value` is what its path gave."""
    source = getattr(rule, "source", None)
    if isinstance(source, PathSource):
        yield source.path.dotted, value
    elif isinstance(source, TemplateSource):
        context = scope.contexts()[row]
        for read in source.reads:
            path = context_path(read, getattr(rule, "dialect", 2))
            yield read, UNDEFINED if path is None else path.read(context, UNDEFINED)


@lru_cache(maxsize=1024)
def context_path(read: str, dialect: int) -> Path | None:
    """Return the path in a template's context of a field that it reads; None for a name that no path can hold."""
    try:
        return parse_extract(f"$.record.{read}" if dialect == 2 else f"$.{read}")
    except PathError:
        return None


def _numbered(cell: str, positions: tuple[int, ...]) -> str:
    """Fill the places of a cell: ``lines[*].sku`` on line 2 is ``lines[2].sku``."""
    for position in positions:
        cell = cell.replace(_EVERY, f"[{position}]", 1)
    return cell
