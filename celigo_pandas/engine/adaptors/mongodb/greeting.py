"""What a server says of itself before anybody logs in: asked over a socket that the ``reach`` policy has opened.

So a replica set is searched without its members being given credentials, and a server that cannot be talked to, or
whose certificate is not trusted, is told at once.
Source: MongoDB's wire protocol, ``OP_MSG``; the command ``hello``.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import bson
from bson.errors import BSONError

from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import left_s
from celigo_pandas.engine.adaptors.mongodb.server_addresses import Address
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.engine.safety.reach import ReachError

__all__ = ["CONNECT_S", "Greeting", "greet"]

CONNECT_S = 10.0
_OP_MSG = 2013
_HEADER = struct.Struct("<iiii")
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Greeting:
    """A server, where it was reached, and what it says.

    Parameters
    ----------
    address : Address
        As the document or the replica set names it.
    peer : Address
        The address that was checked and connected to, as numbers.
    hello : mapping
    """

    address: Address
    peer: Address
    hello: Mapping[str, Any]

    @property
    def is_writable(self) -> bool:
        """Whether it takes writes: a primary, a router, a server by itself."""
        return bool(self.hello.get("isWritablePrimary", self.hello.get("ismaster")))

    @property
    def is_readable(self) -> bool:
        """Whether it answers queries."""
        return self.is_writable or bool(self.hello.get("secondary"))

    def fits(self, preference: str) -> bool:
        """Whether it is what a read preference wants first."""
        if "setName" not in self.hello or preference == "nearest":
            return self.is_readable
        return self.is_readable and self.is_writable != preference.startswith("secondary")

    def is_second_best(self, preference: str) -> bool:
        """Whether it is what a read preference takes where there is nothing better."""
        return preference.endswith("Preferred") and self.is_readable


def greet(call: Call, address: Address, context: ssl.SSLContext | None) -> Greeting:
    """Ask a server who it is.

    Parameters
    ----------
    context : ssl.SSLContext, optional
        Of a connection with TLS.

    Raises
    ------
    SourceFailure
        It is out of reach, not there, not trusted, or no MongoDB server.
    """
    with ExitStack() as stack:
        sock = stack.enter_context(_opened(call, address))
        peer = Address(str(sock.getpeername()[0]), address.port)
        allowed_s = min(left_s(call), CONNECT_S)
        sock.settimeout(allowed_s)
        try:
            if context is not None:
                sock = stack.enter_context(context.wrap_socket(sock, server_hostname=address.host))
            end = time.monotonic() + allowed_s
            hello = _asked(sock, "hello", end)
            hello = hello if hello.get("ok") == 1 else _asked(sock, "isMaster", end)
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            raise _failure(address, f"the TLS connection failed: {reason}", "tls") from None
        except TimeoutError:
            raise _failure(address, "it accepted the connection and did not answer", "timeout") from None
        except (OSError, EOFError):
            hint = "" if context is not None else " If it wants TLS, set mongodb.ssl"
            raise _failure(address, f"it closed the connection.{hint}", "unreachable") from None
        except (BSONError, struct.error, ValueError):
            raise _failure(address, "what answers there is no MongoDB server", "bad_answer") from None
    return Greeting(address, peer, hello)


def _opened(call: Call, address: Address) -> socket.socket:
    try:
        return call.reach.open_socket(address.host, address.port, min(left_s(call), CONNECT_S))
    except ReachError as error:
        raise SourceFailure(str(error), code="out_of_reach", field="mongodb.host", sent=False) from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _failure(address, reason, "unreachable") from None


def _failure(address: Address, reason: str, code: str) -> SourceFailure:
    text = f"{address} cannot be reached: {reason}. Check mongodb.host."
    return SourceFailure(text, code=code, field="mongodb.host", sent=False)


def _asked(sock: socket.socket, command: str, end: float) -> dict[str, Any]:
    body = b"\0\0\0\0\0" + bson.encode({command: 1, "$db": "admin"})
    sock.sendall(_HEADER.pack(_HEADER.size + len(body), 1, 0, _OP_MSG) + body)
    size, _, _, kind = _HEADER.unpack(_received(sock, _HEADER.size, end))
    if kind != _OP_MSG or not _HEADER.size + 5 < size < _LARGEST:
        raise ValueError("no answer of the protocol")
    answer: dict[str, Any] = bson.decode(_received(sock, size - _HEADER.size, end)[5:])
    return answer


def _received(sock: socket.socket, count: int, end: float) -> bytes:
    pieces = b""
    while len(pieces) < count:
        # An answer that drips never times out by itself.
        if (left := end - time.monotonic()) <= 0:
            raise TimeoutError
        sock.settimeout(left)
        piece = sock.recv(count - len(pieces))
        if not piece:
            raise EOFError
        pieces += piece
    return pieces
