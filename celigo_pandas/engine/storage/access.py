"""A connection as adaptors see it: masked always, real only on demand, with a cache that follows its version."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from celigo_pandas.documents.dotted import put_member
from celigo_pandas.engine.failures import SourceFailure
from celigo_pandas.engine.safety.masking import Redactor, mask, secret_values
from celigo_pandas.engine.storage.document_service import DocumentService
from celigo_pandas.engine.storage.store import Row

__all__ = ["Caches", "SavedAccess", "VirtualAccess"]


class Caches:
    """What adaptors keep per connection (pools, tokens); dropped when the document changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[int, dict[str, Any]]] = {}

    def get(self, id: str, version: int) -> dict[str, Any]:
        """Return the cache of one version of a connection."""
        with self._lock:
            known = self._held.get(id)
            if known is not None and known[0] == version:
                return known[1]
            if known is not None and known[0] > version:
                # A call of the document before: it ends soon, and must not drop what calls of this one share.
                return {}
            fresh: dict[str, Any] = {}
            self._held[id] = (version, fresh)
        if known is not None:
            _release(known[1])
        return fresh

    def drop(self, id: str) -> None:
        """Forget a connection that is gone."""
        with self._lock:
            known = self._held.pop(id, None)
        if known is not None:
            _release(known[1])

    def close(self) -> None:
        """Release everything."""
        for id in list(self._held):
            self.drop(id)


class SavedAccess:
    """A stored connection."""

    def __init__(self, row: Row, documents: DocumentService, caches: Caches) -> None:
        self.id = row.id
        self.type = str(row.doc.get("type"))
        self.is_offline = row.offline
        self._row = row
        self._documents = documents
        self._caches = caches
        self._redactor: Redactor | None = None
        self._known = row.sealed

    @property
    def masked(self) -> Mapping[str, Any]:
        """The document with its secrets masked."""
        return self._row.doc

    @property
    def version(self) -> int:
        """Which document this is; another one under the same id has another version."""
        return self._row.version

    def secrets(self) -> dict[str, Any]:
        """The document with its real secrets, as stored now.

        Raises
        ------
        SourceFailure
            The document was replaced: a call that began under another one must not get its secrets.
        """
        row = self._documents.row("connections", self.id)
        if row.version != self.version:
            raise _replaced()
        real = self._documents.secrets(row)
        if row.sealed != self._known:
            self._known = row.sealed
            self.redactor().learn(secret_values(real))
        return real

    def store_secrets(self, changes: Mapping[str, Any]) -> None:
        """Store refreshed values; SourceFailure when the document they are for was replaced."""
        self.redactor().learn(str(value) for value in changes.values() if value is not None)
        if not self._documents.store_secrets(self.id, changes, self.version):
            raise _replaced()

    def cache(self) -> dict[str, Any]:
        """The cache of this version of the document."""
        return self._caches.get(self.id, self._row.version)

    def redactor(self) -> Redactor:
        """What masks this connection's secrets by value: all that were handed out to this call so far."""
        if self._redactor is None:
            self._redactor = Redactor(self._documents.secrets(self._row))
        return self._redactor

    def set_offline(self, offline: bool) -> None:
        """Mark the connection, if that changes anything and it is still this document."""
        if offline != self.is_offline:
            self.is_offline = offline
            self._documents.store.set_offline(self.id, offline, self.version)


class VirtualAccess:
    """A connection document that is not stored (``POST /connections/ping``)."""

    id = "virtual"
    version = 0
    is_offline = False

    def __init__(self, doc: Mapping[str, Any]) -> None:
        self.type = str(doc.get("type"))
        self._doc = dict(doc)
        self._redactor = Redactor(self._doc)
        self._cache: dict[str, Any] = {}

    @property
    def masked(self) -> Mapping[str, Any]:
        """The document with its secrets masked."""
        return mask(self._doc)

    def secrets(self) -> dict[str, Any]:
        """The document as it was given."""
        return self._doc

    def store_secrets(self, changes: Mapping[str, Any]) -> None:
        """Keep new values for this call."""
        self._redactor.learn(str(value) for value in changes.values() if value is not None)
        for path, value in changes.items():
            put_member(self._doc, path, value)

    def cache(self) -> dict[str, Any]:
        """A cache for this call."""
        return self._cache

    def redactor(self) -> Redactor:
        """What masks the document's secrets by value."""
        return self._redactor

    def set_offline(self, offline: bool) -> None:
        """Nothing is stored."""

    def close(self) -> None:
        """Release what the call kept."""
        _release(self._cache)


def _replaced() -> SourceFailure:
    text = "The connection was changed while this call ran; what the call had begun under the old document was stopped."
    return SourceFailure(text, code="connection_changed", field="_connectionId")


def _release(cache: dict[str, Any]) -> None:
    for value in cache.values():
        for name in ("dispose", "close"):
            end = getattr(value, name, None)
            if callable(end):
                with suppress(Exception):
                    end()
                break
