"""Pooled connections that say what a request did to its socket.

One fact decides whether a request may be sent again, and urllib3 does not report it: whether any byte of it left this
machine. It is kept per thread here, because a pool hands out a connection and uses it within one call of one thread.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from urllib3 import Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from celigo_pandas.wire.heads import WholeHeadResponse

__all__ = ["Exchange", "OpenSocket", "pool_classes"]

OpenSocket = Callable[[str, int, float], socket.socket]
"""Host, port, seconds: how a socket is opened, where not urllib3 is to do it."""

_CONNECT_S = 15.0


class Exchange(threading.local):
    """What the request that this thread is sending has done, and the socket that it uses."""

    is_sent = False
    sock: socket.socket | None = None

    def before_first_byte(self) -> None:
        """Raise, to keep a request from going out on its open connection."""


class _Watched:
    # http.client prints whole requests, the Authorization header included, when somebody sets
    # ``HTTPConnection.debuglevel``; these connections do not look at it.
    debuglevel = 0
    response_class: Any = WholeHeadResponse

    exchange: Exchange

    def set_debuglevel(self, level: int) -> None:
        """Do nothing: see ``debuglevel``."""

    @property
    def is_connected(self: Any) -> bool:
        """Whether the connection is open and silent; TLS may have read more than it has given out."""
        pending = getattr(self.sock, "pending", None)
        return super().is_connected and not (pending is not None and pending())  # type: ignore[misc]

    def connect(self: Any) -> None:
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self.exchange.is_sent = False  # a proxy's CONNECT is no part of the request
        self.exchange.sock = self.sock

    def send(self: Any, data: object) -> Any:
        if self.sock is None and self.auto_open:
            self.connect()
        if not self.exchange.is_sent:
            self.exchange.sock = self.sock
            self.exchange.before_first_byte()
        self.exchange.is_sent = True
        return super().send(data)  # type: ignore[misc]


def pool_classes(
    exchange: Exchange,
    *,
    open_socket: OpenSocket | None = None,
    response_class: type[WholeHeadResponse] = WholeHeadResponse,
    pools: tuple[type[HTTPConnectionPool], type[HTTPSConnectionPool]] = (HTTPConnectionPool, HTTPSConnectionPool),
) -> dict[str, type[HTTPConnectionPool]]:
    """Make urllib3's classes of pools, by scheme.

    Parameters
    ----------
    exchange : Exchange
        Told of each request.
    open_socket : callable, optional
        Opens every socket, in place of urllib3.
    response_class : type
        Reads the answers.
    pools : (type, type)
        What the pools of http and https are made from.
    """
    told = {"exchange": exchange, "response_class": response_class}
    doors = {} if open_socket is None else {"_new_conn": _opened_by(open_socket)}
    plain = type("WatchedConnection", (_Watched, HTTPConnection), {**told, **doors})
    secure = type("WatchedTlsConnection", (_Watched, HTTPSConnection), {**told, **doors})
    return {
        "http": type("WatchedPool", (pools[0],), {"ConnectionCls": plain}),
        "https": type("WatchedTlsPool", (pools[1],), {"ConnectionCls": secure}),
    }


def _opened_by(open_socket: OpenSocket) -> Callable[[Any], socket.socket]:
    def opened(connection: Any) -> socket.socket:
        timeout = Timeout.resolve_default_timeout(connection.timeout)
        try:
            sock = open_socket(connection._dns_host, connection.port, timeout or _CONNECT_S)
        except OSError as error:
            raise NewConnectionError(connection, str(error)) from None
        connection.exchange.sock = sock  # the TLS handshake, which comes next, may hang on it
        return sock

    return opened
