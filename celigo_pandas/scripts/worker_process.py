"""One worker process as its parent sees it: started with nothing of the parent's, asked, ended.

It gets neither the parent's environment nor anything in its arguments, and its standard error goes nowhere: what a
script is about stands in no other place than the pipes between the two.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

from celigo_pandas.errors import MissingExtraError, ScriptError
from celigo_pandas.scripts.script_worker import LENGTHS, OUT_OF_MEMORY

__all__ = ["Gone", "NeverAsked", "WorkerProcess", "require_v8"]

_START_S = 60.0


class Gone(Exception):
    """The process ended in the middle of a call; ``code`` says how, ``is_late`` that it was ended for its time."""

    def __init__(self, code: int | None, *, is_late: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_late = is_late

    @property
    def is_out_of_memory(self) -> bool:
        """Whether it ended itself for its memory."""
        return self.code == OUT_OF_MEMORY


class NeverAsked(Gone):
    """The process had ended before it began with the call: nothing of it was run."""


class WorkerProcess:
    """A process that runs one call at a time; ready once it is made."""

    def __init__(self) -> None:
        packages = require_v8()
        command = [sys.executable, "-I", str(Path(__file__).with_name("script_worker.py"))]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd=os.path.sep,
                bufsize=0,
            )
        except OSError as error:
            text = f"The process that runs scripts cannot be started: {error.strerror or error}."
            raise ScriptError(text, code="crashed") from None
        runtime = files(__package__).joinpath("runtime.js").read_bytes()
        try:
            self.ask({"packages": packages}, runtime, _START_S)
        except Gone as gone:
            self.end()
            text = f"The process that runs scripts did not start (exit code {gone.code})."
            raise ScriptError(text, code="crashed") from None
        except BaseException:
            self.end()
            raise

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(
        self,
        head: Mapping[str, Any],
        body: bytes,
        seconds: float,
        answer: Callable[[bytes], bytes] | None = None,
    ) -> tuple[dict[str, Any], bytes]:
        """Give an order and return its answer.

        Parameters
        ----------
        head : mapping
        body : bytes
        seconds : float
            After which the process is ended: it should have ended the call by itself long before.
        answer : callable, optional
            Answers what the script asks meanwhile.

        Raises
        ------
        NeverAsked
            It ended before it began.
        Gone
            It ended later, or was ended for its time.
        """
        has_begun = False
        late = threading.Event()
        timer = threading.Timer(seconds, self._end_late, [late])
        timer.daemon = True
        timer.start()
        try:
            self._write(head, body)
            while True:
                found, text = self._read()
                if "begun" in found:
                    has_begun = True
                elif "ask" in found and answer is not None:
                    self._write({}, answer(text))
                else:
                    return found, text
        except (EOFError, OSError):
            kind = Gone if has_begun else NeverAsked
            raise kind(self._ended(), is_late=late.is_set()) from None
        finally:
            timer.cancel()

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._ended()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def forget(self) -> None:
        """Let go of a process of the parent's in a forked child: its pipes are closed, nothing more."""
        self._process.returncode = 0
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _end_late(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _ended(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(10)
        return None

    def _write(self, head: Mapping[str, Any], body: bytes) -> None:
        text = json.dumps(head).encode()
        stream = _open(self._process.stdin)
        for part in (LENGTHS.pack(len(text), len(body)) + text, body):
            left = memoryview(part)
            while left:
                left = left[stream.write(left) or 0 :]

    def _read(self) -> tuple[dict[str, Any], bytes]:
        head, body = LENGTHS.unpack(self._exactly(LENGTHS.size))
        return json.loads(self._exactly(head)), bytes(self._exactly(body))

    def _exactly(self, count: int) -> bytearray:
        data = bytearray(count)
        left = memoryview(data)
        while left:
            read = _open(self._process.stdout).readinto(left)  # type: ignore[attr-defined]
            if not read:
                raise EOFError
            left = left[read:]
        return data


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def require_v8() -> str:
    """Return the folder that V8's package is in.

    Raises
    ------
    MissingExtraError
        The extra ``scripts`` is not installed.
    """
    found = importlib.util.find_spec("py_mini_racer")
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError("Running a script", "scripts")
    return str(Path(next(iter(found.submodule_search_locations))).parent)


def _environment() -> dict[str, str]:
    """Return all that a worker gets to know: clock and language of the platform, and what it takes to start."""
    needed = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    kept = {name: os.environ[name] for name in needed if name in os.environ}
    return {"TZ": "UTC", "LANG": "en_US.UTF-8", **kept}
