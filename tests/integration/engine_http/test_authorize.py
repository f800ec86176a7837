"""``connection.authorize()`` from a notebook to the provider and back: real client, engine and OAuth server."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator

import pytest
import requests
from support.engine import EngineProcess
from support.oauth_server import CLIENT_ID, CLIENT_SECRET, Provider, oauth_server

import celigo_pandas as celigo


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with oauth_server() as found:
        yield found


def open_shown_link(capsys: pytest.CaptureFixture[str], pages: list[requests.Response]) -> None:
    """Be the person: wait for the link, open it, consent."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        shown = re.search(r"https?://\S+", capsys.readouterr().out)
        if shown:
            pages.append(requests.get(shown.group(), timeout=10))
            return
        time.sleep(0.05)


def test_authorize_shows_a_link_and_returns_once_consent_is_given(
    provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    with EngineProcess() as engine:
        provider.client.redirect_uris = [f"{engine.url}/connection/oauth2callback"]
        client = celigo.connect(engine.token, base_url=engine.url)
        oauth = {
            "grantType": "authorizecode",
            "authURI": f"{provider.url}/authorize",
            "tokenURI": f"{provider.url}/token",
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
            "scope": ["read"],
        }
        connection = client.connections.create(
            {
                "type": "http",
                "name": "OAuth service",
                "http": {
                    "baseURI": provider.url,
                    "mediaType": "json",
                    "auth": {"type": "oauth", "oauth": oauth, "token": {"location": "header"}},
                    "ping": {"relativeURI": "/me", "method": "GET"},
                },
            }
        )
        pages: list[requests.Response] = []
        person = threading.Thread(target=open_shown_link, args=(capsys, pages))
        person.start()
        connection.authorize(timeout=30, open_browser=False)
        person.join(20)

        assert pages[0].status_code == 200
        assert connection.ping()
        frame = celigo.read_export({"http": {"method": "GET", "relativeURI": "/me"}}, connection, progress=False)
        client.close()

    assert frame.to_dict("records") == [{"user": "amelia", "scope": "read"}]
    assert provider.grants == ["authorization_code"]
