"""A server that keeps a ledger: how often each record was applied, whatever it then answers.

It speaks the import routes over a real socket, and can fail in every way that matters to a push. A record names itself
by ``key``; ``bad`` records are refused, ``skip`` records are ignored.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

CONNECTION = {
    "_id": "5a1000000000000000000001",
    "name": "Ledger",
    "type": "http",
    "http": {"baseURI": "https://x.example"},
}

FAULTS = (
    "rate_limited", "unavailable", "unavailable_after", "reset", "reset_after", "short", "long", "html", "slow",
    "slow_after", "cut_off", "offline_record", "null", "bad_request", "timeout_status", "again", "again_later",
)  # fmt: skip


@dataclass
class Call:
    """One import call: the keys it carried and what the server did with it."""

    number: int
    keys: list[Any]
    path: str
    body: dict[str, Any]
    fault: str | None = None
    connection: int = 0


@dataclass
class Ledger:
    """What the server knows; `fault` decides by call."""

    fault: Callable[[Call], str | None] = lambda call: None
    delay_s: float = 0.0
    slow_s: float = 0.6
    again_s: float = 0.03
    body_limit: int = 10_000_000
    max_records: int | None = None
    applied: Counter[Any] = field(default_factory=Counter)
    calls: list[Call] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    mapped: Callable[[dict[str, Any]], Any] = lambda record: record
    results: Callable[[Call], Any] | None = None

    @property
    def applied_twice(self) -> list[Any]:
        return [key for key, count in self.applied.items() if count > 1]

    def apply(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        results = []
        for record in records:
            if record.get("bad"):
                error = {"code": "422", "message": f"sku '{record['key']}' is required", "source": "application"}
                results.append({"statusCode": 422, "errors": [error], "_json": None})
            elif record.get("skip"):
                results.append({"statusCode": 200, "ignored": True})
            else:
                with self.lock:
                    self.applied[record["key"]] += 1
                results.append({"statusCode": 200, "id": f"id-{record['key']}", "_json": {"key": record["key"]}})
        return results


class _Handler(socketserver.BaseRequestHandler):
    counted = False

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = self.request.makefile("rb")
        try:
            while self._exchange(reader):
                pass
        except (ConnectionError, ValueError, OSError):
            pass
        finally:
            reader.close()

    def _exchange(self, reader: Any) -> bool:
        line = reader.readline()
        if not line.strip():
            return False
        method, path, _ = line.decode().split(" ", 2)
        length = 0
        while (header := reader.readline().strip()) != b"":
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = reader.read(length)
        if len(body) < length:
            return False
        ledger: Ledger = self.server.ledger  # type: ignore[attr-defined]
        with ledger.lock:
            ledger.requests.append((method, path))
        if method == "POST" and path.endswith(("/import", "/import/map")):
            with ledger.lock:
                ledger.in_flight += 1
                ledger.most_in_flight = max(ledger.most_in_flight, ledger.in_flight)
            self.counted = True
            try:
                return self._import(ledger, path, body)
            finally:
                self._no_longer_in_flight()
        if path.startswith("/v1/tokenInfo"):
            return self._answer(200, {"_userId": "5a1000000000000000000099", "scope": "*"})
        if path.rstrip("/").endswith("/connections") or "/connections?" in path:
            return self._answer(200, [CONNECTION])
        if path.endswith(CONNECTION["_id"]):
            return self._answer(200, CONNECTION)
        return self._answer(404, {"errors": [{"code": "not_found", "message": "Not found."}]})

    def _no_longer_in_flight(self) -> None:
        """Before the answer's first byte: with its last one the client may already have sent the next request."""
        if self.counted:
            self.counted = False
            ledger: Ledger = self.server.ledger  # type: ignore[attr-defined]
            with ledger.lock:
                ledger.in_flight -= 1

    def _import(self, ledger: Ledger, path: str, body: bytes) -> bool:
        if ledger.delay_s:
            time.sleep(ledger.delay_s)
        document = json.loads(body)
        records = document["data"]
        with ledger.lock:
            keys = [record.get("key") for record in records]
            call = Call(len(ledger.calls) + 1, keys, path, document, connection=self.client_address[1])
            ledger.calls.append(call)
        if len(body) > ledger.body_limit or (ledger.max_records is not None and len(records) > ledger.max_records):
            call.fault = "too_large"
            return self._answer(413, {"errors": [{"code": "too_large", "message": "The body is too large."}]})
        if path.endswith("/map"):
            return self._answer(200, [ledger.mapped(record) for record in records])
        call.fault = ledger.fault(call)
        if call.fault is not None:
            return self._fail(ledger, call.fault, records)
        results = ledger.apply(records)
        return self._answer(200, results if ledger.results is None else ledger.results(call))

    def _fail(self, ledger: Ledger, fault: str, records: list[dict[str, Any]]) -> bool:
        if fault == "rate_limited":
            return self._answer(
                429, {"errors": [{"code": "rate_limited", "message": "Slow down."}]}, {"Retry-After": "0"}
            )
        if fault in ("unavailable", "unavailable_after"):
            if fault == "unavailable_after":
                ledger.apply(records)
            return self._answer(503, {"errors": [{"code": "unavailable", "message": "Try later."}]})
        if fault == "timeout_status":
            return self._answer(408, {"errors": [{"code": "timeout", "message": "Too slow."}]})
        if fault == "bad_request":
            return self._answer(422, {"errors": [{"code": "invalid", "message": "The model is wrong."}]})
        if fault == "unauthorized":
            return self._answer(401, {"errors": [{"code": "unauthorized", "message": "The token has expired."}]})
        if fault in ("reset", "reset_after"):
            if fault == "reset_after":
                ledger.apply(records)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.close()
            return False
        if fault in ("slow", "slow_after"):
            if fault == "slow_after":
                ledger.apply(records)
            time.sleep(ledger.slow_s)
            if fault == "slow":
                return False  # the client gave up; nothing was applied
            return self._answer(200, [])
        results: list[Any] = ledger.apply(records)
        if fault == "html":
            return self._raw(200, b"<html><body>Gateway</body></html>", "text/html")
        if fault in ("again", "again_later"):
            return self._answer_twice(results, 0 if fault == "again" else ledger.again_s)
        if fault == "short":
            return self._answer(200, results[:-1])
        if fault == "long":
            return self._answer(200, [*results, {"statusCode": 200, "id": "more"}])
        if fault == "null":
            return self._answer(200, None)
        if fault == "cut_off":
            content = json.dumps(results).encode()
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
            self.request.sendall(head + content[: len(content) // 2])
            return False
        assert fault == "offline_record", fault
        middle = len(results) // 2
        key = records[middle]["key"]
        with ledger.lock:  # this one was not applied after all
            ledger.applied[key] -= results[middle].get("id") is not None
        error = {"code": "403", "message": "The connection is offline.", "source": "connection"}
        results[middle] = {"statusCode": 403, "errors": [error]}
        return self._answer(200, results)

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> bool:
        return self._raw(status, json.dumps(body).encode(), "application/json; charset=utf-8", headers)

    def _answer_twice(self, body: Any, after_s: float) -> bool:
        """Answer, and answer once more: at once, or whatever comes meanwhile on this connection."""
        content = json.dumps(body).encode()
        whole = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
        whole += content
        self._no_longer_in_flight()
        self.request.sendall(whole * (1 if after_s else 2))
        if after_s:
            threading.Timer(after_s, self._send_late, [whole]).start()
        return True

    def _send_late(self, content: bytes) -> None:
        with contextlib.suppress(OSError):
            self.request.sendall(content)

    def _raw(self, status: int, content: bytes, kind: str, headers: dict[str, str] | None = None) -> bool:
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._no_longer_in_flight()
        self.request.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        return True


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    block_on_close = False

    def server_activate(self) -> None:
        """Wait for no connection that is gone before it is taken, as a killed process may leave one."""
        super().server_activate()
        self.socket.settimeout(1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of the game."""


@contextmanager
def serving(**options: Any) -> Iterator[Ledger]:
    """Serve a ledger on loopback."""
    ledger = Ledger(**options)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.ledger = ledger  # type: ignore[attr-defined]
        ledger.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield ledger
        finally:
            server.shutdown()
            thread.join()
