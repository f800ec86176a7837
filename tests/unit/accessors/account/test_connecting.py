"""``connect``, ``login`` and ``logout`` as a person meets them."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.canary import CANARY, assert_no_canary, assert_no_canary_in_files, leaks
from support.sockets import free_port
from support.standin import ACCOUNT, StandIn

import celigo_pandas as celigo
from celigo_pandas.accessors.account import connecting
from celigo_pandas.errors import AuthError, ConfigError, HintWarning, TransportError


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture(autouse=True)
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CELIGO_API_TOKEN", "CELIGO_BASE_URL", "CELIGO_REGION", "CELIGO_READ_ONLY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def test_connect_makes_no_request(server: StandIn) -> None:
    client = celigo.connect(server.token, base_url=server.url)

    assert server.requests == []
    assert client.base_url == server.url
    assert client.host == server.url.removeprefix("http://")
    assert (client.account, client.read_only, client.last_pull, client.last_push) == (None, False, None, None)


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/"])
def test_connect_takes_the_base_url_with_or_without_v1(server: StandIn, tail: str) -> None:
    celigo.connect(server.token, base_url=server.url + tail).check()

    assert server.paths() == ["GET /tokenInfo"]


def test_connect_reads_the_environment(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELIGO_API_TOKEN", f" {server.token}\n")
    monkeypatch.setenv("CELIGO_BASE_URL", server.url + "/v1")

    assert celigo.connect().check()["_userId"] == ACCOUNT


def test_connect_without_a_token_lists_the_ways() -> None:
    with pytest.raises(ConfigError, match=r"celigo\.login\(\)"):
        celigo.connect()


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_read_only_by_the_environment(server: StandIn, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CELIGO_READ_ONLY", value)
    client = celigo.connect(server.token, base_url=server.url)

    assert client.read_only
    assert "read-only" in repr(client)
    with pytest.raises(ConfigError, match="read-only"):
        client.connections.create({"name": "n", "type": "http"})
    assert server.requests == []


@pytest.mark.parametrize("value", ["", "0", "false", "no"])
def test_writes_are_allowed_otherwise(server: StandIn, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CELIGO_READ_ONLY", value)

    assert not celigo.connect(server.token, base_url=server.url).read_only


def test_read_only_client_reads_pings_and_previews(server: StandIn) -> None:
    key = server.add("c")
    client = celigo.connect(server.token, base_url=server.url, read_only=True)
    con = client.connections[key]

    assert con.ping()
    assert client.connections.ping({"name": "n", "type": "http"})
    assert len(con.preview_export({"netsuite": {}}, rows=2)) == 2
    for write in (con.delete, lambda: con.replace({"name": "x", "type": "http"}), lambda: con.update({"name": "x"})):
        with pytest.raises(ConfigError, match="read-only"):
            write()
    with pytest.raises(ConfigError, match="read-only"):
        con.authorize(open_browser=False)
    with pytest.raises(ConfigError, match="read-only"):
        con.preview_export({"type": "once"}, consume=True)
    assert {seen.method for seen in server.requests} == {"GET", "POST"}
    assert not any(path.endswith("/oauth2") for path in server.paths())


@pytest.mark.parametrize("timeout", [0, -1, "x", (1,), (1, 2, 3), (0, 1), None, True, (1, None)])
def test_timeout_that_cannot_be_is_a_config_error(timeout: Any) -> None:
    with pytest.raises(ConfigError, match="timeout"):
        celigo.connect("t", timeout=timeout)


@pytest.mark.parametrize("count", [-1, 1.5, "x", True, None])
def test_retries_that_cannot_be_are_a_config_error(count: Any) -> None:
    with pytest.raises(ConfigError, match="max_retries"):
        celigo.connect("t", max_retries=count)


def test_host_that_does_not_answer_is_a_transport_error() -> None:
    client = celigo.connect("t", base_url=f"http://127.0.0.1:{free_port()}", max_retries=0)

    with pytest.raises(TransportError, match="refused"):
        client.connections["x"]


def test_client_is_a_context_manager_and_closes_twice(server: StandIn) -> None:
    with celigo.connect(server.token, base_url=server.url) as client:
        client.check()
    client.close()


def _type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    """Answer the prompt as a person would; the prompt is the terminal's, not ours."""
    prompts: list[str] = []

    def asked(prompt: str = "") -> str:
        prompts.append(prompt)
        return text

    monkeypatch.setattr(getpass, "getpass", asked)
    return prompts


def test_login_asks_checks_and_stores(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = _type_in(monkeypatch, f"  {server.token}\n")

    client = celigo.login(base_url=server.url)

    assert server.url.removeprefix("http://") in prompts[0]
    assert client.account == ACCOUNT
    said = capsys.readouterr().out
    assert ACCOUNT in said
    assert server.token not in said
    assert celigo.connect().check()["_userId"] == ACCOUNT
    assert celigo.connect().base_url == server.url


def test_login_with_a_wrong_token_stores_nothing(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _type_in(monkeypatch, "wrong")

    with pytest.raises(AuthError):
        celigo.login(base_url=server.url)

    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize("typed", ["", "a b"])
def test_login_with_no_token_asks_no_server(server: StandIn, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    _type_in(monkeypatch, typed)

    with pytest.raises(ConfigError, match="your input"):
        celigo.login(base_url=server.url)

    assert server.requests == []


def test_login_keeps_profiles_apart_and_logout_removes_one(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    _type_in(monkeypatch, server.token)
    celigo.login("work", base_url=server.url)

    assert celigo.connect(profile="work").check()
    with pytest.raises(ConfigError, match="'default'"):
        celigo.connect()
    assert celigo.logout("work")
    assert not celigo.logout("work")
    with pytest.raises(ConfigError, match="'work'"):
        celigo.connect(profile="work")


def test_profile_asked_for_is_not_overruled_by_the_environment(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever names a profile means that account; a push to another one could not be taken back."""
    _type_in(monkeypatch, server.token)
    celigo.login("work", base_url=server.url)
    monkeypatch.setenv("CELIGO_API_TOKEN", "of-another-account")

    celigo.connect(profile="work").check()

    assert server.requests[-1].headers["authorization"] == f"Bearer {server.token}"


def test_login_leaves_the_token_in_its_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with StandIn(token=CANARY) as server:
        _type_in(monkeypatch, CANARY)
        client = celigo.login(base_url=server.url)
        client.connections.to_frame()
    (file,) = (tmp_path / "config").rglob("profiles.toml")

    assert leaks(file.read_bytes())
    assert_no_canary_in_files(tmp_path, but=[file])


def _cell(shell: Any, source: str) -> None:
    shell.run_cell(source, store_history=True).raise_error()


def test_token_as_a_literal_in_a_cell_warns_once(server: StandIn) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    connecting._warned["literal"] = False
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            _cell(shell, "import celigo_pandas as celigo, os")
            _cell(shell, f"os.environ['T'] = {server.token!r}")
            _cell(shell, f"celigo.connect(os.environ['T'], base_url={server.url!r})")
            assert [w for w in caught if issubclass(w.category, HintWarning)] == []
            _cell(shell, f"celigo.connect({server.token!r}, base_url={server.url!r})")
            _cell(shell, f"celigo.connect({server.token!r}, base_url={server.url!r})")
        hints = [w for w in caught if issubclass(w.category, HintWarning)]
        assert len(hints) == 1
        written = warnings.formatwarning(hints[0].message, hints[0].category, hints[0].filename, hints[0].lineno)
        assert "login" in written
        assert_no_canary(written, secret=server.token)
    finally:
        connecting._warned["literal"] = False
        os.environ.pop("T", None)
        InteractiveShell.clear_instance()


def test_token_is_in_nothing_that_a_fresh_process_prints(server: StandIn, tmp_path: Path) -> None:
    """The whole of it as a user runs it: debug logs on, a failing call, the traceback of the interpreter."""
    program = textwrap.dedent(
        """
        import logging, sys, faulthandler
        logging.basicConfig(level=logging.DEBUG)
        import celigo_pandas as celigo
        client = celigo.connect(max_retries=0)
        print(client, client.check(), vars(client), vars(client.api), vars(client.api.transport), client.history)
        client.api.get_connection("0" * 24)
        """
    )
    server.token = CANARY
    environment = {**os.environ, "CELIGO_API_TOKEN": CANARY, "CELIGO_BASE_URL": server.url, "HOME": str(tmp_path)}
    environment["PYTHONPATH"] = str(Path(celigo.__file__).parents[1])

    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", program],
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )

    assert b"celigo_pandas.errors.NotFoundError" in done.stderr
    assert b"DEBUG:urllib3" in done.stderr
    assert_no_canary(done.stdout, done.stderr)
    assert_no_canary_in_files(tmp_path)
