"""Rules to columns, columns to output records.

Records are taken in chunks; each rule gives one column of a chunk, and an array is evaluated as the columns of all its
elements at once. What is built for each array of the source, and which elements see what, follow integrator-api.md,
sections 7.1 "Lists" and 7.2 "buildArrayHelper".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.evaluate.output_rows import Layout
from celigo_pandas.mapping.rules.rule_tree import (
    ArrayRule,
    Helper,
    ListRule,
    NoSource,
    ObjectRule,
    PathSource,
    Rule,
    TemplateSource,
    ValueRule,
)
from celigo_pandas.mapping.scopes.expansion import Expansion, expand, narrow
from celigo_pandas.mapping.scopes.scope import Prefix, Scope
from celigo_pandas.mapping.steps.conversions import ARRAY_ELEMENTS
from celigo_pandas.mapping.steps.destination import Destination
from celigo_pandas.mapping.steps.run import Run
from celigo_pandas.mapping.steps.value_steps import convert, empty_rows, finish, source_column, value_column
from celigo_pandas.paths import WILDCARD, Path, read_step

__all__ = ["object_rows", "rule_column"]


def object_rows(rules: tuple[Rule, ...], scope: Scope, run: Run) -> list[dict[str, Any]]:
    """Evaluate sibling rules to one object per row of a scope."""
    layout = Layout([rule.keys for rule in rules])
    return layout.build([rule_column(rule, scope, run) for rule in rules], scope.size)


def rule_column(rule: Rule, scope: Scope, run: Run) -> list[Any]:
    """Evaluate one rule to a column of a scope."""
    if isinstance(rule, ValueRule):
        return value_column(rule, scope, run)
    if isinstance(rule, ArrayRule):
        return _array_column(rule, scope, run)
    if isinstance(rule, ObjectRule):
        return _object_column(rule, scope, run)
    return _list_column(rule, scope, run)


# --- objects --------------------------------------------------------------------------------------------------------


def _object_column(rule: ObjectRule, scope: Scope, run: Run) -> list[Any]:
    if isinstance(rule.source, NoSource):
        return list(object_rows(rule.children, scope, run))
    source = source_column(rule.source, rule, scope, run)
    if run.watch is not None:
        run.watch(rule, "extract", None, source, scope, None)
    inside = narrow(scope, rule.source.path) if isinstance(rule.source, PathSource) else scope
    column: list[Any] = list(object_rows(rule.children, inside, run))
    if rule.skip_empty or rule.default is not UNDEFINED:
        rows = empty_rows(source)
        values = [rule.default] * len(rows)
        if run.watch is not None:
            step = "condition" if rule.default is UNDEFINED else "default"
            run.watch(rule, step, [source[row] for row in rows], values, scope, rows)
        values = convert(Destination.of_object(rule), values, scope, run, rows)
        for row, value in zip(rows, values, strict=True):
            column[row] = value
    return column


# --- arrays ---------------------------------------------------------------------------------------------------------


@dataclass
class _Part:
    """What one helper gives: per row of the scope its elements, and whether it met a source at all."""

    elements: list[list[Any]]
    reached: list[bool]


def _array_column(rule: ArrayRule, scope: Scope, run: Run) -> list[Any]:
    offsets = [0] * scope.size
    parts = []
    for helper in rule.helpers:
        part = _helper_part(rule, helper, scope, run, offsets)
        parts.append(part)
        if run.watch is not None:
            offsets = [offset + len(found) for offset, found in zip(offsets, part.elements, strict=True)]
    if len(parts) == 1:
        column: list[Any] = list(parts[0].elements)
    else:
        column = [
            [item for found in row for item in found] for row in zip(*(part.elements for part in parts), strict=True)
        ]
        column = column or [[] for _ in range(scope.size)]
    if not all(column):
        _settle_empty(rule, column, parts, scope, run)
    return column


def _settle_empty(rule: ArrayRule, column: list[Any], parts: list[_Part], scope: Scope, run: Run) -> None:
    """Decide what an array without elements is: its default, left out, or empty when its source was there."""
    rows = [row for row, found in enumerate(column) if not found]
    if rule.default is not UNDEFINED:
        values = [rule.default] * len(rows)
        whole = Destination.of_array(rule)
        if run.watch is not None:
            run.watch(whole, "default", None, values, scope, rows)
        for row, value in zip(rows, convert(whole, values, scope, run, rows), strict=True):
            column[row] = value
        return
    for row in rows:
        if rule.skip_empty or not any(part.reached[row] for part in parts):
            column[row] = UNDEFINED


def _helper_part(rule: ArrayRule, helper: Helper, scope: Scope, run: Run, offsets: list[int]) -> _Part:
    if helper.children is not None and isinstance(helper.source, NoSource):
        rows = list(range(scope.size))
        inside = scope.inner(rows, positions=_positions(scope, run, rows, offsets))
        made = _made(rule, helper, inside, run)
        return _Part(_grouped(rows, made, scope.size), [True] * scope.size)
    expansion = _expanded(rule, helper, scope, run)
    if helper.children is None:
        return _extracted(rule, helper, expansion, scope, run, offsets)
    if helper.skip_empty:
        expansion.keep([row for row, value in enumerate(expansion.values) if not _is_empty(value)])
    inside = scope.inner(expansion.index, expansion.overlay, positions=_positions(scope, run, expansion.index, offsets))
    if run.watch is not None and rule.data_type == "arrayarray":
        # Elements that give no array, or several, move the places of those behind them.
        widths = [_width(value) for value in _made(rule, helper, inside, replace(run, watch=None, failures={}))]
        inside.positions = _positions(scope, run, expansion.index, offsets, widths)
    if run.watch is not None:
        run.watch(
            Destination.of_elements(rule, rule.data_type, helper), "extract", None, expansion.values, inside, None
        )
    made = _made(rule, helper, inside, run)
    return _Part(_grouped(expansion.index, made, scope.size), expansion.reached)


def _expanded(rule: ArrayRule, helper: Helper, scope: Scope, run: Run) -> Expansion:
    """Find a helper's elements; gaps (elements that lack the rest of the path) are left out unless a default serves."""
    if isinstance(helper.source, PathSource):
        expansion = expand(scope, helper.source.path)
    else:
        values = source_column(helper.source, helper, scope, run)
        expansion = Expansion(list(range(scope.size)), list(values), {}, [value is not UNDEFINED for value in values])
    if helper.children is None and ARRAY_ELEMENTS[rule.data_type] not in ("object", "array"):
        expansion.flatten()
    if run.watch is not None:
        found = [*expansion.values, *[UNDEFINED] * len(expansion.missing), *[None] * len(expansion.nulls)]
        found += [[] for _ in expansion.empties]
        rows = [*expansion.index, *expansion.missing, *expansion.nulls, *expansion.empties]
        run.watch(Destination.of_elements(rule, rule.data_type, helper), "source", None, found, scope, rows)
    if helper.default is UNDEFINED or helper.children is not None:
        expansion.keep([row for row, value in enumerate(expansion.values) if value is not UNDEFINED])
    return expansion


def _extracted(
    rule: ArrayRule, helper: Helper, expansion: Expansion, scope: Scope, run: Run, offsets: list[int]
) -> _Part:
    """Convert the elements of a helper that only extracts."""
    element = ARRAY_ELEMENTS[rule.data_type]
    defaulted: list[int] = []
    if helper.default is not UNDEFINED:
        defaulted = expansion.fill(helper.default, scope.size)
    elif helper.skip_empty:
        expansion.keep([row for row, value in enumerate(expansion.values) if not _is_empty(value)])
    destination = Destination.of_elements(rule, "arrayarray" if element == "array" else element, helper)
    inside, rows = scope, expansion.index
    if run.watch is not None:
        # Who watches is told of each element by its own place.
        positions = _positions(scope, run, expansion.index, offsets)
        inside, rows = scope.inner(expansion.index, positions=positions), list(range(len(expansion.values)))
        _watch_elements(destination, expansion.values, inside, run, set(defaulted))
    values = convert(destination, expansion.values, inside, run, rows)
    return _Part(_grouped(expansion.index, values, scope.size), expansion.reached)


def _watch_elements(destination: Destination, values: list[Any], inside: Scope, run: Run, defaulted: set[int]) -> None:
    if run.watch is None:
        return
    for step, rows in (
        ("extract", [row for row in range(len(values)) if row not in defaulted]),
        ("default", sorted(defaulted)),
    ):
        if rows:
            run.watch(destination, step, None, [values[row] for row in rows], inside, rows)


def _made(rule: ArrayRule, helper: Helper, inside: Scope, run: Run) -> list[Any]:
    """Make one element per row of the inner scope: an object, or an array of an array of arrays."""
    children = helper.children or ()
    if rule.data_type != "arrayarray":
        return list(object_rows(children, inside, run))
    # Each inner entry gives one inner array; with one entry, which is the usual form, that is the element.
    columns = [rule_column(child, inside, run) for child in children]
    if len(columns) == 1:
        return columns[0]
    return [_Several(value for value in row if value is not UNDEFINED) for row in zip(*columns, strict=True)]


class _Several(list[Any]):
    """The inner arrays of one element, when it has more than one inner entry."""


def _width(value: object) -> int:
    return len(value) if type(value) is _Several else int(value is not UNDEFINED)


def _grouped(index: list[int], values: list[Any], size: int) -> list[list[Any]]:
    """Gather elements by the row they belong to; `index` is ascending."""
    if not index:
        return [[] for _ in range(size)]
    groups: list[list[Any]] = [[] for _ in range(size)]
    for row, value in zip(index, values, strict=True):
        if type(value) is _Several:
            groups[row].extend(value)
        elif value is not UNDEFINED:
            groups[row].append(value)
    return groups


def _is_empty(value: object) -> bool:
    return value is UNDEFINED or value is None or (isinstance(value, (str, list)) and not value)


def _positions(
    scope: Scope, run: Run, index: list[int], offsets: list[int] | None = None, widths: list[int] | None = None
) -> list[tuple[int, ...]] | None:
    """Number the output element of each inner row, when someone watches; `widths` are the elements each row gives."""
    if run.watch is None:
        return None
    counts: dict[int, int] = {}
    positions = []
    for row, width in zip(index, widths or [1] * len(index), strict=True):
        place = counts.get(row, 0)
        counts[row] = place + width
        outer = scope.positions[row] if scope.positions else ()
        positions.append((*outer, place + (offsets[row] if offsets else 0)))
    return positions


# --- lists of Mapper 1.0 --------------------------------------------------------------------------------------------


def _list_column(rule: ListRule, scope: Scope, run: Run) -> list[Any]:
    roots = scope.roots()
    iterating = {
        place: [field.source.path.read_all(root, UNDEFINED) for root in roots]
        for place, field in enumerate(rule.fields)
        if isinstance(field.source, PathSource) and field.source.path.has_wildcard
    }
    in_templates = [[path.read_all(root, UNDEFINED) for root in roots] for path in _template_elements(rule)]
    if iterating or in_templates:
        counts = [max(map(len, found)) for found in zip(*iterating.values(), *in_templates, strict=True)]
    else:
        counts = [1] * scope.size
    index = [row for row, count in enumerate(counts) for _ in range(count)]
    positions = _positions(scope, run, index)
    inside = scope.inner(index, positions=positions)
    at_element = inside
    if rule.children or any(field.sees_element for field in rule.fields):
        at_element = scope.inner(index, _line_elements(rule, scope, counts), positions)
    if run.watch is not None:
        _watch_absent_lines(rule, counts, scope, run)
    columns = []
    for place, field in enumerate(rule.fields):
        seen = at_element if field.sees_element else inside
        if place in iterating:
            column = _lined_up(iterating[place], counts)
            columns.append(finish(field, column, seen, run))
        else:
            columns.append(value_column(field, seen, run))
    columns += [rule_column(child, at_element, run) for child in rule.children]
    lines = Layout([inner.keys for inner in (*rule.fields, *rule.children)]).build(columns, len(index))
    ends = list(accumulate(counts))
    # Assumed: a list without lines is left out; what the platform writes is not published.
    return [lines[end - count : end] if count else UNDEFINED for end, count in zip(ends, counts, strict=True)]


def _template_elements(rule: ListRule) -> list[Path]:
    """List the paths with ``[*]`` in the templates of a list's fields."""
    return [path for field in rule.fields if isinstance(field.source, TemplateSource) for path in field.source.elements]


def _line_elements(rule: ListRule, scope: Scope, counts: list[int]) -> dict[Prefix, list[Any]]:
    """Give for each line what stands in place of the arrays that its list iterates over.

    Where several fields iterate over one array, the longest path decides, since its lines are the finest.
    """
    paths = [field.source.path for field in rule.fields if isinstance(field.source, PathSource)]
    overlay: dict[Prefix, list[Any]] = {}
    iterating = [path for path in (*paths, *_template_elements(rule)) if path.has_wildcard]
    for path in sorted(iterating, key=lambda path: -path.steps.count(WILDCARD)):
        starts = [path.start(root, UNDEFINED) for root in scope.roots()]
        end = len(path.steps) - path.steps[::-1].index(WILDCARD)
        expansion = expand(Scope(starts, dict), Path(path.text, path.steps[:end], True))
        places: list[list[int]] = [[] for _ in counts]
        for place, row in enumerate(expansion.index):
            places[row].append(place)
        first = [start for start, count in zip(starts, counts, strict=True) for _ in range(count)]
        # A path without rows of its own starts at the first row of a grouped record.
        start: dict[Prefix, list[Any]] = {(): first} if any(type(root) is list for root in scope.roots()) else {}
        for keys, column in {**start, **expansion.overlay}.items():
            elements = [[column[place] for place in found] for found in places]
            overlay.setdefault(keys, first if column is first else _lined_up(elements, counts))
    return overlay


def _watch_absent_lines(rule: ListRule, counts: list[int], scope: Scope, run: Run) -> None:
    """Tell of the arrays that are not there in records without a line; an array without elements is there."""
    if run.watch is None:
        return
    roots = scope.roots()
    for field in rule.fields:
        if isinstance(field.source, PathSource) and field.source.path.has_wildcard:
            path = field.source.path
            rows = [row for row, count in enumerate(counts) if not count and not _has_array(path, roots[row])]
            if rows:
                run.watch(field, "source", None, [UNDEFINED] * len(rows), scope, rows)


def _has_array(path: Path, record: object) -> bool:
    current = [path.start(record, UNDEFINED)]
    for step in path.steps:
        if step is not WILDCARD:
            current = [read_step(value, step, UNDEFINED) for value in current]
        elif any(type(value) is list and not value for value in current):
            return True
        else:
            current = [item for value in current if type(value) is list for item in value]
    return False


def _lined_up(found: list[list[Any]], counts: list[int]) -> list[Any]:
    """Put the matches of each record on its lines; lines beyond the last match have no value."""
    column: list[Any] = []
    for matches, count in zip(found, counts, strict=True):
        column += matches
        if len(matches) < count:
            column += [UNDEFINED] * (count - len(matches))
    return column
