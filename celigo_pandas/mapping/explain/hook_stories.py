"""Where an output cell comes from when scripts stand before and after the mapping.

A script tells nothing of what it does: what it wrote is where the record before it and the record after it differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from celigo_pandas.errors import MappingError
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compile.compiled_mapping import CompiledMapping
from celigo_pandas.mapping.evaluate.traces import CellTrace, TracedStep
from celigo_pandas.mapping.explain.blame import Blame, blame_cell
from celigo_pandas.mapping.explain.cell_places import find_places, value_at
from celigo_pandas.mapping.explain.cell_rules import Steps
from celigo_pandas.mapping.explain.sameness import same

__all__ = ["HookStory", "blame_story"]


@dataclass(frozen=True)
class HookStory:
    """What became of one record, stage by stage.

    Attributes
    ----------
    came, prepared : object
        The record as it came, and as the hook before the mapping gave it.
    mapped, final : object
        What the mapping made of it, and what the hook after the mapping gave.
    before, after : str
        The two hooks, as they are told: ``preMap (orders.js:14)``; empty where there is none.
    """

    came: Any
    prepared: Any
    mapped: Any = UNDEFINED
    final: Any = UNDEFINED
    before: str = ""
    after: str = ""


def blame_story(compiled: CompiledMapping, story: HookStory, cell: str, **surroundings: Any) -> Blame:
    """Explain one output cell of a record; hooks are steps where they changed what the cell is made of.

    Parameters
    ----------
    compiled : CompiledMapping
    story : HookStory
    cell : str
        As for :func:`blame_cell`.

    Raises
    ------
    MappingError
        Neither a rule nor the hook after the mapping writes such a cell.
    """
    try:
        found = blame_cell(compiled, story.prepared, cell, **surroundings)
    except MappingError as error:
        return _written_by_hook(story, cell, error)
    steps = (*_before(compiled, story, found, cell, surroundings), *found.trace.steps)
    change = _after(story, found, cell)
    value = found.value if change is None else change.after
    return replace(found, trace=replace(found.trace, steps=(*steps, *([change] if change else []))), value=value)


def _before(
    compiled: CompiledMapping, story: HookStory, found: Blame, cell: str, surroundings: dict[str, Any]
) -> Iterator[TracedStep]:
    """Give a step for each source that the hook before the mapping made or changed."""
    if not story.before:
        return
    try:
        former = dict(blame_cell(compiled, story.came, cell, **surroundings).sources)
    except MappingError:
        former = {}
    for path, value in found.sources:
        old = former.get(path, UNDEFINED)
        if not same(old, value):
            yield TracedStep(story.before, old, value, is_hook=True)


def _after(story: HookStory, found: Blame, cell: str) -> TracedStep | None:
    if not story.after:
        return None
    steps = _place(cell, story.final) or _place(cell, story.mapped)
    if steps is None:
        return None
    old, new = value_at(story.mapped, steps), value_at(story.final, steps)
    return None if same(old, new) else TracedStep(story.after, old, new, is_hook=True)


def _written_by_hook(story: HookStory, cell: str, error: MappingError) -> Blame:
    """Tell of a cell that no rule writes: the hook after the mapping did, or nobody."""
    steps = _place(cell, story.final) if story.after else None
    if steps is None:
        raise error
    value = value_at(story.final, steps)
    step = TracedStep(story.after, UNDEFINED, value, is_hook=True)
    return Blame(cell, CellTrace(cell, "hooks.postMap", cell, (), (step,), place=steps), (), value)


def _place(cell: str, output: object) -> Steps | None:
    return next(find_places(cell, output, []), None)
