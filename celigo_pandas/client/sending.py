"""One request, as often as it may be sent: the loop around the transport.

Read-only refusal, the account's rate bucket, the retry table, the translation of error answers and the history are
applied here to every request, whichever method of the client it comes from.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import NoReturn

from celigo_pandas.client.addresses import REGIONS
from celigo_pandas.client.caller_secrets import masked
from celigo_pandas.client.error_answers import error_of, retry_after_s
from celigo_pandas.client.history import CallRecord, History, redact_path
from celigo_pandas.client.messages import Request, Response, Transport
from celigo_pandas.client.pacing import Clock, RateBucket
from celigo_pandas.client.read_only import writing_reason
from celigo_pandas.client.retrying import DEADLINE_S, Attempts
from celigo_pandas.errors import CeligoError, ConfigError, TransportError
from celigo_pandas.json_numbers import TooManyDigits

__all__ = ["Inspect", "Sender", "anything", "looks_like_json"]

_log = logging.getLogger("celigo_pandas")

Inspect = Callable[[Response], None]
"""Looks at a 2xx answer and raises :class:`ValueError` if it is damaged: then it counts as a failed connection."""

_SPACE = b" \t\r\n"
_MORE_DIGITS = "sys.set_int_max_str_digits allows more."


def looks_like_json(response: Response) -> None:
    """Check the first and last byte: enough for pages, which are decoded elsewhere, and free."""
    content = response.content
    if not content and response.status == 204:
        return
    first, last = content.lstrip(_SPACE)[:1], content.rstrip(_SPACE)[-1:]
    if (first, last) not in ((b"{", b"}"), (b"[", b"]")):
        raise ValueError("it is not JSON")


def anything(response: Response) -> None:
    """Accept any body."""


class Sender:
    """Send requests with the policy of the client.

    Parameters
    ----------
    transport : Transport
    base_url : str
        For messages, and to tell whether a next page is on the same origin.
    read_only : bool
        Refuse, before the network, whatever could write.
    max_retries : int
        See :mod:`~celigo_pandas.client.retrying`.
    deadline_s : float
        No attempt of a call begins later than this after its start.
    bucket : RateBucket, optional
        Shared by all clients of one account; ``None`` sends without pacing (the local engine).
    clock : Clock
    """

    def __init__(
        self,
        transport: Transport,
        *,
        base_url: str = REGIONS["na"],
        read_only: bool = False,
        max_retries: int = 5,
        deadline_s: float = DEADLINE_S,
        bucket: RateBucket | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.transport = transport
        self.base_url = base_url
        self.read_only = read_only
        self.max_retries = max_retries
        self.deadline_s = deadline_s
        self.bucket = bucket
        self.clock = clock or Clock()
        self.history = History()
        self._stopping = threading.local()

    def send(self, request: Request, *, inspect: Inspect = looks_like_json) -> Response:
        """Send `request`, again where the retry table allows it, and return its 2xx answer.

        Raises
        ------
        ConfigError
            The client is read-only and the request could write.
        ApiError
            The server answered with an error, finally.
        TransportError
            No usable answer came, finally, or ``request.stop`` was set; ``processed`` says what is known.
        """
        self._refuse_writes(request)
        if request.stop is None:
            request = replace(request, stop=getattr(self._stopping, "event", None))
        began, started = datetime.now(timezone.utc), self.clock.monotonic()
        attempts = Attempts(request.repeat, self.max_retries, self.deadline_s)
        outcome: Response | TransportError | None = None
        last: Response | None = None
        delay: float | None = 0.0
        try:
            while delay is not None:
                if not (self._waits(delay, request) and self._waits(self._pace(), request)):
                    outcome = _stopped(request, outcome)
                    break
                attempts.made += 1
                outcome = self._once(request, inspect)
                last = outcome if isinstance(outcome, Response) else None
                delay = self._delay(outcome, attempts, self.clock.monotonic() - started)
        finally:
            seconds = self.clock.monotonic() - started
            self._record(request, last, began, attempts.made, seconds)
        assert outcome is not None
        if isinstance(outcome, CeligoError):
            raise _told(outcome, attempts.made)
        if not 200 <= outcome.status < 300:
            raise error_of(request, outcome, self.base_url)
        return replace(outcome, attempts=attempts.made, seconds=seconds)

    @contextmanager
    def stopping(self, event: threading.Event) -> Iterator[None]:
        """End requests that this thread makes inside the block once `event` is set; see ``Request.stop``."""
        before = getattr(self._stopping, "event", None)
        self._stopping.event = event
        try:
            yield
        finally:
            self._stopping.event = before

    def close(self) -> None:
        """Close the pooled connections."""
        self.transport.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client holds a token and cannot be pickled. Call celigo.connect() in the other process.")

    def _refuse_writes(self, request: Request) -> None:
        if not self.read_only:
            return
        reason = writing_reason(request)
        if reason is not None:
            raise ConfigError(
                f"{request.method} {redact_path(request.path)} was not sent: the client is read-only and {reason}.",
                hint="Connect without read_only=True (and without CELIGO_READ_ONLY) to allow it.",
            )

    def _pace(self) -> float:
        return 0.0 if self.bucket is None else self.bucket.reserve()

    def _waits(self, seconds: float, request: Request) -> bool:
        """Wait, and say whether the request may go out; its caller's stop ends the wait."""
        if request.stop is None:
            if seconds > 0:
                self.clock.sleep(seconds)
            return True
        return not (request.stop.is_set() or (seconds > 0 and self.clock.wait(request.stop, seconds)))

    def _once(self, request: Request, inspect: Inspect) -> Response | TransportError:
        """Send once; an answer that is damaged is a failure of which nothing is known."""
        try:
            response = masked(self.transport.send(request), request.secrets)
        except TransportError as error:
            return error
        if 200 <= response.status < 300:
            problem = _problem(response, inspect)
            if problem is not None:
                return self._damaged(request, response, problem)
        return response

    def _damaged(self, request: Request, response: Response, problem: ValueError) -> TransportError:
        kind = response.headers.get("content-type", "").partition(";")[0].strip() or "no content type"
        is_whole = isinstance(problem, TooManyDigits)
        error = TransportError(
            f"{request.method} {redact_path(request.path)} was answered with {response.status}, but the body cannot be "
            f"used: {problem} ({kind}, {len(response.content):,} bytes).",
            hint=_MORE_DIGITS if is_whole else f"Is {self.base_url} the address of the API?",
            status=response.status,
            processed=True if is_whole else None,
        )
        error.retriable = not is_whole  # the same call would get the same answer
        return error

    def _delay(self, outcome: Response | TransportError, attempts: Attempts, elapsed_s: float) -> float | None:
        jitter = self.clock.jitter()
        if isinstance(outcome, TransportError):
            if not outcome.retriable:
                return None
            return attempts.after_failure(outcome.processed, elapsed_s, jitter)
        wanted = retry_after_s(outcome)
        if outcome.status == 429 and wanted is not None and self.bucket is not None:
            self.bucket.pause(min(wanted, self.deadline_s))
        return attempts.after_status(outcome.status, wanted, elapsed_s, jitter)

    def _record(self, request: Request, last: Response | None, began: datetime, attempts: int, seconds: float) -> None:
        path = redact_path(request.path)
        status = None if last is None else last.status
        size = 0 if last is None else len(last.content)
        self.history.add(CallRecord(began, request.method, path, status, attempts, size, seconds))
        _log.debug("%s %s -> %s, %d attempts, %d bytes, %.3f s", request.method, path, status, attempts, size, seconds)


def _problem(response: Response, inspect: Inspect) -> ValueError | None:
    if inspect is not anything and response.status != 204 and not response.content.strip(_SPACE):
        return ValueError("it is empty")  # a head that was cut off looks like this
    try:
        inspect(response)
    except ValueError as error:
        # JSONDecodeError is one of these; its text quotes nothing of the body.
        return error.with_traceback(None)
    return None


def _stopped(request: Request, earlier: Response | TransportError | None) -> TransportError:
    """Say that the caller has ended the call before its next attempt, and what the last one proves."""
    if isinstance(earlier, TransportError):
        processed = earlier.processed
    else:
        processed = False if earlier is None or earlier.status == 429 else None
    return TransportError(
        f"{request.method} {redact_path(request.path)} was stopped before it was sent{' again' if earlier else ''}.",
        processed=processed,
    )


def _told(error: CeligoError, attempts: int) -> CeligoError:
    if attempts > 1:
        error.message = f"{error.message.rstrip('.')}; {attempts} attempts were made."
        error.args = (error.message,)
    return error
