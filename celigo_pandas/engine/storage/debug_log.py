"""Debug entries: what a connection sent and got while its ``debugDate`` lies ahead, kept for 24 hours.

Source of the form and the times: the vendor's page on debug logs. Entries hold request and response bodies, so they
are encrypted in the store; credentials are left out by the adaptor and masked again here by value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from celigo_pandas.documents.scalars import is_date
from celigo_pandas.engine.failures import VaultError
from celigo_pandas.engine.storage.access import SavedAccess, VirtualAccess
from celigo_pandas.engine.storage.store import Store
from celigo_pandas.engine.storage.vault import Vault
from celigo_pandas.engine.texts import json_text

__all__ = ["DebugLog"]

_KEPT_S = 86_400.0
_BODY_CHARS = 100_000
_LABEL = "debug"


class DebugLog:
    """Writes and reads the debug entries of connections."""

    def __init__(self, store: Store, vault: Vault, now: Callable[[], datetime]) -> None:
        self._store = store
        self._vault = vault
        self._now = now

    def writer(
        self, access: SavedAccess | VirtualAccess, kind: str, doc: Mapping[str, Any]
    ) -> Callable[[str, Mapping[str, Any]], None]:
        """Return what writes the entries of one call of a document; it does nothing while debugging is off."""
        if not self.is_on(access, doc):
            return _write_nothing
        resource_id = _id(str(doc.get("_id", access.id)))
        redactor = access.redactor()
        pair = os.urandom(16).hex()

        def write(direction: str, payload: Mapping[str, Any]) -> None:
            nonlocal pair
            if direction == "request":
                pair = os.urandom(16).hex()
            moment = self._now().astimezone(timezone.utc)
            entry = {
                "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
                "uuid": pair,
                "type": kind,
                "_resourceId": resource_id,
                # Masked before it is cut: half a secret would not be found.
                direction: _cut(redactor.value(_as_text(payload))),
            }
            packed = self._vault.pack(json_text.dump(entry), _LABEL)
            self._store.add_debug(access.id, resource_id, moment.timestamp(), packed)

        return write

    def entries(self, connection_id: str, resource_id: str | None) -> list[dict[str, Any]]:
        """Return the entries of a connection, the oldest first."""
        resource_id = None if resource_id is None else _id(resource_id)
        since = self._now().timestamp() - _KEPT_S
        found = []
        for packed in self._store.debug_entries(connection_id, resource_id, since):
            try:
                found.append(json_text.load(self._vault.unpack(packed, _LABEL)))
            except VaultError:
                continue
        return found

    def text(self, connection_id: str, resource_id: str | None) -> str:
        """Return the entries in the documented text form."""
        parts = []
        for entry in self.entries(connection_id, resource_id):
            body = entry.get("request") or entry.get("response") or {}
            head = f"{entry['time']} {entry['uuid']} {entry['type']} {entry['_resourceId']}"
            parts.append(f"{head}\n{json_text.dump(body).decode('utf-8', 'surrogatepass')}\n")
        return "".join(parts)

    def is_on(self, access: SavedAccess | VirtualAccess, doc: Mapping[str, Any]) -> bool:
        """Whether entries are written: a date of the connection, or of the document that runs on it, lies ahead."""
        if isinstance(access, VirtualAccess):
            return False
        dates = [holder.get(name) for holder in (access.masked, doc) for name in ("debugDate", "debugUntil")]
        return any(self._is_ahead(date) for date in dates)

    def _is_ahead(self, date: object) -> bool:
        if not isinstance(date, str) or not is_date(date):
            return False
        end = datetime.fromisoformat(date.replace("Z", "+00:00"))
        return (end if end.tzinfo else end.replace(tzinfo=timezone.utc)) > self._now()


def _write_nothing(direction: str, payload: Mapping[str, Any]) -> None:
    """Debugging is off."""


def _as_text(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    body = payload.get("body")
    return (
        {**payload, "body": bytes(body).decode("utf-8", "replace")} if isinstance(body, (bytes, bytearray)) else payload
    )


def _cut(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    body = payload.get("body")
    if not isinstance(body, str) or len(body) <= _BODY_CHARS:
        return payload
    return {**payload, "body": body[:_BODY_CHARS] + "…"}


def _id(text: str) -> str:
    """Return an id that cannot be taken for another line, or another field of its line."""
    return re.sub(r"[^\w-]", "?", text)[:100]
