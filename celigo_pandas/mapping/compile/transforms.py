"""Transforms of exports: version 1.0 (``rules``) and 2.0 (``rulesTwoDotZero``).

A transform 1.0 is a flat list of ``{extract, generate}``, whose ``generate`` is Mapper 1.0's; 2.0 is Mapper 2.0, whose
``modify`` mode writes onto a copy of the record. Facts: integrator-api.md, section 9.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from celigo_pandas.errors import DocumentError, MappingError, Problem, shown
from celigo_pandas.filters.step_types import unread_step
from celigo_pandas.handlebars.contexts import envelope_root, joined
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compile.compiled_mapping import CompiledMapping, check
from celigo_pandas.mapping.compile.mapper_one import add_lines, collected
from celigo_pandas.mapping.compile.mapper_two import compile_tree
from celigo_pandas.mapping.compile.rule_parts import Parts
from celigo_pandas.mapping.evaluate.evaluation import object_rows, rule_column
from celigo_pandas.mapping.evaluate.output_rows import Layout
from celigo_pandas.mapping.rules.rule_tree import Keys, ListRule, PathSource, Rule, Source, TextSource, ValueRule, walk
from celigo_pandas.mapping.scopes.scope import Scope
from celigo_pandas.mapping.steps.run import ResolveLookup, Run
from celigo_pandas.paths import WILDCARD, Path, literal_text

__all__ = ["CompiledTransform", "compile_transform", "compile_transform_parts", "transform_records"]

_EVERY = "[*]"
_V1 = "expression.rules"
_V2 = "expression.rulesTwoDotZero"


class CompiledTransform:
    """A transform ready to be evaluated; `rules` as in a compiled mapping."""

    def __init__(
        self, evaluate: Callable[[Sequence[Any], Run], list[Any]], tree: tuple[Rule, ...], lookups: Sequence[Any]
    ) -> None:
        self._evaluate = evaluate
        self.tree = tree
        self.rules = tuple(walk(tree))
        self.lookups = tuple(lookups)

    def evaluate(
        self,
        records: Sequence[Any],
        *,
        context: Mapping[str, Any] | None = None,
        resolve_lookup: ResolveLookup | None = None,
        now: Callable[[], Any] | None = None,
    ) -> list[Any]:
        """Transform records; one result (or MappingError) per record, in order."""
        return self._evaluate(records, Run(0, dict(context or {}), self.lookups, resolve_lookup, now))


def transform_records(
    records: Sequence[Any],
    transform_doc: Mapping[str, Any],
    *,
    settings: Mapping[str, Any] | None = None,
    connection: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
    resolve_lookup: ResolveLookup | None = None,
    now: Callable[[], Any] | None = None,
) -> list[Any]:
    """Transform records as an export document's ``transform`` says.

    Parameters
    ----------
    records : sequence
        Objects, or arrays of rows (grouped records, which stay rows). Not modified.
    transform_doc : mapping
        ``{"type": "expression", "expression": {...}}``; the members of ``expression``, or of ``rulesTwoDotZero``,
        are accepted directly too. Empty, or without rules: records pass as they are.
    settings, connection, context, resolve_lookup, now
        As for :func:`celigo_pandas.mapping.map_records`.

    Returns
    -------
    list
        One result or :class:`MappingError` per record.

    Raises
    ------
    DocumentError
        A script transform, or rules that cannot be compiled.
    """
    return compile_transform(transform_doc).evaluate(
        records,
        context=joined(context, settings, connection),
        resolve_lookup=resolve_lookup,
        now=now,
    )


def compile_transform(transform_doc: Mapping[str, Any] | None) -> CompiledTransform:
    """Compile a transform; raises DocumentError with every problem."""
    compiled, parts = compile_transform_parts(transform_doc)
    check(parts)
    return compiled


def compile_transform_parts(transform_doc: Mapping[str, Any] | None) -> tuple[CompiledTransform, Parts]:
    """Compile a transform, with everything that is wrong with it."""
    if transform_doc is not None and not isinstance(transform_doc, Mapping):
        raise DocumentError(
            f"A transform must be an object, got {shown(transform_doc)}.",
            problems=[Problem("not_an_object", "Not an object.")],
        )
    doc: Mapping[str, Any] = transform_doc or {}
    if doc.get("type") == "script":
        parts = Parts(())
        parts.problem("script", "A script transform runs on the platform only.", "type")
        return CompiledTransform(_unchanged, (), ()), parts
    if unread := unread_step(doc):
        parts = Parts(())
        parts.problem("invalid_field", unread, "type")
        return CompiledTransform(_unchanged, (), ()), parts
    expression = doc.get("expression")
    if not isinstance(expression, Mapping):
        expression = doc
    second = expression.get("rulesTwoDotZero")
    if not isinstance(second, Mapping) and expression.get("mappings"):
        second = expression
    if isinstance(second, Mapping) and str(expression.get("version", doc.get("version", "2"))) != "1":
        return _second(second)
    return _first(expression.get("rules"))


def _unchanged(records: Sequence[Any], run: Run) -> list[Any]:
    return list(records)


# --- 2.0 ------------------------------------------------------------------------------------------------------------


def _second(doc: Mapping[str, Any]) -> tuple[CompiledTransform, Parts]:
    lookups = doc.get("lookups")
    lookups = [lookup for lookup in lookups if isinstance(lookup, dict)] if isinstance(lookups, list) else []
    parts = Parts(lookups)
    mode = doc.get("mode", "create")
    if mode not in ("create", "modify"):
        parts.problem("bad_mode", f"mode is {shown(mode)}; known are create, modify.", f"{_V2}.mode")
    mappings = doc.get("mappings") or []
    if not isinstance(mappings, list):
        parts.problem("not_a_list", f"mappings must be a list, got {shown(mappings)}.", f"{_V2}.mappings")
        mappings = []
    tree = compile_tree(mappings, parts, f"{_V2}.mappings")
    mapping = CompiledMapping(2 if tree else 0, tree, lookups)

    def evaluate(records: Sequence[Any], run: Run) -> list[Any]:
        mapped = mapping.evaluate(
            records, context=run.surroundings, resolve_lookup=run.resolve_lookup, now=run.now, watch=run.watch
        )
        if mode == "create" or not tree or mapping.makes_rows:
            return mapped
        return [_modified(record, new) for record, new in zip(records, mapped, strict=True)]

    return CompiledTransform(evaluate, tree, lookups), parts


def _modified(record: object, new: Any) -> object:
    if isinstance(new, MappingError) or not isinstance(record, dict):
        return new
    return {**record, **new}


# --- 1.0 ------------------------------------------------------------------------------------------------------------


def _first(rules: object) -> tuple[CompiledTransform, Parts]:
    parts = Parts(())
    if rules is not None and not isinstance(rules, list):
        parts.problem("not_a_list", f"rules must be a list, got {shown(rules)}.", _V1)
    groups = rules if isinstance(rules, list) else []
    if groups and all(isinstance(group, Mapping) for group in groups):
        groups = [groups]
    if len(groups) > 1:
        parts.problem("several_groups", f"rules holds one group, got {len(groups)}.", _V1)
    entries = groups[0] if groups else []
    compiled: dict[int | Keys, Rule] = {}
    lists: dict[Keys, ListRule] = {}
    if not isinstance(entries, list):
        parts.problem("not_a_list", f"A group of rules must be a list, got {shown(entries)}.", f"{_V1}[0]")
        entries = []
    makes_arrays = [isinstance(entry, Mapping) and _EVERY in str(entry.get("generate")) for entry in entries]
    rows_stay = not any(makes_arrays)
    for place, entry in enumerate(entries):
        path = f"{_V1}[0][{place}]"
        lines, rule = _first_rule(entry, parts, path) or (None, None)
        if rule is None:
            continue
        if lines is None:
            compiled[place] = rule if rows_stay or makes_arrays[place] else _of_first_row(rule)
        else:
            add_lines(lists, lines, path, [rule])
            compiled[lines] = lists[lines]
    tree = tuple(compiled.values())
    if not entries:
        return CompiledTransform(_unchanged, (), ()), parts
    return CompiledTransform(lambda records, run: _transformed(tree, rows_stay, records, run), tree, ()), parts


def _of_first_row(rule: ValueRule) -> ValueRule:
    """Let a rule beside arrays read the first row: the rows of a grouped record become one object there."""
    if isinstance(rule.source, PathSource) and _reads_rows(rule.source):
        return replace(rule, source=replace(rule.source, first_only=True))
    return rule


def _reads_rows(source: PathSource) -> bool:
    return source.path.steps[:1] == (WILDCARD,)


def _first_rule(entry: object, parts: Parts, path: str) -> tuple[Keys | None, ValueRule] | None:
    """Compile one rule; with the keys of its list where ``generate`` has lines."""
    if not isinstance(entry, Mapping):
        parts.problem("not_an_object", f"A rule must be an object, got {shown(entry)}.", path)
        return None
    generate, extract = parts.text(entry, "generate", path), parts.text(entry, "extract", path)
    if generate is None or extract is None:
        missing = "generate" if generate is None else "extract"
        parts.problem(f"missing_{missing}", f"{missing} is missing.", f"{path}.{missing}")
        return None
    if "{{" in extract:
        message = "A rule of transform 1.0 reads a path or literal text, not a template; use rulesTwoDotZero."
        parts.problem("template", message, f"{path}.extract")
        return None
    literal = literal_text(extract)
    source: Source | None = None
    if literal is not None:
        source = TextSource(literal)
    else:
        if extract.startswith("/"):
            # Parsed XML: /a/b is a.b.
            extract = extract.lstrip("/").replace("/", ".")
        parsed = parts.path(extract, f"{path}.extract")
        source = None if parsed is None else PathSource(parsed)
    return None if source is None else _placed(generate.removeprefix("*."), source, parts, path)


def _placed(generate: str, source: Source, parts: Parts, path: str) -> tuple[Keys | None, ValueRule] | None:
    """Give a source its place: a value, an array of all matches (``tags[*]``), or a member of the lines of a list."""
    above, has_lines, name = generate.rpartition(f"{_EVERY}.")
    if name.endswith(_EVERY):
        name, source = collected(name, source)
    keys = parts.keys(name, path)
    lines = parts.keys(above.replace(_EVERY, ""), path) if has_lines else None
    if keys is None or (has_lines and lines is None):
        return None
    return lines, ValueRule(path, generate.removesuffix(_EVERY), keys, source, dialect=1)


def _transformed(tree: tuple[Rule, ...], rows_stay: bool, records: Sequence[Any], run: Run) -> list[Any]:
    """Transform plain records together, and the rows that stay rows of each grouped record together."""
    apart = {place for place, record in enumerate(records) if rows_stay and isinstance(record, list)}
    together = [place for place in range(len(records)) if place not in apart]
    scope = Scope([records[place] for place in together], lambda record: envelope_root(record, run.surroundings))
    transformed: list[Any] = list(records)
    for place, result in zip(together, object_rows(tree, scope, run), strict=True):
        transformed[place] = result
    for place in apart:
        transformed[place] = _grouped(tree, records[place], run)
    return transformed


def _grouped(tree: tuple[Rule, ...], rows: list[Any], run: Run) -> list[dict[str, Any]]:
    """Transform the rows of a grouped record: ``*.x`` reads each row, another path the first one, for every row."""
    columns: list[list[Any]] = []
    for rule in tree:
        source = rule.source
        if isinstance(source, PathSource) and _reads_rows(source):
            rest = Path(source.path.text, source.path.steps[1:], True)
            columns.append([rest.read(row, UNDEFINED) for row in rows])
        else:
            columns.append(rule_column(rule, Scope([rows], dict), run) * len(rows))
    return Layout([rule.keys for rule in tree]).build(columns, len(rows))
