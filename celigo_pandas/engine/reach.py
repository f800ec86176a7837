"""What the engine may touch: the one policy for sockets, files and databases.

An engine on loopback serves its own user and reaches what that user reaches, except link-local addresses (cloud
metadata services live there) and its own store. An engine that listens to others reaches only what ``--allow-host``
and ``--allow-dir`` name. A name is resolved once and the checked address is the one connected to, so that a second
answer of the name server cannot lead elsewhere.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Reach", "ReachError"]

_PORTS = {"http": 80, "https": 443}

# AWS answers metadata on this unique-local address too; it is not link-local by its prefix.
_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254")})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ReachError(ValueError):
    """The policy refuses an address, a name or a path; the message says which and how to allow it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which hosts and folders may be used.

    Parameters
    ----------
    hosts : tuple of str, optional
        ``name``, ``name:port``, ``*.domain`` or an address. None allows every host but those that are always refused.
    folders : tuple of Path, optional
        Folders whose files may be read and written. None allows every folder but `forbidden`.
    forbidden : tuple of Path
        Folders that are always refused: the engine's store and its key.
    """

    hosts: tuple[str, ...] | None = None
    folders: tuple[Path, ...] | None = None
    forbidden: tuple[Path, ...] = ()

    def check_url(self, url: str) -> None:
        """Refuse a URL that is not http(s), has no host, or names one that is out of reach.

        Raises
        ------
        ReachError
            The scheme, host or port is refused. A name is not resolved here; :meth:`open_socket` does that.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ReachError(f"The URL cannot be read: {error}.") from None
        if parts.scheme not in _PORTS or not host:
            raise ReachError(f"The URL needs the form http(s)://host/…; got scheme {parts.scheme!r}, host {host!r}.")
        if "@" in parts.netloc:
            raise ReachError("The URL holds a user name or password; put them into the connection's auth block.")
        self.check_host(host, port or _PORTS[parts.scheme])

    def check_host(self, host: str, port: int) -> None:
        """Refuse a host by its name, or by its address when it is written as one."""
        name = host.strip("[]").rstrip(".").lower()
        literal = _literal(name)
        if literal is not None:
            _refuse_address(literal, host)
        if self.hosts is not None and not any(_matches(allowed, name, port) for allowed in self.hosts):
            raise ReachError(f"Host {host!r} port {port} is out of reach. Start the engine with --allow-host {host}.")

    def addresses(self, host: str, port: int) -> list[tuple[int, str]]:
        """Resolve `host` once; return ``(family, address)`` of every address that may be connected to.

        Raises
        ------
        ReachError
            The name or all its addresses are refused.
        OSError
            The name does not resolve.
        """
        self.check_host(host, port)
        found: list[tuple[int, str]] = []
        refused: ReachError | None = None
        for family, _, _, _, place in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM):
            address = str(place[0])
            try:
                _refuse_address(ipaddress.ip_address(address.partition("%")[0]), host)
            except ReachError as error:
                refused = error
            else:
                found.append((int(family), address))
        if not found:
            raise refused or ReachError(f"Host {host!r} has no address that can be used.")
        return found

    def open_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Resolve, check and connect; the checked address is the one connected to.

        Raises
        ------
        ReachError
            The policy refuses it.
        OSError
            No address could be connected to in `timeout` seconds.
        """
        failure: OSError | None = None
        for family, address in self.addresses(host, port):
            sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            try:
                sock.settimeout(timeout)
                sock.connect((address, port))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise failure or OSError(f"{host} cannot be reached")

    def check_path(self, path: str | Path) -> Path:
        """Resolve a path, symbolic links too, and return it if its folder may be used.

        Raises
        ------
        ReachError
            It lies outside the allowed folders, or in the engine's own.
        """
        text = str(path)
        if not text or "\0" in text:
            raise ReachError("The path is empty or holds a NUL character.")
        try:
            resolved = Path(text).expanduser().resolve()
        except (OSError, RuntimeError) as error:
            raise ReachError(f"The path {text!r} cannot be resolved: {error}.") from None
        if any(_inside(resolved, folder) for folder in self.forbidden):
            raise ReachError(f"The path {text!r} lies in the engine's own store, which nothing may open.")
        if self.folders is not None and not any(_inside(resolved, folder) for folder in self.folders):
            raise ReachError(
                f"The path {text!r} is out of reach. Start the engine with --allow-dir {str(resolved.parent)!r}."
            )
        return resolved


def _inside(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder.resolve())


def _literal(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None


def _refuse_address(address: Address, host: str) -> None:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    if inner.is_link_local or inner.is_multicast or inner.is_unspecified or address in _METADATA:
        raise ReachError(f"Host {host!r} is {address}, a link-local, multicast or unspecified address: always refused.")


def _matches(allowed: str, name: str, port: int) -> bool:
    wanted, _, wanted_port = allowed.rpartition(":") if allowed.count(":") == 1 else (allowed, "", "")
    if wanted_port and wanted_port != str(port):
        return False
    wanted = wanted.strip("[]").rstrip(".").lower()
    if wanted.startswith("*."):
        return name.endswith(wanted[1:]) and name != wanted[2:]
    return name == wanted
