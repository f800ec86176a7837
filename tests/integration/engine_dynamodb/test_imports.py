"""Imports into DynamoDB: one outcome a record, conditions, what is left out, what is not known and not sent again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from support.dynamodb_bench import Bench
from support.dynamodb_servers import DynamoServer, moto
from support.engine import EngineProcess
from support.fault_proxy import AFTER, BEFORE, Canned, FaultProxy, Seen
from support.soak import seed

from celigo_pandas.engine.adaptors.protocol import SourceFailure

pytestmark = pytest.mark.node


@pytest.fixture
def bench(server: DynamoServer) -> Iterator[Bench]:
    server.table("imports", "id:S")
    found = Bench(server.doc(), "imports")
    yield found
    found.close()


@pytest.fixture
def through(server: DynamoServer, proxy: FaultProxy, bench: Bench) -> Iterator[Bench]:
    found = Bench(server.doc(proxy.url), "imports")
    yield found
    found.close()


def stored(server: DynamoServer, table: str = "imports") -> list[dict[str, Any]]:
    read = TypeDeserializer().deserialize
    found = [{name: read(value) for name, value in item.items()} for item in server.items(table)]
    return sorted(found, key=lambda one: str(one["id"]))


def statuses(results: list[Any]) -> list[int]:
    return [one["statusCode"] for one in results]


def operation(request: Seen) -> str:
    return request.headers["X-Amz-Target"].rpartition(".")[2]


def refused(code: str, status: int = 400, **more: Any) -> Canned:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "m", **more}
    return Canned(status, json.dumps(body).encode())


def test_records_are_put_as_they_are(server: DynamoServer, bench: Bench) -> None:
    record = {
        "id": "a",
        "n": 12345678901234567890,
        "f": 0.1,
        "t": True,
        "nothing": None,
        "l": ["x", {"y": [1]}],
        "e": "",
    }

    (result,) = bench.push([record])

    assert result == {"statusCode": 200, "id": "a", "_json": record}
    (found,) = server.items("imports")
    assert found == {
        "id": {"S": "a"}, "n": {"N": "12345678901234567890"}, "f": {"N": "0.1"}, "t": {"BOOL": True},
        "nothing": {"NULL": True}, "l": {"L": [{"S": "x"}, {"M": {"y": {"L": [{"N": "1"}]}}}]}, "e": {"S": ""},
    }  # fmt: skip


def test_item_is_a_template_of_json(server: DynamoServer, bench: Bench) -> None:
    item = '{"id": "{{record.id}}", "total": {{record.total}}, "tags": {{{jsonSerialize record.tags}}}}'
    digits = "0.1234567890123456789012345678901234567"
    evil = 'x", "admin": "yes'

    results = bench.push(
        [{"id": evil, "total": digits, "tags": ["a"]}, {"id": "b", "total": '1, "admin": true', "tags": []}],
        itemDocument=item,
    )

    assert statuses(results) == [200, 422]
    (found,) = server.items("imports")
    assert found == {"id": {"S": evil}, "total": {"N": digits}, "tags": {"L": [{"S": "a"}]}}


def test_batch_of_100_with_failures_inside_stores_the_others(server: DynamoServer, bench: Bench) -> None:
    records: list[Any] = [{"id": f"{number:03d}", "n": number} for number in range(100)]
    records[10] = {"n": 10}
    records[20] = {"id": 20}
    records[30] = {"id": "030", "n": int("9" * 39)}
    records[40] = {"id": "040", "text": "x" * 410_000}
    records[50] = {"id": "taken", "n": 50}
    records[60] = {"id": ""}
    server.put("imports", [{"id": {"S": "taken"}}])

    results = bench.push(records, conditionExpression="attribute_not_exists(id)")

    bad = {at: one["errors"][0]["code"] for at, one in enumerate(results) if one["statusCode"] != 200}
    assert bad == {
        10: "missing_key", 20: "invalid_key", 30: "invalid_value", 40: "ValidationException",
        50: "ConditionalCheckFailedException", 60: "ValidationException",
    }  # fmt: skip
    assert {one["statusCode"] for one in results} == {200, 422}
    assert len(stored(server)) == 94 + 1


def test_existing_items_are_left_out(server: DynamoServer, bench: Bench) -> None:
    server.put("imports", [{"id": {"S": "a"}, "n": {"N": "1"}}])

    results = bench.push([{"id": "a", "n": 2}, {"id": "b", "n": 2}], top={"ignoreExisting": True})

    assert results[0] == {"statusCode": 200, "ignored": True}
    assert statuses(results) == [200, 200]
    assert stored(server) == [{"id": "a", "n": 1}, {"id": "b", "n": 2}]


def test_missing_items_are_left_out(server: DynamoServer, bench: Bench) -> None:
    server.put("imports", [{"id": {"S": "a"}, "n": {"N": "1"}}])

    results = bench.push(
        [{"id": "a", "n": 2}, {"id": "b", "n": 2}],
        "updateItem",
        top={"ignoreMissing": True},
        partitionKey="{{{record.id}}}",
        updateExpression="SET n = :n",
        expressionAttributeValues='{":n": {{record.n}}}',
    )

    assert results[1] == {"statusCode": 200, "ignored": True}
    assert stored(server) == [{"id": "a", "n": 2}]


@pytest.mark.parametrize(
    ("more", "outcome"),
    [({"Item": {"id": {"S": "a"}}}, "ignored"), ({}, "ConditionalCheckFailedException")],
)
def test_which_of_two_conditions_failed_shows_by_what_is_there(
    through: Bench, proxy: FaultProxy, more: Any, outcome: str
) -> None:
    proxy.fault = lambda request: (
        refused("ConditionalCheckFailedException", **more) if operation(request) == "PutItem" else None
    )

    (result,) = through.push([{"id": "a"}], top={"ignoreExisting": True}, conditionExpression="attribute_exists(x)")

    sent = json.loads(proxy.seen[-1].body)
    assert sent["ConditionExpression"] == "(attribute_exists(x)) AND attribute_not_exists(#celigo_key)"
    assert sent["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    assert (result.get("ignored") and "ignored") or result["errors"][0]["code"] == outcome


def test_item_is_updated_by_both_keys(server: DynamoServer, bench: Bench) -> None:
    server.table("lines", "id:N", "line:S")
    server.put("lines", [{"id": {"N": "7"}, "line": {"S": "a"}, "n": {"N": "1"}, "old": {"S": "x"}}])
    lines = Bench(server.doc(), "lines")

    (result,) = lines.push(
        [{"id": 7, "line": "a", "n": 41, "name": 'so "it" is'}],
        "updateItem",
        partitionKey="{{{record.id}}}",
        sortKey="{{{record.line}}}",
        updateExpression="SET #name = :name ADD n :n REMOVE #old",
        expressionAttributeNames='{"#name": "name", "#old": "old"}',
        expressionAttributeValues='{":name": {"S": "{{record.name}}"}, ":n": {"N": "{{record.n}}"}}',
    )

    expected = {"id": 7, "line": "a", "n": 42, "name": 'so "it" is'}
    assert result == {"statusCode": 200, "id": "7|a", "_json": expected}
    assert stored(server, "lines") == [expected]


@pytest.mark.parametrize(
    ("record", "code"),
    [({"line": "a"}, "invalid_key"), ({"id": "x", "line": "a"}, "invalid_key"), ({"id": 1, "line": ""}, "invalid_key")],
)
def test_key_that_can_be_none_is_one_record_s_error(server: DynamoServer, record: dict[str, Any], code: str) -> None:
    server.table("lines", "id:N", "line:S")
    lines = Bench(server.doc(), "lines")
    block = {"partitionKey": "{{{record.id}}}", "sortKey": "{{{record.line}}}", "updateExpression": "REMOVE x"}

    results = lines.push([record, {"id": 2, "line": "b"}], "updateItem", **block)

    assert statuses(results) == [422, 200]
    assert results[0]["errors"][0]["code"] == code


def test_number_that_is_written_in_two_ways_is_one_key(server: DynamoServer, proxy: FaultProxy) -> None:
    server.table("numbers", "id:N")
    waiting = [refused("ThrottlingException")] * 3
    bodies: list[Any] = []

    def fault(request: Seen) -> Canned | None:
        if operation(request) != "PutItem":
            return None
        bodies.append(json.loads(request.body)["Item"]["id"]["N"])
        return waiting.pop() if waiting else None

    proxy.fault = fault
    bench = Bench(server.doc(proxy.url), "numbers")
    try:
        assert statuses(bench.push([{"id": 5, "v": 1}, {"id": 5.0, "v": 2}])) == [200, 200]
    finally:
        bench.close()

    assert bodies == ["5"] * 4 + ["5.0"]
    assert [one["v"] for one in stored(server, "numbers")] == [2]


def test_records_of_one_item_go_in_their_order(server: DynamoServer, bench: Bench) -> None:
    chance = random.Random(seed("order"))
    records = [{"id": chance.choice("abcdefgh"), "n": number} for number in range(200)]

    results = bench.push(records)

    assert statuses(results) == [200] * 200
    assert [one["_json"]["n"] for one in results] == list(range(200))
    last = {one["id"]: one["n"] for one in records}
    assert {one["id"]: one["n"] for one in stored(server)} == last


def test_several_requests_are_on_their_way_at_once(through: Bench, proxy: FaultProxy) -> None:
    open_now = most = 0

    def fault(request: Seen) -> None:
        nonlocal open_now, most
        if operation(request) == "PutItem":
            open_now += 1
            most = max(most, open_now)
            time.sleep(0.05)
            open_now -= 1

    proxy.fault = fault
    through.push([{"id": str(number)} for number in range(20)])

    assert 2 <= most <= 5


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"]
)
def test_write_that_was_throttled_is_sent_again(
    server: DynamoServer, through: Bench, proxy: FaultProxy, code: str
) -> None:
    faults = iter([refused(code)] * 2)
    proxy.fault = lambda request: next(faults, None) if operation(request) == "PutItem" else None

    assert statuses(through.push([{"id": "a"}])) == [200]
    assert [operation(one) for one in proxy.seen] == ["DescribeTable", "PutItem", "PutItem", "PutItem"]


@pytest.mark.parametrize(
    ("fault", "is_there"), [(BEFORE, False), (AFTER, True), (refused("InternalServerError", 500), False)]
)
def test_write_without_an_answer_is_not_known_and_not_sent_again(
    server: DynamoServer, through: Bench, proxy: FaultProxy, fault: Any, is_there: bool
) -> None:
    proxy.fault = lambda request: fault if operation(request) == "UpdateItem" else None

    (result,) = through.push(
        [{"id": "a"}],
        "updateItem",
        partitionKey="{{{record.id}}}",
        updateExpression="ADD n :one",
        expressionAttributeValues='{":one": 1}',
    )

    assert result["statusCode"] == 502
    assert "not known" in result["errors"][0]["message"]
    assert [operation(one) for one in proxy.seen].count("UpdateItem") == 1
    assert stored(server) == ([{"id": "a", "n": 1}] if is_there else [])


def test_keys_that_end_in_the_middle_end_the_rest(server: DynamoServer, through: Bench, proxy: FaultProxy) -> None:
    through.access.doc["dynamodb"]["concurrencyLevel"] = 1
    seen = 0

    def fault(request: Seen) -> Canned | None:
        nonlocal seen
        seen += operation(request) == "PutItem"
        return refused("ExpiredTokenException") if seen > 3 else None

    proxy.fault = fault
    results = through.push([{"id": str(number)} for number in range(10)])

    assert statuses(results) == [200] * 3 + [403] * 7
    assert seen == 4
    assert len(stored(server)) == 3


def test_nothing_is_sent_once_the_reader_has_gone(server: DynamoServer, through: Bench, proxy: FaultProxy) -> None:
    through.access.doc["dynamodb"]["concurrencyLevel"] = 1

    def fault(request: Seen) -> None:
        if operation(request) == "PutItem":
            through.stop.set()

    proxy.fault = fault
    results = through.push([{"id": str(number)} for number in range(10)])

    assert statuses(results) == [200] + [422] * 9
    assert len(stored(server)) == 1


@pytest.mark.parametrize(
    ("method", "block", "top", "field"),
    [
        ("deleteItem", {}, {}, "method"),
        ("updateItem", {"updateExpression": "REMOVE x"}, {}, "partitionKey"),
        ("updateItem", {"partitionKey": "a"}, {}, "updateExpression"),
        ("updateItem", {"partitionKey": "a", "updateExpression": "SET a = {{record.a}}"}, {}, "updateExpression"),
        ("putItem", {"conditionExpression": "a = {{record.a}}"}, {}, "conditionExpression"),
        ("putItem", {"itemDocument": "{{#if"}, {}, "itemDocument"),
        ("putItem", {"ignoreExtract": "{{record.id}}"}, {"ignoreExisting": True}, "ignoreExtract"),
        ("putItem", {"tableName": "x/y"}, {}, "tableName"),
    ],
)
def test_document_that_cannot_be_used_is_refused_before_anything_is_sent(
    through: Bench, proxy: FaultProxy, method: str, block: dict[str, Any], top: dict[str, Any], field: str
) -> None:
    through.table = block.pop("tableName", "imports")
    with pytest.raises(SourceFailure) as failed:
        through.push([{"id": "a"}], method, top=top, **block)

    assert failed.value.field == f"import.dynamodb.{field}"
    assert proxy.seen == []


def test_import_through_an_engine_and_its_mapping(server: DynamoServer, engine: EngineProcess, bench: Bench) -> None:
    connection = engine.connection(server.doc())
    rules = [
        {"generate": "id", "dataType": "string", "extract": "$.key"},
        {"generate": "n", "dataType": "number", "extract": "$.n"},
    ]
    document = {"dynamodb": {"region": "us-east-1", "tableName": "imports", "method": "putItem"}, "mappings": rules}

    answer = engine.call(
        "POST", f"/connections/{connection}/import", {"import": document, "data": [{"key": "a", "n": "5"}, {"n": 1}]}
    )

    assert statuses(answer.json()) == [200, 422], answer.text
    assert stored(server) == [{"id": "a", "n": 5}]


def test_second_server_takes_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Moto, which others wrote: put, condition with the old item, update, query."""
    with moto(tmp_path_factory.mktemp("moto")) as server:
        server.table("imports", "id:S", "n:N")
        bench = Bench(server.doc(), "imports")
        put = bench.push([{"id": "a", "n": number, "text": "x"} for number in range(20)])
        again = bench.push(
            [{"id": "a", "n": 1}, {"id": "a", "n": 99}],
            top={"ignoreExisting": True},
            conditionExpression="attribute_exists(nowhere)",
        )
        update = bench.push(
            [{"id": "a", "n": 3}],
            "updateItem",
            partitionKey="{{{record.id}}}",
            sortKey="{{{record.n}}}",
            updateExpression="SET #t = :t",
            expressionAttributeNames='{"#t": "text"}',
            expressionAttributeValues='{":t": "y"}',
        )
        found = bench.records(bench.export("id = :a AND n >= :n", {":a": "a", ":n": 18}))

    assert statuses(put) == [200] * 20
    assert again[0] == {"statusCode": 200, "ignored": True}
    assert again[1]["errors"][0]["code"] == "ConditionalCheckFailedException"
    assert update[0]["_json"] == {"id": "a", "n": 3, "text": "y"}
    assert [one["n"] for one in found] == [18, 19]
