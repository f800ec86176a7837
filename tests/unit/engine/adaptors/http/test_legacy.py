"""Legacy ``rest`` documents in the ``http`` form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from celigo_pandas.engine.adaptors.http.legacy import http_connection, http_export, http_import, stored_path

CASES = Path(__file__).parents[4] / "cases" / "wire.jsonl"


def documented(id: str) -> dict[str, Any]:
    rows = [json.loads(line) for line in CASES.read_text().splitlines() if line.strip()]
    return next(row for row in rows if row["id"] == id)


def test_documented_slack_connection_becomes_a_token_connection() -> None:
    doc = documented("get-connection")["response"]

    http = http_connection(doc)["http"]

    assert http["baseURI"] == "https://slack.com/api"
    assert http["mediaType"] == "urlencoded"
    assert http["auth"] == {"type": "token", "token": {"token": "******", "location": "url", "paramName": "token"}}
    assert http["ping"] == {"relativeURI": "api.test"}
    assert http_connection(doc)["rest"] == doc["rest"]


def test_documented_heartbeat_import_becomes_an_http_import() -> None:
    doc = documented("import-heartbeat")["request"]["import"]

    assert http_import(doc) == {"relativeURI": ["/system/v1/heartbeat"], "method": ["PUT"], "response": {}}


def test_http_documents_are_left_alone() -> None:
    doc = {"type": "http", "http": {"baseURI": "x"}}

    assert http_connection(doc) == doc
    assert http_export({"http": {"method": "GET"}}) == {"method": "GET"}
    assert stored_path(doc, "http.auth.token.token") == "http.auth.token.token"


def test_tokens_of_a_legacy_connection_are_stored_in_its_own_fields() -> None:
    doc = {"type": "rest", "rest": {"bearerToken": "t"}}

    assert stored_path(doc, "http.auth.token.token") == "rest.bearerToken"
    assert stored_path(doc, "http.auth.token.refreshToken") == "rest.refreshToken"
    stored = {"type": "rest", "rest": {"tokenExpiresAt": "2026-01-01T00:00:00+00:00"}}
    assert stored_path(doc, "http.auth.token.expiresAt") == "rest.tokenExpiresAt"
    assert http_connection(stored)["http"]["auth"]["token"]["expiresAt"] == "2026-01-01T00:00:00+00:00"


def test_legacy_auth_kinds_keep_their_blocks() -> None:
    rest = {
        "authType": "oauth",
        "authURI": "https://x/auth",
        "oauthTokenURI": "https://x/token",
        "scope": ["a"],
        "authFailureStatusCode": 498,
        "authFailurePath": "code",
        "authFailureValues": ["expired"],
        "oauth": {"clientId": "c", "grantType": "clientcredentials"},
        "basicAuth": {"username": "u"},
        "cookieAuth": {"uri": "/login"},
    }

    auth = http_connection({"type": "rest", "rest": rest})["http"]["auth"]

    assert auth["oauth"] == {
        "grantType": "clientcredentials",
        "clientId": "c",
        "authURI": "https://x/auth",
        "tokenURI": "https://x/token",
        "scope": ["a"],
    }
    assert (auth["failStatusCode"], auth["failPath"], auth["failValues"]) == (498, "code", ["expired"])
    assert (auth["basic"], auth["cookie"]) == ({"username": "u"}, {"uri": "/login"})


def test_legacy_paging_names_are_translated() -> None:
    paging = http_export(
        {
            "rest": {
                "relativeURI": "/a",
                "pagingMethod": "nextpageurl",
                "nextPagePath": "meta.next",
                "lastPageStatusCode": 410,
                "lastPagePath": "done",
                "lastPageValue": "true",
            }
        }
    )["paging"]
    skip = http_export({"rest": {"relativeURI": "/a?x=1", "pagingMethod": "skipargument", "skipArgument": "offset"}})

    assert paging == {
        "method": "url",
        "path": "meta.next",
        "lastPageStatusCode": 410,
        "lastPagePath": "done",
        "lastPageValues": ["true"],
    }
    assert skip["relativeURI"] == "/a?x=1&offset={{export.http.paging.skip}}"
    assert skip["paging"] == {"method": "skip", "skip": 0}
