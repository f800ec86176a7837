"""The SQL adaptor: ping, stream a query, submit a batch, look a value up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, ClassVar

from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.engine.adaptors.protocol import Call, Chunk, Outgoing, PingOutcome, SourceFailure
from celigo_pandas.engine.adaptors.sql.database_failures import opened
from celigo_pandas.engine.adaptors.sql.databases import open_database
from celigo_pandas.engine.adaptors.sql.existence import existence_of, looked_up
from celigo_pandas.engine.adaptors.sql.metadata import read_metadata
from celigo_pandas.engine.adaptors.sql.query_reading import chunk_rows, read_query
from celigo_pandas.engine.adaptors.sql.result_columns import RecordMaker
from celigo_pandas.engine.adaptors.sql.statements import export_query, lookup_seen, render_sql
from celigo_pandas.engine.adaptors.sql.writing import write_batch

__all__ = ["SqlAdaptor"]


class SqlAdaptor:
    """One adaptor for every SQL database that SQLAlchemy has a dialect for here."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"ping", "export", "import", "lookup", "metadata"})

    def ping(self, call: Call) -> PingOutcome:
        """Connect and run a trivial query."""
        try:
            with opened(open_database(call), call) as connection:
                connection.exec_driver_sql("select 1").fetchall()
        except SourceFailure as failure:
            return PingOutcome.of(failure)
        return PingOutcome(200)

    def open_export(self, call: Call, export_doc: Mapping[str, Any]) -> Iterator[Chunk]:
        """Read ``rdbms.query`` once; ``rdbms.once.query`` runs for each record after its chunk was taken."""
        field = "export.rdbms.query"
        sql = render_sql(export_query(export_doc), call.context, field)
        found = open_database(call)
        once = export_doc["rdbms"].get("once") if export_doc.get("type") == "once" else None
        once = once.get("query") if isinstance(once, Mapping) else None
        after = None
        if isinstance(once, str) and once.strip():
            block = {"queryType": ["per_record"], "query": [once]}

            def after(records: list[Any]) -> None:
                batch = [Outgoing(position, record, record) for position, record in enumerate(records)]
                for result in write_batch(found, call, block, batch):
                    if result["statusCode"] != 200:
                        error = result["errors"][0]
                        raise SourceFailure(
                            f"rdbms.once.query failed: {error['message']}",
                            code=error["code"],
                            field="export.rdbms.once",
                        )

        call.place = found.database.place(call.connection.masked.get("rdbms") or {})
        return read_query(found, sql, chunk_rows(export_doc), call, after)

    def import_batch(
        self, call: Call, import_doc: Mapping[str, Any], batch: Sequence[Outgoing]
    ) -> list[dict[str, Any]]:
        """Submit in one transaction; ``ignoreExisting`` and ``ignoreMissing`` leave records out first."""
        block = import_doc.get("rdbms")
        if not isinstance(block, Mapping):
            text = "Expected field: rdbms to be present."
            raise SourceFailure(text, code="missing_required_field", field="import.rdbms")
        block = {**block, "lookups": list(MappingDocument.of(import_doc).lookup_docs().values())}
        is_ignored = self._ignoring(call, import_doc, block)
        ignored = {position for position, one in enumerate(batch) if is_ignored(one)}
        kept = [one for position, one in enumerate(batch) if position not in ignored]
        written = iter(write_batch(open_database(call), call, block, kept) if kept else [])
        return [
            {"statusCode": 200, "ignored": True} if position in ignored else next(written)
            for position in range(len(batch))
        ]

    def lookup(self, call: Call, lookup_doc: Mapping[str, Any], context: Mapping[str, Any]) -> object:
        """Return the column ``extract`` of the first row of ``query``, or its first column."""
        field = "import.lookups.query"
        query = lookup_doc.get("query")
        if not isinstance(query, str):
            text = "Expected field: query to be present."
            raise SourceFailure(text, code="missing_required_field", field=field)
        return self._look_up(call, lookup_doc, render_sql(query, lookup_seen(context, call.context), field))

    def _look_up(self, call: Call, lookup_doc: Mapping[str, Any], sql: str) -> object:
        found = open_database(call)
        with opened(found, call) as connection, closing(connection.connection.cursor()) as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
            if row is None:
                return None
            make = RecordMaker(connection.connection.dbapi_connection, cursor, found.database)
            (record,) = make([row])
            unreadable = make.take_errors()
        if unreadable:
            error = unreadable[0]
            raise SourceFailure(error["message"], code=error["code"], field="import.lookups.query")
        return looked_up(lookup_doc, record)

    def metadata(self, call: Call, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the database's tables, or their columns."""
        found = open_database(call)
        with opened(found, call) as connection:
            return read_metadata(found.database, connection, order)

    def _ignoring(
        self, call: Call, import_doc: Mapping[str, Any], block: Mapping[str, Any]
    ) -> Callable[[Outgoing], bool]:
        skips_existing, skips_missing = bool(import_doc.get("ignoreExisting")), bool(import_doc.get("ignoreMissing"))
        if not skips_existing and not skips_missing:
            return lambda one: False
        exists = existence_of(call, block, "ignore", lambda lookup, sql: self._look_up(call, lookup, sql))
        if exists is None:
            text = "ignoreExisting and ignoreMissing need rdbms.ignoreExtract or rdbms.ignoreLookupName."
            raise SourceFailure(text, code="missing_required_field", field="import.rdbms.ignoreExtract")
        return lambda one: skips_existing if exists(one) else skips_missing
