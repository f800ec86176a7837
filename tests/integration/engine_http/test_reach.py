"""Every socket of the adaptor is opened by ``reach``, and everything an answer names is asked of it first."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, answer_json, serve

from celigo_pandas.engine.safety.reach import Reach

METADATA = "http://169.254.169.254/latest/meta-data"


class Rerouting:
    """A reach that resolves a made-up name itself: whoever asked the name server would get no answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.opened: list[tuple[str, int]] = []
        self._real = Reach()

    def check_url(self, url: str) -> None:
        self._real.check_url(url)

    def open_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self.opened.append((host, port))
        return socket.create_connection(("127.0.0.1", self.port), timeout)


def test_sockets_go_where_reach_resolved_and_the_host_header_keeps_the_name() -> None:
    with serve(lambda asked: answer_json([{"id": 1}])) as server:
        reach: Any = Rerouting(int(server.url.rpartition(":")[2]))
        with Bench(connection("http://api.made-up.invalid/v1"), reach=reach) as bench:
            bench.records({"http": {"relativeURI": "/a"}})
            bench.records({"http": {"relativeURI": "/b"}})

    assert reach.opened == [("api.made-up.invalid", 80)]
    assert [asked.headers["Host"] for asked in server.asked] == ["api.made-up.invalid"] * 2


@pytest.mark.parametrize("way", ["next_url", "link", "redirect", "absolute_uri", "lookup"])
def test_link_local_addresses_are_refused_wherever_they_are_named(way: str) -> None:
    def answer(asked: Asked) -> Answer:
        if way == "redirect":
            return 302, {"Location": METADATA}, b""
        return answer_json({"items": [{"id": 1}], "next": METADATA}, 200, {"Link": f'<{METADATA}>; rel="next"'})

    http: dict[str, Any] = {"relativeURI": "/", "response": {"resourcePath": "items"}}
    if way == "next_url":
        http["paging"] = {"method": "url", "path": "next"}
    elif way == "link":
        http["paging"] = {"method": "linkheader"}
    elif way == "absolute_uri":
        http["relativeURI"] = METADATA
    with serve(answer) as server, Bench(connection(server.url)) as bench:
        if way == "lookup":
            [outcome] = bench.push(
                {
                    "ignoreExisting": True,
                    "http": {"method": ["POST"], "relativeURI": ["/"], "ignoreLookupName": "there"},
                    "lookups": [{"name": "there", "relativeURI": METADATA}],
                },
                [{"a": 1}],
            )
            code, message = outcome["errors"][0]["code"], outcome["errors"][0]["message"]
        else:
            failed = bench.failure({"http": http})
            code, message = failed.code, failed.message

    assert code == "out_of_reach"
    assert "link-local" in message


def test_base_uri_that_is_no_url_is_named() -> None:
    for base in ("", "ftp://x.com", "api.x.com", "https://", "http://x.com:port"):
        with Bench(connection(base)) as bench:
            failed = bench.failure({"http": {"relativeURI": "/"}})

        assert failed.code == "invalid_base_uri"
        assert failed.field == "http.baseURI"


@pytest.mark.parametrize("uri", ["http://", "http://x.com:port/t", "http://[::1/t", "http://exa mple/t", "http://*/t"])
def test_renewal_at_an_unreadable_place_is_a_failure_that_is_said(uri: str) -> None:
    oauth = {"grantType": "clientcredentials", "tokenURI": uri, "clientId": "c", "clientSecret": "client-secret-5"}
    token = {"token": "", "refreshRelativeURI": uri, "refreshToken": "refresh-token-5"}
    for auth in ({"type": "oauth", "oauth": oauth}, {"type": "token", "token": token}):
        with Bench(connection("http://127.0.0.1:9", auth)) as bench:
            failed = bench.failure({"http": {"relativeURI": "/"}})

        assert failed.code in ("out_of_reach", "bad_request", "unreachable")
        assert "-5" not in failed.message


def test_renewal_is_within_reach_too() -> None:
    token = {"token": "", "refreshRelativeURI": METADATA, "refreshToken": "refresh-token-5"}
    auth = {"type": "token", "token": token}
    with serve(lambda asked: answer_json({})) as server, Bench(connection(server.url, auth)) as bench:
        failed = bench.failure({"http": {"relativeURI": "/"}})

    assert failed.code == "out_of_reach"
    assert server.asked == []
