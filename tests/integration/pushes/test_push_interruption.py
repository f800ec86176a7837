"""Ctrl-C during a push: batches in flight are waited for or given up, and every row keeps an outcome."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from support.ledger import Call, serving
from support.pushes import DOCUMENT, connected, orders

import celigo_pandas as celigo
from celigo_pandas.client.pacing import Clock


def interrupting(at: int, times: int = 1, apart_s: float = 0.15) -> object:
    """Send this process Ctrl-C while the server works on call `at`."""

    def press() -> None:
        for _ in range(times):
            time.sleep(apart_s)
            os.kill(os.getpid(), signal.SIGINT)

    def fault(call: Call) -> str | None:
        if call.number == at:
            threading.Thread(target=press, daemon=True).start()
            time.sleep(0.3)
        return None

    return fault


@pytest.mark.parametrize("workers", [1, 4])
def test_push_ctrl_c_waits_for_the_batches_in_flight(workers: int) -> None:
    with serving(fault=interrupting(3), delay_s=0.02) as ledger, connected(ledger) as con:
        df = orders(300)
        with pytest.raises(celigo.PushCancelled) as caught:
            df.celigo.to_import(DOCUMENT, con, batch_size=5, max_workers=workers)

        result = caught.value.result
        assert con.client.last_push is result
        assert not isinstance(caught.value, celigo.CeligoError)
        assert result.counts["unknown"] == 0
        assert set(result.ok["key"]) == set(ledger.applied)
        assert len(result.ok) + len(result.not_sent) == 300
        assert len(result.not_sent) > 0
        assert "interrupted" in result.summary()

        ledger.fault = lambda call: None
        assert len(result.retry().ok) == 300
        assert ledger.applied_twice == []


def test_push_second_ctrl_c_gives_up_the_batch_in_flight() -> None:
    with serving(fault=lambda call: None) as ledger, connected(ledger, timeout_s=30) as con:
        press = interrupting(2, times=2)

        def fault(call: Call) -> str | None:
            press(call)
            if call.number == 2:
                time.sleep(6)
            return None

        ledger.fault = fault
        started = time.monotonic()
        with pytest.raises(celigo.PushCancelled) as caught:
            orders(50).celigo.to_import(DOCUMENT, con, batch_size=10)

        assert time.monotonic() - started < 5
        counts = caught.value.result.counts
        assert counts == {"ok": 5, "failed": 0, "ignored": 0, "unknown": 10, "not_sent": 35}

        while len(ledger.applied) < 15:  # the answer comes late, and changes nothing
            time.sleep(0.05)
        time.sleep(0.2)
        assert caught.value.result.counts == counts


def test_push_ctrl_c_with_a_journal_resumes(tmp_path: Path) -> None:
    with serving(fault=interrupting(3), delay_s=0.02) as ledger, connected(ledger) as con:
        df = orders(100)
        with pytest.raises(celigo.PushCancelled) as caught:
            df.celigo.to_import(DOCUMENT, con, batch_size=5, journal=tmp_path / "j")
        before = len(caught.value.result.ok)

        ledger.fault = lambda call: None
        result = df.celigo.to_import(DOCUMENT, con, batch_size=5, journal=tmp_path / "j")

        assert 0 < before < 100
        assert len(result.ok) == 100
        assert ledger.applied_twice == []


def test_push_progress_counts_up_to_all_rows() -> None:
    seen: list[tuple[int, int | None]] = []
    with serving(delay_s=0.03) as ledger, connected(ledger) as con:
        orders(60).celigo.to_import(
            DOCUMENT, con, batch_size=10, progress=lambda done, total: seen.append((done, total))
        )

    assert seen[-1] == (60, 60)
    assert seen == sorted(seen)


def test_push_stopped_by_its_progress_function_waits_for_the_batches_in_flight() -> None:
    """This is how a form's Stop button ends a push that runs on a thread of the form's."""

    def stop(done: int, total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    caught: list[celigo.PushCancelled] = []

    def push() -> None:
        try:
            orders(100).celigo.to_import(DOCUMENT, con, batch_size=10, max_workers=2, progress=stop)
        except celigo.PushCancelled as error:
            caught.append(error)

    with serving(delay_s=0.15) as ledger, connected(ledger) as con:
        thread = threading.Thread(target=push)
        thread.start()
        thread.join(10)

    counts = caught[0].result.counts
    assert counts["unknown"] == 0
    assert counts["ok"] == len(ledger.applied) > 0
    assert counts["not_sent"] > 0


def test_push_leaves_no_thread_behind() -> None:
    with serving() as ledger, connected(ledger) as con:
        orders(200).celigo.to_import(DOCUMENT, con, batch_size=10, max_workers=8)
        time.sleep(0.05)
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("celigo-push")] == []


@pytest.mark.parametrize("workers", [1, 4])
def test_push_ctrl_c_ends_the_wait_of_a_batch_that_the_server_put_off(workers: int) -> None:
    """A 429 was surely not processed: its rows are not sent later, behind the back of whoever pressed Ctrl-C."""
    pressed: list[int] = []

    def put_off(call: Call) -> str | None:
        if call.number == 1:
            return None
        if not pressed:
            pressed.append(call.number)
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        return "rate_limited"

    patient = Clock(sleep=lambda seconds: time.sleep(60), wait=lambda stop, seconds: stop.wait(60))
    with serving(fault=put_off) as ledger, connected(ledger, clock=patient) as con:
        df = orders(60)
        with pytest.raises(celigo.PushCancelled) as caught:
            df.celigo.to_import(DOCUMENT, con, batch_size=10, max_workers=workers)
        calls = len(ledger.calls)
        result = caught.value.result

        assert result.counts == {"ok": 5, "failed": 0, "ignored": 0, "unknown": 0, "not_sent": 55}
        assert threads() == []  # nobody is left who could send

        ledger.fault = lambda call: None
        assert len(result.retry(unknown=True).ok) == 60
        assert len(ledger.calls) == calls + 6
        assert ledger.applied_twice == []


def test_push_ctrl_c_ends_the_wait_and_the_journal_knows_it(tmp_path: Path) -> None:
    def put_off(call: Call) -> str | None:
        if call.number == 2:
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            return "rate_limited"
        return None

    patient = Clock(wait=lambda stop, seconds: stop.wait(60))
    with serving(fault=put_off) as ledger, connected(ledger, clock=patient) as con:
        df = orders(30)
        with pytest.raises(celigo.PushCancelled):
            df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")

        result = df.celigo.to_import(DOCUMENT, con, batch_size=10, journal=tmp_path / "j")

        assert len(result.ok) == 30
        assert ledger.applied_twice == []


def test_push_a_brake_ends_the_waits_of_other_workers() -> None:
    """What a push that has stopped still has to send again stays where it is."""
    held = threading.Event()

    def fault(call: Call) -> str | None:
        if call.number == 2:
            held.set()
            return "rate_limited"
        if call.number == 3:
            held.wait(5)
            time.sleep(0.1)
            return "unauthorized"
        return None

    patient = Clock(wait=lambda stop, seconds: stop.wait(60))
    with serving(fault=fault) as ledger, connected(ledger, clock=patient) as con:
        result = orders(25).celigo.to_import(DOCUMENT, con, batch_size=10, max_workers=2)

        assert result.counts == {"ok": 5, "failed": 10, "ignored": 0, "unknown": 0, "not_sent": 10}
        assert len(ledger.calls) == 3


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("celigo-push")]
