"""The authorization code flow: where the browser is sent, and what happens when it comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from celigo_pandas.engine.failures import SourceFailure
from celigo_pandas.engine.oauth.grants import (
    OAuthError,
    TokenRequest,
    Tokens,
    _oauth,
    _scope,
    code_request,
    stored_changes,
)
from celigo_pandas.engine.oauth.states import PendingStates
from celigo_pandas.engine.safety.connection_access import ConnectionAccess
from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import compile_template
from celigo_pandas.handlebars.contexts import connection_context

__all__ = ["CallbackPage", "Completion", "SendToken", "authorization_url", "complete"]

SendToken = Callable[[ConnectionAccess, Callable[[Mapping[str, Any]], TokenRequest]], Tokens]
"""Builds a request from the real connection, sends it, reads the tokens; raises OAuthError."""


@dataclass(frozen=True, slots=True)
class CallbackPage:
    """A static page: which of a few fixed texts, and the status and headers to send it with."""

    status: int
    html: str

    headers = {  # noqa: RUF012 - the same for every page, never changed
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


@dataclass(frozen=True, slots=True)
class Completion:
    """How one callback ended; ``connection_id`` is None when its state meant nothing."""

    page: CallbackPage
    connection_id: str | None
    is_authorized: bool
    reason: str


def authorization_url(access: ConnectionAccess, *, callback_url: str, pending: PendingStates) -> str:
    """Begin an authorization and return the URL to open in a browser.

    Parameters
    ----------
    access : ConnectionAccess
        A saved connection with ``http.auth.type`` ``oauth`` and grant ``authorizecode``.
    callback_url : str
        The engine's own callback, absolute; the server must know it as a redirect URI.
    pending : PendingStates
        Remembers the state for ten minutes.

    Raises
    ------
    OAuthError
        The connection is of another kind, or its document lacks something; answer 422 with its ``code``.
    """
    oauth = _authorize_block(access.masked)
    base = str(oauth.get("authURI") or "")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise OAuthError("http.auth.oauth.authURI must be an http(s) URL.", code="missing_required_field")
    if not oauth.get("clientId"):
        raise OAuthError("http.auth.oauth.clientId is empty.", code="missing_required_field")
    state, challenge = pending.begin(access.id, callback_url, access.version)
    arguments = {
        **dict(parse_qsl(parts.query, keep_blank_values=True)),
        "response_type": "code",
        "client_id": str(oauth["clientId"]),
        "redirect_uri": callback_url,
        **_scope(oauth),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return urlunsplit(parts._replace(query=urlencode(arguments), fragment=""))


def _authorize_block(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    http = doc.get("http")
    auth = http.get("auth") if isinstance(http, dict) else None
    if not isinstance(auth, dict) or auth.get("type") != "oauth":
        raise OAuthError("The connection's http.auth.type is not 'oauth'.", code="not_oauth")
    oauth = _oauth(auth)
    grant = str(oauth.get("grantType") or "authorizecode")
    if grant != "authorizecode":
        raise OAuthError(f"Grant {grant!r} needs no browser: the engine gets its token by itself.", code="not_oauth")
    if oauth.get("useIClientFields"):
        raise OAuthError(
            "The local engine has no iClients; put clientId into auth.oauth.", code="iclient_not_supported"
        )
    return oauth


def complete(
    params: Mapping[str, str],
    *,
    pending: PendingStates,
    find: Callable[[str], ConnectionAccess | None],
    send: SendToken,
    now: Callable[[], datetime],
) -> Completion:
    """End an authorization: take the state, exchange the code, store the tokens.

    Parameters
    ----------
    params : mapping
        The callback's query: ``state`` with ``code`` or ``error``.
    find : callable
        ``find(connection_id)`` returns the saved connection, or None when it is gone.
    send : callable
        ``celigo_pandas.engine.adaptors.http.token_sender(reach)``.

    Returns
    -------
    Completion
        Never raises for what a browser may bring; ``reason`` is a fixed word for the log.

    Notes
    -----
    Requests: one POST to ``tokenURI`` when state and code are there. Nothing of `params` gets into the page.
    """
    found = pending.take(params.get("state") or "")
    if found is None:
        return Completion(_page(400, _STALE), None, False, "unknown_state")
    access = find(found.connection_id)
    if access is None:
        return Completion(_page(400, _STALE), None, False, "connection_gone")
    if access.version != found.version:
        # Consent was given to what the document said then; the code goes nowhere else.
        return Completion(_page(400, _CHANGED), found.connection_id, False, "connection_changed")
    if params.get("error") or not params.get("code"):
        return Completion(_page(400, _DENIED), found.connection_id, False, "denied")

    def request(real: Mapping[str, Any]) -> TokenRequest:
        def fill(text: str) -> str:
            try:
                return compile_template(text).render(connection_context(real))
            except TemplateError:
                raise OAuthError("A template of http.auth.oauth cannot be evaluated.", code="template_error") from None

        return code_request(
            real["http"],
            code=params["code"],
            callback_url=found.callback_url,
            verifier=found.verifier,
            render=fill,
        )

    try:
        _authorize_block(access.masked)
        tokens = send(access, request)
    except SourceFailure:
        return Completion(_page(400, _CHANGED), found.connection_id, False, "connection_changed")
    except OAuthError as error:
        return Completion(_page(502, _REFUSED), found.connection_id, False, error.code)
    try:
        access.store_secrets(stored_changes(tokens, now()))
    except SourceFailure:
        return Completion(_page(400, _CHANGED), found.connection_id, False, "connection_changed")
    return Completion(_page(200, _DONE), found.connection_id, True, "authorized")


_DONE = "The connection is authorized. You can close this page and go back to your notebook."
_DENIED = "The other side did not give its consent. Nothing was stored; the authorization can be begun again."
_REFUSED = "The code could not be exchanged for a token. Nothing was stored; look at the engine's log and begin again."
_CHANGED = "The connection was changed since this authorization began. Nothing was stored; begin it again."
_STALE = "This authorization is unknown, used, or older than ten minutes. Begin it again from your notebook."


def _page(status: int, text: str) -> CallbackPage:
    title = "Authorized" if status == 200 else "Not authorized"
    return CallbackPage(
        status,
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{text}</p></html>",
    )
