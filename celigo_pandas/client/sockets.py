"""The pooled connections under the transport: what they are told, and what they tell.

What a request does to its socket is kept per thread (:mod:`celigo_pandas.wire.watched_sockets`). So is the caller's
stop: it is looked at between the making of a connection, which may take long, and the first byte. And so is the moment
by which the answer must be whole: a read timeout bounds the wait for each byte, and a server that drips would never end
a call.

HTTP/1.1 tells answers apart by their order alone: a second answer to one request is taken for the answer to the next.
So a connection serves one request, or the requests of one lane, and is closed as soon as bytes come that nobody asked
for: behind an answer, or before a request.
"""

from __future__ import annotations

import io
import threading
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from celigo_pandas.wire.heads import WholeHeadResponse
from celigo_pandas.wire.watched_sockets import Exchange, pool_classes

__all__ = ["PooledAdapter", "SecondAnswer", "Stopped", "TooSlow", "begin_call", "is_doubtful", "was_sent"]


class Stopped(Exception):
    """The caller ended the call before its first byte went out."""


class TooSlow(TimeoutError):
    """The answer came byte by byte and was not whole in time."""


class SecondAnswer(HTTPError):
    """More came than one answer, on a connection that had served another request."""


class _Call(Exchange):
    keep = False
    is_reused = False
    has_surplus = False
    stop: threading.Event | None = None
    whole_by = float("inf")

    def before_first_byte(self) -> None:
        if self.stop is not None and self.stop.is_set():
            raise Stopped


_call = _Call()


def begin_call(keep: bool, stop: threading.Event | None = None, whole_s: float = float("inf")) -> None:
    """Start one request on this thread.

    Without `keep` its connection is closed after the answer; once `stop` is set, nothing of it goes out; after
    `whole_s` seconds no more of its answer is read.
    """
    _call.is_sent = _call.is_reused = _call.has_surplus = False
    _call.keep = keep
    _call.stop = stop
    _call.whole_by = time.monotonic() + whole_s


def was_sent() -> bool:
    """Whether a byte of this thread's current request was handed to a connected socket."""
    return _call.is_sent


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


class _Response(WholeHeadResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bounded = _Bounded(self.fp.detach())
        self.fp = io.BufferedReader(self._bounded)

    def _close_conn(self) -> None:
        """Look, once the answer has ended, whether bytes that came with it are left."""
        self._bounded.has_ended = True
        _call.has_surplus |= bool(self.fp.peek(1))
        super()._close_conn()  # type: ignore[misc]


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
    pass


class _TlsPool(_Keeping, HTTPSConnectionPool):
    pass


_POOLS = pool_classes(_call, response_class=_Response, pools=(_Pool, _TlsPool))


class PooledAdapter(HTTPAdapter):
    """An adapter whose pools, direct or through a proxy, use the connections above."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool manager."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Return the pool manager of one proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not str(proxy).lower().startswith("socks"):  # SOCKS has connection classes of its own
            manager.pool_classes_by_scheme = _POOLS
        return manager
