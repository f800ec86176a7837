"""The lookups of an import document: where they are, and edits that give a new document."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from celigo_pandas.documents.mapping_documents import MappingDocument, append_lookup, lookup_of
from celigo_pandas.errors import DocumentError

__all__ = ["add_lookup", "lookup_names", "lookups", "remove_lookup", "set_lookup", "table_text"]


def lookups(doc: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List the lookups of a document, wherever they are."""
    return [entry.value for entry in MappingDocument.of(doc).lookups if isinstance(entry.value, Mapping)]


def lookup_names(doc: Mapping[str, Any]) -> list[str]:
    """Names of the lookups, in order."""
    return [str(entry.get("name") or "") for entry in lookups(doc)]


def add_lookup(doc: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a document with a new, empty static lookup, and its name."""
    taken = set(lookup_names(doc))
    number = 1
    while f"lookup{number}" in taken:
        number += 1
    name = f"lookup{number}"
    result = copy.deepcopy(dict(doc))
    append_lookup(result, {"name": name, "map": {}, "allowFailures": False})
    return result, name


def remove_lookup(doc: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a document without a lookup; rules that name it stay, and say so as a problem."""
    result = copy.deepcopy(dict(doc))
    for entry in reversed(MappingDocument.of(result).lookups):
        if entry.name == name:
            block = result[entry.home] if entry.home else result
            del block["lookups"][entry.position]
    return result


def set_lookup(doc: Mapping[str, Any], name: str, member: str, value: Any, *, remove: bool = False) -> dict[str, Any]:
    """Return a document whose lookup has another member; a new ``name`` follows into the rules that use it."""
    result = copy.deepcopy(dict(doc))
    entry = lookup_of(result, name)
    if entry is None:
        raise DocumentError(f"There is no lookup {name!r}.")
    if member == "name":
        if not value or value in lookup_names(doc):
            raise DocumentError(f"{value!r} is no new name for a lookup.", hint="Names are not empty and differ.")
        _rename(result, name, value)
    if member == "map" and isinstance(value, str):
        value = _table(value)
    if remove:
        entry.pop(member, None)
    else:
        entry[member] = value
    return result


def _rename(part: object, old: str, new: str) -> None:
    if isinstance(part, dict):
        if part.get("lookupName") == old:
            part["lookupName"] = new
        for member in part.values():
            _rename(member, old, new)
    elif isinstance(part, list):
        for member in part:
            _rename(member, old, new)


def table_text(table: object) -> str:
    """Write a lookup table for editing: ``key = value`` lines, or JSON where a key or value does not fit in one."""
    if not isinstance(table, Mapping):
        return ""
    plain = all(
        isinstance(value, str) and "\n" not in key + value and "=" not in key and key == key.strip() != ""
        and value == value.strip() and not key.startswith("{")
        for key, value in table.items()
    )  # fmt: skip
    if plain:
        return "\n".join(f"{key} = {value}" for key, value in table.items())
    return json.dumps(table, ensure_ascii=False, indent=1)


def _table(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        try:
            loaded = json.loads(text)
        except ValueError as error:
            raise DocumentError(f"This lookup table is not JSON: {error}.") from error
        return {str(key): value for key, value in loaded.items()}
    table: dict[str, Any] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        key, sign, value = line.partition("=")
        if not sign:
            raise DocumentError(f"This line of the lookup table has no '=': {line.strip()[:40]!r}.",
                                hint="Write one key = value a line, or JSON.")  # fmt: skip
        table[key.strip()] = value.strip()
    return table
