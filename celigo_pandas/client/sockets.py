"""The pooled connections under the transport: what they are told, and what they tell.

One fact decides whether a request may be sent again, and urllib3 does not report it: whether any byte of it left this
machine. It is kept per thread here, because a pool hands out a connection and uses it within one call of one thread.
So is the caller's stop: it is looked at between the making of a connection, which may take long, and the first byte.
And so is the moment by which the answer must be whole: a read timeout bounds the wait for each byte, and a server that
drips would never end a call.

HTTP/1.1 tells answers apart by their order alone: a second answer to one request is taken for the answer to the next.
So a connection serves one request, or the requests of one lane, and is closed as soon as bytes come that nobody asked
for: behind an answer, or before a request.
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
from urllib3.exceptions import HTTPError

__all__ = ["PooledAdapter", "SecondAnswer", "Stopped", "TooSlow", "begin_call", "is_doubtful", "was_sent"]


class Stopped(Exception):
    """The caller ended the call before its first byte went out."""


class TooSlow(TimeoutError):
    """The answer came byte by byte and was not whole in time."""


class SecondAnswer(HTTPError):
    """More came than one answer, on a connection that had served another request."""


class _Call(threading.local):
    sent = False
    keep = False
    is_reused = False
    has_surplus = False
    stop: threading.Event | None = None
    whole_by = float("inf")


_call = _Call()


def begin_call(keep: bool, stop: threading.Event | None = None, whole_s: float = float("inf")) -> None:
    """Start one request on this thread.

    Without `keep` its connection is closed after the answer; once `stop` is set, nothing of it goes out; after
    `whole_s` seconds no more of its answer is read.
    """
    _call.sent = _call.is_reused = _call.has_surplus = False
    _call.keep = keep
    _call.stop = stop
    _call.whole_by = time.monotonic() + whole_s


def was_sent() -> bool:
    """Whether a byte of this thread's current request was handed to a connected socket."""
    return _call.sent


def is_doubtful() -> bool:
    """Whether the answer just read may be that of an earlier request: more came than was asked for."""
    return _call.is_reused and _call.has_surplus


class _Bounded(io.RawIOBase):
    """A socket's bytes, until the moment by which the answer must be whole."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        if self.has_ended:
            return 0
        if time.monotonic() > _call.whole_by:
            raise TooSlow
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bounded = _Bounded(self.fp.detach())
        self.fp = io.BufferedReader(self._bounded)

    def _close_conn(self) -> None:
        """Look, once the answer has ended, whether bytes that came with it are left."""
        self._bounded.has_ended = True
        _call.has_surplus |= bool(self.fp.peek(1))
        super()._close_conn()  # type: ignore[misc]


class _Tracking:
    # http.client prints whole requests, the Authorization header included, when somebody sets
    # ``HTTPConnection.debuglevel``; these connections do not look at it.
    debuglevel = 0
    response_class: Any = _Response

    def set_debuglevel(self, level: int) -> None:
        """Do nothing: see ``debuglevel``."""

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open and silent; TLS may have read more than it has given out."""
        pending = getattr(self.sock, "pending", None)  # type: ignore[attr-defined]
        return super().is_connected and not (pending is not None and pending())  # type: ignore[misc]

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


class _Keeping:
    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc] # closes one that is not silent
        _call.is_reused = connection.sock is not None
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None and (not _call.keep or _call.has_surplus):
            conn.close()
        super()._put_conn(conn)  # type: ignore[misc]


class _Pool(_Keeping, HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(_Keeping, HTTPSConnectionPool):
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
