"""The worker thread of a form: one task at a time, which can be asked to stop.

The kernel's own thread stays free, so other cells run and clicks arrive meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from celigo_pandas.documents.turns import wait_for_end
from celigo_pandas.errors import TransportError

__all__ = ["Outcome", "Stopped", "Task", "Worker"]

_SHOW_EVERY_S = 0.1


class Stopped(Exception):
    """Raised inside a task that was asked to stop; not an error of anybody."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended: with a value, with an error, or stopped (then `error` tells what became of its request)."""

    value: Any = None
    error: BaseException | None = None
    stopped: bool = False


class Task:
    """What a running task sees of its form."""

    def __init__(self, show: Callable[[int, int | None, str], None]) -> None:
        self.stop_event = threading.Event()
        self._show = show
        self._shown_at = 0.0

    @property
    def stop_requested(self) -> bool:
        """Whether somebody pressed Stop."""
        return self.stop_event.is_set()

    def check(self) -> None:
        """Raise :class:`Stopped` once somebody pressed Stop."""
        if self.stop_event.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Sleep, and wake up at once when somebody presses Stop."""
        if self.stop_event.wait(seconds):
            raise Stopped

    def show(self, done: int, total: int | None = None, note: str = "") -> None:
        """Show progress, ten times a second at most; `note` says it in other words."""
        now = time.monotonic()
        if now - self._shown_at >= _SHOW_EVERY_S or done == total:
            self._shown_at = now
            with suppress(Exception):  # a widget that cannot be drawn is not worth the work
                self._show(done, total, note)


class Worker:
    """One thread that runs one task at a time.

    The thread is a daemon: a kernel that ends does not wait for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._task: Task | None = None
        self._name = ""

    @property
    def running(self) -> str:
        """Name of the running task, or empty text."""
        return self._name

    @property
    def stopping(self) -> bool:
        """Whether the running task was asked to stop."""
        return bool(self._name) and self._task is not None and self._task.stop_requested

    def start(
        self,
        name: str,
        run: Callable[[Task], Any],
        finished: Callable[[Outcome], None],
        show: Callable[[int, int | None, str], None] = lambda done, total, note: None,
    ) -> None:
        """Start a task; `finished` gets its outcome, on this thread, when nothing runs any more.

        Raises
        ------
        RuntimeError
            Another task runs.
        """
        with self._lock:
            if self._name:
                raise RuntimeError(f"{self._name} is still running.")
            self._name = name
            self._task = Task(show)
            self._thread = threading.Thread(
                target=self._run, args=(self._task, run, finished), name=f"celigo-form-{name}", daemon=True
            )
        self._thread.start()

    def _run(self, task: Task, run: Callable[[Task], Any], finished: Callable[[Outcome], None]) -> None:
        try:
            outcome = Outcome(run(task))
        except Stopped:
            outcome = Outcome(stopped=True)
        except TransportError as error:
            outcome = Outcome(error=error, stopped=task.stop_requested)
        except BaseException as error:  # a KeyboardInterrupt of a cancelled pull is an outcome too
            outcome = Outcome(error=error)
        self._name = ""
        finished(outcome)

    def stop(self) -> None:
        """Ask the running task to stop; returns at once."""
        task = self._task
        if task is not None:
            task.stop_event.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the running task and its `finished`; True when none runs."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            return wait_for_end(thread, timeout_s)
        return not self._name
