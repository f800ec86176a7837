"""What functions of scripts give, once it was held against the vendor's contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from celigo_pandas.errors import Problem, ScriptError

__all__ = ["SOURCES", "Page", "PageOutcome", "RecordOutcome", "problem_of"]

SOURCES: Final[Mapping[str, str]] = {
    "preSavePage": "pre_save_page_hook",
    "preMap": "pre_map_hook",
    "postMap": "post_map_hook",
    "postSubmit": "post_submit_hook",
    "postAggregate": "post_aggregate_hook",
    "postResponseMap": "post_response_map_hook",
    "transform": "transformation",
    "branching": "branching",
}
"""The ``source`` of errors by kind of function. Source: the vendor's list; the last and postResponseMap are assumed."""


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """What a preMap or postMap made of one record.

    Attributes
    ----------
    state : str
        ``ok``, ``ignored`` (``{}``), ``failed`` (errors and no data) or ``ok_with_errors``.
    data : object
        None unless the state is ``ok`` or ``ok_with_errors``.
    errors : tuple of Problem
    """

    state: Literal["ok", "ignored", "failed", "ok_with_errors"]
    data: Any = None
    errors: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What a preSavePage gets.

    Attributes
    ----------
    data : sequence
    errors : sequence of mapping
        ``code, message, source, retryDataKey``.
    retry_data : mapping
    files : sequence of mapping
        Of file exports, beside `data`: ``fileMeta``.
    index : int
        From 0.
    """

    data: Sequence[Any]
    errors: Sequence[Mapping[str, Any]] = ()
    retry_data: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[Mapping[str, Any]] = ()
    index: int = 0


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What a preSavePage gave: `abort` ends the walk behind this page."""

    data: list[Any]
    errors: list[dict[str, Any]]
    abort: bool = False
    new_errors: list[dict[str, Any]] = field(default_factory=list)
    """``newErrorsAndRetryData``: ``{"retryData": …, "errors": […]}`` each."""


def problem_of(error: ScriptError, source: str) -> Problem:
    """Return a failed call as an entry of an error list: with the code that the script gave its error, if it did."""
    return Problem(error.thrown_code or error.code, error.message, error.function, source)
