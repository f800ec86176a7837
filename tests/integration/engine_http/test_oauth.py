"""OAuth 2.0 against a server whose logic is Authlib's: code flow with PKCE, refresh, revoked tokens, other grants."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from support.http_calls import Bench, connection
from support.oauth_server import CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME, Provider, oauth_server

from celigo_pandas.engine.adaptors.http import token_sender
from celigo_pandas.engine.oauth import (
    Completion,
    OAuthError,
    PendingStates,
    authorization_url,
    complete,
    needs_authorization,
)
from celigo_pandas.engine.safety.reach import Reach

CALLBACK = "http://127.0.0.1:9/connection/oauth2callback"
ME = {"http": {"method": "GET", "relativeURI": "/me"}}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    # Authlib's server refuses plain http unless told that this is a test.
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with oauth_server() as found:
        found.client.redirect_uris = [CALLBACK]
        yield found


@pytest.fixture
def basic_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with oauth_server("client_secret_basic") as found:
        found.client.redirect_uris = [CALLBACK]
        yield found


def bench_for(provider: Provider, **oauth: Any) -> Bench:
    block = {
        "grantType": "authorizecode",
        "authURI": f"{provider.url}/authorize",
        "tokenURI": f"{provider.url}/token",
        "clientId": CLIENT_ID,
        "clientSecret": CLIENT_SECRET,
        "scope": ["read", "write"],
        **oauth,
    }
    bench = Bench(connection(provider.url, {"type": "oauth", "oauth": block}))
    bench.now = datetime.now(timezone.utc)
    return bench


def consent(url: str) -> dict[str, str]:
    """Be the browser: open the URL, agree, and return what the callback is given."""
    answer = requests.get(url, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    location = urlsplit(answer.headers["Location"])
    assert answer.headers["Location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(location.query).items()}


def finish(bench: Bench, pending: PendingStates, params: dict[str, str], reach: Reach | None = None) -> Completion:
    return complete(
        params,
        pending=pending,
        find=lambda id: bench.access if id == bench.access.id else None,
        send=token_sender(reach or Reach()),
        now=lambda: bench.now,
    )


def authorize(bench: Bench) -> None:
    pending = PendingStates()
    url = authorization_url(bench.access, callback_url=CALLBACK, pending=pending)
    assert finish(bench, pending, consent(url)).is_authorized


def test_code_flow_with_pkce_authorizes_the_connection(provider: Provider) -> None:
    with bench_for(provider) as bench:
        assert needs_authorization(bench.access.masked)
        authorize(bench)

        assert not needs_authorization(bench.access.masked)
        assert bench.records(ME) == [{"user": "amelia", "scope": "read write"}]
    assert provider.grants == ["authorization_code"]
    assert len(provider.forms[0]["code_verifier"]) >= 43


def test_code_flow_wrong_verifier_is_refused_by_the_server(provider: Provider) -> None:
    """The control: the server does check what we send."""
    with bench_for(provider) as bench:
        first, second = PendingStates(), PendingStates()
        params = consent(authorization_url(bench.access, callback_url=CALLBACK, pending=first))
        other = authorization_url(bench.access, callback_url=CALLBACK, pending=second)
        params["state"] = parse_qs(urlsplit(other).query)["state"][0]

        done = finish(bench, second, params)

    assert (done.is_authorized, done.reason, done.page.status) == (False, "oauth_refused", 502)


def test_state_works_once_and_ten_minutes(provider: Provider) -> None:
    clock = [0.0]
    pending = PendingStates(lambda: clock[0])
    with bench_for(provider) as bench:
        params = consent(authorization_url(bench.access, callback_url=CALLBACK, pending=pending))
        assert finish(bench, pending, params).is_authorized
        again = finish(bench, pending, params)

        late = consent(authorization_url(bench.access, callback_url=CALLBACK, pending=pending))
        clock[0] = 600.0
        expired = finish(bench, pending, late)

    assert (again.page.status, again.reason) == (400, "unknown_state")
    assert (expired.page.status, expired.reason) == (400, "unknown_state")


@pytest.mark.parametrize("params", [{}, {"state": "made-up", "code": "x"}, {"code": "x"}])
def test_callback_without_a_live_state_says_nothing_and_asks_nobody(provider: Provider, params: dict[str, str]) -> None:
    with bench_for(provider) as bench:
        done = finish(bench, PendingStates(), params)

    assert (done.page.status, done.connection_id) == (400, None)
    assert provider.forms == []


def test_callback_page_is_static(provider: Provider) -> None:
    pending = PendingStates()
    evil = "<script>alert(1)</script>"
    with bench_for(provider) as bench:
        url = authorization_url(bench.access, callback_url=CALLBACK, pending=pending)
        state = parse_qs(urlsplit(url).query)["state"][0]
        done = finish(bench, pending, {"state": state, "error": evil, "error_description": evil})

    assert done.reason == "denied"
    assert "script" not in done.page.html
    assert state not in done.page.html
    assert "default-src 'none'" in done.page.headers["Content-Security-Policy"]


def test_callback_token_uri_out_of_reach_is_not_called(provider: Provider) -> None:
    pending = PendingStates()
    with bench_for(provider) as bench:
        params = consent(authorization_url(bench.access, callback_url=CALLBACK, pending=pending))
        done = finish(bench, pending, params, Reach(hosts=("elsewhere.example",)))

    assert done.reason == "out_of_reach"
    assert provider.forms == []


def test_token_is_refreshed_before_its_end(provider: Provider) -> None:
    provider.lifetime_s = 90
    with bench_for(provider) as bench:
        authorize(bench)
        bench.records(ME)
        bench.now += timedelta(seconds=45)
        bench.records(ME)
        bench.records(ME)

    # The first use has 90 s left, the second 45: within the last minute, so it is renewed, once.
    assert provider.grants == ["authorization_code", "refresh_token"]


def test_revoked_token_is_refreshed_once_and_the_request_repeated(provider: Provider) -> None:
    with bench_for(provider) as bench:
        authorize(bench)
        provider.revoke_access()
        bench.log.clear()

        assert bench.records(ME)[0]["user"] == "amelia"

    statuses = [payload["statusCode"] for kind, payload in bench.log if kind == "response"]
    assert statuses == [401, 200, 200]
    assert provider.grants == ["authorization_code", "refresh_token"]


def test_refresh_rotates_the_refresh_token(provider: Provider) -> None:
    with bench_for(provider) as bench:
        authorize(bench)
        before = bench.access.secrets()["http"]["auth"]["token"]["refreshToken"]
        for _ in range(3):
            provider.revoke_access()
            bench.records(ME)

        assert bench.access.secrets()["http"]["auth"]["token"]["refreshToken"] != before
    assert provider.grants.count("refresh_token") == 3


def test_refused_refresh_takes_the_connection_offline(provider: Provider) -> None:
    with bench_for(provider) as bench:
        authorize(bench)
        provider.revoke_access()
        bench.access.doc["http"]["auth"]["token"]["refreshToken"] = "revoked-refresh-token"
        failed = bench.failure(ME)

    assert failed.offline
    assert "invalid_grant" in failed.message
    assert "revoked-refresh-token" not in f"{failed} {bench.log}"


def test_connection_without_a_token_asks_for_authorization(provider: Provider) -> None:
    with bench_for(provider) as bench:
        failed = bench.failure(ME)

    assert (failed.code, failed.offline) == ("needs_authorization", True)


@pytest.mark.parametrize("location", ["body", "basicauthheader"])
def test_client_credentials_get_their_token_by_themselves(
    provider: Provider, basic_provider: Provider, location: str
) -> None:
    found = provider if location == "body" else basic_provider
    with bench_for(found, grantType="clientcredentials", clientCredentialsLocation=location) as bench:
        assert not needs_authorization(bench.access.masked)
        assert bench.records(ME) == [{"user": "amelia", "scope": "read write"}]
        found.revoke_access()
        bench.records(ME)

    assert found.grants == ["client_credentials", "client_credentials"]
    assert ("client_secret" in found.forms[0]) is (location == "body")


def test_password_grant_gets_its_token_by_itself(provider: Provider) -> None:
    with bench_for(provider, grantType="password", username=USERNAME, password=PASSWORD) as bench:
        assert bench.records(ME)[0]["user"] == "amelia"
        assert bench.ping().code == 200
    with bench_for(provider, grantType="password", username=USERNAME, password="not-this-one") as bench:
        failed = bench.failure(ME)

    assert failed.offline
    assert "not-this-one" not in f"{failed} {bench.log}"


def test_many_threads_refused_together_refresh_once(provider: Provider) -> None:
    with bench_for(provider) as bench:
        authorize(bench)
        provider.revoke_access()
        results: list[Any] = []
        start = threading.Barrier(6)

        def read() -> None:
            start.wait()
            results.extend(bench.records(ME))

        threads = [threading.Thread(target=read) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    assert len(results) == 6
    assert provider.grants == ["authorization_code", "refresh_token"]


def test_no_log_and_no_stored_path_shows_a_token(provider: Provider) -> None:
    with bench_for(provider) as bench:
        authorize(bench)
        provider.revoke_access()
        bench.records(ME)
        token = bench.access.secrets()["http"]["auth"]["token"]

    assert token["token"]
    for secret in (token["token"], token["refreshToken"], CLIENT_SECRET):
        assert secret not in str(bench.log)
    assert {path for change in bench.access.stored for path in change} == {
        "http.auth.token.token",
        "http.auth.token.refreshToken",
        "http.auth.token.expiresAt",
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"grantType": "clientcredentials"}, "not_oauth"),
        ({"authURI": "javascript:alert(1)"}, "missing_required_field"),
        ({"clientId": ""}, "missing_required_field"),
        ({"useIClientFields": True}, "iclient_not_supported"),
    ],
)
def test_authorization_url_of_an_unfit_document_is_refused(
    provider: Provider, change: dict[str, Any], code: str
) -> None:
    with bench_for(provider, **change) as bench, pytest.raises(OAuthError) as refused:
        authorization_url(bench.access, callback_url=CALLBACK, pending=PendingStates())

    assert refused.value.code == code
