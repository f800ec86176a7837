"""A URL that leads to another origin gets no credential, no connection header and no secret of a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, Server, answer_json, serve

from celigo_pandas.engine.adaptors.protocol import SourceFailure

SECRETS = ("tok-1234-5678", "hidden-key-99", "pass-word-77", "tenant-77", "abc-session")

AUTHS: dict[str, dict[str, Any]] = {
    "header": {"type": "token", "token": {"token": "tok-1234-5678", "location": "header"}},
    "url": {"type": "token", "token": {"token": "tok-1234-5678", "location": "url", "paramName": "key"}},
    "basic": {"type": "basic", "basic": {"username": "amelia", "password": "pass-word-77"}},
    "cookie": {"type": "cookie", "cookie": {"uri": "/login", "method": "POST"}},
}


@pytest.fixture
def other() -> Iterator[Server]:
    def answer(asked: Asked) -> Answer:
        # It asks for credentials too: a challenge of a stranger must not be answered.
        if asked.query.get("challenge"):
            return 401, {"WWW-Authenticate": 'Basic realm="give"', "Content-Type": "text/plain"}, b"who are you"
        return answer_json({"items": [{"id": 2}], "id": 7})

    with serve(answer) as found:
        yield found


@pytest.fixture
def own(other: Server) -> Iterator[Server]:
    """The connection's own server: each path leads to the other one in its own way."""

    def answer(asked: Asked) -> Answer:
        away = f"{other.url}/away"
        if asked.path == "/login":
            return 200, {"Set-Cookie": "session=abc-session; Path=/"}, b"in"
        if asked.path == "/next-url":
            return answer_json({"items": [{"id": 1}], "next": away})
        if asked.path == "/link":
            return answer_json({"items": [{"id": 1}]}, 200, {"Link": f'<{away}>; rel="next"'})
        if asked.path in ("/302", "/307"):
            return int(asked.path[1:]), {"Location": away}, b""
        if asked.path == "/challenged":
            return 302, {"Location": away + "?challenge=1"}, b""
        return answer_json({"items": [{"id": 1}]})

    with serve(answer) as found:
        yield found


def doc(own: Server, kind: str) -> dict[str, Any]:
    return connection(
        own.url,
        AUTHS[kind],
        headers=[{"name": "X-Tenant", "value": "tenant-77"}],
        encrypted={"key": "hidden-key-99"},
    )


def export(
    uri: str, method: str = "GET", body: str | None = None, paging: dict[str, Any] | None = None
) -> dict[str, Any]:
    http: dict[str, Any] = {"method": method, "relativeURI": uri, "response": {"resourcePath": "items"}}
    http["headers"] = [{"name": "X-Key", "value": "k {{{connection.http.encrypted.key}}}"}]
    if body:
        http["body"] = body
    return {"http": {**http, "paging": paging} if paging else http}


WAYS: dict[str, Callable[[Server], dict[str, Any]]] = {
    "next_url": lambda other: export("/next-url", paging={"method": "url", "path": "next"}),
    "link": lambda other: export("/link", paging={"method": "linkheader"}),
    "redirect_302": lambda other: export("/302"),
    "redirect_307_with_body": lambda other: export(
        "/307", method="POST", body='{"key": "{{{connection.http.encrypted.key}}}"}'
    ),
    "absolute_uri": lambda other: export(other.url + "/away?k={{{connection.http.encrypted.key}}}"),
}


@pytest.mark.parametrize("kind", AUTHS)
@pytest.mark.parametrize("way", WAYS)
def test_export_led_away_sends_no_secret_and_says_so(own: Server, other: Server, way: str, kind: str) -> None:
    with Bench(doc(own, kind)) as bench:
        chunks = bench.chunks(WAYS[way](other))

    assert chunks[-1].records == [{"id": 2}]
    assert chunks[-1].errors[0]["code"] == "other_origin"
    assert other.url in chunks[-1].errors[0]["message"]
    [asked] = other.asked
    sent = {name.lower() for name in asked.headers}
    assert not {"authorization", "cookie", "x-tenant"} & sent
    # A header of the export goes only where the export's own URI leads.
    assert ("x-key" in sent) is (way == "absolute_uri")
    for secret in SECRETS:
        assert secret not in other.everything()
    if way == "redirect_307_with_body":
        assert asked.json == {"key": ""}


@pytest.mark.parametrize("kind", AUTHS)
def test_own_server_does_get_them(own: Server, kind: str) -> None:
    """The control: without it the tests above would pass for an adaptor that sends no credentials at all."""
    with Bench(doc(own, kind)) as bench:
        bench.chunks(export("/plain"))

    expected = {"header": "tok-1234-5678", "url": "tok-1234-5678", "basic": "Basic ", "cookie": "abc-session"}[kind]
    assert expected in own.everything()
    assert "hidden-key-99" in own.everything()
    assert "tenant-77" in own.everything()


@pytest.mark.parametrize("kind", ["header", "basic"])
def test_challenge_of_another_origin_is_not_answered(own: Server, other: Server, kind: str) -> None:
    with Bench(doc(own, kind)) as bench:
        failed = bench.failure(export("/challenged"))

    assert "another origin" in failed.message
    assert failed.code == "401"
    assert not failed.offline
    assert len(other.asked) == 1


def test_import_and_lookup_led_away_send_no_secret(own: Server, other: Server) -> None:
    importing = {
        "http": {
            "method": ["POST", "PUT"],
            "relativeURI": [other.url + "/in?k={{{connection.http.encrypted.key}}}", "/plain"],
            "requestType": ["CREATE", "UPDATE"],
            "existingLookupName": "there",
            "body": ['{"key": "{{{connection.http.encrypted.key}}}"}', "{}"],
        },
        "lookups": [{"name": "there", "relativeURI": other.url + "/look", "extract": "nothing"}],
    }
    with Bench(doc(own, "header")) as bench:
        [outcome] = bench.push(importing, [{"a": 1}])

    assert outcome["statusCode"] == 200
    assert [asked.path for asked in other.asked] == ["/look", "/in"]
    for secret in SECRETS:
        assert secret not in other.everything()


def test_uri_that_leaves_only_with_the_secret_filled_in_is_refused(own: Server, other: Server) -> None:
    hidden = connection(own.url, encrypted={"where": other.url})
    with Bench(hidden) as bench, pytest.raises(SourceFailure, match="another origin only when"):
        bench.chunks(export("{{{connection.http.encrypted.where}}}/away"))

    assert other.asked == []


def test_user_name_in_a_next_url_is_refused(other: Server) -> None:
    def answer(asked: Asked) -> Answer:
        return answer_json({"items": [{"id": 1}], "next": other.url.replace("//", "//amelia:pw@") + "/x"})

    with serve(answer) as own, Bench(connection(own.url)) as bench:
        failed = bench.failure(export("/", paging={"method": "url", "path": "next"}))

    assert "user name or password" in failed.message
    assert other.asked == []
