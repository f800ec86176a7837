"""The token and the passwords of connections are in nothing that can be shown, logged, raised, pickled or stored."""

from __future__ import annotations

import copy
import gc
import logging
import pickle
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.canary import (
    CANARY,
    assert_no_canary,
    assert_no_canary_in_files,
    deep_text,
    leaks,
    spellings,
    traceback_text,
)
from support.client import FakeTime, client_of
from support.sockets import free_port
from support.standin import Reply, StandIn

import celigo_pandas as celigo
from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.messages import Request
from celigo_pandas.client.profiles import ProfileStore
from celigo_pandas.client.transport import RequestsTransport, _bared
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import CeligoError, ConfigError, TransportError


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(token=CANARY) as standin:
        yield standin


@pytest.fixture
def client(server: StandIn) -> Client:
    return client_of(server, time=FakeTime())


@pytest.mark.parametrize("name", sorted(spellings()))
def test_canary_search_finds_every_spelling(name: str) -> None:
    assert name in leaks(b"before " + spellings()[name] + b" after")


def test_canary_search_finds_a_repr_within_a_repr() -> None:
    assert leaks(repr({"headers": repr({"Authorization": b"Bearer " + CANARY.encode("latin-1")})}))
    assert leaks(str({"a": repr([f"Bearer {CANARY}"])}))


def test_canary_search_finds_it_in_captured_locals() -> None:
    def failing(headers: dict[str, bytes]) -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x") as caught:
        failing({"Authorization": b"Bearer " + CANARY.encode("latin-1")})

    assert leaks(traceback_text(caught.value, own="elsewhere"))


def test_exception_that_leaves_the_transport_is_linked_to_none() -> None:
    """Ctrl-C while a library handles its own error would bring that error, and its frames, along."""
    interrupted: BaseException | None = None
    try:
        try:
            raise ValueError(CANARY)
        except ValueError:
            raise KeyboardInterrupt from None
    except KeyboardInterrupt as error:
        interrupted = error

    bared = _bared(interrupted)

    assert (bared.__cause__, bared.__context__, bared.__traceback__) == (None, None, None)


def test_canary_is_sent_as_the_token(server: StandIn, client: Client) -> None:
    assert client.check()["scope"] == "*"
    assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"


def test_token_is_in_no_repr_and_no_vars(server: StandIn, client: Client) -> None:
    server.add("one")
    connection = client.connections["one"]

    for thing in (client, client.api, client.api.transport, connection, client.connections, client.history):
        assert_no_canary(repr(thing), str(thing), deep_text(thing, depth=9))
    assert_no_canary(client._repr_html_(), connection._repr_html_(), client.connections._repr_html_())
    assert_no_canary(client.history.to_csv(), client.history._repr_html_())


def test_token_is_in_no_object_that_outlives_a_call_as_text(client: Client) -> None:
    """Only the cell of the secret's own closure may hold it."""
    client.check()
    gc.collect()

    holders = [
        holder
        for found in gc.get_objects()
        # By type: isinstance would ask a dead weak proxy of another test, which raises.
        if type(found) in (dict, list, tuple) and found is not spellings
        for holder in [found]
        if any(
            member == f"Bearer {CANARY}" or member == f"Bearer {CANARY}".encode("latin-1") for member in _members(found)
        )
    ]

    assert holders == []


def _members(container: Any) -> list[Any]:
    values = container.values() if isinstance(container, dict) else container
    return [value for value in values if type(value) in (str, bytes)]


def test_token_is_in_no_debug_log(server: StandIn, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.next = [Reply(500), Reply(reset=True)]

    client.check()

    assert any(record.name.startswith("urllib3") for record in caplog.records)
    assert any(record.name.startswith("celigo_pandas") for record in caplog.records)
    assert_no_canary(caplog.text, *(deep_text(vars(record)) for record in caplog.records))


_FAILURES = {
    "refused": lambda server: RequestsTransport(f"http://127.0.0.1:{free_port()}", Secret(CANARY)),
    "reset": lambda server: _failing(server, Reply(reset=True)),
    "timeout": lambda server: _failing(server, Reply(wait=threading.Event()), timeout=(1, 0.2)),
    "no HTTP": lambda server: _failing(server, Reply(raw=b"nonsense\r\n\r\n")),
    "cut off": lambda server: _failing(server, Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")),
    "bad compression": lambda server: _failing(server, Reply(200, b"not gzip", {"Content-Encoding": "gzip"})),
    "TLS": lambda server: RequestsTransport(server.url.replace("http:", "https:"), Secret(CANARY)),
    "unknown host": lambda server: RequestsTransport("https://nowhere.invalid", Secret(CANARY)),
}


def _failing(server: StandIn, reply: Reply, **options: Any) -> RequestsTransport:
    server.next = [reply]
    return RequestsTransport(server.url, Secret(CANARY), **options)


@pytest.mark.parametrize("name", sorted(_FAILURES))
def test_token_is_in_no_traceback_of_a_failed_call(server: StandIn, name: str) -> None:
    transport: RequestsTransport = _FAILURES[name](server)

    with pytest.raises(TransportError) as caught:
        transport.send(Request("POST", "/x", body=b"{}"))

    assert_no_canary(traceback_text(caught.value, own=__file__))
    _release(server)


def _release(server: StandIn) -> None:
    for reply in server.next:
        if isinstance(reply, Reply) and reply.wait is not None:
            reply.wait.set()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 302])
@pytest.mark.parametrize("spelling", ["raw", "json", "url", "html", "base64", "latin-1"])
def test_token_that_a_server_echoes_is_masked(server: StandIn, client: Client, status: int, spelling: str) -> None:
    import base64

    written = spellings().get(spelling) or base64.b64encode(CANARY.encode())
    content = b'{"errors":[{"code":"x","message":"got Bearer ' + written.replace(b'"', b'\\"') + b'"}]}'
    if spelling in ("raw", "latin-1"):
        content = b"<p>" + written + b"</p>"
    server.next = [Reply(status, content)] * 400

    with pytest.raises(CeligoError) as caught:
        client.check()

    assert_no_canary(traceback_text(caught.value, own=__file__))


@pytest.mark.parametrize("spelling", ["raw", "json", "url", "html", "base64", "latin-1"])
def test_token_that_a_server_echoes_in_an_answer_of_data_is_masked(server: StandIn, spelling: str) -> None:
    import base64

    written = spellings().get(spelling) or base64.b64encode(CANARY.encode())
    headers = {"X-Echo": "Bearer " + written.decode("latin-1"), "X-Other": "kept"}
    server.next = [Reply(200, b'{"data":[{"sent":"Bearer ' + written + b'"}]}', headers)]

    response = RequestsTransport(server.url, Secret(CANARY)).send(Request("GET", "/x"))

    assert response.content == b'{"data":[{"sent":"Bearer ******"}]}'
    assert (response.headers["x-echo"], response.headers["x-other"]) == ("Bearer ******", "kept")


def test_short_token_changes_no_data(server: StandIn) -> None:
    """A word in a record may equal a token of a few characters; records are not searched for those, errors are."""
    server.next = [Reply(200, b'["demo"]'), Reply(500, b"demo demo")]
    transport = RequestsTransport(server.url, Secret("demo"))

    assert transport.send(Request("GET", "/x")).content == b'["demo"]'
    assert transport.send(Request("GET", "/x")).content == b"****** ******"


_ECHOES = {
    "data": lambda value: {"data": [{"v": value}]},
    "data a text": lambda value: {"data": value},
    "member": lambda value: {value: 1},
    "page state": lambda value: {"data": [1], "pagedExportState": {"x": value}},
    "text": lambda value: value,
    "results": lambda value: [{"statusCode": 200, "id": value, "_json": {"v": value}}],
    "headers": lambda value: {"headers": {"Authorization": value}},
}


@pytest.mark.parametrize("name", sorted(_ECHOES))
def test_server_that_echoes_the_token_reaches_no_frame_result_journal_or_message(
    server: StandIn, client: Client, tmp_path: Path, name: str
) -> None:
    server.next = [lambda seen: Reply(200, _ECHOES[name](seen.headers["authorization"]))] * 9
    client.api.max_retries = 0
    con = Connection(client, {"_id": "5f0000000000000000000001", "name": "c", "type": "http"})
    frame = pd.DataFrame({"k": [1]})
    told: list[str] = []

    result = frame.celigo.to_import({"http": {}}, con, journal=tmp_path / "push")
    told += [repr(result), result._repr_html_(), result.frame.to_json(), result.errors().to_json()]
    for call in (
        lambda: celigo.read_export({"http": {}}, con, journal=tmp_path / "pull").to_json(),
        lambda: frame.celigo.dry_run({"http": {}}, con).mapped.to_json(),
    ):
        try:
            told.append(call())
        except CeligoError as error:
            told.append(traceback_text(error, own=__file__))

    assert any("******" in text for text in told)
    assert_no_canary(*told)
    assert_no_canary_in_files(tmp_path)


def test_token_is_in_no_traceback_of_an_interrupted_call(server: StandIn) -> None:
    release = threading.Event()
    server.next = [Reply(wait=release)]
    transport = RequestsTransport(server.url, Secret(CANARY))
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    started = time.monotonic()

    with pytest.raises(KeyboardInterrupt) as caught:
        transport.send(Request("POST", "/x", body=b"{}"))
    release.set()

    assert time.monotonic() - started < 5
    assert_no_canary(traceback_text(caught.value, own=__file__))


def _wrong_settings() -> list[Callable[[], Any]]:
    return [
        lambda: celigo.connect(CANARY + " x"),
        lambda: celigo.connect("x\n" + CANARY),
        lambda: celigo.connect("Bearer " + CANARY),
        lambda: celigo.connect(CANARY, base_url="http://example.com"),
        lambda: celigo.connect(CANARY, base_url=f"https://me:{CANARY}@example.com"),
        lambda: celigo.connect(CANARY, region="us"),
        lambda: celigo.connect(CANARY, region="eu", base_url="https://example.com"),
        lambda: celigo.connect(CANARY, timeout=-1),
        lambda: celigo.connect(CANARY, max_retries=-1),
    ]


@pytest.mark.parametrize("number", range(9))
def test_token_is_in_no_traceback_of_a_wrong_setting(number: int) -> None:
    with pytest.raises(ConfigError) as caught:
        _wrong_settings()[number]()

    assert_no_canary(traceback_text(caught.value, own=__file__))


@pytest.mark.parametrize(
    ("name", "value"),
    [("CELIGO_REGION", "us"), ("CELIGO_BASE_URL", "nonsense"), ("CELIGO_BASE_URL", f"https://u:{CANARY}@h")],
)
def test_token_of_the_environment_is_in_no_traceback_of_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("CELIGO_API_TOKEN", CANARY)
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        celigo.connect()

    assert_no_canary(traceback_text(caught.value, own=__file__))


def test_token_of_the_environment_that_is_wrong_is_in_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELIGO_API_TOKEN", CANARY + " x")

    with pytest.raises(ConfigError) as caught:
        celigo.connect()

    assert_no_canary(traceback_text(caught.value, own=__file__))


def test_token_is_in_no_traceback_of_a_loose_profile_file(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "c", keyring=None)
    store.save("default", Secret(CANARY), "https://h.example")
    store.path.chmod(0o644)
    with pytest.raises(ConfigError) as loose:
        store.find("default")
    store.path.chmod(0o600)
    store.path.write_bytes(store.path.read_bytes() + b"[default]\n")
    with pytest.raises(ConfigError) as damaged:
        store.find("default")

    assert_no_canary(traceback_text(loose.value, own=__file__), traceback_text(damaged.value, own=__file__))


def test_token_is_only_in_the_profile_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = ProfileStore(tmp_path / "c", keyring=None)

    store.save("default", Secret(CANARY), "https://h.example")

    assert leaks(store.path.read_bytes())
    assert_no_canary_in_files(tmp_path, but=[store.path])


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_client_cannot_be_pickled_and_says_what_to_do(client: Client, protocol: int) -> None:
    for thing in (client, client.api, client.api.transport, Secret(CANARY)):
        with pytest.raises(TypeError, match="pickled") as caught:
            pickle.dumps(thing, protocol)
        assert_no_canary(str(caught.value))


def test_client_cannot_be_copied_by_value(client: Client) -> None:
    with pytest.raises(TypeError):
        copy.deepcopy(client)


def test_token_is_in_no_warning(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        celigo.connect(CANARY, base_url=server.url).check()

    for warning in caught:
        assert_no_canary(
            str(warning.message),
            warnings.formatwarning(warning.message, warning.category, warning.filename, warning.lineno),
        )


_DOC = {"name": "n", "type": "http", "http": {"baseURI": "https://x.example", "mediaType": "json"}}


def _with_password(**more: Any) -> dict[str, Any]:
    return {**_DOC, "http": {**_DOC["http"], "auth": {"basic": {"password": CANARY}}}, **more}  # type: ignore[dict-item]


_CALLS: dict[str, Callable[[Client, str], Any]] = {
    "create": lambda client, key: client.connections.create(_with_password()),
    "replace": lambda client, key: client.connections[key].replace(_with_password()),
    "low-level create": lambda client, key: client.api.create_connection(_with_password()),
    "low-level replace": lambda client, key: client.api.replace_connection(key, _with_password()),
    "update": lambda client, key: client.connections[key].update({"http.auth.basic.password": CANARY}),
    "update with secrets": lambda client, key: client.connections[key].update(
        {"http.mediaType": "xml"}, secrets={"http.auth.basic.password": CANARY}
    ),
}


@pytest.mark.parametrize("failure", ["refusal", "reset"])
@pytest.mark.parametrize("name", sorted(_CALLS))
def test_password_is_in_no_traceback_when_a_connection_is_refused(server: StandIn, name: str, failure: str) -> None:
    server.token = "plain"
    client = client_of(server, time=FakeTime())
    key = server.add("c", **{k: v for k, v in _DOC.items() if k != "name"})
    refusal = Reply(422, {"errors": [{"code": "x", "message": "no"}]}) if failure == "refusal" else Reply(reset=True)
    writes = {"POST", "PUT"}
    server.next = [lambda seen: refusal if seen.method in writes else None] * 20

    with pytest.raises(CeligoError) as caught:
        _CALLS[name](client, key)

    assert_no_canary(traceback_text(caught.value, own=__file__))


@pytest.mark.parametrize(
    "bad", [{"extra": object()}, {"extra": float("nan")}, {"other": "******"}], ids=["object", "nan", "mask"]
)
@pytest.mark.parametrize("name", ["create", "ping", "replace"])
def test_password_is_in_no_traceback_of_a_document_that_cannot_be_sent(server: StandIn, name: str, bad: Any) -> None:
    server.token = "plain"
    client = client_of(server, time=FakeTime())
    connection = client.connections[server.add("c")]
    doc = _with_password(**bad)
    calls: dict[str, Callable[[Any], Any]] = {
        "create": client.connections.create,
        "ping": client.connections.ping,
        "replace": connection.replace,
    }
    before = len(server.requests)

    with pytest.raises(celigo.DocumentError) as caught:
        calls[name](doc)

    assert len(server.requests) == before
    assert_no_canary(traceback_text(caught.value, own=__file__))
