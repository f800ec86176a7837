"""A ping: one request of ``http.ping``, judged by its success and fail values.

Facts: integrator-api.md, section 3.5.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from celigo_pandas.engine.adaptors.http.drafts import Spec
from celigo_pandas.engine.adaptors.http.kept_connection import Gates
from celigo_pandas.engine.adaptors.http.origins import shown_origin
from celigo_pandas.engine.adaptors.http.received import other_origin
from celigo_pandas.engine.adaptors.http.refusal_messages import message_of
from celigo_pandas.engine.adaptors.http.sender import Sender
from celigo_pandas.engine.adaptors.http.verdicts import verdict, why_not
from celigo_pandas.engine.adaptors.protocol import Call, PingOutcome, SourceFailure

__all__ = ["send_ping"]


def send_ping(call: Call, gates: Gates) -> PingOutcome:
    """Return whether the connection works; a refusal is an outcome, not an error."""
    try:
        return _send(Sender(call, gates))
    except SourceFailure as error:
        outcome = PingOutcome.of(error)
        if error.code == "rate_limited":
            return replace(outcome, code=429, checked=False)
        if not error.code.isdigit():
            return outcome
        return replace(outcome, code=int(error.code), checked=error.offline)


def _send(sender: Sender) -> PingOutcome:
    ping: dict[str, Any] = sender.http.get("ping") or {}
    body = ping.get("body")
    received = sender.send(
        Spec(
            method=str(ping.get("method") or "GET"),
            uri=str(ping.get("relativeURI") or ""),
            body=str(body) if body else None,
            media=sender.media,
            accept=sender.accept,
            context=sender.call.context,
        )
    )
    answer = received.answer
    content = received.body(sender.accept)
    judged = verdict(content, ping)
    note = "" if received.is_own else " " + other_origin(answer.url)
    if not ping.get("relativeURI") and received.is_own and answer.status < 500 and answer.status not in (401, 403):
        # Assumed: without a ping URI only the server and the credentials are tried, and the base may be no resource.
        return PingOutcome(200)
    if answer.is_success and judged is not False:
        return PingOutcome(200)
    is_silent = not answer.is_success and judged is not False and answer.status not in _REFUSALS
    said = message_of(content, ping.get("errorPath"), sender.hidden)
    if answer.is_success:
        text = f"{shown_origin(answer.url)} answered status {answer.status}, but not what http.ping expects"
        reason = why_not(content, ping)
        text += f" ({reason})" if reason else ""
        code = 401
    else:
        text = f"{shown_origin(answer.url)} answered status {answer.status}"
        text += ", which does not tell whether the credentials are good" if is_silent else ""
        code = answer.status
    message = sender.redact(text + (f": {said}" if said else ".") + note)
    return PingOutcome(code, ({"code": str(code), "message": message, "source": "connection"},), checked=not is_silent)


_REFUSALS = frozenset({401, 403, 407})
"""Statuses by which credentials are refused; any other that is no success says nothing of them."""
