"""The steps of one record, told cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from celigo_pandas.errors import MappingError, Problem
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.scopes import Scope

__all__ = ["CellTrace", "TracedStep", "Tracer"]

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

    ``value`` is what the last step gave (UNDEFINED: left out), ``problems`` what went wrong at this rule.
    """

    cell: str
    rule: str
    generate: str
    reads: tuple[str, ...]
    steps: tuple[TracedStep, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def value(self) -> Any:
        """What the last step gave."""
        return self.steps[-1].after if self.steps else UNDEFINED


class Tracer:
    """A :class:`~celigo_pandas.mapping.runs.Watch` that keeps every value of every step: for few records."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[Any, list[TracedStep]]] = {}

    def __call__(
        self, rule: Any, step: str, before: list[Any] | None, after: list[Any], scope: Scope, rows: list[int] | None
    ) -> None:
        """Keep the values of one step."""
        for place, value in enumerate(after):
            row = place if rows is None else rows[place]
            cell = _numbered(rule.cell, scope.positions[row] if scope.positions else ())
            _, steps = self._found.setdefault((cell, rule.path), (rule, []))
            steps.append(TracedStep(step, UNDEFINED if before is None else before[place], value))

    def cells(self, outcome: Any) -> list[CellTrace]:
        """Return what was seen, with the problems of a record that failed."""
        problems = outcome.problems if isinstance(outcome, MappingError) else ()
        return [
            CellTrace(
                cell,
                path,
                rule.generate,
                tuple(getattr(rule, "reads", ())),
                tuple(steps),
                tuple(problem for problem in problems if problem.field == path),
            )
            for (cell, path), (rule, steps) in self._found.items()
        ]


def _numbered(cell: str, positions: tuple[int, ...]) -> str:
    """Fill the places of a cell: ``lines[*].sku`` on line 2 is ``lines[2].sku``."""
    for position in positions:
        cell = cell.replace(_EVERY, f"[{position}]", 1)
    return cell
