"""Token requests and their answers, for the grants of ``http.auth.oauth``: pure, nothing is sent here.

Facts: RFC 6749 (sections 2.3.1, 4, 5, 6), RFC 7636, and integrator-api.md, sections 3.4 and 11.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from celigo_pandas.engine.texts.json_paths import PathRefused, read_members

__all__ = [
    "EXPIRY_PATH",
    "GRANTS",
    "OAuthError",
    "TokenRequest",
    "Tokens",
    "code_request",
    "expires_soon",
    "grant_request",
    "needs_authorization",
    "read_tokens",
    "refresh_request",
    "says_nothing",
    "stored_changes",
]

GRANTS = ("authorizecode", "clientcredentials", "password")

# Assumed: the platform keeps the expiry somewhere too; no field of it is published.
EXPIRY_PATH = "http.auth.token.expiresAt"

_MARGIN = timedelta(seconds=60)

Render = Callable[[str], str]


class OAuthError(Exception):
    """The document cannot be used, or the server refused; the message holds no secret."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One POST to ``tokenURI``; its parts are credentials and are not shown."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint gave; the texts are not shown."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    expires_in_s: float | None


def needs_authorization(doc: Mapping[str, Any]) -> bool:
    """Whether a person must still consent: an authorization code grant without a token.

    Parameters
    ----------
    doc : mapping
        Connection document, masked or real, of any type.
    """
    http = doc.get("http")
    auth = http.get("auth") if isinstance(http, dict) else None
    if not isinstance(auth, dict) or auth.get("type") != "oauth":
        return False
    token = auth.get("token")
    has_token = isinstance(token, dict) and bool(token.get("token"))
    return str(_oauth(auth).get("grantType") or "authorizecode") == "authorizecode" and not has_token


def code_request(
    http: Mapping[str, Any], *, code: str, callback_url: str, verifier: str, render: Render = str
) -> TokenRequest:
    """Return the exchange of an authorization code, with the PKCE verifier."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback_url,
        "code_verifier": verifier,
    }
    return _request(http, form, render)


def grant_request(http: Mapping[str, Any], render: Render = str) -> TokenRequest | None:
    """Return the request that gets a token without a person, or None for ``authorizecode``."""
    oauth = _oauth(_auth(http))
    grant = str(oauth.get("grantType") or "authorizecode")
    form = {"grant_type": "client_credentials"}
    if grant == "password":
        form = {
            "grant_type": "password",
            "username": str(oauth.get("username") or ""),
            "password": str(oauth.get("password") or ""),
        }
    elif grant != "clientcredentials":
        return None
    return _request(http, {**form, **_scope(oauth)}, render)


def refresh_request(http: Mapping[str, Any], render: Render = str) -> TokenRequest | None:
    """Return the request that renews a token, or None when no refresh token is stored."""
    token = _auth(http).get("token")
    refresh = token.get("refreshToken") if isinstance(token, dict) else None
    if not refresh:
        return None
    return _request(http, {"grant_type": "refresh_token", "refresh_token": str(refresh)}, render)


def _request(http: Mapping[str, Any], form: dict[str, str], render: Render) -> TokenRequest:
    oauth = _oauth(_auth(http))
    if oauth.get("useIClientFields"):
        raise OAuthError(
            "auth.oauth.useIClientFields names an iClient, which the local engine does not have. "
            "Put clientId and clientSecret into auth.oauth.",
            code="iclient_not_supported",
        )
    url = render(str(oauth.get("tokenURI") or ""))
    if not url:
        raise OAuthError("http.auth.oauth.tokenURI is empty.", code="missing_required_field")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    client_id, client_secret = str(oauth.get("clientId") or ""), str(oauth.get("clientSecret") or "")
    if str(oauth.get("clientCredentialsLocation") or "body").lower() == "basicauthheader":
        # RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
        pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form = {**form, "client_id": client_id, **({"client_secret": client_secret} if client_secret else {})}
    for header in oauth.get("accessTokenHeaders") or ():
        if isinstance(header, dict) and header.get("name"):
            headers[str(header["name"])] = render(str(header.get("value") or ""))
    form.update(_more(render(str(oauth.get("accessTokenBody") or ""))))
    return TokenRequest(url, headers, _encoded(form, headers["Content-Type"]))


def _more(text: str) -> dict[str, str]:
    """Read ``accessTokenBody``: a JSON object or a query string, laid over the standard fields (Assumed)."""
    if not text.strip():
        return {}
    try:
        fields = json.loads(text)
    except ValueError:
        return dict(parse_qsl(text, keep_blank_values=True))
    return {str(name): str(value) for name, value in fields.items()} if isinstance(fields, dict) else {}


def _encoded(form: Mapping[str, str], content_type: str) -> bytes:
    return json.dumps(form).encode() if "json" in content_type else urlencode(form).encode()


def _scope(oauth: Mapping[str, Any]) -> dict[str, str]:
    scopes = oauth.get("scope") or []
    scopes = scopes if isinstance(scopes, list) else [scopes]
    text = str(oauth.get("scopeDelimiter") or " ").join(str(scope) for scope in scopes)
    return {"scope": text} if text else {}


def read_tokens(http: Mapping[str, Any], status: int, content: bytes) -> Tokens:
    """Read a token endpoint's answer: JSON, or the urlencoded form some servers send.

    Raises
    ------
    OAuthError
        It is a refusal (its ``error`` code is kept), or holds no token.
    """
    if says_nothing(status, content):
        text = f"The token endpoint answered status {status}, which says nothing of the credentials. Try again later."
        raise OAuthError(text, code="oauth_unavailable")
    answer = _answer(content)
    if "error" in answer or not 200 <= status < 300:
        code = answer.get("error")
        # Whole or not at all: a piece of a text that repeats a secret would not be found and masked.
        code = code if isinstance(code, str) and 0 < len(code) <= 80 else f"status {status}"
        raise OAuthError(f"The token endpoint refused with {code!r} (status {status}).", code="oauth_refused")
    path = str(_oauth(_auth(http)).get("accessTokenPath") or "access_token")
    try:
        access = read_members(answer, path)
    except PathRefused as error:
        raise OAuthError(f"http.auth.oauth.accessTokenPath: {error}.", code="oauth_bad_answer") from None
    if not isinstance(access, str) or not access:
        raise OAuthError(f"The token endpoint's answer holds no text at {path!r}.", code="oauth_bad_answer")
    refresh, lifetime = answer.get("refresh_token"), answer.get("expires_in")
    try:
        expires_in_s = float(lifetime) if lifetime is not None else None
    except (TypeError, ValueError):
        expires_in_s = None
    return Tokens(access, refresh if isinstance(refresh, str) and refresh else None, expires_in_s)


def says_nothing(status: int, content: bytes) -> bool:
    """Whether an answer to a renewal says nothing of the credentials: a failure, a redirect, a page for people."""
    is_page = content.lstrip()[:1] == b"<" and b"<html" in content[:2000].lower()
    return status >= 500 or 300 <= status < 400 or status in (408, 429) or is_page


def _answer(content: bytes) -> dict[str, Any]:
    text = content.decode("utf-8", "replace")
    try:
        answer = json.loads(text)
    except ValueError:
        return dict(parse_qsl(text)) if "=" in text and "<" not in text else {}
    return answer if isinstance(answer, dict) else {}


def stored_changes(tokens: Tokens, now: datetime) -> dict[str, Any]:
    """Return the dotted paths and values to store; a refresh token that was not sent again stays."""
    changes: dict[str, Any] = {"http.auth.token.token": tokens.access}
    if tokens.refresh is not None:
        changes["http.auth.token.refreshToken"] = tokens.refresh
    expiry = None
    if tokens.expires_in_s is not None:
        expiry = (now + timedelta(seconds=tokens.expires_in_s)).astimezone(timezone.utc).isoformat()
    changes[EXPIRY_PATH] = expiry
    return changes


def expires_soon(http: Mapping[str, Any], now: datetime) -> bool:
    """Whether the stored token ends within a minute; False when its end is not known."""
    token = _auth(http).get("token")
    text = token.get("expiresAt") if isinstance(token, dict) else None
    try:
        return isinstance(text, str) and datetime.fromisoformat(text) - now <= _MARGIN
    except (ValueError, TypeError):
        return False


def _auth(http: Mapping[str, Any]) -> Mapping[str, Any]:
    auth = http.get("auth")
    return auth if isinstance(auth, dict) else {}


def _oauth(auth: Mapping[str, Any]) -> Mapping[str, Any]:
    oauth = auth.get("oauth")
    return oauth if isinstance(oauth, dict) else {}
