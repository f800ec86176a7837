"""The HTTP adaptor: connection types ``http`` and legacy ``rest`` behind the engine's adaptor protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from celigo_pandas.engine.adaptors.http.dynamic_lookups import run_lookup
from celigo_pandas.engine.adaptors.http.http_exports import read_export
from celigo_pandas.engine.adaptors.http.http_imports import Importer
from celigo_pandas.engine.adaptors.http.kept_connection import Gates
from celigo_pandas.engine.adaptors.http.ping import send_ping
from celigo_pandas.engine.adaptors.http.sender import Sender
from celigo_pandas.engine.adaptors.protocol import Call, Chunk, Outgoing, PingOutcome, SourceFailure
from celigo_pandas.errors import MappingError
from celigo_pandas.handlebars.contexts import lookup_context

__all__ = ["HttpAdaptor"]


class HttpAdaptor:
    """Any REST source or destination, called as the platform would call it."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"ping", "export", "import", "lookup"})

    def __init__(self) -> None:
        self._gates = Gates()

    def ping(self, call: Call) -> PingOutcome:
        """Send the request of ``http.ping``; one request, more where a token is renewed."""
        return send_ping(call, self._gates)

    def open_export(self, call: Call, export_doc: Mapping[str, Any]) -> Iterator[Chunk]:
        """Yield one chunk per page of the source; one request a page."""
        # A generator, so that nothing happens, and nothing fails, before the first chunk is asked for.
        yield from read_export(Sender(call, self._gates), export_doc)

    def import_batch(
        self, call: Call, import_doc: Mapping[str, Any], batch: Sequence[Outgoing]
    ) -> list[dict[str, Any]]:
        """Submit records; one request per ``http.batchSize`` records, one outcome per record."""
        return Importer(Sender(call, self._gates), import_doc).submit(batch)

    def lookup(self, call: Call, lookup_doc: Mapping[str, Any], context: Mapping[str, Any]) -> object:
        """Answer one dynamic lookup; one request.

        Raises
        ------
        MappingError
            The lookup failed, which is that one record's error.
        """
        try:
            return run_lookup(Sender(call, self._gates), lookup_doc, lookup_context(context, call.context))
        except SourceFailure as error:
            message, code = error.message, error.code
        raise MappingError(message, source="lookup", code=code)
