"""An OAuth 2.0 server in memory whose protocol logic is Authlib's: code with PKCE, refresh, grants without a person.

``/me`` is the resource it guards. Tests shorten its tokens' lives and revoke them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.models import AuthorizationCodeMixin, ClientMixin, TokenMixin
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "client-one", "client secret/+=&"
USERNAME, PASSWORD = "amelia", "pass-word-77"


class Client(ClientMixin):
    def __init__(self, method: str) -> None:
        self._method = method
        self.redirect_uris: list[str] = []

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uris[0]

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(one for one in (scope or "").split() if one in ("read", "write"))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self._method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return True


class Code(AuthorizationCodeMixin):
    def __init__(self, **members: Any) -> None:
        self.__dict__.update(members)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


class Token(TokenMixin):
    def __init__(self, token: dict[str, Any]) -> None:
        self.__dict__.update(token)
        self.issued = time.time()
        self.revoked = False

    def check_client(self, client: Client) -> bool:
        return True

    def get_scope(self) -> str:
        return self.__dict__.get("scope", "")

    def get_expires_in(self) -> int:
        return self.expires_in

    def is_expired(self) -> bool:
        return self.revoked or self.issued + self.expires_in < time.time()

    def is_revoked(self) -> bool:
        return self.revoked

    def get_user(self) -> str:
        return USERNAME

    def get_client(self) -> Client:
        raise NotImplementedError


class Provider:
    """The server, its state, and what it was asked."""

    def __init__(self, method: str) -> None:
        self.url = ""
        self.client = Client(method)
        self.codes: dict[str, Code] = {}
        self.tokens: list[Token] = []
        self.grants: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.lifetime_s = 3600

    def revoke_access(self) -> None:
        for token in self.tokens:
            token.revoked = True

    def find(self, access: str) -> Token | None:
        return next((one for one in self.tokens if one.access_token == access and not one.is_expired()), None)


def _grants(provider: Provider) -> list[tuple[Any, ...]]:
    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

        def save_authorization_code(self, code: str, request: Any) -> None:
            payload = request.payload
            provider.codes[code] = Code(
                redirect_uri=payload.redirect_uri,
                scope=payload.scope,
                code_challenge=payload.data.get("code_challenge"),
                code_challenge_method=payload.data.get("code_challenge_method"),
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            provider.codes = {k: v for k, v in provider.codes.items() if v is not authorization_code}

        def authenticate_user(self, authorization_code: Code) -> str:
            return USERNAME

    class Refresh(grants.RefreshTokenGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
            return next((one for one in provider.tokens if one.__dict__.get("refresh_token") == refresh_token), None)

        def authenticate_user(self, refresh_token: Token) -> str:
            return USERNAME

        def revoke_old_credential(self, refresh_token: Token) -> None:
            # A rotated refresh token works once.
            refresh_token.refresh_token = None

    class Credentials(grants.ClientCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

        def authenticate_user(self, username: str, password: str) -> str | None:
            return username if (username, password) == (USERNAME, PASSWORD) else None

    return [(CodeGrant, [CodeChallenge(required=True)]), (Refresh,), (Credentials,), (PasswordGrant,)]


def _application(provider: Provider) -> Flask:
    app = Flask("oauth-server")
    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True

    def save_token(token: dict[str, Any], request: Any) -> None:
        token["expires_in"] = provider.lifetime_s
        provider.grants.append(request.payload.grant_type)
        provider.tokens.append(Token(token))

    server = AuthorizationServer(
        app,
        query_client=lambda client_id: provider.client if client_id == CLIENT_ID else None,
        save_token=save_token,
    )
    for grant in _grants(provider):
        server.register_grant(*grant)

    @app.get("/authorize")
    def authorize() -> Any:
        # The person consents at once.
        grant = server.get_consent_grant(end_user=USERNAME)
        return server.create_authorization_response(grant=grant, grant_user=USERNAME)

    @app.post("/token")
    def token() -> Any:
        provider.forms.append(dict(request.form))
        return server.create_token_response()

    @app.get("/me")
    def me() -> Any:
        scheme, _, access = request.headers.get("Authorization", "").partition(" ")
        found = provider.find(access) if scheme == "Bearer" else None
        if found is None:
            return jsonify(error="invalid_token"), 401
        return jsonify(user=USERNAME, scope=found.get_scope())

    return app


@contextmanager
def oauth_server(method: str = "client_secret_post") -> Iterator[Provider]:
    """Serve with one client that authenticates by `method` only."""
    provider = Provider(method)
    server = make_server("127.0.0.1", 0, _application(provider), threaded=True)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


__all__ = ["CLIENT_ID", "CLIENT_SECRET", "PASSWORD", "USERNAME", "Provider", "oauth_server"]
