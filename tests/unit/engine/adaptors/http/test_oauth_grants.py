"""Token requests and answers without a server; states without a clock."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

import pytest

from celigo_pandas.engine.oauth.grants import (
    OAuthError,
    expires_soon,
    grant_request,
    needs_authorization,
    read_tokens,
    refresh_request,
    stored_changes,
)
from celigo_pandas.engine.oauth.states import PendingStates, challenge_of

NOW = datetime(2026, 3, 4, tzinfo=timezone.utc)


def http(token: dict[str, Any] | None = None, **oauth: Any) -> dict[str, Any]:
    block = {"tokenURI": "https://x.com/token", "clientId": "id:1", "clientSecret": "s&1", **oauth}
    return {"auth": {"type": "oauth", "oauth": block, "token": token or {}}}


def test_challenge_of_the_standards_own_verifier() -> None:
    """RFC 7636, appendix B."""
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_basic_header_encodes_both_parts() -> None:
    request = grant_request(http(grantType="clientcredentials", clientCredentialsLocation="basicauthheader"))

    assert request is not None
    kind, _, pair = request.headers["Authorization"].partition(" ")
    assert (kind, base64.b64decode(pair)) == ("Basic", b"id%3A1:s%261")
    assert b"client_id" not in request.body
    assert "s&1" not in repr(request)


def test_scope_delimiter_and_more_fields_are_laid_over() -> None:
    oauth = {
        "grantType": "clientcredentials",
        "scope": ["a", "b"],
        "scopeDelimiter": ",",
        "accessTokenBody": '{"audience": "{{aud}}", "grant_type": "own"}',
        "accessTokenHeaders": [{"name": "X-Tenant", "value": "{{aud}}"}],
    }
    request = grant_request(http(**oauth), lambda text: text.replace("{{aud}}", "acme"))

    assert request is not None
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    assert form == {
        "grant_type": "own",
        "scope": "a,b",
        "audience": "acme",
        "client_id": "id:1",
        "client_secret": "s&1",
    }
    assert request.headers["X-Tenant"] == "acme"


def test_refresh_needs_a_refresh_token() -> None:
    assert refresh_request(http()) is None
    request = refresh_request(http({"refreshToken": "r 1"}))
    assert request is not None
    assert parse_qs(request.body.decode())["refresh_token"] == ["r 1"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"access_token": "a", "refresh_token": "r", "expires_in": 60}', ("a", "r", 60.0)),
        (b'{"access_token": "a", "expires_in": "60"}', ("a", None, 60.0)),
        (b'{"access_token": "a", "expires_in": "soon", "refresh_token": ""}', ("a", None, None)),
        (b"access_token=a&scope=x", ("a", None, None)),
    ],
)
def test_tokens_are_read_from_json_and_forms(content: bytes, expected: tuple[Any, ...]) -> None:
    tokens = read_tokens(http(), 200, content)

    assert (tokens.access, tokens.refresh, tokens.expires_in_s) == expected
    assert repr(tokens) == f"Tokens(expires_in_s={expected[2]})"


def test_access_token_path_is_followed() -> None:
    assert read_tokens(http(accessTokenPath="data.key"), 200, b'{"data": {"key": "k"}}').access == "k"


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (400, b'{"error": "invalid_grant", "error_description": "secret text"}', "oauth_refused"),
        (200, b'{"error": "bad_verification_code"}', "oauth_refused"),
        (500, b"<html>", "oauth_unavailable"),
        (200, b"<html>a=b", "oauth_unavailable"),
        (200, b'{"access_token": 5}', "oauth_bad_answer"),
        (200, b"[]", "oauth_bad_answer"),
    ],
)
def test_refusal_keeps_the_servers_code_and_not_its_text(status: int, content: bytes, code: str) -> None:
    with pytest.raises(OAuthError) as refused:
        read_tokens(http(), status, content)

    assert refused.value.code == code
    assert "secret text" not in refused.value.message


def test_stored_changes_keep_an_old_refresh_token_and_know_the_end() -> None:
    changes = stored_changes(read_tokens(http(), 200, b'{"access_token": "a", "expires_in": 3600}'), NOW)

    assert changes == {"http.auth.token.token": "a", "http.auth.token.expiresAt": "2026-03-04T01:00:00+00:00"}


@pytest.mark.parametrize(("left_s", "soon"), [(3600, False), (61, False), (60, True), (-5, True)])
def test_expires_soon_within_the_last_minute(left_s: int, soon: bool) -> None:
    token = {"expiresAt": (NOW + timedelta(seconds=left_s)).isoformat()}

    assert expires_soon(http(token), NOW) is soon


@pytest.mark.parametrize("text", [None, "", "never", 5, "2026-03-04T01:00:00"])
def test_expires_soon_unreadable_end_is_unknown(text: Any) -> None:
    assert expires_soon(http({"expiresAt": text}), NOW) is False


@pytest.mark.parametrize(
    ("doc", "needed"),
    [
        ({"http": http()}, True),
        ({"http": http({"token": "******"})}, False),
        ({"http": http(grantType="clientcredentials")}, False),
        ({"http": {"auth": {"type": "basic"}}}, False),
        ({"rdbms": {}}, False),
        ({"http": None}, False),
    ],
)
def test_needs_authorization_only_without_a_token(doc: dict[str, Any], needed: bool) -> None:
    assert needs_authorization(doc) is needed


def test_states_are_single_use_bound_and_short_lived() -> None:
    clock = [100.0]
    states = PendingStates(lambda: clock[0])
    first, challenge = states.begin("c1", "http://x/cb")
    newer, _ = states.begin("c1", "http://x/cb")
    other, _ = states.begin("c2", "http://x/cb")

    assert states.take(first) is None
    found = states.take(newer)
    assert found is not None
    assert (found.connection_id, found.callback_url) == ("c1", "http://x/cb")
    assert found.verifier not in repr(found)
    assert states.take(newer) is None
    clock[0] += 599.9
    assert states.take(other) is not None
    late, _ = states.begin("c3", "http://x/cb")
    clock[0] += 600.0
    assert states.take(late) is None
    assert len(challenge) == 43


@pytest.mark.parametrize(
    ("status", "content"),
    [(500, b'{"error": "server_error"}'), (503, b""), (302, b""), (429, b"{}"), (200, b" <html>hello</html>")],
)
def test_answer_that_says_nothing_of_the_credentials_is_no_refusal(status: int, content: bytes) -> None:
    with pytest.raises(OAuthError, match="says nothing") as failed:
        read_tokens(http(), status, content)

    assert failed.value.code == "oauth_unavailable"
