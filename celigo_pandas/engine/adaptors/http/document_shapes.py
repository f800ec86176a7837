"""Whether the members of a document have the types that the code reads, checked before anything is sent.

What a value says is checked where it is used; here only objects, lists, texts and numbers are told apart.
"""

from __future__ import annotations

from collections.abc import Mapping

from celigo_pandas.documents.members import (
    NUMBER_OR_TEXT,
    OBJECT,
    OBJECTS,
    TEXT,
    TEXT_OR_TEXTS,
    TEXTS,
    Shape,
    missing,
    shape_problems,
)
from celigo_pandas.engine.adaptors.protocol import SourceFailure

__all__ = ["CONNECTION", "EXPORT", "IMPORT", "check_shapes"]

_RULES = {
    "response": OBJECT,
    "response.errorPath": TEXT,
}

CONNECTION: Mapping[str, Shape] = {
    "baseURI": TEXT,
    "mediaType": TEXT,
    "successMediaType": TEXT,
    "errorMediaType": TEXT,
    "headers": OBJECTS,
    "retryHeader": TEXT,
    "rateLimit": OBJECT,
    "ping": OBJECT,
    "ping.body": TEXT,
    "clientCertificates": OBJECT,
    "auth": OBJECT,
    "auth.type": TEXT,
    "auth.basic": OBJECT,
    "auth.token": OBJECT,
    "auth.token.refreshHeaders": OBJECTS,
    "auth.token.tokenPaths": TEXTS,
    "auth.cookie": OBJECT,
    "auth.jwt": OBJECT,
    "auth.oauth": OBJECT,
    "auth.oauth.accessTokenHeaders": OBJECTS,
    "auth.oauth.oauth1": OBJECT,
}

EXPORT: Mapping[str, Shape] = {
    **_RULES,
    "method": TEXT,
    "relativeURI": TEXT,
    "body": TEXT,
    "headers": OBJECTS,
    "requestMediaType": TEXT,
    "successMediaType": TEXT,
    "errorMediaType": TEXT,
    "response.resourcePath": TEXT,
    "response.successPath": TEXT,
    "response.failPath": TEXT,
    "paging": OBJECT,
    "paging.method": TEXT,
    "paging.path": TEXT,
    "paging.relativeURI": TEXT,
    "paging.body": TEXT,
    "paging.page": NUMBER_OR_TEXT,
    "paging.skip": NUMBER_OR_TEXT,
    "paging.lastPagePath": TEXT,
    "paging.resourcePath": TEXT,
    "once": OBJECT,
    "once.relativeURI": TEXT,
    "once.body": TEXT,
}

IMPORT: Mapping[str, Shape] = {
    **_RULES,
    "method": TEXT_OR_TEXTS,
    "relativeURI": TEXT_OR_TEXTS,
    "body": TEXT_OR_TEXTS,
    "requestType": TEXT_OR_TEXTS,
    "headers": OBJECTS,
    "lookups": OBJECTS,
    "requestMediaType": TEXT,
    "successMediaType": TEXT,
    "errorMediaType": TEXT,
    "existingExtract": TEXT,
    "existingLookupName": TEXT,
    "ignoreExtract": TEXT,
    "ignoreLookupName": TEXT,
    "response.resourcePath": TEXT_OR_TEXTS,
    "response.resourceIdPath": TEXT_OR_TEXTS,
    "response.successPath": TEXT_OR_TEXTS,
    "response.failPath": TEXT_OR_TEXTS,
}


def check_shapes(http: object, table: Mapping[str, Shape]) -> None:
    """Check an ``http`` block; null stands for an absent member everywhere.

    Raises
    ------
    SourceFailure
        A member has another type; ``field`` names it.
    """
    whole = [missing("http")] if http is None else shape_problems({"http": http}, {"http": OBJECT})
    for problem in (*whole, *shape_problems(http if isinstance(http, dict) else {}, table, "http")):
        raise SourceFailure(problem.message, code=problem.code, field=problem.field)
