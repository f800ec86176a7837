"""Other people's servers, started for a test session: httpbin, datasette, json-server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import needs

# httpbin's releases need an older greenlet and Werkzeug than our own tools do, so it gets an environment of its own.
_HTTPBIN = ("httpbin==0.10.2", "waitress")
_HTTPBIN_PROGRAM = """
import sys, waitress
from httpbin import app
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=8, channel_timeout=30, send_bytes=1)
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def program(
    arguments: Sequence[str],
    port: int,
    *,
    folder: Path,
    start_s: float,
    environment: Mapping[str, str] | None = None,
    stop_s: float = 5,
) -> Iterator[str]:
    """Run a server until the block ends, together with what it started; yield its URL once it accepts."""
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        until = time.monotonic() + start_s
        while True:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{Path(arguments[0]).name} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        # The group that this test started: npm and uv run the server as a child.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(stop_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


@contextmanager
def httpbin(folder: Path) -> Iterator[str]:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else needs.require("uv")
    port = free_port()
    extra = [part for package in _HTTPBIN for part in ("--with", package)]
    arguments = [uv, "run", "--quiet", "--no-project", "--isolated", "--python", "3.11", *extra]
    with program([*arguments, "python", "-c", _HTTPBIN_PROGRAM, str(port)], port, folder=folder, start_s=120) as url:
        yield url


@contextmanager
def datasette(folder: Path, rows: int) -> Iterator[str]:
    """Serve one table ``planes`` with `rows` rows, 100 a page."""
    database = folder / "fleet.db"
    with sqlite3.connect(database) as connection:
        connection.execute("create table planes (id integer primary key, tail text not null, seats integer)")
        connection.executemany(
            "insert into planes values (?, ?, ?)", ((number, f"N{number:05d}", number % 300) for number in range(rows))
        )
    connection.close()
    port = free_port()
    arguments = [sys.executable, "-m", "datasette", "serve", str(database), "--port", str(port)]
    with program(
        [*arguments, "--setting", "default_page_size", "100", "--setting", "max_returned_rows", "100"],
        port,
        folder=folder,
        start_s=60,
    ) as url:
        yield url


@contextmanager
def json_server(folder: Path, content: Mapping[str, object]) -> Iterator[str]:
    """Serve a JSON file as a REST service that takes writes."""
    needs.require("node")
    npm = shutil.which("npm") or needs.require("npm")
    (folder / "db.json").write_text(json.dumps(content))
    port = free_port()
    arguments = [npm, "exec", "--yes", "--package=json-server@0.17.4", "--", "json-server"]
    with program(
        [*arguments, "--host", "127.0.0.1", "--port", str(port), "--quiet", "db.json"],
        port,
        folder=folder,
        start_s=120,
        environment={"npm_config_update_notifier": "false"},
    ) as url:
        yield url
