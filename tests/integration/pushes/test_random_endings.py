"""Pushes that faults, second answers, forks and signals meet at random: nothing twice, and no outcome that is wrong."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import soak
from support.forks import Child
from support.ledger import FAULTS, Call, Ledger, serving
from support.pushes import DOCUMENT, connected, orders

import celigo_pandas as celigo
from celigo_pandas.accessors.pushes import batches

ROUND, CHILD = 1000, 500
"""So many keys a round: what the server still does for an earlier one is not taken for this one's."""


class Ended(Exception):
    """What a signal handler raises."""


@contextmanager
def raising_on_usr1() -> Iterator[None]:
    def handle(*_: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


class Script:
    """Faults by call, and a signal to the main thread while one call is worked on."""

    def __init__(self, seed: int, share: float) -> None:
        self._seed = seed
        self._share = share
        self.signal: signal.Signals | None = None
        self.at = -1

    def __call__(self, call: Call) -> str | None:
        if call.number == self.at and self.signal is not None:
            sent, self.signal = self.signal, None
            signal.pthread_kill(threading.main_thread().ident, sent)
        draw = random.Random(f"{self._seed} {call.number}")
        return draw.choice(FAULTS) if draw.random() < self._share else None


def check(result: celigo.ImportResult, applied: dict[Any, int], df: pd.DataFrame) -> None:
    assert sum(result.counts.values()) == len(df)
    assert all(applied.get(key, 0) == 1 for key in result.ok["key"])
    for rows in (result.failed, result.not_sent, result.ignored):
        assert all(applied.get(key, 0) == 0 for key in rows["key"])
    told = result.frame.loc[(result.frame["outcome"] == "ok").to_numpy(), "id"]
    assert [str(name) for name in told] == [f"id-{key}" for key in result.ok["key"]]


def rows_of(rng: random.Random, start: int) -> pd.DataFrame:
    df = orders(rng.randrange(1, 60))
    df["key"] += start
    df["bad"] = [rng.random() < 0.1 for _ in range(len(df))]
    return df


def pushed(con: Any, df: pd.DataFrame, seed: int, folder: Path | None) -> celigo.ImportResult:
    """Push once, whatever ends it; the result is the client's last push."""
    rng = random.Random(seed)
    con.client.last_push = None
    with contextlib.suppress(celigo.PushCancelled, Ended):
        df.celigo.to_import(
            DOCUMENT, con, batch_size=rng.choice([3, 10]), max_workers=rng.choice([1, 4]), first=rng.choice([0, 5]),
            max_failures=rng.choice([None, 4]), journal=folder,
        )  # fmt: skip
    return con.client.last_push


def pushed_by_child(con: Any, df: pd.DataFrame, seed: int) -> pd.DataFrame:
    return pushed(con, df, seed, None).join()


@pytest.mark.soak
def test_pushes_under_random_faults_forks_and_signals_tell_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "SHORT_GRACE_S", 0.3)
    first = soak.seed("pushes")
    script = serving(slow_s=0.06, again_s=0.004)
    with script as ledger, connected(ledger, timeout_s=0.05) as con, raising_on_usr1():
        for round in range(soak.runs(25, 1000)):
            _round(first + round, round * ROUND, con, ledger, tmp_path / f"j{round}")


def _round(seed: int, start: int, con: Any, ledger: Ledger, folder: Path) -> None:
    rng = random.Random(seed)
    way = rng.choice(["alone", "fork", "Ctrl-C", "handler"])
    print(f"seed {seed}: {way}")
    with ledger.lock:
        ledger.calls.clear()
    faults = ledger.fault = Script(seed, rng.choice([0.1, 0.4]))
    df, theirs = rows_of(rng, start), rows_of(rng, start + CHILD)
    child = None
    if way == "fork":
        child = Child(partial(pushed_by_child, con, theirs, seed))
    elif way != "alone":
        faults.at, faults.signal = rng.randrange(1, 8), signal.SIGINT if way == "Ctrl-C" else signal.SIGUSR1
    result = pushed(con, df, seed, folder if rng.random() < 0.3 else None)
    faults.signal = None
    joined = child.result() if child is not None else None
    _settled(ledger)
    with ledger.lock:
        applied = dict(ledger.applied)
    assert [key for key, count in applied.items() if count > 1] == []
    if result is None:  # ended before anything was sent
        assert not any(key in applied for key in df["key"])
    else:
        check(result, applied, df)
    if child is not None:
        assert child.end() == 0
        good = joined.loc[(joined["outcome"] == "ok").to_numpy(), "key"]
        assert all(applied.get(key, 0) == 1 for key in good)
        assert all(
            applied.get(key, 0) == 0 for key in joined.loc[joined["outcome"].isin(["failed", "not_sent"]), "key"]
        )


def _settled(ledger: Ledger) -> None:
    """Wait until the server works on nothing."""
    for _ in range(1000):
        if not ledger.in_flight:
            return
        time.sleep(0.005)
    raise AssertionError("the server hangs")
