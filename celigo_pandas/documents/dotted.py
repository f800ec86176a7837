"""Dotted paths into documents: ``http.auth.type``; a number steps into a list (``http.headers.0.value``).

Keys of the vendor's documents hold no dots. Problems name entries as ``mappings[2].extract``: :func:`indexed` reads
that form too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from celigo_pandas.errors import DocumentError

__all__ = [
    "find_at",
    "find_member",
    "indexed",
    "leaves",
    "put_member",
    "remove_member",
    "with_member",
    "without_member",
]

_INDEXED: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_ABSENT: Final[Any] = object()


def indexed(path: str) -> list[str]:
    """Split ``mapping.lists[0].fields`` into its steps, positions as text.

    Examples
    --------
    >>> indexed("mapping.lists[0].fields")
    ['mapping', 'lists', '0', 'fields']
    """
    return [name or position for name, position in _INDEXED.findall(path)]


def find_at(doc: object, steps: Sequence[str], default: object = None) -> Any:
    """Return the value at the end of steps, or `default` where one of them is missing."""
    for step in steps:
        doc = _below(doc, step)
        if doc is _ABSENT:
            return default
    return doc


def find_member(doc: object, path: str, default: object = None) -> Any:
    """Return the value at a dotted path, or `default` where any step is missing.

    Examples
    --------
    >>> find_member({"http": {"headers": [{"name": "Accept"}]}}, "http.headers.0.name")
    'Accept'
    """
    return find_at(doc, _steps(path), default)


@lru_cache(2_000)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def put_member(doc: dict[str, Any], path: str, value: object) -> None:
    """Put a value at a dotted path of a document, which is changed; objects on the way are made where missing.

    Raises
    ------
    DocumentError
        The path leads through something that is neither object nor list, or past the end of a list.
    """
    *parents, last = path.split(".")
    place: Any = doc
    for step in parents:
        below = _below(place, step)
        if (below is _ABSENT or below is None) and isinstance(place, dict):
            below = place[step] = {}
        place = below
    if isinstance(place, dict):
        place[last] = value
    elif isinstance(place, list) and _is_position(last) and int(last) <= len(place):
        place[int(last) : int(last) + 1] = [value]
    else:
        raise DocumentError(f"The path {path!r} leads through a value that is no object; expected objects on the way.")


def remove_member(doc: dict[str, Any], path: str) -> None:
    """Remove the member at a dotted path of a document, which is changed; what is not there is no error."""
    *parents, last = path.split(".")
    place = find_at(doc, parents)
    if isinstance(place, dict):
        place.pop(last, None)


def with_member(doc: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy of `doc` with `value` at a dotted path of objects; what is no object on the way gives way to one.

    Examples
    --------
    >>> with_member({"http": {"baseURI": "/"}}, "http.auth.type", "token")
    {'http': {'baseURI': '/', 'auth': {'type': 'token'}}}
    """
    name, _, rest = path.partition(".")
    below = doc.get(name)
    if rest:
        value = with_member(below if isinstance(below, Mapping) else {}, rest, value)
    return {**doc, name: value}


def without_member(doc: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return a copy of `doc` without the member at a dotted path of objects, and without objects this leaves empty.

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


def _below(value: object, step: str) -> object:
    if isinstance(value, Mapping):
        return value.get(step, _ABSENT)
    if isinstance(value, list) and _is_position(step) and int(step) < len(value):
        return value[int(step)]
    return _ABSENT


def _is_position(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) < 10
