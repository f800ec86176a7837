"""Legacy ``rest`` documents in the form of ``http`` ones: the only module that knows the old names.

A connection keeps its ``rest`` block beside the new one: ``{{connection.rest.x}}`` in templates still finds it.
Facts: integrator-api.md, sections 3.4 (legacy fields), 4.2 (paging) and 6.2. The names of ``rest`` paging methods and
of the OAuth fields beyond the documented sample are Assumed from the new form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["http_connection", "http_export", "http_import", "stored_path"]

Document = dict[str, Any]

_AUTH_TYPES = {"oauth": "oauth", "jwt": "jwtbearer"}

_SHARED = (
    "baseURI",
    "mediaType",
    "headers",
    "encrypted",
    "unencrypted",
    "encryptedFields",
    "unencryptedFields",
    "concurrencyLevel",
    "targetConcurrencyLevel",
    "disableStrictSSL",
    "retryHeader",
    "_iClientId",
)

_TOKEN = {
    "bearerToken": "token",
    "refreshToken": "refreshToken",
    "tokenLocation": "location",
    "tokenParam": "paramName",
    "authHeader": "headerName",
    "authScheme": "scheme",
    "refreshTokenMethod": "refreshMethod",
    "refreshTokenURI": "refreshRelativeURI",
    "refreshTokenBody": "refreshBody",
    "refreshTokenMediaType": "refreshMediaType",
    "refreshTokenHeaders": "refreshHeaders",
    "refreshTokenPath": "refreshTokenPath",
    "tokenExpiresAt": "expiresAt",
}

_OAUTH = {"authURI": "authURI", "oauthTokenURI": "tokenURI", "scope": "scope", "scopeDelimiter": "scopeDelimiter"}

_PING = {
    "pingRelativeURI": "relativeURI",
    "pingMethod": "method",
    "pingBody": "body",
    "pingSuccessPath": "successPath",
    "pingSuccessValues": "successValues",
    "pingFailurePath": "failPath",
    "pingFailureValues": "failValues",
}

_PAGING_METHODS = {
    "nextpageurl": "url",
    "linkheader": "linkheader",
    "relativeuri": "relativeuri",
    "pageargument": "page",
    "skipargument": "skip",
    "token": "token",
    "postbody": "body",
    "body": "body",
}

_PAGING = {
    "nextPagePath": "path",
    "nextPageRelativeURI": "relativeURI",
    "pagingPostBody": "body",
    "linkHeaderRelation": "linkHeaderRelation",
    "lastPageStatusCode": "lastPageStatusCode",
    "lastPagePath": "lastPagePath",
    "maxPagePath": "maxPagePath",
    "maxCountPath": "maxCountPath",
}

_WRITTEN = {f"http.auth.token.{new}": f"rest.{old}" for old, new in _TOKEN.items()}


def http_connection(doc: Mapping[str, Any]) -> Document:
    """Return a connection document that has an ``http`` block; an ``http`` one comes back as a shallow copy."""
    if isinstance(doc.get("http"), dict) or not isinstance(doc.get("rest"), dict):
        return {"http": {}, **doc}
    rest = doc["rest"]
    http = {name: rest[name] for name in _SHARED if name in rest}
    kind = str(rest.get("authType") or "custom")
    auth: Document = {"type": _AUTH_TYPES.get(kind, kind)}
    for name in ("authFailureStatusCode", "authFailurePath", "authFailureValues"):
        if name in rest:
            auth[{"S": "failStatusCode", "P": "failPath", "V": "failValues"}[name[len("authFailure")]]] = rest[name]
    if isinstance(rest.get("basicAuth"), dict):
        auth["basic"] = dict(rest["basicAuth"])
    if isinstance(rest.get("cookieAuth"), dict):
        auth["cookie"] = dict(rest["cookieAuth"])
    auth["token"] = {"location": "header", **_renamed(rest, _TOKEN)}
    inner = rest["oauth"] if isinstance(rest.get("oauth"), dict) else {}
    if kind == "oauth":
        auth["oauth"] = {"grantType": "authorizecode", **inner, **_renamed(rest, _OAUTH)}
    http["auth"] = auth
    ping = _renamed(rest, _PING)
    if ping:
        http["ping"] = ping
    return {**doc, "http": http}


def stored_path(doc: Mapping[str, Any], path: str) -> str:
    """Return where a value of the ``http`` form is stored in this document."""
    is_legacy = isinstance(doc.get("rest"), dict) and not isinstance(doc.get("http"), dict)
    return _WRITTEN.get(path, path) if is_legacy else path


def http_export(doc: Mapping[str, Any]) -> Document:
    """Return the ``http`` block of an export document."""
    if isinstance(doc.get("http"), dict):
        return dict(doc["http"])
    rest = doc.get("rest")
    if not isinstance(rest, dict):
        return {}
    http = {name: rest[name] for name in ("method", "relativeURI", "headers", "body") if name in rest}
    if "postBody" in rest:
        http["body"] = rest["postBody"]
    names = ("resourcePath", "successPath", "successValues", "failPath", "failValues", "errorPath")
    http["response"] = {name: rest[name] for name in (*names, "allowArrayforSuccessPath") if name in rest}
    if isinstance(rest.get("once"), dict):
        once = rest["once"]
        http["once"] = {**once, "body": once.get("body", once.get("postBody"))}
    if rest.get("pagingMethod"):
        http["paging"] = _paging(rest, http)
    return http


def _paging(rest: Mapping[str, Any], http: Document) -> Document:
    named = str(rest["pagingMethod"])
    paging = {"method": _PAGING_METHODS.get(named.lower(), named), **_renamed(rest, _PAGING)}
    values = rest.get("lastPageValues", rest.get("lastPageValue"))
    if values is not None:
        paging["lastPageValues"] = values if isinstance(values, list) else [values]
    for argument, member in (("pageArgument", "page"), ("skipArgument", "skip")):
        if rest.get(argument) and paging["method"] == member:
            uri, start = _without_argument(str(http.get("relativeURI") or ""), str(rest[argument]))
            mark = "&" if "?" in uri else "?"
            http["relativeURI"] = f"{uri}{mark}{rest[argument]}={{{{export.http.paging.{member}}}}}"
            paging[member] = start
    return paging


def _without_argument(uri: str, name: str) -> tuple[str, int]:
    """Take one query argument out of a URI template; its number is where the count starts."""
    path, mark, query = uri.partition("?")
    parts = query.split("&") if query else []
    kept = [part for part in parts if part.partition("=")[0] != name]
    given = next((part.partition("=")[2] for part in parts if part.partition("=")[0] == name), "")
    # Assumed: without a number in the URI the count starts at 0, as it does in the new form.
    return path + (mark + "&".join(kept) if kept else ""), int(given) if given.isdigit() else 0


def http_import(doc: Mapping[str, Any]) -> Document:
    """Return the ``http`` block of an import document."""
    if isinstance(doc.get("http"), dict):
        return dict(doc["http"])
    rest = doc.get("rest")
    if not isinstance(rest, dict):
        return {}
    http = {name: value for name, value in rest.items() if name not in _IMPORT_RESPONSE}
    http["response"] = {new: rest[old] for old, new in _IMPORT_RESPONSE.items() if old in rest}
    return http


_IMPORT_RESPONSE = {
    "responseIdPath": "resourceIdPath",
    "resourceIdPath": "resourceIdPath",
    "resourcePath": "resourcePath",
    "successPath": "successPath",
    "successValues": "successValues",
    "failPath": "failPath",
    "failValues": "failValues",
    "errorPath": "errorPath",
}


def _renamed(source: Mapping[str, Any], names: Mapping[str, str]) -> Document:
    return {new: source[old] for old, new in names.items() if source.get(old) is not None}
