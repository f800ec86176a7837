"""Handlers of OAuth 2.0: where to send the browser, and where it comes back to."""

from __future__ import annotations

import logging

from celigo_pandas.engine.api.exchange import Answer, ApiRequest
from celigo_pandas.engine.oauth import OAuthError, complete
from celigo_pandas.engine.oauth import authorization_url as begin
from celigo_pandas.engine.refusals import Refusal, invalid
from celigo_pandas.engine.storage.access import SavedAccess

__all__ = ["CALLBACK", "authorization_url", "callback"]

CALLBACK = "/connection/oauth2callback"
"""Where the provider sends the browser back to; the one route without a token."""

_LOG = logging.getLogger("celigo_pandas.engine")


def authorization_url(request: ApiRequest) -> Answer:
    """GET the URL at which a person consents to an OAuth connection."""
    engine = request.engine
    access = engine.sources.access(request.id)
    try:
        url = begin(access, callback_url=engine.url + CALLBACK, pending=engine.pending)
    except OAuthError as error:
        raise invalid(error.code, error.message, "http.auth.oauth") from None
    return Answer(200, {"authorizationURL": url})


async def callback(request: ApiRequest) -> Answer:
    """GET by the browser after consent: takes a live state once, answers a static page."""
    # The HTTP adaptor is imported on use, as every adaptor.
    from celigo_pandas.engine.adaptors.http import token_sender

    engine = request.engine

    def find(id: str) -> SavedAccess | None:
        try:
            return engine.sources.access(id)
        except Refusal:
            return None

    def end() -> Answer:
        done = complete(
            request.query,
            pending=engine.pending,
            find=find,
            send=token_sender(engine.reach, engine.settings.call_timeout_s),
            now=engine.now,
        )
        _LOG.info("OAuth callback: %s", done.reason)
        if done.is_authorized and done.connection_id is not None:
            engine.documents.note_authorized(done.connection_id)
        headers = {name: value for name, value in done.page.headers.items() if name.lower() != "content-type"}
        return Answer(
            done.page.status,
            ready=done.page.html.encode(),
            headers=headers,
            media_type=done.page.headers["Content-Type"],
        )

    return await engine.workers.source(end)
