"""Connections as a notebook uses them, against a server that behaves as documented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from support.client import FakeTime, client_of
from support.standin import MASK, WIRE, Reply, StandIn

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.errors import (
    ApiError,
    AuthError,
    ConfigError,
    ConflictError,
    DocumentError,
    InvalidRequestError,
    NotFoundError,
    PagingError,
    RecordErrorsWarning,
    ServerError,
    TransportError,
)

HTTP = {
    "type": "http",
    "http": {
        "baseURI": "https://x.example",
        "mediaType": "json",
        "auth": {"type": "token", "token": {"token": "hush", "location": "header"}},
    },
}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(page=3) as standin:
        yield standin


@pytest.fixture
def client(server: StandIn) -> Client:
    return client_of(server, time=FakeTime())


@pytest.fixture
def con(server: StandIn, client: Client) -> Connection:
    return client.connections[server.add("Slack API", **HTTP)]


def test_list_follows_every_page(server: StandIn, client: Client) -> None:
    names = [f"c{number}" for number in range(8)]
    for name in names:
        server.add(name)

    assert [connection.name for connection in client.connections] == names
    assert [path for path in server.paths() if "connections" in path] == ["GET /connections"] * 3
    assert len(client.connections) == 8


def test_list_of_nothing_is_a_204_and_empty(client: Client) -> None:
    assert list(client.connections) == []
    assert len(client.connections) == 0
    assert client.connections.to_frame().shape == (0, 7)
    assert client.connections._ipython_key_completions_() == []


def test_list_is_read_once_for_one_python_list(server: StandIn, client: Client) -> None:
    server.add("a")

    list(client.connections)

    assert server.paths().count("GET /connections") == 1


def test_lookup_by_name_and_by_id_give_the_same_connection(server: StandIn, client: Client) -> None:
    for number in range(5):
        server.add(f"c{number}")
    key = server.add("NYC flights", **HTTP)

    by_name, by_id = client.connections["NYC flights"], client.connections.get(key)

    assert by_name == by_id
    assert (by_id.id, by_id.name, by_id.type) == (key, "NYC flights", "http")
    assert by_id.doc["http"]["auth"]["token"]["token"] == MASK


def test_lookup_of_a_name_that_looks_like_an_id_works(server: StandIn, client: Client) -> None:
    server.add("5" * 24)

    assert client.connections["5" * 24].name == "5" * 24


@pytest.mark.parametrize("asked", ["NYC flight", "nyc flights", "flights", "NYC  Flights"])
def test_lookup_of_an_unknown_name_offers_near_ones(server: StandIn, client: Client, asked: str) -> None:
    server.add("NYC flights")
    server.add("Delay desk")

    with pytest.raises(NotFoundError, match="Did you mean 'NYC flights'") as caught:
        client.connections[asked]

    assert isinstance(caught.value, LookupError)


def test_lookup_of_a_name_with_nothing_near_lists_what_there_is(server: StandIn, client: Client) -> None:
    server.add("Delay desk")

    with pytest.raises(NotFoundError, match="There are: 'Delay desk'"):
        client.connections["qqqq"]


def test_lookup_in_an_empty_account_says_so(client: Client) -> None:
    with pytest.raises(NotFoundError, match="among the 0"):
        client.connections["x"]


def test_lookup_of_an_ambiguous_name_lists_the_ids(server: StandIn, client: Client) -> None:
    keys = [server.add("twin"), server.add("twin")]

    with pytest.raises(NotFoundError, match="2 connections are named 'twin'") as caught:
        client.connections["twin"]

    assert all(key in str(caught.value) for key in keys)
    assert client.connections[keys[1]].id == keys[1]


@pytest.mark.parametrize("name", ["", None, 3, ["x"]])
def test_lookup_by_something_else_is_a_config_error(client: Client, name: Any) -> None:
    with pytest.raises(ConfigError):
        client.connections[name]


def test_completions_are_the_names(server: StandIn, client: Client) -> None:
    server.add("a")
    server.add("b c")

    assert client.connections._ipython_key_completions_() == ["a", "b c"]
    assert "a" in client.connections
    assert "z" not in client.connections


def test_completions_ask_the_server_once_for_many_key_presses(server: StandIn, client: Client) -> None:
    server.add("a")

    for _ in range(5):
        client.connections._ipython_key_completions_()
    client.connections.create({"name": "b", **HTTP})

    assert server.paths().count("GET /connections") == 1
    assert client.connections._ipython_key_completions_() == ["a", "b"]


def test_table_has_one_row_per_connection(server: StandIn, client: Client) -> None:
    server.add("a", offline=True, sandbox=True)
    key = server.add("b", queues=[{"name": "x", "size": 8}, {"name": "y", "size": 1}])

    frame = client.connections.to_frame()

    assert list(frame.columns) == ["name", "_id", "type", "offline", "sandbox", "lastModified", "waiting"]
    assert list(frame["offline"]) == [True, False]
    assert list(frame["waiting"]) == [0, 9]
    assert frame.loc[1, "_id"] == key


def test_names_from_outside_are_escaped_in_html(server: StandIn, client: Client) -> None:
    key = server.add("<img src=x onerror=alert(1)>", type="<script>")

    for html in (client.connections._repr_html_(), client.connections[key]._repr_html_()):
        assert "<img" not in html
        assert "<script" not in html
        assert "&lt;img" in html


def test_repr_names_host_account_and_sandbox(server: StandIn, client: Client) -> None:
    key = server.add("x", sandbox=True)
    host = server.url.removeprefix("http://")

    connection = client.connections[key]

    assert host in repr(client)
    assert "5b1000000000000000000001" in repr(client)
    for part in (host, "5b1000000000000000000001", "sandbox", key):
        assert part in repr(connection)


def test_account_is_asked_once_and_a_token_that_may_not_ask_is_no_failure(server: StandIn) -> None:
    client = client_of(server)
    server.add("a")
    server.next = [lambda seen: None, Reply(403, {"errors": [{"code": "forbidden", "message": "no"}]})]

    list(client.connections)
    assert client.connections["a"].name == "a"

    assert client.account is None
    assert server.paths().count("GET /tokenInfo") == 1


def test_check_tells_the_account(server: StandIn, client: Client) -> None:
    assert client.check() == {"_userId": "5b1000000000000000000001", "scope": "*"}
    assert client.account == "5b1000000000000000000001"
    assert not client.is_local_engine


def test_wrong_token_is_an_auth_error(server: StandIn) -> None:
    client = client_of(server)
    server.token = "another"

    with pytest.raises(AuthError, match="a US token on the EU host"):
        client.check()


def test_history_is_a_frame_of_calls(server: StandIn, client: Client) -> None:
    assert list(client.history.columns) == ["time", "method", "path", "status", "attempts", "bytes", "seconds"]
    server.next = [Reply(503)]
    client.check()
    with pytest.raises(NotFoundError):
        client.api.get_connection("0" * 24)

    history = client.history

    assert list(history["path"]) == ["/tokenInfo", f"/connections/{'0' * 24}"]
    assert list(history["status"]) == [200, 404]
    assert list(history["attempts"]) == [2, 1]
    assert str(history["time"].dtype) == "datetime64[us, UTC]"
    assert history["bytes"][0] > 0


def test_created_connection_has_an_id_and_masks(server: StandIn, client: Client) -> None:
    connection = client.connections.create({"name": "new", **HTTP})

    assert server.connections[connection.id]["http"]["auth"]["token"]["token"] == "hush"
    assert connection.doc["http"]["auth"]["token"]["token"] == MASK
    assert client.connections["new"] == connection


def test_created_connection_that_the_server_refuses_names_the_field(client: Client) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        client.connections.create({"name": "new"})

    assert [(p.code, p.field) for p in caught.value.problems] == [("missing_required_field", "type")]


@pytest.mark.parametrize("doc", [None, [], "x", 5])
def test_document_that_is_no_object_is_refused(client: Client, con: Connection, doc: Any) -> None:
    for call in (client.connections.create, client.connections.ping, con.replace):
        with pytest.raises(DocumentError, match="expected a dict"):
            call(doc)


def test_replace_sends_the_document_without_what_the_server_sets(server: StandIn, con: Connection) -> None:
    doc = con.doc
    doc["http"]["auth"]["token"]["token"] = "new"
    doc["name"] = "renamed"

    con.replace(doc)

    sent = server.requests[-1].json
    assert not {"_id", "createdAt", "offline", "queues", "lastModified"} & set(sent)
    assert con.name == "renamed"
    assert server.connections[con.id]["http"]["auth"]["token"]["token"] == "new"


def test_replace_refuses_a_masked_document_before_the_network(server: StandIn, con: Connection) -> None:
    before = len(server.requests)

    with pytest.raises(DocumentError, match=r"http\.auth\.token\.token") as caught:
        con.replace(con.doc)

    assert [problem.field for problem in caught.value.problems] == ["http.auth.token.token"]
    assert len(server.requests) == before


def test_update_of_whitelisted_fields_is_a_patch(server: StandIn, con: Connection) -> None:
    con.update({"name": "renamed", "http.ping.successPath": "ok"})

    assert server.requests[-2].method == "PATCH"
    assert server.requests[-2].json == [
        {"op": "replace", "path": "/name", "value": "renamed"},
        {"op": "replace", "path": "/http/ping/successPath", "value": "ok"},
    ]
    assert con.name == "renamed"
    assert server.connections[con.id]["http"]["auth"]["token"]["token"] == "hush"


def test_update_of_other_fields_needs_every_masked_secret(server: StandIn, con: Connection) -> None:
    with pytest.raises(DocumentError, match=r"http\.auth\.token\.token") as caught:
        con.update({"http.baseURI": "https://y.example"})

    assert "secrets=" in str(caught.value)
    assert all(seen.method == "GET" for seen in server.requests)
    assert server.connections[con.id]["http"]["baseURI"] == "https://x.example"


def test_update_with_the_secrets_replaces_and_keeps_all_else(server: StandIn, con: Connection) -> None:
    server.connections[con.id]["_agentId"] = "5" * 24

    con.update({"http.baseURI": "https://y.example"}, secrets={"http.auth.token.token": "hush again"})

    stored = server.connections[con.id]
    assert stored["http"]["baseURI"] == "https://y.example"
    assert stored["http"]["auth"]["token"] == {"token": "hush again", "location": "header"}
    assert (stored["http"]["mediaType"], stored["_agentId"]) == ("json", "5" * 24)
    assert MASK not in json.dumps(server.requests[-1].json)


def test_update_of_the_secret_itself_needs_no_other(server: StandIn, con: Connection) -> None:
    con.update({"http.auth.token.token": "new"})

    assert server.connections[con.id]["http"]["auth"]["token"]["token"] == "new"


@pytest.mark.parametrize("changes", [{"name": MASK}, {"http.auth.token.token": MASK}, {"name": {"a": [MASK]}}])
def test_mask_is_never_sent(server: StandIn, con: Connection, changes: dict[str, Any]) -> None:
    for secrets in (None, {"http.auth.token.token": MASK}):
        with pytest.raises(DocumentError, match="mask"):
            con.update(changes, secrets)

    assert all(seen.method == "GET" for seen in server.requests)


@pytest.mark.parametrize("path", ["", ".", "a..b", "name.x", 5])
def test_update_of_a_path_that_leads_nowhere_is_a_document_error(con: Connection, path: Any) -> None:
    with pytest.raises(DocumentError):
        con.update({path: 1}, secrets={"http.auth.token.token": "x"})


def test_patch_takes_whitelisted_fields_only(server: StandIn, con: Connection) -> None:
    before = len(server.requests)

    with pytest.raises(DocumentError, match=r"http\.baseURI"):
        con.patch({"http.baseURI": "x"})
    with pytest.raises(DocumentError, match="empty"):
        con.patch({})

    assert len(server.requests) == before


def test_patch_whose_answer_is_the_document_needs_no_second_request(server: StandIn, con: Connection) -> None:
    server.next = [Reply(200, {**server.connections[con.id], "name": "from the answer"})]
    before = len(server.requests)

    assert con.patch({"name": "x"}).name == "from the answer"
    assert len(server.requests) == before + 1


def test_delete_removes_it(server: StandIn, con: Connection) -> None:
    con.delete()

    assert server.connections == {}
    with pytest.raises(NotFoundError):
        con.refresh()


def test_delete_while_in_use_is_a_conflict(server: StandIn, con: Connection) -> None:
    server.next = [Reply(409, {"errors": [{"code": "in_use", "message": "used by 2 exports"}]})]

    with pytest.raises(ConflictError, match="used by 2 exports"):
        con.delete()


def test_ping_that_works_is_truthy(server: StandIn, client: Client, con: Connection) -> None:
    for result in (con.ping(), client.connections.ping({"name": "n", **HTTP})):
        assert result
        assert (result.code, result.errors) == (200, ())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ping_finds_the_method_that_the_server_knows(server: StandIn, con: Connection, method: str) -> None:
    server.ping_by = (method,)

    assert con.ping()


_ERROR = {"code": "401", "message": "bad password"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Reply(200, {"code": 401, "errors": [_ERROR]}), 401),
        (Reply(200, {"code": "401"}), 401),
        (Reply(200, {"statusCode": 403}), 403),
        (Reply(200, {"code": 200, "errors": [_ERROR]}), 401),
        (Reply(200, {"errors": [_ERROR]}), 401),
        (Reply(200, {"errors": [{"code": "refused", "message": "no"}]}), None),
        (Reply(200, {"code": "connection_error", "message": "no"}), None),
        (Reply(200, {"success": False, "message": "no"}), None),
        (Reply(400, {"errors": [_ERROR]}), 400),
        (Reply(401, {"errors": [_ERROR]}), 401),
        (Reply(403, {"errors": [_ERROR]}), 403),
        (Reply(422, {"errors": [_ERROR]}), 422),
        (Reply(500, {"errors": [_ERROR]}), 500),
        (Reply(503, {"errors": [_ERROR]}), 503),
    ],
    ids=lambda value: f"{value.status} {json.dumps(value.body)}" if isinstance(value, Reply) else None,
)
def test_ping_that_fails_is_an_answer_in_every_shape(
    server: StandIn, client: Client, con: Connection, answer: Reply, code: int | None
) -> None:
    server.ping_answer = answer

    for result in (con.ping(), client.connections.ping({"name": "n", **HTTP})):
        assert not result
        assert result.code == code
        assert result.checked
        assert "failed" in repr(result)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"code": 404, "errors": [{"code": "404", "message": "Not Found"}]}, "reached, not checked"),
        ({"statusCode": 503}, "reached, not checked"),
        ({"code": 404, "checked": False}, "reached, not checked"),
        ({"code": 400, "checked": False, "errors": [_ERROR]}, "reached, not checked"),
        ({"code": 422, "errors": [{"code": "missing_extra", "message": "m"}], "checked": False, "reached": False},
         "not tried"),
        ({"code": 404, "errors": [_ERROR]}, "failed"),
        ({"code": 422, "errors": [{"code": "refused", "message": "no"}]}, "failed"),
        ({"code": 200}, "ok"),
    ],
)  # fmt: skip
def test_ping_that_learns_nothing_of_the_credentials_says_so(
    server: StandIn, con: Connection, body: dict[str, Any], outcome: str
) -> None:
    server.ping_answer = Reply(200, body)

    result = con.ping()

    assert (result.outcome, bool(result)) == (outcome, outcome == "ok")
    assert result.checked is (outcome in ("ok", "failed"))
    assert outcome in repr(result)
    assert outcome in result._repr_html_()


@pytest.mark.parametrize(
    "body", [{"code": 200}, {"code": "200"}, {}, {"errors": []}, {"statusCode": 200}, {"status": "ok"}]
)
def test_ping_that_works_is_truthy_in_every_shape(server: StandIn, con: Connection, body: dict[str, Any]) -> None:
    server.ping_answer = Reply(200, body)

    assert con.ping()


def test_ping_with_a_refused_token_is_an_error_and_no_answer(server: StandIn, con: Connection) -> None:
    server.token = "another"

    with pytest.raises(AuthError):
        con.ping()


def test_ping_whose_server_is_broken_is_an_error_and_no_answer(server: StandIn, con: Connection) -> None:
    server.ping_answer = Reply(502, b"<html>")

    with pytest.raises(ServerError):
        con.ping()


def test_ping_of_a_connection_that_is_gone_is_not_found(server: StandIn, con: Connection) -> None:
    con.delete()

    with pytest.raises(NotFoundError):
        con.ping()


def test_debug_is_enabled_for_some_minutes(server: StandIn, con: Connection) -> None:
    before = datetime.now(timezone.utc)

    until = con.enable_debug(30)

    (operation,) = server.requests[-2].json
    assert operation["path"] == "/debugDate"
    assert datetime.fromisoformat(operation["value"].replace("Z", "+00:00")) == until.replace(
        microsecond=until.microsecond // 1000 * 1000
    )
    assert timedelta(minutes=29) < until - before < timedelta(minutes=31)


@pytest.mark.parametrize("minutes", [-1, "x", True, float("nan"), None])
def test_debug_for_no_number_of_minutes_is_a_config_error(con: Connection, minutes: Any) -> None:
    with pytest.raises(ConfigError):
        con.enable_debug(minutes)


_HEX = "0" * 31 + "a"
_TEXT = (
    f'2026-01-01T00:00:00.000Z {_HEX} export 5a1\n{{"url": "https://x", "method": "GET"}}\n\n'
    f'2026-01-01T00:00:01.000Z {_HEX} export 5a1\n{{"statusCode": 200, "body": "a\\nb"}}\n'
)
_JSON = [
    {"time": "2026-01-01T00:00:00.000Z", "requestId": _HEX, "resourceType": "export", "_resourceId": "5a1"}
    | {"request": {"url": "https://x", "method": "GET"}},
    {"time": "2026-01-01T00:00:01.000Z", "requestId": _HEX, "resourceType": "export", "_resourceId": "5a1"}
    | {"response": {"statusCode": 200, "body": "a\nb"}},
]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (_TEXT.encode(), "text/plain"),
        (_TEXT.replace("\n", "\r\n").encode(), "text/plain"),
        (json.dumps(_TEXT).encode(), "application/json"),
        (json.dumps({"debug": _TEXT}).encode(), "application/json"),
        (json.dumps(_JSON).encode(), "application/json"),
        (json.dumps({"logs": _JSON}).encode(), "application/json"),
    ],
)
def test_debug_log_is_a_frame_in_every_shape(server: StandIn, con: Connection, content: bytes, kind: str) -> None:
    server.next = [Reply(200, content, {"Content-Type": kind})]

    frame = con.debug_log("5a1")

    assert server.requests[-1].path.endswith("/debug/5a1")
    assert list(frame["kind"]) == ["request", "response"]
    assert list(frame["request_id"]) == [_HEX] * 2
    assert list(frame["resource_id"]) == ["5a1"] * 2
    assert frame["time"][1] == pd.Timestamp("2026-01-01T00:00:01Z")
    assert frame["payload"][0]["url"] == "https://x"
    assert frame["payload"][1]["body"] == "a\nb"


@pytest.mark.parametrize("content", [b"", b"  \n", b"[]", b'{"debug": []}'])
def test_debug_log_without_entries_is_an_empty_frame(server: StandIn, con: Connection, content: bytes) -> None:
    server.next = [Reply(200, content)]

    assert con.debug_log().shape == (0, 6)


def test_debug_log_that_cannot_be_read_is_shown_as_it_is(server: StandIn, con: Connection) -> None:
    server.next = [Reply(200, b"something else \xff", {"Content-Type": "text/plain"})]

    assert list(con.debug_log()["payload"]) == ["something else \ufffd"]


def test_audit_log_has_one_row_per_changed_field(con: Connection) -> None:
    con.update({"name": "b", "http.ping.successPath": "ok"})

    frame = con.audit_log()

    assert list(frame["field"]) == ["name", "http.ping.successPath"]
    assert set(frame["user"]) == {"A Customer"}
    assert str(frame["time"].dtype).startswith("datetime64")


_CHANGE = {"fieldPath": "name", "oldValue": "a", "newValue": "b"}


@pytest.mark.parametrize(
    "changes",
    [{"fieldChanges": [_CHANGE]}, {"fieldChange": _CHANGE}, {"fieldChange": [_CHANGE]}, {"fieldChanges": _CHANGE}],
)
def test_audit_log_reads_both_spellings(server: StandIn, con: Connection, changes: dict[str, Any]) -> None:
    server.next = [Reply(200, [{"time": "2026-01-01T00:00:00Z", "event": "update", "byUser": "5b1", **changes}])]

    frame = con.audit_log()

    assert frame.loc[0, ["field", "old_value", "new_value", "user"]].tolist() == ["name", "a", "b", "5b1"]


def test_audit_log_inside_an_object_is_read(server: StandIn, con: Connection) -> None:
    server.next = [Reply(200, {"audit": [{"time": 1767225600000, "event": "update"}]})]

    before = len(server.requests)

    assert con.audit_log()["event"].tolist() == ["update"]
    assert len(server.requests) == before + 1


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (1767225600000, "2026-01-01T00:00:00Z"),
        (1767225600, "2026-01-01T00:00:00Z"),
        (1767225600.5, "2026-01-01T00:00:00.5Z"),
        ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z"),
        (None, pd.NaT),
        ("soon", pd.NaT),
        (True, pd.NaT),
        (10**30, pd.NaT),
    ],
)
def test_time_of_an_audit_record_is_read_in_every_form(
    server: StandIn, con: Connection, time: Any, expected: Any
) -> None:
    server.next = [Reply(200, [{"time": time}, {"time": "2026-01-01T00:00:00Z"}])]

    times = con.audit_log()["time"]

    assert times.iloc[0] is expected or times.iloc[0] == pd.Timestamp(expected)
    assert times.iloc[1] == pd.Timestamp("2026-01-01T00:00:00Z")


def test_audit_log_follows_pages_and_sends_filters(server: StandIn, con: Connection) -> None:
    path = f"{server.url}/v1/connections/{con.id}/audit"
    server.next = [
        Reply(200, [{"event": "create"}], {"Link": f'<{path}?skip=1>; rel="next"'}),
        Reply(200, [{"event": "update"}]),
    ]

    frame = con.audit_log(source="ui", limit="1")

    assert list(frame["event"]) == ["create", "update"]
    assert server.requests[-2].query == {"source": ["ui"], "limit": ["1"]}
    assert server.requests[-1].query == {"skip": ["1"]}


def test_audit_log_of_nothing_is_an_empty_frame(server: StandIn, con: Connection) -> None:
    server.next = [Reply(204)]

    assert con.audit_log().shape == (0, 10)


_RESOURCE = {
    "_id": "5e1",
    "name": "Monday",
    "paths": ["_connectionId"],
    "accessLevel": "owner",
    "dependencyIds": {"connections": ["5c1"]},
}


@pytest.mark.parametrize(
    "body",
    [
        {"exports": [_RESOURCE]},
        {"exports": [{**_RESOURCE, "id": "5e1"}], "flows": []},
        {"exports": _RESOURCE},
        {
            "exports": {
                "5e1": {key: value for key, value in _RESOURCE.items() if key not in ("_id", "name")}
                | {"name": "Monday"}
            }
        },
        {"dependencies": {"exports": [_RESOURCE]}},
        [{**_RESOURCE, "type": "exports"}],
        {"dependencies": [{**_RESOURCE, "resourceType": "exports"}]},
    ],
)
def test_dependencies_are_a_frame_in_every_shape(server: StandIn, con: Connection, body: Any) -> None:
    server.dependencies = body

    frame = con.dependencies()

    shown = frame.loc[0, ["kind", "id", "name", "paths", "access_level"]].tolist()
    assert shown == ["exports", "5e1", "Monday", ["_connectionId"], "owner"]
    assert len(frame) == 1


@pytest.mark.parametrize("body", [{}, {"exports": []}, {"exports": None}, []])
def test_dependencies_of_nothing_are_an_empty_frame(server: StandIn, con: Connection, body: Any) -> None:
    server.dependencies = body

    assert con.dependencies().shape == (0, 6)


@pytest.mark.parametrize("known", ["connection", "connections"])
@pytest.mark.parametrize("tail", ["dependencies", "oauth2"])
def test_singular_and_plural_spelling_are_both_tried(server: StandIn, con: Connection, known: str, tail: str) -> None:
    def only(seen: Any) -> Reply | None:
        return None if seen.path.split("/")[2] == known else Reply(404, {"errors": [{"code": "x", "message": "no"}]})

    server.next = [only, only]

    assert isinstance(getattr(con.client.api, tail)(con.id), dict)


def test_both_spellings_unknown_tells_the_first_refusal(server: StandIn, con: Connection) -> None:
    server.next = [Reply(404, {"errors": [{"code": "first", "message": "no"}]}), Reply(404)]

    with pytest.raises(NotFoundError) as caught:
        con.dependencies()

    assert caught.value.codes == ("first",)


def test_list_that_names_the_same_page_again_is_a_paging_error(server: StandIn, client: Client) -> None:
    server.next = [Reply(200, [], {"Link": f'<{server.url}/v1/connections?skip=1>; rel="next"'})] * 3

    with pytest.raises(PagingError, match="twice"):
        len(client.connections)


@pytest.mark.parametrize("body", [{"connections": []}, [1, 2], "x", None])
def test_list_of_another_shape_is_a_transport_error(server: StandIn, client: Client, body: Any) -> None:
    server.next = [Reply(200, json.dumps(body).encode())] * 6

    with pytest.raises(TransportError):
        len(client.connections)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"ok"])
def test_replace_that_answers_no_document_reads_it(server: StandIn, con: Connection, body: bytes) -> None:
    server.next = [Reply(200, body)]

    con.replace({"name": "other", **HTTP})

    assert server.paths()[-2:] == [f"PUT /connections/{con.id}", f"GET /connections/{con.id}"]


@pytest.mark.parametrize("body", [{}, [], None, {"_id": 5}, {"errors": []}])
def test_document_without_an_id_is_a_transport_error(server: StandIn, con: Connection, body: Any) -> None:
    server.next = [Reply(200, json.dumps(body).encode())] * 6
    with pytest.raises(TransportError, match="cannot be used"):
        con.refresh()
    assert con.name == "Slack API"
    server.next = [Reply(201, json.dumps(body).encode())]
    with pytest.raises(TransportError, match="cannot be used"):
        con.client.connections.create({"name": "n", **HTTP})


def test_preview_shows_the_first_rows_of_one_call(server: StandIn, con: Connection) -> None:
    frame = con.preview_export({"netsuite": {"type": "search"}}, rows=3)

    assert len(frame) == 3
    assert "Trial Start" in frame.columns
    assert server.requests[-1].path.endswith("/export")
    assert server.requests[-1].json == {"export": {"netsuite": {"type": "search"}, "pageSize": 3}}


def test_preview_leaves_the_document_of_the_caller_alone(con: Connection) -> None:
    export = {"netsuite": {"type": "search"}, "pageSize": 50}

    assert len(con.preview_export(export, rows=7)) == 7
    assert export == {"netsuite": {"type": "search"}, "pageSize": 50}


@pytest.mark.parametrize("export", [{"type": "once"}, {"file": {"type": "csv"}}, {"netsuite": {"once": {"x": 1}}}])
def test_preview_of_an_export_that_changes_its_source_is_refused(
    server: StandIn, con: Connection, export: dict[str, Any]
) -> None:
    before = len(server.requests)

    with pytest.raises(DocumentError, match="consume=True"):
        con.preview_export(export)

    assert len(server.requests) == before
    assert len(con.preview_export(export, consume=True)) == 20


def test_preview_that_changes_its_source_is_not_sent_twice(server: StandIn, con: Connection) -> None:
    server.next = [Reply(reset=True)] * 3
    before = len(server.requests)

    with pytest.raises(TransportError):
        con.preview_export({"type": "once"}, consume=True)

    assert len(server.requests) == before + 1


def test_preview_tells_of_errors_beside_the_records(server: StandIn, con: Connection) -> None:
    server.next = [Reply(200, {"data": [{"a": 1}], "errors": [{"code": "x", "message": "bad record"}]})]

    with pytest.warns(RecordErrorsWarning, match="bad record"):
        assert con.preview_export({"netsuite": {}}).to_dict("list") == {"a": [1]}


def test_preview_without_data_is_a_transport_error(server: StandIn, con: Connection) -> None:
    server.next = [Reply(200, {"data": None})]

    with pytest.raises(TransportError, match="data"):
        con.preview_export({"netsuite": {}})


@pytest.mark.parametrize("rows", [0, -1, True, "x"])
def test_preview_of_no_number_of_rows_is_a_config_error(con: Connection, rows: Any) -> None:
    with pytest.raises(ConfigError):
        con.preview_export({"netsuite": {}}, rows=rows)


@pytest.mark.parametrize("key", ["../connections", "..", "a/b", "", " "])
def test_id_cannot_leave_its_place_in_the_path(server: StandIn, client: Client, key: str) -> None:
    with pytest.raises((ApiError, ConfigError)):
        client.api.get_connection(key)

    assert all(seen.path.count("/") == 3 for seen in server.requests)


def test_documented_connection_reads_as_documented(server: StandIn, client: Client) -> None:
    documented = WIRE["get-connection"]["response"]
    server.connections[documented["_id"]] = {**documented, "rest": {**documented["rest"], "bearerToken": "real"}}

    connection = client.connections[documented["_id"]]

    assert connection.doc == {**documented, "offline": False, "queues": []}
    assert server.paths()[0] == f"GET {WIRE['get-connection']['path'].removeprefix('/v1')}"
