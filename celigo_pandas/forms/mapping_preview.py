"""What a mapping makes of a sample: output cells, failures, what an edit changed, where a cell comes from.

Everything is plain data; nothing is asked of a server.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celigo_pandas.errors import MappingError, Problem
from celigo_pandas.experiments.hook_runs import PAGE, HookRun
from celigo_pandas.forms.frame_table import cell_text
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import ImportStep, compile_mapping, run_import_steps
from celigo_pandas.mapping.explain.blame import blame_cell
from celigo_pandas.mapping.explain.hook_stories import HookStory, blame_story
from celigo_pandas.paths import escape_key

__all__ = ["Blame", "Preview", "PreviewRow", "blame", "completions", "flattened", "preview"]

_MOST_PATHS = 400
_SAMPLED_FOR_PATHS = 50


@dataclass(frozen=True)
class PreviewRow:
    """One output record, or one input record without any: which input it came from, its state, its cells.

    ``inside`` is what comes before the names of its cells where a record became a list of rows.
    """

    position: int
    state: str
    cells: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()
    source: Any = field(default=None, repr=False)
    inside: str = ""


@dataclass(frozen=True)
class Preview:
    """Output of a sample.

    Attributes
    ----------
    columns : tuple of str
        Dotted output cells, in order of first appearance; a list is one cell.
    rows : tuple of PreviewRow
        In the order of the input.
    counts : dict
        Input records by state: mapped, ignored, failed.
    """

    columns: tuple[str, ...]
    rows: tuple[PreviewRow, ...]
    counts: Mapping[str, int]
    seconds: float

    @property
    def failing(self) -> list[int]:
        """Places in ``rows`` of those that failed."""
        return [place for place, row in enumerate(self.rows) if row.problems]

    def changed_from(self, before: Preview | None) -> set[tuple[int, str]]:
        """Return the cells ``(place, column)`` that differ from another preview of the same input."""
        if before is None:
            return set()
        old = dict(_keyed(before.rows))
        changed: set[tuple[int, str]] = set()
        columns = set(self.columns) | set(before.columns)
        for place, (key, row) in enumerate(_keyed(self.rows)):
            former = old.get(key)
            cells: Mapping[str, Any] = {} if former is None else former.cells
            if former is row or (former is not None and former.cells == row.cells and _same_kinds(former, row)):
                continue
            changed |= {(place, name) for name in columns if _differs(cells.get(name, UNDEFINED),
                                                                      row.cells.get(name, UNDEFINED))}  # fmt: skip
        return changed


def _keyed(rows: Sequence[PreviewRow]) -> list[tuple[tuple[int, int], PreviewRow]]:
    counts: dict[int, int] = {}
    keyed = []
    for row in rows:
        line = counts.get(row.position, 0)
        counts[row.position] = line + 1
        keyed.append(((row.position, line), row))
    return keyed


def _same_kinds(one: PreviewRow, other: PreviewRow) -> bool:
    # 1 == True and 1 == 1.0 in Python: a change of type is a change of the cell.
    return all(type(value) is type(other.cells[name]) for name, value in one.cells.items())


def _differs(one: object, other: object) -> bool:
    return one is not other and (type(one) is not type(other) or one != other)


def preview(records: Sequence[Any], doc: Mapping[str, Any], hooks: HookRun | None = None) -> Preview:
    """Run the steps of an import before its submit (filter, one-to-many, mapping, hooks) over a sample.

    Raises
    ------
    DocumentError
        The mapping or the filter cannot be read; ``problems`` name the rules.
    """
    began = time.perf_counter()
    rows: list[PreviewRow] = []
    counts = {"mapped": 0, "ignored": 0, "failed": 0}
    columns: dict[str, None] = {}
    for step in _steps(records, doc, hooks):
        counts[step.state] += 1
        problems = tuple(step.errors)
        if not step.outputs:
            rows.append(PreviewRow(step.position, step.state, {}, problems, records[step.position]))
        for source, output in step.outputs:
            is_list = isinstance(output, list)
            for place, record in enumerate(output if is_list else [output]):
                cells = flattened(record)
                for name in cells:
                    columns[name] = None
                inside = f"[{place}]." if is_list else ""
                rows.append(PreviewRow(step.position, step.state, cells, problems, source, inside))
                problems = ()
    return Preview(tuple(columns), tuple(rows), counts, time.perf_counter() - began)


def _steps(records: Sequence[Any], doc: Mapping[str, Any], hooks: HookRun | None) -> Iterator[ImportStep]:
    size = len(records) if hooks is None else PAGE
    for start in range(0, len(records), size or 1):
        for step in run_import_steps(records[start : start + size], doc, hooks=None if hooks is None else hooks.hooks):
            step.position += start
            yield step


def flattened(record: object) -> dict[str, Any]:
    """Return the cells of an output record: dotted names, objects entered, lists whole."""
    cells: dict[str, Any] = {}
    _flatten(record, "", cells)
    return cells


def _flatten(value: object, prefix: str, cells: dict[str, Any]) -> None:
    if isinstance(value, Mapping) and value:
        for name, member in value.items():
            path = f"{prefix}.{escape_key(str(name))}" if prefix else escape_key(str(name))
            if type(member) is dict and member:
                _flatten(member, path, cells)
            else:
                cells[path] = member
    else:
        cells[prefix or "value"] = value


@dataclass(frozen=True)
class Blame:
    """How one output cell came about: its rule, what it read, each step."""

    cell: str
    rule: str
    reads: tuple[str, ...]
    steps: tuple[tuple[str, str, str], ...]
    problems: tuple[str, ...]


def blame(record: object, doc: Mapping[str, Any], column: str, story: HookStory | None = None) -> list[Blame]:
    """Trace one output cell of one record.

    Parameters
    ----------
    record : object
        The source record.
    doc : mapping
        Import document that compiles.
    column : str
        Name of the cell as in :attr:`Preview.columns`, behind :attr:`PreviewRow.inside`; a list's name stands for all
        cells inside.
    story : HookStory, optional
        What hooks made of the record on its way.

    Returns
    -------
    list of Blame
        The rule that wrote the cell (the last, where several do) or would have, or else those of the cells inside;
        empty when no rule writes there.
    """
    try:
        compiled = compile_mapping(doc)
        found = blame_cell(compiled, record, column) if story is None else blame_story(compiled, story, column)
    except MappingError:
        return []
    return [
        Blame(
            trace.cell,
            trace.rule,
            trace.reads,
            tuple((step.step, _step_text(step.before), _step_text(step.after)) for step in trace.steps),
            tuple(problem.message for problem in trace.problems),
        )
        for trace in found.parts or (found.trace,)
    ]


def _step_text(value: object) -> str:
    if value is UNDEFINED:
        return "(absent)"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None else cell_text(value)


def completions(records: Sequence[Any], dialect: int) -> list[str]:
    """List the paths that a sample has, as the dialect writes them; the first 400.

    Lists are offered with ``[*]``; in Mapper 2.0 also as the composite path that rules below them use.
    """
    found: dict[tuple[str, ...], None] = {}
    for record in records[:_SAMPLED_FOR_PATHS]:
        rows = record if isinstance(record, list) else [record]
        for row in rows[:3]:
            _paths(row, (), found)
    texts: dict[str, None] = {}
    for steps in found:
        texts[_spelled(steps, dialect)] = None
        if dialect == 2 and "[*]" in steps:
            texts[_spelled(tuple(step for step in steps if step != "[*]"), dialect)] = None
    return list(texts)[:_MOST_PATHS]


def _paths(value: object, steps: tuple[str, ...], found: dict[tuple[str, ...], None]) -> None:
    if len(found) > _MOST_PATHS:
        return
    if isinstance(value, Mapping):
        for name, member in value.items():
            below = (*steps, str(name))
            found[below] = None
            _paths(member, below, found)
    elif isinstance(value, list) and value:
        inside = (*steps, "[*]")
        found[inside] = None
        for element in value[:3]:
            _paths(element, inside, found)


def _spelled(steps: tuple[str, ...], dialect: int) -> str:
    text = "$" if dialect == 2 else ""
    for step in steps:
        if step == "[*]":
            text += step
            continue
        name = step if step.isidentifier() and step.isascii() else "[" + step.replace("]", "\\]") + "]"
        text += f".{name}" if text else name
    return text
