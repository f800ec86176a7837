"""One request of a connection, from its document to an answer that is neither a redirect, nor a limit, nor a refusal.

Renders and signs (see ``drafts`` and ``credentials``), waits for a place and the pace, follows redirects through
``reach``, repeats once after a refreshed token, waits where the source asks to. Facts: integrator-api.md, section 3.4.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from requests.models import PreparedRequest

from celigo_pandas.engine.adaptors.http import renewal
from celigo_pandas.engine.adaptors.http.credentials import auth_type, credential_headers, prepare
from celigo_pandas.engine.adaptors.http.drafts import Draft, Spec, draft_request
from celigo_pandas.engine.adaptors.http.legacy import http_connection
from celigo_pandas.engine.adaptors.http.media import decode_any
from celigo_pandas.engine.adaptors.http.origins import shown_origin
from celigo_pandas.engine.adaptors.http.sealing import sealed
from celigo_pandas.engine.adaptors.http.shapes import CONNECTION, check_shapes
from celigo_pandas.engine.adaptors.http.state import ConnectionState, Gates, pause, state_of
from celigo_pandas.engine.adaptors.http.transport import Answer, TransportFailure
from celigo_pandas.engine.adaptors.http.values import verdict
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.masking import Redactor
from celigo_pandas.engine.reach import ReachError
from celigo_pandas.errors import CeligoError, MissingExtraError, TemplateError
from celigo_pandas.resources.secret import MASK

__all__ = ["Received", "Sender"]

_MOST_LIMITED = 10
_SHOWN_BODY = 20_000

_CREDENTIAL_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-wsse", "authentication-info"}
)


class Received:
    """An answer, and whether the connection's own origin gave it."""

    __slots__ = ("answer", "asked", "is_own")

    def __init__(self, answer: Answer, is_own: bool, asked: tuple[str, str, bytes | None]) -> None:
        self.answer = answer
        self.is_own = is_own
        self.asked = asked

    def body(self, media: str) -> Any:
        """Return the parsed body, whatever it is; never raises."""
        return decode_any(self.answer.body, media, self.answer.headers.get("Content-Type", ""))


class Sender:
    """Sends the requests of one call.

    Parameters
    ----------
    call : Call
    gates : Gates
        Shared by all calls of the engine.
    """

    def __init__(self, call: Call, gates: Gates) -> None:
        self.call = call
        self.doc = http_connection(call.connection.masked)
        self.http: Mapping[str, Any] = self.doc["http"]
        check_shapes(self.http, CONNECTION)
        self.state: ConnectionState = state_of(call, self.doc)
        self._gate = gates.gate(self.doc, self.http, call.connection.id)
        self._hidden = _CREDENTIAL_HEADERS | credential_headers(self.http)

    @property
    def media(self) -> str:
        """The connection's media type of requests."""
        return str(self.http.get("mediaType") or "json")

    @property
    def accept(self) -> str:
        """The connection's media type of answers: a form is answered with JSON unless the document says otherwise."""
        named = self.http.get("successMediaType")
        return str(named) if named else self.media if self.media in ("xml", "csv", "plaintext") else "json"

    def send(self, spec: Spec) -> Received:
        """Send one request and return its answer, of whatever status is left.

        Raises
        ------
        SourceFailure
            The request cannot be built or sent, the limit lasts, or the credentials are refused (``offline``).
        """
        renewed = self._renew_early()
        limited = 0
        while True:
            used = self.state.renewals
            received = self._round(spec)
            if received.is_own and self._is_limited(received):
                limited += 1
                if limited > _MOST_LIMITED:
                    raise SourceFailure(f"The source limited the rate {limited} times in a row.", code="rate_limited")
                pause(self.call, self._limit_pause(received.answer, limited))
            elif received.is_own and self._is_refused(received):
                if renewed or not self._renew(used):
                    raise self._refusal(received)
                renewed = True
            else:
                return received

    def _round(self, spec: Spec) -> Received:
        """Send, follow redirects, answer a digest challenge."""
        challenged = False
        for _ in range(self.state.transport.limits.redirects + 2):
            received = self._exchange(spec)
            answer = received.answer
            if answer.status == 401 and received.is_own and auth_type(self.http) == "digest" and not challenged:
                challenged = True
                if self.state.wallet.digest.take(answer.headers.get("WWW-Authenticate", "")):
                    continue
            location = answer.headers.get("Location")
            if not location or not _is_followed(spec.method, answer.status):
                return received
            spec = self._redirected(spec, answer, location)
        raise SourceFailure(
            f"More than {self.state.transport.limits.redirects} redirects; stopped at {shown_origin(answer.url)}.",
            code="too_many_redirects",
        )

    def _redirected(self, spec: Spec, answer: Answer, location: str) -> Spec:
        url = urljoin(answer.url, location)
        try:
            self.call.reach.check_url(url)
        except ValueError as error:
            failure = str(error)
        else:
            keeps = answer.status in (307, 308) or spec.method.upper() in ("GET", "HEAD")
            return replace(spec, url=url) if keeps else replace(spec, url=url, method="GET", body=None, content=None)
        raise SourceFailure(f"The source redirects to a place that is refused: {failure}", code="out_of_reach")

    @sealed
    def _exchange(self, spec: Spec) -> Received:
        """Render, sign and send once. The real connection lives in this frame only."""
        real = http_connection(self.call.connection.secrets())
        redactor = Redactor(real)
        try:
            draft = draft_request(spec, real)
            self.call.reach.check_url(draft.url)
            shown = draft.url
            prepared = prepare(draft, real, self.state.wallet, self.call.now())
        except SourceFailure as error:
            raise SourceFailure(
                redactor.text(error.message), code=error.code, offline=error.offline, field=error.field
            ) from None
        except MissingExtraError:
            raise
        except CeligoError as error:
            raise TemplateError(redactor.text(error.message)) from None
        except ReachError as error:
            raise SourceFailure(redactor.text(str(error)), code="out_of_reach") from None
        except ValueError as error:
            # requests says so of a URL or a header that it cannot send; its text holds them.
            raise SourceFailure(
                f"The rendered request cannot be sent ({type(error).__name__}).", code="bad_request"
            ) from None
        cookies = self.state.wallet.cookies if draft.is_own and auth_type(self.http) == "cookie" else None
        with self._gate.one(self.call):
            self.state.wait_turn(self.call, self._pace_s())
            self._log_request(draft, prepared, shown, redactor)
            try:
                answer = self.state.transport.send(prepared, deadline=self.call.deadline, cookies=cookies)
            except TransportFailure as error:
                self.call.debug("response", {"error": redactor.text(error.message), "code": error.code})
                note = "" if draft.is_own else f" {other_origin(draft.url)}"
                raise TransportFailure(redactor.text(error.message) + note, code=error.code) from None
        self._log_response(answer, redactor)
        # For comparing requests: without what the credentials added.
        return Received(answer, draft.is_own, (draft.method, shown, draft.body))

    def _log_request(self, draft: Draft, prepared: PreparedRequest, shown: str, redactor: Redactor) -> None:
        body = draft.body or b""
        self.call.debug(
            "request",
            {
                "url": redactor.text(shown),
                "method": draft.method,
                "headers": self._shown_headers(prepared.headers, redactor),
                "body": redactor.text(body[:_SHOWN_BODY].decode("utf-8", "replace")),
            },
        )

    def _log_response(self, answer: Answer, redactor: Redactor) -> None:
        self.call.debug(
            "response",
            {
                "statusCode": answer.status,
                "headers": self._shown_headers(answer.headers, redactor),
                "body": redactor.text(answer.body[:_SHOWN_BODY].decode("utf-8", "replace")),
                "elapsedMs": round(answer.elapsed_s * 1000),
            },
        )

    def _shown_headers(self, headers: Mapping[str, str | bytes], redactor: Redactor) -> dict[str, str]:
        return {
            name: MASK if name.lower() in self._hidden else redactor.text(str(value)) for name, value in headers.items()
        }

    def redact(self, text: str) -> str:
        """Return a text without the connection's secrets."""
        return Redactor(self.call.connection.secrets()).text(text)

    # What the answer means

    def _is_limited(self, received: Received) -> bool:
        return self._matches(received, _block(self.http.get("rateLimit")), 429)

    def _is_refused(self, received: Received) -> bool:
        return self._matches(received, _block(self.http.get("auth")), 401)

    def _matches(self, received: Received, rule: Mapping[str, Any], default: int) -> bool:
        """Judge by ``failStatusCode`` and, where it is set, ``failPath`` with ``failValues``."""
        path = rule.get("failPath")
        # Assumed: a fail path alone counts with every status; the usual status still counts by itself.
        wanted = _number(rule.get("failStatusCode"))
        if not path:
            return received.answer.status == (default if wanted is None else wanted)
        found = {"failPath": path, "failValues": rule.get("failValues")}
        meets = verdict(received.body(self.accept), found) is False
        if wanted is None:
            return meets or received.answer.status == default
        return meets and received.answer.status == wanted

    def _limit_pause(self, answer: Answer, times: int) -> float:
        header = str(self.http.get("retryHeader") or "Retry-After")
        seconds = _retry_after(answer.headers.get(header), self.call.now())
        if seconds is None:
            seconds = min(0.5 * 2**times, 30.0)
        return seconds + random.uniform(0, 0.1)

    def _pace_s(self) -> float:
        # Assumed: rateLimit.limit is the wait between requests in milliseconds (the form's "wait time").
        limit = _number(_block(self.http.get("rateLimit")).get("limit"))
        return max(limit or 0, 0) / 1000

    def _refusal(self, received: Received) -> SourceFailure:
        answer = received.answer
        return SourceFailure(
            f"{shown_origin(answer.url)} refused the connection's credentials (status {answer.status}, "
            f"http.auth.type {auth_type(self.http)!r}).",
            code=str(answer.status),
            offline=True,
        )

    # Renewing credentials

    def _renew_early(self) -> bool:
        """Get what is missing or about to end before the first try; whether that happened."""
        if not renewal.is_due(self.doc, self.http, self.state, self.call.now()):
            return False
        return self._renew(self.state.renewals)

    def _renew(self, used: int) -> bool:
        """Refresh once for all threads that were refused with the same credentials."""
        if not renewal.is_possible(self.http):
            return False
        with self.state.renewing:
            if self.state.renewals != used:
                return True
            self._renew_now()
            self.state.renewals += 1
        return True

    @sealed
    def _renew_now(self) -> None:
        renewal.renew(self.call, self.doc, self.state)


def _is_followed(method: str, status: int) -> bool:
    """Whether a redirect is followed.

    A write that is sent elsewhere by 301 or 302 would become a GET, and its answer read as the write's: it is not
    followed, so that no record counts as stored that may not be.
    """
    if method.upper() in ("GET", "HEAD"):
        return status in (301, 302, 303, 307, 308)
    return status in (303, 307, 308)


def other_origin(url: str) -> str:
    """Return the sentence that says why a request went without credentials."""
    return (
        f"{shown_origin(url)} is another origin than the connection's baseURI, "
        "so neither its credentials nor its headers were sent there."
    )


def _block(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _retry_after(text: str | None, now: datetime) -> float | None:
    """Read seconds or an HTTP date; None for anything else."""
    if not text:
        return None
    try:
        return max(float(text), 0.0)
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return max((when - now).total_seconds(), 0.0)
