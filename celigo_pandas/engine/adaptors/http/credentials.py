"""The credentials of ``http.auth`` put on a request that goes to the connection's own origin.

One function for each ``auth.type``, in one table. Facts: integrator-api.md, section 3.4.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from requests.cookies import RequestsCookieJar

from celigo_pandas.documents.secret import MASK
from celigo_pandas.engine.adaptors.http.drafts import Draft
from celigo_pandas.engine.adaptors.http.signatures import Digest, json_web_token, oauth1_signer, wsse_header
from celigo_pandas.engine.adaptors.http.templates import render
from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.handlebars.contexts import connection_context

__all__ = ["Wallet", "auth_type", "credential_headers", "mask_token", "prepare", "token_of"]

KINDS = ("basic", "digest", "wsse", "token", "oauth", "oauth1", "cookie", "jwtbearer", "custom")


@dataclass(slots=True)
class Wallet:
    """What a connection has learned at run time: a digest challenge, cookies."""

    digest: Digest
    cookies: RequestsCookieJar


def auth_type(http: Mapping[str, Any]) -> str:
    """Return ``auth.type``; none means ``custom``."""
    return str(_auth(http).get("type") or "custom")


def token_of(http: Mapping[str, Any]) -> str:
    """Return the bearer token as it is stored, or an empty text."""
    return str(_block(_auth(http), "token").get("token") or "")


def credential_headers(http: Mapping[str, Any]) -> frozenset[str]:
    """Return the names (lower case) of headers that carry a credential beside the usual ones."""
    name = _block(_auth(http), "token").get("headerName")
    return frozenset({str(name).lower()}) if name else frozenset()


def prepare(
    draft: Draft, real: Mapping[str, Any], wallet: Wallet, now: datetime, settings: object = None
) -> requests.PreparedRequest:
    """Return the request ready to be sent, with the credentials if it goes to the own origin.

    A header that the document sets by that name wins over the computed one.

    Raises
    ------
    SourceFailure
        The credentials are missing or cannot be used.
    MissingExtraError
        The kind needs a package that is not installed.
    """
    http = real["http"]
    kind = auth_type(http)
    if draft.is_own:
        if kind not in KINDS:
            raise SourceFailure(
                f"http.auth.type {kind!r} is not built; built: {', '.join(KINDS)}.",
                code="unsupported_auth_type",
                field="http.auth.type",
            )
        before = _BEFORE.get(kind)
        if before is not None:
            before(draft, real, wallet, now)
    prepared = requests.Request(draft.method, draft.url, headers=dict(draft.headers), data=draft.body).prepare()
    if draft.is_own and kind == "oauth1":
        prepared = oauth1_signer(_block(_block(_auth(http), "oauth"), "oauth1"))(prepared)
    if draft.is_own and kind == "cookie":
        prepared.prepare_cookies(wallet.cookies)
    return prepared


def mask_token(draft: Draft, http: Mapping[str, Any]) -> None:
    """Put a mask into a body that is shown, where :func:`prepare` puts the token into the one that is sent."""
    block = _block(_auth(http), "token")
    if auth_type(http) in ("token", "oauth", "jwtbearer") and str(block.get("location")).lower() == "body":
        _into_body(draft, str(block.get("paramName") or "access_token"), MASK)


def _basic(draft: Draft, real: Mapping[str, Any], wallet: Wallet, now: datetime) -> None:
    username, password = _user(real)
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    draft.headers.setdefault("Authorization", f"Basic {pair}")


def _digest(draft: Draft, real: Mapping[str, Any], wallet: Wallet, now: datetime) -> None:
    header = wallet.digest.header(*_user(real), draft.method, draft.url)
    if header is not None:
        draft.headers.setdefault("Authorization", header)


def _wsse(draft: Draft, real: Mapping[str, Any], wallet: Wallet, now: datetime) -> None:
    draft.headers.setdefault("X-WSSE", wsse_header(*_user(real), now))
    draft.headers.setdefault("Authorization", 'WSSE profile="UsernameToken"')


def _token(draft: Draft, real: Mapping[str, Any], wallet: Wallet, now: datetime) -> None:
    token = token_of(real["http"])
    if not token:
        raise SourceFailure(
            "The connection holds no token yet; authorize it first (GET /v1/connection/{id}/oauth2)."
            if auth_type(real["http"]) == "oauth"
            else "The connection holds no token: http.auth.token.token is empty.",
            code="needs_authorization",
            offline=True,
            field="http.auth.token.token",
        )
    _place(draft, token, _block(_auth(real["http"]), "token"))


def _jwt(draft: Draft, real: Mapping[str, Any], wallet: Wallet, now: datetime) -> None:
    block = _block(_auth(real["http"]), "jwt")
    payload = block.get("payload")
    text = payload if isinstance(payload, str) else json.dumps(payload or {})
    token = json_web_token(block, render(text, connection_context(real)))
    _place(draft, token, {"location": "header", **_block(_auth(real["http"]), "token")})


_BEFORE: dict[str, Callable[[Draft, Mapping[str, Any], Wallet, datetime], None]] = {
    "basic": _basic,
    "digest": _digest,
    "wsse": _wsse,
    "token": _token,
    "oauth": _token,
    "jwtbearer": _jwt,
}


def _place(draft: Draft, token: str, block: Mapping[str, Any]) -> None:
    """Put a token where ``auth.token.location`` says; the header is where it goes by default."""
    draft.token = token
    location = str(block.get("location") or "header").lower()
    name = str(block.get("paramName") or "access_token")
    if location == "url":
        draft.url = _with_argument(draft.url, name, token)
    elif location == "body":
        _into_body(draft, name, token)
    else:
        header = str(block.get("headerName") or "Authorization")
        # A present but blank scheme means: the bare token.
        scheme = block.get("scheme")
        scheme = "Bearer" if scheme is None and header.lower() == "authorization" else str(scheme or "")
        draft.headers.setdefault(header, f"{scheme.strip()} {token}".strip())


def _with_argument(url: str, name: str, value: str) -> str:
    """Set one query argument and leave the others as they are written."""
    parts = urlsplit(url)
    kept = [part for part in parts.query.split("&") if part and part.partition("=")[0] != name]
    return urlunsplit(parts._replace(query="&".join([*kept, urlencode({name: value})])))


def _into_body(draft: Draft, name: str, token: str) -> None:
    if draft.media == "json":
        try:
            fields = json.loads(draft.body or b"{}")
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise SourceFailure(
                "http.auth.token.location is 'body', which needs a JSON object as body.", code="invalid_credentials"
            )
        draft.body = json.dumps({**fields, name: token}).encode()
        draft.headers.setdefault("Content-Type", "application/json")
    elif draft.media == "urlencoded":
        pairs = [pair for pair in parse_qsl((draft.body or b"").decode(), keep_blank_values=True) if pair[0] != name]
        draft.body = urlencode([*pairs, (name, token)]).encode()
        draft.headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    else:
        raise SourceFailure(
            f"http.auth.token.location 'body' works with json and urlencoded bodies, not {draft.media!r}.",
            code="invalid_credentials",
        )


def _auth(http: Mapping[str, Any]) -> Mapping[str, Any]:
    return _block(http, "auth")


def _block(doc: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = doc.get(name)
    return inner if isinstance(inner, dict) else {}


def _user(real: Mapping[str, Any]) -> tuple[str, str]:
    basic = _block(_auth(real["http"]), "basic")
    return str(basic.get("username") or ""), str(basic.get("password") or "")
