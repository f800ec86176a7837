"""Imports: ``insertMany`` in one command without order, ``updateOne`` record by record; one outcome a record.

Everything that can be wrong with a record is found before anything is sent. Nothing is sent twice: what was sent and
not answered for is not known, and what was not sent any more says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bson
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import ReturnDocument, errors
from pymongo.collection import Collection

from celigo_pandas.engine.adaptors.json_templates import record_context
from celigo_pandas.engine.adaptors.mongodb.bson_values import CODEC, to_json
from celigo_pandas.engine.adaptors.mongodb.documents import (
    Member,
    Refused,
    block_of,
    collection_of,
    member_of,
)
from celigo_pandas.engine.adaptors.mongodb.extended_json import NoBsonError, from_json
from celigo_pandas.engine.adaptors.mongodb.members import Server, database_of, in_use, server_for
from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import is_not_known, limited, sentence
from celigo_pandas.engine.adaptors.protocol import UNKNOWN, Call, Outgoing, SourceFailure
from celigo_pandas.engine.texts import json_text
from celigo_pandas.errors import shown
from celigo_pandas.paths import PathError, parse_extract

__all__ = ["write_batch"]

Result = dict[str, Any]

_LARGEST = 16 * 1024 * 1024
_NOT_KNOWN = "it was sent, and whether it is stored is not known"


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
    collection = _collection(call, server, name)
    url = f"mongodb://{server.address}/{database}"
    call.debug("request", {"url": url, "method": str(block.get("method")), "body": f"{len(batch)} records to {name}"})
    outcomes = _ignored(call, server, collection, import_doc, block, batch)
    kept = [one for place, one in enumerate(batch) if place not in outcomes]
    written = iter(prepared(call, server, collection, kept) if kept else [])
    return [outcomes.get(place) or next(written) for place in range(len(batch))]


def _collection(call: Call, server: Server, name: str) -> Collection[Any]:
    return server.client[database_of(call)].get_collection(name, codec_options=CODEC)


Write = Callable[[Call, Server, Collection[Any], list[Outgoing]], list[Result]]


# insertMany -----------------------------------------------------------------------------------------------------------


def _insert_many(block: Mapping[str, Any]) -> Write:
    document = member_of(block, "import", "document", dict)

    def write(call: Call, server: Server, collection: Collection[Any], batch: list[Outgoing]) -> list[Result]:
        results: list[Result | None] = []
        ready: list[tuple[int, Any, RawBSONDocument]] = []
        for place, one in enumerate(batch):
            try:
                made = _document(document, call, one)
                ready.append((place, made["_id"], _encoded(made)))
                results.append(None)
            except Refused as error:
                results.append(_failed(error.code, error.message))
        call.look()
        found = iter(_inserted(call, server, collection, ready) if ready else [])
        return [next(found) if result is None else result for result in results]

    return write


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


def _encoded(made: dict[str, Any]) -> RawBSONDocument:
    try:
        content = bson.encode(made)
    except (BSONError, UnicodeError, OverflowError, TypeError, ValueError) as error:
        raise Refused("invalid_document", f"The record is no document of the database: {error}.") from None
    if len(content) > _LARGEST:
        text = f"The document has {len(content):,} bytes; the database takes {_LARGEST:,}."
        raise Refused("document_too_large", text)
    return RawBSONDocument(content)


def _inserted(
    call: Call, server: Server, collection: Collection[Any], ready: list[tuple[int, Any, RawBSONDocument]]
) -> list[Result]:
    server.sending.begin()
    problems: Mapping[str, Any] = {}
    try:
        with in_use(call, server), limited(call):
            try:
                collection.insert_many([raw for _, _, raw in ready], ordered=False)
            except errors.BulkWriteError as error:
                problems = error.details or {}
    except SourceFailure as failure:
        if not server.sending.is_sent or failure.offline or failure.code == "not_primary":
            raise failure.copy(sent=False) from None
        return [_unsure(failure) for _ in ready]
    return _told(ready, problems)


def _unsure(failure: SourceFailure) -> Result:
    """Return the result of a record that was sent and whose command failed."""
    if not is_not_known(failure):
        return _failed(failure.code, failure.message)
    return _failed(failure.code, f"{failure.message.rstrip('.')}; {_NOT_KNOWN}.", UNKNOWN)


def _told(ready: list[tuple[int, Any, RawBSONDocument]], problems: Mapping[str, Any]) -> list[Result]:
    """Return a result a record: those that the database names failed, the others are written."""
    refused = {one["index"]: one for one in problems.get("writeErrors") or ()}
    doubts = [sentence(one) for one in problems.get("writeConcernErrors") or ()]
    results: list[Result] = []
    for place, (_, id, raw) in enumerate(ready):
        if place in refused:
            results.append(_failed(str(refused[place].get("code")), f"{sentence(refused[place])}."))
        elif doubts:
            results.append(_failed("write_concern", f"{doubts[0]}; {_NOT_KNOWN}.", UNKNOWN))
        else:
            results.append({"statusCode": 200, **_identified(id), "_json": to_json(bson.decode(raw.raw, CODEC))})
    return results


# updateOne ------------------------------------------------------------------------------------------------------------


def _update_one(block: Mapping[str, Any]) -> Write:
    filter = member_of(block, "import", "filter", dict, required=True)
    update = member_of(block, "import", "update", dict, list, required=True)
    assert filter is not None
    assert update is not None
    upserts = bool(block.get("upsert"))

    def write(call: Call, server: Server, collection: Collection[Any], batch: list[Outgoing]) -> list[Result]:
        results: list[Result] = []
        for one in batch:
            try:
                context = record_context(call.context, one)
                which, change = filter.read_safe(context), _change(update, context)
                call.look()
                results.append(_updated(call, collection.name, which, change, upserts=upserts))
            except Refused as error:
                results.append(_failed(error.code, error.message))
            except SourceFailure as failure:
                if not results:
                    raise
                # What came before is written and must be told; nothing more can be sent.
                results += _not_sent(failure, len(batch) - len(results))
                break
        return results

    return write


def _change(update: Member, context: Mapping[str, Any]) -> Any:
    """Return operators, a pipeline, or a whole document; a mixture is what the database refuses."""
    found = update.read(context)
    if isinstance(found, list):
        return update.read_safe(context)
    if not found:
        raise Refused("invalid_json", f"{update.field} is empty; expected operators or a document.")
    if not any(name.startswith("$") for name in found):
        _encoded(found)
    return found


def _updated(call: Call, name: str, which: Any, change: Any, *, upserts: bool) -> Result:
    """Change one document and return it as it is then; :class:`SourceFailure` where nothing more can be sent."""
    server = server_for(call)
    collection = _collection(call, server, name)
    replaces = isinstance(change, dict) and not any(name.startswith("$") for name in change)
    ask: Any = collection.find_one_and_replace if replaces else collection.find_one_and_update
    server.sending.begin()
    try:
        with in_use(call, server), limited(call):
            found = ask(which, change, upsert=upserts, return_document=ReturnDocument.AFTER)
    except SourceFailure as failure:
        if failure.offline or not server.sending.is_sent or failure.code == "not_primary":
            raise failure.copy(sent=False) from None
        return _unsure(failure)
    if found is None:
        return {"statusCode": 200, "ignored": True}
    return {"statusCode": 200, **_identified(found.get("_id")), "_json": to_json(found)}


def _not_sent(failure: SourceFailure, count: int) -> list[Result]:
    if failure.offline:
        error = {"code": failure.code, "message": failure.message, "source": "connection"}
        return [{"statusCode": 403, "errors": [dict(error)]} for _ in range(count)]
    return [_failed(failure.code, f"Not sent: {failure.message}") for _ in range(count)]


# Records to leave out -------------------------------------------------------------------------------------------------


def _ignored(
    call: Call,
    server: Server,
    collection: Collection[Any],
    import_doc: Mapping[str, Any],
    block: Mapping[str, Any],
    batch: Sequence[Outgoing],
) -> dict[int, Result]:
    """Return the results of the records that are not to be sent, by their place."""
    skips_existing, skips_missing = bool(import_doc.get("ignoreExisting")), bool(import_doc.get("ignoreMissing"))
    if not skips_existing and not skips_missing:
        return {}
    exists = _existence(call, server, collection, block)
    if exists is None:
        if skips_missing and not skips_existing and block.get("method") == "updateOne":
            return {}  # an update without a match is ignored anyway
        field = "import.mongodb.ignoreExtract"
        text = "ignoreExisting and ignoreMissing need mongodb.ignoreExtract or mongodb.ignoreLookupFilter."
        raise SourceFailure(text, code="missing_required_field", field=field, sent=False)
    found: dict[int, Result] = {}
    for place, one in enumerate(batch):
        try:
            if skips_existing if exists(one) else skips_missing:
                found[place] = {"statusCode": 200, "ignored": True}
        except Refused as error:
            found[place] = _failed(error.code, error.message)
    return found


def _existence(
    call: Call, server: Server, collection: Collection[Any], block: Mapping[str, Any]
) -> Callable[[Outgoing], bool] | None:
    extract = block.get("ignoreExtract")
    if isinstance(extract, str) and extract:
        try:
            path = parse_extract(extract)
        except PathError as error:
            field = "import.mongodb.ignoreExtract"
            raise SourceFailure(str(error), code="invalid_field", field=field, sent=False) from None
        return lambda one: path.read(one.source) not in (None, "", {})
    member = member_of(block, "import", "ignoreLookupFilter", dict)
    if member is None:
        return None

    def exists(one: Outgoing) -> bool:
        which = member.read_safe(record_context(call.context, Outgoing(one.position, one.source, one.source)))
        call.look()
        with in_use(call, server), limited(call):
            return collection.find_one(which, {"_id": 1}) is not None

    return exists


def _identified(id: Any) -> dict[str, Any]:
    """Return a record's ``id``: a text, for an ``_id`` of several members its JSON."""
    found = to_json(bson.decode(bson.encode({"_id": id}), CODEC)["_id"])
    if isinstance(found, (dict, list)):
        return {"id": json_text.dump(found).decode()}
    return {} if found is None else {"id": str(found)}


def _failed(code: str, message: str, status: int = 422) -> Result:
    return {"statusCode": status, "errors": [{"code": code, "message": message, "source": "application"}]}


_METHODS: Mapping[str, Callable[[Mapping[str, Any]], Write]] = {"insertMany": _insert_many, "updateOne": _update_one}
