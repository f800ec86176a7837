"""What ``integrator-api`` of a script reaches from here: the requests of one client, with its token and its limits.

Nothing is opened unless a caller hands a client in (``allow_api=``).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from celigo_pandas.accessors.targets import Account
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.json_bodies import decode, encode
from celigo_pandas.client.messages import Repeat, Request
from celigo_pandas.client.sending import anything
from celigo_pandas.errors import ApiError, ConfigError, shown
from celigo_pandas.scripts import ApiDoor
from celigo_pandas.scripts.integrator_api import api_door

__all__ = ["door_of"]


def door_of(account: Account | None) -> ApiDoor | None:
    """Return what answers a script's calls by a client; None where none is allowed.

    Raises
    ------
    ConfigError
        `account` is no client.
    """
    if account is None:
        return None
    api = getattr(account, "api", None)
    if not isinstance(api, ApiClient):
        raise ConfigError(f"allow_api: got {shown(account)}; expected a client, whose rights the script then has.")
    return api_door(lambda method, path, body: _sent(api, method, path, body))


def _sent(api: ApiClient, method: str, path: str, body: object) -> tuple[int, Any]:
    """Send one request; what the server refuses is its answer, what the client refuses is raised."""
    place, _, query = path.removeprefix("/v1").partition("?")
    repeat: Repeat = "read" if method == "GET" else "write"
    content = None if body is None else encode(body, "body of a script's request")
    request = Request(method, place, tuple(parse_qsl(query, keep_blank_values=True)), body=content, repeat=repeat)
    try:
        response = api.send(request, inspect=anything)
    except ApiError as error:
        if error.status is None:
            raise
        return error.status, {"errors": [problem.to_dict() for problem in error.problems]}
    return response.status, decode(response.content) if response.content.strip() else None
