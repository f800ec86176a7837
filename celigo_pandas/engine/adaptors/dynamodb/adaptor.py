"""The DynamoDB adaptor: ping, query, put and update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from celigo_pandas.engine.adaptors.aws.endpoints import DEFAULT_REGION
from celigo_pandas.engine.adaptors.dynamodb.reading import read_table
from celigo_pandas.engine.adaptors.dynamodb.requests import DynamoDb
from celigo_pandas.engine.adaptors.dynamodb.writing import write_batch
from celigo_pandas.engine.adaptors.protocol import Call, Chunk, Outgoing, PingOutcome, SourceFailure

__all__ = ["DynamodbAdaptor"]


class DynamodbAdaptor:
    """Tables of one account, in the region that each document names."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"ping", "export", "import"})

    def ping(self, call: Call) -> PingOutcome:
        """Ask for the name of one table; keys that may not do that are known all the same."""
        try:
            # A connection names no region, and keys are good in all.
            DynamoDb(call, DEFAULT_REGION).ask("ListTables", {"Limit": 1})
        except SourceFailure as failure:
            return PingOutcome(200) if failure.code == "permission_denied" else PingOutcome.of(failure)
        return PingOutcome(200)

    def open_export(self, call: Call, export_doc: Mapping[str, Any]) -> Iterator[Chunk]:
        """Read a query to its end; one request a page of the service."""
        yield from read_table(call, export_doc)

    def import_batch(
        self, call: Call, import_doc: Mapping[str, Any], batch: Sequence[Outgoing]
    ) -> list[dict[str, Any]]:
        """Put or update items; one request a record."""
        return write_batch(call, import_doc, batch)

    def lookup(self, call: Call, lookup_doc: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
        """The vendor's documents have no lookup in a table."""
        raise SourceFailure("DynamoDB answers no dynamic lookups.", code="unsupported", field="import.lookups")
