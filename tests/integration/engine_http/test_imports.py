"""HTTP imports against a recording stand-in: what is sent from which record, and what each record's outcome says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, Server, answer_json, serve

from celigo_pandas.engine.adaptors.protocol import SourceFailure


def service(asked: Asked) -> Answer:
    """Take what is posted; refuse a bad sku; answer batches element by element."""
    body = asked.json if asked.body else None
    if asked.path.startswith("/batch"):
        answers = [
            {"ok": "no", "why": f"{one['sku']} is bad"}
            if "bad" in one["sku"]
            else {"ok": "yes", "key": one["sku"].upper()}
            for one in body
        ]
        return answer_json({"results": answers[:-1] if asked.path == "/batch-short" else answers})
    if asked.path == "/status-in-body":
        return answer_json(
            {"Status": "ERROR", "Detail": {"Reason": "closed period"}} if body["n"] == 2 else {"Status": "OK"}
        )
    if asked.path == "/wrapped":
        return answer_json({"data": [{"attributes": {"number": 77}}]})
    if asked.path == "/empty":
        return 204, {}, b""
    return answer_json({"id": 5, "echo": body}, 201)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(service) as found:
        yield found


@pytest.fixture
def bench(server: Server) -> Iterator[Bench]:
    with Bench(connection(server.url)) as found:
        yield found


def importing(uri: str = "/items", **http: Any) -> dict[str, Any]:
    return {"http": {"method": ["POST"], "relativeURI": [uri], **http}}


def test_uri_and_headers_see_the_source_and_the_body_the_mapped_record(bench: Bench, server: Server) -> None:
    doc = importing(
        "/items/{{record.key}}/{{{data.0.key}}}?old={{key}}",
        headers=[{"name": "X-Key", "value": "{{{record.key}}}"}],
        body=['{"sku": "{{{record.sku}}}", "old": "{{{sku}}}"}'],
    )
    bench.push(doc, [{"key": "a b", "sku": "source"}], [{"sku": "mapped"}])

    [asked] = server.asked
    assert asked.target == "/items/a%20b/a%20b?old=a%20b"
    assert asked.headers["X-Key"] == "a b"
    assert asked.json == {"sku": "mapped", "old": "mapped"}


def test_body_without_a_template_is_the_mapped_record(bench: Bench, server: Server) -> None:
    bench.push(importing(), [{"a": 1}], [{"sku": "Å", "big": 12345678901234567890123, "none": None}])

    assert server.asked[0].json == {"sku": "Å", "big": 12345678901234567890123, "none": None}
    assert server.asked[0].headers["Content-Type"] == "application/json"


def test_send_post_mapped_data_off_sends_the_source(bench: Bench, server: Server) -> None:
    bench.push(importing(sendPostMappedData=False), [{"a": 1}], [{"b": 2}])

    assert server.asked[0].json == {"a": 1}


def test_ignore_empty_nodes_leaves_them_out(bench: Bench, server: Server) -> None:
    record = {"a": None, "b": "", "c": [], "d": {"e": None}, "f": 0, "g": False, "h": [{"i": ""}, 1]}
    bench.push(importing(ignoreEmptyNodes=True), [record])

    assert server.asked[0].json == {"f": 0, "g": False, "h": [{}, 1]}


def test_batches_are_told_apart_by_the_resource_path(bench: Bench, server: Server) -> None:
    rules = {
        "resourcePath": ["results"],
        "resourceIdPath": ["key"],
        "successPath": ["ok"],
        "successValues": [["yes"]],
        "errorPath": "why",
    }
    records = [{"sku": sku} for sku in ("a", "bad-b", "c", "d", "bad-e")]

    outcomes = bench.push(importing("/batch", batchSize=2, response=rules), records)

    assert [[one["sku"] for one in asked.json] for asked in server.asked] == [["a", "bad-b"], ["c", "d"], ["bad-e"]]
    assert [outcome["statusCode"] for outcome in outcomes] == [200, 422, 200, 200, 422]
    assert [outcome.get("id") for outcome in outcomes] == ["A", None, "C", "D", None]
    assert outcomes[1]["errors"][0]["message"] == "bad-b is bad"
    assert outcomes[0]["_json"] == {"ok": "yes", "key": "A"}


def test_batch_template_walks_the_batch(bench: Bench, server: Server) -> None:
    body = '[{{#each batch_of_records}}{{#if @index}},{{/if}}{"sku": "{{{record.sku}}}"}{{/each}}]'
    bench.push(
        importing("/batch", batchSize=3, body=[body], response={"resourcePath": "results"}),
        [{"sku": "a"}, {"sku": "b"}],
    )

    assert server.asked[0].json == [{"sku": "a"}, {"sku": "b"}]


def test_batch_answer_of_another_length_is_said_of_every_record(bench: Bench) -> None:
    doc = importing("/batch-short", batchSize=2, response={"resourcePath": ["results"]})

    outcomes = bench.push(doc, [{"sku": "a"}, {"sku": "b"}])

    assert [outcome["errors"][0]["code"] for outcome in outcomes] == ["response_mismatch"] * 2
    assert "not known" in outcomes[0]["errors"][0]["message"]


def test_success_and_fail_values_decide_over_a_200(bench: Bench) -> None:
    rules = {"successPath": ["Status"], "successValues": [["OK", "PARTIAL"]], "errorPath": "Detail.Reason"}
    outcomes = bench.push(importing("/status-in-body", response=rules), [{"n": 1}, {"n": 2}])
    rules = {"failPath": "Status", "failValues": ["ERROR"]}
    again = bench.push(importing("/status-in-body", response=rules), [{"n": 1}, {"n": 2}])

    assert [outcome["statusCode"] for outcome in outcomes] == [200, 422]
    assert outcomes[1]["errors"] == [{"code": "422", "message": "closed period", "source": "application"}]
    assert outcomes[1]["_json"] == {"Status": "ERROR", "Detail": {"Reason": "closed period"}}
    assert [outcome["statusCode"] for outcome in again] == [200, 422]


def test_id_is_read_at_its_path_below_the_resource(bench: Bench) -> None:
    rules = {"resourcePath": ["data[0]"], "resourceIdPath": ["attributes.number"]}

    [outcome] = bench.push(importing("/wrapped", response=rules), [{"n": 1}])

    assert outcome["id"] == "77"
    assert outcome["_json"] == {"data": [{"attributes": {"number": 77}}]}


def test_answer_without_a_body_has_neither_id_nor_json(bench: Bench) -> None:
    assert bench.push(importing("/empty"), [{"n": 1}]) == [{"statusCode": 200}]


def test_order_is_kept_when_ignored_created_and_updated_mix(bench: Bench, server: Server) -> None:
    doc = {
        "ignoreExisting": True,
        "http": {
            "method": ["POST", "PUT"],
            "relativeURI": ["/new", "/old/{{record.id}}"],
            "requestType": ["CREATE", "UPDATE"],
            "existingExtract": "id",
            "ignoreExtract": "skip",
        },
    }
    records = [{"id": 1}, {"skip": "x"}, {"name": "n"}, {"id": 2, "skip": "y"}, {"id": 3, "skip": ""}]

    outcomes = bench.push(doc, records)

    assert [outcome.get("ignored", False) for outcome in outcomes] == [False, True, False, True, False]
    assert [f"{asked.method} {asked.path}" for asked in server.asked] == ["PUT /old/1", "POST /new", "PUT /old/3"]


def test_refused_credentials_stop_the_rest_of_the_batch() -> None:
    def answer(asked: Asked) -> Answer:
        return answer_json({"id": 1}) if len(server.asked) < 3 else answer_json({"error": "expired"}, 401)

    with serve(answer) as server, Bench(connection(server.url)) as bench:
        outcomes = bench.push(importing(), [{"n": n} for n in range(6)])

    assert [outcome["statusCode"] for outcome in outcomes] == [200, 200, 403, 403, 403, 403]
    assert len(server.asked) == 3
    assert outcomes[2]["errors"][0]["source"] == "connection"
    assert "Not sent" in outcomes[3]["errors"][0]["message"]


def test_403_of_a_single_record_is_that_records_error() -> None:
    def answer(asked: Asked) -> Answer:
        return answer_json({"error": "no access"}, 403) if asked.json["n"] == 1 else answer_json({"id": 1})

    with serve(answer) as server, Bench(connection(server.url)) as bench:
        outcomes = bench.push(importing(), [{"n": n} for n in range(3)])

    assert [outcome["statusCode"] for outcome in outcomes] == [200, 422, 200]
    assert outcomes[1]["errors"][0] == {"code": "403", "message": "no access", "source": "application"}


def test_record_whose_template_fails_leaves_the_others_alone(bench: Bench, server: Server) -> None:
    doc = importing('/items/{{lookup "known" record.n}}')
    doc["lookups"] = [{"name": "known", "map": {"1": "one", "3": "three"}}]

    outcomes = bench.push(doc, [{"n": "1"}, {"n": "2"}, {"n": "3"}])

    assert [outcome["statusCode"] for outcome in outcomes] == [200, 422, 200]
    assert outcomes[1]["errors"][0]["code"] == "template_error"
    assert [asked.path for asked in server.asked] == ["/items/one", "/items/three"]


def test_header_with_a_line_break_from_a_record_is_refused(bench: Bench, server: Server) -> None:
    doc = importing(headers=[{"name": "X-Name", "value": "{{{record.name}}}"}])

    outcomes = bench.push(doc, [{"name": "a\r\nX-Admin: yes"}, {"name": "ok"}])

    assert outcomes[0]["errors"][0]["code"] == "invalid_header"
    assert len(server.asked) == 1


def test_server_that_is_gone_fails_each_record_by_itself() -> None:
    with Bench(connection("http://127.0.0.1:9")) as bench:
        outcomes = bench.push(importing(), [{"n": 1}, {"n": 2}])

    assert [outcome["statusCode"] for outcome in outcomes] == [422, 422]
    assert outcomes[0]["errors"][0]["code"] == "unreachable"
    assert outcomes[0]["errors"][0]["source"] == "connection"


@pytest.mark.parametrize(
    ("http", "field"),
    [
        ({}, "http.method"),
        ({"method": ["POST", "PUT"], "relativeURI": ["/a"]}, "http.relativeURI"),
        ({"method": ["POST", "PUT"], "relativeURI": ["/a", "/b"]}, "http.requestType"),
        ({"method": ["POST"], "relativeURI": ["/a"], "batchSize": 5}, "http.response.resourcePath"),
        ({"method": ["POST"], "relativeURI": ["/a"], "batchSize": "many"}, "http.batchSize"),
    ],
)
def test_document_that_cannot_work_fails_before_anything_is_sent(
    bench: Bench, server: Server, http: dict[str, Any], field: str
) -> None:
    with pytest.raises(SourceFailure) as failed:
        bench.push({"http": http}, [{"a": 1}])

    assert failed.value.field == field
    assert server.asked == []


def test_legacy_rest_import_of_the_documentation_runs(server: Server) -> None:
    """The documented heartbeat import: PUT once per record, with Mapper 1.0 done before."""
    rest = {"relativeURI": ["/system/v1/heartbeat"], "method": ["PUT"]}
    doc = {"_id": "e" * 24, "type": "rest", "name": "Old", "rest": {"baseURI": server.url, "mediaType": "json"}}
    with Bench(doc) as bench:
        outcomes = bench.push({"rest": rest}, [{"timestamp": 1512012818751}] * 3)

    assert [outcome["id"] for outcome in outcomes] == ["5", "5", "5"]
    assert [f"{asked.method} {asked.path}" for asked in server.asked] == ["PUT /system/v1/heartbeat"] * 3


def test_urlencoded_slack_sample_sends_token_and_fields() -> None:
    """The documented Slack connection: token in the URL, urlencoded bodies, JSON answers, ping api.test."""
    doc: dict[str, Any] = {
        "_id": "554000000000000000000d00",
        "type": "rest",
        "name": "Slack API",
        "rest": {
            "baseURI": "set below",
            "bearerToken": "xoxp-slack-token",
            "tokenLocation": "url",
            "tokenParam": "token",
            "mediaType": "urlencoded",
            "authType": "token",
            "encryptedFields": [],
            "unencryptedFields": [],
            "scope": [],
            "pingRelativeURI": "api.test",
            "pingSuccessPath": "ok",
            "pingSuccessValues": ["true"],
        },
    }

    def slack(asked: Asked) -> Answer:
        return answer_json({"ok": asked.query.get("token") == "xoxp-slack-token", "ts": "1.5"})

    with serve(slack) as service_server:
        doc["rest"]["baseURI"] = service_server.url + "/api"
        with Bench(doc) as bench:
            assert bench.ping().code == 200
            rest = {
                "relativeURI": ["chat.postMessage"],
                "method": ["POST"],
                "responseIdPath": ["ts"],
                "successPath": ["ok"],
                "successValues": [["true"]],
            }
            [outcome] = bench.push({"rest": rest}, [{"channel": "#ops", "text": "Delayed & late"}])

        assert service_server.asked[0].path == "/api/api.test"
        assert service_server.asked[1].path == "/api/chat.postMessage"
        assert service_server.asked[1].body == b"channel=%23ops&text=Delayed+%26+late"
    assert outcome == {"statusCode": 200, "id": "1.5", "_json": {"ok": True, "ts": "1.5"}}
    assert "xoxp" not in json.dumps(bench.log)


@pytest.mark.parametrize(
    ("status", "sent"), [(301, ["POST"]), (302, ["POST"]), (303, ["POST", "GET"]), (307, ["POST", "POST"])]
)
def test_redirected_write_counts_as_stored_only_where_that_is_known(status: int, sent: list[str]) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/items":
            return status, {"Location": "/login"}, b""
        return answer_json({"id": 9})

    with serve(answer) as server, Bench(connection(server.url)) as bench:
        [outcome] = bench.push(importing(), [{"a": 1}])

    assert [asked.method for asked in server.asked] == sent
    assert outcome["statusCode"] == (200 if len(sent) == 2 else 422)
    assert (server.asked[-1].body == b'{"a":1}') is (status != 303)


def test_write_whose_answer_never_came_is_said_to_be_unknown() -> None:
    stop = threading.Event()

    def answer(asked: Asked) -> Answer:
        stop.wait(5)
        return answer_json({})

    with serve(answer) as server, Bench(connection(server.url), time_s=0.3) as bench:
        [outcome] = bench.push(importing(), [{"a": 1}])
        stop.set()

    assert outcome["errors"][0]["code"] == "timeout"
    assert outcome["errors"][0]["message"].endswith("Whether the record was stored is not known.")


def test_import_record_that_was_never_sent_does_not_say_that_it_may_be_stored() -> None:
    def slow(asked: Asked) -> Answer:
        time.sleep(1.2)
        return answer_json({"id": 1})

    with serve(slow) as server, Bench(connection(server.url), time_s=2) as bench:
        outcomes = bench.push({"http": {"method": ["POST"], "relativeURI": ["/a"]}}, [{"a": n} for n in range(4)])
        texts = [one["errors"][0]["message"] if "errors" in one else "" for one in outcomes]

    assert len(server.asked) == 2
    assert texts[0] == ""
    assert "Whether the record was stored is not known" in texts[1]
    assert not any("not known" in text for text in texts[2:])
    assert "is over" in texts[2]


@pytest.mark.parametrize("method", ["PO ST", "POST\r\nX: y", "", "PÖST"])
def test_import_method_that_is_none_is_refused_before_it_is_sent(server: Server, method: str) -> None:
    with Bench(connection(server.url)) as bench:
        outcome = bench.push({"http": {"method": [method], "relativeURI": ["/a"]}}, [{"a": 1}])[0]

    if method:
        assert outcome["errors"][0]["code"] == "invalid_field"
        assert "not known" not in outcome["errors"][0]["message"]
    assert server.asked == [] or not method


@pytest.mark.parametrize(
    "name", ["Content-Length", "content-length", "Transfer-Encoding", "X Name", "X:Name", "Näme", "a\nb"]
)
def test_header_that_would_change_how_the_request_is_read_is_refused(bench: Bench, server: Server, name: str) -> None:
    """A second Content-Length, or a line break, would make the rest of the body a request of its own."""
    outcomes = bench.push(importing(headers=[{"name": name, "value": "5"}]), [{"n": "1"}])

    assert outcomes[0]["errors"][0]["code"] == "invalid_header"
    assert server.asked == []
