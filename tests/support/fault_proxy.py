"""An HTTP proxy that passes requests on as they are, and spoils those that a test chooses.

They are answered by itself, or cut off before or after they arrived."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

__all__ = ["AFTER", "BEFORE", "Canned", "FaultProxy", "Seen", "fault_proxy"]

BEFORE = "before"
"""Cut the connection off; the server never hears of the request."""

AFTER = "after"
"""Let the server carry the request out, then cut the connection off."""


@dataclass(frozen=True)
class Canned:
    """An answer of the proxy's own."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class FaultProxy:
    """Where it listens; ``fault`` says what becomes of a request, ``seen`` holds those that came."""

    url: str
    fault: Callable[[Seen], str | Canned | None] = lambda request: None
    seen: list[Seen] = field(default_factory=list)

    def times(self, method: str, part: str = "") -> int:
        """How many requests of a method came whose target holds `part`."""
        return sum(one.method == method and part in one.target for one in self.seen)


@contextmanager
def fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    """Pass on to `upstream`; the ``Host`` of a request is kept, since it is signed."""
    host, port = urlsplit(upstream).hostname, urlsplit(upstream).port

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def handle_one_request(self) -> None:
            with suppress(ConnectionError, BrokenPipeError):
                super().handle_one_request()

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Seen(self.command, self.path, dict(self.headers.items()), body)
            proxy.seen.append(request)
            fault = proxy.fault(request)
            if isinstance(fault, Canned):
                self.give(fault.status, dict(fault.headers), fault.body)
                return
            if fault == BEFORE:
                self.cut()
                return
            answered = self.ask(body)
            if fault == AFTER:
                self.cut()
            else:
                self.give(*answered)

        def ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            upward = http.client.HTTPConnection(str(host), port, timeout=60)
            try:
                upward.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    upward.putheader(name, value)
                upward.endheaders(body)
                response = upward.getresponse()
                content = response.read()
                return response.status, dict(response.headers.items()), content
            finally:
                upward.close()

        def give(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                    self.send_header(name, value)
            length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        def cut(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def shutdown_request(self, request: Any) -> None:
            # Without a goodbye, so that a cut is one.
            self.close_request(request)

    server = Server(("127.0.0.1", 0), Handler)
    proxy = FaultProxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
