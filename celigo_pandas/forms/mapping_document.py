"""The rules of an import document as rows, and edits that give a new document.

A rule is named by its path in the document, as the mapping package names it: ``mapping.lists[0].fields[1]``,
``mappings[2].buildArrayHelper[0].mappings[1]``. Nothing here changes the document it is given.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from celigo_pandas.documents.dotted import find_at, find_member, indexed, put_member
from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.errors import DocumentError
from celigo_pandas.paths import is_rooted

__all__ = [
    "HOWS",
    "RuleRow",
    "add_rule",
    "duplicate_rule",
    "move_rule",
    "remove_rule",
    "rule_rows",
    "set_how",
    "set_member",
    "set_source",
]

How = Literal["field", "template", "fixed", "lookup"]
RuleKind = Literal["value", "object", "array", "helper", "list"]
HOWS: tuple[How, ...] = ("field", "template", "fixed", "lookup")

_CHILDREN = {"list": "fields", "object": "mappings", "array": "buildArrayHelper", "helper": "mappings"}
_ONE_PATH = re.compile(r"\{\{\{?\s*(?:record\.)?([^{}\s()\"']+)\s*\}?\}\}\Z")
_OBJECT_TYPES = ("objectarray", "arrayarray")


@dataclass(frozen=True)
class RuleRow:
    """One rule as the editor shows it; ``entry`` is the document's own member, not to be changed."""

    path: str
    depth: int
    kind: RuleKind
    dialect: int
    entry: Mapping[str, Any]

    @property
    def generate(self) -> str:
        """The destination."""
        return str(self.entry.get("generate") or "")

    @property
    def how(self) -> How:
        """Where the value comes from."""
        entry = self.entry
        if entry.get("lookupName"):
            return "lookup"
        if "hardCodedValue" in entry:
            return "fixed"
        extract = entry.get("extract")
        if not isinstance(extract, str) or not extract:
            return "field"
        if "{{" in extract:
            return "template"
        return "fixed" if self.dialect == 2 and not is_rooted(extract) else "field"

    @property
    def source(self) -> str:
        """The text of the source: a path, a template, or the fixed value."""
        if "hardCodedValue" in self.entry:
            value = self.entry["hardCodedValue"]
            return "" if value is None else str(value)
        return str(self.entry.get("extract") or "")

    @property
    def data_type(self) -> str:
        """``dataType``, or empty text."""
        return str(self.entry.get("dataType") or "")

    @property
    def condition(self) -> str:
        """``conditional.when``, or empty text."""
        conditional = self.entry.get("conditional")
        return str(conditional.get("when") or "") if isinstance(conditional, Mapping) else ""

    @property
    def takes_children(self) -> bool:
        """Whether rules can be added below."""
        return self.kind != "value"


def rule_rows(doc: Mapping[str, Any]) -> list[RuleRow]:
    """List the rules of a document, parents before their children."""
    found = MappingDocument.of(doc)
    if found.dialect_to_edit == 2:
        return list(_tree_rows(found.tree, "mappings", 0))
    return list(_field_rows(found.fields, found.fields_path))


def _field_rows(mapping: Mapping[str, Any], base: str) -> Iterator[RuleRow]:
    for place, entry in _entries(mapping.get("fields")):
        yield RuleRow(f"{base}.fields[{place}]", 0, "value", 1, entry)
    for place, entry in _entries(mapping.get("lists")):
        path = f"{base}.lists[{place}]"
        yield RuleRow(path, 0, "list", 1, entry)
        for line, inner in _entries(entry.get("fields")):
            yield RuleRow(f"{path}.fields[{line}]", 1, "value", 1, inner)


def _tree_rows(entries: object, base: str, depth: int) -> Iterator[RuleRow]:
    for place, entry in _entries(entries):
        path = f"{base}[{place}]"
        data_type = entry.get("dataType")
        if data_type == "object" or (not data_type and entry.get("mappings")):
            yield RuleRow(path, depth, "object", 2, entry)
            yield from _tree_rows(entry.get("mappings"), f"{path}.mappings", depth + 1)
        elif isinstance(entry.get("buildArrayHelper"), list) or data_type in _OBJECT_TYPES:
            yield RuleRow(path, depth, "array", 2, entry)
            for line, helper in _entries(entry.get("buildArrayHelper")):
                inside = f"{path}.buildArrayHelper[{line}]"
                yield RuleRow(inside, depth + 1, "helper", 2, helper)
                yield from _tree_rows(helper.get("mappings"), f"{inside}.mappings", depth + 2)
        else:
            yield RuleRow(path, depth, "value", 2, entry)


def _entries(entries: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if isinstance(entries, list):
        for place, entry in enumerate(entries):
            if isinstance(entry, Mapping):
                yield place, entry


# Edits


def set_member(doc: Mapping[str, Any], path: str, name: str, value: object, *, remove: bool = False) -> dict[str, Any]:
    """Return a document whose rule at `path` has another member; with `remove` it lacks it."""

    def change(entry: dict[str, Any]) -> None:
        if remove:
            entry.pop(name, None)
        else:
            entry[name] = value

    return _changed(doc, path, change)


def set_how(doc: Mapping[str, Any], path: str, how: str, lookup: str = "") -> dict[str, Any]:
    """Return a document whose rule takes its value another way, keeping what of the source still makes sense."""
    row = _row(doc, path)
    if how not in HOWS or row.kind not in ("value", "helper"):
        raise DocumentError(f"A {row.kind} cannot be made a {how!r}; expected one of {', '.join(HOWS)}.")
    old = row.source

    def change(entry: dict[str, Any]) -> None:
        if how != "lookup":
            entry.pop("lookupName", None)
        if how == "fixed":
            _set_fixed(entry, _plain(old) or old, row.dialect)
            return
        entry.pop("hardCodedValue", None)
        if how == "lookup":
            entry["lookupName"] = lookup
            entry["extract"] = _as_path(old, row.dialect) if row.how == "fixed" else old
        elif how == "template":
            entry["extract"] = _as_template(old, row.dialect)
        else:
            entry["extract"] = _as_path(old, row.dialect)

    return _changed(doc, path, change)


def set_source(doc: Mapping[str, Any], path: str, text: str) -> dict[str, Any]:
    """Return a document whose rule reads another source; what kind it is stays, except that ``{{`` makes a template."""
    row = _row(doc, path)

    def change(entry: dict[str, Any]) -> None:
        if row.how == "fixed" and "{{" not in text:
            _set_fixed(entry, text, row.dialect)
            return
        entry.pop("hardCodedValue", None)
        entry["extract"] = text

    return _changed(doc, path, change)


def _set_fixed(entry: dict[str, Any], text: str, dialect: int) -> None:
    # Mapper 2.0's published schema keeps a literal in extract; one that would be read as a path or a template, or
    # that is empty, goes where it cannot be misread.
    if dialect == 2 and text and "{{" not in text and not is_rooted(text):
        entry.pop("hardCodedValue", None)
        entry["extract"] = text
    else:
        entry.pop("extract", None)
        entry["hardCodedValue"] = text


def _plain(source: str) -> str | None:
    """Return the dotted path that a source reads, if it is a path or a template of one path."""
    match = _ONE_PATH.match(source)
    if match:
        return match.group(1)
    if "{{" in source:
        return None
    return source.removeprefix("$").removeprefix(".")


def _as_path(source: str, dialect: int) -> str:
    plain = _plain(source) or ""
    if dialect == 1:
        return plain
    return f"$.{plain}" if plain and not plain.startswith("[") else f"${plain}" if plain else "$."


def _as_template(source: str, dialect: int) -> str:
    if "{{" in source:
        return source
    plain = _plain(source) or ""
    return "{{" + (f"record.{plain}" if dialect == 2 else plain) + "}}"


def add_rule(doc: Mapping[str, Any], parent: str | None, kind: str = "value") -> tuple[dict[str, Any], str]:
    """Add an empty rule at the end of the document, or of the rule `parent`.

    Returns
    -------
    dict
        The new document.
    str
        Path of the new rule.
    """
    found = MappingDocument.of(doc)
    dialect = found.dialect_to_edit
    if parent is None:
        of_fields = f"{found.fields_path}.{'lists' if kind in ('list', 'array') else 'fields'}"
        home = "mappings" if dialect == 2 else of_fields
        owner = None
    else:
        owner = _row(doc, parent)
        if not owner.takes_children:
            raise DocumentError(f"The rule at {parent} has no rules below it.")
        home = f"{parent}.{_CHILDREN[owner.kind]}"
    entry = _new_entry(dialect, "helper" if owner is not None and owner.kind == "array" else kind)
    result = copy.deepcopy(dict(doc))
    entries = _list_at(result, home)
    entries.append(entry)
    return result, f"{home}[{len(entries) - 1}]"


def _new_entry(dialect: int, kind: str) -> dict[str, Any]:
    if dialect == 1:
        return {"generate": "", "fields": []} if kind in ("list", "array") else {"generate": "", "extract": ""}
    if kind == "helper":
        return {"extract": "$.", "mappings": []}
    if kind == "object":
        return {"generate": "", "dataType": "object", "status": "Active", "mappings": []}
    if kind in ("array", "list"):
        helper = {"extract": "$.", "mappings": []}
        return {"generate": "", "dataType": "objectarray", "status": "Active", "buildArrayHelper": [helper]}
    return {"generate": "", "dataType": "string", "extract": "$.", "status": "Active"}


def remove_rule(doc: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return a document without a rule and what is below it."""
    result, entries, place = _opened(doc, path)
    del entries[place]
    return result


def duplicate_rule(doc: Mapping[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Return a document with a copy of a rule right after it, its destination told apart, and the copy's path."""
    result, entries, place = _opened(doc, path)
    twin = copy.deepcopy(entries[place])
    if twin.get("generate"):
        taken = {entry.get("generate") for entry in entries if isinstance(entry, Mapping)}
        number = 2
        while f"{twin['generate']}_{number}" in taken:
            number += 1
        twin["generate"] = f"{twin['generate']}_{number}"
    entries.insert(place + 1, twin)
    return result, f"{path[: path.rindex('[')]}[{place + 1}]"


def move_rule(doc: Mapping[str, Any], path: str, by: int) -> tuple[dict[str, Any], str]:
    """Return a document whose rule stands `by` places later among its neighbours, and its new path."""
    result, entries, place = _opened(doc, path)
    target = max(0, min(len(entries) - 1, place + by))
    entries.insert(target, entries.pop(place))
    return result, f"{path[: path.rindex('[')]}[{target}]"


# Places


def _row(doc: Mapping[str, Any], path: str) -> RuleRow:
    for row in rule_rows(doc):
        if row.path == path:
            return row
    raise DocumentError(f"There is no rule at {path!r}.")


def _changed(doc: Mapping[str, Any], path: str, change: Any) -> dict[str, Any]:
    result, entries, place = _opened(doc, path)
    change(entries[place])
    return result


def _opened(doc: Mapping[str, Any], path: str) -> tuple[dict[str, Any], list[Any], int]:
    """Copy a document and return the list that holds a rule, with the rule's place in it."""
    _row(doc, path)
    result = copy.deepcopy(dict(doc))
    home = path[: path.rindex("[")]
    return result, find_at(result, indexed(home)), int(path[path.rindex("[") + 1 : -1])


def _list_at(doc: dict[str, Any], path: str) -> list[Any]:
    """Return the list at a path of a document that may be changed, made where it is missing."""
    dotted = ".".join(indexed(path))
    if not isinstance(find_member(doc, dotted), list):
        put_member(doc, dotted, [])
    entries: list[Any] = find_member(doc, dotted)
    return entries
