"""One dynalite for the session, a proxy before it, and an engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.dynamodb_servers import DynamoServer, dynalite
from support.engine import EngineProcess
from support.fault_proxy import FaultProxy, fault_proxy


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamoServer]:
    with dynalite(tmp_path_factory.mktemp("dynalite")) as running:
        yield running


@pytest.fixture
def proxy(server: DynamoServer) -> Iterator[FaultProxy]:
    with fault_proxy(server.url) as running:
        yield running


@pytest.fixture(scope="session")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running
