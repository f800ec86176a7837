"""What FTP and SFTP share: where a connection's server is, how folders and names become paths, and opening a socket.

Facts: integrator-api.md, section 3.3; the vendor's help text of ``userDirectoryIsRoot``: folders count from the login's
own folder where it is set, otherwise from the server's root.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.safety.reach import Reach, ReachError
from celigo_pandas.errors import shown

__all__ = ["RemoteServer", "check_name", "folder_path", "is_own_name", "open_socket", "own_name", "server_of"]

CONNECT_S = 15.0
_HOST = re.compile(r"[^\s/@\\\x00-\x20\x7f]+")
_OWN = re.compile(r"\.celigo-[0-9a-f]{16}\.part")
_BREAKS = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """The server of a connection; ``shown`` is how messages and logs name it."""

    host: str
    port: int
    username: str
    shown: str


def server_of(call: Call, port: int) -> RemoteServer:
    """Return the server of a call's connection.

    Parameters
    ----------
    port : int
        Taken where the document has none.

    Raises
    ------
    SourceFailure
        The host, port or user name cannot be used.
    """
    block: Mapping[str, Any] = call.connection.masked.get("ftp") or {}
    host = str(block.get("hostURI") or "")
    if "://" in host or not _HOST.fullmatch(host):
        text = f"ftp.hostURI {shown(host)} is no host; expected a name or an address without a scheme or a path."
        raise SourceFailure(text, code="invalid_field", field="ftp.hostURI")
    try:
        port = int(block.get("port") or port)
    except (TypeError, ValueError):
        port = 0
    if not 0 < port < 65_536:
        raise SourceFailure("ftp.port is no number from 1 to 65535.", code="invalid_field", field="ftp.port")
    username = str(block.get("username") or "")
    if not username or _BREAKS.search(username):
        text = f"ftp.username {shown(username)} cannot be used; expected a name without line breaks."
        raise SourceFailure(text, code="invalid_field", field="ftp.username")
    return RemoteServer(host, port, username, f"{block.get('type')}://{host}:{port}")


def open_socket(reach: Reach, server: RemoteServer, deadline: float) -> socket.socket:
    """Connect to a server; the socket waits without a limit of its own, see :mod:`.watch`.

    Raises
    ------
    SourceFailure
        The policy refuses the host, or it cannot be reached.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise SourceFailure(f"The time of this call ended before {server.shown} was asked.", code="timeout")
    try:
        sock = reach.open_socket(server.host, server.port, min(left, CONNECT_S))
    except ReachError as error:
        raise SourceFailure(str(error), code="out_of_reach", field="ftp.hostURI") from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = f"{server.shown} cannot be reached: {reason}. Check ftp.hostURI and ftp.port."
        raise SourceFailure(text, code="unreachable", field="ftp.hostURI") from None
    sock.settimeout(None)
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


def folder_path(folder: str, home: str, *, home_is_root: bool) -> str:
    """Return the absolute path of a document's folder; ``.`` is where the login begins, which a ping asks for.

    Raises
    ------
    SourceFailure
        It holds a line break, or leaves the user's own folder where that is the root.
    """
    _check_text(folder, "folder")
    if folder == ".":
        return home
    parts = [part for part in folder.split("/") if part not in {"", "."}]
    if home_is_root and ".." in parts:
        text = f"The folder {shown(folder)} leaves the user's own folder, which ftp.userDirectoryIsRoot makes the root."
        raise SourceFailure(text, code="permission_denied")
    base = home if home_is_root else "/"
    return "/".join([base.rstrip("/"), *parts]) or "/"


def check_name(name: str, *, is_new: bool = False) -> None:
    """Refuse a file name that is a path, or that would end a command early; a new one also where ``\\`` separates.

    Raises
    ------
    SourceFailure
        With the code ``file_error``.
    """
    _check_text(name, "file name")
    if name in {"", ".", ".."} or "/" in name or (is_new and "\\" in name):
        raise SourceFailure(f"The file name {shown(name)} is not one segment of a path.", code="file_error")


def own_name() -> str:
    """Return a name for a file that is not finished; no two are the same."""
    return f".celigo-{os.urandom(8).hex()}.part"


def is_own_name(name: str) -> bool:
    """Whether a file was begun here and never finished: such a file is never read as data."""
    return _OWN.fullmatch(name) is not None


def _check_text(text: str, what: str) -> None:
    if _BREAKS.search(text):
        raise SourceFailure(f"The {what} {shown(text)} holds a line break or a NUL character.", code="file_error")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SourceFailure(f"The {what} {shown(text)} is no valid Unicode text.", code="file_error") from None
