"""How the OAuth callback's code exchange leaves the engine: through ``reach`` and the limits, as all else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from celigo_pandas.engine.adaptors.http.legacy import http_connection
from celigo_pandas.engine.adaptors.http.transport import Limits, Transport, TransportFailure
from celigo_pandas.engine.adaptors.protocol import ConnectionAccess, SourceFailure
from celigo_pandas.engine.oauth.flow import SendToken
from celigo_pandas.engine.oauth.grants import OAuthError, TokenRequest, Tokens, read_tokens
from celigo_pandas.engine.safety.reach import Reach

__all__ = ["token_sender"]

_TIME_S = 30.0
"""A person waits in front of a browser: longer is of no use, whatever calls may take."""


def token_sender(reach: Reach, call_timeout_s: float = _TIME_S) -> SendToken:
    """Return what ``oauth.complete`` sends its token request with.

    Parameters
    ----------
    reach : Reach
        The engine's policy; ``tokenURI`` must be within it.
    call_timeout_s : float
        How long a call to a source may take here; at most 30 seconds of it are used.
    """

    def send(access: ConnectionAccess, build: Callable[[Mapping[str, Any]], TokenRequest]) -> Tokens:
        failure: OAuthError
        try:
            return _sent(reach, access, build, min(_TIME_S, call_timeout_s))
        except OAuthError as error:
            failure = OAuthError(error.message, code=error.code)
        except (SourceFailure, TransportFailure) as error:
            failure = OAuthError(error.message, code=error.code)
        # Made anew: the frames of the caught one hold the client's secret and the code.
        raise failure

    return send


def _sent(
    reach: Reach, access: ConnectionAccess, build: Callable[[Mapping[str, Any]], TokenRequest], time_s: float
) -> Tokens:
    real = http_connection(access.secrets())
    request = build(real)
    transport = Transport(reach, verify=not real["http"].get("disableStrictSSL"), limits=Limits(size_bytes=1_000_000))
    try:
        reach.check_url(request.url)
        prepared = requests.Request("POST", request.url, headers=dict(request.headers), data=request.body).prepare()
        answer = transport.send(prepared, deadline=time.monotonic() + time_s)
    except (ValueError, requests.RequestException):
        raise OAuthError("http.auth.oauth.tokenURI cannot be used or is out of reach.", code="out_of_reach") from None
    finally:
        transport.close()
    return read_tokens(real["http"], answer.status, answer.body)
