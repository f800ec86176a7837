"""What never gets as far as a handler: each refusal has its envelope."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from support.engine import TOKEN, EngineProcess

GOOD = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess("--choice", "max_body_bytes=100000") as running:
        yield running


def code(answer: requests.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    return str(answer.json()["errors"][0]["code"])


def send(engine: EngineProcess, method: str = "GET", path: str = "/v1/tokenInfo", **more: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, engine.url + path, **{"headers": GOOD, "timeout": 20, **more})


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        TOKEN,
        f"Bearer x {TOKEN}",
        "Bearer \xe4",
    ],
)
@pytest.mark.parametrize("path", ["/v1/tokenInfo", "/v1/nix", "/openapi.json", "/postman.json", "/"])
def test_guard_without_the_token_nothing_is_told(engine: EngineProcess, header: str | None, path: str) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}

    answer = send(engine, path=path, headers=headers)

    assert code(answer, 401) == "unauthorized"
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_guard_scheme_is_matched_in_any_case(engine: EngineProcess, scheme: str) -> None:
    assert send(engine, headers={"Authorization": f"{scheme} {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{port}", ""]
)
def test_guard_foreign_host_is_refused(engine: EngineProcess, host: str) -> None:
    port = engine.url.rpartition(":")[2]

    assert code(send(engine, headers={**GOOD, "Host": host.format(port=port)}), 403) == "foreign_host"


def test_guard_own_names_are_taken(engine: EngineProcess) -> None:
    port = engine.url.rpartition(":")[2]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}"):
        assert send(engine, headers={**GOOD, "Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "http://localhost:1", "file://"]
)
def test_guard_foreign_origin_is_refused_and_gets_no_cors_header(engine: EngineProcess, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = send(engine, method, headers={**GOOD, "Origin": origin})
        assert code(answer, 403) == "foreign_origin"
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("order", [1, -1])
def test_guard_every_origin_header_is_looked_at(engine: EngineProcess, order: int) -> None:
    """A proxy in front may add one of its own; requests joins them, so this is written by hand."""
    origins = "".join(f"Origin: {one}\r\n" for one in [engine.url, "https://evil.example"][::order])
    host = engine.url.removeprefix("http://")
    with socket.create_connection(("127.0.0.1", int(host.rpartition(":")[2])), timeout=10) as sock:
        sock.sendall(
            f"GET /v1/connections HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"{origins}Connection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: sock.recv(10_000), b""))

    assert answer.startswith(b"HTTP/1.1 403")
    assert b"foreign_origin" in answer


def test_guard_own_origin_passes(engine: EngineProcess) -> None:
    assert send(engine, headers={**GOOD, "Origin": engine.url}).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"nix", b"{'a':1}", b"NaN", b"\xff\xfe", b'{"a":1} x', b""])
def test_guard_body_that_is_no_json_is_a_400(engine: EngineProcess, body: bytes) -> None:
    answer = send(engine, "POST", "/v1/connections", data=body, headers={**GOOD, "Content-Type": "application/json"})
    assert code(answer, 400) == "invalid_json"


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"true"])
def test_guard_body_that_is_no_object_is_a_422(engine: EngineProcess, body: bytes) -> None:
    answer = send(engine, "POST", "/v1/connections", data=body, headers={**GOOD, "Content-Type": "application/json"})
    assert code(answer, 422) == "invalid_field"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/json"]
)
def test_guard_other_media_type_is_a_415(engine: EngineProcess, kind: str) -> None:
    headers = {**GOOD, "Content-Type": kind}
    assert code(send(engine, "POST", "/v1/connections", data=b"{}", headers=headers), 415) == "unsupported_media_type"


def test_guard_too_large_body_is_a_413_by_length_and_by_count(engine: EngineProcess) -> None:
    headers = {**GOOD, "Content-Type": "application/json"}
    large = json.dumps({"name": "x" * 200_000}).encode()

    def parts() -> Iterator[bytes]:
        for start in range(0, len(large), 10_000):
            yield large[start : start + 10_000]

    assert code(send(engine, "POST", "/v1/connections", data=large, headers=headers), 413) == "body_too_large"
    assert code(send(engine, "POST", "/v1/connections", data=parts(), headers=headers), 413) == "body_too_large"


def test_guard_compressed_body_is_not_inflated(engine: EngineProcess) -> None:
    headers = {**GOOD, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = send(engine, "POST", "/v1/connections", data=gzip.compress(b"{}"), headers=headers)
    assert code(answer, 400) == "invalid_json"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/tokenInfo", {"GET"}),
        ("DELETE", "/v1/connections", {"GET", "POST"}),
        ("POST", f"/v1/connections/{'0' * 24}", {"GET", "PUT", "PATCH", "DELETE"}),
        ("GET", f"/v1/connections/{'0' * 24}/export", {"POST"}),
    ],
)
def test_guard_method_off_the_route_is_a_405_with_allow(
    engine: EngineProcess, method: str, path: str, allow: set[str]
) -> None:
    answer = send(engine, method, path)
    assert code(answer, 405) == "method_not_allowed"
    assert {name.strip() for name in answer.headers["Allow"].split(",")} - {"HEAD"} == allow


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v2/connections", "/v1/connections/a/b/c", "/docs", "/v1/%2e%2e/x"]
)
def test_guard_unknown_route_is_a_404(engine: EngineProcess, path: str) -> None:
    assert code(send(engine, path=path), 404) == "not_found"


def test_guard_two_hosts_or_tokens_are_refused(engine: EngineProcess) -> None:
    host, _, port = engine.url.removeprefix("http://").partition(":")

    def raw(lines: list[str]) -> str:
        with socket.create_connection((host, int(port)), 10) as sock:
            sock.sendall("\r\n".join([*lines, "", ""]).encode())
            return sock.recv(200).decode()

    place = f"Host: {host}:{port}"
    start = "GET /v1/tokenInfo HTTP/1.1"
    assert " 401 " in raw([start, place, f"Authorization: Bearer {TOKEN}", "Authorization: Bearer x"])
    assert not raw([start, place, "Host: evil", f"Authorization: Bearer {TOKEN}"]).startswith("HTTP/1.1 200")


def test_guard_rate_limit_when_chosen_answers_429_with_retry_after() -> None:
    with EngineProcess("--choice", "rate_capacity=3", "--choice", "rate_refill_per_s=0.5") as engine:
        answers = [engine.call("GET", "/tokenInfo") for _ in range(6)]

        assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
        assert code(answers[-1], 429) == "rate_limited"
        assert int(answers[-1].headers["Retry-After"]) >= 1


@pytest.mark.parametrize("query", ["", "?state=nix&code=x", "?error=denied&state=<script>alert(1)</script>"])
def test_guard_oauth_callback_takes_no_token_and_only_a_live_state(engine: EngineProcess, query: str) -> None:
    path = f"/connection/oauth2callback{query}"

    answer = send(engine, path=path, headers={})

    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<script" not in answer.text
    assert code(send(engine, path=path, headers={"Host": "evil.example"}), 403) == "foreign_host"
    assert code(send(engine, "POST", path, headers={}), 405) == "method_not_allowed"


@pytest.fixture(scope="module")
def proxied() -> Iterator[EngineProcess]:
    names = ("celigo.example.com", "other.example.com:8443", "[fd00::5]")
    with EngineProcess(*(part for name in names for part in ("--name", name))) as running:
        yield running


@pytest.mark.parametrize(
    ("host", "origin", "passes"),
    [
        ("celigo.example.com", "https://celigo.example.com", True),
        ("Celigo.Example.com:443", "https://celigo.example.com:443", True),
        ("celigo.example.com:{port}", "http://celigo.example.com:{port}", True),
        ("other.example.com:8443", "https://other.example.com:8443", True),
        ("[fd00::5]", "https://[fd00::5]", True),
        ("127.0.0.1:{port}", "http://127.0.0.1:{port}", True),
        ("other.example.com", None, False),
        ("celigo.example.com:8443", None, False),
        ("celigo.example.com.evil", None, False),
        ("celigo.example.com", "https://evil.example", False),
        ("celigo.example.com", "http://celigo.example.com:81", False),
        ("127.0.0.1", None, False),
    ],
)
def test_guard_proxy_in_front_is_known_by_its_name(
    proxied: EngineProcess, host: str, origin: str | None, passes: bool
) -> None:
    port = proxied.url.rpartition(":")[2]
    headers = {**GOOD, "Host": host.format(port=port)}
    if origin:
        headers["Origin"] = origin.format(port=port)

    assert send(proxied, headers=headers).status_code == (200 if passes else 403)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /v1/tokenInfo HTTP/1.1\r\n\r\n",
        b"GET /v1/tokenInfo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /v1/tokenInfo HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ],
)
def test_guard_what_is_no_http_has_the_envelope_too(engine: EngineProcess, head: bytes) -> None:
    host, port = engine.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as sock:
        sock.sendall(head)
        parts = []
        try:
            while part := sock.recv(65_536):
                parts.append(part)
        except ConnectionResetError:
            pass
    status, _, rest = b"".join(parts).partition(b"\r\n")

    assert status == b"HTTP/1.1 400 Bad Request"
    assert b"content-type: application/json" in rest.lower()
    body = rest.partition(b"\r\n\r\n")[2]
    assert b'"code":"invalid_http"' in body
