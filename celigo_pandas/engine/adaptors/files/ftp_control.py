"""One control connection of FTP, on the standard library's client, with every socket opened through ``reach``.

Data connections go to the address that the control connection was checked for and connected to: what a PASV answer says
besides its port is ignored (decision 0068). Active mode is not built: it would listen on this machine.
"""

from __future__ import annotations

import ftplib
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from celigo_pandas.engine.adaptors.files.remote_server import CONNECT_S, RemoteServer, open_socket
from celigo_pandas.engine.adaptors.files.watch import Watch
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure

__all__ = ["ERRORS", "Control", "reply_code", "tls_of"]

ERRORS: tuple[type[Exception], ...] = (ftplib.Error, OSError, EOFError, ValueError)
"""What ftplib raises; ``ssl.SSLError`` is an OSError, and a line break in a command a ValueError."""

_LISTING_BYTES = 64 * 1024 * 1024
_REPLY_LINES = 1000
_PIECE = 256 * 1024
_MASK = "******"


def reply_code(error: Exception) -> str:
    """Return the three digits of a refusal, or an empty text."""
    text = str(error)[:3] if isinstance(error, ftplib.Error) else ""
    return text if text.isdecimal() else ""


def tls_of(call: Call) -> ssl.SSLContext:
    """Return the TLS settings of a connection: the system's authorities, and ``ssl.ca`` where the document has it.

    Raises
    ------
    SourceFailure
        The document brings a client certificate, or an authority that cannot be read.
    """
    masked = call.connection.masked
    own = masked.get("ssl") if isinstance(masked.get("ssl"), Mapping) else {}
    assert isinstance(own, Mapping)
    for name in ("cert", "key"):
        if own.get(name):
            text = f"ssl.{name}: client certificates are not built for ftps; the server must do with a password."
            raise SourceFailure(text, code="unsupported", field=f"ssl.{name}")
    context = ssl.create_default_context()
    if own.get("ca"):
        try:
            context.load_verify_locations(cadata=str(call.connection.secrets()["ssl"]["ca"]))
        except (OSError, TypeError, ValueError):
            text = "ssl.ca cannot be read; expected certificates as PEM text."
            raise SourceFailure(text, code="invalid_certificate", field="ssl.ca") from None
    if (masked.get("ftp") or {}).get("enableHostVerification") is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Control(ftplib.FTP):
    """A control connection, and the folder that it stands in.

    Parameters
    ----------
    tls : ssl.SSLContext, optional
        Makes it ftps.
    reuse : bool
        Whether data connections resume the control connection's TLS session.
    """

    def __init__(
        self, call: Call, server: RemoteServer, watch: Watch, *, tls: ssl.SSLContext | None, reuse: bool
    ) -> None:
        super().__init__(encoding="utf-8")
        self.home = "/"
        self.folder: str | None = None
        self.used_at = time.monotonic()
        self.has_mlsd = True
        self.is_transferring = False
        self.trust_server_pasv_ipv4_address = False
        self._call = call
        self._server = server
        self._watch = watch
        self._tls = tls
        self._reuse = reuse
        self._is_private = False
        self._type = ""
        self.sock: Any = open_socket(call.reach, server, call.deadline)
        self.af = self.sock.family
        self._address = str(self.sock.getpeername()[0])
        watch.add(self.sock)

    def greet(self, *, implicit: bool) -> None:
        """Read the welcome; begin TLS before it or after ``AUTH TLS``."""
        if self._tls is not None and implicit:
            self.sock = self._secured(self.sock, self._tls, None)
        self._read_lines()
        self.welcome = self.getresp()
        if self._tls is not None and not implicit:
            self.voidcmd("AUTH TLS")
            self.sock = self._secured(self.sock, self._tls, None)
            # A new reader: what came unprotected behind the answer is not taken for an answer.
            self._read_lines()

    def settle(self) -> None:
        """After the login: UTF-8, protected data, and where the login's own folder is."""
        with suppress(ftplib.error_perm, ftplib.error_temp):
            self.voidcmd("OPTS UTF8 ON")
        if self._tls is not None:
            self.voidcmd("PBSZ 0")
            self.voidcmd("PROT P")
            self._is_private = True
        with suppress(ftplib.error_perm):
            self.home = self.pwd() or "/"

    def makepasv(self) -> tuple[str, int]:
        """Ask for a data port; the answer's address is not used."""
        _, port = super().makepasv()
        return self._address, port

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection and begin a transfer."""
        _, port = self.makepasv()
        conn = self._data_socket(port)
        try:
            reply = self.sendcmd(cmd)
            if reply[0] == "2":  # some servers answer 200 before the 150
                reply = self.getresp()
            if reply[0] != "1":
                raise ftplib.error_reply(reply)
            if self._is_private and self._tls is not None:
                session = self.sock.session if self._reuse else None
                conn = self._secured(conn, self._tls, session)
        except BaseException:
            self.release(conn)
            raise
        return conn, None

    def listing(self, command: str) -> list[str]:
        """Return the lines of MLSD or LIST of the current folder."""
        self.set_type("A")
        conn = self.transfercmd(command)
        content = bytearray()
        try:
            while piece := conn.recv(_PIECE):
                content += piece
                if len(content) > _LISTING_BYTES:
                    raise ftplib.Error(f"more than {_LISTING_BYTES} bytes of listing")
        finally:
            self.release(conn)
        self.voidresp()
        return [line.removesuffix("\r") for line in content.decode("utf-8").split("\n")]

    def begin(self, command: str) -> socket.socket:
        """Begin a binary transfer and return its data connection."""
        self.set_type("I")
        conn = self.transfercmd(command)
        self.is_transferring = True
        return conn

    def release(self, conn: socket.socket) -> None:
        """Close a data connection."""
        self._watch.drop(conn)
        conn.close()

    def finish_upload(self, conn: socket.socket) -> None:
        """End what was sent, in TLS by its own end mark, and hear whether the server has it."""
        if isinstance(conn, ssl.SSLSocket):
            # Many servers never answer the mark, and the reply below says all that matters.
            conn.settimeout(2.0)
            with suppress(OSError):
                conn.unwrap()
        self.release(conn)
        self.voidresp()

    def leave(self) -> None:
        """Say goodbye without waiting for an answer, and close."""
        sock = self.sock
        if sock is not None:
            with suppress(*ERRORS):
                sock.settimeout(1.0)
                self.putline("QUIT")
            self._watch.drop(sock)
        self.close()

    def putcmd(self, line: str) -> None:
        """Send a command; the log has it without credentials."""
        verb, _, rest = line.partition(" ")
        shown = _MASK if verb.upper() in {"PASS", "ACCT"} else rest
        self._call.debug("request", {"url": self._server.shown, "method": verb, "headers": {}, "body": shown})
        self.putline(line)

    def putline(self, line: str) -> None:
        """Send one line; neither a line break nor a NUL gets through."""
        if "\0" in line:
            raise ValueError("a command holds a NUL character")
        super().putline(line)

    def getmultiline(self) -> str:
        """Read an answer; one that has no code, or no end, is none."""
        lines = [self.getline()]
        code = lines[0][:3]
        if not code.isdecimal():
            raise ftplib.error_proto("what answers there does not speak FTP")
        while lines[0][3:4] == "-" and (len(lines) == 1 or lines[-1][:3] != code or lines[-1][3:4] == "-"):
            if len(lines) > _REPLY_LINES:
                raise ftplib.error_proto(f"an answer has more than {_REPLY_LINES} lines")
            lines.append(self.getline())
        reply = "\n".join(lines)
        self.used_at = time.monotonic()
        self.is_transferring = False
        entry = {"url": self._server.shown, "statusCode": int(code), "headers": {}, "body": reply}
        self._call.debug("response", entry)
        return reply

    def _read_lines(self) -> None:
        # Replies may be in any encoding and are only shown; names come over data connections.
        self.file = self.sock.makefile("r", encoding=self.encoding, errors="replace")

    def set_type(self, type_: str) -> None:
        """Choose ``A`` for listings or ``I`` for files and their sizes."""
        if self._type != type_:
            self.voidcmd(f"TYPE {type_}")
            self._type = type_

    def _data_socket(self, port: int) -> socket.socket:
        reach = self._call.reach
        if reach.hosts is not None:
            # The host was allowed by its name; its checked address stands for it, at whatever port it offers.
            reach = replace(reach, hosts=(self._address,))
        left = max(self._call.deadline - time.monotonic(), 0.1)
        sock = reach.open_socket(self._address, port, min(left, CONNECT_S))
        sock.settimeout(None)
        self._watch.add(sock)
        return sock

    def _secured(self, sock: socket.socket, tls: ssl.SSLContext, session: ssl.SSLSession | None) -> ssl.SSLSocket:
        secured = tls.wrap_socket(
            sock, server_hostname=self._server.host.strip("[]"), session=session, do_handshake_on_connect=False
        )
        self._watch.add(secured, instead_of=sock)
        try:
            secured.do_handshake()
        except BaseException:
            self.release(secured)
            raise
        return secured
