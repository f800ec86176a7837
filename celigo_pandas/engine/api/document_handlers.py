"""Handlers of stored documents: connections, saved exports and imports, and what scripts share with them."""

from __future__ import annotations

from celigo_pandas.engine.api.exchange import Answer, ApiRequest
from celigo_pandas.engine.api.list_answers import list_answer

__all__ = ["DocumentHandlers", "SavedHandlers"]


class DocumentHandlers:
    """The same six routes for one kind of document; each runs on a thread of the store's pool."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def list(self, request: ApiRequest) -> Answer:
        """GET the collection; ``_integrationId``, ``type`` and ``_connectionId`` filter it."""
        documents = request.engine.documents
        rows = documents.store.rows(self.kind)
        shown = [documents.listed(row) for row in rows]
        for name in ("_integrationId", "type", "_connectionId", "adaptorType", "externalId"):
            wanted = request.query.get(name)
            if wanted:
                shown = [document for document in shown if document.get(name) == wanted]
        return list_answer(request, shown)

    def create(self, request: ApiRequest) -> Answer:
        """POST a new document."""
        documents = request.engine.documents
        return Answer(201, documents.shown(documents.create(self.kind, request.json_object())))

    def get(self, request: ApiRequest) -> Answer:
        """GET one document."""
        documents = request.engine.documents
        return Answer(200, documents.shown(documents.row(self.kind, request.id), whole=True))

    def replace(self, request: ApiRequest) -> Answer:
        """PUT one document: members left out are erased."""
        documents = request.engine.documents
        documents.row(self.kind, request.id)
        return Answer(200, documents.shown(documents.replace(self.kind, request.id, request.json_object()), whole=True))

    def patch(self, request: ApiRequest) -> Answer:
        """PATCH whitelisted members."""
        documents = request.engine.documents
        documents.row(self.kind, request.id)
        row = documents.patch(self.kind, request.id, request.json())
        if request.engine.choices.patch_answers_document:
            return Answer(200, documents.shown(row, whole=True))
        return Answer(204)

    def delete(self, request: ApiRequest) -> Answer:
        """DELETE one document."""
        request.engine.documents.delete(self.kind, request.id)
        request.engine.caches.drop(request.id)
        return Answer(204)


class SavedHandlers(DocumentHandlers):
    """What saved exports and imports have besides."""

    def clone(self, request: ApiRequest) -> Answer:
        """POST a clone: a copy, under another name, on other connections where the body's map says so."""
        documents = request.engine.documents
        order = request.json_object() if request.content.strip() else {}
        return Answer(201, documents.shown(documents.clone(self.kind, request.id, order), whole=True))

    def replace_connection(self, request: ApiRequest) -> Answer:
        """PUT another connection in the place of the document's own; the body holds ``_newConnectionId``."""
        documents = request.engine.documents
        documents.row(self.kind, request.id)
        row = documents.replace_connection(self.kind, request.id, request.json_object().get("_newConnectionId"))
        return Answer(200, documents.shown(row, whole=True))
