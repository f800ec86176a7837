"""PATCH: a JSON Patch whose paths are on the documented whitelist."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from celigo_pandas.engine.refusals import Refusal, invalid
from celigo_pandas.errors import Problem

__all__ = ["WHITELIST", "apply_patch"]

WHITELIST: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "connections": {
        "/name": str,
        "/debugDate": str,
        "/rest/cookieAuth/successStatusCode": (int, float),
        "/http/ping/successPath": str,
        "/http/ping/successValues": list,
        "/http/ping/failPath": str,
        "/http/ping/failValues": list,
        "/http/auth/failStatusCode": (int, float),
        "/http/auth/failPath": str,
        "/http/auth/failValues": list,
    },
    "exports": {"/name": str},
    "imports": {"/name": str},
}
"""Paths and the types of their values. Source: the part of the vendor's table that stored copies show; some thirty
rows more are not readable, so the engine refuses what the platform may take."""


def apply_patch(kind: str, doc: dict[str, Any], operations: Any) -> dict[str, Any]:
    """Return a changed copy of `doc`.

    Raises
    ------
    Refusal
        422 for another operation than ``replace``, a path off the whitelist, a value of another type.
    """
    if not isinstance(operations, list) or not operations:
        raise invalid("invalid_patch", "A PATCH body is a JSON array of operations, with at least one.")
    changed = copy.deepcopy(doc)
    problems = []
    for position, operation in enumerate(operations):
        problem = _problem(kind, operation, doc)
        if problem:
            problems.append(Problem("invalid_patch", f"Operation {position}: {problem}", _field(operation)))
        else:
            _set(changed, operation["path"], operation["value"])
    if problems:
        raise Refusal(422, problems)
    return changed


def _problem(kind: str, operation: Any, doc: Mapping[str, Any]) -> str | None:
    if not isinstance(operation, Mapping):
        return "it is no object."
    if operation.get("op") != "replace":
        return f"op {operation.get('op')!r:.40} is not taken; expected 'replace'."
    path = operation.get("path")
    wanted = WHITELIST[kind].get(path) if isinstance(path, str) else None
    if wanted is None:
        return f"path {path!r:.80} is not on the whitelist: {', '.join(sorted(WHITELIST[kind]))}."
    block = str(path).split("/")[1]
    if str(path).count("/") > 1 and not isinstance(doc.get(block), Mapping):
        return f"path {path} is below {block}, which this document does not have."
    if "value" not in operation:
        return "it has no value."
    value: Any = operation["value"]
    if not isinstance(value, wanted) or isinstance(value, bool):
        return f"the value of {path} is {type(value).__name__}; expected {_names(wanted)}."
    if path == "/debugDate" and not _is_date(str(value)):
        return "the value of /debugDate is no ISO 8601 date."
    if path == "/name" and not 0 < len(str(value)) <= 100:
        return "the value of /name needs 1 to 100 characters."
    return None


def _names(wanted: type | tuple[type, ...]) -> str:
    return " or ".join(one.__name__ for one in (wanted if isinstance(wanted, tuple) else (wanted,)))


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _field(operation: Any) -> str | None:
    path = operation.get("path") if isinstance(operation, Mapping) else None
    return path.strip("/").replace("/", ".")[:100] if isinstance(path, str) else None


def _set(doc: dict[str, Any], pointer: str, value: Any) -> None:
    *parents, last = pointer.strip("/").split("/")
    here = doc
    for name in parents:
        below = here.get(name)
        if not isinstance(below, dict):
            below = here[name] = {}
        here = below
    here[last] = value
