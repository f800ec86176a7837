"""Forked children: a client's connections, its rate bucket and the local engine belong to one process."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any

import pytest
from support.forks import Child, forked
from support.ledger import serving as ledger_serving
from support.page_socket import Answer, sends, serving
from support.pushes import DOCUMENT, connected, orders

import celigo_pandas as celigo
from celigo_pandas.accessors import read_export
from celigo_pandas.client.pacing import RateBucket, bucket_for

EXPORT = {"rdbms": {"query": "q"}}
ROUNDS = 20


class ByExport:
    """Five pages of an export whose rows say which export they are of."""

    def __call__(self, number: int, body: bytes) -> Answer:
        import json

        asked = json.loads(body)
        name = asked["export"]["name"]
        at = (asked.get("pagedExportState") or {"p": 0})["p"]
        state = {"p": at + 1, "done": at == 4}
        return sends(json.dumps({"data": [{"of": name, "n": at}], "pagedExportState": state}).encode())


def test_children_pull_their_own_rows() -> None:
    """Parent and children pull at once over one client; none gets a row of another."""

    def pulled(name: str) -> list[list[Any]]:
        return [read_export({**EXPORT, "name": name}, con).to_numpy().tolist() for _ in range(ROUNDS)]

    def expected(name: str) -> list[list[Any]]:
        return [[[name, n] for n in range(5)]] * ROUNDS

    with serving(ByExport()) as (_, con):
        read_export({**EXPORT, "name": "before"}, con)
        children = [Child(lambda: pulled(str(os.getpid()))) for _ in range(3)]
        mine = pulled("parent")
        theirs = [child.result() for child in children]

        assert mine == expected("parent")
        for child, found in zip(children, theirs, strict=True):
            assert found == expected(str(child.pid))
            assert child.end() == 0


def test_children_in_the_middle_of_a_walk_pull_their_own_rows() -> None:
    """Forked while the parent's walk holds a connection: both go on with it, each over its own."""
    with serving(ByExport()) as (_, con):
        walk = celigo.iter_export({**EXPORT, "name": "walk"}, con)
        next(walk)
        child = Child(lambda: [int(chunk["n"].iloc[0]) for chunk in walk])
        mine = [int(chunk["n"].iloc[0]) for chunk in walk]

        assert mine == child.result() == [1, 2, 3, 4]
        assert child.end() == 0


def test_children_push_and_get_their_own_outcomes() -> None:
    def pushed(start: int) -> tuple[list[str], list[int]]:
        df = orders(40).assign(key=range(start, start + 40))
        result = df.celigo.to_import(DOCUMENT, con, batch_size=3)
        return list(result.frame["id"]), list(result.ok["key"])

    with ledger_serving(delay_s=0.005) as ledger, connected(ledger) as con:
        pushed(0)
        children = [Child(lambda start=start: pushed(start)) for start in (1000, 2000)]
        found = {3000: pushed(3000), **dict(zip((1000, 2000), (child.result() for child in children), strict=True))}

        for start, (ids, keys) in found.items():
            assert keys == list(range(start, start + 40))
            assert ids == [f"id-{key}" for key in keys]
        assert ledger.applied_twice == []
        assert [child.end() for child in children] == [0, 0]


@pytest.mark.parametrize("what", ["bucket", "buckets"])
def test_lock_that_a_thread_of_the_parent_holds_does_not_stop_a_child(what: str) -> None:
    bucket = bucket_for("https://fork.example", "a")
    owner = bucket if what == "bucket" else bucket_for.__self__
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with owner._lock:
            held.set()
            leave.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    try:
        assert forked(lambda: bucket_for("https://fork.example", "a").reserve()) == 0.0
    finally:
        leave.set()
        thread.join()


def test_child_begins_with_a_full_bucket() -> None:
    bucket = RateBucket(capacity=1, refill_per_s=0.01)
    bucket.reserve()

    assert forked(bucket.reserve) == 0.0
    assert bucket.reserve() > 50


def _engine_of(client: celigo.Client) -> Any:
    return client.check()["engine"]


def test_child_that_ends_normally_leaves_the_engine_of_its_parent_running() -> None:
    with celigo.local(demo="none") as client:
        client.connections.to_frame()
        # Exit handlers, as a program that ends by itself runs them.
        child = Child(lambda: _engine_of(client), at_end=atexit._run_exitfuncs)
        assert child.result() == "celigo_pandas"
        assert child.end() == 0

        assert client.is_running()
        assert len(client.connections) == 0


def test_child_that_closes_the_client_leaves_the_engine_of_its_parent_running() -> None:
    with celigo.local(demo="none") as client:
        assert forked(lambda: (client.is_running(), client.close())) == (True, None)

        assert client.is_running()
        assert client.check()["engine"] == "celigo_pandas"


def test_child_starts_an_engine_of_its_own_and_ends_it() -> None:
    def own() -> tuple[str, bool, bool]:
        with celigo.local(demo="none") as mine:
            return mine.base_url, mine is client, mine.is_running()

    with celigo.local(demo="none") as client:
        url, is_same, ran = forked(own)
        assert (url != client.base_url, is_same, ran) == (True, False, True)
        assert celigo.local(demo="none") is client


def test_engine_ends_with_its_parent_while_a_child_lives() -> None:
    """The engine sees its parent's end by its stdin; a child must not hold that open."""

    def parent() -> tuple[int, int]:
        client = celigo.local(demo="none")
        grandchild = Child(lambda: None, wait=True)
        grandchild.result()
        return client._engine._process.pid, grandchild.pid

    engine, grandchild = forked(parent)
    try:
        assert _ends(engine)
    finally:
        os.kill(grandchild, 9)


def _ends(pid: int) -> bool:
    import time
    from pathlib import Path

    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False
