"""What a mapping uses of real records: per rule, how often its source is there, null, retyped, untranslated, undated.

A path that names no field maps nothing, with no error, on the platform; here it shows as a rule that never found a
value. It costs one watched evaluation: each step of each rule is counted a column at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from celigo_pandas.errors import MappingError, TemplateError
from celigo_pandas.handlebars import compile_template
from celigo_pandas.javascript.values import UNDEFINED, Undefined
from celigo_pandas.mapping.compile.compiled_mapping import CompiledMapping
from celigo_pandas.mapping.evaluate.traces import read_context
from celigo_pandas.mapping.rules.rule_tree import (
    ArrayRule,
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
from celigo_pandas.mapping.steps.conversions import ARRAY_ELEMENTS, kind_of
from celigo_pandas.mapping.steps.destination import Destination
from celigo_pandas.mapping.steps.run import ResolveLookup, Watched
from celigo_pandas.mapping.steps.value_steps import key_text
from celigo_pandas.paths import PathError, Step, escape_key, parse_extract

__all__ = ["Coverage", "RuleCoverage", "field_paths", "fields_read", "measure"]

Keys = tuple[str, ...]
_RECORD_NAMES: Final = {1: ("data", "rows"), 2: ("record", "rows", "batch_of_records")}
"""What templates of each mapper call the record, its rows, or the list of records."""


@dataclass
class RuleCoverage:
    """Counts of one rule; each is out of ``rows``, the places where its source was looked for.

    Array elements each count; so does an array that is not there, is null, or is empty, once. An array of several
    helpers has counts of its own and, behind them, those of each helper (``is_helper``). ``empty`` counts empty text
    and empty arrays, ``retyped`` only values that came out.
    """

    path: str
    cell: str
    generate: str
    reads: tuple[str, ...]
    is_helper: bool = False
    is_constant: bool = False
    rows: int = 0
    found: int = 0
    null: int = 0
    empty: int = 0
    defaulted: int = 0
    retyped: int = 0
    lookup_misses: int = 0
    date_failures: int = 0
    failures: int = 0
    names_no_field: bool = False

    @property
    def is_dead(self) -> bool:
        """Whether it reads paths and never found anything at any of them.

        A rule that was never evaluated, inside an array without elements, is dead if no record has such a field.
        """
        return bool(self.reads) and (self.found == 0 if self.rows else self.names_no_field)


@dataclass(frozen=True)
class Coverage:
    """All rules, in the document's order; the fields that no rule reads; and how many records failed."""

    rules: tuple[RuleCoverage, ...]
    unused: tuple[str, ...]
    records: int
    failed: int


def measure(
    compiled: CompiledMapping,
    records: Sequence[Any],
    *,
    context: Mapping[str, Any] | None = None,
    resolve_lookup: ResolveLookup | None = None,
    now: Callable[[], Any] | None = None,
) -> Coverage:
    """Evaluate a mapping over records and count.

    Parameters
    ----------
    compiled : CompiledMapping
    records : sequence
        Objects, or lists of rows.
    context, resolve_lookup, now
        As for :meth:`CompiledMapping.evaluate`.
    """
    counter = _Counter(compiled)
    outputs = compiled.evaluate(records, context=context, resolve_lookup=resolve_lookup, now=now, watch=counter.watch)
    failed = [output for output in outputs if type(output) is MappingError]
    counter.count_failures(failed)
    fields = _fields(records)
    used = {keys for rule in compiled.rules for keys in fields_read(rule, compiled)}
    passed = {keys[:length] for keys in _iterated(compiled) for length in range(1, len(keys))}
    unused = tuple(path for path, keys in fields.items() if keys not in passed and not _is_used(keys, used))
    for counts, part in counter.parts():
        if fields and not counts.rows:
            paths = [keys for source in _sources_of(part) for keys in _read_by(source, compiled)]
            counts.names_no_field = not any(_meets(keys, known) for keys in paths for known in fields.values())
    return Coverage(tuple(counts for counts, _ in counter.parts()), unused, len(records), len(failed))


@dataclass
class _Counter:
    compiled: CompiledMapping
    by_path: dict[str, RuleCoverage] = field(default_factory=dict)
    rules: dict[str, Rule | Helper] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.compiled.rules:
            is_constant = isinstance(rule, ValueRule) and isinstance(rule.source, TextSource)
            counts = RuleCoverage(rule.path, rule.cell, rule.generate, rule.reads, is_constant=is_constant)
            self._add(rule, counts)
            if isinstance(rule, ArrayRule) and len(rule.helpers) > 1:
                for helper in rule.helpers:
                    reads = helper.source.reads
                    self._add(helper, RuleCoverage(helper.path, rule.cell, rule.generate, reads, is_helper=True))

    def _add(self, part: Rule | Helper, counts: RuleCoverage) -> None:
        self.by_path[part.path], self.rules[part.path] = counts, part

    def parts(self) -> Iterator[tuple[RuleCoverage, Rule | Helper]]:
        """Yield the counts of each rule and helper, with it."""
        for path, counts in self.by_path.items():
            yield counts, self.rules[path]

    def count_failures(self, failed: Sequence[MappingError]) -> None:
        """Count the failures that are not counted on the way.

        A record holds one failure of a lookup and rule, however many elements of an array miss it.
        """
        problems = Counter((one.field, one.code) for error in failed for one in error.problems)
        for (path, code), count in problems.items():
            rule = self.rules.get(path or "")
            if rule is not None and not (code == "lookup_no_match" and _table_of(rule) is not None):
                self.by_path[rule.path].failures += count

    def watch(
        self, rule: Watched, step: str, before: list[Any] | None, after: list[Any], scope: Scope, rows: list[int] | None
    ) -> None:
        """Count one step of one rule."""
        counts, known = self.by_path.get(rule.path), self.rules.get(rule.path)
        if counts is None:
            return
        helper = self.by_path.get(rule.helper or "") if isinstance(rule, Destination) else None
        counted = [counts] if helper is None else [counts, helper]
        if step == "source" or (step == "extract" and not isinstance(known, ArrayRule)):
            for one in counted:
                self._extracted(rule, one, after, scope)
        elif step == "default":
            for one in counted:
                one.defaulted += len(after)
        elif step == "lookup" and isinstance(known, ValueRule) and known.lookup is not None:
            misses = _misses(known, known.lookup, before or [], after)
            counts.lookup_misses += misses
            if known.lookup.table is not None and not known.lookup.allow_failures:
                counts.failures += misses
        elif step == "date":
            counts.date_failures += _absent(after) - _absent(before or [])
        elif step == "convert":
            for one in counted:
                one.retyped += _retyped(before or [], after)
            if helper is not None:
                helper.failures += _absent(after) - _absent(before or [])

    def _extracted(self, rule: Watched, counts: RuleCoverage, values: list[Any], scope: Scope) -> None:
        types = Counter(map(type, values))
        counts.rows += len(values)
        counts.null += types[type(None)]
        counts.empty += values.count("") if types[str] else 0
        counts.empty += values.count([]) if types[list] else 0
        if isinstance(rule.source, TemplateSource):
            counts.found += _rows_with_any(rule.source, scope)
        else:
            counts.found += len(values) - types[Undefined]


def _rows_with_any(source: TemplateSource, scope: Scope) -> int:
    """Count the rows in which a template finds at least one of the paths it reads (it gives text in any case)."""
    if not source.paths:
        return scope.size
    return sum(any(_finds(path, context) for path in source.paths) for context in scope.contexts())


def _finds(path: str, context: Any) -> bool:
    found = read_context(path, context)
    # A path through elements gives the list of those that have it.
    return found is not UNDEFINED and not ("[*]" in path and found == [])


def _absent(values: list[Any]) -> int:
    return sum(type(value) is Undefined for value in values) if Undefined in set(map(type, values)) else 0


def _table_of(rule: Rule | Helper) -> dict[str, Any] | None:
    return rule.lookup.table if isinstance(rule, ValueRule) and rule.lookup is not None else None


def _misses(rule: ValueRule, lookup: Lookup, keys: list[Any], found: list[Any]) -> int:
    table = lookup.table
    if table is None:
        return _absent(found)
    if rule.data_type in ARRAY_ELEMENTS:
        # An array is translated element by element; it misses when any of them does.
        lists = [key if isinstance(key, list) else [key] for key in keys]
        return sum(any(key_text(key) not in table for key in several) for several in lists)
    texts = keys if set(map(type, keys)) <= {str} else [key_text(key) for key in keys]
    return sum(count for text, count in Counter(texts).items() if text not in table)


def _retyped(before: list[Any], after: list[Any]) -> int:
    types = set(map(type, after))
    if len(set(map(type, before))) == len(types) == 1 and Undefined not in types:
        return len(before) if kind_of(before[0]) != kind_of(after[0]) else 0
    return sum(
        kind_of(old) != kind_of(new) and type(old) is not Undefined and type(new) is not Undefined
        for old, new in zip(before, after, strict=True)
    )


# --- fields -----------------------------------------------------------------------------------------------------------


def field_paths(records: Sequence[Any]) -> list[str]:
    r"""List the paths of all values, in order of first appearance: ``id``, ``cust.name``, ``lines[*].sku``.

    A dot inside a key is written ``\.``.
    """
    return list(_fields(records))


def _fields(records: Sequence[Any]) -> dict[str, Keys]:
    """List the paths of all values, each with its keys."""
    rows = list(chain.from_iterable(record if isinstance(record, list) else (record,) for record in records))
    return _paths([row for row in rows if isinstance(row, dict)], "", ())


def _paths(rows: list[dict[str, Any]], prefix: str, outer: Keys) -> dict[str, Keys]:
    found: dict[str, Keys] = {}
    # Records of one export mostly have the same keys: each distinct list of keys is looked at once.
    for key in dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, rows)))):
        path, keys = f"{prefix}{escape_key(key)}", (*outer, key)
        values = [row[key] for row in rows if key in row]
        types = set(map(type, values))
        objects = [value for value in values if type(value) is dict] if dict in types else []
        lists = [value for value in values if type(value) is list] if list in types else []
        elements = [item for item in chain.from_iterable(lists) if isinstance(item, dict)]
        found.update(_paths(objects, f"{path}.", keys))
        found.update(_paths(elements, f"{path}[*].", keys))
        if not objects and not elements:
            found[path] = keys
    return found


# --- reads ------------------------------------------------------------------------------------------------------------


def fields_read(rule: Rule, compiled: CompiledMapping) -> Iterator[Keys]:
    """Give the keys of each field of the record that a rule reads, by itself or through a lookup that it asks."""
    for source in _sources_of(rule):
        yield from _read_by(source, compiled)
        if isinstance(source, TemplateSource) and "lookup" in source.template.source:
            for lookup in compiled.lookups:
                if str(lookup.get("name")) in source.template.source:
                    yield from _read_by_text(lookup, compiled)
    if isinstance(rule, ValueRule) and rule.lookup is not None and rule.lookup.table is None:
        yield from _read_by_text(rule.lookup.doc, compiled)


def _iterated(compiled: CompiledMapping) -> Iterator[Keys]:
    """Give the keys of each path through an array: whether there is one, though empty, makes a difference."""
    for rule in compiled.rules:
        for source in _sources_of(rule):
            if isinstance(source, PathSource) and (source.path.has_wildcard or not isinstance(rule, ValueRule)):
                yield from _read_by(source, compiled)


def _sources_of(part: Rule | Helper) -> list[Source]:
    if isinstance(part, ArrayRule):
        return [helper.source for helper in part.helpers]
    return [part.source]


def _read_by(source: Source, compiled: CompiledMapping) -> Iterator[Keys]:
    if isinstance(source, PathSource):
        for keys in _keys(source.path.steps):
            if not compiled.is_envelope:
                yield keys
            elif keys[:1] in ((), ("record",)):
                yield keys[1:]
    elif isinstance(source, TemplateSource):
        yield from _read_by_template(source.template.paths(), compiled.dialect)


def _read_by_text(part: object, compiled: CompiledMapping) -> Iterator[Keys]:
    """Give what the templates anywhere in a lookup's document read."""
    if isinstance(part, str) and "{{" in part:
        try:
            template = compile_template(part)
        except TemplateError:
            return
        # Both mappers' lookups see the record under every name.
        yield from _read_by_template(template.paths(), 1)
        yield from _read_by_template(template.paths(), 2)
    elif isinstance(part, (dict, list)):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _read_by_text(inner, compiled)


def _read_by_template(paths: Sequence[str], dialect: int) -> Iterator[Keys]:
    for text in paths:
        try:
            steps = parse_extract(f"$.{text}").steps
        except PathError:
            continue
        for keys in _keys(steps):
            if keys and keys[0] in _RECORD_NAMES[dialect]:
                yield keys[2:] if keys[:2] == ("batch_of_records", "record") else keys[1:]
            if dialect == 1:
                yield keys


def _keys(steps: tuple[Step, ...]) -> Iterator[Keys]:
    """Leave out positions: in a composite record ``orders[*].sku`` is read as ``orders.sku``.

    A number may be a key, or a position in an array.
    """
    keys = tuple(step for step in steps if isinstance(step, str))
    yield keys
    names = tuple(key for key in keys if not (key.isascii() and key.isdigit()))
    if names and names != keys:
        yield names


def _is_used(keys: Keys, used: set[Keys]) -> bool:
    return any(keys[:length] in used for length in range(len(keys) + 1)) or (*keys, "length") in used


def _meets(read: Keys, known: Keys) -> bool:
    """Whether a path leads to a field, or through what may be an array without elements."""
    shorter = min(len(read), len(known))
    return read[:shorter] == known[:shorter]
