"""Exports as requests ask for them: at once, in stages, page by page, and saved ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celigo_pandas.documents.export_documents import consuming_member
from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.refusals import invalid
from celigo_pandas.engine.runs.calls import Access
from celigo_pandas.engine.runs.exporting import ExportRun, check_export, page_size_of
from celigo_pandas.engine.runs.script_runs import ScriptRuns
from celigo_pandas.engine.runs.sources import Sources
from celigo_pandas.engine.storage.access import SavedAccess
from celigo_pandas.engine.storage.vault import Vault
from celigo_pandas.engine.walks.page_state import PageState, model_digest
from celigo_pandas.engine.walks.walk import Held, Rest, WalkSource
from celigo_pandas.engine.walks.walks import Walks

__all__ = ["ExportService"]


class ExportService:
    """Makes an :class:`ExportRun` of a document and tells it what to do."""

    def __init__(self, sources: Sources, walks: Walks, vault: Vault, choices: Choices, scripts: ScriptRuns) -> None:
        self._sources = sources
        self._walks = walks
        self._vault = vault
        self._choices = choices
        self._scripts = scripts

    async def once(self, access: Access, export_doc: object) -> bytes:
        """Return the first page of an export, or all of it (a choice)."""
        doc = check_export(export_doc)
        call = self._sources.call(access, "export", doc)
        asked = {**doc, "pageSize": 1_000_000} if self._choices.export_answers_all else doc
        run = ExportRun(call, asked, access, self._choices, self._scripts)
        return await self._sources.work(access, call, run.only_page)

    async def preview(self, export_doc: object) -> bytes:
        """Return what each step makes of the first page; the document names its connection."""
        doc = check_export(export_doc)
        connection_id = doc.get("_connectionId")
        if not isinstance(connection_id, str):
            raise invalid("missing_required_field", "Expected field: _connectionId to be present.", "_connectionId")
        access = await self._sources.connection(connection_id)
        run = self._run(access, doc)
        return await self._sources.work(access, run.call, run.preview)

    async def saved_page(self, export_id: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
        """Return a page of a saved export, as :meth:`page` does."""
        row = await self._sources.saved("exports", export_id)
        if row.doc.get("_connectionId") is None:
            kind = row.doc.get("adaptorType")
            text = f"This {kind} reads no connection: records are sent to it. It cannot be run here."
            raise invalid("adaptor_not_built", text, "adaptorType")
        return await self.page(str(row.doc.get("_connectionId")), row.doc, body.get("pagedExportState"))

    async def page(self, connection_id: str, export_doc: object, state: object) -> tuple[str, bytes]:
        """Return a page, and the name of the walk that it is of.

        Parameters
        ----------
        connection_id : str
        export_doc : dict
            The same for every page of a walk.
        state : dict, optional
            ``pagedExportState`` as the page before had it; None begins a walk.
        """
        access = await self._sources.connection(connection_id) if state is None else None
        doc = check_export(export_doc)
        digest = model_digest(doc)
        if access is not None:
            return await self._walks.begin(await self._walk_source(access, doc, digest))
        known = PageState.from_wire(state, self._vault, connection_id, digest)
        if self._walks.is_open(known):
            return known.walk_id, await self._walks.page(known)
        access = await self._sources.connection(connection_id)
        # What reading changes is not read a second time.
        again = None if consuming_member(doc) else await self._walk_source(access, doc, digest)
        return known.walk_id, await self._walks.page(known, again)

    def _run(self, access: Access, doc: dict[str, Any]) -> ExportRun:
        return ExportRun(self._sources.call(access, "export", doc), doc, access, self._choices, self._scripts)

    async def _walk_source(self, access: SavedAccess, doc: dict[str, Any], digest: str) -> WalkSource:
        run = self._run(access, doc)
        call = run.call
        await self._sources.unlock(access)
        return WalkSource(
            access.id,
            self._sources.places(access),
            digest,
            page_size_of(doc),
            run.pages(),
            call.stop,
            lambda: self._sources.extend(call),
            Rest(call.at_end, run.settle),
            Held(lambda: call.place, _title(doc, access), not _marks_what_it_reads(doc)),
        )


def _marks_what_it_reads(export_doc: Mapping[str, Any]) -> bool:
    """Whether each record that is read is marked in its source, which is for its reader alone to bring about."""
    blocks = [block for block in export_doc.values() if isinstance(block, Mapping)]
    return export_doc.get("type") == "once" and any(block.get("once") for block in blocks)


def _title(export_doc: Mapping[str, Any], access: Access) -> str:
    name = export_doc.get("name")
    export = f"the export {name!r:.80}" if isinstance(name, str) and name else "an export"
    return f"{export} of the connection {access.masked.get('name', access.id)!r:.80}"
