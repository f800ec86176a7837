"""The requests of DynamoDB: JSON there and back, each answer checked against its checksum.

Source: AWS, "DynamoDB low-level API", "Error handling with DynamoDB".
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celigo_pandas.engine.adaptors.aws.endpoints import own_endpoint, service_origin
from celigo_pandas.engine.adaptors.aws.refusals import Said
from celigo_pandas.engine.adaptors.aws.service import AwsRequest, Service
from celigo_pandas.engine.adaptors.http.transport import Answer
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.texts import json_text
from celigo_pandas.errors import shown

__all__ = ["DynamoDb", "Key", "said_by_dynamodb"]

_VERSION = "DynamoDB_20120810"
_CODES: Mapping[str, str] = {"ResourceNotFoundException": "table_not_found"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key attribute of a table, the partition key first; ``kind`` is ``S``, ``N`` or ``B``."""

    name: str
    kind: str


def said_by_dynamodb(answer: Answer) -> Said | None:
    """Return what an answer refuses; None for a success."""
    if answer.is_success:
        return None
    try:
        found = json_text.load(answer.body)
    except ValueError:
        found = None
    members = found if isinstance(found, Mapping) else {}
    code = str(members.get("__type") or "").rpartition("#")[2] or str(answer.status)
    message = str(members.get("message") or members.get("Message") or "")
    return Said(code, message or f"status {answer.status} without a reason")


class DynamoDb:
    """DynamoDB in one region, as one call asks it; safe to use from several threads."""

    def __init__(self, call: Call, region: str) -> None:
        self._service = Service(call, "dynamodb", said_by_dynamodb)
        self._region = region
        self._origin = own_endpoint(call) or service_origin("dynamodb", region)
        self.redact = call.connection.redactor().text

    def ask(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request that changes nothing; return what is answered.

        Raises
        ------
        SourceFailure
            It was refused, or could not be sent.
        """
        answer = self.answer(operation, body, is_safe=True)
        said = said_by_dynamodb(answer)
        if said is not None:
            raise SourceFailure(self.redact(f"{operation}: {said.text}."), code=_CODES.get(said.code, said.code))
        return self.read(answer)

    def answer(self, operation: str, body: Mapping[str, Any], *, is_safe: bool) -> Answer:
        """Send a request; return its answer, whatever it says; as :meth:`Service.send`."""
        headers = {"X-Amz-Target": f"{_VERSION}.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        request = AwsRequest("POST", self._origin, headers=headers, body=json_text.dump(body))
        return self._service.send(request, self._region, is_safe=is_safe)

    def read(self, answer: Answer) -> dict[str, Any]:
        """Return the body of a success.

        Raises
        ------
        SourceFailure
            It is damaged, or no JSON (``bad_answer``).
        """
        told = answer.headers.get("x-amz-crc32", "")
        try:
            if told and int(told) != zlib.crc32(answer.body):
                raise SourceFailure("DynamoDB's answer does not fit its checksum.", code="bad_answer")
            found = json_text.load(answer.body)
        except ValueError as error:
            raise SourceFailure(f"DynamoDB answered what is no JSON: {error}.", code="bad_answer") from None
        if not isinstance(found, dict):
            raise SourceFailure(f"DynamoDB answered {shown(found)}; is the endpoint its own?", code="bad_answer")
        return found

    def read_error(self, answer: Answer) -> Mapping[str, Any]:
        """Return the members of an error's body; none where it has none."""
        try:
            found = json_text.load(answer.body)
        except ValueError:
            return {}
        return found if isinstance(found, Mapping) else {}

    def keys(self, table: str) -> tuple[Key, ...]:
        """Return the key attributes of a table; asked for once a connection.

        Raises
        ------
        SourceFailure
            There is no such table, or it may not be described.
        """
        known, place = self._service.state.known, ("keys", self._region, table)
        if place not in known:
            described = self.ask("DescribeTable", {"TableName": table}).get("Table") or {}
            kinds = {one["AttributeName"]: one["AttributeType"] for one in described.get("AttributeDefinitions", ())}
            schema = sorted(described.get("KeySchema", ()), key=lambda one: str(one["KeyType"]))  # HASH, RANGE
            known[place] = tuple(Key(one["AttributeName"], kinds[one["AttributeName"]]) for one in schema)
        found: tuple[Key, ...] = known[place]
        return found

    def forget_keys(self, table: str) -> None:
        """Ask for the key attributes again the next time: the table may be another one."""
        self._service.state.known.pop(("keys", self._region, table), None)
