"""Files on an SFTP server. Facts: integrator-api.md, sections 3.3, 4.4 and 6.4; decision 0068."""

from __future__ import annotations

import errno
import io
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from types import ModuleType
from typing import Any, BinaryIO, cast

from celigo_pandas.engine.adaptors.files.file_names import is_text
from celigo_pandas.engine.adaptors.files.places import FileEntry, ignore
from celigo_pandas.engine.adaptors.files.remote_server import (
    RemoteServer,
    check_name,
    folder_path,
    is_own_name,
    own_name,
    server_of,
)
from celigo_pandas.engine.adaptors.files.ssh import errors, load_paramiko, open_session
from celigo_pandas.engine.adaptors.files.watch import Watch
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["SftpPlace", "open_sftp"]

# One request at a time is on its way while a file is read, so it is as large as servers commonly allow.
_PIECE = 64 * 1024


def _client_of(paramiko: ModuleType) -> Any:
    """Return paramiko's client, but for listings: there a name that is no UTF-8 does not fail the whole folder."""

    def request(self: Any, kind: int, *args: Any) -> tuple[int, Any]:
        answered, message = base._request(self, kind, *args)
        if kind == paramiko.sftp.CMD_READDIR and answered == paramiko.sftp.CMD_NAME:
            message.get_text = lambda: message.get_string().decode("utf-8", "surrogateescape")
        return answered, message

    base = paramiko.SFTPClient
    return type("ListingClient", (base,), {"_request": request})


def open_sftp(call: Call) -> SftpPlace:
    """Return the files of an ``sftp`` connection; it connects with its first use.

    Parameters
    ----------
    call : Call

    Returns
    -------
    SftpPlace
        A :class:`~celigo_pandas.engine.adaptors.files.places.Place`.

    Raises
    ------
    SourceFailure
        A field of the connection cannot be used.
    MissingExtraError
        paramiko is not installed.
    """
    return SftpPlace(call, server_of(call, 22), load_paramiko())


class SftpPlace:
    """A :class:`~celigo_pandas.engine.adaptors.files.places.Place` on an SFTP server."""

    def __init__(self, call: Call, server: RemoteServer, paramiko: ModuleType) -> None:
        block: Mapping[str, Any] = call.connection.masked.get("ftp") or {}
        self._call = call
        self._server = server
        self._paramiko = paramiko
        self._home_is_root = bool(block.get("userDirectoryIsRoot"))
        self._watch = Watch(call, server.shown, errors(paramiko))
        self._transport: Any = None
        self._client: Any = None
        self._second: Any = None
        self._is_piping = False
        self._open_readers = 0
        self._home = "/"

    def check(self, folder: str) -> None:
        """Make sure that the folder is there and can be listed."""
        self._listed(folder)

    def entries(
        self, folder: str, unread: Callable[[str], None] = ignore, *, begins: str = "", ends: str = ""
    ) -> list[FileEntry]:
        """Return the regular files of a folder, sorted by name; links to files count as files."""
        found = []
        for one in self._listed(folder):
            if is_own_name(one.filename):
                continue
            if not is_text(one.filename):
                unread(f"The name {one.filename!a} in {shown(folder)} is no UTF-8.")
                continue
            seen = self._target(folder, one) if _is_link(one) else one
            if seen is not None and _is_file(seen):
                moment = datetime.fromtimestamp(seen.st_mtime or 0, timezone.utc)
                found.append(FileEntry(one.filename, int(seen.st_size or 0), moment))
        return sorted(found, key=lambda entry: entry.name)

    def open(self, folder: str, name: str) -> BinaryIO:
        """Open a file for reading."""
        check_name(name)
        path = self._path(folder, name)
        file = self._do("OPEN", path, self._why(f"{shown(path)} cannot be read", folder), lambda c: c.open(path, "rb"))
        file.MAX_REQUEST_SIZE = _PIECE
        failed = self._failed(f"{shown(path)} did not arrive whole")
        self._open_readers += 1
        return cast(BinaryIO, io.BufferedReader(_Download(self, file, failed), _PIECE))

    def write(self, folder: str, name: str, content: Iterable[bytes], in_progress: str | None = None) -> None:
        """Write a file under the name `in_progress`, then rename it; what was begun and failed is deleted."""
        check_name(name, is_new=True)
        temporary = in_progress if in_progress and in_progress != name else own_name()
        check_name(temporary, is_new=True)
        begun, path = self._path(folder, temporary), self._path(folder, name)
        failed = self._why(f"{shown(path)} cannot be written", folder)
        file = self._do("OPEN", begun, failed, lambda c: c.open(begun, "wb"))
        try:
            sent = self._send(file, content, failed)
            kept = int(self._do("STAT", begun, failed, lambda c: c.stat(begun)).st_size or 0)
            if kept != sent:
                text = f"{self._server.shown} kept {kept} of the {sent} bytes of {shown(path)}."
                raise SourceFailure(text, code="file_error")
            self._rename(begun, path, failed)
        except BaseException:
            self._forget(file, begun)
            raise

    def remove(self, folder: str, name: str) -> None:
        """Delete a file."""
        check_name(name)
        path = self._path(folder, name)
        self._do("REMOVE", path, self._why(f"{shown(path)} cannot be deleted", folder), lambda c: c.remove(path))

    def move(self, folder: str, name: str, to_folder: str) -> None:
        """Move a file into another folder, under its name; one that is there already is replaced."""
        check_name(name)
        path, target = self._path(folder, name), self._path(to_folder, name)
        if path == target:
            text = f"{shown(folder)} and {shown(to_folder)} are one folder; a file cannot be moved there."
            raise SourceFailure(text, code="file_error")
        failed = self._why(f"{shown(path)} cannot be moved to {shown(target)}", folder, to_folder)
        self._rename(path, target, failed)

    def close(self) -> None:
        """Give up the session and its socket."""
        self._client = self._second = None
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        self._watch.close()

    def _path(self, folder: str, name: str | None = None) -> str:
        self._connect()
        path = folder_path(folder, self._home, home_is_root=self._home_is_root)
        return path if name is None else f"{path.rstrip('/')}/{name}"

    def _connect(self) -> object:
        self._watch.check()
        if self._client is None:
            if self._transport is None:
                self._transport = open_session(self._call, self._server, self._watch)
            with self._watch.during(self._unreachable):
                self._client = _client_of(self._paramiko).from_transport(self._transport)
                self._home = self._client.normalize(".")
        return self._client

    def _aside(self) -> object:
        """Return a second session, while the answers of the first belong to a file that is being written."""
        if self._second is None:
            with self._watch.during(self._unreachable):
                self._second = _client_of(self._paramiko).from_transport(self._transport)
        return self._second

    def _do(self, verb: str, path: str, failed: Callable[[Exception], SourceFailure], act: Callable[[Any], Any]) -> Any:
        """Ask the server for one thing."""
        client = self._aside() if self._is_piping else self._connect()
        self._call.debug("request", {"url": self._server.shown, "method": verb, "headers": {}, "body": path})
        try:
            with self._watch.during(failed):
                found = act(client)
        except SourceFailure as error:
            said = {"error": error.message, "code": error.code}
            self._call.debug("response", {"url": self._server.shown, "headers": {}, "body": said})
            raise
        self._call.debug("response", {"url": self._server.shown, "headers": {}, "body": "OK"})
        return found

    def _listed(self, folder: str) -> list[Any]:
        path = self._path(folder)
        failed = self._why(f"The folder {shown(path)} cannot be listed", folder)
        found: list[Any] = self._do("LISTDIR", path, failed, lambda c: c.listdir_attr(path))
        return found

    def _target(self, folder: str, link: Any) -> Any:
        """Return what a link leads to, or None if that is not there."""
        path = self._path(folder, link.filename)
        try:
            return self._do("STAT", path, self._failed(f"{shown(path)} cannot be followed"), lambda c: c.stat(path))
        except SourceFailure as error:
            if error.code not in {"file_not_found", "permission_denied"}:
                raise
            return None

    def _send(self, file: Any, content: Iterable[bytes], failed: Callable[[Exception], SourceFailure]) -> int:
        """Write without waiting for each answer, but for all of them before the end.

        While a file is read over the same session, each answer is waited for: those that come in between would be lost.
        """
        file.set_pipelined(not self._open_readers)
        self._is_piping = not self._open_readers
        try:
            return self._send_pieces(file, content, failed)
        finally:
            self._is_piping = False

    def _send_pieces(self, file: Any, content: Iterable[bytes], failed: Callable[[Exception], SourceFailure]) -> int:
        sent = 0
        waiting = b""
        for piece in content:
            for start in range(0, len(piece), _PIECE):
                if waiting:
                    with self._watch.during(failed):
                        file.write(waiting)
                waiting = piece[start : start + _PIECE]
                sent += len(waiting)
        with self._watch.during(failed):
            # The last piece waits for its answer, and paramiko then hears all those before it.
            file.set_pipelined(False)
            if waiting:
                file.write(waiting)
            file.close()
        return sent

    def _rename(self, path: str, target: str, failed: Callable[[Exception], SourceFailure]) -> None:
        def act(client: Any) -> None:
            try:
                client.posix_rename(path, target)
            except OSError as error:
                # Missing and refused have a number; what a server without the extension says has none.
                if error.errno is not None:
                    raise
                kind = _kind(client, target)
                if kind == "other":
                    raise
                self._replace(client, path, target, is_taken=kind == "file")

        self._do("RENAME", f"{path} {target}", failed, act)

    @staticmethod
    def _replace(client: Any, path: str, target: str, *, is_taken: bool) -> None:
        """Rename in the protocol's own way, which refuses a name that is taken: the old file is put aside first."""
        aside = f"{target.rpartition('/')[0]}/{own_name()}"
        if is_taken:
            client.rename(target, aside)
        try:
            client.rename(path, target)
        except OSError:
            if is_taken:
                client.rename(aside, target)
            raise
        if is_taken:
            client.remove(aside)

    def _forget(self, file: Any, path: str) -> None:
        """Delete what was begun, as far as the session still can."""
        with suppress(SourceFailure), self._watch.during(self._failed("")):
            file.close()
            self._client.remove(path)

    def _why(self, what: str, *folders: str) -> Callable[[Exception], SourceFailure]:
        """Explain a failure; a name that is not there may be the file's or its folder's."""

        def explained(error: Exception) -> SourceFailure:
            if getattr(error, "errno", None) == errno.ENOENT:
                for folder in folders:
                    path = folder_path(folder, self._home, home_is_root=self._home_is_root)
                    if not self._is_folder(path):
                        hint = (
                            "" if self._home_is_root
                            else " Folders count from the server's root, because userDirectoryIsRoot is off."
                        )  # fmt: skip
                        text = f"{self._server.shown} has no folder {shown(path)}.{hint}"
                        return SourceFailure(text, code="folder_not_found")
            return self._failed(what)(error)

        return explained

    def _is_folder(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(self._client.stat(path).st_mode or stat.S_IFDIR)
        except errors(self._paramiko):
            return False

    def _failed(self, what: str) -> Callable[[Exception], SourceFailure]:
        codes = {errno.ENOENT: "file_not_found", errno.EACCES: "permission_denied"}

        def explained(error: Exception) -> SourceFailure:
            if isinstance(error, UnicodeError):
                return SourceFailure(f"{what}: a file name on {self._server.shown} is not UTF-8.", code="file_error")
            if isinstance(error, EOFError) or not self._transport.is_active():
                text = f"{what}: {self._server.shown} closed the connection."
                return SourceFailure(text, code="file_error")
            code = codes.get(getattr(error, "errno", None) or 0, "file_error")
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return SourceFailure(f"{what}: {self._server.shown} answered {shown(reason)}.", code=code)

        return explained

    def _unreachable(self, error: Exception) -> SourceFailure:
        text = f"{self._server.shown} lets {shown(self._server.username)} in, but offers no SFTP: {error}."
        return SourceFailure(text, code="unreachable")


class _Download(io.RawIOBase):
    """A file on its way."""

    def __init__(self, place: SftpPlace, file: Any, failed: Callable[[Exception], SourceFailure]) -> None:
        super().__init__()
        self._place = place
        self._watch = place._watch
        self._file = file
        self._failed = failed

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next piece."""
        with self._watch.during(self._failed):
            piece = self._file.read(min(len(buffer), _PIECE))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close; a session that is gone has closed it already."""
        if not self.closed:
            self._place._open_readers -= 1
            with suppress(SourceFailure), self._watch.during(self._failed):
                self._file.close()
        super().close()


def _kind(client: Any, path: str) -> str:
    """Return ``file``, ``other`` or ``nothing``."""
    try:
        return "file" if _is_file(client.stat(path)) else "other"
    except FileNotFoundError:
        return "nothing"


def _is_link(one: Any) -> bool:
    return bool(one.st_mode is not None and stat.S_ISLNK(one.st_mode))


def _is_file(one: Any) -> bool:
    if one.st_mode is None:
        # A server that sends no mode still writes a line as ``ls -l`` does.
        return str(getattr(one, "longname", "-")).startswith("-")
    return bool(stat.S_ISREG(one.st_mode))
