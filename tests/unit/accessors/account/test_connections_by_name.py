"""A connection given by its name: whose it is has to be plain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from weakref import WeakValueDictionary

import pandas as pd
import pytest
from support.client import FakeTime, client_of
from support.standin import StandIn

import celigo_pandas as celigo
from celigo_pandas.accessors import targets
from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.targets import resolve_connection, resolve_export, resolve_import, server_of
from celigo_pandas.errors import ConfigError, NotFoundError

IMPORT = {"http": {"method": ["POST"], "relativeURI": ["/x"]}}


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[StandIn]]:
    monkeypatch.setattr(targets, "_open_accounts", WeakValueDictionary())  # clients of other tests are none of these
    with ExitStack() as stack:
        yield [stack.enter_context(StandIn()) for _ in range(2)]


def client_to(server: StandIn, **options: object) -> Client:
    return client_of(server, time=FakeTime(), **options)


def pulled_from(client: Client) -> pd.DataFrame:
    df = pd.DataFrame({"a": [1]})
    df.attrs["celigo"] = {"server": client.base_url}
    return df


def test_name_is_looked_up_at_the_only_open_client(servers: list[StandIn]) -> None:
    key = servers[0].add("Shop db")
    client = client_to(servers[0])

    for name in ("Shop db", key):
        connection, _ = resolve_export({"rdbms": {"query": "select 1"}}, name)

        assert connection.id == key
        assert connection.client is client


def test_unknown_name_offers_what_is_near(servers: list[StandIn]) -> None:
    servers[0].add("Shop db")
    client = client_to(servers[0])

    with pytest.raises(NotFoundError, match="Did you mean 'Shop db'"):
        pulled_from(client).celigo.to_import(IMPORT, "Shop bd")


def test_without_an_open_client_the_way_to_one_is_told(servers: list[StandIn]) -> None:
    client_to(servers[0]).close()

    with pytest.raises(ConfigError, match=r"con='Shop db' names a connection.*found 0.*celigo\.connect\(\)"):
        resolve_connection("Shop db")


def test_several_clients_are_named(servers: list[StandIn]) -> None:
    clients = [client_to(server) for server in servers]

    with pytest.raises(ConfigError, match=r"found 2: .*client\.connections\['Shop db'\]") as caught:
        resolve_connection("Shop db")

    assert all(client.host in str(caught.value) for client in clients)


def test_many_exports_look_one_name_up_once(servers: list[StandIn]) -> None:
    servers[0].add("Shop db")
    client = client_to(servers[0])
    pulls = celigo.read_exports({name: {"name": name} for name in "abcde"}, "Shop db", max_rows=1, progress=False)

    assert len(pulls) == 5
    assert pulls.pulls["a"].connection.client is client
    listed = [path for path in servers[0].paths() if path.startswith("GET /connections")]
    assert len(listed) == 1


def test_a_saved_export_among_others_keeps_its_own_connection(servers: list[StandIn]) -> None:
    keys = [servers[0].add("Shop db"), servers[0].add("Other db")]
    saved = servers[0].add_export("theirs", _connectionId=keys[1], type="test")
    client = client_to(servers[0])
    exports = {"saved": client.exports[saved], "named": (client.exports[saved], "Shop db"), "plain": {"name": "x"}}
    pulls = celigo.read_exports(exports, "Shop db", max_rows=1, progress=False)

    assert {name: pull.connection.id for name, pull in pulls.pulls.items()} == {
        "saved": keys[1], "named": keys[0], "plain": keys[0],
    }  # fmt: skip


def test_frames_of_one_server_put_together_know_it(servers: list[StandIn]) -> None:
    exports = {}
    for number, server in enumerate(servers):
        server.add("Shop db")
        exports[str(number)] = ({"name": "x"}, client_to(server).connections["Shop db"])
    one = celigo.read_exports([exports["0"], exports["0"]], max_rows=1, progress=False).concat()
    both = celigo.read_exports(exports, max_rows=1, progress=False).concat()

    assert server_of(one) == servers[0].url
    assert "server" not in both.attrs["celigo"]


def test_the_client_of_the_frame_comes_before_others(servers: list[StandIn]) -> None:
    keys = [server.add("Shop db") for server in servers]
    clients = [client_to(server) for server in servers]

    connections = [resolve_import(IMPORT, "Shop db", pulled_from(client))[0] for client in clients]

    assert [connection.id for connection in connections if connection is not None] == keys


def test_the_client_of_a_saved_document_comes_first(servers: list[StandIn]) -> None:
    here, there = [client_to(server) for server in servers]
    servers[0].add("Shop db")
    key = servers[1].add("Shop db")
    servers[1].add_import("Orders", _connectionId=key, adaptorType="HTTPImport")

    connection, _ = resolve_import(there.imports["Orders"], "Shop db", pulled_from(here))

    assert connection is not None
    assert connection.client is there


def test_another_client_of_the_same_account_is_no_question(servers: list[StandIn]) -> None:
    servers[0].add("Shop db")
    _first, second = client_to(servers[0]), client_to(servers[0])

    assert resolve_connection("Shop db").client is second


def test_clients_that_may_and_may_not_write_are_two(servers: list[StandIn]) -> None:
    servers[0].add("Shop db")
    _clients = [client_to(servers[0], read_only=flag) for flag in (True, False)]

    with pytest.raises(ConfigError, match="found 2"):
        resolve_connection("Shop db")


def test_forms_take_names(servers: list[StandIn]) -> None:
    key = servers[0].add("Shop db")
    client = client_to(servers[0])

    assert celigo.ExportForm("Shop db").state.connection.id == key
    assert celigo.MappingEditor(pulled_from(client), IMPORT, "Shop db").state.connection.id == key


def test_frame_without_a_note_has_no_server() -> None:
    df = pd.DataFrame({"a": [1]})

    assert server_of(df) is None
    df.attrs["celigo"] = "mine"
    assert server_of(df) is None
