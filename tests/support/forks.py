"""Forked processes: what a function gives or raises in a child, and children that wait."""

from __future__ import annotations

import os
import pickle
import select
import signal
import traceback
import warnings
from collections.abc import Callable
from typing import Any

LIMIT_S = 20.0


class Child:
    """One forked child that runs a function, sends what it gave, and then ends as a program does, or waits."""

    def __init__(
        self, work: Callable[[], Any], *, wait: bool = False, at_end: Callable[[], object] | None = None
    ) -> None:
        answer, write = os.pipe()
        go, self._leave = os.pipe()
        with warnings.catch_warnings():
            # Newer Pythons warn of threads that a child will miss; that it gets on without them is what is tested.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            os.close(answer)
            os.close(self._leave)
            _live(work, write, go if wait else None, at_end)
        os.close(write)
        os.close(go)
        self._answer = answer

    def result(self) -> Any:
        """Wait for what the function gave; an exception of the child is raised as a RuntimeError."""
        content = b""
        while True:
            ready, _, _ = select.select([self._answer], [], [], LIMIT_S)
            if not ready:
                os.kill(self.pid, signal.SIGKILL)
                raise RuntimeError("the child hangs")
            part = os.read(self._answer, 65536)
            if not part:
                break
            content += part
        os.close(self._answer)
        is_good, value = pickle.loads(content)
        if not is_good:
            raise RuntimeError(value)
        return value

    def end(self) -> int:
        """Let it end, and return its exit code."""
        os.close(self._leave)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def forked(work: Callable[[], Any]) -> Any:
    """Return what `work` gives in a forked child."""
    child = Child(work)
    try:
        return child.result()
    finally:
        child.end()


def _live(work: Callable[[], Any], write: int, go: int | None, at_end: Callable[[], object] | None) -> None:
    code = 1
    try:
        try:
            told = (True, work())
        except BaseException:
            told = (False, traceback.format_exc())
        os.write(write, pickle.dumps(told))
        os.close(write)
        if go is not None:
            os.read(go, 1)
        if at_end is not None:
            at_end()
        code = 0
    finally:
        os._exit(code)
