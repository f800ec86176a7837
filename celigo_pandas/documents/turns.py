"""Waiting on a lock so that Ctrl-C acts.

A library that puts a signal handler of its own before Python's (polars does when it is imported) may have the system go
on with a wait after the signal: then Ctrl-C would act when the wait is over, however long that is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["wait_for_end", "wait_in_turns"]

_TURN_S = 0.1


def wait_in_turns(wait: Callable[[float], bool], timeout_s: float | None = None) -> bool:
    """Wait in short turns, and say whether what was waited for came in time.

    Parameters
    ----------
    wait : callable
        Waits so many seconds at most, and says whether it came: ``event.wait``, for one.
    timeout_s : float, optional
        How long in all.
    """
    deadline = float("inf") if timeout_s is None else time.monotonic() + timeout_s
    while not wait(max(0.0, min(_TURN_S, deadline - time.monotonic()))):
        if time.monotonic() >= deadline:
            return False
    return True


def wait_for_end(thread: threading.Thread, timeout_s: float | None = None) -> bool:
    """Wait for the end of a thread in short turns, and say whether it came in time."""

    def ended(seconds: float) -> bool:
        thread.join(seconds)
        return not thread.is_alive()

    return wait_in_turns(ended, timeout_s)
