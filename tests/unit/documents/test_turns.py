"""Waits that Ctrl-C ends, whatever the process does with signals."""

from __future__ import annotations

import signal
import threading

import pytest

from celigo_pandas.documents.turns import wait_for_end, wait_in_turns


def test_wait_says_whether_it_came_in_time() -> None:
    event = threading.Event()
    assert not wait_in_turns(event.wait, 0)
    assert not wait_in_turns(event.wait, 0.25)
    threading.Timer(0.15, event.set).start()
    assert wait_in_turns(event.wait)
    assert wait_in_turns(event.wait, 0)


def test_ctrl_c_ends_a_wait_that_the_system_would_go_on_with() -> None:
    over, waiting, ended = threading.Event(), threading.Event(), threading.Event()

    class Endless(threading.Thread):
        def run(self) -> None:
            over.wait()
            ended.set()

        def join(self, timeout: float | None = None) -> None:
            waiting.set()
            super().join(timeout)

    def press_ctrl_c() -> None:
        waiting.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = Endless(daemon=True)
    thread.start()
    signal.siginterrupt(signal.SIGINT, False)
    try:
        threading.Thread(target=press_ctrl_c, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            wait_for_end(thread)
        assert not ended.is_set()
    finally:
        signal.siginterrupt(signal.SIGINT, True)
        over.set()
