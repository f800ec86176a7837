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
    over = threading.Event()
    thread = threading.Thread(target=over.wait, args=(20,), daemon=True)
    thread.start()
    main = threading.main_thread().ident or 0
    signal.siginterrupt(signal.SIGINT, False)
    try:
        threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            wait_for_end(thread)
        assert not over.is_set()
    finally:
        signal.siginterrupt(signal.SIGINT, True)
        over.set()
