"""One cluster of two processes, and what its workers pull from, for the whole session."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.engine import TOKEN, EngineProcess

import celigo_pandas as celigo

# What a busy machine does late is not lost; nobody looks at profiles.
PATIENCE = {
    "distributed.worker.profile.enabled": False,
    "distributed.comm.timeouts.connect": "600s",
    "distributed.comm.timeouts.tcp": "600s",
    "distributed.scheduler.worker-ttl": None,
}


@pytest.fixture(scope="session")
def cluster_of_two() -> Iterator[Any]:
    import dask
    import distributed

    with pytest.MonkeyPatch.context() as patch, dask.config.set(PATIENCE):
        patch.setenv("CELIGO_API_TOKEN", TOKEN)  # the workers take the environment of this process
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1", silence_logs=False
        )
        with cluster, distributed.Client(cluster) as client:
            yield client


@pytest.fixture
def cluster_client(cluster_of_two: Any) -> Any:
    """The cluster's client, with both workers there: a test before this one may have killed one."""
    cluster_of_two.wait_for_workers(2)
    return cluster_of_two


@pytest.fixture(scope="session")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as process:
        yield process


@pytest.fixture(scope="session")
def flights() -> Iterator[Any]:
    """The connection to all flights of 2013, in an engine of its own."""
    with (
        EngineProcess("--demo", "flights") as process,
        celigo.connect(TOKEN, base_url=process.url, progress=False) as client,
    ):
        yield client.connections["NYC flights"]


@pytest.fixture(scope="session")
def account(engine: EngineProcess) -> Iterator[Any]:
    with celigo.connect(TOKEN, base_url=engine.url, progress=False) as client:
        yield client


@pytest.fixture(scope="session")
def months(engine: EngineProcess, account: Any, tmp_path_factory: Any) -> Any:
    """A connection to a database whose three months differ: see ``MONTHS``."""
    path = tmp_path_factory.mktemp("months") / "months.db"
    with sqlite3.connect(path) as database:
        database.execute("create table orders (month, id, amount, note)")
        database.executemany("insert into orders values (?, ?, ?, ?)", MONTHS)
    database.close()
    return account.connections[engine.sqlite(Path(path))]


MONTHS = [
    ("2024-01", 1, 10, "a"),
    ("2024-01", 2, 20, None),
    ("2024-03", 3, 0.5, "b"),
    ("2024-03", 4, None, 7),
    ("2024-04", 5, "n/a", "c"),
]
