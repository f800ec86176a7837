"""Handlers that look: the token, audit records, debug logs, dependencies."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from celigo_pandas.engine.api.exchange import Answer, ApiRequest
from celigo_pandas.engine.api.list_answers import list_answer
from celigo_pandas.engine.refusals import invalid

__all__ = ["ObservingHandlers", "clear_debug", "debug_entries", "token_info"]


def token_info(request: ApiRequest) -> Answer:
    """GET tokenInfo; ``engine`` tells clients that this is the local one."""
    return Answer(200, {"_userId": request.engine.user["_id"], "scope": "*", "engine": "celigo_pandas"})


class ObservingHandlers:
    """Who changed a document, and what uses it; the same two routes for each kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def audit_records(self, request: ApiRequest) -> Answer:
        """GET the audit records of a document, and of what is saved on a connection, the newest first."""
        documents = request.engine.documents
        documents.row(self.kind, request.id)
        used = documents.dependencies(request.id) if self.kind == "connections" else {}
        ids = [request.id, *(one["_id"] for kind in ("exports", "imports") for one in used.get(kind, []))]
        since, until = _moment(request, "from"), _moment(request, "to")
        records = [
            record
            for record in documents.store.audit_records(ids)
            if _wanted(record, request)
            and (since is None or _read(record["time"]) >= since)
            and (until is None or _read(record["time"]) <= until)
        ]
        answer = list_answer(request, records)
        return answer if answer.status == 200 else Answer(200, [])

    def dependencies(self, request: ApiRequest) -> Answer:
        """GET what uses a document, by kind; an empty object when nothing does."""
        request.engine.documents.row(self.kind, request.id)
        return Answer(200, request.engine.documents.dependencies(request.id))


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
    return not query.get("_byUserId") or record["byUser"]["_id"] == query["_byUserId"]


def _moment(request: ApiRequest, name: str) -> datetime | None:
    text = request.query.get(name)
    if not text:
        return None
    try:
        # A plus sign that the client did not escape arrives as a blank.
        return _read(re.sub(r" (?=\d\d:?\d\d$)", "+", text))
    except ValueError:
        raise invalid("invalid_field", f"{name} {text[:40]!r} is no ISO 8601 date.", name) from None


def _read(text: str) -> datetime:
    """Read an ISO time; without an offset it is UTC."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def debug_entries(request: ApiRequest) -> Answer:
    """GET the debug log of a connection, or of one resource on it, named in the path or as ``_resourceId``."""
    engine = request.engine
    engine.documents.row("connections", request.id)
    resource_id = request.path.get("resourceId") or request.query.get("_resourceId") or None
    if engine.choices.debug_is_text:
        text = engine.debug.text(request.id, resource_id)
        return Answer(200, ready=text.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8")
    return Answer(200, engine.debug.entries(request.id, resource_id))


def clear_debug(request: ApiRequest) -> Answer:
    """DELETE the debug log of a connection."""
    request.engine.documents.row("connections", request.id)
    request.engine.store.clear_debug(request.id)
    return Answer(204)
