"""The route table, seen from outside: newman runs the Postman collection, schemathesis attacks the OpenAPI routes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.engine import TOKEN, EngineProcess, make_sqlite
from support.newman import find_newman

from celigo_pandas.engine.api.routes import table

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


@pytest.mark.node
def test_newman_runs_the_postman_collection_green(engine: EngineProcess, tmp_path: Path) -> None:
    newman = find_newman()
    collection, report = tmp_path / "postman.json", tmp_path / "report.json"
    collection.write_bytes(engine.session.get(f"{engine.url}/postman.json").content)

    done = subprocess.run(
        [newman, "run", str(collection), "--env-var", f"token={TOKEN}", "--reporters", "json,cli", "--color", "off",
         "--reporter-json-export", str(report)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-5000:]
    run = json.loads(report.read_text())["run"]
    names = Counter(one["item"]["name"] for one in run["executions"])
    assert run["failures"] == []
    assert names["The documented search: 822 records, 165 pages"] == 165
    passed = [one["assertion"] for execution in run["executions"] for one in execution.get("assertions", [])]
    assert "822 records on 165 pages" in passed
    assert names["MongoDB: what records become"] == 1
    assert "maps each record" in passed
    assert {route.name for route in table() if not route.is_open} <= set(names)


def test_postman_collection_has_a_body_for_every_request_that_takes_one(engine: EngineProcess) -> None:
    collection = engine.session.get(f"{engine.url}/postman.json").json()
    items = {item["name"]: item["request"] for item in collection["item"]}

    for route in table():
        if route.body:
            json.loads(items[route.name]["body"]["raw"])
        if route.method == "POST":
            assert "body" in items[route.name]


def test_openapi_names_every_route_and_nothing_else(engine: EngineProcess) -> None:
    described = engine.session.get(f"{engine.url}/openapi.json").json()

    found = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}

    assert found == {(route.method, route.prefix + route.path) for route in table() if not route.is_open}
    assert {"/v1/connection/{connectionId}/oauth2", "/v1/connections/{connectionId}/oauth2"} <= {
        path for _, path in found
    }


def test_every_documented_route_is_there(engine: EngineProcess) -> None:
    documented = """GET /connections;POST /connections;GET /connections/{id};PUT /connections/{id};
    PATCH /connections/{id};
    DELETE /connections/{id};GET /connections/{id}/ping;POST /connections/{id}/ping;POST /connections/ping;
    GET /connections/{id}/debug;GET /connections/{id}/debug/{id};DELETE /connections/{id}/debug;
    POST /connections/{id}/export;POST /connections/{id}/export/pages;POST /connections/{id}/import;
    POST /connections/{id}/import/map;GET /connections/{id}/audit;GET /connection/{id}/oauth2;
    GET /connections/{id}/oauth2;
    GET /connection/{id}/dependencies;GET /connections/{id}/dependencies;GET /tokenInfo;POST /exports/preview;
    GET /exports;POST /exports;GET /imports;POST /imports;POST /imports/preview;PUT /connections/{id}/metadata;
    PUT /exports/{id}/replaceConnection;PUT /imports/{id}/replaceConnection;POST /exports/{id}/clone;
    POST /imports/{id}/clone;GET /exports/{id}/audit;GET /imports/{id}/audit;GET /exports/{id}/dependencies;
    GET /imports/{id}/dependencies;GET /scripts;POST /scripts;GET /scripts/{id};PUT /scripts/{id};PATCH /scripts/{id};
    DELETE /scripts/{id};GET /scripts/{id}/logs"""
    found = {f"{route.method} {re.sub(r'{[a-zA-Z]+}', '{id}', route.path)}" for route in table()}

    assert {one.strip() for one in documented.split(";")} <= found


def test_schemathesis_finds_no_fault(tmp_path: Path) -> None:
    """All checks but those that the configuration excepts, each with its reason there."""
    (tmp_path / "empty").mkdir()
    with EngineProcess("--allow-host", "nothing.invalid", "--allow-dir", str(tmp_path / "empty")) as engine:
        netsuite = {"name": "n", "type": "netsuite", "netsuite": {"authType": "token-auto", "account": "1"}}
        id = engine.connection(netsuite)
        mock = {"mockOutput": {"page_of_records": [{"record": {"n": 1}}]}}
        database = engine.sqlite(make_sqlite(tmp_path / "empty" / "shop.db", orders=[{"id": 1}]))
        saved = {"name": "e", "_connectionId": id, "adaptorType": "NetSuiteExport", "netsuite": {}, **mock}
        export = engine.call("POST", "/exports", saved).json()["_id"]
        doc = {"name": "i", "_connectionId": id, "adaptorType": "NetSuiteDistributedImport", "netsuite_da": {},
               "mockResponse": [{"statusCode": 200}]}  # fmt: skip
        imported = engine.call("POST", "/imports", doc).json()["_id"]
        script = engine.call("POST", "/scripts", {"name": "s", "content": "// s"}).json()["_id"]
        ids = {"connectionId": id, "exportId": export, "importId": imported, "databaseId": database, "scriptId": script}
        calls = tmp_path / "calls.jsonl"
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "support.schemathesis_hooks",
            "PYTHONPATH": str(HERE.parents[1]),
            "ENGINE_URL": engine.url,
            "ENGINE_TOKEN": TOKEN,
            "ENGINE_IDS": json.dumps(ids),
            "ENGINE_CALLS": str(calls),
        }
        done = subprocess.run(
            [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(HERE / "schemathesis.toml"),
             "run", f"{engine.url}/openapi.json", "--no-color"],
            env=environment, capture_output=True, text=True, timeout=400, check=False, cwd=tmp_path,
        )  # fmt: skip

        assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-3000:]
        assert engine.call("GET", "/tokenInfo").status_code == 200
        assert "ERROR" not in engine.log()
    shares = _shares(calls)
    assert set(shares) == {route.name for route in table() if not route.is_open}
    poor = {name: share for name, share in shares.items() if share < 0.3}
    assert not poor, f"Too few of the calls of these routes got as far as an answer: {poor}"


def _shares(calls: Path) -> dict[str, float]:
    total: Counter[str] = Counter()
    good: Counter[str] = Counter()
    for line in calls.read_text().splitlines():
        call: dict[str, Any] = json.loads(line)
        total[call["route"]] += 1
        good[call["route"]] += 200 <= call["status"] < 300
        assert call["status"] < 500, call
    return {name: good[name] / count for name, count in total.items()}
