"""Edits of the rules of an import document: each gives a new document, and leaves the one it is given alone.

Parts that an edit does not touch are shared by both documents. An edit that would have to write where something else
stands says so. A rule is named by its path in the document (:mod:`celigo_pandas.documents.rule_rows`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from celigo_pandas.documents.dotted import indexed
from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.documents.rule_rows import row_at
from celigo_pandas.errors import DocumentError, Problem, shown

__all__ = [
    "Document",
    "add_rule",
    "appended",
    "changed",
    "duplicate_rule",
    "move_rule",
    "remove_rule",
    "set_member",
    "set_members",
]

Document = dict[str, Any]

_CHILDREN = {"list": "fields", "object": "mappings", "array": "buildArrayHelper", "helper": "mappings"}


def set_members(doc: Mapping[str, Any], path: str, members: Mapping[str, Any]) -> Document:
    """Return a document whose rule has these members; one whose value is ``...`` it lacks."""

    def change(entry: Document) -> None:
        for name, value in members.items():
            if value is ...:
                entry.pop(name, None)
            else:
                entry[name] = copy.deepcopy(value)

    return changed(doc, path, change)


def set_member(doc: Mapping[str, Any], path: str, name: str, value: object, *, remove: bool = False) -> Document:
    """Return a document whose rule at `path` has another member; with `remove` it lacks it."""
    return set_members(doc, path, {name: ... if remove else value})


def add_rule(doc: Mapping[str, Any], parent: str | None, kind: str = "value") -> tuple[Document, str]:
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
        owner = row_at(doc, parent)
        if not owner.takes_children:
            raise DocumentError(f"The rule at {parent} has no rules below it.")
        home = f"{parent}.{_CHILDREN[owner.kind]}"
    entry = _new_entry(dialect, "helper" if owner is not None and owner.kind == "array" else kind)
    return appended(doc, home, entry)


def _new_entry(dialect: int, kind: str) -> Document:
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


def remove_rule(doc: Mapping[str, Any], path: str) -> Document:
    """Return a document without a rule and what is below it."""
    result, entries, place = _opened_at(doc, path)
    del entries[place]
    return result


def duplicate_rule(doc: Mapping[str, Any], path: str) -> tuple[Document, str]:
    """Return a document with a copy of a rule right after it, its destination told apart, and the copy's path."""
    result, entries, place = _opened_at(doc, path)
    twin = copy.deepcopy(entries[place])
    if twin.get("generate"):
        taken = {entry.get("generate") for entry in entries if isinstance(entry, Mapping)}
        number = 2
        while f"{twin['generate']}_{number}" in taken:
            number += 1
        twin["generate"] = f"{twin['generate']}_{number}"
    entries.insert(place + 1, twin)
    return result, f"{path[: path.rindex('[')]}[{place + 1}]"


def move_rule(doc: Mapping[str, Any], path: str, by: int) -> tuple[Document, str]:
    """Return a document whose rule stands `by` places later among its neighbours, and its new path."""
    result, entries, place = _opened_at(doc, path)
    target = max(0, min(len(entries) - 1, place + by))
    entries.insert(target, entries.pop(place))
    return result, f"{path[: path.rindex('[')]}[{target}]"


# --- places ---------------------------------------------------------------------------------------------------------


def changed(doc: Mapping[str, Any], path: str, change: Callable[[Document], None]) -> Document:
    """Return a document whose rule at `path` is what `change`, which is given a copy of it, has made of it."""
    result, entries, place = _opened_at(doc, path)
    entries[place] = dict(entries[place])
    change(entries[place])
    return result


def appended(doc: Mapping[str, Any], home: str, entry: Document) -> tuple[Document, str]:
    """Return a document with an entry at the end of the list at `home`, and its path; the list is made if missing.

    Raises
    ------
    DocumentError
        Something else stands at `home`, or on the way.
    """
    result, entries = _opened(doc, indexed(home))
    entries.append(entry)
    return result, f"{home}[{len(entries) - 1}]"


def _opened_at(doc: Mapping[str, Any], path: str) -> tuple[Document, list[Any], int]:
    """Return a document with the list, that may be changed, in which a rule stands, and the rule's place there."""
    row_at(doc, path)
    *home, place = indexed(path)
    return *_opened(doc, home), int(place)


def _opened(doc: Mapping[str, Any], steps: Sequence[str]) -> tuple[Document, list[Any]]:
    """Return a document with the list at the end of steps, which may be changed; what is missing on the way is made."""
    result = dict(doc)
    place: Any = result
    for number, step in enumerate(steps):
        wants_list = number + 1 == len(steps) or steps[number + 1].isdigit()
        at: Any = int(step) if isinstance(place, list) else step
        found = place[at] if isinstance(place, list) else place.get(at)
        if step == "buildArrayHelper" and isinstance(found, Mapping):
            found = [found]  # a single helper may stand without a list
        if found is None and isinstance(place, dict):
            found = [] if wants_list else {}
        if not isinstance(found, list if wants_list else Mapping):
            raise _misshapen(steps[: number + 1], "a list" if wants_list else "an object", found)
        place[at] = list(found) if wants_list else dict(found)
        place = place[at]
    return result, place


def _misshapen(steps: Sequence[str], wanted: str, found: object) -> DocumentError:
    place = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps).removeprefix(".")
    message = f"{place} must be {wanted}, got {shown(found)}."
    code = "not_a_list" if wanted == "a list" else "not_an_object"
    return DocumentError(f"The mapping cannot be edited: {message}", problems=[Problem(code, message, place)])
