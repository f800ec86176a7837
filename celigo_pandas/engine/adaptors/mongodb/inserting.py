"""``insertMany``: one command without order, in which a record that fails leaves the others alone.

Everything that can be wrong with a record is found before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import bson
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import errors

from celigo_pandas.engine.adaptors.json_templates import record_context
from celigo_pandas.engine.adaptors.mongodb.bson_values import CODEC, to_json
from celigo_pandas.engine.adaptors.mongodb.documents import Member, Refused, member_of
from celigo_pandas.engine.adaptors.mongodb.extended_json import NoBsonError, from_json
from celigo_pandas.engine.adaptors.mongodb.members import collection_at, in_use, server_for
from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import limited, sentence
from celigo_pandas.engine.adaptors.mongodb.mongodb_outcomes import (
    NOT_KNOWN,
    Result,
    failed,
    identified,
    sent_in_groups,
    unsure,
)
from celigo_pandas.engine.adaptors.protocol import UNKNOWN, Call, Outgoing, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["encoded", "insert_many"]

_LARGEST = 16 * 1024 * 1024
_LARGEST_GROUP = 40_000_000
_MOST_IN_GROUP = 10_000
"""Below what the driver would cut into several commands: 48 MB, 100,000 documents."""

Write = Callable[[Call, str, list[Outgoing]], list[Result]]


def insert_many(block: Mapping[str, Any]) -> Write:
    """Read what is inserted for a record; return what inserts a batch."""
    document = member_of(block, "import", "document", dict)

    def write(call: Call, name: str, batch: list[Outgoing]) -> list[Result]:
        results: list[Result | None] = []
        ready: list[Ready] = []
        for one in batch:
            try:
                made = _document(document, call, one)
                ready.append((made["_id"], encoded(made)))
                results.append(None)
            except Refused as error:
                results.append(failed(error.code, error.message))
        found = iter(sent_in_groups(call, _groups(ready), lambda group: _inserted(call, name, group)))
        return [next(found) if result is None else result for result in results]

    return write


Ready = tuple[Any, RawBSONDocument]
"""A document that can be sent, and its ``_id``."""


def _groups(ready: list[Ready]) -> list[list[Ready]]:
    """Cut documents into parts that go as one command each, so that each part has one fate."""
    groups: list[list[Ready]] = []
    size = 0
    for one in ready:
        length = len(one[1].raw)
        if not groups or size + length > _LARGEST_GROUP or len(groups[-1]) == _MOST_IN_GROUP:
            groups.append([])
            size = 0
        groups[-1].append(one)
        size += length
    return groups


def _document(document: Member | None, call: Call, one: Outgoing) -> dict[str, Any]:
    """Return what is inserted for a record, with an ``_id``: the database's own would not be told."""
    if document is not None:
        made = document.read(record_context(call.context, one))
    elif not isinstance(one.mapped, dict):
        raise Refused("invalid_record", f"The record is {shown(one.mapped)}; expected an object.")
    else:
        try:
            made = from_json(one.mapped)
        except NoBsonError as error:
            raise Refused("invalid_value", str(error)) from None
    if not isinstance(made, dict):
        raise Refused("invalid_record", f"The record is {shown(one.mapped)}; expected a document.")
    return made if "_id" in made else {"_id": bson.ObjectId(), **made}


def encoded(made: dict[str, Any]) -> RawBSONDocument:
    """Return a document as it is sent; :class:`Refused` for one that the database cannot take."""
    try:
        content = bson.encode(made)
    except (BSONError, UnicodeError, OverflowError, TypeError, ValueError) as error:
        raise Refused("invalid_document", f"The record is no document of the database: {error}.") from None
    if len(content) > _LARGEST:
        text = f"The document has {len(content):,} bytes; the database takes {_LARGEST:,}."
        raise Refused("document_too_large", text)
    return RawBSONDocument(content)


def _inserted(call: Call, name: str, group: list[Ready]) -> list[Result]:
    server = server_for(call)
    collection = collection_at(call, server, name)
    server.sending.begin()
    problems: Mapping[str, Any] = {}
    try:
        with in_use(call, server), limited(call):
            try:
                collection.insert_many([raw for _, raw in group], ordered=False)
            except errors.BulkWriteError as error:
                problems = error.details or {}
    except SourceFailure as failure:
        if not server.sending.is_sent or failure.offline or failure.code == "not_primary":
            raise failure.copy(sent=False) from None
        return [unsure(failure) for _ in group]
    return _told(group, problems)


def _told(group: list[Ready], problems: Mapping[str, Any]) -> list[Result]:
    """Return a result a record: those that the database names failed, the others are written."""
    refused = {one["index"]: one for one in problems.get("writeErrors") or ()}
    doubts = [sentence(one) for one in problems.get("writeConcernErrors") or ()]
    results: list[Result] = []
    for place, (id, raw) in enumerate(group):
        if place in refused:
            results.append(failed(str(refused[place].get("code")), f"{sentence(refused[place])}."))
        elif doubts:
            results.append(failed("write_concern", f"{doubts[0]}; {NOT_KNOWN}.", UNKNOWN))
        else:
            results.append({"statusCode": 200, **identified(id), "_json": to_json(bson.decode(raw.raw, CODEC))})
    return results
