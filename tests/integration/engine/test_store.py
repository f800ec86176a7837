"""The store: survives a kill at any moment, one engine at a time, useless without its key."""

from __future__ import annotations

import random
import sqlite3
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from support.engine import EngineProcess

from celigo_pandas.engine.storage.vault import new_key

KEY = new_key()
DOC: dict[str, Any] = {
    "name": "Desk",
    "type": "http",
    "http": {"baseURI": "https://a.example", "mediaType": "json",
             "auth": {"type": "token", "token": {"token": "s3cret-of-the-store", "location": "header"}}},
}  # fmt: skip


def test_store_killed_while_writing_keeps_every_answered_change(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    known: dict[str, str] = {}
    random.seed(7)
    for round in range(4):
        with EngineProcess("--store", store, key=KEY) as engine:
            shown = {one["_id"]: one["name"] for one in (engine.call("GET", "/connections").json() if known else [])}
            assert {id: shown.get(id) for id in known} == known
            stop = threading.Event()

            def write(
                number: int, engine: EngineProcess = engine, stop: threading.Event = stop, round: int = round
            ) -> None:
                count = 0
                while not stop.is_set():
                    name = f"{round}-{number}-{count}"
                    try:
                        if count % 2 and known:
                            id = random.choice(list(known))
                            if int(id[-1], 16) % 4 != number:  # one writer a document
                                count += 1
                                continue
                            if engine.call("PUT", f"/connections/{id}", {**DOC, "name": name}).status_code == 200:
                                known[id] = name
                            else:
                                known.pop(id)
                        else:
                            answer = engine.call("POST", "/connections", {**DOC, "name": name})
                            known[answer.json()["_id"]] = name
                    except requests.RequestException:
                        # Unanswered: either of both is right for this document, so it is no longer known.
                        if count % 2:
                            known.pop(id, None)
                        return
                    count += 1

            threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(0.3 + random.random() * 0.5)
            engine.process.kill()
            engine.process.wait()
            stop.set()
            for thread in threads:
                thread.join(20)
    assert len(known) > 20
    for name in ("engine.db", "spool.db"):
        connection = sqlite3.connect(Path(store) / name)
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        connection.close()


def test_store_files_are_for_this_user_only(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with EngineProcess("--store", str(store), key=KEY) as engine:
        engine.connection(DOC)

        assert stat.S_IMODE(store.stat().st_mode) == 0o700
        assert {path.name for path in store.iterdir()} >= {"engine.db", "spool.db"}


def test_store_second_engine_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    with EngineProcess("--store", store, key=KEY), pytest.raises(RuntimeError, match="in use by another engine"):
        EngineProcess("--store", store, key=KEY)
    with EngineProcess("--store", store, key=KEY) as again:
        assert again.call("GET", "/tokenInfo").status_code == 200


def test_store_copied_without_its_key_gives_no_secret(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with EngineProcess("--store", str(store), key=KEY) as engine:
        id = engine.connection(DOC)
        export = {"mockOutput": {"page_of_records": [{"record": {"salary": "confidential-figure"}}]}}
        netsuite = engine.connection(
            {"name": "n", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}
        )
        assert len(engine.records(netsuite, export)) == 1
    content = b"".join(path.read_bytes() for path in store.iterdir())
    assert b"s3cret-of-the-store" not in content
    assert b"confidential-figure" not in content
    with EngineProcess("--store", str(store), key=new_key()) as thief:
        assert thief.call("GET", f"/connections/{id}").json()["http"]["auth"]["token"]["token"] == "******"
        answer = thief.call("GET", f"/connections/{id}/ping")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "wrong_key"
        assert "s3cret" not in answer.text


def test_store_beside_its_key_is_refused(tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    with pytest.raises(RuntimeError, match="would hold its own key"):
        EngineProcess("--store", str(tmp_path), env=env)
    with EngineProcess("--store", str(tmp_path / "data"), env=env) as engine:
        key = tmp_path / "celigo_pandas" / "engine-keys" / "engine.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        # Nor can a connection be pointed at the key or the store.
        for path in (key, tmp_path / "data" / "engine.db"):
            id = engine.sqlite(path)
            assert engine.call("GET", f"/connections/{id}/ping").json()["errors"][0]["code"] == "out_of_reach"
