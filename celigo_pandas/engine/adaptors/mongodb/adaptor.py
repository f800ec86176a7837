"""The MongoDB adaptor: ping, read a query, insert and update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from celigo_pandas.engine.adaptors.mongodb.collection_queries import chunk_size, query_of
from celigo_pandas.engine.adaptors.mongodb.collection_reading import read_query
from celigo_pandas.engine.adaptors.mongodb.import_batches import write_batch
from celigo_pandas.engine.adaptors.mongodb.members import database_of, in_use, server_for
from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import limited
from celigo_pandas.engine.adaptors.protocol import Call, Chunk, Outgoing, PingOutcome, SourceFailure

__all__ = ["MongodbAdaptor"]


class MongodbAdaptor:
    """One adaptor for servers by themselves, replica sets and routers."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"ping", "export", "import"})

    def ping(self, call: Call) -> PingOutcome:
        """Log in and ask the database for a sign of life."""
        try:
            server = server_for(call)
            with in_use(call, server), limited(call):
                server.client[database_of(call)].command("ping")
        except SourceFailure as failure:
            return PingOutcome.of(failure)
        return PingOutcome(200)

    def open_export(self, call: Call, export_doc: Mapping[str, Any]) -> Iterator[Chunk]:
        """Read ``mongodb.filter`` and ``projection``, or ``pipeline``, once."""
        yield from read_query(call, query_of(call, export_doc), chunk_size(export_doc))

    def import_batch(
        self, call: Call, import_doc: Mapping[str, Any], batch: Sequence[Outgoing]
    ) -> list[dict[str, Any]]:
        """Insert or update; ``ignoreExisting`` and ``ignoreMissing`` leave records out first."""
        return write_batch(call, import_doc, batch)

    def lookup(self, call: Call, lookup_doc: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
        """The vendor's documents have no lookup in a collection."""
        raise SourceFailure("MongoDB answers no dynamic lookups.", code="unsupported", field="import.lookups")
