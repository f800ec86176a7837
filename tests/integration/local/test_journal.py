"""``journal=`` with the local engine: what the same call does after the process, or the engine, has ended midway."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from support.engine import make_sqlite

import celigo_pandas as celigo
from celigo_pandas.client.messages import Request, Response
from celigo_pandas.errors import ExportInterrupted, JournalError

ROWS = 400
EXPORT = {"pageSize": 10, "rdbms": {"query": "select n from t"}}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path


def connected(client: celigo.Client, database: Path) -> Any:
    if "Rows" in client.connections:
        return client.connections["Rows"]
    doc = {"name": "Rows", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(database)}}
    return client.connections.create(doc)


def kill_before_request(number: int, client: celigo.LocalClient) -> None:
    """End the engine, as a crash would, before it gets its page request of that number."""
    transport = client.api.transport
    send, sent = transport.send, [0]

    def counted(request: Request) -> Response:
        sent[0] += request.path.endswith("/export/pages")
        if sent[0] == number:
            os.kill(client._engine._process.pid, signal.SIGKILL)
            client._engine._process.wait()
        return send(request)

    transport.send = counted  # type: ignore[method-assign]


def pulled_until_the_engine_ends(store: Any, database: Path, journal: Path) -> ExportInterrupted:
    with celigo.local(store, demo="none") as client:
        con = connected(client, database)
        client.api.max_retries = 0
        kill_before_request(12, client)
        with pytest.raises(ExportInterrupted) as caught:
            celigo.read_export(EXPORT, con, journal=journal)
    return caught.value


def test_pull_goes_on_after_a_restart_of_an_engine_with_a_lasting_store(tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "t.db", t=[{"n": n} for n in range(ROWS)])
    error = pulled_until_the_engine_ends(tmp_path / "store", database, tmp_path / "j")
    assert len(error.partial) == 110
    assert "the same call goes on" in str(error)

    with celigo.local(tmp_path / "store", demo="none") as client:
        df = celigo.read_export(EXPORT, connected(client, database), journal=tmp_path / "j")

    assert df["n"].tolist() == list(range(ROWS))
    assert df.attrs["celigo"]["complete"] is True


def test_pull_whose_source_has_changed_says_what_to_do_and_that_works(tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "t.db", t=[{"n": n} for n in range(ROWS)])
    pulled_until_the_engine_ends(tmp_path / "store", database, tmp_path / "j")
    with sqlite3.connect(database) as connection:
        connection.execute("delete from t where n = 7")
    connection.close()

    with celigo.local(tmp_path / "store", demo="none") as client:
        con = connected(client, database)
        with pytest.raises(ExportInterrupted) as caught:
            celigo.read_export(EXPORT, con, journal=tmp_path / "j")
        assert "gives another page" in str(caught.value)
        assert "with resume=False it starts over" in str(caught.value)
        assert "asks for the same page again" not in str(caught.value)

        df = celigo.read_export(EXPORT, con, journal=tmp_path / "j", resume=False)

    assert df["n"].tolist() == [n for n in range(ROWS) if n != 7]


def test_pull_of_a_temporary_store_says_that_its_ids_are_new(tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "t.db", t=[{"n": n} for n in range(ROWS)])
    pulled_until_the_engine_ends(None, database, tmp_path / "j")

    with celigo.local(demo="none") as client, pytest.raises(JournalError, match="another connection") as caught:
        celigo.read_export(EXPORT, connected(client, database), journal=tmp_path / "j")

    assert "celigo.local('name') keeps them" in str(caught.value)
