"""Credentials that are computed for each request: JSON web tokens, OAuth 1, WSSE, digest.

The algorithms are PyJWT's, oauthlib's and requests'; here are only the platform's names for them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import requests
from requests.auth import HTTPDigestAuth
from requests.utils import parse_dict_header

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.errors import MissingExtraError

__all__ = ["Digest", "json_web_token", "oauth1_signer", "wsse_header"]

# Assumed: the platform's spelling is "hmac-sha256", "rsa-sha256"; the names of RFC 7518 are taken too.
_JWT = {
    **{f"hmac-sha{bits}": f"HS{bits}" for bits in (256, 384, 512)},
    **{f"rsa-sha{bits}": f"RS{bits}" for bits in (256, 384, 512)},
    **{f"{kind}{bits}": f"{kind.upper()}{bits}" for kind in ("hs", "rs", "es", "ps") for bits in (256, 384, 512)},
}

_OAUTH1 = {
    "hmac-sha1": "HMAC-SHA1",
    "hmac-sha256": "HMAC-SHA256",
    "hmac-sha512": "HMAC-SHA512",
    "rsa-sha1": "RSA-SHA1",
    "rsa-sha256": "RSA-SHA256",
    "rsa-sha512": "RSA-SHA512",
    "plaintext": "PLAINTEXT",
}


def json_web_token(jwt_block: Mapping[str, Any], payload: str) -> str:
    """Sign `payload` (JSON text, rendered) as ``auth.jwt`` says.

    Raises
    ------
    SourceFailure
        The method, the key or the payload cannot be used.
    MissingExtraError
        PyJWT is not installed.
    """
    try:
        import jwt
    except ImportError:
        raise MissingExtraError("A jwtbearer connection", "oauth") from None
    named = str(jwt_block.get("signatureMethod") or "hmac-sha256").lower()
    algorithm = _JWT.get(named)
    if algorithm is None:
        raise _unusable(f"auth.jwt.signatureMethod {named!r} is not known; known: {', '.join(sorted(_JWT))}")
    try:
        claims = json.loads(payload)
    except ValueError:
        claims = None
    if not isinstance(claims, dict) or not claims:
        raise _unusable("auth.jwt.payload must render to a JSON object with at least one claim")
    key = str(jwt_block.get("secret" if algorithm.startswith("HS") else "privateKey") or "")
    failure = None
    try:
        return jwt.encode(claims, key, algorithm=algorithm, headers=_jwt_headers(jwt_block))
    except Exception as error:
        # PyJWT and cryptography raise a dozen classes for a key of the wrong kind, some with its text.
        failure = _unusable(f"auth.jwt cannot sign with {algorithm} ({type(error).__name__})")
    raise failure


def _jwt_headers(jwt_block: Mapping[str, Any]) -> dict[str, Any] | None:
    headers = jwt_block.get("headers")
    if isinstance(headers, str) and headers.strip():
        try:
            headers = json.loads(headers)
        except ValueError:
            raise _unusable("auth.jwt.headers must be a JSON object") from None
    return headers if isinstance(headers, dict) else None


def oauth1_signer(block: Mapping[str, Any]) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Return what signs a prepared request as ``auth.oauth.oauth1`` says.

    Raises
    ------
    MissingExtraError
        requests-oauthlib is not installed.
    """
    try:
        from requests_oauthlib import OAuth1
    except ImportError:
        raise MissingExtraError("An oauth1 connection", "oauth") from None
    method = _OAUTH1.get(str(block.get("signatureMethod") or "hmac-sha1").lower())
    if method is None:
        raise _unusable(f"auth.oauth.oauth1.signatureMethod must be one of {', '.join(_OAUTH1)}")
    signer = OAuth1(
        client_key=str(block.get("consumerKey") or ""),
        client_secret=block.get("consumerSecret"),
        resource_owner_key=block.get("accessToken"),
        resource_owner_secret=block.get("tokenSecret"),
        rsa_key=block.get("consumerPrivateKey"),
        signature_method=method,
        realm=block.get("realm"),
    )
    signing: Callable[[requests.PreparedRequest], requests.PreparedRequest] = signer
    return signing


def wsse_header(username: str, password: str, now: datetime) -> str:
    """Return the ``X-WSSE`` header of a UsernameToken: the digest of nonce, time and password."""
    nonce = secrets.token_bytes(16)
    created = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    # The profile fixes SHA-1.
    digest = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
    quoted = base64.b64encode(digest).decode(), base64.b64encode(nonce).decode()
    return (
        f'UsernameToken Username="{username}", PasswordDigest="{quoted[0]}", Nonce="{quoted[1]}", Created="{created}"'
    )


class Digest:
    """The last digest challenge of one server and how often its nonce was used; no password is kept."""

    def __init__(self) -> None:
        self._challenge: dict[str, str] | None = None
        self._nonce = ""
        self._count = 0
        self._lock = threading.Lock()

    def take(self, header: str) -> bool:
        """Remember a ``WWW-Authenticate`` header; False when it is no digest challenge."""
        kind, _, rest = header.strip().partition(" ")
        if kind.lower() != "digest":
            return False
        with self._lock:
            self._challenge = parse_dict_header(rest)  # type: ignore[no-untyped-call]
        return True

    def header(self, username: str, password: str, method: str, url: str) -> str | None:
        """Return the Authorization header, or None before the first challenge."""
        with self._lock:
            if self._challenge is None:
                return None
            auth: Any = HTTPDigestAuth(username, password)
            auth.init_per_thread_state()
            # The class keeps its count in a place of its own thread; here it is one for all.
            state = auth._thread_local
            state.chal, state.last_nonce, state.nonce_count = self._challenge, self._nonce, self._count
            header: str | None = auth.build_digest_header(method, url)
            self._nonce, self._count = state.last_nonce, state.nonce_count
        return header


def _unusable(message: str) -> SourceFailure:
    return SourceFailure(f"{message}.", code="invalid_credentials")
