"""The transport over real sockets: what it sends, to whom, and what it makes of broken answers."""

from __future__ import annotations

import contextlib
import gc
import gzip
import http.client
import socket
import threading
import time
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.client import FakeTime, client_of
from support.sockets import RecordingProxy, free_port, self_signed
from support.standin import Reply, Seen, StandIn

from celigo_pandas.client.messages import Lane, Request
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import ApiError, NotFoundError, RequestTimeoutError, TransportError


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def transport(server: StandIn) -> Iterator[RequestsTransport]:
    made = RequestsTransport(server.url, Secret(server.token))
    yield made
    made.close()


def test_request_carries_token_json_headers_and_body(server: StandIn, transport: RequestsTransport) -> None:
    transport.send(Request("POST", "/connections/ping", (("a", "b c"),), b'{"x":"\xc3\xa4"}'))

    (seen,) = server.requests
    assert seen.headers["authorization"] == f"Bearer {server.token}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["accept"] == "application/json"
    assert seen.query == {"a": ["b c"]}
    assert seen.body == b'{"x":"\xc3\xa4"}'


def test_request_without_body_says_so(server: StandIn, transport: RequestsTransport) -> None:
    server.add("x", _id="5" * 24)

    assert transport.send(Request("POST", f"/connections/{'5' * 24}/ping")).status == 200
    assert server.requests[0].headers["content-length"] == "0"
    assert "content-type" not in server.requests[0].headers


@pytest.mark.parametrize("body", [None, b"{}"])
def test_hostile_netrc_and_proxies_change_nothing(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes | None
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login evil password evil\ndefault login evil password evil\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with RecordingProxy() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        transport = RequestsTransport(server.url, Secret(server.token))
        transport.send(Request("POST", "/connections/ping", body=body))
        client_of(server).check()
        transport.close()

    assert [seen.headers["authorization"] for seen in server.requests] == [f"Bearer {server.token}"] * 2
    assert proxy.received == []


def test_https_host_uses_the_proxy_of_the_environment_and_tells_it_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with RecordingProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        transport = RequestsTransport("https://api.example.invalid", Secret("the-token"))
        with pytest.raises(TransportError, match="proxy") as caught:
            transport.send(Request("POST", "/x", body=b"{}", repeat="write"))
        transport.close()

    assert caught.value.processed is False
    assert proxy.received
    assert proxy.received[0].startswith(b"CONNECT api.example.invalid:443")
    assert not any(b"the-token" in data or b"Bearer" in data for data in proxy.received)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(server: StandIn, status: int) -> None:
    with StandIn() as other:
        server.next = [Reply(status, None, {"Location": f"{other.url}/v1/tokenInfo"})]

        with pytest.raises(ApiError, match="redirect") as caught:
            client_of(server).check()

    assert caught.value.status == status
    assert other.requests == []


def test_connection_refused_is_known_to_be_not_processed() -> None:
    transport = RequestsTransport(f"http://127.0.0.1:{free_port()}", Secret("t"))

    with pytest.raises(TransportError, match="refused") as caught:
        transport.send(Request("POST", "/x", body=b"{}", repeat="write"))

    assert caught.value.processed is False
    assert not isinstance(caught.value, RequestTimeoutError)


def test_unknown_host_is_known_to_be_not_processed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    transport = RequestsTransport("https://nowhere.invalid", Secret("t"))

    with pytest.raises(TransportError, match="cannot be resolved") as caught:
        transport.send(Request("POST", "/x", repeat="write"))

    assert caught.value.processed is False


def test_https_to_a_server_without_tls_is_known_to_be_not_processed(server: StandIn) -> None:
    transport = RequestsTransport(server.url.replace("http:", "https:"), Secret("t"))

    with pytest.raises(TransportError, match="TLS") as caught:
        transport.send(Request("POST", "/x", repeat="write"))

    assert caught.value.processed is False
    assert server.requests == []


def test_certificate_that_is_not_trusted_is_told_as_such(tmp_path: Path) -> None:
    with self_signed(tmp_path) as url:
        transport = RequestsTransport(url, Secret("t"))
        with pytest.raises(TransportError, match="certificate is not trusted") as caught:
            transport.send(Request("POST", "/x", repeat="write"))

    assert caught.value.processed is False


def test_connect_timeout_is_known_to_be_not_processed() -> None:
    # A listening socket whose queue is full answers no further SYN.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        transport = RequestsTransport(f"http://127.0.0.1:{port}", Secret("t"), timeout=(0.3, 0.3))
        with pytest.raises(RequestTimeoutError) as caught:
            transport.send(Request("POST", "/x", repeat="write"))
        for filler in fillers:
            filler.close()

    assert caught.value.processed is False
    assert caught.value.timeout_s == 0.3


def test_read_timeout_leaves_the_outcome_unknown(server: StandIn) -> None:
    release = threading.Event()
    server.next = [Reply(200, {}, wait=release)]
    transport = RequestsTransport(server.url, Secret(server.token), timeout=(5, 0.3))

    with pytest.raises(RequestTimeoutError, match=r"did not answer within 0\.3 s") as caught:
        transport.send(Request("POST", "/connections/ping", body=b"{}", repeat="write"))
    release.set()

    assert caught.value.processed is None
    assert isinstance(caught.value, TimeoutError)


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(reset=True), id="reset"),
        pytest.param(Reply(raw=b""), id="closed without an answer"),
        pytest.param(Reply(raw=b"nonsense\r\n\r\n"), id="no HTTP"),
        pytest.param(Reply(raw=_HEAD[:20]), id="head cut off"),
        pytest.param(Reply(raw=_HEAD + b'Content-Length: 100\r\n\r\n{"data":['), id="body cut off"),
        pytest.param(Reply(raw=_HEAD + b'Transfer-Encoding: chunked\r\n\r\n9\r\n{"data":['), id="chunks cut off"),
        pytest.param(Reply(raw=_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), id="bad chunk"),
        pytest.param(Reply(200, b"no gzip", {"Content-Encoding": "gzip"}), id="bad compression"),
        pytest.param(Reply(200, gzip.compress(b"[") * 200, {"Content-Encoding": "gzip"}), id="compressed in pieces"),
        pytest.param(Reply(200, gzip.compress(b"[]")[:-1], {"Content-Encoding": "gzip"}), id="compression cut off"),
    ],
)
def test_broken_answer_is_a_transport_error_with_unknown_outcome(server: StandIn, reply: Reply) -> None:
    server.next = [reply]

    with pytest.raises(TransportError) as caught:
        client_of(server).api.send(Request("POST", "/connections/ping", body=b"{}", repeat="write"))

    assert len(server.requests) == 1
    assert caught.value.processed is None
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("body", [b"<html></html>", b"", b'{"_userId": "5', b"null", b"[]", b"\xff\xfe", b'{"a": NaN}'])
def test_read_with_an_unusable_body_is_repeated_and_then_a_transport_error(server: StandIn, body: bytes) -> None:
    server.next = [Reply(200, body)] * 6

    with pytest.raises(TransportError, match="body cannot be used"):
        client_of(server, time=FakeTime()).check()

    assert len(server.requests) == 6


def test_read_is_repeated_until_a_whole_answer_comes(server: StandIn) -> None:
    server.next = [Reply(reset=True), Reply(raw=_HEAD + b"Content-Length: 9\r\n\r\n{"), Reply(200, b"oops")]
    client = client_of(server, time=FakeTime())

    assert client.check()["scope"] == "*"
    assert list(client.history["attempts"]) == [4]


def test_compressed_answer_is_read(server: StandIn, transport: RequestsTransport) -> None:
    server.next = [Reply(200, gzip.compress(b'{"a":1}'), {"Content-Encoding": "gzip"})]

    assert transport.send(Request("GET", "/tokenInfo")).content == b'{"a":1}'


@pytest.mark.parametrize("split", [False, True], ids=["at once", "later"])
def test_body_after_a_204_does_not_shift_later_answers(server: StandIn, split: bool) -> None:
    """A server that sends bytes after a 204 must not make the next call read them as its answer."""
    port, asked = free_port(), []
    listener = socket.create_server(("127.0.0.1", port))

    def serve() -> None:
        with contextlib.suppress(OSError):  # the test has closed it
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            while True:
                data = connection.recv(65536)
                if not data:
                    return
                if not data.startswith((b"GET ", b"POST ")):
                    continue  # a body that came by itself
                asked.append(data)
                stray = b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"bad":1}'
                if len(asked) == 1:
                    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n" + (b"" if split else stray))
                    if split:
                        time.sleep(0.05)
                        try:
                            connection.sendall(stray)
                        except OSError:
                            return
                else:
                    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"good":1}')

    threading.Thread(target=serve, daemon=True).start()
    transport = RequestsTransport(f"http://127.0.0.1:{port}", Secret("t"))

    assert transport.send(Request("GET", "/a")).status == 204
    time.sleep(0.1)
    assert transport.send(Request("POST", "/b", body=b"{}", repeat="write")).content == b'{"good":1}'
    assert transport.send(Request("POST", "/c", body=b"{}", repeat="write")).content == b'{"good":1}'
    listener.close()


def test_requests_of_one_lane_share_a_connection_and_others_have_their_own(
    server: StandIn, transport: RequestsTransport
) -> None:
    lane, other = Lane(), Lane()
    for chosen in (lane, lane, None, lane, other, None, other):
        transport.send(Request("GET", "/tokenInfo", lane=chosen))

    used = [seen.connection for seen in server.requests]
    assert used[0] == used[1] == used[3]
    assert used[4] == used[6]
    assert len(set(used)) == 4
    assert [seen.headers["connection"] for seen in server.requests][:3] == ["keep-alive", "keep-alive", "close"]


def test_connection_of_a_lane_is_closed_with_it(server: StandIn, transport: RequestsTransport) -> None:
    lane = Lane()
    transport.send(Request("GET", "/tokenInfo", lane=lane))
    adapter = weakref.ref(transport._lanes[lane])

    del lane

    gc.collect()
    assert adapter() is None


def test_debug_level_of_http_client_prints_no_request(
    server: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)

    RequestsTransport(server.url, Secret(server.token)).send(Request("GET", "/tokenInfo"))

    assert capsys.readouterr().out == ""


def test_list_page_on_another_host_is_not_asked_for(server: StandIn) -> None:
    with StandIn() as other:
        server.next = [Reply(200, [], {"Link": f'<{other.url}/v1/connections?skip=1>; rel="next"'})]

        with pytest.raises(ApiError, match="not followed"):
            len(client_of(server).connections)

    assert other.requests == []


def test_many_threads_share_one_transport(server: StandIn, transport: RequestsTransport) -> None:
    def handle(seen: Seen) -> Reply:
        return Reply(200, {"q": seen.query["q"][0]})

    server.next = [handle] * 200
    wrong: list[object] = []

    def ask(number: int) -> None:
        for step in range(25):
            text = f"{number}-{step}"
            content = transport.send(Request("GET", "/x", (("q", text),))).content
            if content != b'{"q": "%s"}' % text.encode():
                wrong.append((text, content))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(server.requests) == 200


def test_error_of_a_library_below_is_never_raised_bare(transport: RequestsTransport) -> None:
    with pytest.raises(TransportError) as caught:
        transport.send(Request("BAD METHOD\r\n", "/x"))

    assert caught.value.processed is False


def test_unknown_route_is_a_lookup_error(server: StandIn) -> None:
    with pytest.raises(NotFoundError) as caught:
        client_of(server).api.get_connection("0" * 24)

    assert isinstance(caught.value, LookupError)
    assert caught.value.status == 404


@pytest.mark.parametrize("pooled", [False, True])
def test_stop_before_the_first_byte_sends_nothing(server: StandIn, transport: RequestsTransport, pooled: bool) -> None:
    """A connection may take long to be made; what is stopped meanwhile must not go out after it."""
    if pooled:
        transport.send(Request("GET", "/tokenInfo"))
    before = len(server.requests)
    stop = threading.Event()
    stop.set()

    with pytest.raises(TransportError, match="stopped before it was sent") as caught:
        transport.send(Request("POST", "/connections/ping", body=b"{}", repeat="write", stop=stop))
    transport.send(Request("GET", "/tokenInfo"))  # the transport is sound afterwards

    assert caught.value.processed is False
    assert [seen.path for seen in server.requests[before:]] == ["/v1/tokenInfo"]


def packings(body: bytes) -> dict[str, bytes]:
    bare = zlib.compressobj(wbits=-15)
    return {
        "gzip": gzip.compress(body),
        "gzip twice": gzip.compress(body[:500_000]) + gzip.compress(body[500_000:]) + b"\0\0",
        "deflate": zlib.compress(body),
        "raw deflate": bare.compress(body) + bare.flush(),
    }


@pytest.mark.parametrize("coding", ["gzip", "gzip twice", "deflate", "raw deflate", "chunked", "identity", "none"])
def test_body_that_grows_beyond_the_bound_is_refused_once(server: StandIn, coding: str) -> None:
    """A small compressed answer can become one that fills the memory."""
    body = b"[" + b" " * 3_000_000 + b"]"
    packed = packings(body).get(coding, body)
    encoding = {} if coding in ("chunked", "none") else {"Content-Encoding": coding.split()[coding == "raw deflate"]}
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = head + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    server.next = [Reply(raw=chunked) if coding == "chunked" else Reply(200, packed, encoding)] * 9
    client = client_of(server, time=FakeTime())
    client.api.transport = RequestsTransport(server.url, Secret(server.token), max_body=1_000_000)

    with pytest.raises(TransportError, match="more than 1,000,000 bytes; the rest was not read") as caught:
        client.api.send(Request("GET", "/x"))

    assert len(server.requests) == 1
    assert not caught.value.retriable
    assert caught.value.processed is None
    server.next = []
    assert client.api.transport.send(Request("GET", "/tokenInfo")).status == 200


@pytest.mark.parametrize("coding", ["gzip", "gzip twice", "deflate", "raw deflate", "chunked", "none"])
def test_body_below_the_bound_comes_whole(server: StandIn, coding: str) -> None:
    body = b"[" + bytes(range(48, 58)) * 90_000 + b"]"
    packed = packings(body).get(coding, body)
    encoding = {} if coding in ("chunked", "none") else {"Content-Encoding": coding.split()[coding == "raw deflate"]}
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(
        b"%x\r\n" % len(body[i : i + 9999]) + body[i : i + 9999] + b"\r\n" for i in range(0, len(body), 9999)
    )
    reply = Reply(raw=head + chunks + b"0\r\n\r\n") if coding == "chunked" else Reply(200, packed, encoding)
    server.next = [reply]

    response = RequestsTransport(server.url, Secret(server.token), max_body=1_000_000).send(Request("GET", "/x"))

    assert response.content == body


@pytest.mark.parametrize("place", ["head", "body"])
def test_answer_that_drips_ends_the_call(place: str) -> None:
    """Each byte comes within the read timeout; the whole never does."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            if place == "body":
                connection.sendall(head)
            try:
                while not over.wait(0.02):
                    connection.sendall(b"H" if place == "head" else b" ")
            except OSError:
                pass

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    transport = RequestsTransport(url, Secret("token"), timeout=(5, 5), whole_s=0.4)
    try:
        with pytest.raises(RequestTimeoutError, match=r"not whole within 0\.4 s") as caught:
            transport.send(Request("POST", "/x", body=b"{}", repeat="write"))
    finally:
        over.set()
        thread.join(10)
        listener.close()
        transport.close()

    assert caught.value.processed is None
    assert caught.value.timeout_s == 0.4
