"""Pushes that something ends: nothing more is sent, every outcome is kept, and what ended it goes on."""

from __future__ import annotations

import io
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.ledger import Call, Ledger, serving
from support.pushes import DOCUMENT, connected, orders

from celigo_pandas.accessors.pushes import batches
from celigo_pandas.client.pacing import Clock

ENDINGS: dict[str, Callable[[], BaseException]] = {
    "TimeoutError": lambda: TimeoutError("the cell's time is over"),
    "SystemExit": lambda: SystemExit(3),
    "MemoryError": lambda: MemoryError("no more"),
    "ValueError": lambda: ValueError("of a handler"),
    "GeneratorExit": GeneratorExit,
}


@contextmanager
def handler(error: BaseException) -> Iterator[None]:
    """Raise `error` from a signal handler, once SIGUSR1 comes."""

    def raising(*_: object) -> None:
        raise error

    before = signal.signal(signal.SIGUSR1, raising)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def signals_at(number: int) -> Callable[[Call], str | None]:
    """Send the signal while the server works on one call."""

    def fault(call: Call) -> str | None:
        if call.number == number:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            time.sleep(0.1)
        return None

    return fault


def settled(ledger: Ledger) -> int:
    """Wait until the server works on nothing, and say how many calls it had."""
    until = time.monotonic() + 5
    while ledger.in_flight and time.monotonic() < until:
        time.sleep(0.01)
    return len(ledger.calls)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("name", ENDINGS)
def test_push_ended_by_a_handler_keeps_outcomes_and_sends_no_more(name: str, workers: int) -> None:
    ending = ENDINGS[name]()
    with serving(fault=signals_at(3), delay_s=0.02) as ledger, connected(ledger) as con, handler(ending):
        df = orders(300)
        with pytest.raises(type(ending)) as caught:
            df.celigo.to_import(DOCUMENT, con, batch_size=5, max_workers=workers)
        calls = settled(ledger)

        assert caught.value is ending
        result = con.client.last_push
        assert set(result.ok["key"]) == set(ledger.applied)
        assert len(result.ok) + len(result.not_sent) == 300
        assert 0 < len(result.not_sent) < 300
        assert result.counts["unknown"] == 0
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("celigo-push")] == []

        ledger.fault = lambda call: None
        assert len(result.retry().ok) == 300
        assert len(ledger.calls) > calls
        assert ledger.applied_twice == []


def test_push_ended_while_a_batch_gets_no_answer_has_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SHORT_GRACE_S", 0.2)
    leave = threading.Event()

    def fault(call: Call) -> str | None:
        if call.number == 2:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            leave.wait(10)
        return None

    error = TimeoutError("over")
    with serving(fault=fault) as ledger, connected(ledger, timeout_s=30) as con, handler(error):
        with pytest.raises(TimeoutError):
            orders(50).celigo.to_import(DOCUMENT, con, batch_size=10)
        counts = con.client.last_push.counts
        leave.set()
        calls = settled(ledger)

        assert counts == {"ok": 5, "failed": 0, "ignored": 0, "unknown": 10, "not_sent": 35}
        assert con.client.last_push.counts == counts
        assert len(ledger.calls) == calls == 2


@pytest.mark.parametrize(
    "error",
    [RuntimeError("enough"), SystemExit(1), GeneratorExit(), TimeoutError("over"), MemoryError("full")],
    ids=repr,
)
def test_push_ended_by_its_progress_function_keeps_outcomes(error: BaseException) -> None:
    def progress(done: int, total: int | None) -> None:
        if done >= 5:
            raise error

    with serving(delay_s=0.02) as ledger, connected(ledger) as con:
        with pytest.raises(type(error)) as caught:
            orders(100).celigo.to_import(DOCUMENT, con, batch_size=10, progress=progress)

        assert caught.value is error
        assert set(con.client.last_push.ok["key"]) == set(ledger.applied)
        assert len(con.client.last_push.not_sent) > 0


def test_bar_that_cannot_be_drawn_ends_no_push(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("the terminal is gone")

    monkeypatch.setattr(sys, "stderr", Broken())
    with serving() as ledger, connected(ledger) as con:
        assert len(orders(30).celigo.to_import(DOCUMENT, con, progress="text").ok) == 30


def test_push_ended_with_a_journal_goes_on_in_the_next_call(tmp_path: Path) -> None:
    with serving(fault=signals_at(3), delay_s=0.02) as ledger, connected(ledger) as con, handler(TimeoutError()):
        df = orders(100)
        with pytest.raises(TimeoutError):
            df.celigo.to_import(DOCUMENT, con, batch_size=5, journal=tmp_path / "j")
        ledger.fault = lambda call: None

        assert len(df.celigo.to_import(DOCUMENT, con, batch_size=5, journal=tmp_path / "j").ok) == 100
        assert ledger.applied_twice == []


def test_push_ended_while_a_batch_waits_to_be_sent_again_leaves_it_not_sent() -> None:
    def fault(call: Call) -> str | None:
        if call.number == 2:
            threading.Timer(0.1, signal.pthread_kill, (threading.main_thread().ident, signal.SIGUSR1)).start()
            return "rate_limited"
        return None

    patient = Clock(wait=lambda stop, seconds: stop.wait(60))
    with serving(fault=fault) as ledger, connected(ledger, clock=patient) as con, handler(TimeoutError("over")):
        with pytest.raises(TimeoutError):
            orders(30).celigo.to_import(DOCUMENT, con, batch_size=10)

        assert con.client.last_push.counts == {"ok": 5, "failed": 0, "ignored": 0, "unknown": 0, "not_sent": 25}
        assert len(ledger.calls) == 2


def test_retry_ended_by_a_handler_keeps_outcomes() -> None:
    with serving(delay_s=0.01) as ledger, connected(ledger) as con, handler(TimeoutError("over")):
        df = orders(60)
        df["bad"] = True
        result = df.celigo.to_import(DOCUMENT, con, batch_size=5, first=0)
        ledger.fault = signals_at(len(ledger.calls) + 3)

        with pytest.raises(TimeoutError):
            result.retry(result.failed.assign(bad=False))

        assert set(con.client.last_push.ok["key"]) == set(ledger.applied)
        assert 0 < len(con.client.last_push.failed) < 60


@pytest.mark.parametrize("limit", [0, 1, 5, 30, 99])
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("good", [0, 7, 250])
def test_push_stops_at_most_one_small_batch_beyond_its_failures(limit: int, workers: int, good: int) -> None:
    with serving(delay_s=0.001) as ledger, connected(ledger) as con:
        df = orders(600)
        df["bad"] = df["key"] >= good
        result = df.celigo.to_import(DOCUMENT, con, max_workers=workers, max_failures=limit, first=0)

    assert limit < len(result.failed) <= limit + 1 + 9
    assert list(result.ok["key"]) == list(range(good))
    assert len(result.not_sent) == 600 - good - len(result.failed)


def test_push_batches_are_whole_again_where_many_may_fail() -> None:
    with serving() as ledger, connected(ledger) as con:
        orders(600).celigo.to_import(DOCUMENT, con, max_failures=200)

    assert [len(call.keys) for call in ledger.calls] == [5, *[100] * 5, 95]


def test_push_unknown_rows_count_as_failures_of_the_limit() -> None:
    with serving(fault=lambda call: "unavailable") as ledger, connected(ledger) as con:
        result = orders(300).celigo.to_import(DOCUMENT, con, max_failures=20, first=0)

    assert 20 < len(result.unknown) <= 30
