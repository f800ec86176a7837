"""Audit records: who changed what when, with every secret masked.

Changes are found in the real documents, so that a new password shows as a change, and written from the masked ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from celigo_pandas.documents.secret import MASK

__all__ = ["change_records"]

_SILENT = frozenset({"lastModified", "createdAt", "_id"})
_ABSENT = object()


def change_records(
    event: str,
    resource_type: str,
    resource_id: str,
    *,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    masked_old: Mapping[str, Any],
    masked_new: Mapping[str, Any],
    person: Mapping[str, str],
    time: str,
    new_id: Callable[[], str],
    as_list: bool,
) -> list[dict[str, Any]]:
    """Return the audit records of one change.

    Parameters
    ----------
    event : {"create", "update", "delete"}
    old, new : mapping
        The real documents; compared, never written.
    masked_old, masked_new : mapping
        Their masked forms; all that is written.
    as_list : bool
        One record with ``fieldChanges``, or one a change with ``fieldChange``.
    """
    changes = []
    if event == "update":
        for path in _changed(old, new, ()):
            before, after = _at(masked_old, path), _at(masked_new, path)
            if before == after == _ABSENT:
                continue
            change: dict[str, Any] = {"fieldPath": ".".join(path)}
            if before is not _ABSENT:
                change["oldValue"] = before
            if after is not _ABSENT:
                change["newValue"] = after
            changes.append(change)

    def record(**more: Any) -> dict[str, Any]:
        return {
            "_id": new_id(),
            "resourceType": resource_type,
            "_resourceId": resource_id,
            "event": event,
            "source": "api",
            "time": time,
            "byUser": dict(person),
            **more,
        }

    if as_list:
        return [record(fieldChanges=changes)]
    return [record(fieldChange=change) for change in changes] or [record()]


def _changed(old: object, new: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in (*old, *(name for name in new if name not in old)):
            if path or name not in _SILENT:
                yield from _changed(old.get(name, _ABSENT), new.get(name, _ABSENT), (*path, name))
    elif old is _ABSENT or new is _ABSENT or type(old) is not type(new) or old != new:
        yield path


def _at(doc: object, path: tuple[str, ...]) -> Any:
    for name in path:
        if doc == MASK:  # the whole block is one secret (``http.encrypted``)
            return MASK
        if not isinstance(doc, Mapping) or name not in doc:
            return _ABSENT
        doc = doc[name]
    return doc
