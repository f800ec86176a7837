"""The pooled connections under the transport: what they are told, and what they tell.

Two facts decide whether a request may be sent again, and urllib3 reports neither: whether any byte of it left this
machine, and how long a pooled connection had been idle. Both are kept per thread here, because a pool hands out a
connection and uses it within one call of one thread. So is the caller's stop: it is looked at between the making of a
connection, which may take long, and the first byte. And so is the moment by which the answer must be whole: a read
timeout bounds the wait for each byte, and a server that drips would never end a call.
"""

from __future__ import annotations

import http.client
import io
import threading
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = ["PooledAdapter", "Stopped", "TooSlow", "begin_call", "was_sent"]


class Stopped(Exception):
    """The caller ended the call before its first byte went out."""


class TooSlow(TimeoutError):
    """The answer came byte by byte and was not whole in time."""


class _Call(threading.local):
    sent = False
    max_idle_s: float | None = None
    stop: threading.Event | None = None
    whole_by = float("inf")


_call = _Call()


def begin_call(max_idle_s: float | None, stop: threading.Event | None = None, whole_s: float = float("inf")) -> None:
    """Start one request on this thread.

    `max_idle_s` bounds how long its pooled connection may have been idle; once `stop` is set, nothing of it goes out;
    after `whole_s` seconds no more of its answer is read.
    """
    _call.sent = False
    _call.max_idle_s = max_idle_s
    _call.stop = stop
    _call.whole_by = time.monotonic() + whole_s


def was_sent() -> bool:
    """Whether a byte of this thread's current request was handed to a connected socket."""
    return _call.sent


class _Bounded(io.RawIOBase):
    """A socket's bytes, until the moment by which the answer must be whole."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        if time.monotonic() > _call.whole_by:
            raise TooSlow
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach()))


class _Tracking:
    # http.client prints whole requests, the Authorization header included, when somebody sets
    # ``HTTPConnection.debuglevel``; these connections do not look at it.
    debuglevel = 0
    response_class: Any = _Response
    idle_since = 0.0

    def set_debuglevel(self, level: int) -> None:
        """Do nothing: see ``debuglevel``."""

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        finally:
            _call.sent = False  # a proxy's CONNECT is no part of the request

    def send(self, data: Any) -> Any:
        if self.sock is None and self.auto_open:  # type: ignore[attr-defined]
            self.connect()
        if not _call.sent and _call.stop is not None and _call.stop.is_set():
            raise Stopped
        _call.sent = True
        return super().send(data)  # type: ignore[misc]


class _Connection(_Tracking, HTTPConnection):
    pass


class _TlsConnection(_Tracking, HTTPSConnection):
    pass


class _Idling:
    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        limit = _call.max_idle_s
        if limit is not None and connection.sock is not None and time.monotonic() - connection.idle_since >= limit:
            connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)  # type: ignore[misc]


class _Pool(_Idling, HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(_Idling, HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class PooledAdapter(HTTPAdapter):
    """An adapter whose pools, direct or through a proxy, use the connections above."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool manager."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Return the pool manager of one proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not str(proxy).lower().startswith("socks"):  # SOCKS has connection classes of its own
            manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager
