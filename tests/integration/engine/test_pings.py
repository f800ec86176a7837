"""A ping tells a refusal from an answer that says nothing, and from a system that was not even tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.engine import EngineProcess
from support.rest_standin import Answer, Asked, Server, answer_json, serve

import celigo_pandas as celigo


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    def handle(asked: Asked) -> Answer:
        return answer_json({"said": asked.path}, int(asked.path.strip("/")))

    with serve(handle) as running:
        yield running


def document(server: Server, status: int, **ping: Any) -> dict[str, Any]:
    block = {"baseURI": server.url, "mediaType": "json", "ping": {"relativeURI": f"/{status}", **ping}}
    return {"name": f"Answers {status}", "type": "http", "http": block}


def ping(engine: EngineProcess, doc: dict[str, Any], offline: bool = False) -> tuple[dict[str, Any], bool]:
    """Ping a stored connection; return the answer, and whether it is off line afterwards."""
    id = engine.connection(doc)
    if offline:
        engine.call("PATCH", f"/connections/{id}", [{"op": "replace", "path": "/offline", "value": True}])
    answer = engine.call("POST", f"/connections/{id}/ping")
    assert answer.status_code == 200
    return answer.json(), bool(engine.call("GET", f"/connections/{id}").json()["offline"])


@pytest.mark.parametrize("was_offline", [False, True])
@pytest.mark.parametrize("status", [400, 404, 405, 410, 415])
def test_ping_of_an_answer_that_says_nothing_changes_nothing(
    engine: EngineProcess, server: Server, status: int, was_offline: bool
) -> None:
    body, offline = ping(engine, document(server, status), was_offline)

    assert (body["code"], body["checked"]) == (status, False)
    assert "does not tell whether the credentials are good" in body["errors"][0]["message"]
    assert offline is was_offline
    unsaved = engine.call("POST", "/connections/ping", document(server, status)).json()
    assert (unsaved["code"], unsaved["checked"]) == (status, False)


def test_ping_that_is_asked_to_wait_knows_nothing_of_the_credentials(engine: EngineProcess) -> None:
    with serve(lambda _: (429, {"Retry-After": "600"}, b"{}")) as busy:
        body, offline = ping(engine, document(busy, 429))

    assert (body["code"], body["checked"], body["errors"][0]["code"]) == (429, False, "rate_limited")
    assert not offline


@pytest.mark.parametrize("status", [401, 403])
def test_ping_of_a_refusal_takes_the_connection_off_line(engine: EngineProcess, server: Server, status: int) -> None:
    body, offline = ping(engine, document(server, status))

    assert body["code"] == status
    assert "checked" not in body
    assert offline


def test_ping_that_works_puts_the_connection_on_line(engine: EngineProcess, server: Server) -> None:
    assert ping(engine, document(server, 200), offline=True) == ({"code": 200}, False)


def test_ping_whose_answer_tells_of_a_failure_is_one(engine: EngineProcess, server: Server) -> None:
    body, offline = ping(engine, document(server, 200, failPath="said", failValues=["/200"]))

    assert (body["code"], "checked" in body, offline) == (401, False, True)
    body, offline = ping(engine, document(server, 404, failPath="said", failValues=["/404"]))
    assert (body["code"], body["checked"], offline) == (404, True, True)


def test_ping_result_says_what_is_known(engine: EngineProcess, server: Server) -> None:
    client = celigo.connect(engine.token, base_url=engine.url, progress=False)
    found = {status: client.connections.ping(document(server, status)) for status in (200, 401, 404)}

    assert {status: (bool(one), one.checked, one.outcome) for status, one in found.items()} == {
        200: (True, True, "ok"),
        401: (False, True, "failed"),
        404: (False, False, "reached, not checked"),
    }
    client.close()


def test_ping_of_a_system_that_is_not_built_is_not_tried(engine: EngineProcess) -> None:
    doc = {"name": "n", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}

    body, offline = ping(engine, doc)

    assert (body["code"], body["checked"], body["reached"], offline) == (422, False, False, False)
    assert body["errors"][0]["code"] == "adaptor_not_built"


_NEEDS = {
    "psycopg": ("postgres", {"type": "rdbms", "rdbms": {"type": "postgresql"}}),
    "pymysql": ("mysql", {"type": "rdbms", "rdbms": {"type": "mariadb"}}),
    "paramiko": ("files", {"type": "ftp", "ftp": {"type": "sftp"}}),
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine in an environment where the drivers are not installed."""
    folder: Path = tmp_path_factory.mktemp("without")
    for module in _NEEDS:
        (folder / f"{module}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{module}'\")\n")
    with EngineProcess(env={"PYTHONPATH": str(folder)}) as running:
        yield running
        assert "Unforeseen" not in running.log()


@pytest.mark.parametrize("module", list(_NEEDS))
def test_missing_extra_is_named_and_marks_nothing(bare: EngineProcess, module: str) -> None:
    extra, doc = _NEEDS[module]
    kind = str(doc["type"])
    place = {"host": "127.0.0.1", "database": "d", "user": "u", "password": "p"}
    if kind == "ftp":
        place = {"hostURI": "127.0.0.1", "username": "u", "password": "p"}
    stored = {"name": "Needs an extra", **doc, kind: {**doc[kind], **place}}  # type: ignore[dict-item]

    body, offline = ping(bare, stored)
    unsaved = bare.call("POST", "/connections/ping", stored)
    id = bare.connection(stored)
    block = {"rdbms": {"query": "select 1"}} if kind == "rdbms" else {
        "file": {"type": "csv", "skipDelete": True}, "ftp": {"directoryPath": "/"}}  # fmt: skip
    exported = bare.call("POST", f"/connections/{id}/export", {"export": block})
    paged = bare.call("POST", f"/connections/{id}/export/pages", {"export": block})

    for found in (body, unsaved.json()):
        assert (found["code"], found["checked"], found["reached"]) == (422, False, False)
        assert found["errors"][0]["code"] == "missing_extra"
        assert f'pip install "celigo-pandas[{extra}]"' in found["errors"][0]["message"]
    assert not offline
    for answer in (exported, paged):
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "missing_extra")
    assert bare.call("GET", f"/connections/{id}").json()["offline"] is False


@pytest.mark.parametrize(
    "block",
    [
        {"http": {}},
        {"http": {"_httpConnectorId": "5f0000000000000000000001"}},
        {"rest": {}},
        {"rdbms": {}},
        {"rdbms": {"type": "postgresql"}},
        {"rdbms": {"type": "mariadb"}},
        {"rdbms": {"type": "sqlite"}},
        {"ftp": {}},
        {"ftp": {"type": "sftp"}},
    ],
    ids=str,
)
def test_ping_of_a_placeholder_is_an_answer(engine: EngineProcess, block: dict[str, Any]) -> None:
    kind = next(iter(block))
    client = celigo.connect(engine.token, base_url=engine.url, progress=False)
    connection = client.connections.create({"name": "Later", "type": kind, "offline": True, **block})

    result = connection.ping()

    assert not result
    assert result.errors[0].message
    assert connection.refresh().doc["offline"] is True
    assert not client.connections.ping({"name": "Later", "type": kind, "offline": True, **block})
    assert "Unforeseen" not in engine.log()
    client.close()
