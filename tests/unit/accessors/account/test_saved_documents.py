"""Saved exports and imports, and which document goes through which connection."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Iterator
from typing import Any

import pytest
from support.client import FakeTime, client_of
from support.standin import Reply, Seen, StandIn

from celigo_pandas import builders
from celigo_pandas.accessors import targets
from celigo_pandas.accessors.account.authorizing import authorize
from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.accessors.targets import resolve_export, resolve_import
from celigo_pandas.errors import ApiError, ConfigError, DocumentError, NotFoundError, RequestTimeoutError


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def client(server: StandIn) -> Client:
    return client_of(server, time=FakeTime())


@pytest.fixture
def con(server: StandIn, client: Client) -> Connection:
    return client.connections[server.add("desk")]


def test_saved_export_brings_its_document_and_connection(server: StandIn, client: Client) -> None:
    key = server.add("NYC")
    server.add_export("Monday sales", _connectionId=key, adaptorType="RDBMSExport", rdbms={"query": "select 1"})

    saved = client.exports["Monday sales"]

    assert saved.connection.name == "NYC"
    assert saved.doc["rdbms"] == {"query": "select 1"}
    assert not {"_id", "createdAt"} & set(saved.virtual())
    assert "RDBMSExport" in repr(saved)
    assert list(client.exports.to_frame()["adaptorType"]) == ["RDBMSExport"]


def test_saved_documents_are_looked_up_like_connections(server: StandIn, client: Client) -> None:
    keys = [server.add_import("twin"), server.add_import("twin")]

    with pytest.raises(NotFoundError, match="2 imports are named 'twin'"):
        client.imports["twin"]
    with pytest.raises(NotFoundError, match="Did you mean 'twin'"):
        client.imports["twins"]
    assert client.imports[keys[0]].id == keys[0]
    assert list(client.exports) == []


def test_document_of_a_saved_export_is_a_copy(server: StandIn, client: Client) -> None:
    server.add_export("x", rdbms={"query": "select 1"})
    saved = client.exports["x"]

    saved.doc["rdbms"]["query"] = "drop"
    saved.virtual()["rdbms"]["query"] = "drop"

    assert saved.doc["rdbms"]["query"] == "select 1"


def test_saved_export_without_a_connection_says_so(server: StandIn, client: Client) -> None:
    server.add_export("x")

    with pytest.raises(DocumentError, match="con="):
        _ = client.exports["x"].connection


def test_names_of_saved_documents_are_escaped(server: StandIn, client: Client) -> None:
    server.add_export("<img src=x>", adaptorType="<b>")

    assert "<img" not in client.exports["<img src=x>"]._repr_html_()
    assert "<img" not in client.exports._repr_html_()


def test_export_as_dict_is_what_it_was(con: Connection) -> None:
    export = {"rdbms": {"query": "select 1"}, "unknown": [1]}

    assert resolve_export(export, con) == (con, export)


def test_export_as_builder_is_its_dict(con: Connection) -> None:
    connection, doc = resolve_export(builders.sql_export("select 1"), con)

    assert connection is con
    assert doc["rdbms"]["query"] == "select 1"


def test_saved_export_goes_through_its_own_connection_unless_another_is_given(
    server: StandIn, client: Client, con: Connection
) -> None:
    key = server.add("NYC")
    server.add_export("x", _connectionId=key, rdbms={"query": "select 1"})
    saved = client.exports["x"]

    own, doc = resolve_export(saved, None)

    assert own.id == key
    assert "_id" not in doc
    assert resolve_export(saved, con)[0] is con


def test_import_needs_no_connection(server: StandIn, client: Client) -> None:
    assert resolve_import({"mapping": {}}, None) == (None, {"mapping": {}})


@pytest.mark.parametrize("con", ["NYC flights", 5, {}, Connection])
def test_connection_of_another_type_is_a_config_error(con: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "_open_accounts", {})  # those of other tests know names, too
    with pytest.raises(ConfigError, match="con="):
        resolve_export({"rdbms": {}}, con)


def test_export_without_a_connection_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="con="):
        resolve_export({"rdbms": {}}, None)


@pytest.mark.parametrize("export", [None, "select 1", 5, [], ["a"], dict])
def test_export_of_another_type_is_a_document_error(con: Connection, export: Any) -> None:
    with pytest.raises(DocumentError, match="expected a dict"):
        resolve_export(export, con)


def test_saved_import_in_place_of_an_export_is_a_document_error(server: StandIn, client: Client) -> None:
    server.add_import("x")

    with pytest.raises(DocumentError, match="expected a saved export"):
        resolve_export(client.imports["x"], None)


def _authorized_after(server: StandIn, con: Connection, polls: int) -> None:
    doc = server.connections[con.id]
    doc["needsAuthorization"] = True
    asked = {"times": 0}

    def handle(seen: Seen) -> Reply | None:
        if seen.path.endswith(con.id):
            asked["times"] += 1
            if asked["times"] > polls:
                doc["needsAuthorization"] = False
        return None

    server.next = [handle] * 200


def test_authorize_shows_opens_and_waits(
    server: StandIn, con: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    _authorized_after(server, con, polls=4)
    time = FakeTime()

    authorize(con, sleep=time.sleep, monotonic=time.monotonic)

    assert opened == ["https://provider.example/authorize?state=1"]
    assert "https://provider.example/authorize?state=1" in capsys.readouterr().out
    assert time.slept == [3, 3, 3]
    assert con.doc["needsAuthorization"] is False


def test_authorize_that_nobody_finishes_times_out(server: StandIn, con: Connection) -> None:
    _authorized_after(server, con, polls=10_000)
    time = FakeTime()

    with pytest.raises(RequestTimeoutError, match="180 s"):
        authorize(con, open_browser=False, sleep=time.sleep, monotonic=time.monotonic)

    assert 177 <= sum(time.slept) <= 180


@pytest.mark.parametrize("member", ["authorizationURL", "authorizationUrl", "authorize_url"])
def test_authorize_reads_every_spelling_of_the_link(server: StandIn, con: Connection, member: str) -> None:
    _authorized_after(server, con, polls=1)
    server.next.insert(1, Reply(200, {member: "https://p.example/a"}))

    authorize(con, open_browser=False, sleep=FakeTime().sleep)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "", None, 5, "https://a b"])
def test_authorize_opens_no_other_link(
    server: StandIn, con: Connection, monkeypatch: pytest.MonkeyPatch, url: object
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    server.next = [lambda seen: None, Reply(200, {"authorizationURL": url})]

    with pytest.raises(ApiError, match="no http"):
        authorize(con)

    assert opened == []


def test_authorize_again_waits_for_a_change(server: StandIn, con: Connection) -> None:
    doc = server.connections[con.id]
    doc.update(needsAuthorization=False, lastModified="1")
    threading.Timer(0.1, lambda: doc.update(lastModified="2")).start()

    authorize(con, open_browser=False, every=0.05, timeout=5)

    assert con.doc["lastModified"] == "2"
