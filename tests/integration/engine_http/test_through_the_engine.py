"""The adaptor and the OAuth routes in the real engine process, over its own API."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from support.engine import EngineProcess
from support.oauth_server import CLIENT_ID, CLIENT_SECRET, oauth_server
from support.rest_standin import Answer, Asked, answer_json, serve


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    found = EngineProcess()
    yield found
    found.close()


def document(url: str, auth: dict[str, Any], **http: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "name": "Remote",
        "debugDate": (datetime.now(timezone.utc) + timedelta(minutes=10)).isoformat(),
        "http": {"baseURI": url, "mediaType": "json", "auth": auth, **http},
    }


def test_oauth_connection_is_authorized_through_the_callback(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with oauth_server() as provider:
        provider.client.redirect_uris = [f"{engine.url}/connection/oauth2callback"]
        oauth = {
            "grantType": "authorizecode",
            "authURI": f"{provider.url}/authorize",
            "tokenURI": f"{provider.url}/token",
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
            "scope": ["read"],
        }
        auth = {"type": "oauth", "oauth": oauth, "token": {"location": "header"}}
        id = engine.connection(document(provider.url, auth, ping={"relativeURI": "/me", "method": "GET"}))
        assert engine.call("GET", f"/connections/{id}").json()["needsAuthorization"] is True

        url = engine.call("GET", f"/connection/{id}/oauth2").json()["authorizationURL"]
        # A browser has no token of the engine.
        page = requests.get(url, timeout=10)
        again = requests.get(page.url, timeout=10)

        assert (page.status_code, again.status_code) == (200, 400)
        assert "The connection is authorized" in page.text
        assert engine.call("GET", f"/connections/{id}").json().get("needsAuthorization", False) is False
        assert engine.call("POST", f"/connections/{id}/ping").json() == {"code": 200}
        provider.revoke_access()
        export = {"http": {"method": "GET", "relativeURI": "/me"}}
        answer = engine.call("POST", f"/connections/{id}/export/pages", {"export": export})

    assert answer.json()["data"] == [{"scope": "read", "user": "amelia"}]
    assert provider.grants == ["authorization_code", "refresh_token"]
    shown = json.dumps(engine.call("GET", f"/connections/{id}").json())
    logged = engine.call("GET", f"/connections/{id}/debug").text
    for token in provider.tokens:
        for secret in (token.access_token, token.__dict__.get("refresh_token"), CLIENT_SECRET):
            assert not secret or secret not in shown + logged + engine.log() + page.text


def test_refused_credentials_take_the_connection_offline_and_a_ping_back(engine: EngineProcess) -> None:
    accepted = ["another-token-1"]

    def answer(asked: Asked) -> Answer:
        good = asked.headers.get("Authorization") == f"Bearer {accepted[0]}"
        return answer_json([{"id": 1}]) if good else answer_json({"error": "expired"}, 401)

    importing = {"http": {"method": ["POST"], "relativeURI": ["/items"]}}
    with serve(answer) as server:
        auth = {"type": "token", "token": {"token": "first-token-99", "location": "header"}}
        id = engine.connection(document(server.url, auth, ping={"relativeURI": "/items"}))
        pushed = engine.call("POST", f"/connections/{id}/import", {"import": importing, "data": [{"a": 1}, {"a": 2}]})
        offline = engine.call("GET", f"/connections/{id}").json()["offline"]
        accepted[0] = "first-token-99"
        ping = engine.call("POST", f"/connections/{id}/ping")
        back = engine.call("GET", f"/connections/{id}").json()["offline"]
        read = engine.call("POST", f"/connections/{id}/export", {"export": {"http": {"relativeURI": "/items"}}})

    assert [element["statusCode"] for element in pushed.json()] == [403, 403]
    assert (offline, ping.json(), back) == (True, {"code": 200}, False)
    assert read.json()["data"] == [{"id": 1}]
    assert len(server.asked) == 3


def test_mapping_lookup_and_upsert_work_together(engine: EngineProcess) -> None:
    """Mapper 2.0 with a dynamic lookup, then one request per record: what a real import document does."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/planes":
            return answer_json([{"id": 44}] if asked.query.get("tail") == "N1" else [])
        return answer_json({"id": "x" + asked.path.rpartition("/")[2]})

    importing = {
        "mappings": [
            {"generate": "tail", "dataType": "string", "extract": "$.tail", "status": "Active"},
            {"generate": "seats", "dataType": "number", "extract": "$.seats", "status": "Active"},
        ],
        "lookups": [{"name": "byTail", "relativeURI": "/planes?tail={{record.tail}}", "extract": "[0].id"}],
        "http": {
            "method": ["PUT", "POST"],
            "relativeURI": ["/up/{{lookup.byTail}}", "/new/0"],
            "requestType": ["UPDATE", "CREATE"],
            "existingLookupName": "byTail",
        },
    }
    records = [{"tail": "N1", "seats": "12"}, {"tail": "N2", "seats": "7"}, {"tail": "N3", "seats": "many"}]
    with serve(answer) as server:
        id = engine.connection(document(server.url, {"type": "custom"}))
        elements = engine.call("POST", f"/connections/{id}/import", {"import": importing, "data": records}).json()

    assert [element["statusCode"] for element in elements] == [200, 200, 422]
    assert [element.get("id") for element in elements] == ["x44", "x0", None]
    sent = [(asked.method, asked.path, asked.json) for asked in server.asked if asked.method != "GET"]
    assert sent == [("PUT", "/up/44", {"tail": "N1", "seats": 12}), ("POST", "/new/0", {"tail": "N2", "seats": 7})]


def test_transform_filter_and_pages_of_a_paged_source(engine: EngineProcess) -> None:
    def answer(asked: Asked) -> Answer:
        start = int(asked.query["skip"])
        return answer_json({"rows": [{"n": n} for n in range(start, min(start + 10, 47))]})

    export = {
        "pageSize": 7,
        "filter": {
            "type": "expression",
            "expression": {"version": "1", "rules": ["lessthan", ["number", ["extract", "n"]], ["number", 40]]},
        },
        "http": {
            "method": "GET",
            "relativeURI": "/rows?skip={{export.http.paging.skip}}",
            "response": {"resourcePath": "rows"},
            "paging": {"method": "skip"},
        },
    }
    with serve(answer) as server:
        id = engine.connection(document(server.url, {"type": "custom"}))
        records: list[Any] = []
        body: dict[str, Any] = {"export": export}
        while True:
            page = engine.call("POST", f"/connections/{id}/export/pages", body).json()
            records += page["data"]
            if page["pagedExportState"]["done"]:
                break
            body = {"export": export, "pagedExportState": page["pagedExportState"]}

    assert [record["n"] for record in records] == list(range(47))[: len(records)]
    assert len(records) == 40
    # The source was read once, page by page.
    assert [asked.query["skip"] for asked in server.asked] == ["0", "10", "20", "30", "40", "47"]


def test_dynamic_lookup_of_a_mapping_asks_once_per_record_and_fails_by_record(engine: EngineProcess) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path != "/planes":
            return answer_json({"id": "new"})
        tail = asked.query["tail"]
        if tail == "N2":
            return answer_json({"error": "index is broken"}, 500)
        return answer_json([{"id": 44}] if tail == "N1" else [])

    importing = {
        "mappings": [
            {
                "generate": "planeId",
                "dataType": "number",
                "extract": "$.tail",
                "lookupName": "byTail",
                "status": "Active",
            }
        ],
        "lookups": [{"name": "byTail", "relativeURI": "/planes?tail={{record.tail}}", "extract": "[0].id"}],
        "http": {"method": ["POST"], "relativeURI": ["/new"]},
    }
    with serve(answer) as server:
        id = engine.connection(document(server.url, {"type": "custom"}))
        body = {"import": importing, "data": [{"tail": "N1"}, {"tail": "N2"}, {"tail": "N3"}]}
        elements = engine.call("POST", f"/connections/{id}/import", body).json()

    assert [element["statusCode"] for element in elements] == [200, 422, 422]
    assert [element["errors"][0]["source"] for element in elements[1:]] == ["lookup", "lookup"]
    assert "index is broken" in elements[1]["errors"][0]["message"]
    assert [asked.json for asked in server.asked if asked.method == "POST"] == [{"planeId": 44}]


def test_lookup_whose_credentials_are_refused_fails_its_records(engine: EngineProcess) -> None:
    importing = {
        "mappings": [
            {"generate": "id", "dataType": "string", "extract": "$.tail", "lookupName": "byTail", "status": "Active"}
        ],
        "lookups": [{"name": "byTail", "relativeURI": "/planes", "extract": "id"}],
        "http": {"method": ["POST"], "relativeURI": ["/new"]},
    }
    with serve(lambda asked: answer_json({"error": "expired"}, 401)) as server:
        id = engine.connection(document(server.url, {"type": "custom"}))
        answer = engine.call("POST", f"/connections/{id}/import", {"import": importing, "data": [{"tail": "N1"}]})

    [element] = answer.json()
    assert element["statusCode"] in (403, 422)
    assert "refused the connection's credentials" in element["errors"][0]["message"]
    assert [asked.path for asked in server.asked] == ["/planes"]


def test_unsaved_connection_is_pinged_with_a_token_that_it_gets_itself(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with oauth_server() as provider:
        oauth = {
            "grantType": "clientcredentials",
            "tokenURI": f"{provider.url}/token",
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
        }
        auth = {"type": "oauth", "oauth": oauth, "token": {"location": "header"}}
        answer = engine.call("POST", "/connections/ping", document(provider.url, auth, ping={"relativeURI": "/me"}))
        oauth["clientSecret"] = "not-this-secret"
        refused = engine.call("POST", "/connections/ping", document(provider.url, auth, ping={"relativeURI": "/me"}))

    assert answer.json() == {"code": 200}
    assert refused.json()["code"] == 401
    assert "invalid_client" in refused.text
    assert "not-this-secret" not in refused.text


def test_delta_export_sends_the_start_date_and_once_runs_after_the_page(engine: EngineProcess) -> None:
    def answer(asked: Asked) -> Answer:
        return answer_json([{"id": 1}, {"id": 2}]) if asked.method == "GET" else answer_json({})

    delta = {
        "type": "delta",
        "delta": {"startDate": "2026-01-02T03:04:05.000Z", "lagOffset": 5000, "dateFormat": "YYYY-MM-DD HH:mm:ss"},
        "http": {"method": "GET", "relativeURI": "/rows?since={{lastExportDateTime}}"},
    }
    once = {
        "type": "once",
        "http": {
            "method": "GET",
            "relativeURI": "/rows",
            "once": {"relativeURI": "/rows/{{record.id}}", "method": "PATCH", "body": '{"exported": true}'},
        },
    }
    with serve(answer) as server:
        id = engine.connection(document(server.url, {"type": "custom"}))
        first = engine.call("POST", f"/connections/{id}/export", {"export": delta}).json()
        second = engine.call("POST", f"/connections/{id}/export", {"export": once}).json()

    assert first["data"] == second["data"] == [{"id": 1}, {"id": 2}]
    assert server.asked[0].query == {"since": "2026-01-02 03:04:00"}
    assert [(asked.method, asked.path) for asked in server.asked[1:]] == [
        ("GET", "/rows"),
        ("PATCH", "/rows/1"),
        ("PATCH", "/rows/2"),
    ]


def test_no_answer_of_the_engine_shows_a_secret_that_the_source_echoes(engine: EngineProcess) -> None:
    canary = "canary-secret-value-31"

    def answer(asked: Asked) -> Answer:
        text = f"{asked.headers.get('Authorization')} {asked.headers.get('X-Key')}"
        return answer_json({"message": text}, 400 if asked.method == "GET" else 422)

    auth = {"type": "token", "token": {"token": canary, "location": "header"}}
    doc = document(
        "http://set.below",
        auth,
        headers=[{"name": "X-Key", "value": "{{{connection.http.encrypted.key}}}"}],
        encrypted={"key": canary + "-two"},
        ping={"relativeURI": "/"},
    )
    with serve(answer) as server:
        doc["http"]["baseURI"] = server.url
        id = engine.connection(doc)
        importing = {"http": {"method": ["POST"], "relativeURI": ["/"]}}
        texts = [
            engine.call("POST", f"/connections/{id}/ping").text,
            engine.call("POST", f"/connections/{id}/export", {"export": {"http": {"relativeURI": "/"}}}).text,
            engine.call("POST", f"/connections/{id}/import", {"import": importing, "data": [{"a": 1}]}).text,
            engine.call("GET", f"/connections/{id}/debug").text,
            engine.call("GET", f"/connections/{id}/audit").text,
            engine.log(),
        ]

    assert canary in server.everything()
    for text in texts:
        assert canary not in text


def consenting(url: str, token_url: str) -> dict[str, Any]:
    """Return a connection that waits for a person's consent."""
    oauth = {"grantType": "authorizecode", "authURI": f"{url}/a", "tokenURI": f"{token_url}/token", "clientId": "cid"}
    body = '{"audience": "{{connection.http.unencrypted.audience}}"}'
    auth = {"type": "oauth", "oauth": {**oauth, "clientSecret": "CLIENT-SECRET", "accessTokenBody": body}}
    return document(url, auth, unencrypted={"audience": "the-service"})


def begin(engine: EngineProcess, id: str) -> str:
    answer = engine.call("GET", f"/connection/{id}/oauth2")
    assert answer.status_code == 200, answer.text
    return parse_qs(urlsplit(answer.json()["authorizationURL"]).query)["state"][0]


def call_back(engine: EngineProcess, state: str, method: str = "GET") -> requests.Response:
    url = f"{engine.url}/connection/oauth2callback"
    return requests.request(method, url, params={"state": state, "code": "THE-CODE"}, timeout=20)


def test_callback_ends_with_the_call_timeout() -> None:
    """The page of the browser must not wait for half a minute where calls are to end after a second."""
    with socket.create_server(("127.0.0.1", 0)) as silent, EngineProcess("--call-timeout", "1") as engine:
        silent_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        id = engine.connection(consenting(silent_url, silent_url))
        state = begin(engine, id)
        begun = time.monotonic()

        answer = call_back(engine, state)

        assert answer.status_code == 502
        assert time.monotonic() - begun < 15


def test_code_goes_only_to_the_token_endpoint_that_was_there_when_consent_was_asked(engine: EngineProcess) -> None:
    tokens = lambda asked: answer_json({"access_token": "ACCESS-TOKEN-1"})  # noqa: E731
    with serve(tokens) as first, serve(tokens) as second:
        id = engine.connection(consenting(first.url, first.url))
        stale = begin(engine, id)
        assert engine.call("PUT", f"/connections/{id}", consenting(first.url, second.url)).status_code == 200
        refused = call_back(engine, stale)
        good = begin(engine, id)
        renamed = [{"op": "replace", "path": "/name", "value": "another name"}]
        assert engine.call("PATCH", f"/connections/{id}", renamed).status_code == 204
        accepted = call_back(engine, good)

    assert (refused.status_code, accepted.status_code) == (400, 200)
    assert "changed since" in refused.text
    assert first.asked == []
    # The code exchange fills its templates as a refresh does.
    assert [parse_qs(asked.body.decode())["audience"] for asked in second.asked] == [["the-service"]]


def test_head_of_the_callback_uses_nothing_up(engine: EngineProcess) -> None:
    with serve(lambda asked: answer_json({"access_token": "ACCESS-TOKEN-1"})) as server:
        state = begin(engine, engine.connection(consenting(server.url, server.url)))
        looked = call_back(engine, state, "HEAD")
        assert (looked.status_code, server.asked) == (405, [])
        assert call_back(engine, state).status_code == 200


def test_changes_during_callbacks_are_not_lost(engine: EngineProcess) -> None:
    with serve(lambda asked: answer_json({"access_token": "ACCESS-TOKEN-1"})) as server:
        id = engine.connection(consenting(server.url, server.url))
        lost: list[tuple[str, str]] = []
        done = threading.Event()

        def rename() -> None:
            with requests.Session() as session:
                session.headers["Authorization"] = f"Bearer {engine.token}"
                number = 0
                while not done.is_set():
                    number += 1
                    operation = {"op": "replace", "path": "/name", "value": f"n{number}"}
                    changed = session.patch(f"{engine.url}/v1/connections/{id}", json=[operation], timeout=20)
                    name = session.get(f"{engine.url}/v1/connections/{id}", timeout=20).json()["name"]
                    if changed.status_code == 204 and name != f"n{number}":
                        lost.append((f"n{number}", name))

        thread = threading.Thread(target=rename)
        thread.start()
        for _ in range(60):
            assert call_back(engine, begin(engine, id)).status_code == 200
        done.set()
        thread.join(20)

    assert lost == []


LOOKUP = {"name": "L", "relativeURI": "/find", "method": "GET", "extract": "id"}


@pytest.mark.parametrize(
    "import_doc",
    [
        {"ignoreExisting": True, "http": {"method": ["POST"], "ignoreLookupName": "L", "lookups": [LOOKUP]}},
        {
            "mapping": {"fields": [{"generate": "g", "extract": "a", "lookupName": "L"}]},
            "lookups": [LOOKUP],
            "http": {"method": ["POST"]},
        },
        {"http": {"method": ["POST"], "body": ['{{lookup "L" a}}'], "lookups": [LOOKUP]}},
    ],
)
def test_credentials_that_were_refused_are_not_sent_again_in_the_same_call(
    engine: EngineProcess, import_doc: dict[str, Any]
) -> None:
    with serve(lambda asked: answer_json({}, 401)) as server:
        auth = {"type": "basic", "basic": {"username": "u", "password": "a-long-password"}}
        id = engine.connection(document(server.url, auth))
        body = {"import": import_doc, "data": [{"a": number} for number in range(10)]}
        results = engine.call("POST", f"/connections/{id}/import", body).json()

    assert len(server.asked) == 1
    assert all(result["statusCode"] in (403, 422) for result in results)
    assert engine.call("GET", f"/connections/{id}").json()["offline"] is True


def test_hanging_pings_of_unsaved_connections_hold_up_no_other() -> None:
    with (
        EngineProcess("--call-timeout", "8") as own,
        socket.create_server(("127.0.0.1", 0), backlog=100) as hole,
        serve(lambda asked: answer_json({})) as good,
    ):
        saved = own.connection(document(good.url, {"type": "custom"}))
        hanging = document(f"http://127.0.0.1:{hole.getsockname()[1]}", {"type": "custom"}, concurrencyLevel=25)

        def ping(doc: dict[str, Any]) -> requests.Response:
            headers = {"Authorization": f"Bearer {own.token}"}
            return requests.post(f"{own.url}/v1/connections/ping", json=doc, headers=headers, timeout=60)

        with ThreadPoolExecutor(60) as pool:
            waiting = [pool.submit(ping, doc) for doc in [hanging] * 25 + [{**hanging, "_id": saved}] * 25]
            time.sleep(1)
            assert ping(document(good.url, {"type": "custom"})).json() == {"code": 200}
            assert own.call("GET", f"/connections/{saved}/ping").json() == {"code": 200}
            assert not any(one.done() for one in waiting), "the pings did not hang, so that nothing was tested"


@pytest.mark.parametrize("mapper", [1, 2])
@pytest.mark.parametrize("text", ["{{record.a}}", "{{a}}", "{{data.0.a}}", "{{data.a}}", "{{lookupKey}}"])
def test_a_dynamic_lookup_sees_the_record_under_every_name(engine: EngineProcess, mapper: int, text: str) -> None:
    """The same that a lookup over SQL sees, whichever mapper asks."""
    rule = {"generate": "g", "lookupName": "l"}
    mapping: dict[str, Any] = {
        1: {"mapping": {"fields": [{**rule, "extract": "a"}]}},
        2: {"mappings": [{**rule, "extract": "$.a", "dataType": "string", "status": "Active"}]},
    }[mapper]
    lookup = {"name": "l", "method": "GET", "relativeURI": f"/find/{text}", "extract": "id"}
    with serve(lambda asked: answer_json({"id": f"of {asked.path}"})) as server:
        id = engine.connection(document(server.url, {"type": "basic", "basic": {"username": "u", "password": "p"}}))
        body = {"import": {**mapping, "lookups": [lookup], "http": {"relativeURI": ["/x"]}}, "data": [{"a": "A1"}]}

        answer = engine.call("POST", f"/connections/{id}/import/map", body)

    assert answer.json() == [{"g": "of /find/A1"}]
