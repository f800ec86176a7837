from __future__ import annotations

import socket
from pathlib import Path

import pytest

from celigo_pandas.engine.safety.reach import Reach, ReachError


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "[fe80::1]",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "fd00:42::42",
        "fd00:a9fe:a9fe::1",
        "100.100.100.200",
        "::ffff:100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "2002:a9fe:a9fe::1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::a9fe:a9fe",
        "::169.254.169.254",
        "::ffff:0:169.254.169.254",
        "2001:0:4136:e378:8000:63bf:5601:5601",
        "2001:db8::5efe:a9fe:a9fe",
    ],
)
def test_reach_link_local_or_special_address_is_always_refused(host: str) -> None:
    with pytest.raises(ReachError, match="always refused"):
        Reach(hosts=(host.strip("[]"), "*.x")).check_host(host, 80)


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"])
def test_reach_number_forms_of_a_link_local_address_are_refused_when_resolved(host: str) -> None:
    """The resolver reads these as 169.254.169.254, so the check must come after it."""
    with pytest.raises((ReachError, OSError)):
        Reach().open_socket(host, 80, 0.5)
    with pytest.raises((ReachError, OSError)):
        Reach().addresses(host, 80)


@pytest.mark.parametrize(
    ("allowed", "host", "port", "passes"),
    [
        (("api.example.com",), "api.example.com", 443, True),
        (("api.example.com",), "API.Example.com.", 443, True),
        (("api.example.com",), "evil-api.example.com", 443, False),
        (("api.example.com:8443",), "api.example.com", 443, False),
        (("api.example.com:8443",), "api.example.com", 8443, True),
        (("*.example.com",), "a.b.example.com", 443, True),
        (("*.example.com",), "example.com", 443, False),
        (("*.example.com",), "badexample.com", 443, False),
        ((), "localhost", 80, False),
        (None, "localhost", 80, True),
        (("10.0.0.5",), "10.0.0.5", 5432, True),
        (("10.0.0.5",), "10.0.0.6", 5432, False),
        (("[::1]:8080",), "::1", 8080, True),
        (("[::1]:8080",), "[::1]", 8081, False),
        (("[::1]",), "::1", 80, True),
        (("2001:db8::5",), "2001:db8:0::5", 80, True),
        (("[2001:DB8::5]:80",), "2001:db8::5", 80, True),
        (("2001:db8::5",), "2001:db8::6", 80, False),
    ],
)
def test_reach_host_list_decides(allowed: tuple[str, ...] | None, host: str, port: int, passes: bool) -> None:
    reach = Reach(hosts=allowed)

    if passes:
        reach.check_host(host, port)
    else:
        with pytest.raises(ReachError, match="out of reach"):
            reach.check_host(host, port)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.com/", "http://", "//example.com", "http://u:p@example.com/", "http://[::1", "gopher://x"],
)  # fmt: skip
def test_reach_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(ReachError):
        Reach().check_url(url)


def test_reach_url_port_of_the_scheme_counts() -> None:
    reach = Reach(hosts=("example.com:443",))

    reach.check_url("https://example.com/a?b")
    with pytest.raises(ReachError):
        reach.check_url("http://example.com/a")


def test_reach_socket_connects_to_the_checked_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with Reach(hosts=(f"localhost:{port}",)).open_socket("localhost", port, 5) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)


def test_reach_path_outside_the_folders_is_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "x.db").touch()
    (inside / "link.db").symlink_to(outside / "x.db")
    reach = Reach(folders=(inside,))

    assert reach.check_path(inside / "a.db") == (inside / "a.db").resolve()
    for path in (outside / "x.db", inside / ".." / "out" / "x.db", inside / "link.db", tmp_path / "inside2"):
        with pytest.raises(ReachError, match="out of reach"):
            reach.check_path(path)


def test_reach_own_store_is_refused_even_without_a_folder_list(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (tmp_path / "link").symlink_to(store)
    reach = Reach(forbidden=(store,))

    reach.check_path(tmp_path / "mine.db")
    for path in (store / "engine.db", tmp_path / "link" / "engine.db", tmp_path / "x" / ".." / "store" / "engine.db"):
        with pytest.raises(ReachError, match="own store"):
            reach.check_path(path)


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_reach_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ReachError):
        Reach().check_path(path)


@pytest.mark.parametrize("host", ["64:ff9b::8.8.8.8", "::1", "::10.0.0.1", "2001:db8::a9fe:a9fe"])
def test_reach_other_addresses_that_hold_one_of_ipv4_are_not_refused(host: str) -> None:
    Reach().check_host(host, 80)


def test_reach_hard_link_to_a_file_of_the_store_is_refused(tmp_path: Path) -> None:
    store, outside = tmp_path / "store", tmp_path / "outside"
    store.mkdir()
    outside.mkdir()
    (store / "engine.db").write_bytes(b"x")
    (outside / "mine.db").write_bytes(b"x")
    (outside / "linked.db").hardlink_to(store / "engine.db")
    (outside / "twice.db").hardlink_to(outside / "mine.db")
    reach = Reach(forbidden=(store,))

    assert reach.check_path(outside / "twice.db") == outside / "twice.db"
    with pytest.raises(ReachError, match="own store"):
        reach.check_path(outside / "linked.db")


@pytest.mark.parametrize("path", ["/proc/self/environ", "/proc/1", "/sys/kernel", "/dev/fd/../../proc/self/environ"])
def test_reach_what_the_system_only_shows_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "link").symlink_to(path)

    for name in (path, tmp_path / "link"):
        with pytest.raises(ReachError, match="/proc or /sys"):
            Reach().check_path(name)
    assert Reach().check_path(tmp_path / "new.db") == tmp_path / "new.db"
