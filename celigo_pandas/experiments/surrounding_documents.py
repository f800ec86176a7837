"""Import documents around a mapping: reading one from whatever holds it, writing it back, comparing two."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import pandas as pd

from celigo_pandas.documents.dotted import find_member, put_member, remove_member
from celigo_pandas.documents.mapping_documents import FIELD_HOMES, LookupEntry, MappingDocument, append_lookup
from celigo_pandas.documents.rule_rows import helpers_of, iter_rules
from celigo_pandas.errors import DocumentError, shown
from celigo_pandas.experiments.frame_records import exact_frame

__all__ = ["diff_documents", "diff_saved", "document_of", "merged", "put_lookups"]


def document_of(source: object) -> dict[str, Any]:
    """Return a copy of the import document that `source` is or holds: a dict, a builder, a saved import, a Mapping.

    Raises
    ------
    DocumentError
        It is none of these.
    """
    if isinstance(source, dict):
        return copy.deepcopy(dict(source))
    for name in ("to_import", "virtual", "to_dict"):
        method = getattr(source, name, None)
        if callable(method):
            found = method()
            if isinstance(found, dict):
                return copy.deepcopy(found)
    raise DocumentError(f"Got {shown(source)}; expected an import document, a builder, a saved import or a Mapping.")


def merged(doc: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `doc` with the rules of `own`, and lookups replaced or added by name; nothing else changes."""
    result = copy.deepcopy(doc)
    place, rules = MappingDocument.of(doc).fields_path, MappingDocument.of(own)
    for name in ("mappings", *FIELD_HOMES):
        remove_member(result, name)
    for name, value in ((place, find_member(own, rules.fields_path)), ("mappings", own.get("mappings"))):
        if value is not None:
            put_member(result, name, copy.deepcopy(value))
    put_lookups(result, [entry for entry in rules.lookups if entry.name is not None])
    return result


def put_lookups(doc: dict[str, Any], lookups: Iterable[LookupEntry]) -> None:
    """Replace the lookups of these names in a document, which is changed, or add them."""
    wanted = {str(entry.name): entry for entry in lookups}
    there = [entry for entry in MappingDocument.of(doc).lookups if entry.name in wanted]
    for entry in there:
        block = doc[entry.home] if entry.home else doc
        block["lookups"][entry.position] = copy.deepcopy(wanted[str(entry.name)].value)
    known = {entry.name for entry in there}
    for name in [name for name in wanted if name not in known]:  # in their order, whatever texts hash to
        append_lookup(doc, copy.deepcopy(wanted[name].value), wanted[name].home)


def diff_documents(before: dict[str, Any], after: dict[str, Any]) -> pd.DataFrame:
    """Compare the rules and lookups of two import documents, member by member.

    Returns
    -------
    DataFrame
        One row per difference: ``rule`` (its path; a lookup as ``lookup <name>``), ``member``, ``before``, ``after``,
        ``change`` (``added``, ``removed``, ``changed``). Empty when both say the same.
    """
    rows: list[dict[str, Any]] = []
    for what, old, new in (
        ("", dict(iter_rules(before)), dict(iter_rules(after))),
        ("lookup ", _lookups(before), _lookups(after)),
    ):
        for path in dict.fromkeys([*old, *new]):
            rows += _rule_rows(f"{what}{path}", old.get(path), new.get(path))
    columns = ["rule", "member", "before", "after", "change"]
    return exact_frame(([row.get(name) for name in columns] for row in rows), columns)


def _rule_rows(path: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[dict[str, Any]]:
    children = ("mappings", "buildArrayHelper")
    one = {name: value for name, value in (old or {}).items() if name not in children}
    other = {name: value for name, value in (new or {}).items() if name not in children}
    change = "added" if old is None else "removed" if new is None else "changed"
    rows = []
    for name in dict.fromkeys([*one, *other]):
        if isinstance(one.get(name), dict) and isinstance(other.get(name), dict):
            # A lookup's table, say: only the entries that differ.
            rows += [{**row, "member": f"{name}.{row['member']}"} for row in _rule_rows(path, one[name], other[name])]
        elif one.get(name, ...) != other.get(name, ...):
            entry = {"rule": path, "member": name, "before": one.get(name), "after": other.get(name), "change": change}
            rows.append(entry)
    helpers = [_helper_extracts(rule) for rule in (old, new)]
    if old is not None and new is not None and helpers[0] != helpers[1]:
        entry = {
            "rule": path,
            "member": "buildArrayHelper",
            "before": helpers[0],
            "after": helpers[1],
            "change": change,
        }
        rows.append(entry)
    return rows


def _helper_extracts(rule: dict[str, Any] | None) -> list[Any]:
    return [{name: value for name, value in one.items() if name != "mappings"} for one in helpers_of(rule or {})]


def _lookups(doc: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return MappingDocument.of(doc).lookup_docs()


def diff_saved(saved: dict[str, Any], mapping: object) -> pd.DataFrame:
    """Show what to change in a saved import so that it maps as `mapping` does; see :func:`diff_documents`."""
    return diff_documents(saved, merged(saved, document_of(mapping)))
