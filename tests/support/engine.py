"""An engine as a child process, and a small client that sees raw answers (the product's client has its own tests)."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

TOKEN = "test-token-of-the-engine-0123456789"


class EngineProcess:
    """``python -m celigo_pandas.engine --embedded``; ends when it is closed.

    Parameters
    ----------
    options : str
        Command line options (``"--choice"``, ``"state_has_totals=false"``).
    key : str, optional
        The store's key; needed to open a kept store again.
    """

    def __init__(self, *options: str, key: str | None = None, token: str = TOKEN, env: Mapping[str, str] = {}) -> None:
        environment = {**os.environ, "CELIGO_PANDAS_NO_PANDAS": "1", **env}
        self.token = token
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celigo_pandas.engine", "--embedded", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert self.process.stdin is not None
        first = {"token": token, **({"key": key} if key else {})}
        self.process.stdin.write(json.dumps(first).encode() + b"\n")
        self.process.stdin.flush()
        self.errors: list[str] = []
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(10)
            self._close_pipes()
            raise RuntimeError(f"the engine did not start: {self.log()}")
        self.ready = json.loads(line)
        self.url = self.ready["url"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line.decode("utf-8", "replace"))

    def log(self) -> str:
        """What it wrote to stderr so far."""
        return "".join(self.errors)

    def tells(self, text: str, within_s: float = 60) -> bool:
        """Wait until it has written `text` to stderr: an answer may come before the line about it."""
        until = time.monotonic() + within_s
        while text not in self.log() and time.monotonic() < until:
            time.sleep(0.01)
        return text in self.log()

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """Send one request below ``/v1``; `body` is encoded as JSON."""
        if body is not None:
            more["data"] = json.dumps(body)
            more.setdefault("headers", {})
            more["headers"] = {"Content-Type": "application/json", **more["headers"]}
        more.setdefault("timeout", 60)
        return self.session.request(method, f"{self.url}/v1{path}", **more)

    def connection(self, doc: Mapping[str, Any]) -> str:
        """Store a connection and return its id."""
        answer = self.call("POST", "/connections", dict(doc))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["_id"])

    def sqlite(self, path: Path, **more: Any) -> str:
        """Store a connection to a SQLite file and return its id."""
        return self.connection(
            {"name": f"SQLite {path.name}", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(path)}, **more}
        )

    def pages(self, connection_id: str, export: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Walk a paged export and yield each answer's body."""
        state = None
        while True:
            body: dict[str, Any] = {"export": export}
            if state is not None:
                body["pagedExportState"] = state
            answer = self.call("POST", f"/connections/{connection_id}/export/pages", body)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield page
            state = page.get("pagedExportState")
            if not state or state["done"]:
                return

    def records(self, connection_id: str, export: Mapping[str, Any]) -> list[Any]:
        """Return every record of a paged export."""
        return [record for page in self.pages(connection_id, export) for record in page["data"]]

    def close(self) -> None:
        """Close its stdin and wait for its end."""
        self.session.close()
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise
        finally:
            self._close_pipes()

    def _close_pipes(self) -> None:
        self._reader.join(5)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def make_sqlite(path: Path, statements: Iterable[str] = (), **tables: list[Mapping[str, Any]]) -> Path:
    """Make a SQLite file; each keyword is a table with its rows."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    for name, rows in tables.items():
        columns = list(rows[0])
        connection.execute(f'create table "{name}" ({", ".join(columns)})')
        marks = ", ".join("?" * len(columns))
        connection.executemany(f'insert into "{name}" values ({marks})', [tuple(row.values()) for row in rows])
    connection.commit()
    connection.close()
    return path
