"""What a connection keeps between calls: pools, a digest challenge, cookies, a pace, a count of open requests.

It lives in ``ConnectionAccess.cache()``, which the engine drops when the document changes. Tokens are not here: they
are stored with the connection, encrypted.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from requests.cookies import RequestsCookieJar

from celigo_pandas.documents.concurrency import default_level, effective_level
from celigo_pandas.engine.adaptors.http.certificates import tls_context
from celigo_pandas.engine.adaptors.http.credentials import Wallet
from celigo_pandas.engine.adaptors.http.legacy import http_connection
from celigo_pandas.engine.adaptors.http.sealing import sealed
from celigo_pandas.engine.adaptors.http.signatures import Digest
from celigo_pandas.engine.adaptors.http.transport import Transport
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure

__all__ = ["ConnectionState", "Gate", "Gates", "state_of"]

_KEY = "http"


class ConnectionState:
    """The run-time state of one version of one connection; ``close`` is called by the engine."""

    def __init__(self, call: Call, doc: Mapping[str, Any]) -> None:
        http = doc["http"]
        # Only a connection that brings certificates has its secrets opened here.
        tls = _own_tls(call) if doc.get("ssl") or http.get("clientCertificates") else None
        self.transport = Transport(call.reach, verify=not http.get("disableStrictSSL"), tls=tls)
        self.wallet = Wallet(Digest(), RequestsCookieJar())
        self.renewing = threading.Lock()
        self.renewals = 0
        self.expires_at: str | None = None
        self._pace = threading.Lock()
        self._next_s = 0.0

    def wait_turn(self, call: Call, pause_s: float) -> None:
        """Keep `pause_s` between the starts of two requests of this connection."""
        if pause_s <= 0:
            return
        with self._pace:
            now = time.monotonic()
            start = max(now, self._next_s)
            self._next_s = start + pause_s
        pause(call, start - now)

    def close(self) -> None:
        """Close idle sockets."""
        self.transport.close()


def pause(call: Call, seconds: float) -> None:
    """Wait, unless the time of the call or its reader ends before.

    Raises
    ------
    SourceFailure
        The wait would outlast the call, or nobody waits for the answer any more.
    """
    if seconds <= 0:
        return
    if time.monotonic() + seconds > call.deadline:
        raise SourceFailure(
            f"The source asks for a pause of {seconds:.3g} s, which is longer than this call may take.",
            code="rate_limited",
        )
    if call.stop.wait(seconds):
        raise SourceFailure("The reader has gone.", code="stopped")


@sealed
def _own_tls(call: Call) -> ssl.SSLContext | None:
    return tls_context(http_connection(call.connection.secrets()))


def state_of(call: Call, doc: Mapping[str, Any]) -> ConnectionState:
    """Return the state of a call's connection; two threads that meet here get the same one."""
    cache = call.connection.cache()
    found = cache.get(_KEY)
    if not isinstance(found, ConnectionState) or found.transport.reach is not call.reach:
        found = cache.setdefault(_KEY, ConnectionState(call, doc)) if found is None else ConnectionState(call, doc)
        cache[_KEY] = found
    return found


class Gate:
    """At most `level` requests at a time."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._open = 0
        self._changed = threading.Condition()

    def resize(self, level: int) -> None:
        """Change the level; open requests are not disturbed."""
        with self._changed:
            self._level = level
            self._changed.notify_all()

    @contextmanager
    def one(self, call: Call) -> Iterator[None]:
        """Hold one place; wait for it as long as the call may take."""
        with self._changed:
            while self._open >= self._level:
                left = call.deadline - time.monotonic()
                if left <= 0 or call.stop.is_set():
                    raise SourceFailure("All places of the connection stayed taken.", code="concurrency")
                self._changed.wait(min(left, 0.5))
            self._open += 1
        try:
            yield
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify()


class Gates:
    """The gates of all connections of one engine, so that one connection can use another's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: dict[str, Gate] = {}

    def gate(self, doc: Mapping[str, Any], connection_id: str) -> Gate:
        """Return the gate of a connection, or of the one it borrows from.

        A lender that was not used yet counts with the default level until it is.
        """
        lender = doc.get("_borrowConcurrencyFromConnectionId")
        with self._lock:
            if isinstance(lender, str) and lender:
                return self._gates.setdefault(lender, Gate(default_level("http")))
            level = effective_level(doc)
            known = self._gates.get(connection_id)
            if known is None or connection_id == "virtual":
                known = self._gates[connection_id] = Gate(level)
        known.resize(level)
        return known
