"""A TCP proxy that stops passing on what one side sends after so many bytes, and keeps the connection open."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def stalling_proxy(port: int, *, down: int = 1 << 60, up: int = 1 << 60) -> Iterator[int]:
    """Yield the proxy's port; `down` bytes come back from the server and `up` bytes go to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    sockets: list[socket.socket] = [listener]
    threads: list[threading.Thread] = []
    is_over = threading.Event()

    def pump(source: socket.socket, target: socket.socket, left: int) -> None:
        with suppress(OSError):
            while piece := source.recv(min(65536, left)) if left else b"":
                target.sendall(piece)
                left -= len(piece)
            if not left:
                is_over.wait(20)
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
                sockets.extend([client, server])
                for arguments in ((server, client, down), (client, server, up)):
                    thread = threading.Thread(target=pump, args=arguments, daemon=True)
                    threads.append(thread)
                    thread.start()

    threads.append(threading.Thread(target=accept, daemon=True))
    threads[0].start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        is_over.set()
        for sock in sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        for sock in sockets:
            sock.close()
