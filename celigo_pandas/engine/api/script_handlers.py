"""Handlers of scripts: documents as the others, but for their code, which lists leave out, and their log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celigo_pandas.documents.script_documents import LEVELS
from celigo_pandas.engine.api.document_handlers import DocumentHandlers
from celigo_pandas.engine.api.exchange import Answer, ApiRequest
from celigo_pandas.engine.api.list_answers import page_of
from celigo_pandas.engine.refusals import invalid

__all__ = ["ScriptHandlers"]

_TIME_DIGITS = 15


class ScriptHandlers(DocumentHandlers):
    """The routes of ``/scripts``."""

    def __init__(self) -> None:
        super().__init__("scripts")

    def delete(self, request: ApiRequest) -> Answer:
        """DELETE one script, and its log; one that documents refer to stays."""
        answer = super().delete(request)
        request.engine.script_log.clear(request.id)
        return answer

    def logs(self, request: ApiRequest) -> Answer:
        """GET what the script logged while it was debugged, the newest first."""
        engine = request.engine
        engine.documents.row(self.kind, request.id)
        since, until = _milliseconds(request, "time_gt"), _milliseconds(request, "time_lte")
        wanted = [
            entry
            for entry in reversed(engine.script_log.entries(request.id))
            if _is_wanted(entry, request)
            and (since is None or _moment(entry) > since)
            and (until is None or _moment(entry) <= until)
        ]
        page = page_of(request, wanted)
        following = {"nextPageURL": page.next_url} if page.next_url else {}
        return Answer(200, {"logs": list(page.rows), **following})


def _is_wanted(entry: dict[str, Any], request: ApiRequest) -> bool:
    query = request.query
    level = query.get("logLevel") or query.get("level")
    if level and level not in LEVELS:
        raise invalid("invalid_field", f"logLevel {level[:40]!r} is none of {', '.join(LEVELS)}.", "logLevel")
    asked = {"functionType": query.get("functionType"), "_resourceId": query.get("_resourceId"), "logLevel": level}
    return all(not wanted or entry.get(name) == wanted for name, wanted in asked.items())


def _milliseconds(request: ApiRequest, name: str) -> int | None:
    text = request.query.get(name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > _TIME_DIGITS:
        raise invalid("invalid_field", f"{name} {text[:40]!r} is no time in milliseconds since 1970.", name)
    return int(text)


def _moment(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(str(entry["time"]).replace("Z", "+00:00")).timestamp() * 1000
