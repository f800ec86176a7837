"""Import documents around a mapping: reading one from whatever holds it, writing it back, comparing two."""

from __future__ import annotations

import copy
from typing import Any

import pandas as pd

from celigo_pandas.errors import DocumentError, shown
from celigo_pandas.experiments.editing import iter_rules

__all__ = ["diff_documents", "diff_saved", "document_of", "merged"]

_OWNED = ("mapping", "mappings")


def document_of(source: Any) -> dict[str, Any]:
    """Return a copy of the import document that `source` is or holds: a dict, a builder, a saved import, a Mapping.

    Raises
    ------
    DocumentError
        It is none of these.
    """
    if isinstance(source, dict):
        return copy.deepcopy(source)
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
    for name in _OWNED:
        result.pop(name, None)
        if own.get(name) is not None:
            result[name] = copy.deepcopy(own[name])
    lookups = {lookup.get("name"): lookup for lookup in own.get("lookups") or ()}
    if not lookups:
        return result
    for holder in _holders(result):
        holder["lookups"] = [lookups.pop(one.get("name"), one) for one in holder["lookups"]]
    if lookups:
        result["lookups"] = [*(result.get("lookups") or ()), *copy.deepcopy(list(lookups.values()))]
    return result


def _holders(doc: dict[str, Any]) -> list[dict[str, Any]]:
    """List the places of a document that hold lookups: the top, and any adaptor block."""
    blocks = [doc, *(block for block in doc.values() if isinstance(block, dict))]
    return [block for block in blocks if isinstance(block.get("lookups"), list)]


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
    return pd.DataFrame(rows, columns=["rule", "member", "before", "after", "change"])


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
    helpers = (rule or {}).get("buildArrayHelper") or ()
    return [
        {name: value for name, value in one.items() if name != "mappings"} for one in helpers if isinstance(one, dict)
    ]


def _lookups(doc: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {str(one.get("name")): one for holder in _holders(doc) for one in holder["lookups"] if isinstance(one, dict)}


def diff_saved(saved: dict[str, Any], mapping: Any) -> pd.DataFrame:
    """Show what to change in a saved import so that it maps as `mapping` does; see :func:`diff_documents`."""
    return diff_documents(saved, merged(saved, document_of(mapping)))
