"""Which requests could write: decided by endpoint, and for exports by what the document does to its source."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from celigo_pandas.client.json_bodies import decode
from celigo_pandas.client.messages import Request

__all__ = ["writing_reason"]

# POST routes that leave everything as it is. Evaluating a mapping and checking credentials are reads here.
_HARMLESS_POSTS = re.compile(
    r"/connections/ping\Z|/connections/[^/?#]+/(?:ping|test|export|export/pages|import/map)\Z|/exports/preview\Z|/imports/preview\Z"
)
# A PUT that asks: the server looks into the system, and changes nothing there.
_HARMLESS_PUTS = re.compile(r"/connections/[^/?#]+/metadata\Z")
_RUNS_EXPORT = re.compile(r"/connections/[^/]+/export(?:/pages)?\Z|/exports/preview\Z")
_HARMLESS_DELETES = re.compile(r"/connections/[^/?#]+/walks/(?!\.\.?\Z)[^/?#]+\Z")
# A GET that begins an authorization, whose end stores new tokens in the connection.
_WRITING_GETS = re.compile(r"/connections?/[^/]+/oauth2(?:\Z|[/?#])", re.IGNORECASE)


def writing_reason(request: Request) -> str | None:
    """Say why `request` could change something, or return None when it cannot."""
    if request.method in ("GET", "HEAD"):
        return "it starts an authorization" if _WRITING_GETS.match(request.path) else None
    if request.method == "PUT" and _HARMLESS_PUTS.match(request.path):
        return None
    if request.method == "DELETE" and _HARMLESS_DELETES.match(request.path):
        return None
    if request.method != "POST" or not _HARMLESS_POSTS.match(request.path):
        return "it can write"
    if request.repeat == "consume":
        return "this export changes its source"
    if _RUNS_EXPORT.match(request.path):
        member = _consuming_member(request)
        return f"this export changes its source, or may ({member})" if member else None
    return None


def _consuming_member(request: Request) -> str | None:
    try:
        body: Any = decode(request.body or b"{}")
    except ValueError:
        return "its body cannot be read"
    export = body.get("export", body) if isinstance(body, dict) else None
    if not isinstance(export, dict):
        return "its body holds no export"
    exports = import_module("celigo_pandas.documents.export_documents")
    member: str | None = exports.consuming_member(export) or exports.unread_query(export)
    return member
