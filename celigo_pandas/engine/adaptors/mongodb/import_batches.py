"""Imports: what a document says is read, records that are to be left out are found, the others are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from celigo_pandas.engine.adaptors.mongodb.documents import block_of, collection_of
from celigo_pandas.engine.adaptors.mongodb.ignored_records import ignored_records
from celigo_pandas.engine.adaptors.mongodb.inserting import insert_many
from celigo_pandas.engine.adaptors.mongodb.members import database_of, server_for
from celigo_pandas.engine.adaptors.mongodb.mongodb_outcomes import Result
from celigo_pandas.engine.adaptors.mongodb.updating import update_one
from celigo_pandas.engine.adaptors.protocol import Call, Outgoing, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["write_batch"]

Write = Callable[[Call, str, list[Outgoing]], list[Result]]
"""Writes records to a collection, by its name."""


def write_batch(call: Call, import_doc: Mapping[str, Any], batch: Sequence[Outgoing]) -> list[Result]:
    """Submit records; one result a record.

    Raises
    ------
    SourceFailure
        The document cannot be used, or the database cannot be reached; nothing was written.
    """
    block = block_of(import_doc, "import")
    name = collection_of(block, "import")
    write = _METHODS.get(str(block.get("method")))
    if write is None:
        field = "import.mongodb.method"
        text = f"{field}: got {shown(block.get('method'))}; expected {' or '.join(_METHODS)}."
        raise SourceFailure(text, code="invalid_field", field=field, sent=False)
    prepared = write(block)
    server, database = server_for(call), database_of(call)
    url = f"mongodb://{server.address}/{database}"
    call.debug("request", {"url": url, "method": str(block.get("method")), "body": f"{len(batch)} records to {name}"})
    outcomes = ignored_records(call, name, import_doc, block, batch)
    written = iter(prepared(call, name, [one for place, one in enumerate(batch) if place not in outcomes]))
    return [outcomes.get(place) or next(written) for place in range(len(batch))]


_METHODS: Mapping[str, Callable[[Mapping[str, Any]], Write]] = {"insertMany": insert_many, "updateOne": update_one}
