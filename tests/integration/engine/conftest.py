"""Database servers and an engine, once a session where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.databases import DatabaseServer, start_mariadb, start_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[DatabaseServer]:
    server = start_postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[DatabaseServer]:
    server = start_mariadb()
    yield server
    server.stop()
