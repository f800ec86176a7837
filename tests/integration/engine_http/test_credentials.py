"""Auth kinds and limits against a recording stand-in; signatures are verified by other code than made them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from oauthlib.oauth1 import RequestValidator, ResourceEndpoint
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, Server, answer_json, serve

from celigo_pandas.engine.adaptors.protocol import SourceFailure

READ = {"http": {"method": "GET", "relativeURI": "/items?b=2&a=1"}}


@pytest.fixture
def echo() -> Iterator[Server]:
    with serve(lambda asked: answer_json({"ok": True})) as found:
        yield found


def pem(key: Any) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
HMAC = "a-secret-of-at-least-64-bytes-so-that-no-library-warns-about-its-length!"


@pytest.mark.parametrize(
    ("method", "algorithm", "member", "key", "verifier"),
    [
        ("hmac-sha256", "HS256", "secret", HMAC, OctKey.import_key(HMAC)),
        ("hmac-sha512", "HS512", "secret", HMAC, OctKey.import_key(HMAC)),
        ("rsa-sha256", "RS256", "privateKey", pem(RSA), RSAKey.import_key(pem(RSA))),
        ("ps256", "PS256", "privateKey", pem(RSA), RSAKey.import_key(pem(RSA))),
        ("es256", "ES256", "privateKey", pem(EC), ECKey.import_key(pem(EC))),
    ],
)
def test_jwtbearer_token_is_verified_by_another_library(
    echo: Server, method: str, algorithm: str, member: str, key: str, verifier: Any
) -> None:
    payload = json.dumps({"iss": "{{{connection.http.unencrypted.issuer}}}", "sub": "amelia"})
    auth = {"type": "jwtbearer", "jwt": {"signatureMethod": method, "payload": payload, member: key}}
    with Bench(connection(echo.url, auth, unencrypted={"issuer": "oslo"})) as bench:
        bench.records(READ)

    scheme, _, token = echo.asked[0].headers["Authorization"].partition(" ")
    assert scheme == "Bearer"
    assert jwt.decode(token, verifier, algorithms=[algorithm]).claims == {"iss": "oslo", "sub": "amelia"}
    assert token not in str(bench.log)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"signatureMethod": "none", "payload": "{}"}, "not known"),
        ({"signatureMethod": "hmac-sha256", "payload": "[]", "secret": HMAC}, "JSON object"),
        ({"signatureMethod": "rs256", "payload": '{"a": 1}', "privateKey": "no-key-at-all"}, "cannot sign"),
    ],
)
def test_jwtbearer_unfit_block_is_refused_before_sending(echo: Server, block: dict[str, Any], said: str) -> None:
    with Bench(connection(echo.url, {"type": "jwtbearer", "jwt": block})) as bench:
        failed = bench.failure(READ)

    assert said in failed.message
    assert "no-key-at-all" not in failed.message
    assert echo.asked == []


@pytest.mark.parametrize(
    ("package", "auth"),
    [
        (
            "jwt",
            {"type": "jwtbearer", "jwt": {"signatureMethod": "hmac-sha256", "payload": '{"a": 1}', "secret": HMAC}},
        ),
        ("requests_oauthlib", {"type": "oauth1", "oauth": {"oauth1": {"consumerKey": "consumer-1"}}}),
    ],
)
def test_kind_that_needs_a_missing_package_says_what_to_install(
    echo: Server, monkeypatch: pytest.MonkeyPatch, package: str, auth: dict[str, Any]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with Bench(connection(echo.url, auth)) as bench:
        failed = bench.failure(READ)

    assert failed.code == "missing_extra"
    assert 'pip install "celigo-pandas[oauth]"' in failed.message
    assert echo.asked == []


class _OneUser(RequestValidator):
    """oauthlib's server side with one client and one token."""

    enforce_ssl = False
    safe_characters = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    client_key_length = request_token_length = access_token_length = nonce_length = (4, 60)
    dummy_client = dummy_access_token = "dummy-one"
    allowed_signature_methods = ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA256", "PLAINTEXT")

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == "consumer-1"

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        return token == "access-token-1"

    def validate_timestamp_and_nonce(self, *args: Any, **options: Any) -> bool:
        return True

    def validate_realms(self, *args: Any, **options: Any) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return "consumer-secret-1"

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return "token-secret-1"

    def get_rsa_key(self, client_key: str, request: Any) -> str:
        public = RSA.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("method", ["hmac-sha1", "hmac-sha256", "hmac-sha512", "rsa-sha256", "plaintext"])
@pytest.mark.parametrize("media", ["json", "urlencoded"])
def test_oauth1_signature_is_verified_by_oauthlibs_server(echo: Server, method: str, media: str) -> None:
    block = {
        "signatureMethod": method,
        "consumerKey": "consumer-1",
        "consumerSecret": "consumer-secret-1",
        "accessToken": "access-token-1",
        "tokenSecret": "token-secret-1",
        "consumerPrivateKey": pem(RSA) if method.startswith("rsa") else None,
    }
    auth = {"type": "oauth1", "oauth": {"oauth1": block}}
    importing = {"http": {"method": ["POST"], "relativeURI": ["/items?b=2&a=1"]}}
    with Bench(connection(echo.url, auth, mediaType=media)) as bench:
        assert bench.push(importing, [{"name": "Åse & co"}])[0]["statusCode"] == 200
        if method != "plaintext":
            assert "access-token-1" not in str(bench.log)

    [asked] = echo.asked
    endpoint = ResourceEndpoint(_OneUser())
    valid, _ = endpoint.validate_protected_resource_request(
        echo.url + asked.target, asked.method, asked.body.decode(), dict(asked.headers)
    )
    forged, _ = endpoint.validate_protected_resource_request(
        echo.url + asked.target + "&c=3", asked.method, asked.body.decode(), dict(asked.headers)
    )
    assert valid
    assert forged is (method == "plaintext")


def test_wsse_header_holds_the_digest_of_nonce_time_and_password(echo: Server) -> None:
    auth = {"type": "wsse", "basic": {"username": "amelia", "password": "pass-word-77"}}
    with Bench(connection(echo.url, auth)) as bench:
        bench.records(READ)
        bench.records(READ)

    headers = [asked.headers["X-WSSE"] for asked in echo.asked]
    parts = dict(re.findall(r'(\w+)="([^"]*)"', headers[0]))
    made = base64.b64decode(parts["Nonce"]) + parts["Created"].encode() + b"pass-word-77"
    assert parts["PasswordDigest"] == base64.b64encode(hashlib.sha1(made).digest()).decode()
    assert parts["Created"] == "2026-03-04T05:06:07Z"
    assert headers[0] != headers[1]
    assert "PasswordDigest" not in str(bench.log)


@pytest.mark.parametrize(
    ("block", "header", "value"),
    [
        ({}, "Authorization", "Bearer tok-1234"),
        ({"scheme": "Token"}, "Authorization", "Token tok-1234"),
        ({"scheme": " "}, "Authorization", "tok-1234"),
        ({"headerName": "X-Api-Key"}, "X-Api-Key", "tok-1234"),
        ({"headerName": "X-Api-Key", "scheme": "Key"}, "X-Api-Key", "Key tok-1234"),
    ],
    ids=["default", "scheme", "blank_scheme", "own_header", "own_header_and_scheme"],
)
def test_token_header_takes_name_and_scheme(echo: Server, block: dict[str, Any], header: str, value: str) -> None:
    auth = {"type": "token", "token": {"token": "tok-1234", "location": "header", **block}}
    with Bench(connection(echo.url, auth)) as bench:
        bench.records(READ)

    assert echo.asked[0].headers[header] == value
    assert "tok-1234" not in str(bench.log)


class Expiring:
    """A service whose token ends: ``/refresh`` gives the next one."""

    def __init__(self) -> None:
        self.number = 1
        self.answers_200 = False
        self.refuses_refresh = False

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/refresh":
            if self.refuses_refresh:
                return answer_json({"error": "invalid"}, 400)
            self.number += 1
            return answer_json({"data": {"key": f"token-number-{self.number}"}})
        if asked.headers.get("Authorization") == f"Bearer token-number-{self.number}":
            return answer_json({"ok": True, "code": "fine"})
        if self.answers_200:
            return answer_json({"ok": False, "code": "session_expired"})
        return answer_json({"error": "expired"}, 401)


def refreshing(url: str, **auth: Any) -> dict[str, Any]:
    token = {
        "token": "token-number-0",
        "refreshToken": "refresh-token-5",
        "location": "header",
        "refreshRelativeURI": "/refresh",
        "refreshMethod": "POST",
        "refreshBody": '{"refresh": "{{{connection.http.auth.token.refreshToken}}}"}',
        "refreshHeaders": [{"name": "X-Refresh", "value": "yes"}],
        "refreshTokenPath": "data.key",
    }
    return connection(url, {"type": "token", "token": token, **auth})


def test_token_refused_is_refreshed_stored_and_the_request_repeated() -> None:
    service = Expiring()
    with serve(service) as server, Bench(refreshing(server.url)) as bench:
        assert bench.records(READ) == [{"ok": True, "code": "fine"}]
        assert bench.records(READ) == [{"ok": True, "code": "fine"}]

    assert [asked.path for asked in server.asked] == ["/items", "/refresh", "/items", "/items"]
    assert server.asked[1].json == {"refresh": "refresh-token-5"}
    assert server.asked[1].headers["X-Refresh"] == "yes"
    assert bench.access.secrets()["http"]["auth"]["token"]["token"] == "token-number-2"
    assert "token-number" not in str(bench.log)


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "X Refresh", "X-Refresh:"])
def test_refresh_header_that_a_document_may_not_set_is_refused_before_anything_is_sent(name: str) -> None:
    with serve(Expiring()) as server:
        doc = refreshing(server.url)
        doc["http"]["auth"]["token"] |= {"token": "", "refreshHeaders": [{"name": name, "value": "5"}]}
        with Bench(doc) as bench:
            failure = bench.failure(READ)

    assert name in failure.message
    assert server.asked == []


def test_token_that_is_empty_is_got_before_the_first_request() -> None:
    with serve(Expiring()) as server:
        doc = refreshing(server.url)
        doc["http"]["auth"]["token"]["token"] = ""
        with Bench(doc) as bench:
            assert bench.records(READ) == [{"ok": True, "code": "fine"}]
            assert bench.records(READ) == [{"ok": True, "code": "fine"}]

    assert [asked.path for asked in server.asked] == ["/refresh", "/items", "/items"]


def test_token_refused_twice_is_refreshed_once_and_goes_offline() -> None:
    def answer(asked: Asked) -> Answer:
        return answer_json({"data": {"key": "useless"}}) if asked.path == "/refresh" else answer_json({}, 401)

    with serve(answer) as server, Bench(refreshing(server.url)) as bench:
        failed = bench.failure(READ)

    assert failed.offline
    assert [asked.path for asked in server.asked] == ["/items", "/refresh", "/items"]


def test_refused_refresh_goes_offline_without_a_repeat() -> None:
    service = Expiring()
    service.refuses_refresh = True
    with serve(service) as server, Bench(refreshing(server.url)) as bench:
        failed = bench.failure(READ)

    assert failed.offline
    assert [asked.path for asked in server.asked] == ["/items", "/refresh"]
    assert "refresh-token-5" not in f"{failed} {bench.log}"


@pytest.mark.parametrize(
    "renewal",
    [
        (503, {"Content-Type": "application/json"}, b'{"error": "busy"}'),
        (200, {"Content-Type": "text/html"}, b"<!doctype html><html>maintenance</html>"),
        (400, {"Content-Type": "text/html"}, b"<html>a proxy</html>"),
        (302, {"Location": "/sorry"}, b""),
        (429, {"Content-Type": "application/json"}, b"{}"),
    ],
    ids=["busy", "page", "proxy", "redirect", "too many"],
)
def test_renewal_that_says_nothing_of_the_credentials_leaves_the_connection_online(renewal: Answer) -> None:
    def answer(asked: Asked) -> Answer:
        return answer_json({}, 401) if asked.path == "/items" else renewal

    with serve(answer) as server, Bench(refreshing(server.url)) as bench:
        failed = bench.failure(READ)

    assert not failed.offline
    assert "token" in failed.message


def test_fail_path_and_values_tell_an_expired_token_in_a_200() -> None:
    service = Expiring()
    service.answers_200 = True
    rules = {"failStatusCode": 200, "failPath": "code", "failValues": ["session_expired"]}
    with serve(service) as server, Bench(refreshing(server.url, **rules)) as bench:
        assert bench.records(READ) == [{"ok": True, "code": "fine"}]

    assert [asked.path for asked in server.asked] == ["/items", "/refresh", "/items"]


def test_fail_status_code_replaces_401() -> None:
    def answer(asked: Asked) -> Answer:
        return answer_json({"error": "no"}, 498)

    with serve(answer) as server:
        with Bench(connection(server.url, {"type": "custom", "failStatusCode": 498})) as bench:
            assert bench.failure(READ).offline
        with Bench(connection(server.url)) as bench:
            assert not bench.failure(READ).offline


def limited(times: int, status: int = 429, header: str = "Retry-After", value: str = "0.05") -> Any:
    left = [times]

    def answer(asked: Asked) -> Answer:
        if left[0] > 0:
            left[0] -= 1
            return answer_json({"state": "busy"}, status, {header: value})
        return answer_json({"ok": True})

    return answer


def test_rate_limit_waits_as_the_header_says_and_repeats() -> None:
    with serve(limited(2, value="0.2")) as server, Bench(connection(server.url)) as bench:
        began = time.monotonic()
        assert bench.records(READ) == [{"ok": True}]

    assert len(server.asked) == 3
    assert time.monotonic() - began >= 0.4


def test_rate_limit_takes_its_own_status_path_and_header() -> None:
    rules = {"failStatusCode": 200, "failPath": "state", "failValues": ["busy"]}
    doc_rules = {"rateLimit": rules, "retryHeader": "X-Wait"}
    with serve(limited(1, 200, "X-Wait")) as server, Bench(connection(server.url, **doc_rules)) as bench:
        assert bench.records(READ) == [{"ok": True}]

    assert len(server.asked) == 2


def test_rate_limit_longer_than_the_call_fails_at_once() -> None:
    with serve(limited(1, value="3600")) as server, Bench(connection(server.url), time_s=2) as bench:
        failed = bench.failure(READ)

    assert failed.code == "rate_limited"
    assert not failed.offline


def test_rate_limit_wait_ends_when_the_reader_goes() -> None:
    with serve(limited(1, value="5")) as server, Bench(connection(server.url)) as bench:
        threading.Timer(0.1, bench.stop.set).start()
        began = time.monotonic()
        failed = bench.failure(READ)

    assert failed.code == "stopped"
    assert time.monotonic() - began < 4


def test_pace_keeps_requests_apart(echo: Server) -> None:
    with Bench(connection(echo.url, rateLimit={"limit": 60})) as bench:
        began = time.monotonic()
        for _ in range(4):
            bench.records(READ)

    assert time.monotonic() - began >= 0.18


class Counting:
    """How many requests are open at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.open = self.most = 0

    def __call__(self, asked: Asked) -> Answer:
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        time.sleep(0.03)
        with self.lock:
            self.open -= 1
        return answer_json({"ok": True})


def run_together(benches: list[Bench]) -> None:
    threads = [threading.Thread(target=bench.records, args=(READ,)) for bench in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


@pytest.mark.parametrize("level", [1, 3])
def test_concurrency_level_bounds_open_requests(level: int) -> None:
    service = Counting()
    with serve(service) as server, Bench(connection(server.url, concurrencyLevel=level)) as bench:
        run_together([bench] * 9)

    # A loaded machine may not reach the level, but more than one at a time it does.
    assert service.most <= level
    assert level == 1 or service.most > 1


def test_borrowed_concurrency_counts_together_with_the_lender() -> None:
    service = Counting()
    with serve(service) as server:
        lender = Bench(connection(server.url, concurrencyLevel=2))
        borrower = Bench({**connection(server.url), "_borrowConcurrencyFromConnectionId": lender.access.id})
        borrower.access.id = "d" * 24
        borrower.adaptor = lender.adaptor
        lender.records(READ)
        run_together([lender, borrower] * 4)
        lender.close()
        borrower.close()

    assert service.most <= 2


def test_failure_keeps_no_frame_that_holds_a_secret() -> None:
    secret = "pass-word-in-frames-77"
    auth = {"type": "basic", "basic": {"username": "amelia", "password": secret}}
    # Nobody listens there: the exception starts deep inside the transport.
    with Bench(connection("http://127.0.0.1:9", auth)) as bench, pytest.raises(SourceFailure) as failed:
        bench.chunks(READ)

    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    own = [frame for frame, _ in traceback.walk_tb(failed.value.__traceback__)]
    ours = [frame for frame in own if "/adaptors/http/" in frame.f_code.co_filename]
    assert ours
    encoded = base64.b64encode(f"amelia:{secret}".encode()).decode()
    for frame in ours:
        shown = repr(frame.f_locals)
        assert secret not in shown
        assert encoded not in shown


def test_unreachable_server_is_named_without_its_query(echo: Server) -> None:
    auth = {"type": "token", "token": {"token": "tok-1234-5678", "location": "url"}}
    with Bench(connection("http://127.0.0.1:9", auth)) as bench:
        failed = bench.failure(READ)

    assert failed.code == "unreachable"
    assert failed.message.startswith("http://127.0.0.1:9 cannot be reached")
    assert "tok-1234" not in failed.message


def test_echoed_secret_is_masked_in_failures_and_logs() -> None:
    def answer(asked: Asked) -> Answer:
        return answer_json({"message": f"bad credentials {asked.headers['Authorization']}"}, 400)

    auth = {"type": "token", "token": {"token": "tok-1234-5678", "location": "header"}}
    with serve(answer) as server, Bench(connection(server.url, auth)) as bench:
        failed = bench.failure(READ)
        [outcome] = bench.push({"http": {"method": ["POST"], "relativeURI": ["/"]}}, [{"a": 1}])

    assert "bad credentials" in failed.message
    assert "tok-1234" not in f"{failed} {outcome['errors']} {bench.log}"
