"""What a caller passes as a secret is in nothing that comes back, however the server repeats it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from support.canary import CANARY, assert_no_canary, deep_text, traceback_text
from support.client import FakeTime, answer, api_over

from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.messages import Request, Response
from celigo_pandas.documents.secret import MASK, Secret
from celigo_pandas.errors import ApiError

ID = "5a1000000000000000000001"
STORED = {
    "_id": ID,
    "name": "Shop",
    "type": "http",
    "http": {"baseURI": "https://x.example", "auth": {"type": "token", "token": {"token": MASK}}},
}
PATH = "http.auth.token.token"


def with_token(token: Any, **more: Any) -> dict[str, Any]:
    auth = {"type": "token", "token": {"token": token}}
    return {"name": "Shop", "type": "http", "http": {"baseURI": "https://x.example", "auth": auth}, **more}


def replace(con: Connection, secret: Any) -> Any:
    return con.replace(with_token(secret))


def update(con: Connection, secret: Any) -> Any:
    return con.update({"name": "New"}, secrets={PATH: secret})


def update_by_change(con: Connection, secret: Any) -> Any:
    return con.update({PATH: secret})


def update_elsewhere(con: Connection, secret: Any) -> Any:
    """A member that no table knows as a secret; the caller says that it is one."""
    return con.update({}, secrets={PATH: "other-secret", "http.headers": [{"name": "X"}], "settings.key": secret})


def create(con: Connection, secret: Any) -> Any:
    return con.client.connections.create(with_token(secret))


def ping(con: Connection, secret: Any) -> Any:
    return con.client.connections.ping(with_token(secret))


WAYS = [replace, update, update_by_change, update_elsewhere, create, ping]
ECHOES: dict[str, Callable[[str], Any]] = {
    "in_its_place": lambda secret: with_token(secret),
    "elsewhere": lambda secret: {"settings": {"last": [secret]}},
    "within_a_text": lambda secret: {"name": f"Shop with {secret} inside"},
    "in_a_url": lambda secret: {"settings": f"https://x.example/?key={quote(secret, safe='')}"},
    "in_html": lambda secret: {"settings": f"<b>{html.escape(secret)}</b>"},
    "in_base64": lambda secret: {"settings": base64.b64encode(secret.encode()).decode()},
    "in_json_within": lambda secret: {"settings": json.dumps({"k": secret})},
}


def connection(handle: Callable[[Request], Response]) -> Connection:
    return Connection(Client(api_over(handle, FakeTime()), progress=False), STORED)


def stored_then(echo: Any) -> Callable[[Request], Response]:
    """Answer reads of the document as it was stored, and writes with an echo of the secret."""

    def handle(request: Request) -> Response:
        if request.method == "GET":
            return answer(STORED)
        return answer({**STORED, **echo}, 201 if request.method == "POST" else 200)

    return handle


@pytest.mark.parametrize("name", ECHOES)
@pytest.mark.parametrize("way", WAYS)
def test_secret_that_the_answer_repeats_is_masked(way: Callable[..., Any], name: str) -> None:
    con = connection(stored_then(ECHOES[name](CANARY)))

    found = way(con, CANARY)

    assert_no_canary(json.dumps(con.doc), deep_text(found), deep_text(vars(con)))
    if isinstance(found, Connection):
        assert found.id == ID
        assert found.name.startswith(("Shop", "New"))


@pytest.mark.parametrize("way", WAYS)
def test_secret_that_is_wrapped_is_masked_too(way: Callable[..., Any]) -> None:
    con = connection(stored_then({"settings": CANARY}))

    assert_no_canary(deep_text(way(con, Secret(CANARY))), json.dumps(con.doc))


@pytest.mark.parametrize("status", [422, 500])
@pytest.mark.parametrize("way", WAYS)
def test_secret_that_an_error_repeats_is_masked(way: Callable[..., Any], status: int) -> None:
    def handle(request: Request) -> Response:
        if request.method == "GET":
            return answer(STORED)
        return answer({"errors": [{"code": "bad", "message": f"{CANARY!r} is no key: {CANARY}"}]}, status)

    con = connection(handle)
    try:
        told = deep_text(way(con, CANARY))  # a ping that failed is an answer
    except ApiError as error:
        told = traceback_text(error, own=__file__)
    assert_no_canary(told)


@pytest.mark.parametrize("way", [replace, update, update_by_change])
def test_secret_in_the_document_that_is_read_afterwards_is_masked(way: Callable[..., Any]) -> None:
    """A server that answers a PUT with nothing is asked for the document."""
    written: list[str] = []

    def handle(request: Request) -> Response:
        if request.method == "PUT":
            written.append("now")
            return answer(None, 204)
        return answer({**STORED, "settings": CANARY} if written else STORED)

    con = connection(handle)
    way(con, CANARY)

    assert con.doc["settings"] == MASK


@pytest.mark.parametrize("short", ["a", "id", "http", "name", "_id"])
def test_short_secret_is_masked_where_it_is_the_whole_value(short: str) -> None:
    con = connection(stored_then({"settings": {"one": short, "two": f"x{short[:3]}y", "three": 1}}))

    con.replace(with_token(short))

    assert con.doc["settings"]["one"] == MASK
    assert con.doc["settings"]["three"] == 1
    assert con.id == ID


def test_secret_that_the_server_never_masked_is_masked_by_its_place() -> None:
    """Of documents that were read, too: nobody passed the secret here."""
    con = connection(lambda request: answer({**STORED, **with_token(CANARY)}))

    assert con.refresh().doc["http"]["auth"]["token"]["token"] == MASK
    listed = connection(lambda request: answer([{**STORED, **with_token(CANARY)}])).client.connections
    assert_no_canary(*(json.dumps(one.doc) for one in listed))


def test_answer_without_the_secret_is_not_changed() -> None:
    con = connection(stored_then({"settings": {"n": 12345678901234567890, "f": 1.0, "t": "é\ud800"}}))

    con.replace(with_token(CANARY))

    assert con.doc["settings"] == {"n": 12345678901234567890, "f": 1.0, "t": "é\ud800"}
