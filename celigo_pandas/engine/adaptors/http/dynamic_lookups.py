"""Dynamic lookups: one request that answers one value.

Facts: integrator-api.md, sections 6.2 and 7.1. A lookup's ``relativeURI`` and ``body`` see the record; ``extract``
reads the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celigo_pandas.engine.adaptors.http.answer_paths import MISSING, is_given, one
from celigo_pandas.engine.adaptors.http.drafts import Spec
from celigo_pandas.engine.adaptors.http.received import other_origin
from celigo_pandas.engine.adaptors.http.refusal_messages import message_of
from celigo_pandas.engine.adaptors.http.sender import Sender
from celigo_pandas.engine.adaptors.protocol import SourceFailure

__all__ = ["find_lookup", "run_lookup"]


def find_lookup(lookups: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """Return the lookup document of a name."""
    return next((lookup for lookup in lookups if lookup.get("name") == name), None)


def run_lookup(sender: Sender, lookup_doc: Mapping[str, Any], context: Mapping[str, Any]) -> object:
    """Return what the source answers, or None when nothing matched.

    Raises
    ------
    SourceFailure
        The request failed with anything but 404.
    """
    relative = lookup_doc.get("relativeURI")
    if not relative:
        raise SourceFailure(
            f"Lookup {lookup_doc.get('name')!r} has no relativeURI.", code="missing_required_field", field="lookups"
        )
    received = sender.send(
        Spec(
            method=str(lookup_doc.get("method") or "GET"),
            uri=str(relative),
            headers=lookup_doc.get("headers") or (),
            body=str(lookup_doc["body"]) if lookup_doc.get("body") else None,
            media=sender.media,
            accept=sender.accept,
            context=context,
        )
    )
    answer = received.answer
    if answer.status == 404:
        return None
    body = received.body(sender.accept)
    note = "" if received.is_own else " " + other_origin(answer.url)
    if not answer.is_success:
        raise SourceFailure(
            sender.redact(
                f"Lookup {lookup_doc.get('name')!r} answered status {answer.status}: "
                f"{message_of(body, hide=sender.hidden) or 'no reason'}{note}"
            ),
            code=str(answer.status),
        )
    found = one(body, lookup_doc.get("extract"))
    return None if found is MISSING or not is_given(found) else found
