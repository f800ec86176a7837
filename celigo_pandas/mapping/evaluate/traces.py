"""The steps of one record, told cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from celigo_pandas.errors import MappingError, Problem
from celigo_pandas.handlebars import Rows
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.rules.rule_tree import ObjectRule, PathSource, Rule, TemplateSource, walk_places
from celigo_pandas.mapping.scopes.scope import Scope
from celigo_pandas.mapping.steps.destination import Destination
from celigo_pandas.mapping.steps.run import Watched
from celigo_pandas.paths import WILDCARD, Path, PathError, Step, cell_text, parse_extract

__all__ = ["CellTrace", "TracedStep", "Tracer", "read_context"]

Steps = tuple[Step, ...]


@dataclass(frozen=True)
class TracedStep:
    """One step of a rule: ``extract``, ``default``, ``condition``, ``lookup``, ``date``, ``convert``; or of a hook."""

    step: str
    before: Any
    after: Any
    is_hook: bool = False


@dataclass(frozen=True)
class CellTrace:
    """How one output cell came about.

    ``value`` is what the last step gave (UNDEFINED: left out), ``problems`` what went wrong at this rule, ``sources``
    each path it reads with the value that was there for this cell (UNDEFINED: none). ``place`` is the cell as steps.
    ``is_frame`` is an object or element that other rules write into, so that what was read is not what is written.
    """

    cell: str
    rule: str
    generate: str
    reads: tuple[str, ...]
    steps: tuple[TracedStep, ...]
    problems: tuple[Problem, ...] = ()
    sources: tuple[tuple[str, Any], ...] = ()
    place: Steps = ()
    is_frame: bool = False

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
    """A :class:`~celigo_pandas.mapping.steps.run.Watch` that keeps every value of every step: for few records.

    Parameters
    ----------
    tree : tuple of Rule
        The rules that are watched.

    Attributes
    ----------
    array_sources : dict
        Place of an array to the paths its elements are read from, each with all that was there (UNDEFINED: nothing).
    """

    def __init__(self, tree: tuple[Rule, ...]) -> None:
        self._places: dict[str, Steps] = {rule.path: place for rule, place in walk_places(tree)}
        self._seen: dict[tuple[Steps, str], _Seen] = {}
        self.array_sources: dict[Steps, list[tuple[str, Any]]] = {}

    def __call__(
        self, rule: Watched, step: str, before: list[Any] | None, after: list[Any], scope: Scope, rows: list[int] | None
    ) -> None:
        """Keep the values of one step."""
        place = self._places[rule.path]
        if step == "source":
            self._keep_source(rule, place, scope, after, rows or [])
            return
        if _is_element(rule):
            place = (*place, WILDCARD)
        for number, value in enumerate(after):
            row = number if rows is None else rows[number]
            seen = self._seen.setdefault((_numbered(place, scope, row), rule.path), _Seen(rule))
            seen.steps.append(TracedStep(step, UNDEFINED if before is None else before[number], value))
            if step == "extract":
                seen.rule, seen.sources = rule, tuple(_sources(rule, value, scope, row))

    def _keep_source(self, rule: Watched, place: Steps, scope: Scope, values: list[Any], rows: list[int]) -> None:
        by_row: dict[int, list[Any]] = {}
        for row, value in zip(rows, values, strict=True):
            by_row.setdefault(row, []).append(value)
        # A list of Mapper 1.0 is told of by its fields, which lie inside it.
        array = place if _is_element(rule) else _array_around(place)
        for row, found in by_row.items():
            there = [value for value in found if value is not UNDEFINED and value != []]
            is_there = any(value is not UNDEFINED for value in found)
            told = self.array_sources.setdefault(_numbered(array, scope, row), [])
            told.extend(_sources(rule, there if is_there else UNDEFINED, scope, row))

    def cells(self, outcome: object) -> list[CellTrace]:
        """Return what was seen, with the problems of a record that failed."""
        problems = outcome.problems if isinstance(outcome, MappingError) else ()
        return [
            CellTrace(
                cell_text(place),
                path,
                seen.rule.generate,
                tuple(seen.rule.reads),
                tuple(seen.steps),
                tuple(problem for problem in problems if problem.field == path),
                seen.sources,
                place,
                _frames(seen.rule) and seen.steps[-1].step == "extract",
            )
            for (place, path), seen in self._seen.items()
        ]


def _frames(rule: Watched) -> bool:
    return rule.is_frame if isinstance(rule, Destination) else isinstance(rule, ObjectRule)


def _is_element(rule: Watched) -> bool:
    return isinstance(rule, Destination) and rule.is_element


def _sources(rule: Watched, value: object, scope: Scope, row: int) -> Iterator[tuple[str, Any]]:
    """Give the paths that a rule reads, with what is there in one row of its scope; `value` is what its path gave."""
    source = rule.source
    if isinstance(source, PathSource):
        yield source.path.dotted, value
    elif isinstance(source, TemplateSource):
        context = scope.contexts()[row]
        for read, path in zip(source.reads, source.paths, strict=True):
            yield read, read_context(path, context)


def read_context(text: str, context: dict[str, Any]) -> object:
    """Read a path of a template where the template does; UNDEFINED where nothing is."""
    path = _context_path(text)
    if path is None:
        return UNDEFINED
    name = path.steps[1] if path.steps[:1] == ("rows",) and len(path.steps) > 1 else None
    if isinstance(name, str) and isinstance(rows := context.get("rows"), Rows) and rows and not _is_of_list(name):
        return Path(text, path.steps[1:], True).read(rows[0], UNDEFINED)
    return path.read(context, UNDEFINED)


def _is_of_list(name: str) -> bool:
    return name == "length" or (name.isascii() and name.isdigit())


@lru_cache(maxsize=1024)
def _context_path(text: str) -> Path | None:
    """Parse a path from a template's context; None for a name that no path can hold."""
    try:
        return parse_extract(f"$.{text}")
    except PathError:
        return None


def _array_around(place: Steps) -> Steps:
    """Return the innermost array that a cell lies in."""
    return place[: len(place) - 1 - place[::-1].index(WILDCARD)] if WILDCARD in place else place


def _numbered(place: Steps, scope: Scope, row: int) -> Steps:
    """Fill in which elements: ``lines[*].sku`` on line 2 is ``lines[2].sku``."""
    if not scope.positions:
        return place
    positions = iter(scope.positions[row])
    return tuple([next(positions, step) if step is WILDCARD else step for step in place])
