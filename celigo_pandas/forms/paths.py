"""Dotted paths into documents, without changing the document that is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["leaves", "put", "removed"]


def put(doc: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of `doc` with `value` at a dotted path; objects on the way are made where missing."""
    name, _, rest = path.partition(".")
    below = doc.get(name)
    if rest:
        value = put(below if isinstance(below, Mapping) else {}, rest, value)
    return {**doc, name: value}


def removed(doc: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return a copy of `doc` without the member at a dotted path, and without objects that this leaves empty.

    The outermost object stays, even when it is empty: a type block is a statement of its own.
    """
    name, _, rest = path.partition(".")
    below = doc.get(name)
    if not rest:
        return {key: member for key, member in doc.items() if key != name}
    if not isinstance(below, Mapping):
        return dict(doc)
    return {**doc, name: _pruned(below, rest)}


def _pruned(doc: Mapping[str, Any], path: str) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    below = doc.get(name)
    if rest and isinstance(below, Mapping):
        inner = _pruned(below, rest)
        if inner:
            return {**doc, name: inner}
    elif rest:
        return dict(doc)
    return {key: member for key, member in doc.items() if key != name}


def leaves(doc: Mapping[str, Any], covered: set[str], prefix: str = "") -> Iterator[str]:
    """Yield the dotted paths of a document's members that `covered` does not name.

    Objects are entered; a list, or an object without members, is one leaf, as is one with a dot in a member's name.
    What lies below a covered path is covered.
    """
    for name, value in doc.items():
        path = f"{prefix}{name}"
        if path in covered:
            continue
        if isinstance(value, Mapping) and value and not any("." in key for key in value):
            yield from leaves(value, covered, f"{path}.")
        elif not (isinstance(value, Mapping) and any(other.startswith(f"{path}.") for other in covered)):
            yield path
