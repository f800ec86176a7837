"""One rule's value, a column at a time: source, default and condition, lookup, date, type conversion.

The order of work and what counts as empty are those of integrator-api.md, sections 7.1 and 7.2. A column whose types
show that a step changes nothing passes that step without a look at its values; a value that fails is noted in the run
and absent from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from celigo_pandas.errors import CeligoError, TemplateError, shown
from celigo_pandas.handlebars.lookups import by_name
from celigo_pandas.javascript.values import UNDEFINED, Undefined, json_text, to_text
from celigo_pandas.mapping.rules.rule_tree import (
    DateStep,
    Helper,
    Lookup,
    PathSource,
    Rule,
    Source,
    TemplateSource,
    TextSource,
    ValueRule,
)
from celigo_pandas.mapping.scopes.scope import Scope
from celigo_pandas.mapping.scopes.typed_columns import Column, gap_rows, holds_only_text, types_of, without
from celigo_pandas.mapping.steps.conversions import (
    ARRAY_ELEMENTS,
    CASTS,
    CONVERTERS,
    PASSING,
    RefusedType,
    convert_column,
    destination_type,
)
from celigo_pandas.mapping.steps.destination import Destination
from celigo_pandas.mapping.steps.run import Run

__all__ = ["convert", "empty_rows", "finish", "source_column", "value_column"]

_NEVER_EMPTY = frozenset({int, float, bool, dict, Undefined})
_PART = 50
_NO_VALUE = frozenset({type(None), Undefined})


def value_column(rule: ValueRule, scope: Scope, run: Run) -> list[Any]:
    """Evaluate one value rule for every row of a scope."""
    return finish(rule, source_column(rule.source, rule, scope, run), scope, run)


def source_column(source: Source, rule: Rule | Helper, scope: Scope, run: Run) -> list[Any]:
    """Read the source of a rule for every row; absent is UNDEFINED."""
    if isinstance(source, PathSource):
        column = scope.column(source.path)
        if source.first_only and source.path.has_wildcard:
            # Assumed: the platform's result for [*] outside lists is not published; the first match.
            return [(value[0] if value else UNDEFINED) if type(value) is list else value for value in column]
        return column
    if isinstance(source, TextSource):
        return Column.constant(source.value, scope.size)
    if isinstance(source, TemplateSource):
        return _rendered(source, rule, scope, run)
    return Column.constant(UNDEFINED, scope.size)


def _rendered(source: TemplateSource, rule: Rule | Helper, scope: Scope, run: Run) -> list[Any]:
    """Render a template for every row: all together, in parts where one is refused, one by one in such a part."""
    dynamic = {lookup["name"]: lookup for lookup in run.lookups if "map" not in lookup and "name" in lookup}
    options: dict[str, Any] = {"lookups": by_name(run.lookups), "now": run.now, "escape": source.escape}
    if dynamic and run.resolve_lookup is not None:
        return _rendered_alone(source, rule, scope, run, range(scope.size), options, dynamic)
    together = source.template.render_together
    texts: list[Any] | None = together(scope.for_templates(), **options)
    if texts is not None:
        return Column.of_text(texts)
    texts = []
    for start in range(0, scope.size, _PART):
        rows = range(start, min(start + _PART, scope.size))
        part = together(scope.for_templates().pick(rows), **options)
        texts += part or _rendered_alone(source, rule, scope, run, rows, options, {})
    return texts


def _rendered_alone(
    source: TemplateSource,
    rule: Rule | Helper,
    scope: Scope,
    run: Run,
    rows: Sequence[int],
    options: dict[str, Any],
    dynamic: dict[str, Any],
) -> list[Any]:
    template, resolve, contexts = source.template, run.resolve_lookup, scope.contexts()
    texts: list[Any] = []
    for row in rows:
        context = contexts[row]

        def ask(name: str, context: Any = context) -> Any:
            return resolve(dynamic[name], context) if resolve is not None and name in dynamic else UNDEFINED

        try:
            texts.append(template.render(context, **options, dynamic_lookups=ask if dynamic else None))
        except TemplateError as error:
            texts.append(UNDEFINED)
            of_lookup = bool(error.problems) and error.problems[0].source == "lookup"
            run.fail(
                scope,
                row,
                rule,
                f"Template at {rule.path}: {error}",
                code=error.problems[0].code if of_lookup else "template_error",
                source="lookup" if of_lookup else "mapping",
                value=source.template.source,
            )
    return texts


def empty_rows(column: list[Any]) -> list[int]:
    """List the rows whose value is empty: absent, null, empty text, or an array without elements."""
    types = types_of(column)
    if types <= _NEVER_EMPTY or (types <= {str, Undefined} and "" not in column):
        return gap_rows(column)
    return [
        row
        for row, value in enumerate(column)
        if value is UNDEFINED or value is None or ((type(value) is str or type(value) is list) and not value)
    ]


def finish(rule: ValueRule, column: list[Any], scope: Scope, run: Run) -> list[Any]:
    """Take a source column through the rest of the rule's steps."""
    if run.watch is not None:
        run.watch(rule, "extract", None, column, scope, None)
    if not rule.is_guarded:
        return convert(rule, column, scope, run, None)
    if rule.lookup is not None and rule.lookup.table is None and not rule.source.reads:
        # A dynamic lookup may need no value of the record: its own query names what it reads.
        return _worked(rule, column, scope, run, None)
    empties = _set_aside(rule, column)
    if not empties:
        return _worked(rule, column, scope, run, None)
    rows, values = without(column, empties)
    result = _substituted(rule, column, scope, run, empties)
    worked = _worked(rule, values, scope, run, rows)
    for row, value in zip(rows, worked, strict=True):
        result[row] = value
    return result


def _set_aside(rule: ValueRule, column: list[Any]) -> list[int]:
    """List the rows that no lookup, date or conversion sees."""
    empties = empty_rows(column)
    if rule.default is not UNDEFINED or rule.skip_empty:
        return empties
    if rule.dialect == 1 and rule.lookup is not None:
        # Assumed: empty text is a key that a lookup may hold; only null and absent are not looked up.
        return [row for row in empties if column[row] is None or column[row] is UNDEFINED]
    return [row for row in empties if type(column[row]) is not list]


def _substituted(rule: ValueRule, column: list[Any], scope: Scope, run: Run, empties: list[int]) -> list[Any]:
    """Give empty rows what stands for them: the default, nothing, or themselves."""
    if rule.default is not UNDEFINED:
        # Mapper 2.0 converts a default like an extracted value; Mapper 1.0 writes it as it is.
        is_list = isinstance(rule.default, list)
        values: list[Any] = [list(rule.default) if is_list else rule.default for _ in empties]
        if run.watch is not None:
            run.watch(rule, "default", [column[row] for row in empties], values, scope, empties)
        if rule.dialect == 2:
            values = convert(rule, values, scope, run, empties)
    elif rule.skip_empty or (rule.dialect == 1 and rule.lookup is not None):
        values = [UNDEFINED] * len(empties)
        if run.watch is not None:
            run.watch(rule, "condition", [column[row] for row in empties], values, scope, empties)
    else:
        values = [column[row] for row in empties]
    result: list[Any] = [UNDEFINED] * len(column)
    for row, value in zip(empties, values, strict=True):
        result[row] = value
    return result


def _worked(rule: ValueRule, column: list[Any], scope: Scope, run: Run, rows: list[int] | None) -> list[Any]:
    if rule.lookup is not None:
        before, column = column, _looked_up(rule, rule.lookup, column, scope, run, rows)
        if run.watch is not None:
            run.watch(rule, "lookup", before, column, scope, rows)
    if rule.date is not None:
        before, column = column, _dated(rule, rule.date, column, scope, run, rows)
        if run.watch is not None:
            run.watch(rule, "date", before, column, scope, rows)
    return convert(rule, column, scope, run, rows)


def _looked_up(
    rule: ValueRule, lookup: Lookup, column: list[Any], scope: Scope, run: Run, rows: list[int] | None
) -> list[Any]:
    if lookup.table is None:
        found = _asked(rule, lookup, column, scope, run, rows)
    else:
        get: Callable[..., Any] = lookup.table.get
        if rule.data_type in ARRAY_ELEMENTS:
            return [
                _each_looked_up(value, get, lookup, rule, scope, run, row) for row, value in _numbered(column, rows)
            ]
        if types_of(column) == {str}:
            found = [get(value, UNDEFINED) for value in column]
        else:
            found = [get(key_text(value), UNDEFINED) for value in column]
    if Undefined not in types_of(found):
        return found
    for place, value in enumerate(found):
        if value is UNDEFINED:
            row = place if rows is None else rows[place]
            found[place] = _unmatched(rule, lookup, column[place], scope, run, row)
    return found


def _each_looked_up(
    value: object, get: Callable[..., Any], lookup: Lookup, rule: ValueRule, scope: Scope, run: Run, row: int
) -> Any:
    # Assumed: an array destination translates its elements one by one.
    keys = value if isinstance(value, list) else [value]
    found = [get(key_text(key), UNDEFINED) for key in keys]
    found = [
        _unmatched(rule, lookup, key, scope, run, row) if item is UNDEFINED else item
        for key, item in zip(keys, found, strict=True)
    ]
    return [item for item in found if item is not UNDEFINED]


def key_text(value: object) -> str | Undefined:
    """Write a value as a lookup's key: 1 is ``"1"``, true is ``"true"``; objects and arrays as JSON text.

    A value that no text can hold is UNDEFINED, which is no key of any lookup.
    """
    if not isinstance(value, (dict, list)):
        return to_text(value)
    try:
        return json_text(value)
    except RecursionError:
        return UNDEFINED


def _unmatched(rule: ValueRule, lookup: Lookup, key: object, scope: Scope, run: Run, row: int) -> Any:
    if lookup.allow_failures:
        return lookup.default
    if scope.lineage[row] not in run.failures or run.failures[scope.lineage[row]][-1].rule != rule.path:
        run.fail(
            scope,
            row,
            rule,
            f"Lookup {lookup.name!r} for {rule.generate!r} has no entry for {shown(key)}; failures are not allowed.",
            code="lookup_no_match",
            source="lookup",
            value=key,
        )
    return UNDEFINED


def _asked(
    rule: ValueRule, lookup: Lookup, column: list[Any], scope: Scope, run: Run, rows: list[int] | None
) -> list[Any]:
    """Answer a dynamic lookup through the callback, which sees the record's context and ``lookupKey``."""
    found: list[Any] = []
    contexts = scope.contexts()
    for row, key in _numbered(column, rows):
        if run.resolve_lookup is None:
            run.fail(
                scope,
                row,
                rule,
                f"Lookup {lookup.name!r} for {rule.generate!r} needs the outer system and cannot be answered here.",
                code="lookup_unavailable",
                source="lookup",
                value=key,
            )
            found.append(UNDEFINED)
            continue
        try:
            found.append(run.resolve_lookup(lookup.doc, {**contexts[row], "lookupKey": key}))
        except CeligoError as error:
            if not lookup.allow_failures:
                message = f"Lookup {lookup.name!r} for {rule.generate!r} failed: {error}"
                run.fail(scope, row, rule, message, code="lookup_failed", source="lookup", value=key)
            found.append(UNDEFINED)
    return found


def _dated(
    rule: ValueRule, date: DateStep, column: list[Any], scope: Scope, run: Run, rows: list[int] | None
) -> list[Any]:
    write = run.writers.get(id(date))
    if write is None:
        write = run.writers[id(date)] = date.compiled(run.now)
    try:
        return [write(value) for value in column]
    except (ValueError, OverflowError):
        pass
    dated: list[Any] = []
    for row, value in _numbered(column, rows):
        try:
            dated.append(_dated_one(rule, write, value, scope, run, row))
        except RecursionError:
            message = f"Mapper {rule.dialect}.0: {rule.generate}: a list nested this deep holds no dates"
            run.fail(scope, row, rule, message, code="date_invalid", value=value)
            dated.append(UNDEFINED)
    return dated


def _dated_one(rule: ValueRule, write: Callable[[Any], str], value: object, scope: Scope, run: Run, row: int) -> Any:
    if value is UNDEFINED or value is None or value == "":
        return value
    if isinstance(value, list):
        return [_dated_one(rule, write, item, scope, run, row) for item in value]
    try:
        return write(value)
    except (ValueError, OverflowError) as error:
        message = f"Mapper {rule.dialect}.0: {rule.generate}: cannot read {shown(value)} as a date: {error}"
        run.fail(scope, row, rule, message, code="date_invalid", value=value)
        return UNDEFINED


def convert(
    rule: ValueRule | Destination, column: list[Any], scope: Scope, run: Run, rows: list[int] | None
) -> list[Any]:
    """Convert a column to the rule's type; what the table refuses fails its record."""
    data_type = rule.data_type
    if data_type is None or not column:
        return column
    if data_type == "string" and holds_only_text(column):
        return column
    types = types_of(column)
    if types <= PASSING.get(data_type, _NO_VALUE):
        return column
    converter = (CONVERTERS if rule.dialect == 2 else CASTS)[data_type]
    converted: list[Any]
    try:
        # A conversion neither makes gaps nor fills them.
        converted = Column(convert_column(column, types, data_type, converter), gap_rows(column))
    except (RefusedType, RecursionError):
        converted = [_converted_one(rule, converter, value, scope, run, row) for row, value in _numbered(column, rows)]
    if run.watch is not None:
        run.watch(rule, "convert", column, converted, scope, rows)
    return converted


def _converted_one(
    rule: ValueRule | Destination, converter: Callable[[Any], Any], value: object, scope: Scope, run: Run, row: int
) -> Any:
    try:
        return converter(value)
    except RefusedType as refused:
        source = refused.source
    except RecursionError:
        source = "object"
    destination = destination_type(rule.declared)
    message = (
        f"Mapper {rule.dialect}.0: {rule.generate}: You can't map {source} (source) to {destination} (destination)"
    )
    run.fail(scope, row, rule, message, code="type_refused", value=value)
    return UNDEFINED


def _numbered(column: list[Any], rows: list[int] | None) -> zip[tuple[int, Any]]:
    return zip(range(len(column)) if rows is None else rows, column, strict=True)
