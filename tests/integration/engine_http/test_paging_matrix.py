"""Every paging method × every stop × page sizes × how the source ends: every record once, and never without an end."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, Server, answer_json, serve

METHODS = ("page", "skip", "token", "token_header", "url", "url_relative", "linkheader", "relativeuri", "body")
LINKED = ("token", "token_header", "url", "url_relative", "linkheader")
STOPS = ("natural", "last_page_path", "max_page", "max_count")
ENDS = ("short_then_empty", "full_then_empty", "short_then_404", "full_then_410")
SIZES = (3, 7, 50)


def paged_source(asked: Asked) -> Answer:
    """``/<method>/<end>/<stop>/<total>/<size>``: one source of numbered records, paged in that way."""
    _, method, end, stop, total_text, size_text = asked.path.split("/")
    total, size = int(total_text), int(size_text)
    start = _start(method, asked, size)
    if start >= max(total, 1) and not end.endswith("empty"):
        return answer_json({"error": "no such page"}, int(end[-3:]))
    records = [{"id": number} for number in range(start, min(start + size, total))]
    body: dict[str, Any] = {"items": records, "nextSkip": start + size}
    headers: dict[str, str] = {}
    is_last = start + size >= total
    if stop == "last_page_path":
        body["isLast"] = is_last
    elif stop == "max_page":
        body["pages"] = -(-total // size)
    elif stop == "max_count":
        body["count"] = str(total)
    # A source whose links are the only way to stop gives none on its last page; the others link on to the end.
    if method in LINKED and not (stop == "natural" and is_last and end.startswith("short")) and start < total:
        link = f"{asked.path}?skip={start + size}"
        host = f"http://{asked.headers['Host']}"
        if method == "token":
            body["next"] = {"token": f"t{start + size}"}
        elif method == "token_header":
            headers["X-Next"] = f"t{start + size}"
        elif method == "linkheader":
            headers["Link"] = f'<{host}{asked.path}?skip=0>; rel="first", <{host}{link}>; rel="next"'
        else:
            body["next"] = {"link": link if method == "url_relative" else host + link}
    return answer_json(body, 200, headers)


def _start(method: str, asked: Asked, size: int) -> int:
    if method == "page":
        return (int(asked.query["page"]) - 1) * size
    if method in ("token", "token_header"):
        return int(asked.query.get("cursor", "t0")[1:] or 0)
    if method == "relativeuri":
        return int(asked.query.get("after", "-1")) + 1
    if method == "body":
        return int(asked.json["skip"])
    return int(asked.query.get("skip", "0"))


def export_for(method: str, end: str, stop: str, total: int, size: int) -> dict[str, Any]:
    path = f"/{method}/{end}/{stop}/{total}/{size}"
    http: dict[str, Any] = {"method": "GET", "relativeURI": path, "response": {"resourcePath": "items"}}
    paging: dict[str, Any] = {"method": method.partition("_")[0]}
    if method == "page":
        http["relativeURI"] = path + "?page={{export.http.paging.page}}"
        paging["page"] = 1
    elif method == "skip":
        http["relativeURI"] = path + "?skip={{export.http.paging.skip}}"
    elif method == "token":
        http["relativeURI"] = path + "?cursor={{export.http.paging.token}}"
        paging |= {"path": "next.token"}
    elif method == "token_header":
        paging |= {
            "path": "x-next",
            "pathLocation": "header",
            "relativeURI": path + "?cursor={{export.http.paging.token}}",
        }
    elif method in ("url", "url_relative"):
        paging["path"] = "next.link"
    elif method == "relativeuri":
        paging["relativeURI"] = path + "?after={{previous_page.last_record.id}}"
    elif method == "body":
        http |= {"method": "POST", "body": '{"skip": 0}'}
        paging["body"] = '{"skip": {{previous_page.full_response.nextSkip}} }'
    if stop == "last_page_path":
        paging |= {"lastPagePath": "isLast", "lastPageValues": ["true"]}
    elif stop == "max_page":
        paging["maxPagePath"] = "pages"
    elif stop == "max_count":
        paging["maxCountPath"] = "count"
    if end.endswith("410"):
        paging["lastPageStatusCode"] = 410
    return {"http": {**http, "paging": paging}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(paged_source) as found:
        yield found


@pytest.fixture(scope="module")
def bench(server: Server) -> Iterator[Bench]:
    with Bench(connection(server.url), time_s=120) as found:
        yield found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("method", METHODS)
def test_paging_any_source_gives_every_record_once(
    bench: Bench, server: Server, method: str, stop: str, end: str, size: int
) -> None:
    total = 21 if end.startswith("full") else 20
    server.asked.clear()

    records = bench.records(export_for(method, end, stop, total, size))

    assert [record["id"] for record in records] == list(range(total))
    pages = -(-total // size)
    knows_the_last = stop != "natural" or (method in LINKED and end.startswith("short"))
    assert len(server.asked) == pages + (0 if knows_the_last else 1)


@pytest.mark.parametrize(("method", "end"), list(itertools.product(METHODS, ("short_then_empty",))))
def test_paging_empty_source_gives_nothing_in_one_request(bench: Bench, server: Server, method: str, end: str) -> None:
    server.asked.clear()

    assert bench.records(export_for(method, end, "natural", 0, 5)) == []
    assert len(server.asked) == 1
