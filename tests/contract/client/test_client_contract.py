"""What the client relies on, asked of a server written from the documentation and of the engine alike."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pandas as pd
import pytest

import celigo_pandas as celigo
from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.errors import AuthError, DocumentError, InvalidRequestError, NotFoundError

QUERY = "select id, tail, delay from flights order by id"


def _wrong(service: Any) -> Client:
    return celigo.connect("wrong-token", base_url=service.url, max_retries=0)


def test_token_is_checked(service: Any, client: Client) -> None:
    info = client.check()

    assert len(info["_userId"]) == 24
    assert info["scope"] == "*"
    assert client.is_local_engine is (service.name == "engine")


def test_wrong_token_is_an_auth_error_on_every_route(service: Any, flights: Connection) -> None:
    wrong = _wrong(service)

    for call in (
        wrong.check,
        lambda: list(wrong.connections),
        lambda: wrong.api.get_connection(flights.id),
        lambda: wrong.api.ping_connection(flights.id),
        lambda: wrong.api.export(flights.id, {"rdbms": {"query": QUERY}}),
        lambda: wrong.api.import_records(flights.id, {}, [{}]),
    ):
        with pytest.raises(AuthError):
            call()


def test_unknown_connection_is_not_found_on_every_route(client: Client) -> None:
    key = "0" * 24

    for call in (
        lambda: client.api.get_connection(key),
        lambda: client.api.delete_connection(key),
        lambda: client.api.ping_connection(key),
        lambda: client.api.export(key, {"rdbms": {"query": QUERY}}),
        lambda: client.api.import_records(key, {}, [{}]),
        lambda: client.api.dependencies(key),
        lambda: client.api.debug_log(key),
        lambda: list(client.api.audit_log(key)),
    ):
        with pytest.raises(NotFoundError):
            call()


def test_connection_is_found_by_name_and_id(client: Client, flights: Connection) -> None:
    assert client.connections["NYC flights"] == client.connections[flights.id] == flights
    assert "NYC flights" in client.connections._ipython_key_completions_()
    assert "NYC flights" in list(client.connections.to_frame()["name"])
    with pytest.raises(NotFoundError, match="Did you mean 'NYC flights'"):
        client.connections["NYC flight"]


def test_many_connections_are_all_listed(service: Any, client: Client) -> None:
    before = len(client.connections)
    made = [client.connections.create(service.http_doc(f"many {number:03d}")) for number in range(120)]

    names = {connection.name for connection in client.connections}

    assert {connection.name for connection in made} <= names
    for connection in made:
        connection.delete()
    assert len(client.connections) in (before, before + 120)  # the list may be two seconds old
    assert not {connection.id for connection in made} & {doc["_id"] for doc in client.api.list_connections()}


def test_created_connection_is_masked(fresh: Connection) -> None:
    assert fresh.doc["http"]["auth"]["token"]["token"] == "******"
    assert fresh.refresh().doc["http"]["auth"]["token"]["token"] == "******"
    assert fresh.doc["offline"] is False


@pytest.mark.parametrize("member", ["name", "type"])
def test_connection_without_a_required_member_is_refused_and_named(service: Any, client: Client, member: str) -> None:
    doc = service.http_doc("x")
    del doc[member]

    with pytest.raises(InvalidRequestError) as caught:
        client.connections.create(doc)

    assert ("missing_required_field", member) in [(problem.code, problem.field) for problem in caught.value.problems]


def test_patch_changes_and_keeps(fresh: Connection) -> None:
    fresh.update({"name": "renamed"})

    assert fresh.name == "renamed"
    assert fresh.refresh().doc["http"]["mediaType"] == "json"


def test_replace_of_a_masked_document_is_refused_here_and_there(client: Client, fresh: Connection) -> None:
    with pytest.raises(DocumentError):
        fresh.replace(fresh.doc)
    with pytest.raises(InvalidRequestError):
        client.api.replace_connection(fresh.id, {k: v for k, v in fresh.doc.items() if k in ("name", "type", "http")})


def test_update_with_secrets_replaces_the_whole(service: Any, fresh: Connection) -> None:
    fresh.update({"externalId": "x-1"}, secrets={"http.auth.token.token": "again"})

    assert fresh.refresh().doc["externalId"] == "x-1"
    assert fresh.doc["http"]["baseURI"] == service.base_uri


def test_replace_erases_what_is_left_out(service: Any, fresh: Connection) -> None:
    fresh.replace({**service.http_doc("whole"), "externalId": "x-1"})
    fresh.replace(service.http_doc("whole"))

    assert "externalId" not in fresh.refresh().doc


def test_deleted_connection_is_gone(service: Any, client: Client) -> None:
    connection = client.connections.create(service.http_doc("short-lived"))

    connection.delete()

    with pytest.raises(NotFoundError):
        connection.refresh()


def test_ping_works_saved_and_virtual(service: Any, client: Client, flights: Connection, fresh: Connection) -> None:
    assert flights.ping()
    assert fresh.ping()
    assert client.connections.ping(service.http_doc("unsaved"))


def test_debug_is_enabled_by_a_patch(fresh: Connection) -> None:
    until = fresh.enable_debug(5)

    stored = pd.Timestamp(fresh.refresh().doc["debugDate"])
    assert abs(stored - pd.Timestamp(until)) < pd.Timedelta(seconds=1)
    assert until > datetime.now(timezone.utc)
    assert list(fresh.debug_log().columns)[:3] == ["time", "request_id", "resource_type"]
    fresh.client.api.clear_debug_log(fresh.id)
    assert len(fresh.debug_log()) == 0


def test_audit_log_tells_what_changed(fresh: Connection) -> None:
    fresh.update({"name": "audited"})

    log = fresh.audit_log()

    assert set(log["resource_id"]) == {fresh.id}
    assert {"create", "update"} <= set(log["event"])
    assert "name" in set(log["field"])
    assert log["time"].notna().all()


def test_dependencies_of_an_unused_connection_are_empty(fresh: Connection) -> None:
    assert fresh.dependencies().shape == (0, 6)


def test_script_keeps_its_code_through_every_change(client: Client) -> None:
    code = "function filter(options) { return true }"
    made = client.scripts.create("Kept", code, description="d")

    made.update(description="another")
    made.enable_debug(5)
    found = client.scripts["Kept"]

    assert (found.content, found.doc["description"]) == (code, "another")
    assert "debugUntil" in found.refresh().doc
    assert len(found.logs()) == len(found.dependencies()) == 0
    assert "content" not in next(iter(client.api.list_scripts()))
    made.delete()
    assert "Kept" not in client.scripts


def test_preview_is_one_call(flights: Connection) -> None:
    calls = len(flights.client.history)

    frame = flights.preview_export({"rdbms": {"query": QUERY}}, rows=7)

    assert list(frame["id"]) == list(range(7))
    assert len(flights.client.history) == calls + 1


def test_walk_of_822_records_takes_165_pages(flights: Connection) -> None:
    calls = len(flights.client.history)

    with pytest.warns(celigo.HintWarning, match="165 pages"):
        frame = celigo.read_export({"rdbms": {"query": QUERY}, "pageSize": 5}, flights, progress=False)

    assert list(frame["id"]) == list(range(822))
    assert frame.attrs["celigo"]["pages"] == 165
    assert len(flights.client.history) == calls + 165
    assert set(flights.client.history["path"][calls:]) == {f"/connections/{flights.id}/export/pages"}
    assert frame["tail"].isna().sum() == 118
    assert frame["delay"].sum() == sum(range(822)) / 4


@pytest.mark.parametrize("size", [1, 400, 821, 822, 823, 1000])
def test_walk_of_any_page_size_gives_each_record_once(flights: Connection, size: int) -> None:
    query = "select id from flights where id < 40 order by id" if size == 1 else "select id from flights order by id"

    frame = celigo.read_export({"rdbms": {"query": query}}, flights, page_size=size, progress=False)

    assert list(frame["id"]) == list(range(40 if size == 1 else 822))


def test_walk_of_nothing_is_an_empty_frame(flights: Connection) -> None:
    query = "select id from flights where id < 0"

    assert len(celigo.read_export({"rdbms": {"query": query}}, flights, progress=False)) == 0


def test_page_state_asks_for_the_same_page_again(flights: Connection, equal_states: None) -> None:
    export = {"rdbms": {"query": QUERY}, "pageSize": 5}
    state = flights.client.api.export_page(flights.id, export)["pagedExportState"]

    first, second = (flights.client.api.export_page(flights.id, export, state) for _ in range(2))

    assert first["data"] == second["data"]
    assert [record["id"] for record in first["data"]] == [5, 6, 7, 8, 9]


def test_altered_page_state_is_refused(flights: Connection, equal_states: None) -> None:
    export = {"rdbms": {"query": QUERY}, "pageSize": 5}
    state = flights.client.api.export_page(flights.id, export)["pagedExportState"]

    with pytest.raises(InvalidRequestError) as caught:
        flights.client.api.export_page(flights.id, export, {**state, "pageIndex": 99})

    assert "invalid_paged_export_state" in caught.value.codes


def test_page_state_with_another_model_is_refused(flights: Connection, equal_states: None) -> None:
    export = {"rdbms": {"query": QUERY}, "pageSize": 5}
    state = flights.client.api.export_page(flights.id, export)["pagedExportState"]

    with pytest.raises(InvalidRequestError):
        flights.client.api.export_page(flights.id, {**export, "pageSize": 6}, state)


def test_export_that_the_server_refuses_is_an_api_error(flights: Connection) -> None:
    with pytest.raises(celigo.CeligoError) as caught:
        celigo.read_export({"rdbms": {"query": "select * from nowhere"}}, flights, progress=False)

    assert "nowhere" in str(caught.value) + str(caught.value.__cause__)


HEARTBEAT = {
    "mapping": {
        "fields": [
            {"extract": "timestamp", "generate": "timestamp"},
            {"generate": "key", "hardCodedValue": "sqs_flow"},
        ]
    },
    "rest": {"relativeURI": ["/system/v1/heartbeat"], "method": ["PUT"]},
}


@pytest.fixture(scope="module")
def desk(service: Any, client: Client) -> Connection:
    rest = {"baseURI": service.base_uri, "mediaType": "json", "authType": "custom"}
    return client.connections.create({"name": "Heartbeats", "type": "rest", "rest": rest})


def test_documented_heartbeats_arrive_and_are_answered_in_order(service: Any, desk: Connection) -> None:
    before = len(service.heartbeats)
    df = pd.DataFrame({"timestamp": [1512012818751 + n for n in range(4)]}, index=["a", "b", "c", "d"])

    result = df.celigo.to_import(HEARTBEAT, desk, progress=False)

    assert service.heartbeats[before:] == [{"timestamp": t, "key": "sqs_flow"} for t in df["timestamp"]]
    assert list(result.frame.index) == ["a", "b", "c", "d"]
    assert list(result.frame["outcome"]) == ["ok"] * 4
    assert list(result.frame["status_code"]) == [200] * 4
    assert set(result.frame["id"]) == {"5a1000000000000000000ab6"}


def test_refused_records_are_told_row_by_row(desk: Connection) -> None:
    import_doc = {**HEARTBEAT, "mapping": {"fields": [{"extract": n, "generate": n} for n in ("timestamp", "key")]}}
    df = pd.DataFrame({"timestamp": [1, 2, 3], "key": ["x", None, "z"]})

    result = df.celigo.to_import(import_doc, desk, progress=False)

    assert list(result.frame["outcome"]) == ["ok", "failed", "ok"]
    assert list(result.failed["timestamp"]) == [2]
    assert "key is required" in result.frame.loc[1, "message"]


def test_mapping_alone_submits_nothing(service: Any, desk: Connection) -> None:
    before = len(service.heartbeats)

    mapped = celigo.map_import(pd.DataFrame({"timestamp": [1, 2]}), HEARTBEAT, desk, progress=False)

    assert mapped.to_dict("records") == [{"timestamp": 1, "key": "sqs_flow"}, {"timestamp": 2, "key": "sqs_flow"}]
    assert len(service.heartbeats) == before


def test_read_only_client_leaves_the_server_as_it_is(service: Any, flights: Connection) -> None:
    reader = celigo.connect(service.token, base_url=service.url, read_only=True, progress=False)
    before = [doc["_id"] for doc in reader.api.list_connections()]
    con = reader.connections[flights.id]

    assert con.ping()
    assert len(celigo.read_export({"rdbms": {"query": QUERY}}, con)) == 822
    for write in (con.delete, lambda: con.update({"name": "x"}), lambda: reader.connections.create({})):
        with pytest.raises(celigo.ConfigError, match="read-only"):
            write()

    assert [doc["_id"] for doc in reader.api.list_connections()] == before
