"""A secret is put in everywhere it may be, then searched everywhere it may not be."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.canary import CANARY, assert_no_canary, assert_no_canary_in_files, leaks
from support.engine import EngineProcess, make_sqlite

from celigo_pandas.engine.storage.vault import new_key


class Echo(BaseHTTPRequestHandler):
    """Answers what it was asked, its headers too: the worst a service can do with its credentials."""

    seen: list[dict[str, Any]] = []  # noqa: RUF012 - one list for the server's life

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = {"path": self.path, "headers": dict(self.headers), "body": self.rfile.read(length).decode()}
        self.seen.append(asked)
        body = json.dumps({"id": 1, "asked": asked}, ensure_ascii=False).encode()
        status = 401 if "refuse" in self.path else 200
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Echo.seen.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def http(url: str, **auth: Any) -> dict[str, Any]:
    auth = auth or {"type": "basic", "basic": {"username": "u", "password": CANARY}}
    return {
        "name": "echo",
        "type": "http",
        "debugDate": "2099-01-01T00:00:00.000Z",
        "http": {
            "baseURI": url,
            "mediaType": "json",
            "auth": auth,
            "encrypted": {"key": CANARY},
            "headers": [{"name": "X-Key", "value": "{{{connection.http.encrypted.key}}}"}],
            "ping": {"relativeURI": "/refuse?k={{connection.http.encrypted.key}}", "method": "GET"},
        },
    }


PEEK = "{{connection.http.auth.basic.password}}{{connection.http.encrypted.key}}{{connection.http.encrypted}}"
SQL_PEEK = "{{connection.rdbms.password}}"


def routes() -> list[tuple[str, dict[str, Any], Any]]:
    """The ways in which a document could read a secret back: path, export or import, records."""
    mapper_1 = {"mapping": {"fields": [{"generate": "leak", "extract": PEEK}]}}
    mappings = [
        {"generate": "leak", "dataType": "string", "extract": PEEK, "status": "Active"},
        {"generate": "b", "dataType": "object", "extract": "$.connection", "status": "Active"},
    ]
    mapper_2 = {"mappings": mappings}
    lookup = {
        "mapping": {"fields": [{"generate": "leak", "extract": "a", "lookupName": "x"}]},
        "lookups": [{"name": "x", "method": "GET", "relativeURI": f"/look?{PEEK}", "extract": "asked"}],
    }
    rules = {"version": "2", "rulesTwoDotZero": {"mode": "create", "mappings": mappings}}
    transform = {"type": "expression", "version": "2", "expression": rules}
    rule = ["equals", ["extract", "connection.http.encrypted.key"], CANARY]
    guess = {"type": "expression", "expression": {"version": "1", "rules": rule}}
    settings = ["contains", ["settings", "connection.http.encrypted.key"], CANARY]
    guess_2 = {"type": "expression", "expression": {"version": "1", "rules": settings}}
    get = {"http": {"method": "GET", "relativeURI": "/anything"}}
    return [
        ("import/map", mapper_1, [{"a": 1}]),
        ("import/map", mapper_2, [{"a": 1}]),
        ("import/map", lookup, [{"a": 1}]),
        ("import/map", {"filter": guess}, [{"a": 1}]),
        ("import/map", {"filter": guess_2}, [{"a": 1}]),
        ("import", {**mapper_1, "http": {"method": ["POST"], "relativeURI": [f"/p?{PEEK}"]}}, [{"a": 1}]),
        ("import", {"http": {"method": ["POST"], "relativeURI": ["/refuse"]}}, [{"a": 1}]),
        ("export", {**get, "transform": transform}, None),
        ("export", {**get, "filter": guess}, None),
        ("export", {**get, "dataURITemplate": f"x{PEEK}"}, None),
        ("export", get, None),
        ("export", {"http": {"method": "GET", "relativeURI": f"/q?{PEEK}"}}, None),
        ("export", {"http": {"method": "GET", "relativeURI": "/refuse"}}, None),
        ("export", {"http": {"method": "GET", "relativeURI": "{{#if}}"}}, None),
        ("export/pages", get, None),
    ]


def test_canary_is_in_no_file_answer_log_record_or_error(tmp_path: Path, echo: str) -> None:
    database = make_sqlite(tmp_path / "t.db", ["create table t(a)"])
    store, answers = tmp_path / "store", []
    with EngineProcess("--store", str(store), key=new_key()) as engine:
        id = engine.connection(http(echo))
        sql = engine.connection(
            {
                "name": "s",
                "type": "rdbms",
                "debugDate": "2099-01-01T00:00:00Z",
                "rdbms": {"type": "sqlite", "database": str(database), "password": CANARY},
            }
        )
        for path, doc, data in routes():
            # A refused call leaves the connection offline; a new document puts it on line.
            assert engine.call("PUT", f"/connections/{id}", http(echo)).status_code == 200
            body = {"export": doc} if data is None else {"import": doc, "data": data}
            answers.append(engine.call("POST", f"/connections/{id}/{path}", body))
        for query in (f"select {SQL_PEEK} as leak", f"select '{{{SQL_PEEK}}}' as leak", f"selec {SQL_PEEK}"):
            answers.append(engine.call("POST", f"/connections/{sql}/export", {"export": {"rdbms": {"query": query}}}))
        literal = f"select '{CANARY}' as leak"  # a secret that its user wrote into a query of his own
        answers.append(engine.call("POST", f"/connections/{sql}/export", {"export": {"rdbms": {"query": literal}}}))
        insert = {"rdbms": {"query": [f"insert into t values ({SQL_PEEK})"]}}
        answers.append(engine.call("POST", f"/connections/{sql}/import", {"import": insert, "data": [{}]}))
        assert engine.records(sql, {"rdbms": {"query": "select a from t"}}) == [{"a": "******"}]
        bad = {**http(echo), "type": "nix"}
        answers += [
            engine.call("GET", f"/connections/{id}/ping"),
            engine.call("POST", "/connections/ping", http(echo)),
            engine.call("POST", "/connections/ping", {**http(echo), "http": {"baseURI": CANARY}}),
            engine.call("POST", "/connections", bad),
            engine.call("PUT", f"/connections/{id}", {**http(echo), "name": ""}),
            engine.call("PUT", f"/connections/{id}", http(echo, type="token", token={"token": CANARY})),
            engine.call("PATCH", f"/connections/{id}", [{"op": "replace", "path": "/http/encrypted", "value": CANARY}]),
            engine.call("POST", "/connections", {**http(echo), "name": "x", "externalId": "one"}),
            engine.call("POST", "/connections", {**http(echo), "name": "x", "externalId": "one"}),
        ]
        debug = engine.call("GET", f"/connections/{id}/debug")
        answers += [
            debug,
            engine.call("GET", f"/connections/{id}/debug/{id}"),
            engine.call("GET", f"/connections/{sql}/debug"),
            engine.call("GET", f"/connections/{id}/audit"),
            engine.call("GET", f"/connections/{id}"),
            engine.call("GET", "/connections"),
            engine.call("GET", f"/connections/{id}/dependencies"),
            engine.call("GET", f"/connection/{id}/oauth2"),
        ]
        for answer in answers:
            assert answer.status_code < 500, answer.text
            assert_no_canary(answer.content, str(answer.headers))
        for name in ("cmdline", "environ", "status"):
            assert_no_canary(Path(f"/proc/{engine.process.pid}/{name}").read_bytes())
        assert_no_canary_in_files(store)
        assert_no_canary(database.read_bytes())
        # The test can fail: the secret was there, went out to its own origin, and the log was written.
        assert any(leaks(str(asked)) for asked in Echo.seen)
        assert debug.text.count("\n") > 20
        assert "******" in debug.text
        assert engine.call("DELETE", f"/connections/{id}/debug").status_code == 204
        assert engine.call("GET", f"/connections/{id}/debug").text == ""
    assert_no_canary_in_files(store)
    assert_no_canary(engine.log())


def test_canary_of_the_engines_own_token_and_key(tmp_path: Path) -> None:
    key, store = new_key(), tmp_path / "store"
    with EngineProcess("--store", str(store), key=key, token="the-token-of-this-engine") as engine:
        answers = [engine.call("GET", path) for path in ("/tokenInfo", "/connections", "/nix")]
        answers.append(engine.session.get(f"{engine.url}/openapi.json"))
        answers.append(engine.session.get(f"{engine.url}/postman.json"))
        for secret in ("the-token-of-this-engine", key):
            assert_no_canary(*(answer.content for answer in answers), secret=secret)
            assert_no_canary_in_files(store, secret=secret)
            assert_no_canary(Path(f"/proc/{engine.process.pid}/cmdline").read_bytes(), secret=secret)
            assert_no_canary(engine.log(), secret=secret)
