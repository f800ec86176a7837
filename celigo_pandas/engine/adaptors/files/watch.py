"""What ends a wait for a remote server: the call's deadline, and its reader who has gone.

Timeouts of sockets are for one read, so a server that sends a byte a second never trips them (decision 0073). Here one
thread a place shuts the sockets down when the time is over. It looks only while something is awaited: the deadline of a
walk passes unharmed between two pages.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure

__all__ = ["Watch"]

_LOOK_S = 0.1


class Watch:
    """Watches over the sockets of one place.

    Parameters
    ----------
    call : Call
        Its deadline is read at every look, because a walk moves it.
    place : str
        The server, as messages name it.
    errors : tuple of exception classes
        What a protocol's library raises.
    """

    def __init__(self, call: Call, place: str, errors: tuple[type[Exception], ...]) -> None:
        self.failure: SourceFailure | None = None
        self._call = call
        self._place = place
        self._errors = errors
        self._sockets: list[socket.socket] = []
        self._changed = threading.Condition()
        self._busy = 0
        self._is_idle = False
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def add(self, sock: socket.socket, instead_of: socket.socket | None = None) -> None:
        """Watch a socket too; TLS puts a new object into the place of an old one."""
        with self._changed:
            self._sockets = [one for one in self._sockets if one is not instead_of]
            self._sockets.append(sock)

    def drop(self, sock: socket.socket) -> None:
        """Watch a socket no longer."""
        with self._changed:
            self._sockets = [one for one in self._sockets if one is not sock]

    def check(self) -> None:
        """Raise if the place was given up, or must not begin anything any more."""
        failure = self.failure or self._reason()
        if failure is not None:
            raise self._again(failure)

    @contextmanager
    def during(self, explained: Callable[[Exception], SourceFailure]) -> Iterator[None]:
        """Wait for the server in this block, and turn what its library raises into one failure.

        The failure is raised after the handler: the caught exception's frames may hold a password.
        """
        self.check()
        self._enter()
        failure: SourceFailure | None = None
        try:
            yield
        except self._errors as error:
            failure = explained(error)
        finally:
            with self._changed:
                self._busy -= 1
        # A socket that was shut down looks like the end of a file, too.
        if self.failure is not None:
            raise self._again(self.failure)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_closed = True
            self._sockets = []
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5)

    def _enter(self) -> None:
        with self._changed:
            self._busy += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="celigo-file-watch", daemon=True)
                self._thread.start()
            elif self._is_idle:
                self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._is_closed:
                self._is_idle = not self._busy
                if self._is_idle:
                    self._changed.wait()
                    continue
                self.failure = self._reason()
                if self.failure is not None:
                    self._shut()
                    return
                self._changed.wait(min(_LOOK_S, max(self._call.deadline - time.monotonic(), 0.001)))

    def _reason(self) -> SourceFailure | None:
        if self._call.stop.is_set():
            return SourceFailure("The reader has gone.", code="stopped")
        if time.monotonic() >= self._call.deadline:
            return SourceFailure(f"{self._place} did not finish in the time of this call.", code="timeout")
        return None

    def _shut(self) -> None:
        for sock in self._sockets:
            with suppress(OSError):
                # The plain socket's method: TLS would first forget that it is TLS.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    @staticmethod
    def _again(failure: SourceFailure) -> SourceFailure:
        return SourceFailure(failure.message, code=failure.code, offline=failure.offline, field=failure.field)
