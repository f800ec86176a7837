"""uvicorn on one socket: bound before anything else starts, so that the port is known and taken once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from celigo_pandas.engine.api.application import build_application
from celigo_pandas.engine.api.exchange import refused
from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.engine.wiring import Engine
from celigo_pandas.errors import Problem

__all__ = ["bind", "serve"]


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket; `port` 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is; with it each small answer
    # waits 40 ms for the client's acknowledgement of its headers.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


def serve(
    engine: Engine, sock: socket.socket, *, ready: Callable[[], None], until: Callable[[], object] | None = None
) -> None:
    """Serve until a signal, or until `until` (run on a thread) returns.

    Parameters
    ----------
    ready : callable
        Called once requests are answered.
    """
    config = uvicorn.Config(
        build_application(engine),
        log_level="warning",
        access_log=False,
        server_header=False,
        # The default forwards proxy headers from loopback: they could name another client and scheme.
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
        lifespan="on",
        ws="none",
        http=_Protocol,
    )
    server = _Server(config, ready, own_signals=until is None)
    if until is not None:

        def wait() -> None:
            until()
            server.should_exit = True

        threading.Thread(target=wait, name="lifeline", daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(sockets=[sock]))


class _Protocol(H11Protocol):
    """HTTP/1.1 whose refusals of what is no HTTP have the API's envelope, too."""

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read: without ``Host``, with two of them, with headers without end."""
        answer = refused(Refusal(400, [Problem("invalid_http", msg)]))
        headers = [("content-type", answer.media_type), ("cache-control", "no-store"), ("connection", "close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=answer.content()),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], *, own_signals: bool) -> None:
        super().__init__(config)
        self._ready = ready
        self._own_signals = own_signals

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on termination, when the terminal is closed, and on Ctrl-C unless the engine's life hangs on its stdin.

        uvicorn's own way raises the signal again afterwards: temporary files would stay.
        """
        taken = [signal.SIGTERM, *([signal.SIGINT] if self._own_signals else [])]
        closing = getattr(signal, "SIGHUP", None)  # none on Windows
        if closing is not None and signal.getsignal(closing) is not signal.SIG_IGN:  # ignored: nohup
            taken.append(closing)
        before = {number: signal.signal(number, self.handle_exit) for number in taken}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()
