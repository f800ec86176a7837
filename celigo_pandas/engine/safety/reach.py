"""What the engine may touch: the one policy for sockets, files and databases.

An engine on loopback serves its own user and reaches what that user reaches, except link-local addresses (cloud
metadata services live there) and its own store. An engine that listens to others reaches only what ``--allow-host``
and ``--allow-dir`` name. A name is resolved once and the checked address is the one connected to, so that a second
answer of the name server cannot lead elsewhere.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Reach", "ReachError"]

_PORTS = {"http": 80, "https": 443}

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "fd00:ec2::254",  # AWS, EC2 over IPv6
        "fd00:ec2::23",  # AWS, credentials of pods in EKS
        "fd20:ce::254",  # Google Cloud over IPv6
        "fd00:c1::a9fe:a9fe",  # Oracle Cloud over IPv6
        "fd00:42::42",  # Scaleway over IPv6
        "fd00:a9fe:a9fe::1",  # Akamai (Linode) over IPv6
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure, the host's own services
        "192.0.0.192",  # Oracle Cloud Classic
    )
)
"""Where clouds answer their machines with credentials, beside the link-local addresses that most of them use."""

_SHOWN = ("/proc", "/sys")
"""What the system only shows: among it the environment of every process of this user."""

_CARRIERS = tuple(
    ipaddress.IPv6Network(text)
    # Compatible, mapped, translated (RFC 4291, 2765), and the two prefixes of NAT64 (RFC 6052, 8215).
    for text in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
"""Networks whose addresses hold an IPv4 address in their last four bytes."""

_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
"""The third quarter of an address that holds an IPv4 address in its last (RFC 5214), whatever its network."""

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
        if any(resolved.is_relative_to(shown) for shown in _SHOWN):
            raise ReachError(f"The path {text!r} lies in {' or '.join(_SHOWN)}, which holds no data: always refused.")
        if any(_inside(resolved, folder) or _is_linked_from(resolved, folder) for folder in self.forbidden):
            raise ReachError(f"The path {text!r} lies in the engine's own store, which nothing may open.")
        if self.folders is not None and not any(_inside(resolved, folder) for folder in self.folders):
            raise ReachError(
                f"The path {text!r} is out of reach. Start the engine with --allow-dir {str(resolved.parent)!r}."
            )
        return resolved


def _inside(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder.resolve())


def _is_linked_from(path: Path, folder: Path) -> bool:
    """Whether a file has another name in a folder: a hard link."""
    try:
        found = path.stat()
        if found.st_nlink < 2 or not stat.S_ISREG(found.st_mode):
            return False
        return any(os.path.samestat(found, other.stat()) for other in folder.rglob("*"))
    except OSError:
        return False


def _literal(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None


def _refuse_address(address: Address, host: str) -> None:
    meant = (address, *_within(address))
    if any(one in _METADATA for one in meant):
        raise ReachError(f"Host {host!r} is {address}, where a cloud gives out its metadata: always refused.")
    if any(one.is_link_local or one.is_multicast or one.is_unspecified for one in meant):
        raise ReachError(f"Host {host!r} is {address}, a link-local, multicast or unspecified address: always refused.")


def _within(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 address that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in network for network in _CARRIERS) or address.packed[8:12] in _ISATAP:
        yield ipaddress.IPv4Address(address.packed[12:])


def _matches(allowed: str, name: str, port: int) -> bool:
    wanted, wanted_port = _split(allowed)
    if wanted_port and wanted_port != str(port):
        return False
    if wanted.startswith("*."):
        return name.endswith(wanted[1:]) and name != wanted[2:]
    literal = _literal(wanted)
    return name == wanted if literal is None else _literal(name) == literal


def _split(allowed: str) -> tuple[str, str]:
    """Return name and port of ``name``, ``name:port``, ``::1``, ``[::1]`` or ``[::1]:port``."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d*))?", allowed)
    if bracketed:
        wanted, port = bracketed.group(1), bracketed.group(2) or ""
    else:
        wanted, _, port = allowed.partition(":") if allowed.count(":") == 1 else (allowed, "", "")
    return wanted.rstrip(".").lower(), port
