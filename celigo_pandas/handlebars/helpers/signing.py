"""``aws4``: the signature of a request to AWS. It exists only while a request is made, because it signs that request.

The request comes in the context, as ``hmacOptions`` or ``hashOptions``: ``method``, ``URI`` (or ``baseURI`` and
``relativeURI``), ``headers`` and ``body``.

Source: the vendor's helper reference, "Auth".
"""

from __future__ import annotations

import hashlib
from datetime import timezone
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from celigo_pandas.handlebars.helpers.encodings import utf8
from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.handlebars.rendering import Refusal, Run, member
from celigo_pandas.javascript.values import to_text
from celigo_pandas.sigv4 import Keys, Scope, authorization, canonical_path, encoded_query, host_of

__all__ = ["HELPERS"]

_SIGNED: Final = frozenset({"host", "content-type", "content-md5"})


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
    signed = {name: value for name, value in headers.items() if name in _SIGNED or name.startswith("x-amz-")}
    digest = headers.get("x-amz-content-sha256") or hashlib.sha256(utf8(to_text(request.get("body")))).hexdigest()
    scope = Scope(to_text(region), to_text(service), stamp)
    keys = Keys(to_text(key), to_text(secret))
    method = to_text(request.get("method")).upper() or "GET"
    return authorization(method, *_location(url, scope.service), signed, digest, keys, scope)


def _headers(request: dict[str, Any]) -> dict[str, Any]:
    headers = request.get("headers")
    return headers if isinstance(headers, dict) else {}


def _host(url: str) -> str:
    try:
        return host_of(url)
    except ValueError:
        raise Refusal("the URL of the request cannot be read") from None


def _location(url: str, service: str) -> tuple[str, str]:
    """Give the canonical path and query."""
    split = urlsplit(url)
    # What a template wrote may not be encoded yet, as it will be when it is sent.
    path = quote(split.path, safe="-_.~/%", errors="replace")
    return canonical_path(path, service), encoded_query(parse_qsl(split.query, keep_blank_values=True))


HELPERS: Final = (Helper("aws4", _aws4, 5, 5, with_run=True, reads_root=True),)
