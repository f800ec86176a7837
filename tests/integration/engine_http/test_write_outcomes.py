"""Writes whose answer is unusual: stored, refused, or not known; and bodies without empty nodes."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
from support.engine import EngineProcess
from support.http_calls import Bench, connection
from support.raw_server import serve_raw
from support.rest_standin import Answer, Asked, answer_json, serve
from support.tls_files import write_certificates

import celigo_pandas as celigo
from celigo_pandas.engine.adaptors.protocol import SourceFailure

GOOD = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"id":7}'


def importing(**http: Any) -> dict[str, Any]:
    return {"adaptorType": "HTTPImport", "http": {"method": ["POST"], "relativeURI": ["/items"], **http}}


def push(answer: bytes, count: int = 1) -> tuple[list[Any], list[bytes]]:
    with serve_raw(answer) as server, Bench(connection(server.url)) as bench:
        return bench.push(importing(), [{"n": at} for at in range(count)]), server.requests


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints", "199 Odd"])
@pytest.mark.parametrize("times", [1, 3])
def test_interim_answers_are_read_past(status: str, times: int) -> None:
    interim = f"HTTP/1.1 {status}\r\nLink: </style.css>; rel=preload\r\n\r\n".encode() * times

    [outcome], _ = push(interim + GOOD)

    assert outcome == {"statusCode": 200, "id": "7", "_json": {"id": 7}}


UNKNOWN = {
    "two lengths": b'HTTP/1.1 201 Created\r\nContent-Length: 8\r\nContent-Length: 9\r\n\r\n{"id":7}',
    "closed without an answer": b"",
    "closed in the head": b"HTTP/1.1 201 Cre",
    "closed behind the status": b"HTTP/1.1 201 Created\r\n",
    "closed in the headers": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-",
    "closed behind the headers": b"HTTP/1.1 204 No Content\r\nX-A: b\r\n",
    "closed in the body": b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "endless interim answers": b"HTTP/1.1 102 Processing\r\n\r\n" * 200,
    "a coding that was not offered": b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
    "bad chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a gateway without an answer": b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n",
    "another protocol from here on": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "a status that is none": b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    "a gateway with a bad answer": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_write_that_was_sent_and_not_answered_is_unknown(what: str) -> None:
    [outcome], requests = push(UNKNOWN[what])

    assert len(requests) == 1
    assert outcome["statusCode"] == 502
    assert outcome["errors"][0]["message"].endswith("Whether the record was stored is not known.")


def test_tls_connection_that_ends_without_an_answer_is_unknown(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificates(tmp_path)[1])
    with serve_raw(b"", tls=context) as server, Bench(connection(server.url, disableStrictSSL=True)) as bench:
        [outcome] = bench.push(importing(), [{"n": 1}])

    assert (len(server.requests), outcome["statusCode"]) == (1, 502)


def test_write_that_never_left_is_failed_and_says_nothing_of_storing() -> None:
    with Bench(connection("http://127.0.0.1:1")) as bench:
        [outcome] = bench.push(importing(), [{"n": 1}])

    assert outcome["statusCode"] == 422
    assert "not known" not in outcome["errors"][0]["message"]


def test_plain_retry_does_not_send_again_what_may_be_stored() -> None:
    """The whole way from a frame: the row is unknown, and only an explicit word sends it again."""
    with serve_raw(UNKNOWN["two lengths"], GOOD) as server, celigo.local() as client:
        con = client.connections.create(connection(server.url))
        result = celigo.to_import(pd.DataFrame({"n": [1]}), importing(), con, first=0, progress=False)
        again = result.retry()

        assert list(result.frame["outcome"]) == ["unknown"]
        assert list(again.frame["outcome"]) == ["unknown"]
        assert len(server.requests) == 1
        assert list(result.retry(unknown=True).frame["outcome"]) == ["ok"]
        assert len(server.requests) == 2


def test_batch_answer_of_another_length_is_unknown() -> None:
    rules = {"response": {"resourcePath": ["results"]}, "batchSize": 3}
    with serve(lambda _: answer_json({"results": [{"id": 1}]})) as server, Bench(connection(server.url)) as bench:
        outcomes = bench.push(importing(**rules), [{"n": at} for at in range(3)])

    assert [outcome["statusCode"] for outcome in outcomes] == [502, 502, 502]


@pytest.mark.parametrize("location", ["/größe?q=ä", "/日本"])
def test_redirect_with_raw_utf8_is_followed_there(location: str) -> None:
    raw = f"HTTP/1.1 307 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with serve_raw(raw, GOOD) as server, Bench(connection(server.url)) as bench:
        [outcome] = bench.push(importing(), [{"n": 1}])

    assert outcome["id"] == "7"
    assert server.requests[1].split(b"\r\n")[0] == f"POST {quote(location, safe='/?=')} HTTP/1.1".encode()


JSON_BODY = (
    """{"a": "{{record.a}}", "b": {"c": null, "d": ["", {"e": ""}]}, "price": 1.10, "big": 12345678901234567890.5}"""
)


@pytest.mark.parametrize(
    ("media", "template", "expected"),
    [
        ("json", JSON_BODY, '{"b": {"d": ["", {}]}, "price": 1.10, "big": 12345678901234567890.5}'),
        ("json", '{"price": 1.10,  "a": "x"}', '{"price": 1.10,  "a": "x"}'),
        ("json", "{not json", "{not json"),
        (
            "xml",
            '<?xml version="1.0"?>\n<r>\n <a>{{record.a}}</a><b><c/><d> </d></b><e x="1"/><f>1</f><!-- <g/> --></r>',
            '<?xml version="1.0"?>\n<r>\n <e x="1"/><f>1</f><!-- <g/> --></r>',
        ),
        ("xml", "<r><a><![CDATA[<b/>]]></a><c></c></r>", "<r><a><![CDATA[<b/>]]></a></r>"),
        ("xml", '<r><a t="1 > 0"></a><s:b/></r>', '<r><a t="1 > 0"></a></r>'),
        ("xml", "<r><a></a></r>", "<r></r>"),
        ("xml", "<r/>", "<r/>"),
        ("xml", "<r><a></b></r>", "<r><a></b></r>"),
        ("plaintext", '{"a": ""}', '{"a": ""}'),
    ],
)
def test_templated_body_goes_without_its_empty_nodes(media: str, template: str, expected: str) -> None:
    seen: list[Asked] = []

    def answer(asked: Asked) -> Answer:
        seen.append(asked)
        return answer_json({"id": 1})

    with serve(answer) as server, Bench(connection(server.url)) as bench:
        document = importing(body=[template], requestMediaType=media, successMediaType="json")
        bench.push({"http": {**document["http"], "ignoreEmptyNodes": True}}, [{"a": ""}])
        bench.push(document, [{"a": ""}])

    assert seen[0].body.decode() == expected
    assert seen[1].body.decode() == template.replace("{{record.a}}", "")


XML_ANSWERS: dict[str, Any] = {
    "/error": '<r><status code="1">ERROR</status><why lang="en">closed period</why></r>',
    "/ok": '<r><status code="0">OK</status><order type="new"><id scheme="x">77</id></order></r>',
}


@pytest.mark.parametrize(
    ("uri", "rules", "status", "id"),
    [
        ("/error", {"failPath": ["/r/status"], "failValues": [["ERROR"]]}, 422, None),
        ("/ok", {"failPath": ["/r/status"], "failValues": [["ERROR"]]}, 200, None),
        ("/error", {"failPath": ["/r/status/@code"], "failValues": [["1"]]}, 422, None),
        ("/ok", {"successPath": ["/r/status/text()"], "successValues": [["OK"]]}, 200, None),
        ("/error", {"successPath": ["/r/status/text()"], "successValues": [["OK"]]}, 422, None),
        (
            "/ok",
            {"successPath": ["/r/status"], "successValues": [["OK"]], "allowArrayforSuccessPath": False},
            200,
            None,
        ),
        ("/ok", {"resourceIdPath": ["/r/order/id"]}, 200, "77"),
        ("/ok", {"resourceIdPath": ["//id"]}, 200, "77"),
        ("/ok", {"resourcePath": ["/r/order"], "resourceIdPath": ["id"]}, 200, "77"),
        ("/ok", {"resourcePath": ["/r/order"], "resourceIdPath": ["/order/id/text()"]}, 200, "77"),
        ("/ok", {"resourcePath": ["/r/order"], "resourceIdPath": ["/id"]}, 200, "77"),
        ("/ok", {"resourcePath": ["/r/order"], "resourceIdPath": ["@type"]}, 200, "new"),
    ],
)
def test_xml_answers_are_judged_by_text_beside_attributes(
    uri: str, rules: dict[str, Any], status: int, id: str | None
) -> None:
    def answer(asked: Asked) -> Answer:
        return 200, {"Content-Type": "application/xml"}, XML_ANSWERS[asked.path].encode()

    document = importing(relativeURI=[uri], successMediaType="xml", response={**rules, "errorPath": "/r/why"})
    with serve(answer) as server, Bench(connection(server.url)) as bench:
        [outcome] = bench.push(document, [{"n": 1}])

    assert (outcome["statusCode"], outcome.get("id")) == (status, id)
    if status == 422:
        assert outcome["errors"][0]["message"].startswith("closed period")


def test_batch_in_xml_has_one_outcome_per_element() -> None:
    content = (
        '<r xmlns="urn:d"><o s="ok"><id k="1">a</id></o><o s="bad"><id/><e>no stock</e></o><o s="ok"><id>c</id></o></r>'
    )
    rules = {
        "resourcePath": ["/r/o"],
        "resourceIdPath": ["id"],
        "successPath": ["@s"],
        "successValues": [["ok"]],
        "errorPath": "e",
    }

    def answer(asked: Asked) -> Answer:
        return 200, {"Content-Type": "application/xml"}, content.encode()

    with serve(answer) as server, Bench(connection(server.url)) as bench:
        outcomes = bench.push(
            importing(successMediaType="xml", batchSize=3, response=rules), [{"n": at} for at in range(3)]
        )

    assert [(one["statusCode"], one.get("id")) for one in outcomes] == [(200, "a"), (422, None), (200, "c")]
    assert outcomes[1]["errors"][0]["message"] == "no stock"
    assert json.dumps(outcomes)


def test_path_that_is_no_xpath_is_refused_before_anything_is_sent() -> None:
    document = importing(successMediaType="xml", response={"resourceIdPath": ["/r/id["]})
    with (
        serve(lambda _: answer_json({})) as server,
        Bench(connection(server.url)) as bench,
        pytest.raises(SourceFailure, match=r"http\.response\.resourceIdPath.*no XPath") as refused,
    ):
        bench.push(document, [{"n": 1}])

    assert (server.asked, refused.value.field) == ([], "http.response.resourceIdPath")


def test_engine_counts_an_unknown_part_of_a_record_most() -> None:
    """One record becomes two requests; one is refused, the other has no answer: the record may be stored."""
    refused = b'HTTP/1.1 400 Bad Request\r\nContent-Length: 16\r\n\r\n{"error": "no"} '
    document = {**importing(), "oneToMany": True, "pathToMany": "lines"}
    with serve_raw(refused, UNKNOWN["two lengths"]) as server, EngineProcess() as engine:
        id = engine.connection(connection(server.url))
        answer = engine.call(
            "POST", f"/connections/{id}/import", {"import": document, "data": [{"lines": [{"a": 1}, {"a": 2}]}]}
        )

    assert [one["statusCode"] for one in answer.json()] == [502]


def test_record_of_which_a_part_was_stored_is_not_sent_again_by_a_plain_retry() -> None:
    """The parts go out one by one; a record that is sent again would store the first part twice."""
    refused = b'HTTP/1.1 400 Bad Request\r\nContent-Length: 16\r\n\r\n{"error": "no"} '
    document = {**importing(), "oneToMany": True, "pathToMany": "lines"}
    with serve_raw(GOOD, refused) as server, celigo.local() as client:
        con = client.connections.create(connection(server.url))
        rows = pd.DataFrame({"lines": [[{"a": 1}, {"a": 2}]]})
        result = celigo.to_import(rows, document, con, first=0, progress=False)
        result.retry()

    assert list(result.frame["outcome"]) == ["unknown"]
    assert "1 of 2 parts of the record were stored" in result.frame["message"].iloc[0]
    assert len(server.requests) == 2


@pytest.mark.parametrize("location", ["/gone", "http://127.0.0.1:1/x", "http://169.254.169.254/x", "/again"])
def test_write_answered_by_see_other_that_leads_nowhere_is_unknown(location: str) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path in ("/items", "/again"):
            return 303, {"Location": location}, b""
        return answer_json({"error": "not found"}, 404)

    with serve(answer) as server, Bench(connection(server.url)) as bench:
        [outcome] = bench.push(importing(), [{"n": 1}])

    assert outcome["statusCode"] == 502
    assert outcome["errors"][0]["message"].endswith("Whether the record was stored is not known.")


@pytest.mark.parametrize("name", ["successPath", "failPath", "resourceIdPath", "errorPath"])
@pytest.mark.parametrize("path", ["$..error", "errors[-1].code", "errors[?(@.code)]", "errors[].code", "//error"])
def test_path_that_could_find_nothing_is_refused_before_anything_is_sent(name: str, path: str) -> None:
    with serve_raw(GOOD) as server, Bench(connection(server.url)) as bench, pytest.raises(SourceFailure) as caught:
        bench.push(importing(response={name: [path]}), [{"n": 1}])

    assert (server.requests, caught.value.field) == ([], f"http.response.{name}")


def test_lookup_whose_path_could_find_nothing_is_refused_before_anything_is_sent() -> None:
    lookups = [{"name": "L", "method": "GET", "relativeURI": "/x", "extract": "$..id"}]
    with serve_raw(GOOD) as server, Bench(connection(server.url)) as bench, pytest.raises(SourceFailure) as caught:
        bench.push(importing(lookups=lookups), [{"n": 1}])

    assert (server.requests, caught.value.field) == ([], "http.lookups.extract")


def test_path_of_errors_is_read_by_their_own_media_type() -> None:
    refusal = b"HTTP/1.1 400 Bad\r\nContent-Length: 34\r\n\r\n<r><error>no such item</error></r>\n"
    rules = {"errorMediaType": "xml", "response": {"errorPath": "//error"}}
    with serve_raw(refusal) as server, Bench(connection(server.url)) as bench:
        [outcome] = bench.push(importing(**rules), [{"n": 1}])

    assert outcome["errors"][0]["message"] == "no such item"
