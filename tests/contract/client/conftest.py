"""The two servers that the client must not be able to tell apart: a stand-in written from the documentation, and the
engine as a child process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.client import client_of
from support.engine import EngineProcess
from support.heartbeat import HeartbeatService
from support.standin import StandIn

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection

ROWS = 822


@dataclass
class Service:
    """A running server, a client of it, and what the contract needs there."""

    name: str
    url: str
    token: str
    client: Client = field(init=False)
    heartbeats: Any = None
    standin: StandIn | None = None
    base_uri: str = "https://x.example"

    def __post_init__(self) -> None:
        self.client = client_of(self)

    def http_doc(self, name: str) -> dict[str, Any]:
        """An http connection whose ping works on either server."""
        auth = {"type": "token", "token": {"token": "hush", "location": "header"}}
        return {
            "name": name,
            "type": "http",
            "http": {"baseURI": self.base_uri, "mediaType": "json", "auth": auth, "ping": {"relativeURI": "/"}},
        }


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contract") / "flights.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table flights (id integer, tail text, delay real)")
        rows = [(n, None if n % 7 == 0 else f"N{n:05d}", n / 4) for n in range(ROWS)]
        connection.executemany("insert into flights values (?, ?, ?)", rows)
    connection.close()
    return path


@pytest.fixture(scope="module", params=["stand-in", "engine"])
def service(request: pytest.FixtureRequest, database: Path) -> Iterator[Service]:
    if request.param == "stand-in":
        with StandIn() as standin:
            yield Service("stand-in", standin.url, standin.token, heartbeats=standin.heartbeats, standin=standin)
        return
    with HeartbeatService() as remote, EngineProcess() as engine:
        yield Service("engine", engine.url, engine.token, heartbeats=remote.stored, base_uri=remote.url)


@pytest.fixture
def equal_states(service: Service) -> Iterator[None]:
    """Let the stand-in take a state that is equal as JSON: these tests speak the low-level client's dicts."""
    if service.standin is not None:
        service.standin.strict_states = False
    yield
    if service.standin is not None:
        service.standin.strict_states = True


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[Client]:
    yield service.client
    service.client.close()


@pytest.fixture(scope="module")
def flights(client: Client, database: Path) -> Connection:
    doc = {"name": "NYC flights", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(database)}}
    return client.connections.create(doc)


@pytest.fixture
def fresh(request: pytest.FixtureRequest, service: Service, client: Client) -> Iterator[Connection]:
    """An http connection of this test alone."""
    connection = client.connections.create(service.http_doc(f"of {request.node.name}"))
    yield connection
    if any(known.id == connection.id for known in client.connections):
        connection.delete()
