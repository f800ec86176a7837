"""Fifty clients at once, ten of their sources hanging: no 5xx, no lost update, flat memory, quick answers."""

from __future__ import annotations

import random
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from support.engine import TOKEN, EngineProcess, make_sqlite

CLIENTS, HANGING, SECONDS = 50, 10, 60.0


@contextmanager
def black_hole() -> Iterator[str]:
    """A server that takes connections and never answers."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
        server.settimeout(0.2)
        stop = threading.Event()

        def take() -> None:
            while not stop.is_set():
                try:
                    held.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()
            for sock in held:
                sock.close()


def resident_kb(pid: int) -> int:
    return int(
        next(line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line)
    )


class Client(threading.Thread):
    """One client: its own connection, random valid and broken requests, and what it believes is stored."""

    def __init__(self, engine: EngineProcess, number: int, database: Path, hole: str, stop: threading.Event) -> None:
        super().__init__()
        self.engine, self.number, self.database, self.hole, self.stop_event = engine, number, database, hole, stop
        self.random = random.Random(number)
        self.statuses: Counter[int] = Counter()
        self.quick: list[float] = []
        self.problems: list[str] = []
        self.counter = 0
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"

    @property
    def doc(self) -> dict[str, Any]:
        if self.number < HANGING:
            http = {"baseURI": self.hole, "mediaType": "json", "auth": {"type": "custom"}}
            return {"name": f"hole {self.counter}", "type": "http", "http": http}
        block = {"type": "sqlite", "database": str(self.database)}
        return {"name": f"c{self.number} {self.counter}", "type": "rdbms", "rdbms": block}

    def send(
        self, method: str, path: str, body: Any = None, *, timed: bool = False, **more: Any
    ) -> requests.Response | None:
        started = time.monotonic()
        try:
            answer = self.session.request(method, f"{self.engine.url}/v1{path}", json=body, timeout=40, **more)
        except requests.RequestException as error:
            if not self.stop_event.is_set():
                self.problems.append(f"{method} {path}: {error}")
            return None
        if timed:
            self.quick.append(time.monotonic() - started)
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            self.problems.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def run(self) -> None:
        made = self.send("POST", "/connections", self.doc)
        if made is None:
            return
        self.id = made.json()["_id"]
        while not self.stop_event.is_set():
            if self.number < HANGING:
                export = {"http": {"method": "GET", "relativeURI": "/x"}}
                self.send("POST", f"/connections/{self.id}/export", {"export": export})
                continue
            self.random.choice([self.read, self.read, self.change, self.broken, self.map, self.look])()
            self.stop_event.wait(self.random.random() * 0.6)
        self.session.close()

    def read(self) -> None:
        export = {"pageSize": 50, "rdbms": {"query": "select n from t"}}
        state, found = None, []
        for _ in range(20):
            body = {"export": export, **({"pagedExportState": state} if state else {})}
            answer = self.send("POST", f"/connections/{self.id}/export/pages", body)
            if answer is None:
                return
            if answer.status_code != 200:
                self.problems.append(answer.text)
                return
            found += [record["n"] for record in answer.json()["data"]]
            state = answer.json()["pagedExportState"]
            if state["done"]:
                if found != list(range(200)):
                    self.problems.append(f"read {len(found)} records")
                return

    def change(self) -> None:
        self.counter += 1
        if self.counter % 2:
            self.send("PUT", f"/connections/{self.id}", self.doc, timed=True)
        else:
            patch = [{"op": "replace", "path": "/name", "value": self.doc["name"]}]
            self.send("PATCH", f"/connections/{self.id}", patch, timed=True)

    def look(self) -> None:
        answer = self.send("GET", f"/connections/{self.id}", timed=True)
        if answer is not None and answer.json()["name"] != self.doc["name"]:
            self.problems.append(f"lost update: {answer.json()['name']} for {self.doc['name']}")
        self.send("GET", self.random.choice(["/connections?limit=5", "/tokenInfo", f"/connections/{self.id}/audit"]))

    def map(self) -> None:
        doc = {"mapping": {"fields": [{"generate": "b", "extract": "a"}]}}
        answer = self.send(
            "POST", f"/connections/{self.id}/import/map", {"import": doc, "data": [{"a": 1}]}, timed=True
        )
        if answer is not None and answer.json() != [{"b": 1}]:
            self.problems.append(answer.text)

    def broken(self) -> None:
        kind = self.random.randrange(7)
        text = "".join(self.random.choice('{}[]",:0ax') for _ in range(30))
        json_type = {"Content-Type": "application/json"}
        if kind == 0:
            self.send("POST", "/connections", data=text, headers=json_type)
        elif kind == 1:
            self.send("POST", f"/connections/{self.id}/export/pages", {"export": {}, "pagedExportState": {"sig": text}})
        elif kind == 2:
            self.send("PUT", f"/connections/{text}", {"name": text})
        elif kind == 3:
            self.send("GET", "/connections", headers={"Origin": "https://evil.example"})
        elif kind == 4:
            self.send("POST", f"/connections/{self.id}/import", {"import": {"rdbms": {"query": [text]}}, "data": [{}]})
        elif kind == 5:
            self.send("POST", f"/connections/{self.id}/export", {"export": {"rdbms": {"query": text}}})
        else:
            self.send("POST", "/connections", data=b"\xff" * 2000, headers={"Content-Type": "text/plain"})


@pytest.mark.alone
def test_load_of_fifty_clients_with_ten_hanging_sources(tmp_path: Path) -> None:
    database = make_sqlite(tmp_path / "t.db", ["pragma journal_mode = wal"], t=[{"n": n} for n in range(200)])
    stop = threading.Event()
    with black_hole() as hole, EngineProcess("--call-timeout", "8") as engine:
        clients = [Client(engine, number, database, hole, stop) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(SECONDS / 3)
        early = resident_kb(engine.process.pid)
        time.sleep(SECONDS * 2 / 3)
        late = resident_kb(engine.process.pid)
        stop.set()
        for client in clients:
            client.join(60)
        problems = [problem for client in clients for problem in client.problems]
        statuses = sum((client.statuses for client in clients), Counter())
        hanging = sum((client.statuses for client in clients[:HANGING]), Counter())
        alone = []
        for _ in range(30):
            started = time.monotonic()
            engine.call("GET", "/connections?limit=1")
            alone.append(time.monotonic() - started)
        names = {one["_id"]: one["name"] for one in engine.call("GET", "/connections").json()}
        assert "ERROR" not in engine.log(), engine.log()[-3000:]

    assert not problems, problems[:5]
    assert not [status for status in statuses if status >= 500]
    assert all(names[client.id] == client.doc["name"] for client in clients)
    assert statuses[200] > 300
    assert hanging[422] >= HANGING
    assert late < early * 1.3 + 20_000, f"memory grew from {early} to {late} kB"
    quick = [seconds for client in clients[HANGING:] for seconds in client.quick]
    # The clients share two cores with the engine and with whatever else runs: on an idle machine 99 of 100 calls are in
    # time, on a busy one even a call alone takes longer, and so much more may these.
    in_time_s = max(0.1, 30 * statistics.median(alone))
    in_time = sum(seconds < in_time_s for seconds in quick) / len(quick)
    assert in_time > 0.8, f"{in_time:.1%} answered within {in_time_s * 1000:.0f} ms"
    # A call that waited for a hanging source would wait for seconds.
    assert statistics.median(quick) < 1
