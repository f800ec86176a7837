"""Handlers that look: the token, audit records, debug logs, dependencies."""

from __future__ import annotations

from typing import Any

from celigo_pandas.engine.api.exchange import Answer, ApiRequest
from celigo_pandas.engine.api.listing import list_answer

__all__ = ["audit_records", "clear_debug", "debug_entries", "dependencies", "token_info"]


def token_info(request: ApiRequest) -> Answer:
    """GET tokenInfo; ``engine`` tells clients that this is the local one."""
    return Answer(200, {"_userId": request.engine.user["_id"], "scope": "*", "engine": "celigo_pandas"})


def audit_records(request: ApiRequest) -> Answer:
    """GET the audit records of a connection and of what is saved on it, the newest first."""
    documents = request.engine.documents
    documents.row("connections", request.id)
    used = documents.dependencies(request.id)
    ids = [request.id, *(one["_id"] for kind in ("exports", "imports") for one in used.get(kind, []))]
    records = [record for record in documents.store.audit_records(ids) if _wanted(record, request)]
    answer = list_answer(request, records)
    return answer if answer.status == 200 else Answer(200, [])


def _wanted(record: dict[str, Any], request: ApiRequest) -> bool:
    query = request.query
    pairs = (
        ("action", "event"),
        ("source", "source"),
        ("resourceType", "resourceType"),
        ("_resourceId", "_resourceId"),
    )
    if any(query.get(name) and record.get(member) != query[name] for name, member in pairs):
        return False
    if query.get("_byUserId") and record["byUser"]["_id"] != query["_byUserId"]:
        return False
    # ISO times of one form compare as text.
    return (not query.get("from") or record["time"] >= query["from"]) and (
        not query.get("to") or record["time"] <= query["to"]
    )


def debug_entries(request: ApiRequest) -> Answer:
    """GET the debug log of a connection, or of one resource on it."""
    engine = request.engine
    engine.documents.row("connections", request.id)
    resource_id = request.path.get("resourceId")
    if engine.choices.debug_is_text:
        text = engine.debug.text(request.id, resource_id)
        return Answer(200, ready=text.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8")
    return Answer(200, engine.debug.entries(request.id, resource_id))


def clear_debug(request: ApiRequest) -> Answer:
    """DELETE the debug log of a connection."""
    request.engine.documents.row("connections", request.id)
    request.engine.store.clear_debug(request.id)
    return Answer(204)


def dependencies(request: ApiRequest) -> Answer:
    """GET what uses a connection, by kind; an empty object when nothing does."""
    request.engine.documents.row("connections", request.id)
    return Answer(200, request.engine.documents.dependencies(request.id))
