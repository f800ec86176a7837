"""A server that only says hello, as a member of a replica set that names others; it keeps what it is sent."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import bson
from bson.errors import BSONError

_HEADER = struct.Struct("<iiii")


@dataclass
class Greeter:
    """Where it listens, and the commands that it was sent."""

    port: int
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def greeter(**hello: Any) -> Iterator[Greeter]:
    """Answer every command with `hello`; ``raw=b"…"`` answers with these bytes, ``drip_s`` lets each byte wait."""
    listener = socket.create_server(("127.0.0.1", 0))
    found = Greeter(int(listener.getsockname()[1]))
    raw = hello.pop("raw", None)
    drip_s = hello.pop("drip_s", 0.0)
    over = threading.Event()

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, suppress(OSError, struct.error, BSONError):
                client.settimeout(5)
                while head := client.recv(_HEADER.size):
                    size, request, _, kind = _HEADER.unpack(head)
                    found.asked.append(bson.decode(client.recv(size)[5:]))
                    body = b"\0\0\0\0\0" + bson.encode({"ok": 1.0, "maxWireVersion": 17, **hello})
                    answer = _HEADER.pack(_HEADER.size + len(body), 1, request, kind) + body
                    for byte in answer if drip_s else b"":
                        client.sendall(bytes([byte]))
                        if over.wait(drip_s):
                            return
                    client.sendall((b"" if drip_s else answer) if raw is None else raw)
                    if raw is not None:
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
