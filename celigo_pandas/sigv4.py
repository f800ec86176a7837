"""Signature Version 4: how a request to AWS says who sends it.

Pure: the parts of a request go in, the value of its ``Authorization`` header comes out. The template helper ``aws4``
and the adaptors of AWS services both sign with it.

Source: AWS, "Create a signed AWS API request" (Signature Version 4).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

__all__ = ["Keys", "Scope", "authorization", "canonical_path", "encoded_path", "encoded_query", "host_of"]

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_PLAIN: Final = "-_.~"
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Keys:
    """Whose request it is; ``token`` belongs to keys that were lent for a time."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where and when a signature counts: ``stamp`` is the time as ``x-amz-date`` has it."""

    region: str
    service: str
    stamp: str

    @property
    def text(self) -> str:
        """The scope as a credential names it."""
        return f"{self.stamp[:8]}/{self.region}/{self.service}/aws4_request"


def authorization(
    method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str, keys: Keys, scope: Scope
) -> str:
    """Return the value of the header ``Authorization``.

    Parameters
    ----------
    method : str
    path, query : str
        Canonical: as :func:`canonical_path` and :func:`encoded_query` write them.
    headers : mapping
        Those that are signed, ``host`` and ``x-amz-date`` among them; names in any case.
    payload_hash : str
        SHA-256 of the body in hexadecimal, or ``UNSIGNED-PAYLOAD``.
    keys : Keys
    scope : Scope

    Examples
    --------
    >>> from celigo_pandas.sigv4 import Keys, Scope, authorization
    >>> scope = Scope("us-east-1", "service", "20150830T123600Z")
    >>> headers = {"host": "example.amazonaws.com", "x-amz-date": scope.stamp}
    >>> keys = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    >>> nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    >>> authorization("GET", "/", "", headers, nothing, keys, scope)[-64:]
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'
    """
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = ";".join(sorted(signed))
    lines = [method.upper(), path, query, *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names]
    digest = hashlib.sha256(_utf8("\n".join([*lines, payload_hash]))).hexdigest()
    text = "\n".join([_ALGORITHM, scope.stamp, scope.text, digest])
    signature = hmac.new(_signing_key(keys.secret, scope), _utf8(text), "sha256").hexdigest()
    return f"{_ALGORITHM} Credential={keys.access_key_id}/{scope.text}, SignedHeaders={names}, Signature={signature}"


def _signing_key(secret: str, scope: Scope) -> bytes:
    key = _utf8("AWS4" + secret)
    for part in scope.text.split("/"):
        key = hmac.new(key, _utf8(part), "sha256").digest()
    return key


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def encoded_path(path: str) -> str:
    """Percent-encode a path once, slashes kept and nothing else: an object's key is no place to resolve dots in."""
    return quote(path, safe=_PLAIN + "/", errors="replace")


def canonical_path(path: str, service: str) -> str:
    """Return the path of a URL as it is signed: S3 takes it as it was sent, others resolve it and encode it again."""
    if service == "s3":
        return path or "/"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part and part != ".":
            parts.append(part)
    resolved = "/" + "/".join(parts) + ("/" if path.endswith("/") and parts else "")
    return quote(resolved, safe="/~", errors="replace")


def encoded_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a query string, percent-encoded and sorted: in this form it is both sent and signed."""
    encoded = ((quote(name, safe=_PLAIN, errors="replace"), quote(value, safe=_PLAIN, errors="replace"))
               for name, value in pairs)  # fmt: skip
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def host_of(url: str) -> str:
    """Return the header ``host`` of a URL: no user, no port that goes without saying.

    Raises
    ------
    ValueError
        The URL cannot be read.
    """
    split = urlsplit(url)
    host = split.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if split.port in (None, _PORTS.get(split.scheme)) else f"{host}:{split.port}"
