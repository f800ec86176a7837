"""What a mapping uses of real records: per rule, how often its source is there, null, retyped, untranslated, undated.

A path that names no field maps nothing, with no error, on the platform; here it shows as a rule that never found a
value. It costs one watched evaluation: each step of each rule is counted a column at a time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from celigo_pandas.errors import MappingError
from celigo_pandas.javascript.values import Undefined
from celigo_pandas.mapping.compilation import CompiledMapping
from celigo_pandas.mapping.conversions import kind_of
from celigo_pandas.mapping.rules import Rule, TemplateSource, ValueRule
from celigo_pandas.mapping.runs import ResolveLookup
from celigo_pandas.mapping.scopes import Scope
from celigo_pandas.mapping.values import key_text
from celigo_pandas.paths import Path, parse_extract

__all__ = ["Coverage", "RuleCoverage", "field_paths", "measure"]

_PLACES = re.compile(r"\[(?:\*|\d+)\]")


@dataclass
class RuleCoverage:
    """Counts of one rule; each is out of ``rows``, the places it was evaluated for (array elements each count)."""

    path: str
    cell: str
    generate: str
    reads: tuple[str, ...]
    rows: int = 0
    found: int = 0
    null: int = 0
    empty: int = 0
    defaulted: int = 0
    retyped: int = 0
    lookup_misses: int = 0
    date_failures: int = 0
    failures: int = 0

    @property
    def is_dead(self) -> bool:
        """Whether it reads paths and never found anything at any of them."""
        return bool(self.reads) and self.rows > 0 and self.found == 0


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
    for path, count in Counter(p.field for error in failed for p in error.problems).items():
        if path in counter.by_path:
            counter.by_path[path].failures = count
    used = [_bare(read) for rule in compiled.rules for read in rule.reads]
    unused = tuple(path for path in field_paths(records) if not _is_used(path, used))
    return Coverage(tuple(counter.by_path.values()), unused, len(records), len(failed))


@dataclass
class _Counter:
    compiled: CompiledMapping
    by_path: dict[str, RuleCoverage] = field(default_factory=dict)
    template_paths: dict[str, tuple[Path, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.compiled.rules:
            self.by_path[rule.path] = RuleCoverage(rule.path, rule.cell, rule.generate, rule.reads)

    def watch(
        self, rule: Rule, step: str, before: list[Any] | None, after: list[Any], scope: Scope, rows: list[int] | None
    ) -> None:
        counts = self.by_path.get(rule.path)
        if counts is None:
            return
        if step == "extract":
            self._extracted(rule, counts, after, scope)
        elif step == "default":
            counts.defaulted += len(after)
        elif step == "lookup" and isinstance(rule, ValueRule):
            counts.lookup_misses += _misses(rule, before or [], after)
        elif step == "date":
            counts.date_failures += _absent(after) - _absent(before or [])
        elif step == "convert":
            counts.retyped += _retyped(before or [], after)

    def _extracted(self, rule: Rule, counts: RuleCoverage, values: list[Any], scope: Scope) -> None:
        types = Counter(map(type, values))
        counts.rows += len(values)
        counts.null += types[type(None)]
        if types[str]:
            counts.empty += values.count("")
        source = getattr(rule, "source", None)
        if isinstance(source, TemplateSource):
            counts.found += self._rows_with_any(rule, counts.reads, scope)
        else:
            counts.found += len(values) - types[Undefined]

    def _rows_with_any(self, rule: Rule, reads: tuple[str, ...], scope: Scope) -> int:
        """Count the rows in which a template finds at least one of the paths it reads (it gives text in any case)."""
        if not reads:
            return scope.size
        if rule.path not in self.template_paths:
            self.template_paths[rule.path] = tuple(parse_extract("$." + read) for read in reads)
        columns = [scope.column(path) for path in self.template_paths[rule.path]]
        if any(Undefined not in set(map(type, column)) for column in columns):
            return scope.size
        return sum(any(type(value) is not Undefined for value in row) for row in zip(*columns, strict=True))


def _absent(values: list[Any]) -> int:
    return sum(type(value) is Undefined for value in values) if Undefined in set(map(type, values)) else 0


def _misses(rule: ValueRule, keys: list[Any], found: list[Any]) -> int:
    table = rule.lookup.table if rule.lookup is not None else None
    if table is None:
        return _absent(found)
    texts = keys if set(map(type, keys)) <= {str} else [key_text(key) for key in keys]
    return sum(count for text, count in Counter(texts).items() if text not in table)


def _retyped(before: list[Any], after: list[Any]) -> int:
    if len(set(map(type, before))) == len(set(map(type, after))) == 1:
        return len(before) if kind_of(before[0]) != kind_of(after[0]) else 0
    return sum(
        kind_of(old) != kind_of(new) and type(old) is not Undefined and type(new) is not Undefined
        for old, new in zip(before, after, strict=True)
    )


# --- fields -----------------------------------------------------------------------------------------------------------


def field_paths(records: Sequence[Any]) -> list[str]:
    """List the paths of all values, in order of first appearance: ``id``, ``cust.name``, ``lines[*].sku``."""
    rows = list(chain.from_iterable(record if isinstance(record, list) else (record,) for record in records))
    return list(_paths([row for row in rows if isinstance(row, dict)], ""))


def _paths(rows: list[dict[str, Any]], prefix: str) -> dict[str, None]:
    found: dict[str, None] = {}
    # Records of one export mostly have the same keys: each distinct list of keys is looked at once.
    for key in dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, rows)))):
        path = f"{prefix}{key}"
        values = [row[key] for row in rows if key in row]
        types = set(map(type, values))
        objects = [value for value in values if type(value) is dict] if dict in types else []
        lists = [value for value in values if type(value) is list] if list in types else []
        elements = [item for item in chain.from_iterable(lists) if isinstance(item, dict)]
        found.update(_paths(objects, f"{path}."))
        found.update(_paths(elements, f"{path}[*]."))
        if not objects and not elements:
            found[path] = None
    return found


def _bare(path: str) -> str:
    """Leave out positions: in a composite record ``orders[*].sku`` is read as ``orders.sku``."""
    return _PLACES.sub("", path).strip(".")


def _is_used(path: str, used: list[str]) -> bool:
    bare = _bare(path)
    return any(not read or bare == read or bare.startswith(read + ".") for read in used)
