"""The databases as the contract sees them: real servers, and a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from support.database_kinds import Kind
from support.databases import start_mariadb, start_postgres

NAMES = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
]


_COUNT = "with recursive c(n) as (select 1 union all select n + 1 from c where n < 1000000000) select max(n) from c"


@pytest.fixture(scope="module", params=NAMES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kind]:
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("database") / "shop.db"
        with closing(sqlite3.connect(path)) as made:
            made.execute("vacuum")
        doc = {"name": "f", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(path)}}
        yield Kind("sqlite", doc, "SQLITE_CONSTRAINT", "SQLITE_ERROR", _COUNT, has_logins=False)
        return
    is_postgres = request.param == "postgresql"
    server = start_postgres() if is_postgres else start_mariadb()
    taken, missing = ("23505", "42P01") if is_postgres else ("1062", "1146")
    gaps: dict[str, Any] = {} if is_postgres else {"undoes_tables": False}
    slow = "select pg_sleep(60)" if is_postgres else "select sleep(60)"
    kind = Kind(request.param, server.doc, taken, missing, slow, **gaps)
    try:
        yield kind
    finally:
        for value in kind.access.cache().values():
            value.dispose()
        server.stop()
