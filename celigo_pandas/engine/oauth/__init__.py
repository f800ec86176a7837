"""OAuth 2.0 for the engine's HTTP connections.

What the routes call::

    pending = PendingStates()                     # one for the engine's process

    # GET /v1/connection/{id}/oauth2, /v1/connections/{id}/oauth2
    url = authorization_url(access, callback_url="http://127.0.0.1:PORT/connection/oauth2callback", pending=pending)
    answer 200 {"authorizationURL": url};  an OAuthError is a 422 with its .code and .message

    # GET /connection/oauth2callback: no engine token is asked for, the state is the proof
    from celigo_pandas.engine.adaptors.http import token_sender
    done = complete(query, pending=pending, find=access_of, send=token_sender(reach), now=clock)
    answer done.page.status, done.page.html, done.page.headers;  log done.reason;  audit done.connection_id

    # GET /v1/connections/{id}
    doc["needsAuthorization"] = needs_authorization(doc)     # only where it is True or the grant is authorizecode

Grants ``clientcredentials`` and ``password``, and the refresh of a token before its end or after a refusal, need no
route: the HTTP adaptor does them while it sends. Tokens are stored through ``ConnectionAccess.store_secrets`` at
``http.auth.token.token``, ``http.auth.token.refreshToken`` and (no secret) ``http.auth.token.expiresAt``.
"""

from __future__ import annotations

from celigo_pandas.engine.oauth.flow import CallbackPage, Completion, authorization_url, complete
from celigo_pandas.engine.oauth.grants import OAuthError, needs_authorization
from celigo_pandas.engine.oauth.states import PendingStates

__all__ = [
    "CallbackPage",
    "Completion",
    "OAuthError",
    "PendingStates",
    "authorization_url",
    "complete",
    "needs_authorization",
]
