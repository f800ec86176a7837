"""``updateOne``: a record at a time, in order; each is told with the document as it is then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pymongo import ReturnDocument

from celigo_pandas.engine.adaptors.json_templates import record_context
from celigo_pandas.engine.adaptors.mongodb.bson_values import to_json
from celigo_pandas.engine.adaptors.mongodb.documents import Member, Refused, member_of
from celigo_pandas.engine.adaptors.mongodb.inserting import encoded
from celigo_pandas.engine.adaptors.mongodb.members import collection_at, in_use, server_for
from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import limited
from celigo_pandas.engine.adaptors.mongodb.mongodb_outcomes import Result, failed, identified, sent_in_groups, unsure
from celigo_pandas.engine.adaptors.protocol import Call, Outgoing, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["update_one"]

Write = Callable[[Call, str, list[Outgoing]], list[Result]]


def update_one(block: Mapping[str, Any]) -> Write:
    """Read which document a record changes, and how; return what does it for a batch."""
    filter = member_of(block, "import", "filter", dict, required=True)
    update = member_of(block, "import", "update", dict, list, required=True)
    assert filter is not None
    assert update is not None
    upserts = bool(block.get("upsert"))

    def update_one(call: Call, name: str, one: Outgoing) -> list[Result]:
        try:
            context = record_context(call.context, one)
            which, change = filter.read_safe(context), _change(update, context)
        except Refused as error:
            return [failed(error.code, error.message)]
        return [_updated(call, name, which, change, upserts=upserts)]

    def write(call: Call, name: str, batch: list[Outgoing]) -> list[Result]:
        return sent_in_groups(call, [[one] for one in batch], lambda group: update_one(call, name, group[0]))

    return write


def _change(update: Member, context: Mapping[str, Any]) -> Any:
    """Return operators, a pipeline, or a whole document."""
    found = update.read(context)
    if not found:
        raise Refused("invalid_json", f"{update.field} is empty; expected operators, stages or a document.")
    if isinstance(found, list):
        return update.read_safe(context)
    plain = [name for name in found if not name.startswith("$")]
    if len(plain) == len(found):
        encoded(found)
    elif plain:
        text = f"{update.field} has operators, and {shown(plain[0])} beside them; expected only one or the other."
        raise Refused("invalid_json", text)
    return found


def _updated(call: Call, name: str, which: object, change: object, *, upserts: bool) -> Result:
    """Change one document and return it as it is then; :class:`SourceFailure` where nothing more can be sent."""
    server = server_for(call)
    collection = collection_at(call, server, name)
    replaces = isinstance(change, dict) and not any(name.startswith("$") for name in change)
    ask: Any = collection.find_one_and_replace if replaces else collection.find_one_and_update
    server.sending.begin()
    try:
        with in_use(call, server), limited(call):
            found = ask(which, change, upsert=upserts, return_document=ReturnDocument.AFTER)
    except SourceFailure as failure:
        if failure.offline or not server.sending.is_sent or failure.code == "not_primary":
            raise failure.copy(sent=False) from None
        return unsure(failure)
    if found is None:
        return {"statusCode": 200, "ignored": True}
    return {"statusCode": 200, **identified(found.get("_id")), "_json": to_json(found)}
