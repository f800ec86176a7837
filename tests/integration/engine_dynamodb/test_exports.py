"""Exports of DynamoDB: pages of the service, values, faults, and what a walk promises while others write."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support.dynamodb_bench import Bench
from support.dynamodb_servers import SECRET, DynamoServer
from support.engine import EngineProcess
from support.fault_proxy import AFTER, BEFORE, Canned, FaultProxy, Seen
from support.soak import runs

from celigo_pandas.engine.adaptors.dynamodb import adaptor
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.safety.reach import Reach

ALL = ("#p = :p", {":p": "all"}, {"#p": "place"})


@pytest.fixture
def bench(server: DynamoServer) -> Iterator[Bench]:
    server.table("exports", "place:S", "id:N")
    found = Bench(server.doc(), "exports")
    yield found
    found.close()


@pytest.fixture
def through(server: DynamoServer, proxy: FaultProxy, bench: Bench) -> Iterator[Bench]:
    found = Bench(server.doc(proxy.url), "exports")
    yield found
    found.close()


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"place": {"S": "all"}, "id": {"N": str(number)}, **more}


def numbers(records: list[Any]) -> list[int]:
    return [record["id"] for record in records]


def test_pages_of_a_megabyte_are_followed_to_their_end(server: DynamoServer, through: Bench, proxy: FaultProxy) -> None:
    server.put("exports", [item(number, text={"S": "x" * 2_000}) for number in range(1_300)])

    found = through.records(through.export(*ALL))

    assert numbers(found) == list(range(1_300))
    assert len(proxy.seen) >= 3


def test_empty_page_is_not_the_end(server: DynamoServer, through: Bench, proxy: FaultProxy) -> None:
    """A page counts what it reads before the filter: most of these hold nothing."""
    server.put("exports", [item(number, text={"S": "x" * 2_000}) for number in range(1_300)])

    found = through.records(
        through.export("#p = :p", {":p": "all", ":n": "nothing"}, {"#p": "place"}, filterExpression="nowhere = :n")
    )

    assert found == []
    assert len(proxy.seen) >= 3


def test_key_condition_filter_projection_and_reserved_words(server: DynamoServer, bench: Bench) -> None:
    server.put("exports", [item(number, status={"S": "open" if number % 2 else "done"}) for number in range(20)])

    found = bench.records(
        bench.export(
            "#p = :p AND #i BETWEEN :from AND :to",
            {":p": "all", ":from": 5, ":to": {"N": "12"}, ":s": "open"},
            {"#p": "place", "#i": "id", "#s": "status"},
            filterExpression="#s = :s",
            projectionExpression=["#i", "#s"],
        )
    )

    assert found == [{"id": number, "status": "open"} for number in (5, 7, 9, 11)]


def test_values_of_every_type_are_read(server: DynamoServer, bench: Bench) -> None:
    digits = "12345678901234567890123456789012345678"
    server.put(
        "exports",
        [item(1, n={"N": digits}, f={"N": "0.1"}, exact={"N": f"0.{digits}"}, b={"B": b"\0\1"}, t={"BOOL": True},
              nothing={"NULL": True}, l={"L": [{"S": "a"}, {"N": "1"}]}, m={"M": {"x": {"S": "é"}}},
              ss={"SS": ["b", "a"]}, ns={"NS": ["10", "9"]})],
    )  # fmt: skip

    (found,) = bench.records(bench.export(*ALL))

    assert found == {
        "place": "all", "id": 1, "n": int(digits), "f": 0.1, "exact": f"0.{digits}", "b": "AAE=", "t": True,
        "nothing": None, "l": ["a", 1], "m": {"x": "é"}, "ss": ["a", "b"], "ns": [9, 10],
    }  # fmt: skip


def test_values_are_templates_that_cannot_leave_their_place(server: DynamoServer, bench: Bench) -> None:
    server.put("exports", [item(1)])
    export = bench.export("#p = :p", '{":p": "{{settings.place}}"}', {"#p": "place"})

    assert numbers(bench.records(export, settings={"place": "all"})) == [1]
    assert bench.records(export, settings={"place": 'all", ":q": "x'}) == []


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"keyConditionExpression": None}, "keyConditionExpression", "missing_required_field"),
        ({"keyConditionExpression": "#p = {{settings.x}}"}, "keyConditionExpression", "invalid_field"),
        ({"filterExpression": "a = {{x}}"}, "filterExpression", "invalid_field"),
        ({"tableName": "a b"}, "tableName", "invalid_field"),
        ({"tableName": None}, "tableName", "missing_required_field"),
        ({"method": "scan"}, "method", "invalid_field"),
        ({"region": "evil.example/"}, "region", "invalid_field"),
        ({"projectionExpression": "#a"}, "projectionExpression", "invalid_field"),
        ({"expressionAttributeValues": "{"}, "expressionAttributeValues", "invalid_json"),
        ({"expressionAttributeValues": '{":p": 1, ":p": 2}'}, "expressionAttributeValues", "invalid_json"),
        ({"expressionAttributeValues": '{":p": {"N": "x"}}'}, "expressionAttributeValues", "invalid_value"),
        ({"expressionAttributeNames": "[]"}, "expressionAttributeNames", "invalid_json"),
    ],
)
def test_document_that_cannot_be_used_is_refused_by_its_member(
    through: Bench, proxy: FaultProxy, change: dict[str, Any], field: str, code: str
) -> None:
    export = through.export(*ALL)
    export["dynamodb"].update(change)

    with pytest.raises(SourceFailure) as failed:
        through.records(export)

    assert (failed.value.field, failed.value.code) == (f"export.dynamodb.{field}", code)
    assert proxy.seen == []


def test_once_is_refused(bench: Bench) -> None:
    with pytest.raises(SourceFailure) as failed:
        bench.records({**bench.export(*ALL), "type": "once"})

    assert (failed.value.code, failed.value.field) == ("unsupported", "export.type")


def test_whole_table_is_read_only_by_choice(server: DynamoServer, bench: Bench) -> None:
    server.put("exports", [item(number) for number in range(30)])
    bench.scans = True

    assert sorted(numbers(bench.records(bench.export()))) == list(range(30))


def test_mistake_in_an_expression_is_told_in_the_service_s_words(bench: Bench) -> None:
    with pytest.raises(SourceFailure, match="Query") as failed:
        bench.records(bench.export("#p == :p", {":p": "all"}, {"#p": "place"}))

    assert failed.value.code == "ValidationException"


def test_table_that_is_not_there_is_named(server: DynamoServer) -> None:
    bench = Bench(server.doc(), "no-such-table")

    with pytest.raises(SourceFailure) as failed:
        bench.records(bench.export(*ALL))

    assert failed.value.code == "table_not_found"


# Faults ---------------------------------------------------------------------------------------------------------------


def refused(code: str, message: str = "m", status: int = 400) -> Canned:
    return Canned(
        status, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}).encode()
    )


def test_read_is_asked_again_when_throttled_broken_or_failed(
    server: DynamoServer, through: Bench, proxy: FaultProxy
) -> None:
    server.put("exports", [item(number) for number in range(10)])
    throttled, failed = refused("ProvisionedThroughputExceededException"), refused("InternalServerError", status=500)
    faults = iter([throttled, BEFORE, AFTER, failed, refused("ThrottlingException")])
    proxy.fault = lambda request: next(faults, None)

    assert numbers(through.records(through.export(*ALL))) == list(range(10))
    assert len(proxy.seen) == 6


def test_throttling_ends_with_the_call(through: Bench, proxy: FaultProxy) -> None:
    through.time_s = 1.0
    proxy.fault = lambda request: refused("ThrottlingException")

    with pytest.raises(SourceFailure) as failed:
        through.records(through.export(*ALL))

    assert failed.value.code == "rate_limited"
    assert not failed.value.offline


def test_skewed_clock_names_both(through: Bench, proxy: FaultProxy) -> None:
    text = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)"
    answer = refused("InvalidSignatureException", text)
    proxy.fault = lambda request: Canned(400, answer.body, {"Date": "Thu, 02 Jan 2031 03:04:05 GMT"})

    with pytest.raises(SourceFailure, match="02 Jan 2031") as failed:
        through.records(through.export(*ALL))

    assert (failed.value.code, failed.value.offline) == ("clock_skew", False)
    assert proxy.seen[0].headers["X-Amz-Date"] in failed.value.message


def test_answer_that_does_not_fit_its_checksum_is_refused(through: Bench, proxy: FaultProxy) -> None:
    proxy.fault = lambda request: Canned(200, b'{"Items":[]}', {"x-amz-crc32": "1"})

    with pytest.raises(SourceFailure, match="checksum"):
        through.records(through.export(*ALL))


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"Items":[{"a":{"?":1}}]}', b'{"Items":[5]}', b"\xff"])
def test_answer_that_is_none_is_said(through: Bench, proxy: FaultProxy, body: bytes) -> None:
    proxy.fault = lambda request: Canned(200, body)

    with pytest.raises(SourceFailure) as failed:
        through.records(through.export(*ALL))

    assert failed.value.code == "bad_answer"


def test_walk_that_turns_in_a_circle_ends(through: Bench, proxy: FaultProxy) -> None:
    proxy.fault = lambda request: Canned(200, b'{"Items":[],"LastEvaluatedKey":{"id":{"N":"1"}}}')

    with pytest.raises(SourceFailure, match="twice"):
        through.records(through.export(*ALL))


def test_rights_that_are_missing_are_no_refused_keys(through: Bench, proxy: FaultProxy) -> None:
    proxy.fault = lambda request: refused("AccessDeniedException", "User is not authorized to perform: dynamodb:Query")

    with pytest.raises(SourceFailure) as failed:
        through.records(through.export(*ALL))

    assert (failed.value.code, failed.value.offline) == ("permission_denied", False)
    assert adaptor.ping(through.call()).code == 200


def test_host_out_of_reach_is_not_asked(server: DynamoServer) -> None:
    bench = Bench(server.doc(), "exports", reach=Reach(hosts=("example.com",)))

    with pytest.raises(SourceFailure) as failed:
        bench.records(bench.export(*ALL))

    assert failed.value.code == "out_of_reach"


def test_signature_and_secret_are_in_no_log(server: DynamoServer, bench: Bench) -> None:
    server.put("exports", [item(1)])
    bench.records(bench.export(*ALL))

    text = repr(bench.log)
    assert "Signature=" not in text
    assert SECRET not in text
    assert "exports" in text


# While others write ---------------------------------------------------------------------------------------------------


def test_items_that_stay_come_once_each_while_a_writer_inserts_and_deletes(
    server: DynamoServer, engine: EngineProcess, bench: Bench
) -> None:
    """What is promised: every item that is there all the time, once. Of those that come or go, any may be in it."""
    count = runs(2_000, 25_000)
    server.put("exports", [item(number, text={"S": "x" * 800}) for number in range(0, 2 * count, 2)])
    export = {**bench.export(*ALL), "pageSize": 500}
    connection = engine.connection(server.doc())
    is_over, passes = threading.Event(), []

    def write() -> None:
        client, number = server.boto(), 1
        while not is_over.is_set():
            client.put_item(TableName="exports", Item=item(number))
            client.delete_item(TableName="exports", Key=item(number))
            client.put_item(TableName="exports", Item=item(number + 2))
            number = (number + 58) % (2 * count) | 1
            passes.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = numbers(engine.records(connection, export))
    finally:
        is_over.set()
        writer.join()

    assert [number for number in found if number % 2 == 0] == list(range(0, 2 * count, 2))
    assert len(found) == len(set(found))
    assert len(passes) > 5


def test_pages_of_an_engine_do_not_shift(server: DynamoServer, engine: EngineProcess, bench: Bench) -> None:
    server.put("exports", [item(number) for number in range(250)])
    connection = engine.connection(server.doc())
    pages = list(engine.pages(connection, {**bench.export(*ALL), "pageSize": 100}))

    assert [numbers(page["data"]) for page in pages if page["data"]] == [
        list(range(100)), list(range(100, 200)), list(range(200, 250))
    ]  # fmt: skip


def test_seen_requests_name_their_operation(through: Bench, proxy: FaultProxy) -> None:
    through.records(through.export(*ALL))

    (request,) = proxy.seen
    assert isinstance(request, Seen)
    assert request.headers["X-Amz-Target"] == "DynamoDB_20120810.Query"
    assert request.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert "/us-east-1/dynamodb/aws4_request" in request.headers["Authorization"]
