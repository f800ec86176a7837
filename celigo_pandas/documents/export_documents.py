"""Export documents: what changes its source, what a virtual export may carry, and their digest.

A consuming export changes what it reads: records are marked as exported (``once``), files are deleted after they were
read (``file`` without ``skipDelete: true``), or a SQL text writes itself. Sent twice, such a page is lost, so it needs
the caller's consent and is never resent.

Source: the vendor's export schema (``type: once``, ``<adaptor>.once``, ``file.skipDelete``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from celigo_pandas.documents.sql_text import unread_verb, writing_verb

__all__ = ["consuming_member", "digest", "unread_query", "virtual"]

_READ_ONLY = frozenset(
    {"_id", "createdAt", "lastModified", "lastModifiedBy", "createdBy", "_integrationId", "_connectorId", "_sourceId",
     "_templateId", "_userId", "apiIdentifier", "aiDescription", "sandbox"}
)  # fmt: skip


def consuming_member(doc: Mapping[str, Any]) -> str | None:
    """Name the member that makes an export change its source.

    Parameters
    ----------
    doc : Mapping
        Export document, wire spelling.

    Returns
    -------
    str or None
        A dotted path such as ``"type"``, ``"rdbms.once"``, ``"rdbms.query"`` or ``"file.skipDelete"``; None when it
        only reads.
    """
    if doc.get("type") == "once":
        return "type"
    if _is_set(doc.get("once")):
        return "once"
    for name, block in doc.items():
        if isinstance(block, Mapping) and _is_set(block.get("once")):
            return f"{name}.once"
    file = doc.get("file")
    # Assumed: only a document with a parsed ``file`` block deletes; ``skipDelete`` must be the JSON value true. Beside
    # ``http`` the block says how an answer is read, and there is no file to delete.
    is_answer = any(isinstance(doc.get(name), Mapping) for name in ("http", "rest"))
    if isinstance(file, Mapping) and file.get("skipDelete") is not True and not is_answer:
        return "file.skipDelete"
    return next((f"{name}.query" for name, sql in _queries(doc) if writing_verb(sql)), None)


def unread_query(doc: Mapping[str, Any]) -> str | None:
    """Name the SQL text that is not known to only read, such as a procedure's call; None when there is none."""
    return next((f"{name}.query" for name, sql in _queries(doc) if unread_verb(sql) is not None), None)


def _queries(doc: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("rdbms", "jdbc"):
        block = doc.get(name)
        sql = block.get("query") if isinstance(block, Mapping) else None
        if isinstance(sql, str):
            yield name, sql


def _is_set(once: object) -> bool:
    return once is not None and once is not False


def virtual(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return a saved export as a virtual one: without the members that only the server writes."""
    return {name: value for name, value in doc.items() if name not in _READ_ONLY}


def digest(doc: Mapping[str, Any]) -> str:
    """Return a short name for what an export reads, the same for any order of members and any page size.

    Returns
    -------
    str
        16 hexadecimal characters.
    """
    members = {name: value for name, value in doc.items() if name != "pageSize"}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]
