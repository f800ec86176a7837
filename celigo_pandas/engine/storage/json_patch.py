"""PATCH: a JSON Patch whose paths are on the documented whitelist."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from celigo_pandas.documents.dotted import find_member, put_member, remove_member
from celigo_pandas.documents.patching import PATCH_TYPES
from celigo_pandas.documents.scalars import is_date
from celigo_pandas.engine.refusals import Refusal, invalid
from celigo_pandas.errors import Problem

__all__ = ["apply_patch"]

_OPERATIONS = ("replace", "add", "remove")
_ABSENT = object()


def apply_patch(kind: str, doc: dict[str, Any], operations: object) -> dict[str, Any]:
    """Return a changed copy of `doc`: all operations in order, or none.

    Raises
    ------
    Refusal
        422 for an operation that is not taken, a path off the whitelist, a value of another type, nothing to remove.
    """
    if not isinstance(operations, list) or not operations:
        raise invalid("invalid_patch", "A PATCH body is a JSON array of operations, with at least one.")
    changed = copy.deepcopy(doc)
    problems = []
    for position, operation in enumerate(operations):
        problem = _problem(kind, operation, changed)
        if problem:
            problems.append(Problem("invalid_patch", f"Operation {position}: {problem}", _field(operation)))
        else:
            _apply(changed, operation)
    if problems:
        raise Refusal(422, problems)
    return changed


def _problem(kind: str, operation: object, doc: Mapping[str, Any]) -> str | None:
    if not isinstance(operation, Mapping):
        return "it is no object."
    if operation.get("op") not in _OPERATIONS:
        return f"op {operation.get('op')!r:.40} is not taken; expected one of {', '.join(map(repr, _OPERATIONS))}."
    path = operation.get("path")
    dotted = _dotted(path) if isinstance(path, str) else ""
    if dotted not in PATCH_TYPES[kind]:
        known = ", ".join(sorted(_pointer(name) for name in PATCH_TYPES[kind]))
        return f"path {path!r:.80} is not on the whitelist: {known}."
    if operation["op"] == "remove":
        return _removal_problem(dotted, doc)
    block, *inner = dotted.split(".")[:-1] or [""]
    if block and not isinstance(doc.get(block), Mapping):
        return f"path {path} is below {block}, which this document does not have."
    above = ".".join([block, *inner])
    if inner and not isinstance(find_member(doc, above) or {}, Mapping):
        return f"path {path} is below {above}, which is no object in this document."
    return _value_problem(dotted, operation, PATCH_TYPES[kind][dotted])


def _removal_problem(dotted: str, doc: Mapping[str, Any]) -> str | None:
    if dotted == "name":
        return "name cannot be removed."
    return f"there is no {_pointer(dotted)} to remove." if find_member(doc, dotted, _ABSENT) is _ABSENT else None


def _value_problem(dotted: str, operation: Mapping[str, Any], wanted: tuple[type, ...]) -> str | None:
    if "value" not in operation:
        return "it has no value."
    value: Any = operation["value"]
    pointer = _pointer(dotted)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        return f"the value of {pointer} is {type(value).__name__}; expected {' or '.join(t.__name__ for t in wanted)}."
    if dotted in ("debugDate", "debugUntil") and not is_date(value):
        return f"the value of {pointer} is no ISO 8601 date."
    if dotted == "name" and not 0 < len(str(value)) <= 100:
        return "the value of /name needs 1 to 100 characters."
    return None


def _dotted(pointer: str) -> str:
    return pointer[1:].replace("/", ".") if pointer.startswith("/") and "." not in pointer else ""


def _pointer(dotted: str) -> str:
    return "/" + dotted.replace(".", "/")


def _field(operation: object) -> str | None:
    path = operation.get("path") if isinstance(operation, Mapping) else None
    return path.strip("/").replace("/", ".")[:100] if isinstance(path, str) else None


def _apply(doc: dict[str, Any], operation: Mapping[str, Any]) -> None:
    path = _dotted(operation["path"])
    if operation["op"] == "remove":
        remove_member(doc, path)
    else:
        put_member(doc, path, copy.deepcopy(operation["value"]))
