"""Changing parts of a connection: the PATCH whitelist, dotted paths, and the masks that must never be sent.

The server shows every stored secret as ``"******"`` and would store that text if it came back, so a document that is to
be sent holds none. Dots separate keys; keys of connection documents hold none themselves.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from celigo_pandas.documents.dotted import put_member
from celigo_pandas.documents.secret import MASK
from celigo_pandas.errors import DocumentError, Problem, shown

__all__ = [
    "PATCHABLE",
    "PATCH_TYPES",
    "READ_ONLY_MEMBERS",
    "check_document",
    "is_patchable",
    "masked_paths",
    "merged",
    "patch_operations",
    "refuse_masks",
    "writable",
]

PATCH_TYPES: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "connections": {
        "name": (str,),
        "debugDate": (str,),
        "debugUntil": (str,),
        "offline": (bool,),
        "rest.cookieAuth.successStatusCode": (int, float),
        "http.ping.successPath": (str,),
        "http.ping.successValues": (list,),
        "http.ping.failPath": (str,),
        "http.ping.failValues": (list,),
        "http.auth.failStatusCode": (int, float),
        "http.auth.failPath": (str,),
        "http.auth.failValues": (list,),
    },
    "exports": {
        "name": (str,),
        "debugDate": (str,),
        "debugUntil": (str,),
        "assistantMetadata": (dict,),
        "salesforce.distributed.disabled": (bool,),
    },
    "imports": {"name": (str,), "debugDate": (str,), "debugUntil": (str,), "assistantMetadata": (dict,)},
    "scripts": {"name": (str,), "debugUntil": (str,)},
}
"""Fields that PATCH takes, by resource, with the types of their values.

Source: the part of the vendor's table that stored copies show (it goes on for ~30 rows) and the vendor's command line.
A field that is missing here is still changed, by a PUT of the whole document.
"""

PATCHABLE: frozenset[str] = frozenset(PATCH_TYPES["connections"])
"""Fields of connections that PATCH takes."""

READ_ONLY_MEMBERS: frozenset[str] = frozenset(
    {
        "_id",
        "createdAt",
        "lastModified",
        "offline",
        "queues",
        "needsAuthorization",
        "_userId",
        "_connectorId",
        "_templateId",
        "_sourceId",
        "draft",
        "draftExpiresAt",
        "apiIdentifier",
    }
)
"""Members the server sets; it ignores them in a PUT, and they are left out of one here."""


def is_patchable(path: str) -> bool:
    """Whether PATCH takes the field at a dotted path."""
    return path in PATCHABLE


def patch_operations(changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make the JSON Patch for dotted paths; ``replace`` is the one documented operation."""
    operations = []
    for path, value in changes.items():
        pointer = "/" + "/".join(key.replace("~", "~0").replace("/", "~1") for key in _keys(path))
        operations.append({"op": "replace", "path": pointer, "value": value})
    return operations


def merged(doc: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `doc` with the values at dotted paths replaced; objects on the way are made where missing.

    Raises
    ------
    DocumentError
        A path leads through something that is neither object nor list, or past the end of a list.
    """
    result: dict[str, Any] = copy.deepcopy(dict(doc))
    for path, value in changes.items():
        put_member(result, ".".join(_keys(path)), copy.deepcopy(value))
    return result


def writable(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy without the members that the server sets."""
    return {name: copy.deepcopy(value) for name, value in doc.items() if name not in READ_ONLY_MEMBERS}


def masked_paths(doc: object) -> tuple[str, ...]:
    """Return the dotted paths whose value is the mask, in order."""
    return tuple(_masked(doc, ""))


def check_document(doc: object) -> None:
    """Raise for what is not an object."""
    if not isinstance(doc, Mapping):
        raise DocumentError(f"A connection document is of type {type(doc).__name__}; expected a dict.")


def refuse_masks(paths: tuple[str, ...], what: str) -> None:
    """Raise for paths that hold the mask: sending it would store it as the secret."""
    if paths:
        raise DocumentError(
            f"The {what} holds the mask {MASK!r} in place of {len(paths)} secret{'s' if len(paths) > 1 else ''}: "
            f"{', '.join(paths)}. Sending it would store the mask as the secret.",
            hint=f"Give each again, e.g. update({{…}}, secrets={{{paths[0]!r}: …}}).",
            problems=[Problem("masked_secret", "holds the mask in place of the secret", path) for path in paths],
        )


def _keys(path: str) -> list[str]:
    keys = path.split(".") if isinstance(path, str) else []
    if not keys or not all(keys):
        raise DocumentError(f"Not a path: {shown(path)}; expected dotted keys such as 'http.baseURI'.")
    return keys


def _masked(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if value == MASK:
            yield path
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _masked(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for position, element in enumerate(value):
            yield from _masked(element, f"{path}.{position}" if path else str(position))
