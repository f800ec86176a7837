"""The one place of the engine that sends HTTP: sockets through ``reach``, every answer within limits.

It knows nothing of connections and credentials: a finished request goes in, a finished answer comes out. It follows no
redirect, keeps no cookie, reads no proxy or ``.netrc`` from the environment, and hands out no exception that holds a
request (its headers carry credentials).
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

from celigo_pandas.engine.adaptors.http.answer_bodies import TransportFailure, read_body
from celigo_pandas.engine.adaptors.http.origins import shown_origin
from celigo_pandas.engine.safety.reach import Reach, ReachError
from celigo_pandas.wire import causes
from celigo_pandas.wire.heads import header_text
from celigo_pandas.wire.watched_sockets import Exchange, pool_classes

__all__ = ["Answer", "Limits", "Transport", "TransportFailure"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may take.

    Parameters
    ----------
    size_bytes : int
        Of the body, after decompression.
    request_s : float
        Wall time of one request, from connecting to the last byte; a body that drips is cut off too.
    connect_s : float
    redirects : int
    """

    size_bytes: int = 64 * 1024 * 1024
    request_s: float = 120.0
    connect_s: float = 15.0
    redirects: int = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole and decompressed."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes = field(repr=False)
    url: str
    elapsed_s: float = 0.0

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


class Transport:
    """Connection pools of one outer system; safe to use from several threads.

    Parameters
    ----------
    reach : Reach
        Resolves, checks and connects every socket.
    verify : bool
        Whether certificates are checked.
    tls : ssl.SSLContext, optional
        Own authorities or a client certificate.
    """

    def __init__(
        self, reach: Reach, *, verify: bool = True, tls: ssl.SSLContext | None = None, limits: Limits | None = None
    ) -> None:
        self.reach = reach
        self.limits = limits or Limits()
        self._verify = verify
        self._current = Exchange()
        self._session = _Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(pool_classes(self._current, open_socket=reach.open_socket, pools=_POOLS), tls)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def send(
        self,
        request: requests.PreparedRequest,
        *,
        deadline: float,
        cookies: RequestsCookieJar | None = None,
        decoded: bool = True,
    ) -> Answer:
        """Send one request and read its answer to the end.

        Parameters
        ----------
        deadline : float
            ``time.monotonic()`` at which the exchange is cut off, whatever it is doing.
        cookies : RequestsCookieJar, optional
            Takes what the answer sets.
        decoded : bool
            Whether a ``Content-Encoding`` is undone. An object of S3 has one that its writer gave it, and is wanted as
            it was stored.

        Raises
        ------
        TransportFailure
            The request could not be sent, or the answer is late, too large or damaged. It has no cause and no
            context: those would hold the request.
        """
        started = time.monotonic()
        allowed = min(deadline - started, self.limits.request_s)
        place = shown_origin(request.url or "")
        if allowed <= 0:
            raise TransportFailure("The time for this call is over.", code="timeout", sent=False)
        watchdog = _Watchdog(self._current, allowed)
        failure = None
        try:
            with watchdog:
                return self._exchange(request, allowed, cookies, started, decoded)
        except TransportFailure as error:
            failure = TransportFailure(error.message, code=error.code)
        except ReachError as error:
            failure = TransportFailure(str(error), code="out_of_reach", sent=False)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            failure = _explained(error, place)
        # What left cannot be taken back, whatever the exception is called: a TLS connection that ends too early, two
        # lengths, a close. And what did not leave was surely not processed.
        failure.sent = self._current.is_sent
        if watchdog.has_fired:
            failure = TransportFailure(
                f"{place} did not finish its answer in {allowed:.3g} s.", code="timeout", sent=self._current.is_sent
            )
        # Raised here, not in the handler: the caught exception's frames hold the request.
        raise failure

    def _exchange(
        self,
        request: requests.PreparedRequest,
        allowed: float,
        cookies: RequestsCookieJar | None,
        started: float,
        decoded: bool,
    ) -> Answer:
        self._current.is_sent = False
        response = self._session.send(
            request,
            stream=True,
            allow_redirects=False,
            verify=self._verify,
            timeout=(min(allowed, self.limits.connect_s), allowed),
        )
        with response:
            if cookies is not None:
                extract_cookies_to_jar(cookies, response.request, response.raw)  # type: ignore[no-untyped-call]
            body = read_body(response, self.limits.size_bytes, decoded=decoded)
        headers = CaseInsensitiveDict({name: header_text(value) for name, value in response.headers.items()})
        return Answer(response.status_code, headers, body, response.url or "", time.monotonic() - started)

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Name none: who calls follows redirects, and a target that is no URL would raise here."""
        return None


class _Watchdog:
    """Shuts the socket down when the time is over: a read that drips never times out by itself."""

    def __init__(self, current: Exchange, allowed_s: float) -> None:
        self.has_fired = False
        self._done = False
        self._lock = threading.Lock()
        # Thread-local attributes cannot be read from the timer's thread, so their dict is taken here.
        self._place = current.__dict__
        self._timer = threading.Timer(allowed_s, self._fire)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._place["sock"] = None
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._done = True
        self._timer.cancel()
        self._place["sock"] = None

    def _fire(self) -> None:
        with self._lock:
            if self._done:
                return
            self.has_fired = True
            sock = self._place.get("sock")
            if sock is not None:
                try:
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
                except OSError:
                    return


class _Adapter(HTTPAdapter):
    def __init__(self, classes: Mapping[str, type[HTTPConnectionPool]], tls: ssl.SSLContext | None) -> None:
        self._classes = dict(classes)
        self._tls = tls
        super().__init__(pool_connections=4, pool_maxsize=50, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        if self._tls is not None:
            options["ssl_context"] = self._tls
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._classes


class _UnwarnedPool(HTTPSConnectionPool):
    def _validate_conn(self, conn: Any) -> None:
        # urllib3 warns here when certificates are not checked; the document asked for that by name.
        if conn.is_closed:
            conn.connect()


_POOLS = (HTTPConnectionPool, _UnwarnedPool)


def _explained(error: Exception, place: str) -> TransportFailure:
    """Say what happened without the exception's own text where that may hold the URL."""
    if isinstance(error, requests.exceptions.SSLError):
        return TransportFailure(f"The TLS connection to {place} failed: {causes.root(error)}.", code="tls", sent=False)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return TransportFailure(f"{place} did not accept a connection in time.", code="timeout", sent=False)
    if isinstance(error, requests.exceptions.Timeout):
        return TransportFailure(f"{place} did not answer in time.", code="timeout")
    if isinstance(error, requests.exceptions.InvalidHeader):
        # The request's own were checked when it was prepared.
        return TransportFailure(f"{place} answered with headers that contradict each other.", code="bad_answer")
    if isinstance(error, requests.exceptions.InvalidURL):
        return TransportFailure("The rendered URL cannot be sent.", code="bad_request", sent=False)
    cause = causes.root(error)
    refused = isinstance(cause, NewConnectionError) or "NewConnectionError" in type(cause).__name__
    if refused or isinstance(cause, ConnectionRefusedError | socket.gaierror):
        return TransportFailure(f"{place} cannot be reached: {_reason(cause)}.", code="unreachable", sent=False)
    return TransportFailure(f"The exchange with {place} broke off ({type(cause).__name__}).", code="broken")


def _reason(error: BaseException) -> str:
    text = str(error)
    return text.rpartition(": ")[2] if ": " in text else text
