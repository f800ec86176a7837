"""What passes between the client and a transport: plain values, no library of HTTP.

A transport is one method. Tests pass a :class:`CallableTransport`; the product passes
:class:`~celigo_pandas.client.transport.RequestsTransport`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from celigo_pandas.documents.secret import Secret

__all__ = ["CallableTransport", "Lane", "Repeat", "Request", "Response", "Transport"]

Repeat = Literal["read", "write", "consume"]
"""When a request may be sent again.

``read``
    It changes nothing: resent on 429, 5xx, 408 and connection failures, within the limits of the retry table.
``write``
    It is not idempotent (imports, create, patch): resent only when it surely was not processed.
``consume``
    An export that changes its source: as ``write``.
"""


class Lane:
    """Requests that may follow each other on one connection: those of one walk.

    A late second answer to one of them is taken for the answer to the next, so only a caller that would notice (a page
    state that came before) keeps a connection. It is closed when the lane is no longer held.
    """


@dataclass(frozen=True, slots=True)
class Request:
    """One request below ``/v1``.

    Parameters
    ----------
    method : str
        Upper case.
    path : str
        Begins with ``/``, without ``/v1``; segments already percent-encoded.
    params : tuple of (str, str)
        Query parameters, in order.
    body : bytes, optional
        JSON, already encoded.
    repeat : {"read", "write", "consume"}
        See :data:`Repeat`.
    lane : Lane, optional
        Requests of the same lane use one connection; without it the request has a connection of its own.
    timeout : (float, float), optional
        Connect and read timeout in seconds, in place of the client's.
    stop : threading.Event, optional
        Set by the caller, from any thread, to end the call: its waits end at once and nothing of it is sent from then
        on. A request whose bytes are on their way is not cut off; its answer is waited for.
    secrets : tuple of Secret
        Masked in whatever answers it.
    """

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    repeat: Repeat = "read"
    lane: Lane | None = field(default=None, repr=False, compare=False)
    timeout: tuple[float, float] | None = None
    stop: threading.Event | None = field(default=None, repr=False, compare=False)
    secrets: tuple[Secret, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; ``headers`` has lower-case names, ``attempts`` counts the requests it took."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    attempts: int = 1
    seconds: float = 0.0


class Transport(Protocol):
    """Send one request once and return its answer, whatever its status.

    Raises :class:`~celigo_pandas.errors.TransportError` (``processed`` says what is known) when there is no answer.
    """

    def send(self, request: Request) -> Response:
        """Send `request` once."""

    def close(self) -> None:
        """Release pooled connections."""


class CallableTransport:
    """A function as a transport."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle

    def send(self, request: Request) -> Response:
        """Call the function."""
        return self._handle(request)

    def close(self) -> None:
        """Nothing to release."""
