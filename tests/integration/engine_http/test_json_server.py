"""The adaptor against json-server: create, upsert by a field and by a lookup, errors, ignored records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support import services
from support.http_calls import Bench, connection

pytestmark = pytest.mark.node

PLANES = [{"id": 1, "tail": "N1", "seats": 10}, {"id": 2, "tail": "N2", "seats": 20}]

BY_TAIL = {"name": "byTail", "relativeURI": "/planes?tail={{record.tail}}", "method": "GET", "extract": "[0].id"}


@pytest.fixture(scope="module")
def json_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with services.json_server(Path(tmp_path_factory.mktemp("json-server")), {"planes": PLANES, "notes": []}) as url:
        yield url


@pytest.fixture
def bench(json_server: str) -> Iterator[Bench]:
    with Bench(connection(json_server)) as found:
        yield found
    for plane in requests.get(f"{json_server}/planes", timeout=5).json():
        requests.delete(f"{json_server}/planes/{plane['id']}", timeout=5)
    for plane in PLANES:
        requests.post(f"{json_server}/planes", json=plane, timeout=5)


def planes(url: str) -> dict[str, Any]:
    return {plane["tail"]: plane for plane in requests.get(f"{url}/planes", timeout=5).json()}


def test_create_each_record_gives_its_new_id(bench: Bench, json_server: str) -> None:
    outcomes = bench.push(
        {"http": {"method": ["POST"], "relativeURI": ["/planes"]}}, [{"tail": "N3"}, {"tail": "N4", "seats": None}]
    )

    assert [outcome["statusCode"] for outcome in outcomes] == [200, 200]
    stored = planes(json_server)
    assert [outcome["id"] for outcome in outcomes] == [str(stored["N3"]["id"]), str(stored["N4"]["id"])]
    assert outcomes[1]["_json"] == stored["N4"]


def test_upsert_by_a_field_updates_or_creates(bench: Bench, json_server: str) -> None:
    importing = {
        "http": {
            "method": ["PUT", "POST"],
            "relativeURI": ["/planes/{{record.planeId}}", "/planes"],
            "requestType": ["UPDATE", "CREATE"],
            "existingExtract": "planeId",
        }
    }
    sources = [{"planeId": 2, "t": "N2"}, {"planeId": None, "t": "N9"}, {"planeId": 1, "t": "N1"}]
    mapped = [{"tail": "N2", "seats": 99}, {"tail": "N9", "seats": 9}, {"tail": "N1", "seats": 11}]

    outcomes = bench.push(importing, sources, mapped)

    assert [outcome["statusCode"] for outcome in outcomes] == [200, 200, 200]
    assert [request["method"] for kind, request in bench.log if kind == "request"] == ["PUT", "POST", "PUT"]
    stored = planes(json_server)
    assert {tail: plane["seats"] for tail, plane in stored.items()} == {"N1": 11, "N2": 99, "N9": 9}


def test_upsert_by_a_lookup_finds_the_existing_ones(bench: Bench, json_server: str) -> None:
    importing = {
        "http": {
            "method": ["POST", "PATCH"],
            "relativeURI": ["/planes", '/planes/{{lookup "byTail" record.tail}}'],
            "requestType": ["CREATE", "UPDATE"],
            "existingLookupName": "byTail",
        },
        "lookups": [BY_TAIL],
    }

    outcomes = bench.push(importing, [{"tail": "N2", "seats": 21}, {"tail": "N8", "seats": 8}])

    assert [outcome["statusCode"] for outcome in outcomes] == [200, 200]
    assert outcomes[0]["id"] == "2"
    assert {tail: plane["seats"] for tail, plane in planes(json_server).items()} == {"N1": 10, "N2": 21, "N8": 8}


@pytest.mark.parametrize(("member", "ignored"), [("ignoreExisting", [True, False]), ("ignoreMissing", [False, True])])
def test_ignored_records_are_looked_up_and_not_sent(
    bench: Bench, json_server: str, member: str, ignored: list[bool]
) -> None:
    importing = {
        member: True,
        "http": {"method": ["POST"], "relativeURI": ["/notes"], "ignoreLookupName": "byTail"},
        "lookups": [BY_TAIL],
    }
    before = len(requests.get(f"{json_server}/notes", timeout=5).json())

    outcomes = bench.push(importing, [{"tail": "N1"}, {"tail": "N77"}])

    assert [outcome.get("ignored", False) for outcome in outcomes] == ignored
    assert [outcome["statusCode"] for outcome in outcomes] == [200, 200]
    assert len(requests.get(f"{json_server}/notes", timeout=5).json()) == before + 1


def test_errors_of_single_records_leave_the_others_alone(bench: Bench, json_server: str) -> None:
    outcomes = bench.push(
        {"http": {"method": ["PUT"], "relativeURI": ["/planes/{{record.id}}"]}},
        [{"id": 1, "tail": "N1"}, {"id": 404, "tail": "gone"}, {"id": 2, "tail": "N2"}],
    )

    assert [outcome["statusCode"] for outcome in outcomes] == [200, 422, 200]
    assert outcomes[1]["errors"] == [
        {"code": "404", "message": "The source answered status 404 without a reason.", "source": "application"}
    ]


def test_duplicate_id_is_an_error_with_the_servers_words(bench: Bench) -> None:
    [outcome] = bench.push({"http": {"method": ["POST"], "relativeURI": ["/planes"]}}, [{"id": 1, "tail": "again"}])

    assert outcome["statusCode"] == 422
    assert outcome["errors"][0]["code"] == "500"
    assert "duplicate id" in outcome["errors"][0]["message"]


def test_pages_of_json_server_are_walked_by_number_and_by_link(bench: Bench) -> None:
    bench.push({"http": {"method": ["POST"], "relativeURI": ["/planes"]}}, [{"tail": f"M{n}"} for n in range(11)])
    by_number = {"method": "page", "page": 1}
    uri = "/planes?_page={{export.http.paging.page}}&_limit=5"

    first = bench.records({"http": {"method": "GET", "relativeURI": uri, "paging": by_number}})
    second = bench.records(
        {"http": {"method": "GET", "relativeURI": "/planes?_page=1&_limit=5", "paging": {"method": "linkheader"}}}
    )

    assert len(first) == 13
    assert first == second
