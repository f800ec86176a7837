"""The outcomes of an import's records, and the order in which they are sent: nothing twice, and each told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import bson

from celigo_pandas.engine.adaptors.mongodb.bson_values import CODEC, to_json
from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import is_not_known
from celigo_pandas.engine.adaptors.protocol import UNKNOWN, Call, SourceFailure
from celigo_pandas.engine.texts import json_text

__all__ = ["NOT_KNOWN", "Result", "failed", "identified", "sent_in_groups", "unsure"]

Result = dict[str, Any]

NOT_KNOWN = "it was sent, and whether it is stored is not known"

T = TypeVar("T")


def sent_in_groups(call: Call, groups: Sequence[list[T]], send: Callable[[list[T]], list[Result]]) -> list[Result]:
    """Send one group after the other; where one cannot be sent, those before it are told, those behind it not sent."""
    results: list[Result] = []
    for number, group in enumerate(groups):
        try:
            call.look()
            results += send(group)
        except SourceFailure as failure:
            if not number:
                raise
            return results + _not_sent(failure, sum(map(len, groups[number:])))
    return results


def failed(code: str, message: str, status: int = 422) -> Result:
    """Return the result of a record that is not stored, or of which that is not known."""
    return {"statusCode": status, "errors": [{"code": code, "message": message, "source": "application"}]}


def unsure(failure: SourceFailure) -> Result:
    """Return the result of a record that was sent and whose command failed."""
    if not is_not_known(failure):
        return failed(failure.code, failure.message)
    return failed(failure.code, f"{failure.message.rstrip('.')}; {NOT_KNOWN}.", UNKNOWN)


def identified(id: object) -> dict[str, Any]:
    """Return a record's ``id``: a text, for an ``_id`` of several members its JSON."""
    found = to_json(bson.decode(bson.encode({"_id": id}), CODEC)["_id"])
    if isinstance(found, (dict, list)):
        return {"id": json_text.dump(found).decode()}
    return {} if found is None else {"id": str(found)}


def _not_sent(failure: SourceFailure, count: int) -> list[Result]:
    if failure.offline:
        error = {"code": failure.code, "message": failure.message, "source": "connection"}
        return [{"statusCode": 403, "errors": [dict(error)]} for _ in range(count)]
    return [failed(failure.code, f"Not sent: {failure.message}") for _ in range(count)]
