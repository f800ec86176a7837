"""A process that pushes with a journal and is killed at a chosen step of it.

``python push_process.py`` is a small server on its standard streams: it loads everything once and forks for each line,
so that a kill costs milliseconds. A line is JSON: ``url``, ``journal``, ``rows``, ``workers``, ``batch_size``, ``step``
(which fsync) and ``moment``: ``before`` it, ``after`` it, or ``torn`` (before it, and the end of what was written is
lost, as a power cut may do).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()


class Killer:
    """Asks for one push at a time and waits until its process has ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def push(self, **task: Any) -> int:
        """Push in a process of its own; returns its wait status as :func:`os.waitpid` gives it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def killer() -> Iterator[Killer]:
    """Start the process; it ends with the block."""
    root = HERE.parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")])}
    process = subprocess.Popen(
        [sys.executable, str(HERE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield Killer(process)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def _die_at(step: int, moment: str) -> None:
    real, count, lock = os.fsync, 0, threading.Lock()

    def fsync(file: int) -> None:
        nonlocal count
        with lock:
            count += 1
            now = count == step
            if now and moment == "torn":
                size = os.fstat(file).st_size
                if size > 3 and not os.path.isdir(f"/proc/self/fd/{file}"):
                    os.ftruncate(file, size - 3)
            if now and moment != "after":
                os.kill(os.getpid(), signal.SIGKILL)
            real(file)
            if now:
                os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = fsync


def _run(task: dict[str, Any]) -> None:
    from support.ledger import Ledger
    from support.pushes import DOCUMENT, connected, orders

    _die_at(task["step"], task["moment"])
    with connected(Ledger(url=task["url"])) as con:
        orders(task["rows"]).celigo.to_import(
            DOCUMENT, con, batch_size=task["batch_size"], max_workers=task["workers"], journal=task["journal"]
        )


def main() -> None:
    import support.pushes  # noqa: F401 - loaded once, for all forks

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _run(json.loads(line))
                code = 0
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
