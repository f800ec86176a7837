"""A few worker processes for everybody: lent for a call, taken back unless the call broke them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from celigo_pandas.errors import ScriptError
from celigo_pandas.scripts.worker_process import NeverAsked, WorkerProcess

__all__ = ["Lent", "WorkerPool"]

_MOST = 8
"""Processes at most. A script that runs an export whose script runs an export needs one for each."""

_PATIENCE_S = 0.25
"""How long a call waits for one of the usual places before it takes another: who has them may be waiting for it."""


class WorkerPool:
    """Processes that wait for a call, and places for calls.

    Parameters
    ----------
    kept : int
        Processes that are kept, and so calls at once. Where all are in use for more than a moment, further ones are
        started, eight in all, and ended again.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._renew()

    def _renew(self) -> None:
        self._owner = os.getpid()
        self._free: list[WorkerProcess] = []
        self._usual = threading.BoundedSemaphore(self._kept)
        self._places = threading.BoundedSemaphore(max(self._kept, _MOST))
        self._lock = threading.Lock()

    def lend(self, patience_s: float) -> Lent:
        """Return a place; used in ``with``."""
        self._check_owner()
        return Lent(self, patience_s)

    def pids(self) -> list[int]:
        """Return the processes that wait for a call."""
        self._check_owner()
        with self._lock:
            return [worker.pid for worker in self._free if worker.is_alive()]

    def close(self) -> None:
        """End the processes that wait; a later call starts new ones."""
        self._check_owner()
        with self._lock:
            free, self._free = self._free, []
        for worker in free:
            worker.end()

    def enter(self, patience_s: float) -> tuple[WorkerProcess | None, bool]:
        """Take a place, the process that is free there, if any, and say whether the place is a usual one."""
        if not self._places.acquire(timeout=patience_s):
            text = f"All {_MOST} processes of scripts are in use; scripts may be calling each other without end."
            raise ScriptError(text, code="busy")
        is_usual = self._usual.acquire(timeout=_PATIENCE_S)
        with self._lock:
            while self._free:
                worker = self._free.pop()
                if worker.is_alive():
                    return worker, is_usual
                worker.end()
        return None, is_usual

    def leave(self, worker: WorkerProcess | None, *, is_usual: bool) -> None:
        """Give a place back, with its process unless that was ended."""
        with self._lock:
            if worker is not None and len(self._free) < self._kept:
                self._free.append(worker)
                worker = None
        if worker is not None:
            worker.end()
        if is_usual:
            self._usual.release()
        self._places.release()

    def _check_owner(self) -> None:
        """Leave a parent's processes to it: in a forked child there are none yet."""
        if self._owner != os.getpid():
            for worker in self._free:
                worker.forget()
            self._renew()


class Lent:
    """A place of the pool, for the time of one call: its process goes back unless the call broke it."""

    def __init__(self, pool: WorkerPool, patience_s: float) -> None:
        self._pool = pool
        self._patience_s = patience_s
        self._worker: WorkerProcess | None = None
        self._is_usual = False

    def __enter__(self) -> Lent:
        self._worker, self._is_usual = self._pool.enter(self._patience_s)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is not None:
            self._end()
        self._pool.leave(self._worker, is_usual=self._is_usual)

    def ask(
        self,
        order: Mapping[str, Any],
        body: bytes,
        seconds: float,
        answer: Callable[[bytes], bytes] | None = None,
    ) -> tuple[dict[str, Any], bytes]:
        """Ask a process; one that had ended while it waited is replaced.

        Raises
        ------
        Gone
            The process ended in the middle of the call.
        """
        try:
            return self._process().ask(order, body, seconds, answer)
        except NeverAsked:
            self._end()
            return self._process().ask(order, body, seconds, answer)

    def _process(self) -> WorkerProcess:
        if self._worker is None:
            self._worker = WorkerProcess()
        return self._worker

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None
