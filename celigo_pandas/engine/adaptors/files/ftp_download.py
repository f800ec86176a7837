"""A file on its way from an FTP server; it is whole when the server has said so."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from celigo_pandas.engine.adaptors.files.ftp_control import Control

__all__ = ["PIECE", "Download"]

PIECE = 64 * 1024


class Download(io.RawIOBase):
    """Reads a file, and holds its control connection until the server has confirmed the end.

    Parameters
    ----------
    control : Control
        The connection on which the file was asked for.
    conn : socket
        The data connection.
    watched : callable
        Returns what each wait for the server is done in.
    ended : callable
        Told once, with the control connection and whether it is still in step.
    """

    def __init__(
        self,
        control: Control,
        conn: socket.socket,
        watched: Callable[[], AbstractContextManager[None]],
        ended: Callable[[Download, Control, bool], None],
    ) -> None:
        super().__init__()
        self._control = control
        self._conn = conn
        self._watched = watched
        self._ended = ended
        self._is_done = False

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there; at the end the server must say that it was the end."""
        if self._is_done:
            return 0
        try:
            with self._watched():
                count = self._conn.recv_into(buffer)
                if not count:
                    self._control.release(self._conn)
                    self._control.voidresp()
        except BaseException:
            self._end(is_sound=False)
            raise
        if not count:
            self._end(is_sound=True)
        return count

    def close(self) -> None:
        """Close; before the end, the control connection goes too, as its next answer is not to be foreseen."""
        if not self.closed:
            self._end(is_sound=False)
        super().close()

    def _end(self, *, is_sound: bool) -> None:
        if self._is_done:
            return
        self._is_done = True
        self._control.release(self._conn)
        self._ended(self, self._control, is_sound)
