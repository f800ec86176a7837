"""SFTP servers: OpenSSH's own ``sshd`` on loopback, and a small one on paramiko.

``sshd`` runs without privileges, with its own configuration and host key, and can therefore check no passwords (that
takes the machine's shadow file or PAM). The small one is there for passwords, and for what a server without OpenSSH's
extensions does.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from support import needs

USER, PASSWORD = "celigo", "s3cret-of-the-sftp-test"

KINDS: dict[str, Any] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}


def private_text(key: Any, form: str = "openssh", passphrase: str | None = None) -> str:
    """Write a private key; `form` is ``openssh``, ``pkcs8`` or ``traditional`` (PKCS#1, SEC 1)."""
    forms = {
        "openssh": serialization.PrivateFormat.OpenSSH,
        "pkcs8": serialization.PrivateFormat.PKCS8,
        "traditional": serialization.PrivateFormat.TraditionalOpenSSL,
    }
    how: Any = serialization.NoEncryption()
    if passphrase:
        how = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(serialization.Encoding.PEM, forms[form], how).decode()


def public_line(key: Any) -> str:
    """Write a public key as a line of ``authorized_keys``."""
    form = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return key.public_key().public_bytes(*form).decode()


@dataclass
class Sshd:
    """A running ``sshd``; ``root`` is the folder that its files lie in, and that a login begins in."""

    port: int
    root: Path
    user: str
    folder: Path
    process: subprocess.Popen[bytes]

    def make(self, *parts: str, content: bytes | None = None) -> Path:
        """Make a folder, or a file with some content, that the server's user owns."""
        path = self.root.joinpath(*parts)
        if content is None:
            path.mkdir(parents=True)
        else:
            path.write_bytes(content)
        owner = self.root.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
        return path

    def doc(self, key: Any, **ftp: Any) -> dict[str, Any]:
        """Return a connection document that logs in with a key."""
        text = key if isinstance(key, str) else private_text(key)
        block = {"type": "sftp", "hostURI": "127.0.0.1", "port": self.port, "username": self.user, "authKey": text}
        return {"name": "sftp", "type": "ftp", "ftp": {**block, "userDirectoryIsRoot": True, **ftp}}

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


@contextmanager
def sshd(*keys: Any, host_key: Any = None, second_host_key: Any = None, port: int = 0) -> Iterator[Sshd]:
    """Run ``sshd`` until the block ends; it lets in whoever holds one of the keys."""
    program = needs.require("sshd")
    folder = Path(tempfile.mkdtemp(prefix="celigo-sshd-"))
    entry = pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")
    as_user: dict[str, Any] = {}
    if not os.geteuid():
        as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    port = port or free_port()
    root = folder / "root"
    root.mkdir()
    host_keys = [host_key or KINDS["ed25519"](), *([second_host_key] if second_host_key else [])]
    for number, one in enumerate(host_keys):
        (folder / f"host_key{number}").write_text(private_text(one))
        (folder / f"host_key{number}").chmod(0o600)
    lines = "\n".join(f"HostKey {folder / f'host_key{number}'}" for number in range(len(host_keys)))
    (folder / "authorized_keys").write_text("\n".join(public_line(key) for key in keys) + "\n")
    (folder / "config").write_text(
        f"""
Port {port}
ListenAddress 127.0.0.1
{lines}
AuthorizedKeysFile {folder / "authorized_keys"}
PidFile none
UsePAM yes
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d {root}
"""
    )
    for path in (folder, *folder.iterdir()):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-D", "-e", "-f", str(folder / "config")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            **as_user,
        )
    server = Sshd(port, root, entry.pw_name, folder, process)
    try:
        _until_up(server)
        yield server
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _until_up(server: Sshd) -> None:
    until = time.monotonic() + 20
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
            return
        assert server.process.poll() is None, f"sshd ended:\n{server.log()}"
        assert time.monotonic() < until, f"sshd did not start:\n{server.log()}"
        time.sleep(0.05)


@dataclass
class PasswordServer:
    """The small server; ``tried`` are the logins that were tried, ``room`` what a file may hold.

    With ``lies`` it says that it has kept what there was no room for.
    """

    port: int
    root: Path
    room: int = 1 << 60
    lies: bool = False
    tried: list[tuple[str, str, str]] = field(default_factory=list)

    def doc(self, password: str = PASSWORD, **ftp: Any) -> dict[str, Any]:
        """Return a connection document that logs in with a password."""
        block = {"type": "sftp", "hostURI": "127.0.0.1", "port": self.port, "username": USER, "password": password}
        return {"name": "sftp", "type": "ftp", "ftp": {**block, **ftp}}


@contextmanager
def password_server(
    root: Path, *, password: str = PASSWORD, ways: str = "password", key: Any = None, port: int = 0
) -> Iterator[PasswordServer]:
    """Run the small server; ``root`` is its ``/``."""
    host_key = _paramiko_key(key or KINDS["rsa"]())
    listener = socket.create_server(("127.0.0.1", port))
    server = PasswordServer(listener.getsockname()[1], root)
    transports: list[paramiko.Transport] = []

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(sock)
            transports.append(transport)
            transport.add_server_key(host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, server)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(server=_Logins(server.tried, password, ways))

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for transport in transports:
            transport.close()


def _paramiko_key(key: Any) -> Any:
    from io import StringIO

    kinds = {rsa.RSAPrivateKey: paramiko.RSAKey, ec.EllipticCurvePrivateKey: paramiko.ECDSAKey}
    made = next((made for kind, made in kinds.items() if isinstance(key, kind)), paramiko.Ed25519Key)
    return made.from_private_key(StringIO(private_text(key)))


class _Logins(paramiko.ServerInterface):  # type: ignore[misc]
    def __init__(self, tried: list[tuple[str, str, str]], password: str, ways: str) -> None:
        self._tried, self._password, self._ways = tried, password, ways

    def get_allowed_auths(self, username: str) -> str:
        return self._ways

    def check_auth_password(self, username: str, password: str) -> int:
        if "password" not in self._ways:
            return int(paramiko.AUTH_FAILED)
        self._tried.append(("password", username, password))
        return self._judged(username, password)

    def check_auth_publickey(self, username: str, key: Any) -> int:
        self._tried.append(("publickey", username, key.get_name()))
        return int(paramiko.AUTH_FAILED)

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        return paramiko.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        self._tried.append(("keyboard-interactive", USER, responses[0]))
        return self._judged(USER, responses[0])

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(paramiko.OPEN_SUCCEEDED)

    def _judged(self, username: str, password: str) -> int:
        is_right = (username, password) == (USER, self._password)
        return int(paramiko.AUTH_SUCCESSFUL if is_right else paramiko.AUTH_FAILED)


class _Handle(paramiko.SFTPHandle):  # type: ignore[misc]
    room = 0
    lies = False

    def write(self, offset: int, data: bytes) -> int:
        if offset + len(data) > self.room:
            return int(paramiko.SFTP_OK if self.lies else paramiko.SFTP_FAILURE)
        return int(super().write(offset, data))

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Files(paramiko.SFTPServerInterface):  # type: ignore[misc]
    """No posix-rename, and no rename over a file that is there: the protocol's own rules."""

    def __init__(self, logins: Any, server: PasswordServer, *args: Any, **options: Any) -> None:
        super().__init__(logins, *args, **options)
        self._server = server
        self._root = server.root

    def _real(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _tried(self, act: Any) -> Any:
        try:
            return act()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def list_folder(self, path: str) -> Any:
        def act() -> Any:
            return [
                paramiko.SFTPAttributes.from_stat(one.lstat(), one.name) for one in sorted(self._real(path).iterdir())
            ]

        return self._tried(act)

    def stat(self, path: str) -> Any:
        return self._tried(lambda: paramiko.SFTPAttributes.from_stat(self._real(path).stat()))

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        def act() -> Any:
            file = os.fdopen(os.open(self._real(path), flags, 0o644), "r+b" if flags & os.O_WRONLY == 0 else "wb")
            handle = _Handle(flags)
            handle.room, handle.lies = self._server.room, self._server.lies
            handle.readfile = handle.writefile = file
            return handle

        return self._tried(act)

    def remove(self, path: str) -> Any:
        return self._tried(lambda: self._real(path).unlink()) or paramiko.SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> Any:
        if self._real(newpath).exists():
            return paramiko.SFTP_FAILURE
        return self._tried(lambda: self._real(oldpath).rename(self._real(newpath)) and None) or paramiko.SFTP_OK
