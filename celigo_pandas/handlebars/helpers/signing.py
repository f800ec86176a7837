"""``aws4``: the signature of a request to AWS. It exists only while a request is made, because it signs that request.

The request comes in the context, as ``hmacOptions`` or ``hashOptions``: ``method``, ``URI`` (or ``baseURI`` and
``relativeURI``), ``headers`` and ``body``.

Source: the vendor's helper reference, "Auth"; AWS, "Create a signed AWS API request" (Signature Version 4).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timezone
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from celigo_pandas.handlebars.helpers.encodings import utf8
from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.handlebars.rendering import Refusal, Run, member
from celigo_pandas.javascript.values import to_text

__all__ = ["HELPERS"]

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SAFE: Final = "-_.~"


def _request(run: Run) -> dict[str, Any]:
    for name in ("hmacOptions", "hashOptions"):
        request = member(run.root, name)
        if isinstance(request, dict):
            return request
    raise Refusal("it needs the request that is being sent", "It works only in the templates of a request's headers.")


def _aws4(run: Run, key: object, secret: object, token: object, region: object, service: object) -> str:
    # Assumed: the helper gives the value of the Authorization header; no page shows its result.
    request = _request(run)
    url = to_text(request.get("URI") or to_text(request.get("baseURI")) + to_text(request.get("relativeURI")))
    headers = {str(name).lower(): " ".join(to_text(value).split()) for name, value in _headers(request).items()}
    stamp = headers.get("x-amz-date") or run.now().astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers["x-amz-date"] = stamp
    headers.setdefault("host", _host(url))
    if to_text(token):
        headers["x-amz-security-token"] = to_text(token)
    names = sorted(name for name in headers if name in ("host", "content-type") or name.startswith("x-amz-"))
    scope = f"{stamp[:8]}/{to_text(region)}/{to_text(service)}/aws4_request"
    body = utf8(to_text(request.get("body")))
    parts = [to_text(request.get("method")).upper() or "GET", *_location(url)]
    parts += [*(f"{name}:{headers[name]}" for name in names), "", ";".join(names), hashlib.sha256(body).hexdigest()]
    digest = hashlib.sha256(utf8("\n".join(parts))).hexdigest()
    signing_key = utf8("AWS4" + to_text(secret))
    for piece in scope.split("/"):
        signing_key = hmac.new(signing_key, utf8(piece), "sha256").digest()
    signature = hmac.new(signing_key, utf8("\n".join([_ALGORITHM, stamp, scope, digest])), "sha256").hexdigest()
    credential = f"{to_text(key)}/{scope}"
    return f"{_ALGORITHM} Credential={credential}, SignedHeaders={';'.join(names)}, Signature={signature}"


def _headers(request: dict[str, Any]) -> dict[str, Any]:
    headers = request.get("headers")
    return headers if isinstance(headers, dict) else {}


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        raise Refusal("the URL of the request cannot be read") from None


def _location(url: str) -> tuple[str, str]:
    """Give the canonical path and query."""
    split = urlsplit(url)
    pairs = sorted((quote(name, safe=_SAFE, errors="replace"), quote(value, safe=_SAFE, errors="replace"))
                   for name, value in parse_qsl(split.query, keep_blank_values=True))  # fmt: skip
    path = quote(split.path or "/", safe=_SAFE + "/%", errors="replace")
    return path, "&".join(f"{name}={value}" for name, value in pairs)


HELPERS: Final = (Helper("aws4", _aws4, 5, 5, with_run=True, reads_root=True),)
