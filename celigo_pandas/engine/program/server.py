"""uvicorn on one socket: bound before anything else starts, so that the port is known and taken once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from celigo_pandas.engine.api.application import build_application
from celigo_pandas.engine.api.exchange import refused
from celigo_pandas.engine.refusals import Refusal, bare
from celigo_pandas.engine.wiring import Engine
from celigo_pandas.errors import Problem

__all__ = ["HEAD_S", "MOST_CONNECTIONS", "bind", "serve"]

HEAD_S = 10.0
"""Seconds from a connection's first byte, or its beginning, until the head of its request is whole."""

MOST_CONNECTIONS = 300
"""Connections at once; with what sources and databases need, below the 1,024 files that a process usually has."""

_BACKLOG = 100
_QUIET_S = 60.0
_LOG = logging.getLogger("celigo_pandas.engine")


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
        # What is accepted in one go, before any connection can be refused: its files count, too.
        backlog=_BACKLOG,
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
    """HTTP/1.1 whose refusals of what is no HTTP have the API's envelope, too, and that waits for no one for long.

    A connection costs a file, of which a process has few. One that has sent no whole head of a request in time is
    closed, and so is the one that waits for longest where there are too many: first those that never sent one.
    """

    has_asked = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; make room where there are too many connections."""
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        self._await_head()
        if len(self.connections) > MOST_CONNECTIONS:
            waiting: list[_Protocol] = [one for one in self.connections if isinstance(one, _Protocol) and one.is_idle]
            if waiting:
                min(waiting, key=lambda one: (one.has_asked, one.waiting_since)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that has begun has its time from then on."""
        if self.is_idle and self._head_timer is None:
            self._await_head()
        super().data_received(data)
        if not self.is_idle:
            self.has_asked = True
            self._head_is_here()

    def on_response_complete(self) -> None:
        """Note since when the next request is waited for."""
        super().on_response_complete()
        self.waiting_since = self.loop.time()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being read or answered, but for a part of a head."""
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_S, self.transport.abort)

    def _head_is_here(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

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
        asyncio.get_running_loop().set_exception_handler(_Complaints())
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()


class _Complaints:
    """What the event loop cannot give to anybody: one line each, and the same one once a minute.

    The loop tries to accept again every second while the process has no file left, each time with a traceback.
    """

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log a complaint: what asyncio says of it and the kind of the exception, no value."""
        error = context.get("exception")
        text = (
            f"{context.get('message')} ({type(error).__name__})" if error is not None else str(context.get("message"))
        )
        now, known = time.monotonic(), isinstance(error, OSError)
        if now - self._said.get(text, -_QUIET_S) >= _QUIET_S:
            self._said[text] = now
            _LOG.error("%s", text, exc_info=bare(error) if isinstance(error, Exception) and not known else None)
