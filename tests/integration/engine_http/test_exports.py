"""HTTP exports against a stand-in: media types, paths, success rules, and sources that would never end."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from typing import Any

import pytest
import requests
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, answer_json, serve

from celigo_pandas.engine.adaptors.http.transport import Limits, Transport, TransportFailure


def export(uri: str = "/items", **http: Any) -> dict[str, Any]:
    return {"http": {"method": "GET", "relativeURI": uri, **http}}


def answering(body: bytes | str, content_type: str = "application/json", **headers: str) -> Any:
    content = body.encode() if isinstance(body, str) else body
    return lambda asked: (200, {"Content-Type": content_type, **headers}, content)


def read(body: bytes | str, content_type: str = "application/json", **http: Any) -> list[Any]:
    with serve(answering(body, content_type)) as server, Bench(connection(server.url)) as bench:
        return bench.records(export(**http))


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ('{"a": 1}', None, [{"a": 1}]),
        ('[{"a": 1}, {"a": 2}]', None, [{"a": 1}, {"a": 2}]),
        ("[]", None, []),
        ("", None, []),
        ("null", None, []),
        ('{"data": {"items": [{"a": 1}]}}', "data.items", [{"a": 1}]),
        ('{"data": {"a": 1}}', "data", [{"a": 1}]),
        ('{"data": null}', "data", []),
        ('{"pages": [{"rows": [{"a": 1}]}, {"rows": [{"a": 2}]}]}', "pages[*].rows", [[{"a": 1}], [{"a": 2}]]),
        ('{"ids": ["x", "y"]}', "ids", [{"value": "x"}, {"value": "y"}]),
        ('[{"n": 12345678901234567890123}]', None, [{"n": 12345678901234567890123}]),
    ],
)
def test_json_records_are_found_where_the_path_says(body: str, path: str | None, expected: list[Any]) -> None:
    assert read(body, response={"resourcePath": path} if path else {}) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"hasHeader": True}, [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]),
        ({"doNotNormalize": True}, [["id", "name"], [1, "a"], [2, "b"]]),
        (
            {"hasHeader": False},
            [{"Column0": "id", "Column1": "name"}, {"Column0": 1, "Column1": "a"}, {"Column0": 2, "Column1": "b"}],
        ),
    ],
)
def test_two_d_array_becomes_records(rules: dict[str, Any], expected: list[Any]) -> None:
    assert (
        read('{"rows": [["id", "name"], [1, "a"], [2, "b"]]}', response={"resourcePath": "rows", "twoDArray": rules})
        == expected
    )


def test_xml_with_namespaces_and_soap_envelope_is_read_by_xpath() -> None:
    body = """<?xml version="1.0" encoding="ISO-8859-1"?>
    <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
      <planes><plane id="1"><tail>N1</tail><tail>N2</tail><note>caf\xe9 &amp; bar</note></plane><plane id="2"/></planes>
    </soap:Body></soap:Envelope>""".encode("latin-1")

    records = read(body, "text/xml", successMediaType="xml", response={"resourcePath": "/Envelope/Body/planes/plane"})

    assert records == [{"$": {"id": "1"}, "tail": ["N1", "N2"], "note": ["café & bar"]}, {"$": {"id": "2"}}]


def test_xml_with_entities_is_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    with serve(answering(bomb, "text/xml")) as server, Bench(connection(server.url)) as bench:
        failed = bench.failure(export(successMediaType="xml"))

    assert failed.code == "bad_answer"
    assert "entities" in failed.message


def test_csv_urlencoded_and_text_are_read() -> None:
    assert read('id;name\r\n1;"a;b"\r\n2;\r\n', "text/csv", successMediaType="csv") != []
    assert read('id,name\r\n1,"a,b"\r\n2,\r\n', "text/csv", successMediaType="csv") == [
        {"id": "1", "name": "a,b"},
        {"id": "2", "name": ""},
    ]
    assert read("a=1&b=x+y&b=z", successMediaType="urlencoded") == [{"a": "1", "b": ["x y", "z"]}]
    assert read("hello", "text/plain", successMediaType="plaintext") == [{"text": "hello"}]


def test_request_template_escapes_only_the_double_form() -> None:
    with serve(answering("[]")) as server, Bench(connection(server.url)) as bench:
        bench.records(
            export("/q?since={{lastExportDateTime}}&raw={{{lastExportDateTime}}}"),
            lastExportDateTime="2026-01-02T03:04:05.000Z",
        )

    assert server.asked[0].target == "/q?since=2026-01-02T03%3A04%3A05.000Z&raw=2026-01-02T03:04:05.000Z"


def test_templates_see_masks_where_the_request_does_not_need_the_secret() -> None:
    """The own origin gets the real value; the record and the log get none."""
    doc_key = "hidden-key-99"
    hidden = {"key": doc_key}
    with serve(answering("{}")) as server, Bench(connection(server.url, encrypted=hidden)) as bench:
        bench.records(export("/q?k={{connection.http.encrypted.key}}"))

    assert server.asked[0].query == {"k": doc_key}
    assert doc_key not in str(bench.log)


def test_success_rules_fail_the_export_with_the_sources_words() -> None:
    body = '{"ok": false, "error": {"code": "E7", "message": "period is closed"}}'
    rules = {"successPath": "ok", "successValues": ["true"]}
    with serve(answering(body)) as server, Bench(connection(server.url)) as bench:
        first = bench.failure(export(response=rules))
        second = bench.failure(export(response={"failPath": "error", "errorPath": "error.message"}))

    assert "period is closed" in first.message
    assert second.message.endswith("failure: period is closed")
    assert not first.offline


def test_paging_resource_path_rules_from_the_second_page() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/first":
            return answer_json({"start": {"rows": [{"id": 1}]}, "next": "/more"})
        return answer_json({"rows": [{"id": 2}], "next": None})

    paging = {"method": "url", "path": "next", "resourcePath": "rows"}
    with serve(answer) as server, Bench(connection(server.url)) as bench:
        records = bench.records(export("/first", response={"resourcePath": "start.rows"}, paging=paging))

    assert records == [{"id": 1}, {"id": 2}]


def test_404_on_the_first_page_is_an_error_unless_it_is_named() -> None:
    paging = {"method": "page"}
    uri = "/gone?page={{export.http.paging.page}}"
    with serve(lambda asked: answer_json({}, 404)) as server, Bench(connection(server.url)) as bench:
        failed = bench.failure(export(uri, paging=paging))
        assert bench.records(export(uri, paging={**paging, "lastPageStatusCode": 404})) == []

    assert failed.code == "404"


ENDLESS: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "variable_not_used": (lambda n: {"items": [{"id": n}]}, {"method": "page"}, "/items", "same as the one before"),
    "argument_ignored": (
        lambda n: {"items": [{"id": 1}]},
        {"method": "page"},
        "/items?p={{export.http.paging.page}}",
        "same page 6 times",
    ),
    "skip_ignored": (
        lambda n: {"items": [{"id": 1}]},
        {"method": "skip"},
        "/items?s={{export.http.paging.skip}}",
        "same page 6 times",
    ),
    "same_token": (
        lambda n: {"items": [{"id": n}], "next": "t"},
        {"method": "token", "path": "next"},
        "/items?t={{export.http.paging.token}}",
        "read already",
    ),
    "token_cycle": (
        lambda n: {"items": [{"id": n}], "next": f"t{n % 3}"},
        {"method": "token", "path": "next"},
        "/items?t={{export.http.paging.token}}",
        "read already",
    ),
    "link_cycle": (
        lambda n: {"items": [{"id": n}], "next": f"/items?n={n % 2}"},
        {"method": "url", "path": "next"},
        "/items",
        "read already",
    ),
    "body_never_changes": (
        lambda n: {"items": [{"id": n}]},
        {"method": "body", "body": '{"q": 1}'},
        "/items",
        "same as the one before",
    ),
    "last_record_never_changes": (
        lambda n: {"items": [{"id": 9}]},
        {"method": "relativeuri", "relativeURI": "/items?after={{previous_page.last_record.id}}"},
        "/items",
        "same as the one before",
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_source_that_never_ends_is_an_error_and_not_a_loop(name: str) -> None:
    body_of, paging, uri, said = ENDLESS[name]
    count = [0]

    def answer(asked: Asked) -> Answer:
        count[0] += 1
        assert count[0] < 20
        return answer_json(body_of(count[0]))

    http: dict[str, Any] = {"response": {"resourcePath": "items"}, "paging": paging}
    if paging["method"] == "body":
        http |= {"method": "POST", "body": "{}"}
    with serve(answer) as server, Bench(connection(server.url)) as bench:
        failed = bench.failure(export(uri, **http))

    assert failed.code == "endless_paging"
    assert said in failed.message


def test_empty_page_with_a_next_link_ends_and_says_so() -> None:
    def answer(asked: Asked) -> Answer:
        number = int(asked.query.get("n", "0"))
        rows = [] if number == 1 else [{"id": number}]
        return answer_json({"items": rows, "next": f"/items?n={number + 1}"})

    paging = {"method": "url", "path": "next"}
    with serve(answer) as server, Bench(connection(server.url)) as bench:
        chunks = bench.chunks(export(response={"resourcePath": "items"}, paging=paging))

    assert [record for chunk in chunks for record in chunk.records] == [{"id": 0}]
    assert chunks[-1].errors[0]["code"] == "empty_page"


def test_next_page_is_asked_for_only_when_the_reader_wants_it() -> None:
    paging = {"method": "page"}
    doc = export("/items?p={{export.http.paging.page}}", paging=paging)
    with serve(lambda asked: answer_json([{"id": asked.query["p"]}])) as server, Bench(connection(server.url)) as bench:
        chunks = bench.adaptor.open_export(bench.call(export=doc), doc)
        next(chunks)
        next(chunks)
        chunks.close()

        assert len(server.asked) == 2


def test_reader_that_has_gone_stops_the_walk() -> None:
    doc = export("/items?p={{export.http.paging.page}}", paging={"method": "page"})
    with serve(lambda asked: answer_json([{"id": asked.query["p"]}])) as server, Bench(connection(server.url)) as bench:
        chunks = bench.adaptor.open_export(bench.call(export=doc), doc)
        next(chunks)
        bench.stop.set()

        assert list(chunks) == []
    assert len(server.asked) == 1


def test_once_marks_each_record_after_the_reader_took_it() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method == "PUT":
            return answer_json({"error": "locked"}, 409) if asked.path.endswith("/2") else answer_json({})
        return answer_json([{"id": 1}, {"id": 2}, {"id": 3}])

    once = {"relativeURI": "/done/{{record.id}}", "method": "PUT", "body": '{"done": true}'}
    with serve(answer) as server, Bench(connection(server.url)) as bench:
        doc = {**export(once=once), "type": "once"}
        chunks = bench.adaptor.open_export(bench.call(export=doc), doc)
        first = next(chunks)
        asked_before = [asked.path for asked in server.asked]
        errors = [error for chunk in chunks for error in chunk.errors]
        bench.records({**export(once=once)})

    assert len(first.records) == 3
    assert asked_before == ["/items"]
    assert [asked.path for asked in server.asked] == ["/items", "/done/1", "/done/2", "/done/3", "/items"]
    assert errors == [
        {"code": "409", "message": "The once request of a record failed: locked", "source": "application"}
    ]


def test_legacy_page_argument_counts_from_the_uri() -> None:
    def answer(asked: Asked) -> Answer:
        number = int(asked.query["page"])
        return answer_json({"rows": [{"id": number}] if number < 4 else []})

    rest = {"relativeURI": "/x?page=2&q=1", "method": "GET", "resourcePath": "rows"}
    paging = {"pagingMethod": "pageargument", "pageArgument": "page"}
    with serve(answer) as server:
        doc = {"_id": "e" * 24, "type": "rest", "name": "Old", "rest": {"baseURI": server.url, "mediaType": "json"}}
        with Bench(doc) as bench:
            records = bench.records({"rest": {**rest, **paging}})

    assert records == [{"id": 2}, {"id": 3}]
    assert server.asked[0].target == "/x?q=1&page=2"


def test_gzip_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(b"0" * 30_000_000)
    assert len(bomb) < 50_000
    with serve(answering(bomb, **{"Content-Encoding": "gzip"})) as server, Bench(connection(server.url)) as bench:
        transport = Transport(bench.reach, limits=Limits(size_bytes=1_000_000))
        with pytest.raises(TransportFailure) as failed:
            _send(transport, server.url)
        transport.close()

    assert failed.value.code == "answer_too_large"


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(b'{"a": 1}')[:-4], "gzip"),
        (b"this is no gzip", "gzip"),
        (zlib.compress(b'{"a": 1}')[:-3], "deflate"),
    ],
    ids=["cut_off", "no_gzip", "cut_off_zlib"],
)
def test_damaged_compression_is_a_failure(body: bytes, coding: str) -> None:
    with serve(answering(body, **{"Content-Encoding": coding})) as server, Bench(connection(server.url)) as bench:
        failed = bench.failure(export())

    assert failed.code in ("bad_answer", "broken")


def test_gzip_of_several_members_and_raw_deflate_are_read() -> None:
    parts = gzip.compress(b'[{"a": 1},') + gzip.compress(b'{"a": 2}]')
    compressor = zlib.compressobj(wbits=-15)
    raw = compressor.compress(b'[{"a": 3}]') + compressor.flush()
    for body, coding, expected in ((parts, "gzip", [{"a": 1}, {"a": 2}]), (raw, "deflate", [{"a": 3}])):
        with serve(answering(body, **{"Content-Encoding": coding})) as server, Bench(connection(server.url)) as bench:
            assert bench.records(export()) == expected


def test_answer_that_is_cut_off_is_a_failure() -> None:
    cut = answering('[{"a": 1}', **{"Content-Length": "500"})
    with serve(cut) as server, Bench(connection(server.url), time_s=1.5) as bench:
        failed = bench.failure(export())

    assert failed.code in ("broken", "timeout")


def _send(transport: Transport, url: str) -> Any:
    return transport.send(requests.Request("GET", url).prepare(), deadline=time.monotonic() + 10)


def test_debug_log_holds_request_and_answer() -> None:
    with serve(answering('{"a": 1}')) as server, Bench(connection(server.url)) as bench:
        bench.records(export("/items?x=1", method="POST", body='{"q": 2}'))

    (kind, request), (other, response) = bench.log
    assert (kind, other) == ("request", "response")
    assert request["url"] == f"{server.url}/items?x=1"
    assert (request["method"], request["body"]) == ("POST", '{"q": 2}')
    assert (response["statusCode"], response["body"]) == (200, '{"a": 1}')
    json.dumps(bench.log)


def test_export_paging_variable_may_stand_in_a_header() -> None:
    def pages(asked: Asked) -> Answer:
        return answer_json([{"n": asked.headers["X-Page"]}] if int(asked.headers["X-Page"]) < 3 else [])

    with serve(pages) as server, Bench(connection(server.url)) as bench:
        header = {"name": "X-Page", "value": "{{export.http.paging.page}}"}
        found = bench.records(export(headers=[header], paging={"method": "page"}))

    assert found == [{"n": "0"}, {"n": "1"}, {"n": "2"}]


@pytest.mark.parametrize(
    ("body", "content_type", "http", "said"),
    [
        ('<?xml version="1.0" encoding="utf-7"?><a/>', "application/xml", {"successMediaType": "xml"}, "encoding"),
        ('<?xml version="1.0" encoding="nosuch"?><a/>', "application/xml", {"successMediaType": "xml"}, "nosuch"),
        ('<?xml version="1.0" encoding="idna"?><a/>', "application/xml", {"successMediaType": "xml"}, "encoding"),
        ('<?xml version="1.0" encoding="undefined"?><a/>', "application/xml", {"successMediaType": "xml"}, "encoding"),
        ('[{"a":1e999,"b":12345678901234567890123}]', "application/json", {}, "1e999"),
        ('[{"a":-1e400}]', "application/json", {}, "-1e400"),
    ],
)
def test_export_answer_that_cannot_be_read_says_why(body: str, content_type: str, http: Any, said: str) -> None:
    with serve(answering(body, content_type)) as server, Bench(connection(server.url)) as bench:
        failure = bench.failure(export(**http))

    assert failure.code == "bad_answer"
    assert said in failure.message


def test_export_charset_that_is_none_is_read_as_latin_1() -> None:
    assert read(b"x\xe4", "text/plain; charset=undefined", successMediaType="plaintext") == [{"text": "xä"}]


def test_export_csv_cell_may_be_long() -> None:
    long = "x" * 300_000

    assert read(f"a,b\n{long},2\n", "text/csv", successMediaType="csv") == [{"a": long, "b": "2"}]


@pytest.mark.parametrize("place", ["http://[::1", "//[x"])
def test_export_link_or_redirect_that_is_no_url_is_an_error(place: str) -> None:
    with (
        serve(answering("[{}]", Link=f'<{place}>; rel="next"')) as server,
        serve(lambda asked: (302, {"Location": place}, b"")) as redirecting,
        Bench(connection(server.url)) as bench,
        Bench(connection(redirecting.url)) as other,
    ):
        assert bench.failure(export(paging={"method": "linkheader"})).code == "bad_answer"
        assert other.failure(export()).code == "out_of_reach"


@pytest.mark.parametrize(
    ("file", "field"),
    [
        ([1], "file"),
        ("x", "file"),
        ({"csv": [1]}, "file.csv"),
        ({"csv": {"rowsToSkip": "abc"}}, "file.csv.rowsToSkip"),
        ({"csv": {"rowsToSkip": -1}}, "file.csv.rowsToSkip"),
    ],
)
def test_export_file_member_of_another_shape_is_named(file: Any, field: str) -> None:
    with serve(answering("a\n1\n", "text/csv")) as server, Bench(connection(server.url)) as bench:
        failure = bench.failure({**export(successMediaType="csv"), "file": file})

    assert (failure.code, failure.field) == ("invalid_field", field)
