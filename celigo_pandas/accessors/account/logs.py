"""Debug log, audit log and dependencies as DataFrames, whichever plausible shape the server answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

__all__ = ["audit_frame", "debug_frame", "dependencies_frame", "script_log_frame"]

_YEAR_5138 = 1e11

DEBUG_COLUMNS = ("time", "request_id", "resource_type", "resource_id", "kind", "payload")
AUDIT_COLUMNS = (
    "time",
    "event",
    "source",
    "user",
    "email",
    "resource_type",
    "resource_id",
    "field",
    "old_value",
    "new_value",
)
SCRIPT_LOG_COLUMNS = ("time", "level", "function", "resource_id", "message")
DEPENDENCY_COLUMNS = ("kind", "id", "name", "paths", "access_level", "dependency_ids")


def debug_frame(entries: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per entry: ``time`` (UTC), ids as text, ``payload`` the decoded JSON of the request or response."""
    return _frame(entries, DEBUG_COLUMNS)


def audit_frame(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per changed field, one for a record without any; ``fieldChanges`` and ``fieldChange`` are both read."""
    rows: list[dict[str, Any]] = []
    for record in records:
        user = record.get("byUser")
        user = user if isinstance(user, Mapping) else {"_id": user}
        shared = {
            "time": record.get("time"),
            "event": record.get("event"),
            "source": record.get("source"),
            "user": user.get("name") or user.get("_id") or record.get("_byUserId"),
            "email": user.get("email"),
            "resource_type": record.get("resourceType"),
            "resource_id": record.get("_resourceId"),
        }
        for change in _changes(record) or [{}]:
            field = change.get("fieldPath", change.get("field"))
            values = {"field": field, "old_value": change.get("oldValue"), "new_value": change.get("newValue")}
            rows.append({**shared, **values})
    return _frame(rows, AUDIT_COLUMNS)


def script_log_frame(entries: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per line that a script logged, as the server gives them."""
    return _frame(
        (
            {
                "time": entry.get("time"),
                "level": str(entry.get("logLevel", entry.get("level", ""))).lower() or None,
                "function": entry.get("functionType"),
                "resource_id": entry.get("_resourceId"),
                "message": entry.get("message"),
            }
            for entry in entries
        ),
        SCRIPT_LOG_COLUMNS,
    )


def dependencies_frame(body: object) -> pd.DataFrame:
    """One row per resource that uses the connection; ``kind`` in the server's plural (``exports``, ``flows``)."""
    rows: list[dict[str, Any]] = []
    if isinstance(body, Mapping) and isinstance(body.get("dependencies"), (Mapping, list)):
        body = body["dependencies"]
    if isinstance(body, Mapping):
        for kind, resources in body.items():
            rows += [_dependency(kind, resource) for resource in _as_list(resources)]
    else:
        rows += [_dependency(None, resource) for resource in _as_list(body)]
    return _frame(rows, DEPENDENCY_COLUMNS)


def _changes(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    for name in ("fieldChanges", "fieldChange"):
        changes = [change for change in _as_list(record.get(name)) if isinstance(change, Mapping)]
        if changes:
            return changes
    return []


def _as_list(value: object) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping) and not {"_id", "id", "name", "fieldPath", "field"} & set(value):
        # An object keyed by id: each value is a resource, or its name.
        return [
            {"id": key, **member} if isinstance(member, Mapping) else {"id": key, "name": member}
            for key, member in value.items()
        ]
    return [value]


def _dependency(kind: str | None, resource: object) -> dict[str, Any]:
    if not isinstance(resource, Mapping):
        return {"kind": kind, "id": resource}
    return {
        "kind": kind or resource.get("type") or resource.get("resourceType"),
        "id": resource.get("id", resource.get("_id", resource.get("_resourceId"))),
        "name": resource.get("name"),
        "paths": resource.get("paths"),
        "access_level": resource.get("accessLevel"),
        "dependency_ids": resource.get("dependencyIds"),
    }


def _frame(rows: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    listed = list(rows)
    series = {name: pd.Series([row.get(name) for row in listed], dtype="object") for name in columns}
    if "time" in series:
        series["time"] = pd.to_datetime(series["time"].map(_time_text), utc=True, errors="coerce", format="ISO8601")
    return pd.DataFrame(series)


def _time_text(time: object) -> Any:
    """Write a number as the time it counts to: seconds since 1970, or milliseconds where those would be far ahead."""
    if isinstance(time, bool) or not isinstance(time, (int, float)) or not math.isfinite(time):
        return time
    unit: Any = "ms" if abs(time) >= _YEAR_5138 else "s"
    try:
        return pd.Timestamp(time, unit=unit, tz="UTC").isoformat()
    except (ValueError, OverflowError):
        return None
