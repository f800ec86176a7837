"""Whose server a URL names."""

from __future__ import annotations

import pytest

from celigo_pandas.engine.adaptors.http.origins import is_absolute, join, same_origin, shown_origin


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ("https://api.x.com/v1", "https://api.x.com/v2?a=1", True),
        ("https://api.x.com", "https://API.x.com.:443/", True),
        ("http://api.x.com", "https://api.x.com", True),
        ("http://api.x.com:8080", "https://api.x.com", False),
        ("https://api.x.com", "http://api.x.com", False),
        ("https://api.x.com", "https://api.x.com:8443", False),
        ("https://api.x.com", "https://x.com", False),
        ("https://api.x.com", "https://api.x.com.evil.com", False),
        ("https://api.x.com", "https://api.x.com@evil.com", False),
        ("https://api.x.com", "https://evil.com/https://api.x.com", False),
        ("https://api.x.com", "//api.x.com", False),
        ("https://api.x.com", "ftp://api.x.com", False),
        ("http://127.0.0.1:80", "http://127.0.0.1", True),
        ("http://127.0.0.1", "http://localhost", False),
        ("https://api.x.com", "https://api.x.com:port", False),
    ],
)
def test_same_origin_needs_scheme_host_and_port(own: str, other: str, expected: bool) -> None:
    assert same_origin(own, other) is expected


@pytest.mark.parametrize(
    ("base", "relative", "expected"),
    [
        ("https://x.com/api", "/users", "https://x.com/api/users"),
        ("https://x.com/api/", "/users", "https://x.com/api/users"),
        ("https://x.com/api", "users", "https://x.com/api/users"),
        ("https://x.com/api", "?a=1", "https://x.com/api?a=1"),
        ("https://x.com/api", "", "https://x.com/api"),
        ("https://x.com", "//evil.com/a", "https://x.com/evil.com/a"),
        ("https://x.com", "@evil.com/a", "https://x.com/@evil.com/a"),
        ("https://x.com", ".evil.com", "https://x.com/.evil.com"),
    ],
)
def test_join_stays_below_the_base(base: str, relative: str, expected: str) -> None:
    joined = join(base, relative)

    assert joined == expected
    assert same_origin(base, joined)


def test_shown_origin_has_no_path_query_or_user() -> None:
    assert shown_origin("https://u:p@x.com:8443/a?token=1") == "https://x.com:8443"
    assert shown_origin("https://x.com:443/a") == "https://x.com"
    assert shown_origin("no url") == "an unreadable URL"


def test_is_absolute_reads_the_scheme_only() -> None:
    assert is_absolute(" HTTPS://x.com")
    assert not is_absolute("//x.com")
    assert not is_absolute("/a?u=http://x.com")
