"""What each member of ``http.paging`` means, beyond the contract that all methods share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, answer_json, serve

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.choices import CHOICES


def ids(answer: Callable[[Asked], Answer], **http: Any) -> tuple[list[Any], list[str], list[dict[str, Any]]]:
    """Run an export; return the ids, what was asked, and the errors beside the records."""
    document = {"http": {"method": "GET", "relativeURI": "/o", "response": {"resourcePath": "rows"}, **http}}
    with serve(answer) as server, Bench(connection(server.url)) as bench:
        chunks = bench.chunks(document)
    records = [record["id"] for chunk in chunks for record in chunk.records]
    return records, [asked.target for asked in server.asked], [error for chunk in chunks for error in chunk.errors]


def rows(*ids: int, **more: Any) -> Answer:
    return answer_json({"rows": [{"id": one} for one in ids], **more})


def test_path_after_first_request_is_another_place_of_the_token() -> None:
    def answer(asked: Asked) -> Answer:
        token = asked.query.get("c", "")
        return {
            "": rows(1, 2, start={"cursor": "t1"}, next="wrong"),
            "t1": rows(3, 4, page={"after": "t2"}, start={"cursor": "t1"}),
            "t2": rows(5, page={"after": None}),
        }[token]

    paging = {"method": "token", "path": "start.cursor", "pathAfterFirstRequest": "page.after"}
    records, asked, errors = ids(answer, relativeURI="/o?c={{export.http.paging.token}}", paging=paging)

    assert (records, asked, errors) == ([1, 2, 3, 4, 5], ["/o?c=", "/o?c=t1", "/o?c=t2"], [])


@pytest.mark.parametrize(
    ("code", "ends"),
    [("no_more", True), ("database_down", False)],
)
def test_last_page_status_with_a_path_ends_only_where_both_are_met(code: str, ends: bool) -> None:
    def answer(asked: Asked) -> Answer:
        return rows(1) if asked.query["page"] == "0" else answer_json({"error": {"code": code}}, 400)

    paging = {
        "method": "page",
        "lastPageStatusCode": 400,
        "lastPagePath": "error.code",
        "lastPageValues": ["no_more"],
    }
    uri = "/o?page={{export.http.paging.page}}"
    if ends:
        assert ids(answer, relativeURI=uri, paging=paging)[0] == [1]
    else:
        with pytest.raises(SourceFailure, match="status 400"):
            ids(answer, relativeURI=uri, paging=paging)


@pytest.mark.parametrize(
    "template", ["{{previous_page.full_response.next}}", "{{#if previous_page.full_response.next}}/o?x=1{{/if}}"]
)
def test_relative_uri_that_renders_to_nothing_is_the_end(template: str) -> None:
    def answer(asked: Asked) -> Answer:
        return rows(2) if "x" in asked.query else rows(1, next="/o?x=1")

    paging = {
        "method": "relativeuri",
        "relativeURI": template.replace("{{prev", "{{{prev").replace("next}}", "next}}}"),
    }
    paging["relativeURI"] = template if "#if" in template else paging["relativeURI"]

    assert ids(answer, paging=paging)[:2] == ([1, 2], ["/o", "/o?x=1"])


def test_paging_body_serves_a_method_that_pages_in_the_uri() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.query["skip"] == "0":
            assert asked.json == {"query": "all"}
            return rows(1, 2, id="q7")
        assert asked.json == {"continue": "q7"}
        return rows(3, id="q7") if asked.query["skip"] == "2" else rows()

    records, asked, _ = ids(
        answer,
        method="POST",
        relativeURI="/o?skip={{export.http.paging.skip}}",
        body='{"query": "all"}',
        paging={"method": "skip", "body": '{"continue": "{{previous_page.full_response.id}}"}'},
    )

    assert (records, asked) == ([1, 2, 3], ["/o?skip=0", "/o?skip=2", "/o?skip=3"])


@pytest.mark.parametrize(
    "header",
    [
        "https://x.com/2; rel=next",
        '</o?2>; rel="next" rubbish',
        "<broken",
        "next=/o?2",
        "</o?1>; rel=prev; </o?2>; rel=next",
    ],
)
def test_link_header_that_cannot_be_read_is_an_error_that_shows_it(header: str) -> None:
    def answer(asked: Asked) -> Answer:
        status, headers, body = rows(1)
        return status, {**headers, "Link": header}, body

    with pytest.raises(SourceFailure, match="Link header of page 1 cannot be read: at character") as failed:
        ids(answer, paging={"method": "linkheader"})
    assert failed.value.code == "bad_answer"
    assert header[:5] in failed.value.message or header[-5:] in failed.value.message


@pytest.mark.parametrize(
    ("paging", "field", "said"),
    [
        ({"method": "token", "relativeURI": "/o?c={{token}}"}, "http.paging.path", "there is relativeURI"),
        ({"method": "page", "resourcepath": "rows"}, "http.paging.resourcepath", "did you mean 'resourcePath'"),
        ({"method": "token", "path": "n", "pathlocation": "header"}, "http.paging.pathlocation", "'pathLocation'"),
        ({"method": "page", "pageSize": 5}, "http.paging.pageSize", "known: method, page"),
        ({"method": "Token", "path": "n"}, "http.paging.method", "known: page, skip"),
        ({"path": "next", "lastPageValues": []}, "http.paging.method", "is missing"),
        ({"relativeURI": "/o"}, "http.paging.method", "is missing"),
    ],
)
def test_paging_that_is_not_understood_is_refused_by_name_before_anything_is_sent(
    paging: dict[str, Any], field: str, said: str
) -> None:
    with serve(lambda _: rows(1)) as server, Bench(connection(server.url)) as bench:
        failure = bench.failure({"http": {"method": "GET", "relativeURI": "/o", "paging": paging}})

    assert failure.field == field
    assert said in failure.message
    assert server.asked == []


@pytest.mark.parametrize(
    "paging", [None, {}, {"method": ""}, {"method": None, "path": "", "lastPageValues": [], "page": 0}]
)
def test_paging_without_anything_in_it_is_one_page(paging: Any) -> None:
    assert ids(lambda _: rows(1), paging=paging)[0] == [1]


def test_path_that_finds_nothing_on_a_later_page_ends_and_says_so() -> None:
    def answer(asked: Asked) -> Answer:
        return rows(1) if asked.query["page"] == "0" else answer_json({"error": "slow down"})

    records, _, errors = ids(answer, relativeURI="/o?page={{export.http.paging.page}}", paging={"method": "page"})

    assert records == [1]
    assert [error["code"] for error in errors] == ["nothing_found"]
    assert "page 2: the answer holds 'error'" in errors[0]["message"]


def test_source_that_leaves_an_empty_list_out_is_served_by_a_choice() -> None:
    document = {"http": {"method": "GET", "relativeURI": "/o", "response": {"resourcePath": "rows"}}}
    with serve(lambda _: answer_json({"count": 0})) as server, Bench(connection(server.url)) as bench:
        call = bench.call(export=document)
        call.choices = CHOICES.with_pairs(["missing_records_are_errors=false"])
        chunks = list(bench.adaptor.open_export(call, document))

    assert [chunk.records for chunk in chunks] == [[]]
    assert chunks[0].errors[0]["code"] == "nothing_found"


@pytest.mark.parametrize(
    ("content_type", "body", "there"),
    [
        ("application/json", b'{"count": 2, "orders": [{"id": 1}, {"id": 2}], "tags": ["x"]}', "'orders' (2)"),
        ("text/xml", b"<r><count>2</count><order><id>1</id></order><order><id>2</id></order></r>", "'order' (2)"),
    ],
)
def test_pages_without_a_resource_path_say_that_each_is_one_record(content_type: str, body: bytes, there: str) -> None:
    def answer(asked: Asked) -> Answer:
        return (200, {"Content-Type": content_type}, body) if asked.query["page"] == "0" else answer_json({}, 404)

    media = "json" if "json" in content_type else "xml"
    http = {
        "successMediaType": media,
        "relativeURI": "/o?page={{export.http.paging.page}}",
        "paging": {"method": "page"},
    }
    with serve(answer) as server, Bench(connection(server.url)) as bench:
        [chunk] = bench.chunks({"http": {"method": "GET", **http}})

    assert len(chunk.records) == 1
    assert [error["code"] for error in chunk.errors] == ["one_record"]
    assert there in chunk.errors[0]["message"]
    assert "resourcePath" in chunk.errors[0]["message"]
