"""Handlers that reach an outer system: ping, virtual exports, virtual imports."""

from __future__ import annotations

from collections.abc import Callable

from celigo_pandas.engine.api.document_handlers import DocumentHandlers
from celigo_pandas.engine.api.exchange import Answer, ApiRequest
from celigo_pandas.engine.refusals import invalid
from celigo_pandas.engine.storage.access import SavedAccess

__all__ = [
    "ChangingHandlers",
    "connection_metadata",
    "export_once",
    "export_page",
    "export_preview",
    "import_map",
    "import_preview",
    "import_records",
    "leave_walk",
    "ping_saved",
    "ping_virtual",
    "purge_messages",
    "run_saved_export",
    "run_saved_import",
]


async def _connection(request: ApiRequest) -> SavedAccess:
    return await request.engine.sources.connection(request.id)


async def ping_saved(request: ApiRequest) -> Answer:
    """Ping a stored connection and note whether it is offline."""
    return Answer(200, await request.engine.pings.ping(await _connection(request)))


async def ping_virtual(request: ApiRequest) -> Answer:
    """Ping a connection document that is not stored."""
    return Answer(200, await request.engine.pings.ping_document(request.json_object()))


async def connection_metadata(request: ApiRequest) -> Answer:
    """PUT metadata: what there is in a connection's system (tables, columns of a database)."""
    body = request.json_object()
    return Answer(200, await request.engine.pings.metadata(await _connection(request), body))


async def export_once(request: ApiRequest) -> Answer:
    """Run a virtual export and answer its first page, or all of it (a choice)."""
    access = await _connection(request)
    return Answer(200, ready=await request.engine.exports.once(access, request.json_object().get("export")))


async def export_preview(request: ApiRequest) -> Answer:
    """POST /exports/preview: the body is the export document, which names its connection."""
    return Answer(200, ready=await request.engine.exports.preview(request.json_object()))


async def run_saved_export(request: ApiRequest) -> Answer:
    """POST /exports/{id}/invoke: a saved export, paged; the body may hold ``pagedExportState``."""
    body = request.json_object() if request.content.strip() else {}
    return _page_answer(*await request.engine.exports.saved_page(request.id, body))


async def export_page(request: ApiRequest) -> Answer:
    """Run a virtual export page by page."""
    body = request.json_object()
    page = await request.engine.exports.page(request.id, body.get("export"), body.get("pagedExportState"))
    return _page_answer(*page)


def _page_answer(walk_id: str, ready: bytes) -> Answer:
    """Return a page, with the name under which its reader may end the walk: only this engine has such a thing."""
    return Answer(200, ready=ready, headers={"Celigo-Engine-Walk": walk_id})


async def leave_walk(request: ApiRequest) -> Answer:
    """End a paged export before its end: its source is let go at once, its pages are dropped."""
    await _connection(request)
    await request.engine.walks.leave(request.id, request.path["walkId"])
    return Answer(204)


async def import_records(request: ApiRequest) -> Answer:
    """Run a virtual import: one result a record."""
    body = request.json_object()
    access = await _connection(request)
    return Answer(200, ready=await request.engine.imports.submit(access, body.get("import"), body.get("data")))


async def import_map(request: ApiRequest) -> Answer:
    """Map records, and submit none."""
    body = request.json_object()
    access = await _connection(request)
    return Answer(200, ready=await request.engine.imports.map(access, body.get("import"), body.get("data")))


async def import_preview(request: ApiRequest) -> Answer:
    """POST /imports/preview: what an import would make of records, nothing submitted."""
    body = request.json_object()
    # Assumed: the document with its records beside, as in /exports/preview, or in the form of /import.
    import_doc = body["import"] if isinstance(body.get("import"), dict) else {**body}
    data = body.get("data") if import_doc is body.get("import") else import_doc.pop("data", None)
    return Answer(200, ready=await request.engine.imports.preview(import_doc, data))


async def run_saved_import(request: ApiRequest) -> Answer:
    """POST /imports/{id}/invoke: a saved import; the body is the array of records."""
    data = request.json()
    if not isinstance(data, list):
        raise invalid("invalid_field", f"The body is {type(data).__name__}; expected an array of records.")
    return Answer(200, ready=await request.engine.imports.submit_saved(request.id, data))


async def purge_messages(request: ApiRequest) -> Answer:
    """POST purgeMessages: the local engine queues nothing."""
    await _connection(request)
    if request.engine.choices.purge_of_nothing_is_error:
        raise invalid("queue_empty", "The queue of this connection is already empty.")
    return Answer(204)


class ChangingHandlers:
    """The routes that change a connection: its open walks end with the document they were begun under."""

    def __init__(self, handlers: DocumentHandlers) -> None:
        self._handlers = handlers

    async def replace(self, request: ApiRequest) -> Answer:
        """PUT one document: members left out are erased."""
        return await self._then_forget(request, self._handlers.replace)

    async def delete(self, request: ApiRequest) -> Answer:
        """DELETE one document."""
        return await self._then_forget(request, self._handlers.delete)

    async def _then_forget(self, request: ApiRequest, handle: Callable[[ApiRequest], Answer]) -> Answer:
        answer = await request.engine.workers.store(handle, request)
        await request.engine.walks.forget_connection(request.id)
        return answer
