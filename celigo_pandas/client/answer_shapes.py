"""Paths of requests, and the shapes that answers are held to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from celigo_pandas.client.json_bodies import encode, encode_rows
from celigo_pandas.errors import ConfigError, shown

__all__ = [
    "as_list",
    "as_object",
    "as_object_or_list",
    "as_objects",
    "as_stored",
    "import_body",
    "path_of",
    "saved_path",
]


def path_of(*segments: str) -> str:
    """Join segments; an id cannot leave its place in the path."""
    for segment in segments:
        if not isinstance(segment, str) or not segment.strip(". "):
            raise ConfigError(f"Not an id: {shown(segment)}; expected 24 hexadecimal digits.")
    return "/" + "/".join(s if s in ("export/pages", "import/map") else quote(s, safe="") for s in segments)


def saved_path(kind: str, resource_id: str, *tail: str) -> str:
    """Return the path of a saved export, import or script, and of what is below it."""
    if kind not in ("exports", "imports", "scripts"):
        raise ConfigError(f"Unknown kind {shown(kind)}; expected 'exports', 'imports' or 'scripts'.")
    return path_of(kind, resource_id, *tail)


def import_body(import_doc: Mapping[str, Any], records: Sequence[Any]) -> bytes:
    """Return the body of a virtual import; records that are ``bytes`` are JSON already."""
    return b'{"import":' + encode(import_doc, "import") + b',"data":' + encode_rows(records) + b"}"


def as_object(value: object) -> dict[str, Any]:
    """Check that an answer is an object."""
    if not isinstance(value, dict):
        raise ValueError(f"it is of type {type(value).__name__}, expected an object")
    return value


def as_object_or_list(value: object) -> dict[str, Any] | list[Any]:
    """Check that an answer is an object or a list."""
    if not isinstance(value, (dict, list)):
        raise ValueError(f"it is of type {type(value).__name__}, expected an object or a list")
    return value


def as_stored(value: object) -> dict[str, Any]:
    """Check that an answer is a stored document."""
    if not isinstance(value, dict) or not isinstance(value.get("_id"), str):
        raise ValueError("it is no stored document with an _id")
    return value


def as_list(value: object) -> list[Any]:
    """Check that an answer is a list."""
    if not isinstance(value, list):
        raise ValueError(f"it is of type {type(value).__name__}, expected a list")
    return value


def as_objects(value: object) -> list[dict[str, Any]]:
    """Check that an answer is a list of objects."""
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        raise ValueError("it is not a list of objects")
    return value
