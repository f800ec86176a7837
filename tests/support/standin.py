"""A small server that behaves as the documentation says, written from its examples alone: it shares no code with the
package, so that client and engine cannot be wrong together.

It keeps every request as it came (``server.requests``), and can be told to misbehave once (``server.next``).
"""

from __future__ import annotations

import copy
import json
import re
import secrets
import socket
import sqlite3
import struct
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

WIRE = {
    case["id"]: case
    for case in map(json.loads, (Path(__file__).parent.parent / "cases" / "wire.jsonl").read_text().splitlines())
}
TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT = "5b1000000000000000000001"
MASK = "******"
_SECRETS = {"password", "bearerToken", "refreshToken", "token", "secret", "clientSecret", "encrypted", "authKey", "key"}


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    connection: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """One answer; `raw` writes bytes to the socket in place of a whole answer and closes it."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    reset: bool = False
    wait: threading.Event | None = None


class StandIn:
    """The server: ``with StandIn() as server: connect(server.token, base_url=server.url)``."""

    def __init__(self, *, token: str = TOKEN, ping_by: tuple[str, ...] = ("GET", "POST"), page: int = 100) -> None:
        self.token = token
        self.ping_by = ping_by
        self.page = page
        self.requests: list[Seen] = []
        self.next: list[Reply | Callable[[Seen], Reply | None]] = []
        self.connections: dict[str, dict[str, Any]] = {}
        self.exports: dict[str, dict[str, Any]] = {}
        self.imports: dict[str, dict[str, Any]] = {}
        self.scripts: dict[str, dict[str, Any]] = {}
        self.script_logs: dict[str, list[dict[str, Any]]] = {}
        self.audit: list[dict[str, Any]] = []
        self.debug: dict[str, str] = {}
        self.dependencies: Any = {}
        self.states: dict[str, tuple[str, int]] = {}
        self.strict_states = True  # a state must come back character for character, not only as equal JSON
        self.heartbeats: list[dict[str, Any]] = []
        self.ping_answer: Reply = Reply(200, {"code": 200})
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.standin = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, name: str, **members: Any) -> str:
        """Store a connection as it is and return its id."""
        return self._store(self.connections, {"name": name, "type": "http", **members})

    def add_export(self, name: str, **members: Any) -> str:
        return self._store(self.exports, {"name": name, **members})

    def add_import(self, name: str, **members: Any) -> str:
        return self._store(self.imports, {"name": name, **members})

    def add_script(self, name: str, content: str, **members: Any) -> str:
        return self._store(self.scripts, {"name": name, "content": content, **members})

    def paths(self) -> list[str]:
        """Method and path of every request, without the API's root."""
        return [f"{seen.method} {seen.path.removeprefix('/v1')}" for seen in self.requests]

    @staticmethod
    def _store(place: dict[str, dict[str, Any]], doc: dict[str, Any]) -> str:
        doc = {"_id": secrets.token_hex(12), "createdAt": "2026-01-01T00:00:00.000Z", **doc}
        place[doc["_id"]] = doc
        return doc["_id"]

    # Routes

    def answer(self, seen: Seen) -> Reply:
        scheme, _, token = seen.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or (token != self.token.encode().decode("latin-1") and token != self.token):
            return _problem(401, "invalid_token", "Bearer Authentication Failed")
        if not seen.path.startswith("/v1/"):
            return _problem(404, "not_found", "Not Found")
        if seen.body and seen.headers.get("content-type") != "application/json":
            return _problem(415, "invalid_media_type", "Expected JSON")
        parts = seen.path.removeprefix("/v1/").split("/")
        body = seen.json if seen.body else None
        if parts == ["tokenInfo"]:
            return Reply(200, {"_userId": ACCOUNT, "scope": "*"})
        if parts[0] in ("connections", "connection"):
            return self._connections(seen, parts[1:], body)
        if parts[0] in ("exports", "imports"):
            return self._saved(seen, getattr(self, parts[0]), parts[1:])
        if parts[0] == "scripts":
            return self._scripts(seen, parts[1:], body)
        return _problem(404, "not_found", "Not Found")

    def _scripts(self, seen: Seen, parts: list[str], body: Any) -> Reply:
        if not parts:
            if seen.method == "POST":
                return Reply(201, self.scripts[self._store(self.scripts, body)])
            listed = [{name: doc[name] for name in doc if name != "content"} for doc in self.scripts.values()]
            return self._listed(seen, listed)
        if parts[0] not in self.scripts:
            return _problem(404, "invalid_ref", "Script not found")
        doc = self.scripts[parts[0]]
        if parts[1:] == ["logs"]:
            return self._script_log(seen, parts[0])
        if parts[1:] == ["dependencies"]:
            return Reply(200, self.dependencies)
        if seen.method == "PUT":
            self.scripts[parts[0]] = {"_id": doc["_id"], "createdAt": doc["createdAt"], **body}
        if seen.method == "PATCH":
            doc |= {operation["path"].strip("/"): operation["value"] for operation in body}
        if seen.method == "DELETE":
            del self.scripts[parts[0]]
        return Reply(204) if seen.method in ("DELETE", "PATCH") else Reply(200, self.scripts[parts[0]])

    def _script_log(self, seen: Seen, id: str) -> Reply:
        entries, skip = self.script_logs.get(id, []), int(seen.query.get("skip", ["0"])[0])
        following = {}
        if skip + self.page < len(entries):
            following = {"nextPageURL": f"/api/scripts/{id}/logs?skip={skip + self.page}"}
        return Reply(200, {"logs": entries[skip : skip + self.page], **following})

    def _saved(self, seen: Seen, place: dict[str, dict[str, Any]], parts: list[str]) -> Reply:
        if not parts:
            return self._listed(seen, list(place.values()))
        if parts[0] in place and len(parts) == 1 and seen.method == "GET":
            return Reply(200, place[parts[0]])
        return _problem(404, "not_found", "Not Found")

    def _connections(self, seen: Seen, parts: list[str], body: Any) -> Reply:
        if not parts:
            if seen.method == "GET":
                return self._listed(seen, [_masked(doc) for doc in self.connections.values()])
            return self._create(body) if seen.method == "POST" else _problem(405, "not_allowed", "Method Not Allowed")
        if parts == ["ping"] and seen.method == "POST":
            return self.ping_answer
        doc = self.connections.get(parts[0])
        if doc is None:
            return _problem(404, "invalid_ref", "Connection not found")
        if len(parts) == 1:
            return self._one(seen, doc, body)
        return self._action(seen, doc, "/".join(parts[1:]), body)

    def _create(self, body: Any) -> Reply:
        problem = _missing(body)
        if problem:
            return problem
        doc = self.connections[self._store(self.connections, body)]
        self._note(doc, "create", [])
        return Reply(201, _masked(doc))

    def _one(self, seen: Seen, doc: dict[str, Any], body: Any) -> Reply:
        if seen.method == "GET":
            return Reply(200, {**_masked(doc), "offline": doc.get("offline", False), "queues": []})
        if seen.method == "PUT":
            problem = _missing(body)
            if problem:
                return problem
            kept = {name: doc[name] for name in ("_id", "createdAt")}
            before = copy.deepcopy(doc)
            doc.clear()
            doc.update(body, **kept)
            self._note(doc, "update", [n for n in {*before, *doc} if before.get(n) != doc.get(n)])
            return Reply(200, _masked(doc))
        if seen.method == "PATCH":
            for operation in body:
                *way, last = operation["path"].strip("/").split("/")
                place = doc
                for key in way:
                    place = place.setdefault(key, {})
                place[last] = operation["value"]
            self._note(doc, "update", [operation["path"].strip("/").replace("/", ".") for operation in body])
            return Reply(204)
        if seen.method == "DELETE":
            del self.connections[doc["_id"]]
            return Reply(204)
        return _problem(405, "not_allowed", "Method Not Allowed")

    def _action(self, seen: Seen, doc: dict[str, Any], tail: str, body: Any) -> Reply:
        if tail == "ping":
            return self.ping_answer if seen.method in self.ping_by else _problem(405, "not_allowed", "Not Allowed")
        if tail == "audit":
            return Reply(200, [record for record in self.audit if record["_resourceId"] == doc["_id"]])
        if tail.startswith("debug"):
            if seen.method == "DELETE":
                self.debug.pop(doc["_id"], None)
                return Reply(204)
            return Reply(200, self.debug.get(doc["_id"], "").encode(), {"Content-Type": "text/plain"})
        if tail == "dependencies":
            return Reply(200, self.dependencies)
        if tail == "oauth2":
            return Reply(200, {"authorizationURL": "https://provider.example/authorize?state=1"})
        if tail == "export":
            return self._export(seen, doc, body, paged=False)
        if tail == "export/pages":
            return self._export(seen, doc, body, paged=True)
        if tail in ("import", "import/map"):
            return self._import(body, submit=tail == "import")
        return _problem(404, "not_found", "Not Found")

    # The documented walk: 822 records at page size 5 in 165 pages, the state signed and one-way

    def _export(self, seen: Seen, doc: dict[str, Any], body: Any, *, paged: bool) -> Reply:
        model = json.dumps(body["export"], sort_keys=True)
        page_size = body["export"].get("pageSize", 20)
        page = 1
        if "pagedExportState" in body:
            known = self.states.get(body["pagedExportState"].get("sig", ""))
            written = _member_text(seen.body, "pagedExportState")
            if not self.strict_states:
                written = json.dumps(body["pagedExportState"])
            if known is None or known[0] != model + written:
                return _problem(422, "invalid_paged_export_state", "The state is not one that was given out")
            page = known[1]
        try:
            records = self._records(doc, body["export"])
        except sqlite3.Error as error:
            return _problem(422, "source_error", str(error), "rdbms.query")
        chosen = records[(page - 1) * page_size : page * page_size]
        answer: dict[str, Any] = {"data": chosen, "dataURIs": [None] * len(chosen)}
        if not paged:
            return Reply(200, answer)
        pages = -(-len(records) // page_size)
        state = {
            "searchId": "WEBSERVICES_589861",
            "pageIndex": page + 1,
            "pageSize": page_size,
            "totalPages": pages,
            "totalRecords": len(records),
            "done": page >= pages,
            "issuedAt": 1512010880 + page,
            "ratio": 1.0,  # a client that decodes and re-encodes may write this otherwise
            "sig": secrets.token_hex(32),
        }
        text = json.dumps(state)  # with blanks after colons and commas: verbatim means these too
        self.states[state["sig"]] = (model + text, page + 1)
        head = json.dumps(answer, separators=(",", ":"))[:-1]
        return Reply(200, f'{head},"pagedExportState":{text}}}'.encode())

    @staticmethod
    def _records(doc: dict[str, Any], export: dict[str, Any]) -> list[dict[str, Any]]:
        if "rdbms" in export:
            with closing(sqlite3.connect(doc["rdbms"]["database"])) as database:
                cursor = database.execute(export["rdbms"]["query"])
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor]
        full, short = WIRE["export-pages-first"]["response"]["data"]
        return [{**(full if n % 2 == 0 else short), "custrecord_usage_diy_hours": n} for n in range(822)]

    def _import(self, body: Any, *, submit: bool) -> Reply:
        model, data = body["import"], body["data"]
        mapped = [_map(record, model) for record in data]
        if not submit:
            return Reply(200, mapped)
        results = []
        for record in mapped:
            if "key" not in record:
                errors = [{"code": "422", "message": "key is required", "source": "application"}]
                results.append({"statusCode": 422, "errors": errors, "_json": record})
                continue
            self.heartbeats.append(record)
            stored = {**WIRE["import-heartbeat"]["response"][0]["_json"], **record}
            results.append({"statusCode": 200, "id": stored["_id"], "_json": stored})
        return Reply(200, results)

    def _listed(self, seen: Seen, documents: list[dict[str, Any]]) -> Reply:
        if not documents:
            return Reply(204)
        skip = int(seen.query.get("skip", ["0"])[0])
        headers = {}
        if skip + self.page < len(documents):
            target = f"{self.url}{seen.path}?skip={skip + self.page}&limit={self.page}"
            headers["Link"] = f'<{target}>; rel="next", <{self.url}{seen.path}?skip=0>; rel="first"'
        return Reply(200, documents[skip : skip + self.page], headers)

    def _note(self, doc: dict[str, Any], event: str, changed: list[str]) -> None:
        doc["lastModified"] = f"2026-01-02T00:00:{len(self.audit) % 60:02d}.000Z"
        self.audit.append(
            {
                "_id": secrets.token_hex(12),
                "resourceType": "connection",
                "_resourceId": doc["_id"],
                "event": event,
                "source": "api",
                "time": doc["lastModified"],
                "byUser": {"_id": ACCOUNT, "email": "a@example.com", "name": "A Customer"},
                "fieldChanges": [
                    {"fieldPath": name, "oldValue": None, "newValue": str(doc.get(name))} for name in changed
                ],
            }
        )


def _map(record: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    fields = model.get("mapping", {}).get("fields")
    if fields is None:
        return record
    mapped = {}
    for rule in fields:
        if "hardCodedValue" in rule:
            mapped[rule["generate"]] = rule["hardCodedValue"]
        elif rule["extract"] in record:
            mapped[rule["generate"]] = record[rule["extract"]]
    return mapped


def _masked(value: Any, key: str = "") -> Any:
    if key in _SECRETS and value and not (key == "token" and isinstance(value, dict)):
        return MASK
    if isinstance(value, dict):
        return {name: _masked(member, name) for name, member in value.items()}
    return [_masked(element) for element in value] if isinstance(value, list) else value


def _missing(body: Any) -> Reply | None:
    for name in ("name", "type"):
        if not body.get(name):
            return _problem(422, "missing_required_field", f"Expected field: {name} to be present.", name)
    if MASK in re.findall(r'"([^"]*)"', json.dumps(body)):
        return _problem(422, "masked_secret", "A mask is no secret")
    return None


def _problem(status: int, code: str, message: str, where: str | None = None) -> Reply:
    problem = {"code": code, "message": message} | ({} if where is None else {"field": where})
    return Reply(status, {"errors": [problem]})


def _member_text(body: bytes, name: str) -> str:
    """Cut the text of a top-level member out of a JSON body, as it was written."""
    text = body.decode()
    start = re.search(rf'"{name}"\s*:\s*', text).end()  # type: ignore[union-attr]
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    standin: StandIn

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        standin = self.server.standin
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        query = parse_qs(parts.query, keep_blank_values=True)
        seen = Seen(self.command, parts.path, query, headers, body, self.client_address)
        standin.requests.append(seen)
        told = standin.next.pop(0) if standin.next else None
        reply = told(seen) if callable(told) else told
        self._reply(reply if reply is not None else standin.answer(seen))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _reply(self, reply: Reply) -> None:
        if reply.wait is not None:
            reply.wait.wait(30)
        if reply.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
            return
        content = b"" if reply.body is None else reply.body
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json; charset=utf-8", **reply.headers}
        if reply.status != 204:
            headers["Content-Length"] = str(len(content))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
