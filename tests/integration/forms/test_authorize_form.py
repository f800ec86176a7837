"""*Authorize* of the form: the link is shown, the kernel's thread is free, the connection is authorized afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests
from support.engine import EngineProcess
from support.forms import buttons, texts
from support.oauth_server import CLIENT_ID, CLIENT_SECRET, Provider, oauth_server

import celigo_pandas as celigo
from celigo_pandas.forms.elements import walk


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with oauth_server() as found:
        yield found


def test_form_authorizes_an_oauth_connection_beside_the_kernel(provider: Provider) -> None:
    with EngineProcess() as engine, celigo.connect(engine.token, base_url=engine.url) as client:
        provider.client.redirect_uris = [f"{engine.url}/connection/oauth2callback"]
        form = celigo.ConnectionForm(client)
        for path, value in {
            "name": "OAuth service",
            "http.baseURI": provider.url,
            "http.auth.type": "oauth",
            "http.auth.oauth.grantType": "authorizecode",
            "http.auth.oauth.authURI": f"{provider.url}/authorize",
            "http.auth.oauth.tokenURI": f"{provider.url}/token",
            "http.auth.oauth.clientId": CLIENT_ID,
            "http.auth.oauth.scope": "read",
            "http.ping.relativeURI": "/me",
        }.items():
            form.set(path, value)
        form.set_secret("http.auth.oauth.clientSecret", CLIENT_SECRET)
        form.save()
        assert "not authorized" in texts(form.layout())
        assert buttons(form.layout())["authorize"]["enabled"]

        began = time.monotonic()
        form.authorize(wait=False)
        assert time.monotonic() - began < 1
        while not form.state.authorize_url and time.monotonic() - began < 20:
            time.sleep(0.05)
        [link] = [element for element in walk(form.layout()) if element["k"] == "link"]
        assert requests.get(link["href"], timeout=10).status_code == 200

        assert form.wait(30)
        assert "is authorized" in form.state.notices[0].text
        assert not form.connection.doc.get("needsAuthorization")
        assert form.ping()
        assert CLIENT_SECRET not in texts(form.layout()) + repr(form)
