"""Connections and saved documents over HTTP, against a real engine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
from support.engine import EngineProcess

HTTP = {
    "name": "Desk",
    "type": "http",
    "http": {
        "baseURI": "https://api.example.com",
        "mediaType": "json",
        "auth": {"type": "token", "token": {"token": "first-secret", "location": "header"}},
    },
}
EXPORT: dict[str, Any] = {"adaptorType": "HTTPExport", "http": {"method": "GET", "relativeURI": "/orders"}}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


def errors(answer: Any, status: int) -> list[dict[str, Any]]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    found: list[dict[str, Any]] = answer.json()["errors"]
    assert found
    assert all(set(one) <= {"code", "message", "field", "source"} and one["code"] and one["message"] for one in found)
    return found


def test_connection_secret_is_masked_in_every_answer(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    answers = [
        engine.call("POST", "/connections", HTTP),
        engine.call("GET", f"/connections/{id}"),
        engine.call("GET", "/connections"),
        engine.call("PUT", f"/connections/{id}", HTTP),
        engine.call("GET", f"/connections/{id}/audit"),
    ]

    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
    assert all("first-secret" not in answer.text for answer in answers)
    assert answers[1].json()["http"]["auth"]["token"]["token"] == "******"


def test_connection_read_only_members_are_set_by_the_engine(engine: EngineProcess) -> None:
    sent = {**HTTP, "_id": "f" * 24, "needsAuthorization": True, "createdAt": "x", "queues": [1]}

    doc = engine.call("POST", "/connections", sent).json()
    shown = engine.call("GET", f"/connections/{doc['_id']}").json()

    assert doc["_id"] != "f" * 24
    assert len(doc["_id"]) == 24
    assert shown["offline"] is False
    assert shown["queues"] == [{"name": doc["_id"], "size": 0}]
    assert shown["createdAt"].endswith("Z")


def test_connection_put_erases_what_is_left_out(engine: EngineProcess) -> None:
    id = engine.connection({**HTTP, "settings": {"a": 1}})

    doc = engine.call("PUT", f"/connections/{id}", HTTP).json()

    assert "settings" not in doc
    assert doc["_id"] == id


def test_connection_put_of_the_mask_is_refused_and_names_the_field(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    masked = engine.call("GET", f"/connections/{id}").json()

    (error,) = errors(engine.call("PUT", f"/connections/{id}", masked), 422)

    assert error["field"] == "http.auth.token.token"


@pytest.mark.parametrize(
    ("doc", "field"),
    [
        ({"type": "http"}, "name"),
        ({"name": "x"}, "type"),
        ({"name": "x", "type": "nix"}, "type"),
        ({"name": "x", "type": "http"}, "http"),
        ({"name": "x" * 101, "type": "http", "http": HTTP["http"]}, "name"),
        ({"name": "x", "type": "rdbms", "rdbms": {"type": "mysql", "host": "h"}}, "rdbms.database"),
        ({"name": "x", "type": "filesystem", "filesystem": {}}, "_agentId"),
    ],
)
def test_connection_that_cannot_be_is_refused_with_its_field(engine: EngineProcess, doc: Any, field: str) -> None:
    found = errors(engine.call("POST", "/connections", doc), 422)

    assert field in {one.get("field") for one in found}


def test_connection_patch_changes_one_field_and_answers_204(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    patch = [{"op": "replace", "path": "/name", "value": "Renamed"}]

    answer = engine.call("PATCH", f"/connections/{id}", patch)

    assert (answer.status_code, answer.content) == (204, b"")
    assert engine.call("GET", f"/connections/{id}").json()["name"] == "Renamed"
    errors(engine.call("PATCH", f"/connections/{id}", [{**patch[0], "path": "/type"}]), 422)


def test_connection_second_external_id_is_a_409(engine: EngineProcess) -> None:
    engine.connection({**HTTP, "externalId": "desk-1"})

    (error,) = errors(engine.call("POST", "/connections", {**HTTP, "externalId": "desk-1"}), 409)

    assert error["field"] == "externalId"


def test_connection_in_use_is_not_deleted_and_says_by_what(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    export = engine.call("POST", "/exports", {**EXPORT, "name": "Sales", "_connectionId": id}).json()["_id"]

    (error,) = errors(engine.call("DELETE", f"/connections/{id}"), 422)
    for noun in ("connection", "connections"):
        used = engine.call("GET", f"/{noun}/{id}/dependencies").json()
        user = {"id": export, "_id": export, "name": "Sales", "paths": ["_connectionId"], "accessLevel": "owner"}
        assert used == {"exports": [user]}

    assert export in error["message"]
    assert engine.call("DELETE", f"/exports/{export}").status_code == 204
    assert engine.call("GET", f"/connection/{id}/dependencies").json() == {}
    assert engine.call("DELETE", f"/connections/{id}").status_code == 204
    errors(engine.call("GET", f"/connections/{id}"), 404)
    errors(engine.call("DELETE", f"/connections/{id}"), 404)


def test_connection_audit_tells_who_changed_what_when(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    changed = {**HTTP, "http": {**HTTP["http"], "baseURI": "https://b.example.com"}}  # type: ignore[dict-item]
    changed["http"]["auth"] = {"type": "token", "token": {"token": "second-secret", "location": "header"}}
    engine.call("PUT", f"/connections/{id}", changed)
    export = engine.call("POST", "/exports", {**EXPORT, "name": "e", "_connectionId": id}).json()["_id"]

    records = engine.call("GET", f"/connections/{id}/audit").json()

    assert [(one["resourceType"], one["event"]) for one in records] == [
        ("export", "create"), ("connection", "update"), ("connection", "create"),
    ]  # fmt: skip
    assert records[0]["_resourceId"] == export
    update = records[1]
    assert update["source"] == "api"
    assert update["time"].endswith("Z")
    assert set(update["byUser"]) == {"_id", "email", "name"}
    assert {change["fieldPath"] for change in update["fieldChanges"]} == {"http.baseURI", "http.auth.token.token"}
    assert "second-secret" not in str(records)
    only = engine.call("GET", f"/connections/{id}/audit?action=update&limit=1").json()
    assert [one["_id"] for one in only] == [update["_id"]]


@pytest.mark.parametrize(
    ("doc", "field"),
    [
        ({"name": "x"}, "_connectionId"),
        ({"name": "x", "_connectionId": "0" * 24}, "_connectionId"),
        ({"name": "x", "_connectionId": 5}, "_connectionId"),
        ({"_connectionId": "0" * 24}, "name"),
    ],
)
@pytest.mark.parametrize("kind", ["exports", "imports"])
def test_saved_document_that_cannot_be_is_refused(engine: EngineProcess, kind: str, doc: Any, field: str) -> None:
    assert field in {one.get("field") for one in errors(engine.call("POST", f"/{kind}", doc), 422)}


def test_list_of_nothing_is_a_204_without_a_body() -> None:
    with EngineProcess() as fresh:
        for path in ("/connections", "/exports", "/imports", "/connections?limit=5"):
            answer = fresh.call("GET", path)
            assert (answer.status_code, answer.content) == (204, b"")


def test_list_follows_link_to_every_document_once() -> None:
    with EngineProcess("--choice", "list_limit=4") as fresh:
        made = [fresh.connection({**HTTP, "name": f"c{number}"}) for number in range(11)]
        for start in ("/connections", "/connections?limit=3&exclude=http"):
            url, found = f"{fresh.url}/v1{start}", []
            while url:
                answer = fresh.session.get(url)
                found += [one["_id"] for one in answer.json()]
                url = answer.links.get("next", {}).get("url", "")
                assert url == "" or url.startswith(f"{fresh.url}/v1/connections?")
            assert found == made
        last = fresh.session.get(f"{fresh.url}/v1/connections?skip=8&limit=4")
        assert last.links["prev"]["url"].endswith("skip=4&limit=4")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1.5",
        "skip=-1",
        "skip=%00",
        "include=a&exclude=b",
        "include=a%20b",
        "exclude=a%2Fb",
    ],
)
def test_list_query_that_cannot_be_read_is_a_400(engine: EngineProcess, query: str) -> None:
    (error,) = errors(engine.call("GET", f"/connections?{query}"), 400)
    assert error["code"] == "invalid_query_params"


def test_list_projection_keeps_id_and_name(engine: EngineProcess) -> None:
    engine.connection(HTTP)
    included = engine.call("GET", "/connections?include=http.baseURI,nix").json()[-1]
    excluded = engine.call("GET", "/connections?exclude=http.auth,name,nix").json()[-1]
    whole = engine.call("GET", "/connections?include=&exclude=").json()[-1]

    assert included["http"] == {"baseURI": "https://api.example.com"}
    assert {"_id", "name", "type"} <= set(included)
    assert "auth" not in excluded["http"]
    assert excluded["name"] == "Desk"
    assert whole["http"]["auth"]["type"] == "token"


def test_list_filters_by_type_and_connection(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    export = engine.call("POST", "/exports", {**EXPORT, "name": "mine", "_connectionId": id}).json()["_id"]

    assert [one["_id"] for one in engine.call("GET", f"/exports?_connectionId={id}").json()] == [export]
    assert engine.call("GET", "/connections?type=netsuite").status_code == 204


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("id", ["0" * 24, "nix", "%2e%2e", "a%00b", "%F0%9F%98%80"])
def test_document_that_is_not_there_is_a_404(engine: EngineProcess, method: str, id: str) -> None:
    body = {"PUT": HTTP, "PATCH": [{"op": "replace", "path": "/name", "value": "x"}]}.get(method)
    errors(engine.call(method, f"/connections/{id}", body), 404)


def test_token_info_says_that_this_is_the_local_engine(engine: EngineProcess) -> None:
    info = engine.call("GET", "/tokenInfo").json()

    assert info["scope"] == "*"
    assert info["engine"] == "celigo_pandas"
    assert len(info["_userId"]) == 24


def test_choices_give_the_other_form(tmp_path: Any) -> None:
    switched = ["patch_answers_document=true", "audit_lists_changes=false", "debug_is_text=false",
                "ping_methods=POST", "delete_in_use_refused=false", "mask_written_is_refused=false"]  # fmt: skip
    options = [part for one in switched for part in ("--choice", one)]
    with EngineProcess(*options) as engine:
        id = engine.connection(HTTP)
        patched = engine.call("PATCH", f"/connections/{id}", [{"op": "replace", "path": "/name", "value": "N"}])
        assert (patched.status_code, patched.json()["name"]) == (200, "N")
        assert "fieldChange" in engine.call("GET", f"/connections/{id}/audit").json()[0]
        assert engine.call("GET", f"/connections/{id}/debug").json() == []
        refused = engine.call("GET", f"/connections/{id}/ping")
        assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
        masked = engine.call("GET", f"/connections/{id}").json()
        assert engine.call("PUT", f"/connections/{id}", masked).status_code == 200
        engine.call("POST", "/exports", {**EXPORT, "name": "x", "_connectionId": id})
        assert engine.call("DELETE", f"/connections/{id}").status_code == 204


def test_connection_changes_at_once_lose_none_of_them(engine: EngineProcess) -> None:
    """Two clients patch different fields of one document; each reads, changes and writes the whole of it."""
    id = engine.connection({**HTTP, "http": {**HTTP["http"], "ping": {"relativeURI": "/"}}})  # type: ignore[dict-item]
    paths = ["/name", "/http/ping/successPath", "/http/ping/failPath", "/http/auth/failPath"]

    def change(path: str) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["Authorization"] = f"Bearer {engine.token}"
            for number in range(25):
                patch = [{"op": "replace", "path": path, "value": f"{path} {number}"}]
                answer = session.patch(f"{engine.url}/v1/connections/{id}", json=patch, timeout=30)
                assert answer.status_code == 204

    threads = [threading.Thread(target=change, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    doc = engine.call("GET", f"/connections/{id}").json()
    found = [
        doc["name"],
        doc["http"]["ping"]["successPath"],
        doc["http"]["ping"]["failPath"],
        doc["http"]["auth"]["failPath"],
    ]
    assert found == [f"{path} 24" for path in paths]
    changes = [change["fieldPath"] for record in engine.call("GET", f"/connections/{id}/audit").json()
               for change in record["fieldChanges"]]  # fmt: skip
    assert len(changes) == 100


def test_audit_times_are_compared_as_moments(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    made = datetime.fromisoformat(engine.call("GET", f"/connections/{id}").json()["createdAt"].replace("Z", "+00:00"))

    def count(**query: str) -> int:
        answer = engine.call("GET", f"/connections/{id}/audit", params=query)
        assert answer.status_code == 200, answer.text
        return len(answer.json())

    east, west = timezone(timedelta(hours=9)), timezone(-timedelta(hours=9))
    for zone in (east, west, timezone.utc):
        before, after = made - timedelta(minutes=1), made + timedelta(minutes=1)
        assert count(**{"from": before.astimezone(zone).isoformat()}) == 1
        assert count(**{"from": after.astimezone(zone).isoformat()}) == 0
        assert count(to=after.astimezone(zone).isoformat()) == 1
        assert count(to=before.astimezone(zone).isoformat()) == 0
    unescaped = (made - timedelta(minutes=1)).astimezone(east).isoformat()
    assert len(engine.call("GET", f"/connections/{id}/audit?from={unescaped}").json()) == 1
    assert errors(engine.call("GET", f"/connections/{id}/audit?from=yesterday"), 422)[0]["field"] == "from"


def test_patch_makes_no_block_of_another_type(engine: EngineProcess) -> None:
    id = engine.connection(HTTP)
    operation = {"op": "replace", "path": "/rest/cookieAuth/successStatusCode", "value": 204}

    found = errors(engine.call("PATCH", f"/connections/{id}", [operation]), 422)

    assert "rest" in found[0]["message"]
    assert "rest" not in engine.call("GET", f"/connections/{id}").json()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/connections", {**HTTP, "externalId": "x\ud800"}, "externalId"),
        ("/exports", {"name": "x", "_connectionId": "\ud800"}, "_connectionId"),
        ("/exports/preview", {"_connectionId": "\udfff"}, "_connectionId"),
    ],
)
def test_half_a_surrogate_pair_where_it_cannot_be_is_named(
    engine: EngineProcess, path: str, body: dict[str, Any], field: str
) -> None:
    found = errors(engine.call("POST", path, body), 422)

    assert found[0]["code"] == "invalid_text"
    assert found[0]["field"].startswith(field)


def test_document_nested_beyond_reach_is_a_422(engine: EngineProcess) -> None:
    deep = '{"a":' * 700 + "1" + "}" * 700
    text = json.dumps({**HTTP, "settings": 0}).replace('"settings": 0', f'"settings": {deep}')
    headers = {"Content-Type": "application/json"}

    answer = engine.session.post(f"{engine.url}/v1/connections", data=text, headers=headers)

    assert errors(answer, 422)[0]["code"] == "nested_too_deeply"


def test_debug_log_line_cannot_be_forged_by_an_id(engine: EngineProcess) -> None:
    id = engine.connection(
        {**HTTP, "debugDate": "2099-01-01T00:00:00Z", "http": {**HTTP["http"], "baseURI": engine.url}}
    )
    forged = "x\n2030-01-01T00:00:00.000Z 00 export FORGED\n{}"
    export = {"_id": forged, "http": {"method": "GET", "relativeURI": "/"}}
    engine.call("POST", f"/connections/{id}/export", {"export": export})

    lines = engine.call("GET", f"/connections/{id}/debug").text.splitlines()

    assert lines
    assert not [line for line in lines if line.startswith("2030")]
    assert [len(line.split(" ")) for line in lines[::2]] == [4] * len(lines[::2])
