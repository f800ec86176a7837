"""Mapper 2.0, the recursive list ``mappings``, to rules.

Facts: integrator-api.md, section 7.2 "extract kinds", "Object", "buildArrayHelper".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.errors import shown
from celigo_pandas.mapping.compile.rule_parts import DATE_NAMES, DEEPEST, TREE_CONDITIONS, Parts
from celigo_pandas.mapping.rules.rule_tree import (
    ArrayRule,
    Helper,
    NoSource,
    ObjectRule,
    PathSource,
    Rule,
    Source,
    TextSource,
    ValueRule,
)
from celigo_pandas.mapping.steps.conversions import ARRAY_ELEMENTS, CONVERTERS, listed
from celigo_pandas.paths import escape_key, is_rooted

__all__ = ["compile_tree"]


def compile_tree(mappings: Sequence[Any], parts: Parts, base: str = "mappings") -> tuple[Rule, ...]:
    """Compile a list of entries; problems go to `parts`.

    A single entry without ``generate`` and of type ``objectarray`` makes the output a list of rows; its rule has no
    keys.
    """
    active = [(place, entry) for place, entry in enumerate(mappings) if not _is_draft(entry)]
    if len(active) == 1 and isinstance(active[0][1], Mapping) and _is_rows(active[0][1]):
        _remark_drafts(mappings, parts, base)
        rule = _entry(active[0][1], parts, f"{base}[{active[0][0]}]", "", named=False, depth=0)
        return () if rule is None else (rule,)
    return _entries(mappings, parts, base, "", depth=0)


def _is_draft(entry: object) -> bool:
    """Whether an entry is unfinished: the platform stores and skips it."""
    return isinstance(entry, Mapping) and entry.get("status") == "Draft"


def _remark_drafts(mappings: Sequence[Any], parts: Parts, base: str) -> None:
    for place, entry in enumerate(mappings):
        if _is_draft(entry):
            parts.remark("draft", "A draft is skipped; complete it and set status to 'Active'.", f"{base}[{place}]")


def _is_rows(entry: Mapping[str, Any]) -> bool:
    return entry.get("generate") in (None, "") and entry.get("dataType") == "objectarray"


def _entries(
    mappings: object, parts: Parts, base: str, outer: str, *, depth: int, named: bool = True
) -> tuple[Rule, ...]:
    if not isinstance(mappings, Sequence) or isinstance(mappings, str):
        parts.problem("not_a_list", f"mappings must be a list, got {shown(mappings)}.", base)
        return ()
    if depth > DEEPEST:
        parts.problem("too_deep", f"Entries are nested more than {DEEPEST} deep.", base)
        return ()
    rules: list[Rule] = []
    seen: dict[str, str] = {}
    _remark_drafts(mappings, parts, base)
    for place, entry in enumerate(mappings):
        path = f"{base}[{place}]"
        if _is_draft(entry):
            continue
        if not isinstance(entry, Mapping):
            parts.problem("not_an_object", f"An entry must be an object, got {shown(entry)}.", path)
            continue
        rule = _entry(entry, parts, path, outer, named=named, depth=depth)
        if named and isinstance(name := entry.get("generate"), str) and name:
            if name in seen:
                message = f"{name!r} is generated twice: here and at {seen[name]}."
                parts.problem("duplicate_generate", message, f"{path}.generate")
            seen.setdefault(name, path)
        if rule is not None:
            rules.append(rule)
    return tuple(rules)


def _entry(entry: Mapping[str, Any], parts: Parts, path: str, outer: str, *, named: bool, depth: int) -> Rule | None:
    generate = entry.get("generate")
    if named and (not isinstance(generate, str) or not generate):
        parts.problem("missing_generate", "generate is missing: where should the value go?", f"{path}.generate")
        return None
    if entry.get("status") != "Active":
        parts.remark("missing_status", f"status must be 'Active', got {shown(entry.get('status'))}.", f"{path}.status")
    data_type = entry.get("dataType")
    if not isinstance(data_type, str) or data_type not in CONVERTERS:
        known = ", ".join(CONVERTERS)
        parts.problem(
            "bad_data_type", f"dataType is {shown(data_type)}; it must be one of {known}.", f"{path}.dataType"
        )
        return None
    keys = (generate,) if named and isinstance(generate, str) else ()
    cell = f"{outer}{escape_key(keys[0])}" if keys else outer.removesuffix(".")
    children, helpers = entry.get("mappings"), entry.get("buildArrayHelper")
    if helpers and data_type not in ARRAY_ELEMENTS:
        message = f"buildArrayHelper belongs to an array, not to {data_type!r}."
        parts.problem("misplaced_helper", message, f"{path}.buildArrayHelper")
        return None
    if data_type == "object" and children:
        return _object(entry, parts, path, keys, cell, depth=depth)
    if data_type in ARRAY_ELEMENTS and helpers:
        return _array(entry, parts, path, keys, cell, data_type, depth=depth)
    if children and data_type != "object":
        message = f"mappings belong to an object or to a helper of an array, not to {data_type!r}."
        parts.problem("misplaced_mappings", message, f"{path}.mappings")
        return None
    if data_type in ARRAY_ELEMENTS and "extract" not in entry and "hardCodedValue" not in entry:
        parts.remark("missing_helper", f"{data_type!r} has neither buildArrayHelper nor extract.", path)
    return _value(entry, parts, path, keys, cell, data_type)


def _refuse_steps(entry: Mapping[str, Any], parts: Parts, path: str, made_by: str) -> None:
    """Refuse what no value is put through: an object of `mappings` and an array of helpers have none of their own."""
    if parts.lookup(entry, path) is not None:
        message = f"lookupName is not read beside {made_by}; give it to the entries that extract the values."
        parts.problem("unsupported", message, f"{path}.lookupName")
    for names in DATE_NAMES:
        for name in names:
            if entry.get(name):
                message = f"{name} is not read beside {made_by}; give it to the entries that extract the values."
                parts.problem("unsupported", message, f"{path}.{name}")


def _value(
    entry: Mapping[str, Any], parts: Parts, path: str, keys: tuple[str, ...], cell: str, data_type: str
) -> ValueRule | None:
    source = _source(entry, parts, path, data_type)
    if source is None:
        return None
    return ValueRule(
        path,
        cell,
        keys,
        source,
        dialect=2,
        data_type=data_type,
        default=listed(parts.default(entry, path), data_type),
        skip_empty=parts.skips_empty(entry, path, TREE_CONDITIONS),
        lookup=parts.lookup(entry, path),
        date=parts.date(entry, path),
    )


def _source(entry: Mapping[str, Any], parts: Parts, path: str, data_type: str | None = None) -> Source | None:
    """Decide what an extract is: template, path from the root, or literal text; hard-coded has two spellings.

    With the type of an array, literal text is its elements.
    """
    if "hardCodedValue" in entry:
        value = entry["hardCodedValue"]
        if isinstance(value, (dict, list)):
            message = f"hardCodedValue must be text or null, got {shown(value)}."
            parts.problem("bad_hard_coded_value", message, f"{path}.hardCodedValue")
            return None
        return TextSource(listed(value, data_type))
    extract = parts.text(entry, "extract", path)
    if extract is None:
        return NoSource()
    if "{{" in extract:
        return parts.template(extract, f"{path}.extract", root="record.")
    if not is_rooted(extract):
        return TextSource(listed(extract, data_type))
    parsed = parts.path(extract, f"{path}.extract")
    return None if parsed is None else PathSource(parsed)


def _object(
    entry: Mapping[str, Any], parts: Parts, path: str, keys: tuple[str, ...], cell: str, *, depth: int
) -> ObjectRule | None:
    _refuse_steps(entry, parts, path, "mappings")
    source = _source(entry, parts, path)
    if source is None:
        return None
    inner = f"{cell}." if cell else ""
    return ObjectRule(
        path,
        cell,
        keys,
        _entries(entry["mappings"], parts, f"{path}.mappings", inner, depth=depth + 1),
        source=source,
        default=parts.default(entry, path),
        skip_empty=parts.skips_empty(entry, path, TREE_CONDITIONS),
    )


def _array(
    entry: Mapping[str, Any], parts: Parts, path: str, keys: tuple[str, ...], cell: str, data_type: str, *, depth: int
) -> ArrayRule:
    _refuse_steps(entry, parts, path, "buildArrayHelper")
    if "extract" in entry:
        parts.remark("unused_member", "extract is not read beside buildArrayHelper.", f"{path}.extract")
    helpers = entry["buildArrayHelper"]
    if isinstance(helpers, Mapping):
        helpers = [helpers]
    compiled: list[Helper] = []
    if not isinstance(helpers, list):
        parts.problem(
            "not_a_list", f"buildArrayHelper must be a list, got {shown(helpers)}.", f"{path}.buildArrayHelper"
        )
        helpers = []
    for place, helper in enumerate(helpers):
        helper_path = f"{path}.buildArrayHelper[{place}]"
        if not isinstance(helper, Mapping):
            parts.problem("not_an_object", f"A helper must be an object, got {shown(helper)}.", helper_path)
            continue
        made = _helper(helper, parts, helper_path, f"{cell}[*]", data_type, depth=depth)
        if made is not None:
            compiled.append(made)
    return ArrayRule(
        path,
        f"{cell}[*]",
        keys,
        data_type,
        tuple(compiled),
        default=listed(parts.default(entry, path), data_type),
        skip_empty=parts.skips_empty(entry, path, TREE_CONDITIONS),
    )


def _helper(
    helper: Mapping[str, Any], parts: Parts, path: str, cell: str, data_type: str, *, depth: int
) -> Helper | None:
    source = _source(helper, parts, path)
    if source is None:
        return None
    children: tuple[Rule, ...] | None = None
    if helper.get("mappings"):
        if data_type not in ("objectarray", "arrayarray"):
            message = f"A helper of {data_type!r} takes extract only."
            parts.problem("misplaced_mappings", message, f"{path}.mappings")
            return None
        named = data_type == "objectarray"
        outer = f"{cell}." if named else f"{cell}"
        children = _entries(helper["mappings"], parts, f"{path}.mappings", outer, depth=depth + 1, named=named)
    elif isinstance(source, NoSource) and "default" not in helper:
        parts.problem("empty_helper", "A helper needs extract, mappings, or both.", path)
        return None
    return Helper(
        path,
        source,
        children,
        default=parts.default(helper, path),
        skip_empty=parts.skips_empty(helper, path, TREE_CONDITIONS),
    )
