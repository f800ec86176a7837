"""One evaluation of a compiled mapping: what it was given from outside, and which records failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from celigo_pandas.errors import MappingError, Problem
from celigo_pandas.mapping.rules.rule_tree import Helper, ObjectRule, Rule, ValueRule
from celigo_pandas.mapping.scopes.scope import Scope
from celigo_pandas.mapping.steps.destination import Destination

__all__ = ["Run", "Watch", "Watched"]

ResolveLookup = Callable[[dict[str, Any], dict[str, Any]], Any]


Watched = ValueRule | ObjectRule | Destination
"""A rule, or the part of one that makes the elements of an array."""


class Watch(Protocol):
    """Told of each step of each rule: the whole column before and after it.

    The steps of a value are ``extract``, ``default``, ``condition``, ``lookup``, ``date`` and ``convert``. What the
    path of an array gives is told once more as ``source``: each element of each row, and one value for each array
    or position on the way that was not there.
    """

    def __call__(
        self, rule: Watched, step: str, before: list[Any] | None, after: list[Any], scope: Scope, rows: list[int] | None
    ) -> None:
        """`rows` are the rows of the scope that the columns are about; None means all of them."""


@dataclass
class Run:
    """What one chunk of records is evaluated with.

    Parameters
    ----------
    start : int
        Position of the chunk's first record in the whole list.
    surroundings : mapping
        Template context beside the record: ``settings``, ``connection``, ``import``, ``job``, ``lookup``.
    lookups : tuple of dict
        The document's lookups, for templates.
    resolve_lookup : callable, optional
        ``resolve_lookup(lookup_doc, context)`` answers a lookup that needs a server; UNDEFINED means no match.
    now : callable, optional
        Clock for date formats without a date.
    watch : Watch, optional
    """

    start: int = 0
    surroundings: Mapping[str, Any] = field(default_factory=dict)
    lookups: tuple[dict[str, Any], ...] = ()
    resolve_lookup: ResolveLookup | None = None
    now: Callable[[], Any] | None = None
    watch: Watch | None = None
    failures: dict[int, list[MappingError]] = field(default_factory=dict)
    writers: dict[int, Callable[[Any], str]] = field(default_factory=dict)

    def fail(
        self,
        scope: Scope,
        row: int,
        rule: Rule | Helper | Destination,
        message: str,
        *,
        code: str,
        source: str = "mapping",
        value: object = None,
    ) -> None:
        """Note that a record failed; the other rules and records go on."""
        record = scope.lineage[row]
        problem = Problem(code, message, rule.path, source)
        error = MappingError(
            message,
            source=source,
            code=code,
            rule=rule.path,
            position=self.start + record,
            value=value,
            problems=(problem,),
        )
        self.failures.setdefault(record, []).append(error)

    def error_of(self, record: int) -> MappingError:
        """Return the one error that stands for a record: its first failure, with the problems of all."""
        first, *others = self.failures[record]
        if others:
            first.problems = tuple(problem for error in (first, *others) for problem in error.problems)
        return first
