"""Handlers that reach an outer system: ping, virtual exports, virtual imports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, cast

from celigo_pandas.engine.adaptors.protocol import Call, Describing, SourceFailure
from celigo_pandas.engine.api.documents import DocumentHandlers
from celigo_pandas.engine.api.exchange import Answer, ApiRequest
from celigo_pandas.engine.refusals import Refusal, invalid, refusal_of
from celigo_pandas.engine.runs.calls import Access, built_adaptor, failed_source, not_built
from celigo_pandas.engine.runs.exporting import (
    check_export,
    export_pages,
    only_page,
    page_size_of,
    preview_stages,
    settle_source,
)
from celigo_pandas.engine.runs.importing import check_import, map_records, preview_import, submit_records
from celigo_pandas.engine.storage.access import SavedAccess, VirtualAccess
from celigo_pandas.engine.texts import json_text
from celigo_pandas.engine.walks.page_state import PageState, model_digest
from celigo_pandas.engine.walks.walk import Held, Rest, WalkSource
from celigo_pandas.errors import MissingExtraError, Problem
from celigo_pandas.resources.connections import validate_connection
from celigo_pandas.resources.exports import consuming_member

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


T = TypeVar("T")


async def ping_saved(request: ApiRequest) -> Answer:
    """Ping a stored connection and note whether it is offline."""
    access = await request.engine.workers.store(request.engine.access, request.id)
    return await _ping(request, access)


async def ping_virtual(request: ApiRequest) -> Answer:
    """Ping a connection document that is not stored."""
    doc = request.json_object()
    problems = validate_connection({"name": "virtual", **doc})
    if problems:
        raise Refusal(422, problems)
    access = VirtualAccess(doc)
    try:
        return await _ping(request, access)
    finally:
        access.close()


async def _ping(request: ApiRequest, access: Access) -> Answer:
    engine = request.engine
    try:
        adaptor = built_adaptor(access.masked, "ping")
        if adaptor is None:
            again = "It can be stored, and its exports answer from their mockOutput."
            return _untried(request, not_built(access.masked, "ping", again))
        call = engine.calls.make(access, "connection", access.masked)
        outcome = await _at_source(request, access, call, partial(adaptor.ping, call))
    except MissingExtraError as error:
        return _untried(request, refusal_of(error))
    except SourceFailure as failure:
        raise invalid(failure.code, access.redactor().text(failure.message), failure.field) from None
    good = outcome.code == 200 and not outcome.errors
    if outcome.checked and good != (not access.is_offline) and (good or outcome.code in _REFUSED):
        await engine.workers.store(access.set_offline, not good)
    if good:
        return Answer(200, {"code": 200})
    errors = [access.redactor().value(error) for error in outcome.errors]
    if engine.choices.ping_failure_in_body:
        notes = {} if outcome.checked else {"checked": False}
        return Answer(200, {"code": outcome.code, "errors": errors, **notes})
    problems = [Problem(str(one.get("code", "")), str(one.get("message", "")), source="connection") for one in errors]
    raise Refusal(422, problems or [Problem("ping_failed", f"The system answered {outcome.code}.")])


def _untried(request: ApiRequest, refusal: Refusal) -> Answer:
    """Answer a ping that could not be sent: nothing is known of the system, so the connection stays as it was."""
    if not request.engine.choices.ping_failure_in_body:
        raise refusal
    errors = [problem.to_dict() for problem in refusal.problems]
    return Answer(200, {"code": 422, "errors": errors, "checked": False, "reached": False})


async def connection_metadata(request: ApiRequest) -> Answer:
    """PUT metadata: what there is in a connection's system (tables, columns of a database)."""
    body = request.json_object()
    access = await request.engine.workers.store(request.engine.access, request.id)
    order = body.get(access.type)
    if not isinstance(order, dict):
        text = f"Expected field: {access.type} to be present."
        raise invalid("missing_required_field", text, access.type)
    if not isinstance(body.get("refreshCache", False), bool):
        raise invalid("invalid_field", "refreshCache is neither true nor false.", "refreshCache")
    adaptor = built_adaptor(access.masked, "metadata")
    if adaptor is None:
        raise not_built(access.masked, "metadata", "SQL databases have it.")
    if access.is_offline:
        raise invalid("connection_offline", "The connection is offline. Correct it, then ping it.", "_connectionId")
    call = request.engine.calls.make(access, "connection", access.masked)
    try:
        found = await _at_source(request, access, call, partial(cast(Describing, adaptor).metadata, call, order))
    except SourceFailure as failure:
        raise failed_source(failure, access, access.redactor(), request.engine.choices) from None
    return Answer(200, found)


_REFUSED = frozenset({401, 403})
"""What says something of the credentials; other trouble passes, and leaves the connection as it was."""


# exports ------------------------------------------------------------------------------------------------------------


async def export_once(request: ApiRequest) -> Answer:
    """Run a virtual export and answer its first page, or all of it (a choice)."""
    access = await request.engine.workers.store(request.engine.access, request.id)
    export_doc = check_export(request.json_object().get("export"))
    return await _one_shot(request, access, export_doc)


async def export_preview(request: ApiRequest) -> Answer:
    """POST /exports/preview: the body is the export document, which names its connection."""
    export_doc = check_export(request.json_object())
    connection_id = export_doc.get("_connectionId")
    if not isinstance(connection_id, str):
        raise invalid("missing_required_field", "Expected field: _connectionId to be present.", "_connectionId")
    engine = request.engine
    access = await engine.workers.store(engine.access, connection_id)
    call = engine.calls.make(access, "export", export_doc)

    def preview() -> bytes:
        return preview_stages(call, export_doc, access, access.redactor(), engine.choices)

    return Answer(200, ready=await _at_source(request, access, call, preview))


async def run_saved_export(request: ApiRequest) -> Answer:
    """POST /exports/{id}/invoke: a saved export, paged; the body may hold ``pagedExportState``."""
    body = request.json_object() if request.content.strip() else {}
    row = await request.engine.workers.store(request.engine.documents.row, "exports", request.id)
    if row.doc.get("_connectionId") is None:
        text = f"This {row.doc.get('adaptorType')} reads no connection: records are sent to it. It cannot be run here."
        raise invalid("adaptor_not_built", text, "adaptorType")
    return await _page(request, str(row.doc.get("_connectionId")), row.doc, body)


async def export_page(request: ApiRequest) -> Answer:
    """Run a virtual export page by page."""
    body = request.json_object()
    return await _page(request, request.id, body.get("export"), body)


async def _page(request: ApiRequest, connection_id: str, export_doc: Any, body: Mapping[str, Any]) -> Answer:
    engine = request.engine
    if body.get("pagedExportState") is None:
        access = await engine.workers.store(engine.access, connection_id)
    doc = check_export(export_doc)
    digest = model_digest(doc)
    if body.get("pagedExportState") is None:
        walk_id, ready = await engine.walks.begin(await _source_of(request, access, doc, digest))
        return _page_answer(walk_id, ready)
    state = PageState.from_wire(body["pagedExportState"], engine.vault, connection_id, digest)
    if engine.walks.is_open(state):
        return _page_answer(state.walk_id, await engine.walks.page(state))
    access = await engine.workers.store(engine.access, connection_id)
    # What reading changes is not read a second time.
    again = None if consuming_member(doc) else await _source_of(request, access, doc, digest)
    return _page_answer(state.walk_id, await engine.walks.page(state, again))


async def _source_of(request: ApiRequest, access: SavedAccess, doc: dict[str, Any], digest: str) -> WalkSource:
    engine = request.engine
    call = engine.calls.make(access, "export", doc)
    redactor = await engine.workers.store(access.redactor)
    return WalkSource(
        access.id,
        engine.places(access),
        digest,
        page_size_of(doc),
        export_pages(call, doc, access, redactor, engine.choices),
        call.stop,
        lambda: engine.calls.extend(call),
        Rest(call.at_end, lambda: settle_source(call, access, redactor, engine.choices)),
        Held(lambda: call.place, _title(doc, access), doc.get("type") != "once"),
    )


def _page_answer(walk_id: str, ready: bytes) -> Answer:
    """Return a page, with the name under which its reader may end the walk: only this engine has such a thing."""
    return Answer(200, ready=ready, headers={"Celigo-Engine-Walk": walk_id})


def _title(export_doc: Mapping[str, Any], access: Access) -> str:
    name = export_doc.get("name")
    export = f"the export {name!r:.80}" if isinstance(name, str) and name else "an export"
    return f"{export} of the connection {access.masked.get('name', access.id)!r:.80}"


async def leave_walk(request: ApiRequest) -> Answer:
    """End a paged export before its end: its source is let go at once, its pages are dropped."""
    await request.engine.workers.store(request.engine.access, request.id)
    await request.engine.walks.leave(request.id, request.path["walkId"])
    return Answer(204)


async def _one_shot(request: ApiRequest, access: SavedAccess, export_doc: dict[str, Any]) -> Answer:
    engine = request.engine
    call = engine.calls.make(access, "export", export_doc)
    doc = {**export_doc, "pageSize": 1_000_000} if engine.choices.export_answers_all else export_doc

    def first() -> bytes:
        return only_page(call, doc, access, access.redactor(), engine.choices)

    return Answer(200, ready=await _at_source(request, access, call, first))


# imports ------------------------------------------------------------------------------------------------------------


async def import_records(request: ApiRequest) -> Answer:
    """Run a virtual import: one result a record."""
    body = request.json_object()
    access = await request.engine.workers.store(request.engine.access, request.id)
    return await _import(request, access, body.get("import"), body.get("data"), submit_records)


async def import_map(request: ApiRequest) -> Answer:
    """Map records, and submit none."""
    body = request.json_object()
    access = await request.engine.workers.store(request.engine.access, request.id)
    return await _import(request, access, body.get("import"), body.get("data"), map_records)


async def import_preview(request: ApiRequest) -> Answer:
    """POST /imports/preview: what an import would make of records, nothing submitted."""
    body = request.json_object()
    # Assumed: the document with its records beside, as in /exports/preview, or in the form of /import.
    import_doc = body["import"] if isinstance(body.get("import"), dict) else {**body}
    data = body.get("data") if import_doc is body.get("import") else import_doc.pop("data", None)
    connection_id = import_doc.get("_connectionId")
    if not isinstance(connection_id, str):
        raise invalid("missing_required_field", "Expected field: _connectionId to be present.", "_connectionId")
    access = await request.engine.workers.store(request.engine.access, connection_id)
    return await _import(request, access, import_doc, data, preview_import)


async def run_saved_import(request: ApiRequest) -> Answer:
    """POST /imports/{id}/invoke: a saved import; the body is the array of records."""
    data = request.json()
    if not isinstance(data, list):
        raise invalid("invalid_field", f"The body is {type(data).__name__}; expected an array of records.")
    row = await request.engine.workers.store(request.engine.documents.row, "imports", request.id)
    connection_id = row.doc.get("_connectionId")
    if connection_id is None:
        # What works through no connection is known by its adaptor alone.
        access: Access = VirtualAccess({"type": row.doc.get("adaptorType")})
    else:
        access = await request.engine.workers.store(request.engine.access, str(connection_id))
    return await _import(request, access, row.doc, data, submit_records)


async def _import(request: ApiRequest, access: Access, import_doc: Any, data: Any, run: Callable[..., Any]) -> Answer:
    doc, records = check_import(import_doc, data)
    engine = request.engine
    call = engine.calls.make(access, "import", doc)

    def answers() -> bytes:
        redactor = access.redactor()
        results = run(call, doc, records, access, redactor, engine.choices)
        if call.refusal is not None:
            # A lookup's refusal is one record's error; that of the credentials is the connection's, too.
            access.set_offline(True)
        # A service, or a lookup, may echo what it was sent.
        return redactor.json(json_text.dump(results))

    return Answer(200, ready=await _at_source(request, access, call, answers, _PERHAPS_STORED))


_PERHAPS_STORED = " Records that were submitted by then may be stored."


async def purge_messages(request: ApiRequest) -> Answer:
    """POST purgeMessages: the local engine queues nothing."""
    await request.engine.workers.store(request.engine.access, request.id)
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


async def _at_source(request: ApiRequest, access: Access, call: Call, work: Callable[[], T], note: str = "") -> T:
    """Run work on one of the connection's places; a source that hangs is answered for when its time is up."""
    engine = request.engine
    limit_s = engine.settings.call_timeout_s

    def timed() -> T:
        call.deadline = time.monotonic() + limit_s
        return work()

    begun = asyncio.Event()

    async def held() -> T:
        async with engine.gates.hold(*engine.places(access)):
            begun.set()
            return await engine.workers.source(timed)

    # The place is held until the thread is free again, not until the request is answered.
    task = asyncio.ensure_future(held())
    waiting = asyncio.ensure_future(begun.wait())
    try:
        # Waiting for a place has its own end (429) and is no time of the source.
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    done, _ = await asyncio.wait([task], timeout=limit_s + _GRACE_S)
    if not done:
        call.stop.set()
        task.add_done_callback(_forget)
        raise invalid("source_timeout", f"The source did not answer in {limit_s:g} seconds.{note}")
    return task.result()


_GRACE_S = 5.0
"""Adaptors end their calls at the deadline themselves; this is for those that cannot."""


def _forget(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
