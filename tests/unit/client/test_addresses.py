"""Base URLs: what is taken, what is refused, and where a ``Link`` may lead."""

from __future__ import annotations

import pytest

from celigo_pandas.client.addresses import BaseUrl, UrlSettings, choose_base_url, is_loopback_host
from celigo_pandas.errors import ApiError, ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://api.integrator.io", "https://api.integrator.io"),
        ("https://api.integrator.io/v1", "https://api.integrator.io"),
        ("https://api.integrator.io/v1/", "https://api.integrator.io"),
        (" https://API.eu.integrator.io/ ", "https://api.eu.integrator.io"),
        ("https://gateway.example:8443/celigo/v1", "https://gateway.example:8443/celigo"),
        ("https://api.integrator.io:443", "https://api.integrator.io"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
    ],
)
def test_base_url_usable_is_normalised(text: str, expected: str) -> None:
    assert str(BaseUrl.parse(text)) == expected
    assert BaseUrl.parse(text).api_root == expected + "/v1"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "not a URL"),
        ("api.integrator.io", "not a URL"),
        ("ftp://api.integrator.io", "not a URL"),
        ("https://", "not a URL"),
        ("https:///v1", "not a URL"),
        ("https://api integrator.io", "not a URL"),
        ("https://api.integrator.io:99999", "not a URL"),
        ("https://[::1", "not a URL"),
        ("https://exa_mple.com/\\evil", "not a URL"),
        ("https://api.integrator.io/v1?x=1", "query"),
        ("https://api.integrator.io/#x", "query or fragment"),
        ("http://api.integrator.io", "clear text"),
        ("http://127.0.0.1.evil.example", "clear text"),
        ("http://localhost.evil.example", "clear text"),
        ("http://10.0.0.1", "clear text"),
        ("https://integrator.io", "web application"),
        ("https://eu.integrator.io", "https://api.eu.integrator.io"),
    ],
)
def test_base_url_unusable_is_refused_with_what_to_do(text: str, part: str) -> None:
    with pytest.raises(ConfigError, match="base URL") as caught:
        BaseUrl.parse(text)
    assert part in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("url", ["https://me:hunter2@api.integrator.io", "https://me:hunter2/x@y", "me:hunter2@host"])
def test_base_url_with_credentials_is_refused_without_showing_them(url: str) -> None:
    with pytest.raises(ConfigError, match="user name or password") as caught:
        BaseUrl.parse(url)
    assert "hunter2" not in str(caught.value)


def test_base_url_of_another_type_is_refused() -> None:
    with pytest.raises(ConfigError, match="not text"):
        BaseUrl.parse(5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base_url", "region", "environ", "stored", "expected"),
    [
        (None, None, {}, None, "https://api.integrator.io"),
        (None, "eu", {}, None, "https://api.eu.integrator.io"),
        (None, "au", {}, None, "https://api.au.integrator.io"),
        (None, "ca", {}, None, "https://api.ca.integrator.io"),
        (None, " EU ", {}, None, "https://api.eu.integrator.io"),
        (None, None, {"CELIGO_REGION": "eu"}, None, "https://api.eu.integrator.io"),
        (None, None, {"CELIGO_BASE_URL": "http://localhost:1"}, None, "http://localhost:1"),
        (None, None, {"CELIGO_BASE_URL": "http://localhost:1", "CELIGO_REGION": "eu"}, None, "http://localhost:1"),
        (None, "na", {"CELIGO_BASE_URL": "http://localhost:1"}, None, "https://api.integrator.io"),
        ("http://localhost:2", None, {"CELIGO_BASE_URL": "http://localhost:1"}, None, "http://localhost:2"),
        (None, None, {}, "http://localhost:3", "http://localhost:3"),
        (None, None, {"CELIGO_REGION": "na"}, "http://localhost:3", "https://api.integrator.io"),
        (None, None, {"CELIGO_BASE_URL": "", "CELIGO_REGION": ""}, None, "https://api.integrator.io"),
    ],
)
def test_base_url_choice_follows_the_documented_order(
    base_url: str | None, region: str | None, environ: dict[str, str], stored: str | None, expected: str
) -> None:
    assert str(choose_base_url(base_url, region, UrlSettings.of(environ), stored)) == expected


@pytest.mark.parametrize("region", ["us", "", 3])
def test_region_unknown_lists_the_known_ones(region: object) -> None:
    with pytest.raises(ConfigError, match="au, ca, eu, na"):
        choose_base_url(None, region, UrlSettings())  # type: ignore[arg-type]


def test_base_url_and_region_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="Both"):
        choose_base_url("https://api.integrator.io", "eu", UrlSettings())


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            "https://h.example/p/v1/connections?skip=100&limit=100",
            ("/connections", (("skip", "100"), ("limit", "100"))),
        ),
        ("https://H.EXAMPLE:443/p/v1/connections", ("/connections", ())),
        ("/p/v1/connections?skip=5", ("/connections", (("skip", "5"),))),
        ("?skip=5", ("/", (("skip", "5"),))),
    ],
)
def test_link_on_the_origin_becomes_a_path(target: str, expected: object) -> None:
    assert BaseUrl.parse("https://h.example/p").path_of(target) == expected


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/p/v1/connections",
        "http://h.example/p/v1/connections",
        "https://h.example:444/p/v1/connections",
        "https://h.example@evil.example/p/v1/connections",
        "https://x@h.example/p/v1/connections",
        "//evil.example/p/v1/connections",
        "https://h.example.evil.example/p/v1/connections",
        "https://h.example/other",
        "https://h.example/p/v1/../../x",
        "https://h.example:bad/p/v1/x",
        "javascript:alert(1)",
        "\\\\evil.example\\x",
    ],
)
def test_link_off_the_origin_is_an_api_error(target: str) -> None:
    with pytest.raises(ApiError, match="not followed"):
        BaseUrl.parse("https://h.example/p").path_of(target)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("[::1]", True), ("0.0.0.0", False), ("10.0.0.1", False)],
)
def test_loopback_is_this_machine_only(host: str, expected: bool) -> None:
    assert is_loopback_host(host) is expected


@pytest.mark.parametrize(("web", "region"), [("eu", "eu"), ("au", "au"), ("ca", "ca")])
def test_base_url_of_a_web_application_names_the_api_of_its_region(web: str, region: str) -> None:
    with pytest.raises(ConfigError, match="is the web application") as caught:
        BaseUrl.parse(f"https://{web}.integrator.io")
    assert f"https://api.{region}.integrator.io" in str(caught.value.hint)
