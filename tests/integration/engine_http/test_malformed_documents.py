"""Documents with one member of any JSON value: a failure that is said, or an outcome; never another exception."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, Server, answer_json, serve

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.errors import TemplateError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["{{", "{{#if}}", "{{record.a}}", "a[", "//x", "$", "/", "\r\n", "http://"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip

CONNECTION = connection(
    "http://set.below",
    {
        "type": "token",
        "failStatusCode": 401,
        "failPath": "bad",
        "failValues": ["x"],
        "basic": {"username": "u", "password": "pass-word"},
        "token": {"token": "tok-1234", "location": "header", "headerName": "Authorization", "scheme": "Bearer"},
        "cookie": {"uri": "/in", "method": "POST"},
        "jwt": {"signatureMethod": "hmac-sha256", "payload": '{"a": 1}', "secret": "s" * 40},
        "oauth": {"grantType": "clientcredentials", "tokenURI": "/t", "scope": ["a"], "oauth1": {"consumerKey": "k"}},
    },
    headers=[{"name": "X-A", "value": "{{connection.name}}"}],
    rateLimit={"failStatusCode": 429, "failPath": "busy", "failValues": ["y"], "limit": 0},
    ping={"relativeURI": "/", "method": "GET", "successPath": "ok", "successValues": ["true"]},
    concurrencyLevel=5,
    disableStrictSSL=False,
)

EXPORT: dict[str, Any] = {
    "http": {
        "method": "GET",
        "relativeURI": "/?p={{export.http.paging.page}}",
        "headers": [{"name": "X-B", "value": "b"}],
        "body": "",
        "successMediaType": "json",
        "response": {
            "resourcePath": "rows",
            "successPath": "ok",
            "successValues": ["true"],
            "twoDArray": {"hasHeader": True},
        },
        "paging": {
            "method": "page",
            "page": 0,
            "path": "next",
            "maxPagePath": "pages",
            "lastPagePath": "last",
            "lastPageValues": ["true"],
            "resourcePath": "rows",
        },
        "once": {"relativeURI": "/done", "method": "PUT"},
    },
}

IMPORT: dict[str, Any] = {
    "ignoreExisting": True,
    "lookups": [{"name": "l", "relativeURI": "/l", "extract": "rows"}],
    "http": {
        "method": ["POST", "PUT"],
        "relativeURI": ["/a", "/b/{{record.id}}"],
        "body": ["", '{"a": 1}'],
        "requestType": ["CREATE", "UPDATE"],
        "existingExtract": "id",
        "ignoreExtract": "skip",
        "batchSize": 1,
        "headers": [{"name": "X-C", "value": "{{record.id}}"}],
        "response": {
            "resourcePath": ["rows"],
            "resourceIdPath": ["id"],
            "successPath": ["ok"],
            "successValues": [["true"]],
            "errorPath": "why",
        },
    },
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def changed(doc: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(doc)
    here: Any = made
    for name in path[:-1]:
        here = here[name]
    here[path[-1]] = value
    return made


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    def answer(asked: Asked) -> Answer:
        return answer_json({"ok": True, "rows": [["id"], [1]], "pages": 1, "id": 5})

    with serve(answer) as found:
        yield found


def attempt(server: Server, connection_doc: Any, export_doc: Any, import_doc: Any) -> None:
    connection_doc = copy.deepcopy(connection_doc)
    http = connection_doc["http"]
    if isinstance(http, dict) and http.get("baseURI") == CONNECTION["http"]["baseURI"]:
        http["baseURI"] = server.url
    with Bench(connection_doc, time_s=3) as bench:
        assert isinstance(bench.ping().code, int)
        # The executor answers these two with a 422; anything else would be a 500.
        with contextlib.suppress(SourceFailure, TemplateError):
            bench.chunks(export_doc)
        outcomes = []
        with contextlib.suppress(SourceFailure):
            outcomes = bench.push(import_doc, [{"id": 1, "skip": ""}, {"id": None}])
        assert len(outcomes) in (0, 2)
        # 502: whether it was stored is not known, where an answer does not fit its batch.
        assert all(outcome["statusCode"] in (200, 403, 422, 502) for outcome in outcomes)
        json.dumps(outcomes)


SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SETTINGS
@given(path=st.sampled_from([p for p in places(CONNECTION) if p[0] == "http"]), value=JSON)
@example(path=("http", "auth", "type"), value="oauth1")
@example(path=("http", "auth", "type"), value="cookie")
@example(path=("http", "auth", "type"), value="jwtbearer")
@example(path=("http", "headers"), value=[None])
def test_connection_with_any_value_anywhere(server: Server, path: tuple[Any, ...], value: Any) -> None:
    attempt(server, changed(CONNECTION, path, value), EXPORT, IMPORT)


@SETTINGS
@given(path=st.sampled_from(list(places(EXPORT))), value=JSON)
def test_export_with_any_value_anywhere(server: Server, path: tuple[Any, ...], value: Any) -> None:
    attempt(server, CONNECTION, changed(EXPORT, path, value), IMPORT)


@SETTINGS
@given(path=st.sampled_from(list(places(IMPORT))), value=JSON)
@example(path=("http", "body"), value=[None, "{{"])
@example(path=("http", "batchSize"), value=2)
@example(path=("lookups",), value=1)
@example(path=("lookups",), value=[None])
def test_import_with_any_value_anywhere(server: Server, path: tuple[Any, ...], value: Any) -> None:
    attempt(server, CONNECTION, EXPORT, changed(IMPORT, path, value))
