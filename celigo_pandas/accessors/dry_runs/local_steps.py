"""The steps of an import up to its submit, evaluated here: filter, one-to-many, mapping, and the hooks around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from celigo_pandas.documents.script_references import script_references
from celigo_pandas.errors import CeligoError, Problem
from celigo_pandas.frames.outward import to_records

if TYPE_CHECKING:
    from celigo_pandas.experiments.hook_runs import HookRun

__all__ = ["RowState", "map_here", "rule_to_blame", "state_of"]

_BEFORE = frozenset({"preMap", "transform", "filter"})


class RowState(NamedTuple):
    """What the steps before the submit make of one row; ``source`` is the wire's word for the step that failed."""

    state: str
    code: str | None = None
    message: str | None = None
    source: str | None = None
    rule: str | None = None


def state_of(state: str, problems: list[Problem] | tuple[Problem, ...]) -> RowState:
    """Make the state of a row from what the mapping says about it."""
    if not problems:
        return RowState(state)
    first = problems[0]
    message = "; ".join(problem.message for problem in problems)
    return RowState(state, first.code or None, message, first.source, first.field)


def map_here(
    df: pd.DataFrame, document: Mapping[str, Any], *, na: str, sep: str | None, hooks: HookRun | None = None
) -> tuple[list[RowState], list[tuple[int, Any]]]:
    """Evaluate an import's steps for each row, without any network.

    Parameters
    ----------
    df : DataFrame
    document : Mapping
        Import document; one without a mapping passes records through.
    na : {"omit", "null"}
    sep : str or None
        Separator by which column names are nested.
    hooks : HookRun, optional
        The scripts that the document names; they get pages, as a push would send them.

    Returns
    -------
    list of RowState
        One per row.
    list of (int, record)
        Each mapped record with the position of its row; a row of a one-to-many import may have several, or none.
    """
    from celigo_pandas.handlebars.contexts import surroundings
    from celigo_pandas.mapping.pipeline import run_import_steps

    records = to_records(df, na=na, unflatten=sep is not None, sep=sep or ".")
    states: list[RowState] = []
    mapped: list[tuple[int, Any]] = []
    context = surroundings("import", document, {})
    size = len(records) if hooks is None else hooks.page
    for start in range(0, len(records), size or 1):
        page = records[start : start + size]
        for step in run_import_steps(page, document, context=context, hooks=None if hooks is None else hooks.hooks):
            problems = list(step.errors or ())
            mapped += [(start + step.position, record) for _, record in step.outputs]
            state = "mapped_with_errors" if problems and step.outputs else step.state
            states.append(state_of(state, problems))
    return states, mapped


def rule_to_blame(df: pd.DataFrame, document: Mapping[str, Any], *, na: str, sep: str | None) -> str | None:
    """Name the rule that the one row of `df` stumbles over, or None where mapping it here tells nothing."""
    if any(reference.kind in _BEFORE for reference in script_references(document)):
        return None  # the mapping read what a script had made
    try:
        states, _ = map_here(df, document, na=na, sep=sep)
    except CeligoError:  # an error list is no place to fail
        return None
    return states[0].rule if states else None
