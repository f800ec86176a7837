"""Whether the members of a document have the types that the code reads, checked before anything is sent.

What a value says is checked where it is used; here only objects, lists, texts and numbers are told apart.
"""

from __future__ import annotations

from collections.abc import Mapping

from celigo_pandas.documents.dotted import find_member
from celigo_pandas.engine.adaptors.protocol import SourceFailure

__all__ = ["CONNECTION", "EXPORT", "IMPORT", "check_shapes"]

_OBJECT = (dict,)
_LIST = (list,)
_TEXT = (str,)
_ALIGNED = (str, list)
_WHOLE = (int, str)

_RULES = {
    "response": _OBJECT,
    "response.errorPath": _TEXT,
}

CONNECTION: Mapping[str, tuple[type, ...]] = {
    "baseURI": _TEXT,
    "mediaType": _TEXT,
    "successMediaType": _TEXT,
    "errorMediaType": _TEXT,
    "headers": _LIST,
    "retryHeader": _TEXT,
    "rateLimit": _OBJECT,
    "ping": _OBJECT,
    "ping.body": _TEXT,
    "clientCertificates": _OBJECT,
    "auth": _OBJECT,
    "auth.type": _TEXT,
    "auth.basic": _OBJECT,
    "auth.token": _OBJECT,
    "auth.token.refreshHeaders": _LIST,
    "auth.token.tokenPaths": _LIST,
    "auth.cookie": _OBJECT,
    "auth.jwt": _OBJECT,
    "auth.oauth": _OBJECT,
    "auth.oauth.accessTokenHeaders": _LIST,
    "auth.oauth.oauth1": _OBJECT,
}

EXPORT: Mapping[str, tuple[type, ...]] = {
    **_RULES,
    "method": _TEXT,
    "relativeURI": _TEXT,
    "body": _TEXT,
    "headers": _LIST,
    "requestMediaType": _TEXT,
    "successMediaType": _TEXT,
    "errorMediaType": _TEXT,
    "response.resourcePath": _TEXT,
    "response.successPath": _TEXT,
    "response.failPath": _TEXT,
    "paging": _OBJECT,
    "paging.method": _TEXT,
    "paging.path": _TEXT,
    "paging.relativeURI": _TEXT,
    "paging.body": _TEXT,
    "paging.page": _WHOLE,
    "paging.skip": _WHOLE,
    "paging.lastPagePath": _TEXT,
    "paging.resourcePath": _TEXT,
    "once": _OBJECT,
    "once.relativeURI": _TEXT,
    "once.body": _TEXT,
}

IMPORT: Mapping[str, tuple[type, ...]] = {
    **_RULES,
    "method": _ALIGNED,
    "relativeURI": _ALIGNED,
    "body": _ALIGNED,
    "requestType": _ALIGNED,
    "headers": _LIST,
    "lookups": _LIST,
    "requestMediaType": _TEXT,
    "successMediaType": _TEXT,
    "errorMediaType": _TEXT,
    "existingExtract": _TEXT,
    "existingLookupName": _TEXT,
    "ignoreExtract": _TEXT,
    "ignoreLookupName": _TEXT,
    "response.resourcePath": _ALIGNED,
    "response.resourceIdPath": _ALIGNED,
    "response.successPath": _ALIGNED,
    "response.failPath": _ALIGNED,
}

_NAMES = {dict: "an object", list: "a list", str: "a text", int: "a number"}


def check_shapes(http: object, table: Mapping[str, tuple[type, ...]]) -> None:
    """Check an ``http`` block; null stands for an absent member everywhere.

    Raises
    ------
    SourceFailure
        A member has another type; ``field`` names it.
    """
    if not isinstance(http, dict):
        raise _wrong("http", http, _OBJECT)
    for path, allowed in table.items():
        value = find_member(http, path)
        if value is None:
            continue
        if not isinstance(value, allowed) or isinstance(value, bool):
            raise _wrong(f"http.{path}", value, allowed)
        if isinstance(value, list):
            inner = _OBJECT if path.endswith(("headers", "Headers", "lookups")) else (str, type(None))
            for element in value:
                if not isinstance(element, inner):
                    raise _wrong(f"http.{path}", element, inner)


def _wrong(field: str, value: object, allowed: tuple[type, ...]) -> SourceFailure:
    expected = " or ".join(_NAMES[kind] for kind in allowed if kind in _NAMES)
    return SourceFailure(
        f"{field} holds {type(value).__name__}; expected {expected}.", code="invalid_field", field=field
    )
