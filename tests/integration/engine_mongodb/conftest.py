"""A replica set of one, and an engine, once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.engine import EngineProcess
from support.mongod import Mongod, start_mongod
from support.mongodb_bench import Bench

_PARAMETERS = {"enableTestCommands": 1, "clientCursorMonitorFrequencySecs": 1}


@pytest.fixture(scope="session")
def server() -> Iterator[Mongod]:
    running = start_mongod(replica_set="rs0", parameters=_PARAMETERS)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as process:
        yield process


@pytest.fixture
def bench(server: Mongod) -> Iterator[Bench]:
    with Bench(server) as made:
        yield made
