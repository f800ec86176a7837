"""Imports: ``putItem`` and ``updateItem``, one request and one outcome a record.

Everything that can be wrong with a record is found before it is sent. Several are on their way at once, as many as the
connection allows; those of one item go one after the other, in their order. What was sent and not answered for is not
known, and is not sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from celigo_pandas.documents.concurrency import effective_level
from celigo_pandas.engine.adaptors.aws.aws_refusals import Said
from celigo_pandas.engine.adaptors.dynamodb.attribute_values import (
    NoValueError,
    from_wire,
    item_from_wire,
    item_to_wire,
    key_to_wire,
)
from celigo_pandas.engine.adaptors.dynamodb.dynamodb_requests import DynamoDb, Key, said_by_dynamodb
from celigo_pandas.engine.adaptors.dynamodb.table_plans import ImportPlan, Refused, import_plan
from celigo_pandas.engine.adaptors.json_templates import record_context
from celigo_pandas.engine.adaptors.protocol import UNKNOWN, Call, Outgoing, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["write_batch"]

Result = dict[str, Any]

_CONDITION = "ConditionalCheckFailedException"
_NOT_KNOWN = "It was sent, and whether it is stored is not known."
_UNANSWERED = frozenset({"bad_answer", "broken", "timeout", "tls", "answer_too_large"})
_OWN = "#celigo_key"


@dataclass(frozen=True, slots=True)
class _Write:
    """One record, ready to be sent: its place in the batch, its item's key, and the request."""

    place: int
    key: dict[str, Any]
    body: dict[str, Any]


def write_batch(call: Call, import_doc: Mapping[str, Any], batch: Sequence[Outgoing]) -> list[Result]:
    """Submit records; one result a record, in order.

    Raises
    ------
    SourceFailure
        The document cannot be used, or the table cannot be found; nothing was written.
    """
    plan = import_plan(import_doc)
    database = DynamoDb(call, plan.region)
    keys = database.keys(plan.table)
    results: dict[int, Result] = {}
    chains: dict[tuple[object, ...], list[_Write]] = {}
    for place, one in enumerate(batch):
        try:
            write = _prepared(call, plan, keys, place, one)
        except Refused as error:
            results[place] = _failed(error.code, error.message)
        else:
            chains.setdefault(_item_meant(write), []).append(write)
    workers = max(1, min(effective_level(call.connection.masked), len(chains)))
    with ThreadPoolExecutor(workers, thread_name_prefix="celigo-dynamodb") as pool:
        for found in pool.map(lambda chain: _in_turn(database, plan, keys, chain), chains.values()):
            results.update(found)
    return [results[place] for place in range(len(batch))]


def _item_meant(write: _Write) -> tuple[object, ...]:
    """Return what is equal for writes of one item: 5 and 5.0 are one key."""
    return tuple(Decimal(value["N"]) if "N" in value else repr(value) for value in write.key.values())


def _in_turn(database: DynamoDb, plan: ImportPlan, keys: tuple[Key, ...], chain: list[_Write]) -> dict[int, Result]:
    return {write.place: _sent(database, plan, keys, write) for write in chain}


# Before it is sent ----------------------------------------------------------------------------------------------------


def _prepared(call: Call, plan: ImportPlan, keys: tuple[Key, ...], place: int, one: Outgoing) -> _Write:
    context = record_context(call.context, one)
    body: dict[str, Any] = {"TableName": plan.table}
    if plan.method == "putItem":
        item = _item(plan, one, context)
        key = {name.name: _key_of(item, name) for name in keys}
        body["Item"] = item
    else:
        key = _rendered_key(plan, keys, context)
        body |= {"Key": key, "UpdateExpression": plan.update, "ReturnValues": "ALL_NEW"}
    names = plan.names.read(context) if plan.names else {}
    condition, more = _condition(plan, keys)
    found = {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {**names, **more},
        "ExpressionAttributeValues": plan.values.values(context) if plan.values else {},
    }
    body |= {name: value for name, value in found.items() if value}
    if more and plan.condition:
        # Which of the two conditions failed shows by what is there.
        body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return _Write(place, key, body)


def _item(plan: ImportPlan, one: Outgoing, context: Mapping[str, Any]) -> dict[str, Any]:
    record = one.mapped if plan.item is None else plan.item.read(context)
    if not isinstance(record, Mapping):
        raise Refused("invalid_record", f"The record is {shown(record)}; expected an object.")
    for name, value in record.items():
        try:
            item_to_wire({name: value})
        except NoValueError as error:
            raise Refused("invalid_value", f"Attribute {shown(name)}: {error}.") from None
    return item_to_wire(record)


def _key_of(item: Mapping[str, Any], key: Key) -> Any:
    value = item.get(key.name)
    if value is None:
        raise Refused("missing_key", f"The item has no attribute {shown(key.name)}, which is a key of the table.")
    if key.kind not in value:
        ((kind, _),) = value.items()
        hint = " Attributes are plain values here, without their types." if kind == "M" else ""
        text = f"Attribute {shown(key.name)} is a key of type {key.kind}; got one of type {kind}.{hint}"
        raise Refused("invalid_key", text)
    return value


def _rendered_key(plan: ImportPlan, keys: tuple[Key, ...], context: Mapping[str, Any]) -> dict[str, Any]:
    members = (plan.partition, plan.sort)
    if len(keys) < 2 and plan.sort is not None:
        raise Refused("invalid_key", f"{plan.sort.field} is given, and the table has no sort key.")
    found = {}
    for key, member in zip(keys, members, strict=False):
        if member is None:
            text = f"The table has the sort key {shown(key.name)}; expected import.dynamodb.sortKey to be present."
            raise Refused("missing_required_field", text)
        try:
            found[key.name] = key_to_wire(member.read(context), key.kind)
        except NoValueError as error:
            raise Refused("invalid_key", f"{member.field}: {error}.") from None
    return found


def _condition(plan: ImportPlan, keys: tuple[Key, ...]) -> tuple[str, dict[str, str]]:
    """Return the condition of a write, and the names that it needs beside those of the document."""
    own = []
    if plan.skips_existing:
        own.append(f"attribute_not_exists({_OWN})")
    if plan.skips_missing:
        own.append(f"attribute_exists({_OWN})")
    if not own:
        return plan.condition, {}
    given = [f"({plan.condition})"] if plan.condition else []
    return " AND ".join([*given, *own]), {_OWN: keys[0].name}


# Sent -----------------------------------------------------------------------------------------------------------------


def _sent(database: DynamoDb, plan: ImportPlan, keys: tuple[Key, ...], write: _Write) -> Result:
    operation = "PutItem" if plan.method == "putItem" else "UpdateItem"
    try:
        answer = database.answer(operation, write.body, is_safe=False)
        said = said_by_dynamodb(answer)
        if said is None:
            attributes = database.read(answer).get("Attributes")
            return _stored(keys, write, write.body["Item"] if operation == "PutItem" else attributes or write.key)
    except SourceFailure as failure:
        return _not_answered(failure)
    if answer.status >= 500:
        return _failed(said.code, database.redact(f"{said.text}. {_NOT_KNOWN}"), UNKNOWN)
    if said.code == "ValidationException":
        database.forget_keys(plan.table)
    if said.code == _CONDITION:
        return _condition_failed(plan, said, database.read_error(answer))
    return _failed(said.code, database.redact(f"{said.text}."))


def _stored(keys: tuple[Key, ...], write: _Write, item: Mapping[str, Any]) -> Result:
    # Assumed: the id of an item with two keys is both, with a bar between them.
    id = "|".join(str(from_wire(write.key[key.name])) for key in keys)
    return {"statusCode": 200, "id": id, "_json": item_from_wire(item)}


def _condition_failed(plan: ImportPlan, said: Said, members: Mapping[str, Any]) -> Result:
    if plan.skips_existing or plan.skips_missing:
        is_own = not plan.condition or ("Item" in members) == plan.skips_existing
        if is_own:
            return {"statusCode": 200, "ignored": True}
    return _failed(said.code, f"{plan.condition or 'The condition'} is not met: {said.message}")


def _not_answered(failure: SourceFailure) -> Result:
    if failure.offline:
        error = {"code": failure.code, "message": failure.message, "source": "connection"}
        return {"statusCode": 403, "errors": [error]}
    if failure.sent and failure.code in _UNANSWERED:
        return _failed(failure.code, f"{failure.message} {_NOT_KNOWN}", UNKNOWN)
    return _failed(failure.code, f"Not written: {failure.message}")


def _failed(code: str, message: str, status: int = 422) -> Result:
    return {"statusCode": status, "errors": [{"code": code, "message": message, "source": "application"}]}
