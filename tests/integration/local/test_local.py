"""The embedded engine as a user meets it: start, find again, keep, end, and end with a killed kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

import celigo_pandas as celigo
from celigo_pandas.errors import ConfigError, TransportError


def is_alive(pid: int) -> bool:
    try:
        # A zombie still answers signal 0; its state says that it has ended.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds=15.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path


def test_local_same_arguments_give_the_running_engine(home):
    with celigo.local(demo="shop") as client:
        again = celigo.local(demo="shop")

        assert again is client
        assert {con.name for con in client.connections} == {"Small shop", "Delay desk"}
        assert client.check()["engine"] == "celigo_pandas"
        assert "temporary store" in repr(client)


def test_local_client_says_that_it_is_the_local_engine_before_any_call(home):
    with celigo.local(demo="none") as client:
        shown = client._repr_html_()

        assert "local engine" in shown
        assert "integrator.io" not in shown
        assert "client.check()" not in shown
    assert "local engine (stopped)" in client._repr_html_()


def test_local_after_close_starts_a_new_engine(home):
    first = celigo.local(demo="none")
    first.close()
    with celigo.local(demo="none") as second:
        assert second is not first
        assert not first.is_running()
        assert "stopped" in repr(first)
        assert len(second.connections) == 0


def test_local_path_keeps_connections_for_the_next_engine(home):
    doc = {"name": "Mine", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(home / "mine.sqlite")}}
    with celigo.local(home / "store", demo="none") as client:
        created = client.connections.create(doc)
    with celigo.local(home / "store", demo="none") as client:
        assert client.connections["Mine"].id == created.id


def test_local_kept_store_refreshes_its_demo_connections(home):
    with celigo.local("desk", demo="shop") as client:
        before = {con.name: con.id for con in client.connections}
        old = client.connections["Delay desk"].doc["http"]["baseURI"]
    with celigo.local("desk", demo="shop") as client:
        assert {con.name: con.id for con in client.connections} == before
        assert client.connections["Delay desk"].doc["http"]["baseURI"] != old
        assert client.connections["Delay desk"].ping()


def test_local_engine_answers_other_programs_with_its_token(home):
    with celigo.local(demo="none") as client:
        url = f"{client.base_url}/v1/tokenInfo"
        answer = requests.get(url, headers={"Authorization": f"Bearer {client.engine_token}"}, timeout=10)

        assert answer.status_code == 200
        assert requests.get(url, timeout=10).status_code == 401


def test_local_token_is_in_no_command_line_and_no_environment(home):
    with celigo.local(demo="none") as client:
        token = client.engine_token.encode()
        pid = client._engine._process.pid
        cmdline = Path(f"/proc/{pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{pid}/environ").read_bytes()

        assert b"celigo_pandas.engine" in cmdline
        assert token not in cmdline
        assert token not in environment
        assert token.decode() not in repr(client) + str(vars(client))


def test_local_engine_is_not_given_the_account_token(home, monkeypatch):
    monkeypatch.setenv("CELIGO_API_TOKEN", "account-token-of-the-user")
    with celigo.local(demo="none") as client:
        pid = client._engine._process.pid

        assert b"account-token-of-the-user" not in Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "http_proxy", "FTP_PROXY"])
def test_local_engine_is_not_given_the_password_of_a_proxy(home, monkeypatch, name):
    monkeypatch.setenv(name, "http://ann:password-of-the-proxy@proxy.example:3128")
    with celigo.local(demo="none") as client:
        pid = client._engine._process.pid

        assert b"password-of-the-proxy" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_killed_kernel_leaves_no_engine_and_no_store_behind(home):
    temporary = home / "tmp"
    temporary.mkdir()
    code = (
        "import celigo_pandas as celigo, time\n"
        "client = celigo.local(demo='none')\n"
        "print(client._engine._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    kernel = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(temporary)}
    )
    engine = int(kernel.stdout.readline())
    assert is_alive(engine)

    kernel.send_signal(signal.SIGKILL)
    kernel.wait()
    kernel.stdout.close()

    assert wait_until(lambda: not is_alive(engine))
    assert list(temporary.glob("celigo-engine-*")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"demo": "trains"}, "'trains'"),
        ({"port": 70000}, "70000"),
        ({"port": "80"}, "'80'"),
        ({"path": ""}, "path=''"),
    ],
)
def test_local_bad_argument_says_which(arguments, said):
    with pytest.raises(ConfigError, match=said):
        celigo.local(**arguments)


def test_local_path_of_a_file_is_refused(home):
    (home / "file").write_text("x")

    with pytest.raises(ConfigError, match="is a file"):
        celigo.local(home / "file")


def test_local_port_in_use_says_so(home):
    with celigo.local(demo="none") as client:
        port = int(client.base_url.rsplit(":", 1)[1])
        with pytest.raises(TransportError, match="did not start") as caught:
            celigo.local(port=port, demo="none")

        assert str(port) in str(caught.value)
