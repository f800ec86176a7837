"""Files on an FTP or FTPS server. Facts: integrator-api.md, sections 3.3, 4.4 and 6.4; RFC 959, 3659 and 4217."""

from __future__ import annotations

import ftplib
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, BinaryIO, cast

from celigo_pandas.engine.adaptors.files.ftp_control import ERRORS, Control, reply_code, tls_of
from celigo_pandas.engine.adaptors.files.ftp_download import PIECE, Download
from celigo_pandas.engine.adaptors.files.ftp_failures import MISSING_OR_REFUSED, Failures, said
from celigo_pandas.engine.adaptors.files.listings import (
    PARSERS,
    Listed,
    parse_list,
    parse_mlsd,
    parse_time,
)
from celigo_pandas.engine.adaptors.files.places import FileEntry, ignore
from celigo_pandas.engine.adaptors.files.remote_server import (
    RemoteServer,
    check_name,
    folder_path,
    is_own_name,
    own_name,
    server_of,
)
from celigo_pandas.engine.adaptors.files.watch import Watch
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["FtpPlace", "open_ftp"]

_IDLE_S = 15.0
_FAREWELL_S = 5.0
_UNKNOWN_COMMAND = frozenset({"500", "502", "504"})


def open_ftp(call: Call) -> FtpPlace:
    """Return the files of an ``ftp`` or ``ftps`` connection; it connects with its first use.

    Parameters
    ----------
    call : Call

    Returns
    -------
    FtpPlace
        A :class:`~celigo_pandas.engine.adaptors.files.places.Place`.

    Raises
    ------
    SourceFailure
        The document asks for something that is not built (active mode, another listing format, a client certificate),
        or a field cannot be used.
    """
    block: Mapping[str, Any] = call.connection.masked.get("ftp") or {}
    if block.get("usePassiveMode") is False:
        text = "Active mode is not built: the server would have to connect to this machine. Set usePassiveMode to true."
        raise SourceFailure(text, code="unsupported", field="ftp.usePassiveMode")
    parser = block.get("entryParser") or None
    if parser is not None and parser not in PARSERS:
        text = f"ftp.entryParser {shown(parser)} is not built; built are {', '.join(PARSERS)}, and MLSD without it."
        raise SourceFailure(text, code="unsupported", field="ftp.entryParser")
    is_tls = block.get("type") == "ftps"
    implicit = is_tls and bool(block.get("useImplicitFtps"))
    server = server_of(call, 990 if implicit else 21)
    return FtpPlace(call, server, tls=tls_of(call) if is_tls else None, implicit=implicit, parser=parser)


class FtpPlace:
    """A :class:`~celigo_pandas.engine.adaptors.files.places.Place` on an FTP server.

    One control connection serves all commands; a file that is being read keeps it until its end, and a second one is
    opened where it is needed meanwhile.
    """

    def __init__(
        self, call: Call, server: RemoteServer, *, tls: ssl.SSLContext | None, implicit: bool, parser: str | None
    ) -> None:
        block: Mapping[str, Any] = call.connection.masked.get("ftp") or {}
        self._call = call
        self._server = server
        self._tls = tls
        self._implicit = implicit
        self._parser = parser
        self._reuse = bool(block.get("requireSocketReUse"))
        self._home_is_root = bool(block.get("userDirectoryIsRoot"))
        self._failures = Failures(server, self._reuse)
        self._watch = Watch(call, server.shown, ERRORS)
        self._free: Control | None = None
        self._readers: list[Download] = []

    def check(self, folder: str) -> None:
        """Make sure that the folder is there and can be listed."""
        with self._control() as control:
            self._enter(control, folder)
            self._listed(control, folder)

    def entries(
        self, folder: str, unread: Callable[[str], None] = ignore, *, begins: str = "", ends: str = ""
    ) -> list[FileEntry]:
        """Return the regular files of a folder, sorted by name; links to files count as files."""
        with self._control() as control:
            self._enter(control, folder)
            listed = self._listed(control, folder, unread)
            wanted = [one for one in listed if one.kind in {"file", "link"} and not is_own_name(one.name)]
            found = [self._entry(control, one) for one in wanted]
        return sorted((entry for entry in found if entry is not None), key=lambda entry: entry.name)

    def open(self, folder: str, name: str) -> BinaryIO:
        """Open a file for reading; what does not arrive whole raises at its end."""
        check_name(name)
        control = self._take()
        try:
            self._enter(control, folder)
            with self._watch.during(self._failures.failed(f"{shown(name)} cannot be read")):
                try:
                    conn: socket.socket | None = control.begin(f"RETR {name}")
                except ftplib.error_perm as error:
                    conn, reply = None, error
            if conn is None:
                raise self._why(control, folder, name, reply, "read")
        except BaseException as error:
            self._give_back(control, is_sound=_is_answer(error))
            raise
        reader = Download(control, conn, self._arriving(name), self._ended)
        self._readers.append(reader)
        return cast(BinaryIO, io.BufferedReader(reader, PIECE))

    def _arriving(self, name: str) -> Callable[[], AbstractContextManager[None]]:
        failed = self._failures.failed(f"{shown(name)} did not arrive whole")
        return lambda: self._watch.during(failed)

    def _ended(self, reader: Download, control: Control, is_sound: bool) -> None:
        self._give_back(control, is_sound=is_sound)
        if reader in self._readers:
            self._readers.remove(reader)

    def write(self, folder: str, name: str, content: Iterable[bytes], in_progress: str | None = None) -> None:
        """Write a file under the name `in_progress`, then rename it; what was begun and failed is deleted."""
        check_name(name, is_new=True)
        temporary = in_progress if in_progress and in_progress != name else own_name()
        check_name(temporary, is_new=True)
        with self._control() as control:
            self._enter(control, folder)
            self._store(control, folder, temporary, content)
            try:
                self._rename(control, folder, temporary, name, name)
            except SourceFailure:
                self._forget(control, temporary)
                raise

    def remove(self, folder: str, name: str) -> None:
        """Delete a file."""
        check_name(name)
        with self._control() as control:
            self._enter(control, folder)
            reply = self._refusal(f"{shown(name)} cannot be deleted", lambda: control.delete(name))
            if reply is not None:
                raise self._why(control, folder, name, reply, "deleted")

    def move(self, folder: str, name: str, to_folder: str) -> None:
        """Move a file into another folder, under its name; one that is there already is replaced."""
        check_name(name)
        with self._control() as control:
            self._enter(control, to_folder)
            target = self._path(control, to_folder)
            self._enter(control, folder)
            if target.rstrip("/") == (control.folder or "").rstrip("/"):
                text = f"{shown(folder)} and {shown(to_folder)} are one folder; a file cannot be moved there."
                raise SourceFailure(text, code="file_error")
            self._rename(control, folder, name, f"{target.rstrip('/')}/{name}", name)

    def close(self) -> None:
        """Give up connections and sockets."""
        for reader in list(self._readers):
            reader.close()
        if self._free is not None:
            self._free.leave()
            self._free = None
        self._watch.close()

    # One control connection at a time, and what becomes of it.

    @contextmanager
    def _control(self) -> Iterator[Control]:
        control = self._take()
        try:
            yield control
        except BaseException as error:
            self._give_back(control, is_sound=_is_answer(error))
            raise
        self._give_back(control, is_sound=True)

    def _take(self) -> Control:
        control, self._free = self._free, None
        if control is not None and time.monotonic() - control.used_at > _IDLE_S and not self._is_alive(control):
            control.leave()
            control = None
        return control or self._connect()

    def _give_back(self, control: Control, *, is_sound: bool) -> None:
        if is_sound and self._free is None and self._watch.failure is None:
            self._free = control
        else:
            control.leave()

    def _is_alive(self, control: Control) -> bool:
        """Ask a connection that was idle; servers and firewalls end those without a word."""
        try:
            with self._watch.during(self._failures.failed("NOOP failed")):
                control.voidcmd("NOOP")
        except SourceFailure:
            self._watch.check()
            return False
        return True

    def _connect(self) -> Control:
        self._watch.check()
        control = Control(self._call, self._server, self._watch, tls=self._tls, reuse=self._reuse)
        try:
            with self._watch.during(self._failures.unreachable):
                control.greet(implicit=self._implicit)
            failure = self._log_in(control)
            if failure is not None:
                raise failure
            with self._watch.during(self._failures.unreachable):
                control.settle()
        except BaseException:
            control.leave()
            raise
        return control

    def _log_in(self, control: Control) -> SourceFailure | None:
        """Return why the login failed: an exception would carry the frames that hold the password."""
        password = str((self._call.connection.secrets().get("ftp") or {}).get("password") or "")
        if any(char in password for char in "\r\n\0"):
            text = "ftp.password holds a line break or a NUL character, which FTP cannot send."
            return SourceFailure(text, code="invalid_field", field="ftp.password")
        try:
            with self._watch.during(self._failures.login_failed):
                control.login(self._server.username, password)
        except SourceFailure as error:
            return SourceFailure(error.message, code=error.code, offline=error.offline, field=error.field)
        return None

    # Single steps; each waits for the server under the watch.

    def _path(self, control: Control, folder: str) -> str:
        return folder_path(folder, control.home, home_is_root=self._home_is_root)

    def _enter(self, control: Control, folder: str) -> None:
        path = self._path(control, folder)
        if control.folder == path:
            return
        reply = self._refusal(f"The folder {shown(path)} cannot be entered", lambda: control.voidcmd(f"CWD {path}"))
        if reply is None:
            control.folder = path
            return
        control.folder = None
        if self._is_listed_in_parent(control, path):
            text = f"{self._server.shown} does not let {shown(self._server.username)} into the folder {shown(path)}"
            raise SourceFailure(f"{text} ({said(reply)}).", code="permission_denied")
        hint = (
            "" if self._home_is_root else " Folders count from the server's root, because userDirectoryIsRoot is off."
        )
        text = f"{self._server.shown} has no folder {shown(path)} ({said(reply)}).{hint}"
        raise SourceFailure(text, code="folder_not_found")

    def _is_listed_in_parent(self, control: Control, path: str) -> bool:
        """Tell a folder that is closed to this login from one that is not there; one code means both."""
        parent, _, name = path.rstrip("/").rpartition("/")
        try:
            if not name or self._refusal("", lambda: control.voidcmd(f"CWD {parent or '/'}")) is not None:
                return False
            return any(one.name == name for one in self._listed(control, parent))
        except SourceFailure:
            self._watch.check()
            return False

    def _listed(self, control: Control, folder: str, unread: Callable[[str], None] = ignore) -> list[Listed]:
        failed = self._failures.failed(f"The folder {shown(folder)} cannot be listed")
        with self._watch.during(failed):
            if self._parser is None and control.has_mlsd:
                try:
                    return parse_mlsd(control.listing("MLSD"), unread)
                except ftplib.error_perm as error:
                    if reply_code(error) not in _UNKNOWN_COMMAND:
                        raise
                    control.has_mlsd = False
            return parse_list(control.listing("LIST"), self._parser, self._call.now(), unread)
        raise AssertionError("during() ends in a return or a failure")

    def _entry(self, control: Control, one: Listed) -> FileEntry | None:
        """Ask for what the listing did not say; None for a link that leads to no file."""
        size, modified = one.size, one.modified
        with self._watch.during(self._failures.failed(f"{shown(one.name)} cannot be looked at")):
            try:
                if size is None:
                    control.set_type("I")
                    size = control.size(one.name)
                if modified is None:
                    modified = parse_time(control.sendcmd(f"MDTM {one.name}")[3:])
            except ftplib.error_perm:
                if one.kind != "link":
                    raise
                return None
        if size is None or modified is None:
            raise SourceFailure(f"{self._server.shown} does not say the size of {shown(one.name)}.", code="file_error")
        return FileEntry(one.name, size, modified, one.unique)

    def _store(self, control: Control, folder: str, name: str, content: Iterable[bytes]) -> None:
        failed = self._failures.failed(f"{shown(name)} cannot be written into {shown(folder)}")
        reply: Exception | None = None
        conn: socket.socket | None = None
        with self._watch.during(failed):
            try:
                conn = control.begin(f"STOR {name}")
            except ftplib.error_perm as error:
                reply = error
        if conn is None:
            assert reply is not None
            raise self._failures.refused(reply, f"{shown(name)} in the folder {shown(folder)} cannot be written")
        sent = 0
        try:
            for piece in content:
                for start in range(0, len(piece), PIECE):
                    with self._watch.during(failed):
                        self._send(control, conn, piece[start : start + PIECE])
                sent += len(piece)
            with self._watch.during(failed):
                control.finish_upload(conn)
            self._compare(control, name, sent)
        except BaseException:
            control.release(conn)
            self._forget(control, name)
            raise

    @staticmethod
    def _send(control: Control, conn: socket.socket, piece: bytes) -> None:
        try:
            conn.sendall(piece)
        except OSError:
            # The server has closed the data connection; its reply says why (a full disk, a quota).
            control.release(conn)
            control.voidresp()
            raise

    def _compare(self, control: Control, name: str, sent: int) -> None:
        """Compare the size with what was sent: in FTP, a broken connection looks like the end of a file."""
        with self._watch.during(self._failures.failed(f"{shown(name)} cannot be looked at")):
            try:
                stored = control.size(name)
            except ftplib.error_perm:
                return
        if stored is not None and stored != sent:
            text = f"{self._server.shown} kept {stored} of the {sent} bytes of {shown(name)}."
            raise SourceFailure(text, code="file_error")

    def _forget(self, control: Control, name: str) -> None:
        """Delete what was begun, as far as the connection still can."""
        with suppress(SourceFailure):
            if control.is_transferring:
                control.sock.settimeout(_FAREWELL_S)
                with self._watch.during(self._failures.failed("")), suppress(ftplib.Error):
                    control.voidresp()
                control.sock.settimeout(None)
            with self._watch.during(self._failures.failed("")):
                control.delete(name)

    def _rename(self, control: Control, folder: str, name: str, target: str, shown_name: str) -> None:
        failed = f"{shown(shown_name)} cannot be renamed or moved"
        reply = self._refusal(failed, lambda: _expect(control.sendcmd(f"RNFR {name}"), "3"))
        if reply is not None:
            raise self._why(control, folder, name, reply, "moved")
        reply = self._refusal(failed, lambda: control.voidcmd(f"RNTO {target}"))
        if reply is not None:
            self._replace(control, name, target, reply, failed)

    def _replace(self, control: Control, name: str, target: str, reply: Exception, failed: str) -> None:
        """Rename over a file that is there, for servers that refuse it: the old one is put aside, then deleted."""

        def size() -> None:
            control.set_type("I")
            control.size(target)

        if self._refusal(failed, size) is not None:  # nothing that could be replaced: no file
            raise self._failures.refused(reply, failed)
        parent, slash, _ = target.rpartition("/")
        aside = f"{parent}{slash}{own_name()}"
        if self._refusal(failed, lambda: control.rename(target, aside)) is not None:
            raise self._failures.refused(reply, failed)
        second = self._refusal(failed, lambda: control.rename(name, target))
        if second is not None:
            self._refusal(failed, lambda: control.rename(aside, target))
            raise self._failures.refused(second, failed)
        self._refusal(failed, lambda: control.delete(aside))

    # What went wrong.

    def _refusal(self, what: str, command: Callable[[], object]) -> ftplib.error_perm | None:
        """Run a command and return the server's refusal, if it is one."""
        with self._watch.during(self._failures.failed(what)):
            try:
                command()
            except ftplib.error_perm as error:
                return error
        return None

    def _why(self, control: Control, folder: str, name: str, reply: Exception, verb: str) -> SourceFailure:
        """Tell a missing file from one that is closed to this login; servers answer 550 to both."""
        if reply_code(reply) in MISSING_OR_REFUSED:
            with suppress(SourceFailure):
                if not any(one.name == name for one in self._listed(control, folder)):
                    text = f"{self._server.shown} has no file {shown(name)} in the folder {shown(folder)}"
                    return SourceFailure(f"{text} ({said(reply)}).", code="file_not_found")
            self._watch.check()
        return self._failures.refused(reply, f"{shown(name)} in the folder {shown(folder)} cannot be {verb}")


def _is_answer(error: BaseException) -> bool:
    """Whether the control connection is still in step after a failure."""
    return isinstance(error, SourceFailure) and error.code in {
        "file_not_found",
        "folder_not_found",
        "permission_denied",
    }


def _expect(reply: str, first: str) -> None:
    if reply[:1] != first:
        raise ftplib.error_reply(reply)
