"""An SSH session that is logged in: the socket through ``reach``, the host's key checked, then password or key.

No agent, no key and no settings of the user who runs the engine: only what the connection document holds. The document
has no field for the host's key, so the first one seen is kept for the engine's life and another one is refused
(decision 0068). paramiko is an extra and imported here when it is used.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from celigo_pandas.engine.adaptors.files.remote_server import RemoteServer, open_socket
from celigo_pandas.engine.adaptors.files.watch import Watch
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import MissingExtraError, shown

__all__ = ["errors", "load_paramiko", "open_session"]

_LOG = logging.getLogger("celigo_pandas.engine.ssh")
_LOG.addHandler(logging.NullHandler())
_CACHE = "ssh.host_key"
_HANDSHAKE_S = 30.0


def load_paramiko() -> ModuleType:
    """Import paramiko.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import paramiko
    except ImportError:
        raise MissingExtraError("An sftp connection", "files") from None
    found: ModuleType = paramiko
    return found


def errors(paramiko: ModuleType) -> tuple[type[Exception], ...]:
    """Return what paramiko raises."""
    return (paramiko.SSHException, OSError, EOFError, ValueError)


@dataclass(frozen=True, slots=True)
class HostKey:
    """The key that a server showed first; ``name`` is its type."""

    name: str
    content: bytes

    @property
    def fingerprint(self) -> str:
        """The fingerprint as ``ssh-keygen -l`` writes it."""
        digest = base64.b64encode(hashlib.sha256(self.content).digest()).decode().rstrip("=")
        return f"{self.name} SHA256:{digest}"


def open_session(call: Call, server: RemoteServer, watch: Watch) -> Any:
    """Return a ``paramiko.Transport`` that is logged in.

    Raises
    ------
    SourceFailure
        The server cannot be reached, shows another key than before, or refuses the login.
    """
    paramiko = load_paramiko()
    sock = open_socket(call.reach, server, call.deadline)
    watch.add(sock)
    transport = None
    try:
        with watch.during(lambda error: _unreachable(server, error)):
            transport = paramiko.Transport(sock)
            transport.set_log_channel(_LOG.name)
            _prefer_known(transport, call.connection.cache().get(_CACHE))
            transport.start_client(timeout=max(min(_HANDSHAKE_S, call.deadline - time.monotonic()), 0.1))
            key = transport.get_remote_server_key()
        _check_host_key(call, server, HostKey(key.get_name(), key.asbytes()))
        failure = _log_in(call, server, watch, paramiko, transport)
        if failure is not None:
            raise failure
    except BaseException:
        watch.drop(sock)
        if transport is not None:
            transport.close()
        sock.close()
        raise
    return transport


def _prefer_known(transport: Any, known: object) -> None:
    """Ask for the type of key that is known: a server has several, and another type would look like a change."""
    if isinstance(known, HostKey):
        options = transport.get_security_options()
        stem = "rsa" if known.name == "ssh-rsa" else known.name
        options.key_types = sorted(options.key_types, key=lambda name: stem not in name)


def _check_host_key(call: Call, server: RemoteServer, key: HostKey) -> None:
    known = call.connection.cache().setdefault(_CACHE, key)
    if known != key:
        text = (
            f"{server.shown} shows the host key {key.fingerprint}, but it had {known.fingerprint} before. Nothing was "
            "sent to it. If its key was changed on purpose, save the connection again or start the engine anew."
        )
        raise SourceFailure(text, code="unreachable", field="ftp.hostURI")


def _log_in(
    call: Call, server: RemoteServer, watch: Watch, paramiko: ModuleType, transport: Any
) -> SourceFailure | None:
    """Return why the login failed: an exception would carry the frames that hold the secrets."""
    block: Mapping[str, Any] = call.connection.secrets().get("ftp") or {}
    password, text = str(block.get("password") or ""), str(block.get("authKey") or "")
    key = None
    if text:
        key = _private_key(paramiko, text)
        if isinstance(key, SourceFailure):
            return key
    try:
        with watch.during(lambda error: _login_failed(server, paramiko, error)):
            _offer(paramiko, transport, server.username, key, password)
    except SourceFailure as error:
        return SourceFailure(error.message, code=error.code, offline=error.offline, field=error.field)
    finally:
        # paramiko keeps them for a second try, which it never makes.
        for name in ("password", "private_key", "interactive_handler"):
            if hasattr(transport.auth_handler, name):
                setattr(transport.auth_handler, name, None)
    return None


def _offer(paramiko: ModuleType, transport: Any, username: str, key: object, password: str) -> None:
    """Offer the key, then the password if the server wants both, or if the key was refused."""
    if key is not None:
        try:
            if not transport.auth_publickey(username, key):
                return
        except paramiko.AuthenticationException:
            if not password or not transport.is_active():
                raise
    transport.auth_password(username, password)


def _private_key(paramiko: ModuleType, text: str) -> object:
    """Return paramiko's key, or the failure that says why there is none; the text is in no message."""
    raw = ("\n".join(line.strip() for line in text.strip().splitlines()) + "\n").encode()
    wanted = "expected an RSA, ECDSA or Ed25519 private key in OpenSSH or PEM form, without a passphrase"
    reason = "it cannot be read"
    with suppress(Exception):  # the libraries' messages may quote the key
        load = (
            serialization.load_ssh_private_key
            if b"BEGIN OPENSSH PRIVATE KEY" in raw
            else serialization.load_pem_private_key
        )
        try:
            key: Any = load(raw, password=None)
        except TypeError:
            reason = "it is protected by a passphrase, for which the document has no field"
            raise
        kinds: dict[Any, Any] = {
            rsa.RSAPrivateKey: paramiko.RSAKey,
            ec.EllipticCurvePrivateKey: paramiko.ECDSAKey,
            ed25519.Ed25519PrivateKey: paramiko.Ed25519Key,
        }
        for kind, made in kinds.items():
            if isinstance(key, kind):
                plain = key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
                )
                return made.from_private_key(StringIO(plain.decode()))
        reason = "its kind is not one that SFTP uses"
    message = f"ftp.authKey cannot be used: {reason}; {wanted}."
    return SourceFailure(message, code="login_refused", offline=True, field="ftp.authKey")


def _unreachable(server: RemoteServer, error: Exception) -> SourceFailure:
    reason = getattr(error, "strerror", None) or str(error) or "the server closed the connection"
    return SourceFailure(f"{server.shown} cannot be used: {reason}.", code="unreachable")


def _login_failed(server: RemoteServer, paramiko: ModuleType, error: Exception) -> SourceFailure:
    if not isinstance(error, paramiko.AuthenticationException):
        return _unreachable(server, error)
    allowed = getattr(error, "allowed_types", None)
    ways = f" It takes {', '.join(map(str, allowed))}." if allowed else ""
    text = f"{server.shown} refused the login of {shown(server.username)}.{ways}"
    hint = " Check ftp.username, ftp.password and ftp.authKey."
    return SourceFailure(text + hint, code="login_refused", offline=True, field="ftp.password")
