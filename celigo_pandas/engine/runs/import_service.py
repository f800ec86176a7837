"""Imports as requests ask for them: submitted, mapped only, previewed, and saved ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.refusals import invalid
from celigo_pandas.engine.runs.calls import Access
from celigo_pandas.engine.runs.importing import ImportRun, check_import
from celigo_pandas.engine.runs.script_runs import ScriptRuns
from celigo_pandas.engine.runs.sources import Sources
from celigo_pandas.engine.storage.access import VirtualAccess
from celigo_pandas.engine.texts import json_text

__all__ = ["ImportService"]

_PERHAPS_STORED = " Records that were submitted by then may be stored."


class ImportService:
    """Makes an :class:`ImportRun` of a document and its records and tells it what to do."""

    def __init__(self, sources: Sources, choices: Choices, scripts: ScriptRuns) -> None:
        self._sources = sources
        self._choices = choices
        self._scripts = scripts

    async def submit(self, access: Access, import_doc: object, data: object) -> bytes:
        """Submit records; one result a record."""
        return await self._answer(access, import_doc, data, ImportRun.submit)

    async def map(self, access: Access, import_doc: object, data: object) -> bytes:
        """Map records, and submit none."""
        return await self._answer(access, import_doc, data, ImportRun.map)

    async def preview(self, import_doc: dict[str, Any], data: object) -> bytes:
        """Return what an import would make of records; the document names its connection."""
        connection_id = import_doc.get("_connectionId")
        if not isinstance(connection_id, str):
            raise invalid("missing_required_field", "Expected field: _connectionId to be present.", "_connectionId")
        access = await self._sources.connection(connection_id)
        return await self._answer(access, import_doc, data, ImportRun.preview)

    async def submit_saved(self, import_id: str, data: list[Any]) -> bytes:
        """Submit records to a saved import."""
        doc = (await self._sources.saved("imports", import_id)).doc
        connection_id = doc.get("_connectionId")
        if connection_id is None:
            # What works through no connection is known by its adaptor alone.
            access: Access = VirtualAccess({"type": doc.get("adaptorType")})
        else:
            access = await self._sources.connection(str(connection_id))
        return await self.submit(access, doc, data)

    async def _answer(
        self, access: Access, import_doc: object, data: object, work: Callable[[ImportRun], Any]
    ) -> bytes:
        doc, records = check_import(import_doc, data)
        call = self._sources.call(access, "import", doc)
        run = ImportRun(call, doc, records, access, self._choices, self._scripts)

        def answers() -> bytes:
            redactor = access.redactor()
            results = work(run)
            if run.call.refusal is not None:
                # A lookup's refusal is one record's error; that of the credentials is the connection's, too.
                access.set_offline(True)
            # A service, or a lookup, may echo what it was sent.
            return redactor.json(json_text.dump(results))

        return await self._sources.work(access, run.call, answers, _PERHAPS_STORED)
