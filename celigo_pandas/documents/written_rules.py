"""Edits that name a rule by what it writes: ``address.city``, ``lines[*].sku``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from celigo_pandas.documents.dotted import find_at, indexed
from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.documents.rule_editing import Document, appended, remove_rule, set_members
from celigo_pandas.documents.rule_rows import EACH, find_rule, helpers_of, no_rule
from celigo_pandas.errors import DocumentError, shown
from celigo_pandas.paths import split_path

__all__ = ["remove_written", "set_rule", "with_helper"]


def set_rule(doc: Mapping[str, Any], writes: str, members: Mapping[str, Any]) -> Document:
    """Change the rule that writes this, or add it (with the objects it lies in) behind its neighbours.

    Parameters
    ----------
    doc : mapping
        Import document.
    writes : str
        ``address.city``, ``lines[*].sku``.
    members : mapping
        In the vendor's spelling; one whose value is ``...`` is removed, others stay as they are.

    Raises
    ------
    DocumentError
        A list that it lies in does not exist yet, or something else stands where a list belongs.
    """
    row = find_rule(doc, writes)
    if row is not None:
        return set_members(doc, row.path, members)
    if MappingDocument.of(doc).dialect_to_edit == 1:
        result, home, new = _field_home(doc, writes)
    else:
        result, home, name = _tree_home(doc, writes)
        new = {"generate": name, "dataType": members.get("dataType", "string"), "status": "Active"}
    rule = {name: copy.deepcopy(value) for name, value in {**new, **members}.items() if value is not ...}
    return appended(result, home, rule)[0]


def remove_written(doc: Mapping[str, Any], writes: str) -> Document:
    """Remove the rule that writes this (an object or array with all below it).

    Raises
    ------
    DocumentError
        There is no such rule; the message lists what is there.
    """
    row = find_rule(doc, writes)
    if row is None:
        raise no_rule(doc, writes)
    return remove_rule(doc, row.path)


def with_helper(rule: Mapping[str, Any] | None, members: Mapping[str, Any], writes: str) -> Document:
    """Return the members of an edit with an ``extract`` moved into the helper that reads it.

    Objects and arrays in an array are read by ``buildArrayHelper``, and so is everything in an array that has one.
    """
    helpers = helpers_of(rule or {})
    if "extract" not in members or "buildArrayHelper" in members:
        return dict(members)
    if not helpers and members.get("dataType", (rule or {}).get("dataType")) not in ("objectarray", "arrayarray"):
        return dict(members)
    if len(helpers) > 1:
        raise DocumentError(
            f"{writes} is built by {len(helpers)} helpers; edit the document itself to change a source."
        )
    helper = {**(helpers[0] if helpers else {}), "extract": members["extract"]}
    if helper["extract"] is ...:
        del helper["extract"]
    return {**members, "extract": ..., "buildArrayHelper": [helper]}


def _tree_home(doc: Mapping[str, Any], writes: str) -> tuple[Document, str, str]:
    """Return the document with all that a rule of Mapper 2.0 lies in, the path of its list, and its own name."""
    *outer, name = split_path(writes)
    if name.endswith(EACH):
        raise DocumentError(
            f"{shown(writes)} names no field; write {writes}.name, or {writes[: -len(EACH)]} for the list."
        )
    result, home = dict(doc), "mappings"
    for depth, key in enumerate(outer):
        place = ".".join(outer[: depth + 1])
        if key.endswith(EACH):
            result, home = _in_array(result, home, key[: -len(EACH)], place)
        else:
            result, home = _in_object(result, home, key, place)
    return result, home, name


def _in_object(doc: Document, home: str, name: str, writes: str) -> tuple[Document, str]:
    place, parent = _named(doc, home, name)
    if parent is None:
        result, path = appended(doc, home, {"generate": name, "dataType": "object", "status": "Active", "mappings": []})
        return result, f"{path}.mappings"
    if parent.get("dataType") != "object":
        raise DocumentError(f"{writes} is a {parent.get('dataType')}, which holds no fields of its own.")
    return doc, f"{home}[{place}].mappings"


def _in_array(doc: Document, home: str, name: str, writes: str) -> tuple[Document, str]:
    place, parent = _named(doc, home, name)
    if parent is None:
        source = f"set({shown(writes[: -len(EACH)])}, '$.lines[*]', data_type='objectarray')"
        raise DocumentError(
            f"There is no list {writes} yet.", hint=f"Add it first with the list they come from, e.g. {source}."
        )
    helpers, path = helpers_of(parent), f"{home}[{place}].buildArrayHelper"
    if len(helpers) > 1:
        raise DocumentError(f"{writes} is built by {len(helpers)} helpers; edit the document itself to add a field.")
    if not helpers:
        doc, helper = appended(doc, path, {})
        return doc, f"{helper}.mappings"
    listed = parent["buildArrayHelper"]
    at = next((at for at, one in enumerate(listed) if one is helpers[0]), 0) if isinstance(listed, list) else 0
    return doc, f"{path}[{at}].mappings"


def _named(doc: Document, home: str, name: str) -> tuple[int, Document | None]:
    listed = find_at(doc, indexed(home))
    for place, entry in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(entry, dict) and entry.get("generate") == name:
            return place, entry
    return -1, None


def _field_home(doc: Mapping[str, Any], writes: str) -> tuple[Document, str, Document]:
    """Return the same of a field of Mapper 1.0: what is before the last ``[*].`` is its list's ``generate``."""
    base = MappingDocument.of(doc).fields_path
    if f"{EACH}." not in writes:
        return dict(doc), f"{base}.fields", {"generate": writes}
    *lists, name = writes.split(f"{EACH}.")
    place, lines = _named(dict(doc), f"{base}.lists", ".".join(lists))
    if lines is not None:
        return dict(doc), f"{base}.lists[{place}].fields", {"generate": name}
    result, path = appended(doc, f"{base}.lists", {"generate": ".".join(lists), "fields": []})
    return result, f"{path}.fields", {"generate": name}
