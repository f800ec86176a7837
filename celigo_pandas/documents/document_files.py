"""Documents in files: one JSON object (or, with the extra ``yaml``, one in YAML) of an export or import."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from celigo_pandas.errors import ConfigError, DocumentError, MissingExtraError
from celigo_pandas.folders import replacing, user_path
from celigo_pandas.json_depth import json_depth

__all__ = ["parse_document", "read_document", "read_text", "write_document"]

_DEEPEST = 200
"""Levels: whoever copies, checks or compiles a document calls itself for each of them."""


def read_document(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a document; a name that ends in ``.yaml`` or ``.yml`` is read as YAML.

    Raises
    ------
    ConfigError
        The file cannot be read.
    DocumentError
        It holds no document.
    MissingExtraError
        It is YAML, and nothing is installed that reads it.
    """
    return _parsed(read_text(path), os.fspath(path))


def parse_document(content: bytes, name: str) -> dict[str, Any]:
    """Read a document from the bytes of a file, whose name says what they are; see :func:`read_document`."""
    return _parsed(_decoded(content, name), name)


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a text in UTF-8, without an editor's byte order mark.

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    try:
        content = user_path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"Cannot read {os.fspath(path)!r}: {error.strerror}.") from error
    return _decoded(content, os.fspath(path))


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"Cannot read {name!r}: it is not UTF-8 text ({error.reason}).") from error


def _parsed(text: str, name: str) -> dict[str, Any]:
    document = _from_yaml(text, name) if name.endswith((".yaml", ".yml")) else _from_json(text, name)
    if not isinstance(document, dict):
        raise DocumentError(f"{name!r} holds a {type(document).__name__}; expected one JSON object.")
    return document


def write_document(document: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write a document as indented JSON and return the path; an older file stays until the new one is whole.

    Raises
    ------
    ConfigError
        The file cannot be written.
    """
    target = user_path(path)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        with replacing(target) as unfinished:
            # Half a pair of surrogates has no UTF-8; only JSON's escape can carry it.
            unfinished.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        raise ConfigError(f"Cannot write the document {str(target)!r}: {error.strerror}.") from error
    return target


def _from_json(text: str, name: str) -> object:
    if json_depth(text.encode("utf-8", "surrogatepass")) > _DEEPEST:
        raise _too_deep(name)
    try:
        return json.loads(text)
    except ValueError as error:
        raise DocumentError(f"{name!r} is not JSON: {error}.") from error


def _from_yaml(text: str, name: str) -> object:
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("Reading YAML", "yaml") from error
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DocumentError(f"{name!r} is not YAML: {error}.") from error
    except RecursionError:
        raise _too_deep(name) from None
    level = [document]
    for _ in range(_DEEPEST + 1):
        # An anchor may stand in many places, and in itself.
        level = list({id(member): member for value in level for member in _members(value)}.values())
        if not level:
            return document
    raise _too_deep(name)


def _members(value: object) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _too_deep(name: str) -> DocumentError:
    return DocumentError(f"{name!r} is nested too deeply to be a document; expected at most {_DEEPEST} levels.")
