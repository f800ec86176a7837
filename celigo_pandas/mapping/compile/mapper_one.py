"""Mapper 1.0, ``{"fields": [...], "lists": [...]}``, to rules.

Facts: integrator-api.md, section 7.1 "Kinds of mapping", "extract syntax", "Lists".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from celigo_pandas.errors import shown
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.compile.rule_parts import DEEPEST, Parts
from celigo_pandas.mapping.rules.rule_tree import (
    Keys,
    ListRule,
    NoSource,
    PathSource,
    Rule,
    Source,
    TextSource,
    ValueRule,
    spelled,
)
from celigo_pandas.mapping.steps.conversions import CASTS, RefusedType, listed
from celigo_pandas.paths import WILDCARD, Path, cell_text, literal_text

__all__ = ["add_lines", "collected", "compile_fields"]

_EVERY: Final = "[*]"
_SPLIT: Final = "[*]."
_NAMES_LIST: Final = ".generate"
"""The place of a list that has no entry of its own: where the first of its fields names it."""
_MOST_SUB_RECORDS: Final = 10


def compile_fields(
    mapping: Mapping[str, Any], parts: Parts, base: str = "mapping", source: Path | None = None
) -> tuple[Rule, ...]:
    """Compile fields and lists; problems go to `parts`. With a `source`, the extracts of fields are relative to it."""
    rules: list[Rule] = []
    lists: dict[Keys, ListRule] = {}
    for path, entry in _entries(mapping, "fields", parts, base):
        generate = _generate(entry, parts, path)
        if generate is None:
            continue
        if _SPLIT in generate:
            # A destination like items[*].sku belongs to the list "items": the editor writes it so, people do not.
            list_name, _, field_name = generate.rpartition(_SPLIT)
            list_name = list_name.replace(_SPLIT, ".")
            keys = parts.keys(list_name, path)
            if keys is not None:
                cell = f"{list_name}[*].{field_name}"
                add_lines(lists, keys, f"{path}{_NAMES_LIST}", *_line_rules(entry, field_name, parts, path, cell=cell))
            continue
        if entry.get("subRecordMapping"):
            rules += _sub_record(entry["subRecordMapping"], generate, parts, f"{path}.subRecordMapping")
            continue
        rule = _field(entry, generate, parts, path, cell=generate, in_list=False, source_array=source)
        if rule is not None:
            rules.append(rule)
    for path, entry in _entries(mapping, "lists", parts, base):
        _compile_list(entry, parts, path, lists)
    rules.extend(lists.values())
    if () in lists and len(rules) > 1:
        message = "A list without a name makes the record a list of rows; nothing can stand beside it: move it inside."
        parts.problem("rows_beside_fields", message, f"{lists[()].path}{_NAMES_LIST}")
    _refuse_duplicates(rules, parts)
    return tuple(rules)


def _sub_record(sub: Any, generate: str, parts: Parts, path: str) -> list[Rule]:
    """Compile the mapping of a NetSuite sub-record: its fields, inside the object that the field generates.

    Assumed: only the property's members are published; ``jsonPath`` is read as in a list, of its first element. Inside
    a list ``$`` is the record with the element of the line in its array's place.
    """
    mapping = sub.get("mapping") if isinstance(sub, Mapping) else None
    if not isinstance(mapping, Mapping):
        parts.problem("not_an_object", f"A sub-record needs a mapping, got {shown(sub)}.", path)
        return []
    if path.count(".subRecordMapping") > _MOST_SUB_RECORDS:
        parts.problem("too_deep", f"Sub-records are nested more than {_MOST_SUB_RECORDS} deep.", path)
        return []
    lookups = sub.get("lookups")
    for lookup in lookups if isinstance(lookups, list) else ():
        if isinstance(lookup, dict) and isinstance(lookup.get("name"), str):
            parts.lookup_docs.setdefault(lookup["name"], lookup)
    source_text = parts.text(sub, "jsonPath", path)
    source = parts.path(source_text, f"{path}.jsonPath") if source_text not in (None, "$") else None
    keys = parts.keys(generate, path.removesuffix(".subRecordMapping"))
    rules = compile_fields(mapping, parts, f"{path}.mapping", source)
    if keys is None:
        return []
    if any(len(keys) + len(rule.keys) > DEEPEST for rule in rules):
        parts.problem("too_deep", f"The sub-record nests more than {DEEPEST} deep.", path)
        return []
    return [replace(_inside(f"{cell_text(keys)}.", rule), keys=(*keys, *rule.keys)) for rule in rules]


def _inside(outer: str, rule: Rule) -> Rule:
    """Put the cell of a rule, and those of the rules of a list, inside another cell."""
    cell = f"{outer}{rule.cell}"
    if not isinstance(rule, ListRule):
        return replace(rule, cell=cell)
    fields = tuple(replace(field, cell=f"{outer}{field.cell}") for field in rule.fields)
    return replace(rule, cell=cell, fields=fields, children=tuple(_inside(outer, child) for child in rule.children))


def _entries(mapping: Mapping[str, Any], name: str, parts: Parts, base: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the entries that can be entries, each with its path."""
    entries = mapping.get(name)
    if entries is None:
        return []
    if not isinstance(entries, list):
        parts.problem("not_a_list", f"{name} must be a list, got {shown(entries)}.", f"{base}.{name}")
        return []
    found = []
    for place, entry in enumerate(entries):
        path = f"{base}.{name}[{place}]"
        if isinstance(entry, Mapping):
            found.append((path, entry))
        else:
            parts.problem("not_an_object", f"An entry must be an object, got {shown(entry)}.", path)
    return found


def _generate(entry: Mapping[str, Any], parts: Parts, path: str) -> str | None:
    generate = entry.get("generate")
    if isinstance(generate, str) and generate:
        return generate
    parts.problem("missing_generate", "generate is missing: where should the value go?", f"{path}.generate")
    return None


def _compile_list(entry: Mapping[str, Any], parts: Parts, path: str, lists: dict[Keys, ListRule]) -> None:
    # A list whose name is empty text is no member of the record: its lines are what the record becomes.
    generate = "" if entry.get("generate") == "" else _generate(entry, parts, path)
    if generate is None:
        return
    keys = parts.keys(generate, path) if generate else ()
    if keys is None:
        return
    source_text = parts.text(entry, "jsonPath", path)
    source = parts.path(source_text, f"{path}.jsonPath") if source_text else None
    for field_path, field_entry in _entries(entry, "fields", parts, path):
        name = _generate(field_entry, parts, field_path)
        if name is None:
            continue
        cell = f"{generate}[*].{name}"
        add_lines(lists, keys, path, *_line_rules(field_entry, name, parts, field_path, cell=cell, source_array=source))


def _line_rules(
    entry: Mapping[str, Any], generate: str, parts: Parts, path: str, *, cell: str, source_array: Path | None = None
) -> tuple[list[ValueRule], list[Rule]]:
    """Compile a field of a list: to a rule of the list, or to the rules of a sub-record."""
    if entry.get("subRecordMapping"):
        outer = cell.removesuffix(generate)
        rules = _sub_record(entry["subRecordMapping"], generate, parts, f"{path}.subRecordMapping")
        return [], [_inside(outer, rule) for rule in rules]
    rule = _field(entry, generate, parts, path, cell=cell, in_list=True, source_array=source_array)
    return [] if rule is None else [rule], []


def add_lines(
    lists: dict[Keys, ListRule], keys: Keys, path: str, fields: Sequence[ValueRule], children: Sequence[Rule] = ()
) -> None:
    """Add rules to the list with these keys, which begins with the first of them."""
    known = lists.get(keys) or ListRule(path, f"{cell_text(keys)}[*]", keys, ())
    own = path if known.path.endswith(_NAMES_LIST) and not path.endswith(_NAMES_LIST) else known.path
    lists[keys] = replace(known, path=own, fields=(*known.fields, *fields), children=(*known.children, *children))


def _field(
    entry: Mapping[str, Any],
    generate: str,
    parts: Parts,
    path: str,
    *,
    cell: str,
    in_list: bool,
    source_array: Path | None = None,
) -> ValueRule | None:
    data_type = parts.text(entry, "dataType", path)
    if data_type is not None and data_type not in CASTS:
        known = ", ".join(sorted(CASTS))
        parts.problem("bad_data_type", f"dataType is {data_type!r}; known are {known}.", f"{path}.dataType")
        return None
    source = _source(entry, parts, path, data_type, in_list=in_list, source_array=source_array)
    if source is None:
        return None
    if generate.endswith(_EVERY):
        generate, source = collected(generate, source)
    keys = parts.keys(generate, path)
    if keys is None:
        return None
    date = parts.date(entry, path)
    return ValueRule(
        path,
        cell.removesuffix(_EVERY).replace("\\", "\\\\"),
        keys,
        source,
        dialect=1,
        data_type=None if date is not None and data_type == "string" else data_type,
        default=_default(entry, parts, path, data_type),
        skip_empty=parts.skips_empty(entry, path) or parts.flag(entry, "discardIfEmpty", path),
        lookup=parts.lookup(entry, path),
        date=date,
    )


def collected(generate: str, source: Source) -> tuple[str, Source]:
    """Turn ``tags[*]`` into the array of all that its path matches, or of the one text that it is."""
    name = generate.removesuffix(_EVERY)
    if not isinstance(source, PathSource):
        return f"{name}[0]", source
    path = source.path
    if not path.has_wildcard:
        path = Path(f"{path.text}{_EVERY}", (*path.steps, WILDCARD), path.rooted)
    return name, PathSource(path)


def _default(entry: Mapping[str, Any], parts: Parts, path: str, data_type: str | None) -> object:
    """Read a default, which is written as it is; that of an array is its elements."""
    default = listed(parts.default(entry, path), data_type)
    if not isinstance(default, list):
        return default
    try:
        return CASTS[str(data_type)](default)
    except RefusedType:
        message = f"default is {shown(entry['default'])}, which are no values for {data_type!r}."
        parts.problem("bad_default", message, f"{path}.default")
        return UNDEFINED


def _source(
    entry: Mapping[str, Any],
    parts: Parts,
    path: str,
    data_type: str | None,
    *,
    in_list: bool,
    source_array: Path | None,
) -> Source | None:
    """Decide the kind of a mapping: lookup, hard-coded, template, standard, in this order."""
    has_lookup = bool(entry.get("lookupName"))
    if not has_lookup and "hardCodedValue" in entry:
        value = entry["hardCodedValue"]
        if isinstance(value, (dict, list)):
            message = f"hardCodedValue must be text or null, got {shown(value)}."
            parts.problem("bad_hard_coded_value", message, f"{path}.hardCodedValue")
            return None
        return TextSource(listed(value, data_type))
    extract = parts.text(entry, "extract", path)
    if extract is None:
        if has_lookup and _is_dynamic(parts.lookup_docs.get(str(entry["lookupName"]))):
            return NoSource()
        if not has_lookup:
            message = "extract is missing and nothing is hard-coded: the field is left out."
            parts.remark("missing_extract", message, f"{path}.extract")
            return NoSource()
        ignored = "; its hardCodedValue is not read" if "hardCodedValue" in entry else ""
        message = f"extract is missing: lookup {entry['lookupName']!r} has nothing to translate{ignored}."
        parts.problem("missing_extract", message, f"{path}.extract")
        return None
    if "{{" in extract:
        return parts.template(extract, f"{path}.extract")
    literal = literal_text(extract)
    if literal is not None:
        return TextSource(literal)
    parsed = parts.path(extract, f"{path}.extract")
    if parsed is None:
        return None
    if source_array is not None and not parsed.has_wildcard:
        parsed = _within(source_array, parsed)
    elif in_list:
        parsed = _by_row(entry, parsed, parts, path)
    return PathSource(parsed, first_only=not in_list)


def _by_row(entry: Mapping[str, Any], path: Path, parts: Parts, place: str) -> Path:
    """Read each row of a grouped record, or the first one, where a field of a list says so by a member of its own."""
    if parts.flag(entry, "useFirstRow", place):
        steps = path.steps[1:] if path.steps[:1] == (WILDCARD,) else path.steps
        return path if steps == path.steps else Path(path.text.removeprefix("*."), steps, path.rooted)
    if parts.flag(entry, "useIterativeRow", place) and not path.has_wildcard:
        return Path(f"*.{path.text}", (WILDCARD, *path.steps), path.rooted)
    return path


def _within(array: Path, inner: Path) -> Path:
    """Join the source array of a list and a path relative to one of its elements."""
    steps = array.steps if array.steps[-1:] == (WILDCARD,) else (*array.steps, WILDCARD)
    return Path(f"{array.text.removesuffix('[*]')}[*].{inner.text}", (*steps, *inner.steps), array.rooted)


def _is_dynamic(lookup: Mapping[str, Any] | None) -> bool:
    return lookup is not None and "map" not in lookup


def _refuse_duplicates(rules: list[Rule], parts: Parts) -> None:
    seen: dict[tuple[Keys, ...], str] = {}
    for rule in rules:
        places: list[tuple[tuple[Keys, ...], str]] = [((rule.keys,), rule.path)]
        if isinstance(rule, ListRule):
            places += [((rule.keys, inner.keys), inner.path) for inner in (*rule.fields, *rule.children)]
        for place, path in places:
            if place in seen:
                name = _SPLIT.join(map(spelled, place))
                message = f"{name!r} is generated twice: here and at {seen[place]}."
                parts.problem("duplicate_generate", message, f"{path.removesuffix(_NAMES_LIST)}{_NAMES_LIST}")
            seen.setdefault(place, path)
    for place, path in seen.items():
        for length in range(1, len(place[-1])):
            above = (*place[:-1], place[-1][:length])
            if above in seen:
                name = _SPLIT.join(map(spelled, place))
                message = f"{name!r} lies inside what {seen[above]} generates; only the later of the two is kept."
                parts.remark("overlapping_generate", message, f"{path.removesuffix(_NAMES_LIST)}{_NAMES_LIST}")
