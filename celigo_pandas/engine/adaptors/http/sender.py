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

from requests.cookies import RequestsCookieJar
from requests.models import PreparedRequest

from celigo_pandas.documents.secret import MASK
from celigo_pandas.engine.adaptors.http import renewal
from celigo_pandas.engine.adaptors.http.credentials import auth_type, credential_headers, mask_token, prepare
from celigo_pandas.engine.adaptors.http.document_shapes import CONNECTION, check_shapes
from celigo_pandas.engine.adaptors.http.drafts import Draft, Spec, draft_request
from celigo_pandas.engine.adaptors.http.kept_connection import ConnectionState, Gates, pause, state_of
from celigo_pandas.engine.adaptors.http.legacy import http_connection
from celigo_pandas.engine.adaptors.http.origins import shown_origin
from celigo_pandas.engine.adaptors.http.received import Received, other_origin
from celigo_pandas.engine.adaptors.http.sealing import UNSHOWN, sealed
from celigo_pandas.engine.adaptors.http.templates import Chance
from celigo_pandas.engine.adaptors.http.transport import Answer, TransportFailure
from celigo_pandas.engine.adaptors.http.verdicts import verdict
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.safety.masking import Redactor, mask_values
from celigo_pandas.engine.safety.reach import ReachError
from celigo_pandas.errors import CeligoError, MissingExtraError

__all__ = ["Sender"]

_MOST_LIMITED = 10

_CREDENTIAL_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-wsse", "authentication-info"}
)


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
        self._gate = gates.gate(self.doc, call.connection.id)
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
            The request cannot be built or sent, the limit lasts, or the credentials are refused (``offline``): then
            nothing more is sent in this call, so that no account is locked by repeated logins.
        """
        if self.call.refusal is not None:
            raise self.call.refusal.copy()
        try:
            return self._settled(spec)
        except SourceFailure as error:
            if error.offline:
                self.call.refusal = error.copy(sent=False)
            raise

    def _settled(self, spec: Spec) -> Received:
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
            if answer.status == 303 and spec.method.upper() not in ("GET", "HEAD"):
                return self._after_write(spec, received, location)
            spec = self._redirected(spec, received, location)
        raise SourceFailure(
            f"More than {self.state.transport.limits.redirects} redirects; stopped at {shown_origin(answer.url)}.",
            code="too_many_redirects",
        )

    def _after_write(self, spec: Spec, received: Received, location: str) -> Received:
        """Read what a write's 303 leads to. The write is done by then, so that no failure here means "not sent"."""
        try:
            found = self._round(self._redirected(spec, received, location))
        except SourceFailure as error:
            message = f"The write was answered by a redirect (303); what that leads to failed: {error.message}"
        else:
            found.is_after_write = True
            return found
        raise SourceFailure(message, code="broken")

    def _redirected(self, spec: Spec, received: Received, location: str) -> Spec:
        answer = received.answer
        try:
            url = urljoin(answer.url, location)
            self.call.reach.check_url(url)
        except ValueError as error:
            failure = str(error)
        else:
            keeps = answer.status in (307, 308) or spec.method.upper() in ("GET", "HEAD")
            shown = None if received.shown_url is None else urljoin(received.shown_url, location)
            spec = replace(spec, url=url, shown_url=shown)
            return spec if keeps else replace(spec, method="GET", body=None, content=None)
        raise SourceFailure(f"The source redirects to a place that is refused: {failure}", code="out_of_reach")

    @sealed
    def _exchange(self, spec: Spec) -> Received:
        """Render, sign and send once. The real connection lives in this frame only."""
        whole = self.call.connection.secrets()
        real = http_connection(whole)
        redactor = self.call.connection.redactor()
        chance = Chance()
        try:
            draft = draft_request(spec, real, chance)
            self.call.reach.check_url(draft.url)
            asked = (draft.method, draft.url, draft.body, tuple(sorted(draft.headers.items())))
            prepared = prepare(draft, real, self.state.wallet, self.call.now())
        except SourceFailure as error:
            raise error.copy(redactor.text(error.message), sent=False) from None
        except MissingExtraError:
            raise
        except CeligoError:
            raise SourceFailure(self._template_failure(spec, whole), code="template_error", sent=False) from None
        except ReachError as error:
            raise SourceFailure(redactor.text(str(error)), code="out_of_reach", sent=False) from None
        except ValueError as error:
            # requests says so of a URL or a header that it cannot send; its text holds them.
            raise SourceFailure(
                f"The rendered request cannot be sent ({type(error).__name__}).", code="bad_request", sent=False
            ) from None
        cookies = self.state.wallet.cookies if draft.is_own and auth_type(self.http) == "cookie" else None
        self._learn(draft, prepared, cookies)
        shown = self._shown(spec, whole, draft, prepared, chance) if self.call.is_debugging else None
        with self._gate.one(self.call):
            self.state.wait_turn(self.call, self._pace_s())
            if shown is not None:
                self.call.debug("request", redactor.value(shown))
            try:
                answer = self.state.transport.send(prepared, deadline=self.call.deadline, cookies=cookies)
            except TransportFailure as error:
                self.call.debug("response", {"error": redactor.text(error.message), "code": error.code})
                note = "" if draft.is_own else f" {other_origin(draft.url)}"
                raise TransportFailure(redactor.text(error.message) + note, code=error.code, sent=error.sent) from None
        self._learn(draft, prepared, cookies)
        if self.call.is_debugging:
            self._log_response(answer, redactor)
        return Received(answer, draft.is_own, asked, shown["url"] if shown else None)

    def _learn(self, draft: Draft, prepared: PreparedRequest, cookies: RequestsCookieJar | None) -> None:
        """Mask what this request proves itself with, too: signed tokens, session cookies, encoded passwords."""
        if not draft.is_own:
            return
        redactor = self.call.connection.redactor()
        redactor.learn(str(cookie.value) for cookie in cookies or () if cookie.value)
        found = [draft.token]
        for name in self._hidden:
            value = prepared.headers.get(name)
            if value:
                text = _text(value)
                found += [text, text.partition(" ")[2]]
        redactor.learn(found, passing=True)

    def _template_failure(self, spec: Spec, whole: Mapping[str, Any]) -> str:
        """Say why a request cannot be rendered: in the words of a rendering that saw masks, or in none."""
        try:
            draft_request(spec, http_connection(mask_values(whole)))
        except SourceFailure:
            return UNSHOWN
        except CeligoError as error:
            return self.redact(error.message)
        return UNSHOWN

    def _shown(
        self, spec: Spec, whole: Mapping[str, Any], draft: Draft, prepared: PreparedRequest, chance: Chance
    ) -> dict[str, Any]:
        """Return the request as logs show it: rendered once more, over masks.

        Masking what was sent would not do: a template can cut a secret into pieces that no search finds.
        """
        masked = http_connection(mask_values(whole))
        try:
            shown = draft_request(spec, masked, chance.again())
            if draft.is_own:
                mask_token(shown, masked["http"])
        except (CeligoError, SourceFailure, ValueError):
            shown = None
        if shown is None or shown.is_own != draft.is_own:
            headers = dict.fromkeys(prepared.headers, MASK)
            return {
                "url": f"{shown_origin(draft.url)}/{MASK}",
                "method": draft.method,
                "headers": headers,
                "body": MASK,
            }
        plain = {**shown.headers, "Content-Length": prepared.headers.get("Content-Length", "")}
        named = {name.lower(): str(value) for name, value in plain.items() if name.lower() not in self._hidden}
        return {
            "url": shown.url if spec.shown_url is None else spec.shown_url,
            "method": draft.method,
            "headers": {name: named.get(name.lower(), MASK) for name in prepared.headers},
            "body": (shown.body or b"").decode("utf-8", "replace"),
        }

    def _log_response(self, answer: Answer, redactor: Redactor) -> None:
        headers = {name: MASK if name.lower() in self._hidden else str(value) for name, value in answer.headers.items()}
        self.call.debug(
            "response",
            redactor.value(
                {
                    "statusCode": answer.status,
                    "headers": headers,
                    "body": answer.body.decode("utf-8", "replace"),
                    "elapsedMs": round(answer.elapsed_s * 1000),
                }
            ),
        )

    def redact(self, text: str) -> str:
        """Return a text without the connection's secrets."""
        return self.call.connection.redactor().text(text)

    def hidden(self, value: object) -> object:
        """Return a parsed answer without the connection's secrets; before a text of it is cut or squeezed."""
        return self.call.connection.redactor().value(value)

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

    def _renew_now(self) -> None:
        try:
            self._renew_sealed()
        except SourceFailure as error:
            # The request that waits for it was not sent, whatever became of the renewal's own.
            raise error.copy(sent=False) from None

    @sealed
    def _renew_sealed(self) -> None:
        renewal.renew(self.call, self.doc, self.state)


def _is_followed(method: str, status: int) -> bool:
    """Whether a redirect is followed.

    A write that is sent elsewhere by 301 or 302 would become a GET, and its answer read as the write's: it is not
    followed, so that no record counts as stored that may not be.
    """
    if method.upper() in ("GET", "HEAD"):
        return status in (301, 302, 303, 307, 308)
    return status in (303, 307, 308)


def _text(value: str | bytes) -> str:
    """Return a header's value: some signers leave bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _block(value: object) -> Mapping[str, Any]:
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
