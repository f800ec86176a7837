"""The client and the engine's HTTP adaptor read one answer alike: what is whole, what is too much, what is broken."""

from __future__ import annotations

import gzip
import http.client
import random
import time
import zlib
from collections.abc import Callable, Iterator

import pytest
import requests
from support.soak import runs, seed
from support.standin import Reply, StandIn

from celigo_pandas.client.messages import Request
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.documents.secret import Secret
from celigo_pandas.engine.adaptors.http.transport import Limits, Transport, TransportFailure
from celigo_pandas.engine.safety.reach import Reach
from celigo_pandas.errors import TransportError

MOST = 200_000
Reader = Callable[[Reply], "bytes | str"]
"""The body that an answer has for one end, or what is wrong with it."""


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture(params=["client", "engine"])
def read(request: pytest.FixtureRequest, server: StandIn) -> Iterator[Reader]:
    client = RequestsTransport(server.url, Secret(server.token), max_body=MOST)
    engine = Transport(Reach(), limits=Limits(size_bytes=MOST))

    def by_client() -> bytes:
        return client.send(Request("POST", "/connections/ping", body=b"{}", repeat="write")).content

    def by_engine() -> bytes:
        sent = requests.Request("POST", f"{server.url}/v1/connections/ping", data=b"{}").prepare()
        return engine.send(sent, deadline=time.monotonic() + 30).body

    def read(reply: Reply) -> bytes | str:
        server.next = [reply]
        try:
            return by_client() if request.param == "client" else by_engine()
        except (TransportError, TransportFailure) as error:
            sent = error.sent if isinstance(error, TransportFailure) else error.processed is None
            assert sent, "what left may have been processed"
            return str(error)

    yield read
    client.close()
    engine.close()


def packed(content: bytes, coding: str, members: int = 1) -> bytes:
    if coding == "deflate":
        return zlib.compress(content)
    if coding == "raw":
        machine = zlib.compressobj(wbits=-15)
        return machine.compress(content) + machine.flush()
    size = -(-len(content) // members) or 1
    return b"".join(gzip.compress(content[at : at + size]) for at in range(0, max(len(content), 1), size))


@pytest.mark.soak
def test_what_was_packed_is_read_and_one_byte_more_than_the_bound_is_not(read: Reader) -> None:
    chosen = random.Random(seed("both ends"))
    for _ in range(runs(30, 500)):
        size = chosen.choice([0, 1, 2, 1_000, MOST - 1, MOST, MOST + 1, MOST + 70_000])
        content = bytes(chosen.choices(b"ab {}[]0", k=size))
        coding, padding = chosen.choice(["gzip", "deflate", "raw"]), b"\0" * chosen.choice([0, 0, 1, 700])
        body = packed(content, coding, chosen.randint(1, 9)) + (padding if coding == "gzip" else b"")
        header = {
            "Content-Encoding": coding.replace("raw", "deflate").replace("gzip", chosen.choice(["gzip", "x-gzip"]))
        }

        found = read(Reply(200, body, header))

        if size <= MOST:
            assert found == content
        else:
            assert isinstance(found, str)
            assert "200,000 bytes" in found


@pytest.mark.parametrize(
    ("body", "coding", "said"),
    [
        (b"no gzip", "gzip", "damaged"),
        (gzip.compress(b"[1, 2]")[:-1], "gzip", "cut off"),
        (gzip.compress(b"[1, 2]") + b"rest", "gzip", "damaged"),
        (gzip.compress(b"") * 2_001, "gzip", "2,000 members"),
        (b"[]", "br", "'br'; only gzip and deflate were offered"),
        (gzip.compress(gzip.compress(b"[]")), "gzip, gzip", "'gzip, gzip'; only gzip and deflate were offered"),
    ],
    ids=["not gzip", "cut off", "more after it", "many members", "brotli", "twice"],
)
def test_what_is_broken_or_was_not_offered_is_said(read: Reader, body: bytes, coding: str, said: str) -> None:
    found = read(Reply(200, body, {"Content-Encoding": coding}))

    assert isinstance(found, str)
    assert said in found


def test_a_small_body_that_would_fill_the_memory_is_refused(read: Reader) -> None:
    bomb = gzip.compress(b"0" * 100_000_000)

    assert "200,000 bytes" in str(read(Reply(200, bomb, {"Content-Encoding": "gzip"})))


@pytest.mark.parametrize("interim", ["102 Processing", "103 Early Hints", "199 Odd"])
def test_an_interim_answer_is_not_the_answer(read: Reader, interim: str) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

    assert read(Reply(raw=f"HTTP/1.1 {interim}\r\nLink: </a>\r\n\r\n".encode() + whole)) == b"{}"


def test_a_head_that_is_cut_off_is_no_answer(read: Reader) -> None:
    assert isinstance(read(Reply(raw=b"HTTP/1.1 204 No Content\r\nContent-Type: text/pl")), str)


def test_what_is_sent_is_printed_by_no_debug_level(
    read: Reader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)

    assert read(Reply(200, {"a": 1})) == b'{"a": 1}'
    assert "send:" not in capsys.readouterr().out
