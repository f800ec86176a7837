"""The DynamoDB adaptor as the contract of all adaptors sees it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.adaptor_kinds import Kind
from support.aws_gate import Gate, dynamodb_gate
from support.dynamodb_servers import KEY_ID, SECRET, DynamoServer, dynalite

from celigo_pandas.engine.adaptors.dynamodb import adaptor

_ITEM = '{"place": "all", "id": {{record.id}}, "text": "{{record.text}}"}'


@contextmanager
def dynamodb() -> Iterator[Kind]:
    """Start dynalite behind a gate that looks at keys."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        dynalite(Path(scratch)) as server,
        dynamodb_gate(server.url, KEY_ID, SECRET) as (proxy, gate),
    ):
        yield Kind(
            "dynamodb",
            adaptor,
            server.doc(proxy.url),
            int(proxy.url.rpartition(":")[2]),
            lambda doc, port: {**doc, "dynamodb": {**doc["dynamodb"], "endpoint": f"http://127.0.0.1:{port}"}},
            "dynamodb.aws.secretAccessKey",
            _export,
            _insert,
            lambda place, records: _put(server, place, records),
            lambda place: _stored(server, place),
            expired=lambda: _expired(gate),
            gaps={
                "sources": "nothing is open between two pages",
                "slow": "a query reads 1 MB at most, and answers",
            },
        )


def _export(place: str) -> dict[str, Any]:
    block = {"tableName": f"celigo-{place}", "keyConditionExpression": "#p = :p", "region": "us-east-1"}
    values = {"expressionAttributeNames": '{"#p": "place"}', "expressionAttributeValues": '{":p": "all"}'}
    return {"dynamodb": {**block, **values}}


def _insert(place: str) -> dict[str, Any]:
    block = {"tableName": f"celigo-{place}", "method": "putItem", "region": "us-east-1", "itemDocument": _ITEM}
    return {"dynamodb": {**block, "conditionExpression": "attribute_not_exists(id)"}}


def _put(server: DynamoServer, place: str, records: Sequence[Mapping[str, Any]]) -> None:
    server.table(f"celigo-{place}", "place:S", "id:N")
    items = [{"place": {"S": "all"}, "id": {"N": str(one["id"])}, "text": {"S": one["text"]}} for one in records]
    server.put(f"celigo-{place}", items)


def _stored(server: DynamoServer, place: str) -> list[dict[str, Any]]:
    found = [{"id": int(one["id"]["N"]), "text": one["text"]["S"]} for one in server.items(f"celigo-{place}")]
    return sorted(found, key=lambda one: int(one["id"]))


@contextmanager
def _expired(gate: Gate) -> Iterator[None]:
    gate.is_expired = True
    try:
        yield
    finally:
        gate.is_expired = False
