"""A server that answers with bytes of the test's choosing and then closes: what no well-behaved library would send."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class RawServer:
    """Where it listens, and the requests that came whole."""

    url: str
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def serve_raw(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Give each connection the next answer, the last one again; it is closed without a TLS goodbye."""
    listener = socket.create_server(("127.0.0.1", 0))
    found = RawServer(f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}")

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                spoken = connection if tls is None else tls.wrap_socket(connection, server_side=True)
                found.requests.append(_request(spoken))
                spoken.sendall(answers[min(len(found.requests), len(answers)) - 1])
                connection.close() if tls is None else socket.socket(fileno=spoken.detach()).close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
