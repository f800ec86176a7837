"""A server on a real socket whose every answer a test writes: whole, cut off, reset, or never."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from support.pulls import CONNECTION_ID, PageServer

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.pacing import Clock
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.documents.secret import Secret

Answer = tuple[str, bytes]
"""What to do and the bytes to do it with: send, cut (announce twice as much, then close), reset, silent; again (send
twice), again_later (send once more after 5 ms, whatever is asked meanwhile)."""

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class PageSocket:
    """Answers request number n (from 0, over all connections) with ``script(n, body)``."""

    def __init__(self, script: Callable[[int, bytes], Answer]) -> None:
        self._script = script
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.bodies: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):  # wakes the thread that accepts, which a close alone leaves
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while (body := _read_request(connection)) is not None:
                with self._lock:
                    number = len(self.bodies)
                    self.bodies.append(body)
                kind, answer = self._script(number, body)
                try:
                    if not self._answer(connection, kind, answer):
                        return
                except OSError:
                    return

    def _answer(self, connection: socket.socket, kind: str, answer: bytes) -> bool:
        if kind == "silent":
            self._stop.wait(30)
            return False
        connection.sendall(answer * (2 if kind == "again" else 1))
        if kind == "again_later":
            threading.Timer(0.005, _send_late, [connection, answer]).start()
        if kind == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return kind in ("send", "again", "again_later")


def _send_late(connection: socket.socket, answer: bytes) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(answer)


def _read_request(connection: socket.socket) -> bytes | None:
    try:
        return _received(connection)
    except ConnectionError:  # the client has closed it with an answer unread
        return None


def _received(connection: socket.socket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    while found and len(body) < int(found[1]):
        body += connection.recv(65536)
    return body


def sends(body: bytes, status: str = "200 OK", headers: str = "", kind: str = "application/json") -> Answer:
    return "send", _response(body, status, headers, kind, len(body))


def cuts(body: bytes) -> Answer:
    return "cut", _response(body, "200 OK", "", "application/json", 2 * len(body))


def resets(body: bytes) -> Answer:
    return "reset", _response(body, "200 OK", "", "application/json", 2 * len(body))


def _response(body: bytes, status: str, headers: str, kind: str, length: int) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}\r\n".encode() + body


SILENT: Answer = ("silent", b"")


class Stalling:
    """Three pages, then a request that is never answered."""

    def __init__(self) -> None:
        self._pages = PageServer([b'{"n":%d}' % number for number in range(10)], page_size=2)
        self.stalled = threading.Event()
        self.is_over = False

    def __call__(self, number: int, body: bytes) -> Answer:
        if number == 3 and not self.is_over:
            self.stalled.set()
            return SILENT
        return sends(self._pages.body_for(body))


@contextmanager
def serving(script: Callable[[int, bytes], Answer], **options: Any) -> Iterator[tuple[PageSocket, Connection]]:
    """Serve a script and give a connection to it; waits of the client are cut to a hundredth."""
    import time

    timeout = options.pop("timeout", (2, 5))
    server = PageSocket(script)
    clock = Clock(
        sleep=lambda seconds: time.sleep(seconds / 100),
        jitter=lambda: 0.0,
        wait=lambda stop, seconds: stop.wait(seconds / 100),
    )
    api = ApiClient(
        RequestsTransport(server.url, Secret("token"), timeout=timeout), base_url=server.url, clock=clock, **options
    )
    client = Client(api, progress=False)
    try:
        yield server, Connection(client, {"_id": CONNECTION_ID, "name": "test", "type": "rdbms"})
    finally:
        client.close()
        server.close()
