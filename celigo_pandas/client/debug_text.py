"""The debug log of a connection: entries from the text the server writes, or from JSON.

Text form: a line ``<ISO time> <32 hex> <type> <resource id>``, then the JSON of the request or response.
Source: the documentation's article on debug logs. Whether the route answers text or JSON is not published, so both are
read.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["parse_debug_log"]

_HEAD = re.compile(
    r"^[ \t]*(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)[ \t]+([0-9a-fA-F-]{32,36})[ \t]+(\w+)[ \t]*(\w*)[ \t]*\r?$",
    re.MULTILINE,
)


def parse_debug_log(content: bytes) -> list[dict[str, Any]]:
    """Return one dict per entry: ``time, request_id, resource_type, resource_id, kind, payload``.

    ``kind`` is ``"request"``, ``"response"`` or None; what cannot be read as an entry is one with only a payload.
    """
    text = content.decode("utf-8", "replace").strip()
    if not text:
        return []
    if text[0] in '[{"':
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if value is not None:
            return _from_json(value)
    heads = list(_HEAD.finditer(text))
    if not heads:
        return [_entry(None, None, None, None, text)]
    entries = []
    if text[: heads[0].start()].strip():
        entries.append(_entry(None, None, None, None, text[: heads[0].start()].strip()))
    for position, head in enumerate(heads):
        end = heads[position + 1].start() if position + 1 < len(heads) else len(text)
        entries.append(_entry(head[1], head[2], head[3], head[4] or None, _payload(text[head.end() : end].strip())))
    return entries


def _from_json(value: object) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        value = next((value[name] for name in ("debug", "logs", "entries", "data") if name in value), [value])
    if isinstance(value, str):
        return parse_debug_log(value.encode("utf-8", "replace"))
    entries = []
    for element in value if isinstance(value, list) else [value]:
        if isinstance(element, str):
            entries += parse_debug_log(element.encode("utf-8", "replace"))
        elif isinstance(element, dict):
            entries.append(_from_members(element))
        else:
            entries.append(_entry(None, None, None, None, element))
    return entries


def _from_members(element: dict[str, Any]) -> dict[str, Any]:
    def first(*names: str) -> Any:
        return next((element[name] for name in names if element.get(name) is not None), None)

    known = {
        "time",
        "timestamp",
        "requestId",
        "id",
        "uuid",
        "reqId",
        "resourceType",
        "_resourceId",
        "resourceId",
        "type",
    }
    payload = first("payload", "request", "response", "body")
    if payload is None or "url" in element or "statusCode" in element:
        payload = {name: member for name, member in element.items() if name not in known}
    entry = _entry(
        first("time", "timestamp"),
        first("requestId", "reqId", "uuid", "id"),
        first("resourceType", "type"),
        first("_resourceId", "resourceId"),
        payload,
    )
    if entry["kind"] is None:
        entry["kind"] = (
            "request" if "request" in element else "response" if "response" in element else element.get("kind")
        )
    return entry


def _entry(
    time: object, request_id: object, resource_type: object, resource_id: object, payload: object
) -> dict[str, Any]:
    return {
        "time": time,
        "request_id": request_id,
        "resource_type": resource_type,
        "resource_id": resource_id,
        "kind": _kind(payload),
        "payload": payload,
    }


def _kind(payload: object) -> str | None:
    if not isinstance(payload, dict):
        return None
    if "statusCode" in payload or "status" in payload:
        return "response"
    return "request" if "url" in payload or "method" in payload else None


def _payload(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text or None
