"""Which members of a document name other documents, and which document they name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["reference_paths", "with_connections"]

_NAMES_OTHERS = re.compile(r"_+\w*Ids?\Z")
_DATA = frozenset({"_id", "mockOutput", "mockResponse", "sampleData", "rawData", "settings"})
"""Members that hold a document's own id, or records and values in which an id is only data."""


def reference_paths(doc: Mapping[str, Any], id: str) -> list[str]:
    """Return the dotted paths of the members of `doc` that name the document `id`."""
    return [path for path, value in _references(doc) if value == id]


def with_connections(doc: object, connections: Mapping[str, str]) -> Any:
    """Return a copy of a document in which each connection named as a key is replaced by its value."""
    if isinstance(doc, list):
        return [with_connections(one, connections) for one in doc]
    if not isinstance(doc, Mapping):
        return doc
    return {name: _replaced(name, value, connections) for name, value in doc.items()}


def _replaced(name: str, value: object, connections: Mapping[str, str]) -> object:
    if name in _DATA:
        return value
    if name == "_connectionId" and isinstance(value, str):
        return connections.get(value, value)
    return with_connections(value, connections)


def _references(value: object, path: str = "", name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if _NAMES_OTHERS.match(name):
            yield path, value
    elif isinstance(value, Mapping):
        for key, member in value.items():
            if key not in _DATA:
                yield from _references(member, f"{path}.{key}" if path else key, key)
    elif isinstance(value, list):
        for position, element in enumerate(value):
            yield from _references(element, f"{path}.{position}", name)
