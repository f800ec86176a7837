"""One contract for every paging method in every form of answer: JSON, XML and CSV.

The source is one table of records, served in pages by each method; the forms differ in where they can put a token or a
link (a CSV answer has headers only). What must hold is the same everywhere: every record once and in order, an end that
is an end, no silent end where a path has a slip, and an error where the source turns in circles.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import pytest
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, Server, serve

from celigo_pandas.engine.adaptors.http.paging import METHODS

FORMS = ("json", "xml", "csv")
SIZE = 4
NAMES = ["plain", "Ærø & søn", 'quo"te', "a, b", "<tag>", "07", " blank ", "日本", "x" * 300, "1e5", "line\nbreak"]


def source(asked: Asked) -> Answer:
    """``/<form>/<total>``, with ``circle`` in the query for a source that never ends."""
    _, form, total_text = asked.path.split("/")
    total = int(total_text)
    start = int(asked.query.get("start") or 0)
    if asked.method == "POST":
        start = int(json.loads(asked.body).get("start") or 0)
    if "page" in asked.query:
        start = (int(asked.query["page"]) - 1) * SIZE
    if "circle" in asked.query:
        start %= total
    rows = [(str(at), NAMES[at % len(NAMES)]) for at in range(start, min(start + SIZE, total))]
    following = start + SIZE if start + SIZE < total or "circle" in asked.query else None
    link = None if following is None else f"{asked.path}?start={following}&limit={SIZE}"
    if link and "circle" in asked.query:
        link = f"{asked.path}?start={(start + SIZE) % total}&limit={SIZE}&circle=1"
    headers = (
        {} if following is None else {"X-Next": str(following), "X-Link": str(link), "Link": f'<{link}>; rel="next"'}
    )
    return 200, headers | {"Content-Type": _TYPES[form]}, _BODIES[form](rows, following, link, total)


def _json(rows: list[Any], following: Any, link: Any, total: int) -> bytes:
    body: dict[str, Any] = {"@odata.count": total, "odata.value": [{"id": one, "name": name} for one, name in rows]}
    if following is not None:
        body |= {"@odata.nextLink": link, "next.token": following}
    return json.dumps(body).encode()


def _xml(rows: list[Any], following: Any, link: Any, total: int) -> bytes:
    orders = "".join(f'<o:order id="{one}"><name kind="n">{escape(name)}</name></o:order>' for one, name in rows)
    next_ = "" if following is None else f'<next token="{following}">{escape(str(link))}</next>'
    text = f'<?xml version="1.0"?><r xmlns:o="urn:orders" total="{total}"><o:orders>{orders}</o:orders>{next_}</r>'
    return text.encode("utf-16")


def _csv(rows: list[Any], following: Any, link: Any, total: int) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([("id", " name "), *rows])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


_TYPES = {"json": "application/json", "xml": "text/xml; charset=utf-16", "csv": "text/csv"}
_BODIES = {"json": _json, "xml": _xml, "csv": _csv}
_RECORDS = {"json": "odata.value", "xml": "/r/orders/order", "csv": None}
_TOKENS = {
    "json": {"path": "next.token"},
    "xml": {"path": "/r/next/@token"},
    "csv": {"path": "x-next", "pathLocation": "header"},
}
_LINKS = {"json": "@odata.nextLink", "xml": "/r/next/text()"}
_COUNTS = {"json": "@odata.count", "xml": "/r/@total"}


def export(form: str, method: str, total: int, **more: Any) -> dict[str, Any]:
    path = f"/{form}/{total}"
    paging: dict[str, Any] = {"method": method}
    uri = f"{path}?limit={SIZE}"
    http: dict[str, Any] = {"method": "GET", "successMediaType": form}
    if method == "page":
        uri += "&page={{export.http.paging.page}}"
        paging["page"] = 1
    elif method == "skip":
        uri += "&start={{export.http.paging.skip}}"
    elif method == "token":
        uri += "&start={{export.http.paging.token}}"
        paging |= _TOKENS[form]
    elif method == "url":
        paging["path"] = _LINKS.get(form)
    elif method == "relativeuri":
        paging["relativeURI"] = uri + "&start={{previous_page.headers.x-next}}"
    elif method == "body":
        http |= {"method": "POST", "body": '{"start": 0}', "requestMediaType": "json"}
        paging["body"] = '{{#if previous_page.headers.x-next}}{"start": {{previous_page.headers.x-next}} }{{/if}}'
    if method == "relativeuri":
        paging["relativeURI"] = f"{{{{#if previous_page.headers.x-next}}}}{paging['relativeURI']}{{{{/if}}}}"
    if _RECORDS[form]:
        http["response"] = {"resourcePath": _RECORDS[form]}
    return {"http": {**http, "relativeURI": uri, "paging": {**paging, **more}}}


def simple(form: str, records: list[Any]) -> list[tuple[str, str]]:
    """Return identities and names, whatever the form."""
    if form == "xml":
        return [(record["$"]["id"], record["name"][0]["_"]) for record in records]
    return [(record["id"], record["name"]) for record in records]


PAIRS = [(form, method) for form in FORMS for method in METHODS if (form, method) != ("csv", "url")]
LINKED = ("token", "url", "linkheader")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(source) as found:
        yield found


@pytest.fixture(scope="module")
def bench(server: Server) -> Iterator[Bench]:
    with Bench(connection(server.url), time_s=120) as found:
        yield found


@pytest.mark.parametrize(("form", "method"), PAIRS)
@pytest.mark.parametrize("total", [1, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE])
def test_every_record_comes_once_and_in_order(bench: Bench, form: str, method: str, total: int) -> None:
    records = bench.records(export(form, method, total))

    assert simple(form, records) == [(str(at), NAMES[at % len(NAMES)]) for at in range(total)]


@pytest.mark.parametrize(("form", "method"), PAIRS)
def test_source_without_records_is_empty_in_one_request(bench: Bench, server: Server, form: str, method: str) -> None:
    server.asked.clear()

    assert bench.records(export(form, method, 0)) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize(("form", "method"), [pair for pair in PAIRS if pair[1] in ("token", "url", "linkheader")])
def test_source_that_turns_in_circles_is_an_error(bench: Bench, form: str, method: str) -> None:
    document = export(form, method, 3 * SIZE)
    document["http"]["relativeURI"] += "&circle=1"
    if method == "token":
        # The tokens rise for ever, so the pages repeat instead.
        document["http"]["relativeURI"] = document["http"]["relativeURI"].replace("/12?", f"/{SIZE}?")

    assert bench.failure(document).code == "endless_paging"


@pytest.mark.parametrize(("form", "method"), [(form, method) for form, method in PAIRS if form in _COUNTS])
def test_count_in_the_answer_ends_the_walk(bench: Bench, server: Server, form: str, method: str) -> None:
    server.asked.clear()

    assert len(bench.records(export(form, method, 2 * SIZE, maxCountPath=_COUNTS[form]))) == 2 * SIZE
    assert len(server.asked) == 2


@pytest.mark.parametrize("form", ["json", "xml"])
def test_records_where_the_path_finds_none_are_an_error_with_the_names_there(bench: Bench, form: str) -> None:
    document = export(form, "page", 5)
    document["http"]["response"] = {"resourcePath": {"json": "odata.values", "xml": "/r/orders/Order"}[form]}

    failure = bench.failure(document)

    assert (failure.code, failure.field) == ("nothing_found", "http.response.resourcePath")
    assert {"json": "'odata.value'", "xml": "o:order"}[form] in failure.message


SLIPS = {
    ("json", "token"): ({"path": "next.tokn"}, "next.token"),
    ("xml", "token"): ({"path": "/r/next/@tokn"}, "@token"),
    ("csv", "token"): ({"path": "x-nxt", "pathLocation": "header"}, "X-Next"),
    ("json", "url"): ({"path": "odata.nextLink"}, "@odata.nextLink"),
    ("xml", "url"): ({"path": "/r/nxt"}, "next"),
    ("json", "linkheader"): ({"linkHeaderRelation": "nxt"}, "'next'"),
    ("xml", "linkheader"): ({"linkHeaderRelation": "nxt"}, "'next'"),
    ("csv", "linkheader"): ({"linkHeaderRelation": "nxt"}, "'next'"),
}


@pytest.mark.parametrize(("form", "method"), SLIPS)
def test_slip_in_the_way_to_the_next_page_is_said_on_a_full_page(bench: Bench, form: str, method: str) -> None:
    paging, there = SLIPS[form, method]

    chunks = bench.chunks(export(form, method, 3 * SIZE, **paging))

    assert sum(len(chunk.records) for chunk in chunks) == SIZE
    [error] = [error for chunk in chunks for error in chunk.errors]
    assert error["code"] == "paging_ended"
    assert there in error["message"]


@pytest.mark.parametrize(("form", "method"), PAIRS)
def test_walk_to_the_end_says_nothing(bench: Bench, form: str, method: str) -> None:
    assert [error for chunk in bench.chunks(export(form, method, SIZE + 1)) for error in chunk.errors] == []


@pytest.mark.parametrize(("form", "method"), [pair for pair in PAIRS if pair[1] in ("page", "skip", "token")])
def test_later_requests_may_have_a_uri_of_their_own(bench: Bench, server: Server, form: str, method: str) -> None:
    document = export(form, method, SIZE + 1)
    later = document["http"]["relativeURI"] + "&later=after{{previous_page.last_record.id}}"
    document["http"]["paging"]["relativeURI"] = later
    server.asked.clear()

    assert len(bench.records(document)) == SIZE + 1
    assert ["later" in asked.query for asked in server.asked][:2] == [False, True]
