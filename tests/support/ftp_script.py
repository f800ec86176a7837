"""An FTP server that does as a test says: other listings, other answers, silence, lies.

It does the least that a client needs. ``replies`` replaces the answer to a command (by its verb, or whole), ``data``
what a transfer sends or does; everything that arrives is kept in ``commands``.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

Transfer = Callable[[socket.socket], None]


class ScriptedFtp:
    """A server on loopback until it is closed.

    Parameters
    ----------
    replies : mapping
        ``"CWD"`` or ``"CWD /in"`` to an answer, or to a function that takes the session and returns one (or None for
        no answer at all).
    data : mapping
        A verb to the bytes that its transfer sends, or to a function that takes the data connection.
    tls : ssl.SSLContext, optional
        Makes ``AUTH TLS`` work.
    must_resume : bool
        Refuse data connections whose TLS session is a new one, as vsftpd and ProFTPD do unless told otherwise.
    """

    def __init__(
        self,
        replies: Mapping[str, Any] = {},
        data: Mapping[str, bytes | Transfer] = {},
        *,
        tls: ssl.SSLContext | None = None,
        must_resume: bool = False,
        host: str = "127.0.0.1",
    ) -> None:
        self.replies = dict(replies)
        self.data = dict(data)
        self.tls = tls
        self.must_resume = must_resume
        self.commands: list[str] = []
        self.stored: dict[str, bytes] = {}
        self.resumed: list[bool] = []
        self.closing = threading.Event()
        self.listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = int(self.listener.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def doc(self, **ftp: Any) -> dict[str, Any]:
        """Return a connection document."""
        block = {"type": "ftps" if self.tls else "ftp", "hostURI": "127.0.0.1", "port": self.port}
        block |= {"username": "celigo", "password": "s3cret-of-the-script"}
        return {"name": "ftp", "type": "ftp", "ftp": {**block, **ftp}}

    def keep(self, sock: socket.socket) -> socket.socket:
        self._sockets.append(sock)
        return sock

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=_Session(self, self.keep(sock)).run, daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        self.closing.set()
        for sock in (self.listener, *self._sockets):
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for sock in (self.listener, *self._sockets):
            sock.close()

    def __enter__(self) -> ScriptedFtp:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Session:
    def __init__(self, server: ScriptedFtp, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.passive: socket.socket | None = None
        self.is_private = False

    def run(self) -> None:
        with suppress(OSError, EOFError):
            self.say(self.server.replies.get("welcome", "220 ready"))
            while True:
                line = self._line()
                self.server.commands.append(line)
                self._answer(line)

    def say(self, text: str) -> None:
        self.sock.sendall(text.encode("utf-8", "surrogateescape") + b"\r\n")

    def listen(self) -> int:
        """Open a data port, and return it."""
        if self.passive is not None:
            self.passive.close()
        host = self.sock.getsockname()[0]
        self.passive = self.server.keep(
            socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        )
        return int(self.passive.getsockname()[1])

    def _line(self) -> str:
        line = bytearray()
        while not line.endswith(b"\r\n"):
            piece = self.sock.recv(1)
            if not piece:
                raise EOFError
            line += piece
        return line[:-2].decode("utf-8", "surrogateescape")

    def _answer(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        scripted = self.server.replies.get(line, self.server.replies.get(verb))
        if scripted is not None:
            reply = scripted(self) if callable(scripted) else scripted
            if reply is not None:
                self.say(reply)
        elif verb in {"MLSD", "LIST", "RETR", "STOR"}:
            self._transfer(verb, rest)
        elif verb == "AUTH" and self.server.tls is not None:
            self.say("234 go on")
            self.sock = self.server.keep(self.server.tls.wrap_socket(self.sock, server_side=True))
        else:
            self.say(self._usual(verb, rest))

    def _usual(self, verb: str, rest: str) -> str:
        if verb == "PASV":
            port = self.listen()
            return f"227 Entering Passive Mode (127,0,0,1,{port >> 8},{port & 255})."
        if verb == "EPSV":
            return f"229 Entering Extended Passive Mode (|||{self.listen()}|)"
        if verb == "AUTH":
            return "502 no TLS here"
        if verb == "PROT":
            self.is_private = rest == "P"
        if verb == "SIZE":
            return f"213 {len(self.server.stored[rest])}" if rest in self.server.stored else "550 no such file"
        return {"USER": "331 password", "PASS": "230 in", "PWD": '257 "/" is here', "RNFR": "350 to what"}.get(
            verb, "250 done" if verb in {"CWD", "DELE", "RNTO"} else "200 well"
        )

    def _transfer(self, verb: str, rest: str) -> None:
        assert self.passive is not None
        conn = self.server.keep(self.passive.accept()[0])
        self.say("150 here it comes")
        if self.is_private:
            assert self.server.tls is not None
            secured = self.server.tls.wrap_socket(conn, server_side=True)
            conn = self.server.keep(secured)
            self.server.resumed.append(bool(secured.session_reused))
            if self.server.must_resume and not secured.session_reused:
                conn.close()
                self.say("522 the TLS session of the control connection must be resumed")
                return
        script = self.server.data.get(verb, b"")
        if verb == "STOR" and not callable(script):
            content = bytearray()
            while piece := conn.recv(65536):
                content += piece
            self.server.stored[rest] = bytes(content)
        elif callable(script):
            script(conn)
        else:
            conn.sendall(script)
        if self.is_private:
            with suppress(OSError):
                conn.unwrap()  # type: ignore[attr-defined]
        conn.close()
        self.say(self.server.replies.get(f"{verb} end", "226 complete"))
