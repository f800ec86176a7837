"""The program: how it gets its token, how it ends, what it loads."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from support.engine import TOKEN, EngineProcess, make_sqlite


def test_program_ends_with_its_stdin_and_leaves_no_file(tmp_path: Path) -> None:
    engine = EngineProcess(env={"TMPDIR": str(tmp_path)})
    assert list(tmp_path.iterdir())

    engine.close()

    assert engine.process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_program_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.path[:0] = sys.argv[1:]\n"
         "from support.engine import EngineProcess; print(EngineProcess().ready['pid'], flush=True); input()",
         str(Path(__file__).parents[2])],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())

    parent.kill()
    parent.wait()

    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{pid}").exists()
    parent.stdout.close()
    assert parent.stdin is not None
    parent.stdin.close()


def test_program_embedded_does_not_end_on_ctrl_c() -> None:
    with EngineProcess() as engine:
        os.kill(engine.process.pid, signal.SIGINT)
        time.sleep(0.3)
        assert engine.call("GET", "/tokenInfo").status_code == 200


def test_program_loads_no_pandas_however_it_is_used(tmp_path: Path) -> None:
    script = (
        "import sys, threading, celigo_pandas.engine.program.program as program\n"
        "import celigo_pandas.engine.adaptors.sql, celigo_pandas.engine.adaptors.http\n"
        "import celigo_pandas.mapping.pipeline, celigo_pandas.handlebars, celigo_pandas.engine.api.application\n"
        "print(sorted(set(sys.modules) & {'pandas', 'numpy', 'pyarrow', 'ipywidgets', 'tqdm', 'IPython'}))"
    )
    environment = {**os.environ, "CELIGO_PANDAS_NO_PANDAS": "1"}
    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_program_token_is_nowhere_in_its_command_line_or_environment() -> None:
    with EngineProcess(env={"CELIGO_ENGINE_TOKEN": "unused-token-of-the-environment"}) as engine:
        for name in ("cmdline", "environ"):
            assert TOKEN.encode() not in Path(f"/proc/{engine.process.pid}/{name}").read_bytes()


@pytest.mark.parametrize("way", ["environment", "file", "made"])
def test_program_served_takes_its_token_from(tmp_path: Path, way: str) -> None:
    environment = {**os.environ, "CELIGO_PANDAS_NO_PANDAS": "1", "TMPDIR": str(tmp_path)}
    environment.pop("CELIGO_ENGINE_TOKEN", None)
    options: list[str] = []
    if way == "environment":
        environment["CELIGO_ENGINE_TOKEN"] = TOKEN
    if way == "file":
        path = tmp_path / "token"
        path.write_text(f"{TOKEN}\n")
        path.chmod(0o600)
        options = ["--token-file", str(path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "celigo_pandas.engine", *options], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        token, line = TOKEN, process.stdout.readline()
        if way == "made":
            place = Path(line.split(" is in ")[1].split(" (for")[0])
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
            token, line = place.read_text(), process.stdout.readline()
        url = line.split(" listens on ")[1].strip()
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{url}/v1/tokenInfo", headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        process.stdout.close()
    assert not list(tmp_path.glob("celigo-engine-*"))  # neither the temporary store nor the token file stays


@pytest.mark.parametrize(
    ("options", "first", "message"),
    [
        ([], b"\n", "first line of stdin"),
        ([], b'{"token": "short"}\n', "16 characters"),
        ([], b'{"token": "sixteen characters \\u0007 and more"}\n', "16 characters"),
        (["--host", "0.0.0.0"], b'{"token": "long-enough-for-a-token"}\n', "--name"),
        (["--choice", "nix=1"], b'{"token": "long-enough-for-a-token"}\n', "Unknown choice"),
        (["--store", "/dev/null/x"], b'{"token": "long-enough-for-a-token", "key": "bad"}\n', "CELIGO_ENGINE_KEY"),
    ],
)
def test_program_options_that_cannot_be_end_it_with_2(options: list[str], first: bytes, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "celigo_pandas.engine", "--embedded", *options],
        input=first, capture_output=True, env={**os.environ, "CELIGO_PANDAS_NO_PANDAS": "1"}, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_program_token_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    path.chmod(0o644)
    done = subprocess.run(
        [sys.executable, "-m", "celigo_pandas.engine", "--token-file", str(path)], capture_output=True, check=False
    )

    assert done.returncode == 2
    assert b"chmod 600" in done.stderr
    assert TOKEN.encode() not in done.stderr


def test_program_off_loopback_reaches_only_what_it_was_given(tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "t.db", t=[{"n": 1}])
    with EngineProcess("--host", "0.0.0.0", "--name", "127.0.0.1") as engine:
        engine.url = engine.url.replace("0.0.0.0", "127.0.0.1")
        id = engine.sqlite(database)
        assert engine.call("GET", f"/connections/{id}/ping").json()["errors"][0]["code"] == "out_of_reach"
        http = {"baseURI": engine.url, "mediaType": "json", "auth": {"type": "custom"}}
        answer = engine.call("POST", "/connections/ping", {"name": "x", "type": "http", "http": http})
        assert "allow-host" in answer.text
    with EngineProcess("--host", "0.0.0.0", "--name", "127.0.0.1", "--allow-dir", str(tmp_path)) as engine:
        engine.url = engine.url.replace("0.0.0.0", "127.0.0.1")
        assert engine.call("GET", f"/connections/{engine.sqlite(database)}/ping").json() == {"code": 200}


def test_program_small_answers_come_at_once() -> None:
    """Nagle's algorithm against delayed acknowledgements costs 40 ms an answer; found once, kept out."""
    with EngineProcess() as engine:
        engine.call("GET", "/tokenInfo")
        times = []
        for _ in range(31):
            started = time.monotonic()
            engine.call("GET", "/tokenInfo")
            times.append(time.monotonic() - started)
        assert statistics.median(times) < 0.03


def test_program_ends_at_once_while_a_source_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        engine = EngineProcess()
        http = {"baseURI": f"http://127.0.0.1:{hole.getsockname()[1]}", "mediaType": "json", "auth": {"type": "custom"}}
        id = engine.connection({"name": "x", "type": "http", "http": http})

        def ask() -> None:
            with contextlib.suppress(requests.RequestException):
                engine.call("GET", f"/connections/{id}/ping")

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.5)
        started = time.monotonic()

        engine.close()

        assert time.monotonic() - started < 10
        thread.join(10)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_program_leaves_neither_token_nor_store_behind_when_it_is_ended(tmp_path: Path, number: int) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment.pop("CELIGO_ENGINE_TOKEN", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "celigo_pandas.engine"], env=environment, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    assert b"listens on" in b"".join(lines)
    assert len(list(tmp_path.iterdir())) == 2

    process.send_signal(number)
    process.wait(20)
    process.stdout.close()

    assert list(tmp_path.iterdir()) == []


def test_program_tilde_in_allow_dir_is_the_home_folder(tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "t.db", t=[{"n": 1}])
    with EngineProcess("--allow-dir=~", env={"HOME": str(tmp_path)}) as engine:
        assert engine.call("GET", f"/connections/{engine.sqlite(database)}/ping").json() == {"code": 200}


@pytest.mark.parametrize(
    ("option", "value"), [("--port", "99999"), ("--port", "x"), ("--call-timeout", "-1"), ("--call-timeout", "nan")]
)
def test_program_refuses_numbers_that_cannot_be(option: str, value: str) -> None:
    command = [sys.executable, "-m", "celigo_pandas.engine", f"{option}={value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert option in done.stderr
    assert repr(value) in done.stderr
    assert "Traceback" not in done.stderr
