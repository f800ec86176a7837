"""A TCP proxy that resets a connection on the request that holds a mark: before it arrives, or once it was answered."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

When = Literal["before", "after"]
_RESET = struct.pack("ii", 1, 0)


@dataclass
class CuttingProxy:
    """Passes everything on until :meth:`cut` arms it; each arming cuts once.

    Parameters
    ----------
    port : int
        Where it listens.
    seen : list of bytes
        The requests that it cut.
    is_shut : bool
        Whether it resets every connection.
    """

    port: int
    seen: list[bytes] = field(default_factory=list)
    is_shut: bool = False
    _armed: tuple[bytes, When] | None = None
    _stays: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def cut(self, mark: bytes, when: When, *, for_good: bool = False) -> None:
        """Reset the next connection that sends `mark`; `for_good`, and all that come after it."""
        self._armed, self._stays = (mark, when), for_good

    def take(self, sent: bytes) -> When | None:
        """Say whether what was sent so far is to be cut."""
        with self._lock:
            if self._armed is None or self._armed[0] not in sent:
                return None
            when, self._armed = self._armed[1], None
            self.seen.append(sent)
            self.is_shut = self._stays
            return when


@contextmanager
def cutting_proxy(port: int) -> Iterator[CuttingProxy]:
    """Listen on a port of loopback and pass on to another one."""
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = CuttingProxy(int(listener.getsockname()[1]))
    sockets: list[socket.socket] = [listener]
    threads: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                if proxy.is_shut:
                    _reset(client)
                    continue
                server = socket.create_connection(("127.0.0.1", port))
                sockets.extend([client, server])
                is_cut = threading.Event()
                for work in (_up, _down):
                    thread = threading.Thread(target=work, args=(proxy, client, server, is_cut), daemon=True)
                    threads.append(thread)
                    thread.start()

    threads.append(threading.Thread(target=accept, daemon=True))
    threads[0].start()
    try:
        yield proxy
    finally:
        for sock in sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        for sock in sockets:
            sock.close()


def _up(proxy: CuttingProxy, client: socket.socket, server: socket.socket, is_cut: threading.Event) -> None:
    sent = b""
    with suppress(OSError):
        while piece := client.recv(65536):
            sent = (sent + piece)[-1_000_000:]
            when = proxy.take(sent)
            if when == "before":
                _reset(client)
                break
            if when == "after":
                is_cut.set()
            server.sendall(piece)
        server.shutdown(socket.SHUT_WR)


def _down(proxy: CuttingProxy, client: socket.socket, server: socket.socket, is_cut: threading.Event) -> None:
    with suppress(OSError):
        while piece := server.recv(65536):
            if is_cut.is_set():
                _reset(client)
                return
            client.sendall(piece)
        client.shutdown(socket.SHUT_WR)


def _reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    # Another thread may wait on it: closing alone would not wake it, and would send nothing.
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RD)
    sock.close()
