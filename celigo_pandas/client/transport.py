"""The one place of the client that sends.

It sends a request once, to one origin, with the token in the header and nowhere else, and answers with plain values. An
answer that repeats the token gets a mask in its place.
Whatever the library below raises is turned into an error of the tree here, and not chained: requests' exceptions carry
the prepared request, and the frames of their tracebacks hold its headers as locals.
"""

from __future__ import annotations

import socket
import ssl
import time
import weakref
from typing import NoReturn
from urllib.parse import urlencode

import requests
import urllib3.exceptions
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies

from celigo_pandas.client.addresses import BaseUrl
from celigo_pandas.client.bearer_token import bearer_value
from celigo_pandas.client.forks import renew_in_child
from celigo_pandas.client.history import redact_path
from celigo_pandas.client.messages import Lane, Request, Response
from celigo_pandas.client.sockets import (
    PooledAdapter,
    SecondAnswer,
    Stopped,
    TooSlow,
    begin_call,
    is_doubtful,
    was_sent,
)
from celigo_pandas.client.token_mask import TokenMask
from celigo_pandas.documents.environment import setting
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import RequestTimeoutError, TransportError
from celigo_pandas.wire import failure_chain
from celigo_pandas.wire.bodies import Damaged, TooLong, read_body

__all__ = ["RequestsTransport"]

MAX_BODY = 100_000_000
"""Most bytes of an answer, decompressed: twenty times the platform's limit of a page."""

WHOLE_S = 600.0
"""An answer must be whole after so many seconds, or twice the read timeout if that is more."""

_NO_BODY = frozenset({204, 304})
_USER_AGENT = "celigo-pandas (python-requests)"


class _BearerAuth(AuthBase):
    """Sets the header last, so that neither a ``.netrc`` nor a default header can replace it."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["Authorization"] = bearer_value(self._token)  # type: ignore[assignment]
        return r


class RequestsTransport:
    """Send over HTTP with pooled connections.

    Parameters
    ----------
    base_url : BaseUrl or str
        The only origin that is ever contacted.
    token : Secret
        Revealed only while a request is written.
    timeout : (float, float), default (10, 300)
        Connect and read timeout, in seconds.
    max_body : int
        Most bytes of an answer, after decompression.
    whole_s : float, optional
        Seconds after which an answer must be whole; 600, or twice the read timeout if that is more.

    Notes
    -----
    Proxies come from the environment for https hosts; a loopback URL never uses one. Redirects are not followed.
    A connection serves one request, or those of one :class:`~celigo_pandas.client.messages.Lane`: a server that answers
    one request twice would otherwise shift every later answer on it. Answers without a body (204) end it, too. A forked
    child makes connections of its own.
    """

    def __init__(
        self,
        base_url: BaseUrl | str,
        token: Secret,
        *,
        timeout: tuple[float, float] = (10, 300),
        max_body: int = MAX_BODY,
        whole_s: float | None = None,
    ) -> None:
        self.base_url = BaseUrl.parse(base_url) if isinstance(base_url, str) else base_url
        self._root = self.base_url.api_root
        self._timeout = timeout
        self._max_body = max_body
        self._whole_s = whole_s
        self._auth = _BearerAuth(token)
        self._mask = TokenMask(token)
        self.renew()
        renew_in_child(self)
        self._proxies = {} if self.base_url.is_loopback else dict(get_environ_proxies(self._root))
        self._verify = setting("REQUESTS_CA_BUNDLE") or setting("CURL_CA_BUNDLE") or True

    def __repr__(self) -> str:
        return f"<RequestsTransport {self.base_url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A transport holds a token and cannot be pickled. Call celigo.connect() in the other process.")

    def send(self, request: Request) -> Response:
        """Send `request` once.

        Raises
        ------
        TransportError
            No whole answer came back; ``processed`` is ``False`` when no byte of the request was sent.
        RequestTimeoutError
            The server did not answer in time.
        """
        outcome = self._attempt(request)
        if isinstance(outcome, Response):
            return outcome
        try:
            raise outcome
        finally:
            del outcome  # the exception's traceback holds this frame

    def close(self) -> None:
        """Close the pooled connections."""
        for adapter in (self._adapter, *self._lanes.values()):
            adapter.close()

    def renew(self) -> None:
        """Let go of every connection: a forked child must not read from its parent's."""
        self._adapter = PooledAdapter(pool_connections=2, pool_maxsize=32)
        self._lanes: weakref.WeakKeyDictionary[Lane, PooledAdapter] = weakref.WeakKeyDictionary()

    def _adapter_of(self, lane: Lane | None) -> PooledAdapter:
        if lane is None:
            return self._adapter
        adapter = self._lanes.get(lane)
        if adapter is None:
            adapter = self._lanes[lane] = PooledAdapter(pool_connections=2, pool_maxsize=1)
        return adapter

    def _attempt(self, request: Request) -> Response | BaseException:
        """Exchange once; an exception is returned, not raised, so that it carries none of the frames below."""
        begin_call(request.lane is not None, request.stop, self._whole_within(request))
        try:
            return self._exchange(request)
        except Stopped:
            where = f"{request.method} {redact_path(request.path)}"
            return TransportError(f"{where} was stopped before it was sent.", processed=False)
        except TooLong:
            return self._too_long(request)
        except Damaged as error:
            where, host = f"{request.method} {redact_path(request.path)}", self.base_url.netloc
            return TransportError(f"{where}: the answer {error} ({host}).")
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return self._translated(error, request)
        except BaseException as error:
            return _bared(error)

    def _exchange(self, request: Request) -> Response:
        started = time.perf_counter()
        answer = self._adapter_of(request.lane).send(
            self._prepared(request),
            stream=True,
            timeout=request.timeout or self._timeout,
            verify=self._verify,
            proxies=self._proxies,
        )
        try:
            content = b"" if answer.status_code in _NO_BODY else read_body(answer.raw, self._max_body)
        except BaseException:
            answer.close()
            raise
        if answer.status_code in _NO_BODY:
            answer.raw.close()
            answer.close()
        if is_doubtful():
            raise SecondAnswer
        content = self._mask.body(content, records=answer.status_code < 300)
        headers = self._mask.headers(answer.headers.items())
        return Response(answer.status_code, headers, content, seconds=time.perf_counter() - started)

    def _whole_within(self, request: Request) -> float:
        if self._whole_s is not None:
            return self._whole_s
        return max(WHOLE_S, 2 * (request.timeout or self._timeout)[1])

    def _too_long(self, request: Request) -> TransportError:
        error = TransportError(
            f"{request.method} {redact_path(request.path)}: the answer of {self.base_url.netloc} has more than "
            f"{self._max_body:,} bytes; the rest was not read.",
            hint="Ask for less at once: a smaller page_size or batch_size.",
        )
        error.retriable = False  # the same call would get the same answer
        return error

    def _prepared(self, request: Request) -> requests.PreparedRequest:
        # Built by hand: this is the hot path, and Request.prepare() parses the URL anew for each page.
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = self._root + request.path
        if request.params:
            prepared.url += "?" + urlencode(request.params)
        headers: dict[str, str] = {
            "User-Agent": _USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close" if request.lane is None else "keep-alive",
        }
        if request.body is not None:
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(request.body))
        elif request.method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        prepared.headers = CaseInsensitiveDict(headers)
        prepared.body = request.body
        return self._auth(prepared)

    def _translated(self, error: Exception, request: Request) -> TransportError:
        sent = was_sent()
        where = f"{request.method} {redact_path(request.path)}"
        host = self.base_url.netloc
        processed = None if sent else False
        chain = failure_chain.chain(error)
        if any(isinstance(link, TooSlow) for link in chain):
            limit = self._whole_within(request)
            return RequestTimeoutError(
                f"{where}: the answer of {host} was not whole within {limit:g} s; it came in small pieces.",
                hint="Ask for less at once: a smaller page_size or batch_size.",
                timeout_s=limit,
                processed=processed,
            )
        if any(_is_timeout(link) for link in chain):
            limit = (request.timeout or self._timeout)[1 if sent else 0]
            what = "did not answer" if sent else "could not be connected to"
            return RequestTimeoutError(
                f"{where}: {host} {what} within {limit:g} s.",
                hint="Allow more with celigo.connect(timeout=(connect, read))." if sent else _CHECK_HOST,
                timeout_s=limit,
                processed=processed,
            )
        what, hint = _reason(chain, sent)
        return TransportError(f"{where}: {what} ({host}).", hint=hint, processed=processed)


_CHECK_HOST = "Check the base URL, the network, and the proxy settings of the environment."


def _reason(chain: list[BaseException], sent: bool) -> tuple[str, str | None]:
    for kinds, what, hint in _REASONS:
        if any(isinstance(link, kinds) for link in chain):
            return what, hint
    number = next((link.strerror for link in chain if isinstance(link, OSError) and link.strerror), None)
    if sent:
        return "the connection failed before a whole answer came" + (f": {number}" if number else ""), None
    return "the connection could not be made" + (f": {number}" if number else ""), _CHECK_HOST


_REASONS: tuple[tuple[tuple[type[BaseException], ...], str, str | None], ...] = (
    ((urllib3.exceptions.ProxyError,), "the proxy could not be used", "Check HTTPS_PROXY and NO_PROXY."),
    (
        (ssl.SSLCertVerificationError,),
        "the server's certificate is not trusted",
        "Behind an inspecting proxy, set REQUESTS_CA_BUNDLE to its certificate file.",
    ),
    ((ssl.SSLError, urllib3.exceptions.SSLError), "no TLS connection could be made", _CHECK_HOST),
    ((socket.gaierror,), "the host name cannot be resolved", _CHECK_HOST),
    ((ConnectionRefusedError,), "the connection was refused", "Is the server running, and is this its port?"),
    ((SecondAnswer,), "more than one answer came, and it is not known which is that of this request", None),
    ((urllib3.exceptions.IncompleteRead,), "the answer was cut off", None),
    (
        (ConnectionResetError, BrokenPipeError, urllib3.exceptions.ProtocolError),
        "the server closed the connection without a whole answer",
        None,
    ),
)


def _is_timeout(error: BaseException) -> bool:
    # urllib3 derives "connection refused" from its timeout.
    kinds = (urllib3.exceptions.TimeoutError, TimeoutError)
    return isinstance(error, kinds) and not isinstance(error, urllib3.exceptions.NewConnectionError)


def _bared(error: BaseException) -> BaseException:
    """Take from an exception (Ctrl-C, mostly) the frames and links whose locals hold the header."""
    error.__traceback__ = None
    error.__cause__ = None
    error.__context__ = None
    return error
