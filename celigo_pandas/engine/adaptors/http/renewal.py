"""Getting new credentials without a person: a token's refresh, an OAuth grant, a cookie login.

These requests go where the connection's own document says (``tokenURI``, ``refreshRelativeURI``, ``cookie.uri``), past
``reach``, without redirects, and carry nothing but what the document gives them. Their bodies are not logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests

from celigo_pandas.documents.secret import MASK
from celigo_pandas.engine.adaptors.http.answer_paths import MISSING, one
from celigo_pandas.engine.adaptors.http.credentials import auth_type, token_of
from celigo_pandas.engine.adaptors.http.drafts import check_header_name
from celigo_pandas.engine.adaptors.http.kept_connection import ConnectionState
from celigo_pandas.engine.adaptors.http.legacy import http_connection, stored_path
from celigo_pandas.engine.adaptors.http.media import CONTENT_TYPES, MediaError, decode_any, encode
from celigo_pandas.engine.adaptors.http.origins import is_absolute, join, shown_origin
from celigo_pandas.engine.adaptors.http.templates import render
from celigo_pandas.engine.adaptors.http.transport import Answer
from celigo_pandas.engine.adaptors.protocol import Call, ConnectionAccess, SourceFailure
from celigo_pandas.engine.oauth.grants import (
    EXPIRY_PATH,
    OAuthError,
    TokenRequest,
    expires_soon,
    grant_request,
    needs_authorization,
    read_tokens,
    refresh_request,
    says_nothing,
    stored_changes,
)
from celigo_pandas.engine.safety.reach import ReachError
from celigo_pandas.handlebars.contexts import connection_context

__all__ = ["exchange_tokens", "is_due", "is_possible", "renew"]


def is_due(doc: Mapping[str, Any], http: Mapping[str, Any], state: ConnectionState, now: datetime) -> bool:
    """Whether credentials are missing or end within a minute, and can be had without a person."""
    kind = auth_type(http)
    if kind == "cookie":
        return not len(state.wallet.cookies)
    if kind == "token":
        return not token_of(http) and is_possible(http) and not state.renewals
    if kind == "oauth":
        if state.renewals:
            # The document of this call was read before the renewal.
            return expires_soon({"auth": {"token": {"expiresAt": state.expires_at}}}, now)
        return (not token_of(http) and not needs_authorization(doc)) or expires_soon(http, now)
    return False


def is_possible(http: Mapping[str, Any]) -> bool:
    """Whether the document says how to renew."""
    auth = http.get("auth") or {}
    token = auth.get("token") or {}
    kind = auth_type(http)
    if kind == "oauth":
        grant = str((auth.get("oauth") or {}).get("grantType") or "authorizecode")
        return grant != "authorizecode" or bool(token.get("refreshToken"))
    if kind == "token":
        return bool(token.get("refreshRelativeURI"))
    return kind == "cookie"


def renew(call: Call, doc: Mapping[str, Any], state: ConnectionState) -> None:
    """Renew and store.

    Raises
    ------
    SourceFailure
        The renewal was refused (``offline``) or could not be made.
    """
    access = call.connection
    real = http_connection(access.secrets())
    kind = auth_type(real["http"])
    if kind == "cookie":
        _log_in(call, real, state)
    elif kind == "oauth":
        _oauth(call, real, state)
    else:
        _refresh_token(call, real, state)


def _oauth(call: Call, real: Mapping[str, Any], state: ConnectionState) -> None:
    http = real["http"]

    def fill(text: str) -> str:
        return render(text, connection_context(real))

    try:
        request = refresh_request(http, fill) or grant_request(http, fill)
        if request is None:
            raise OAuthError("The connection holds no refresh token.", code="needs_authorization")
        tokens = exchange_tokens(call, state, http, request)
    except OAuthError as error:
        text = f"The token could not be renewed: {error.message}"
        raise SourceFailure(text, code=error.code, offline=error.code != "oauth_unavailable") from None
    changes = stored_changes(tokens, call.now())
    state.expires_at = changes[EXPIRY_PATH]
    _store(call.connection, changes)


def exchange_tokens(call: Call, state: ConnectionState, http: Mapping[str, Any], request: TokenRequest) -> Any:
    """Send one token request and read its tokens; OAuthError for a refusal."""
    place = _shown(request.url, str(((http.get("auth") or {}).get("oauth") or {}).get("tokenURI") or ""))
    answer = _send(call, state, _ready(call, "POST", request.url, dict(request.headers), request.body), place)
    return read_tokens(http, answer.status, answer.body)


def _refresh_token(call: Call, real: Mapping[str, Any], state: ConnectionState) -> None:
    block = real["http"]["auth"]["token"]
    context = connection_context(real)
    media = str(block.get("refreshMediaType") or real["http"].get("mediaType") or "json")
    headers = {
        str(header.get("name")): render(str(header.get("value") or ""), context)
        for header in block.get("refreshHeaders") or ()
        if isinstance(header, dict) and header.get("name")
    }
    for name in headers:
        check_header_name(name)
    prepared = _prepared(
        call,
        real,
        str(block.get("refreshMethod") or "POST"),
        render(str(block.get("refreshRelativeURI") or ""), context, escape="url"),
        render(str(block.get("refreshBody") or ""), context),
        media,
        headers,
    )
    answer = _send(call, state, prepared, _shown(prepared.url or "", str(block.get("refreshRelativeURI") or "")))
    answered = str(block.get("refreshResponseMediaType") or block.get("refreshMediaType") or "json")
    if answered == "urlencoded" and "json" in answer.content_type:
        answered = "json"
    body = decode_any(answer.body, answered, answer.headers.get("Content-Type", ""))
    # Assumed: tokenPaths are tried in order where refreshTokenPath finds nothing.
    paths = [block.get("refreshTokenPath"), *(block.get("tokenPaths") or ()), "access_token"]
    found = next((value for path in paths if path and _is_token(value := one(body, path))), MISSING)
    if not answer.is_success or found is MISSING:
        what = "holds no token" if answer.is_success else "is a refusal"
        raise SourceFailure(
            f"The token could not be refreshed: the answer of {shown_origin(answer.url)} {what} "
            f"(status {answer.status}).",
            code=str(answer.status) if not answer.is_success else "bad_answer",
            offline=not says_nothing(answer.status, answer.body),
        )
    changes = {"http.auth.token.token": str(found)}
    rotated = one(body, "refresh_token")
    if _is_token(rotated):
        changes["http.auth.token.refreshToken"] = str(rotated)
    _store(call.connection, changes)


def _is_token(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _log_in(call: Call, real: Mapping[str, Any], state: ConnectionState) -> None:
    block = real["http"]["auth"].get("cookie") or {}
    context = connection_context(real)
    prepared = _prepared(
        call,
        real,
        str(block.get("method") or "POST"),
        render(str(block.get("uri") or ""), context, escape="url"),
        render(str(block.get("body") or ""), context),
        str(real["http"].get("mediaType") or "json"),
        {},
    )
    state.wallet.cookies.clear()
    place = _shown(prepared.url or "", str(block.get("uri") or ""))
    answer = _send(call, state, prepared, place, cookies=state.wallet.cookies)
    wanted = block.get("successStatusCode")
    if wanted is not None and str(wanted).isdigit():
        is_good = answer.status == int(wanted)
    else:
        # A login often answers with a redirect to the start page; the cookie is what counts.
        is_good = answer.status < 400
    if not is_good or not len(state.wallet.cookies):
        what = "set no cookie" if is_good else f"answered status {answer.status}"
        # A login form that comes again is a refusal; a server that fails says nothing.
        raise SourceFailure(
            f"The login at {shown_origin(answer.url)} {what}.", code=str(answer.status), offline=answer.status < 500
        )


def _prepared(
    call: Call, real: Mapping[str, Any], method: str, uri: str, body: str, media: str, headers: dict[str, str]
) -> requests.PreparedRequest:
    base = render(str(real["http"].get("baseURI") or ""), connection_context(real))
    url = uri if is_absolute(uri) else join(base, uri)
    content: bytes | None = None
    if body.strip():
        try:
            content, content_type = encode(body, media)
        except MediaError as error:
            raise SourceFailure(f"The refresh body cannot be built: {error}.", code="invalid_body") from None
        if not any(name.lower() == "content-type" for name in headers):
            headers = {**headers, "Content-Type": content_type or CONTENT_TYPES["json"]}
    return _ready(call, method.upper(), url, {"Accept": "*/*", **headers}, content)


def _ready(call: Call, method: str, url: str, headers: dict[str, str], body: bytes | None) -> requests.PreparedRequest:
    try:
        call.reach.check_url(url)
        return requests.Request(method, url, headers=headers, data=body).prepare()
    except ReachError as error:
        message, code = str(error), "out_of_reach"
    except ValueError as error:
        # requests says so of a URL or a header that it cannot send; its text holds them.
        message, code = f"The renewal's request cannot be sent ({type(error).__name__}).", "bad_request"
    raise SourceFailure(message, code=code)


def _shown(url: str, template: str) -> str:
    """Return what logs show of a URL: no query, and no path that a template over the secrets wrote."""
    return f"{shown_origin(url)}/{MASK}" if "{{" in template else url.partition("?")[0]


def _send(
    call: Call, state: ConnectionState, prepared: requests.PreparedRequest, place: str, cookies: Any = None
) -> Answer:
    call.debug("request", {"url": place, "method": prepared.method or "", "headers": {}, "body": MASK})
    answer = state.transport.send(prepared, deadline=call.deadline, cookies=cookies)
    call.debug("response", {"statusCode": answer.status, "headers": {}, "body": MASK})
    return answer


def _store(access: ConnectionAccess, changes: Mapping[str, Any]) -> None:
    access.store_secrets({stored_path(access.masked, path): value for path, value in changes.items()})
