"""Exports: a query, page after page, until the service says that there is no more; a page may well be empty.

Nothing is held between two pages. The service promises no moment: what is written behind the place that a walk has come
to is in it, what is written before it is not, and no item that stays is left out or comes twice. Decision 0261.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from celigo_pandas.engine.adaptors.dynamodb.documents import ExportPlan, JsonMember, Refused, export_plan
from celigo_pandas.engine.adaptors.dynamodb.requests import DynamoDb
from celigo_pandas.engine.adaptors.dynamodb.values import NoValueError, item_from_wire
from celigo_pandas.engine.adaptors.protocol import Call, Chunk, Record, SourceFailure

__all__ = ["read_table"]


def read_table(call: Call, export_doc: Mapping[str, Any]) -> Iterator[Chunk]:
    """Yield the items that an export asks for; one request for at most 1 MB of them.

    Raises
    ------
    SourceFailure
        The document cannot be used, or the service refused.
    """
    plan = export_plan(export_doc, scans=call.choices.dynamodb_scans)
    body = _body(call, plan)
    operation = "Query" if plan.key_condition else "Scan"
    table = DynamoDb(call, plan.region)
    following: Any = None
    while True:
        call.look()
        found = table.ask(operation, {**body, **({"ExclusiveStartKey": following} if following else {})})
        records: list[Record] = [_record(item) for item in found.get("Items") or ()]
        if records:
            yield Chunk(records)
        last = found.get("LastEvaluatedKey")
        if not last:
            return
        if last == following:
            raise SourceFailure(f"The {operation} came to the same place twice.", code="bad_answer")
        following = last


def _body(call: Call, plan: ExportPlan) -> dict[str, Any]:
    found = {
        "TableName": plan.table,
        "KeyConditionExpression": plan.key_condition,
        "FilterExpression": plan.filter,
        "ProjectionExpression": plan.projection,
        "ExpressionAttributeNames": _once(plan.names, call, is_values=False),
        "ExpressionAttributeValues": _once(plan.values, call, is_values=True),
    }
    return {name: value for name, value in found.items() if value}


def _once(member: JsonMember | None, call: Call, *, is_values: bool) -> dict[str, Any]:
    if member is None:
        return {}
    try:
        return member.values(call.context) if is_values else member.read(call.context)
    except Refused as error:
        raise SourceFailure(error.message, code=error.code, field=member.field, sent=False) from None


def _record(item: Any) -> dict[str, Any]:
    try:
        return item_from_wire(item)
    except (NoValueError, ArithmeticError, TypeError, AttributeError) as error:
        raise SourceFailure(f"DynamoDB answered an item that is none: {error}.", code="bad_answer") from None
