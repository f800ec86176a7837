"""Which server of a deployment a call talks to; one that is chosen is kept with its connection document.

The driver is given one address and never looks for others itself: it has no hook that sees an address before it is
dialled, and the ``reach`` policy decides on every one of them, those that a replica set announces too. So the given
hosts are greeted in order, then those that they name, until one fits what the call wants; that one alone is given
credentials.
Without TLS the address that was checked is the one that is dialled; with TLS the name is, whose certificate must fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import pymongo
from pymongo import MongoClient, errors
from pymongo.collection import Collection

from celigo_pandas.engine.adaptors.mongodb.bson_values import CODEC
from celigo_pandas.engine.adaptors.mongodb.greeting import CONNECT_S, Greeting, greet
from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import Sending, left_s, translated
from celigo_pandas.engine.adaptors.mongodb.server_addresses import Address, addresses_of, read_address
from celigo_pandas.engine.adaptors.mongodb.tls_files import Certificates, lent_certificates
from celigo_pandas.engine.adaptors.protocol import Call, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["PREFERENCES", "Server", "collection_at", "database_of", "in_use", "server_for"]

PREFERENCES = ("primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest")

_WITH_SNAPSHOTS = 13
"""The wire version of MongoDB 5.0, the first that reads at a time outside of a transaction."""

_UNAUTHORIZED = 13
_GOODBYE_S = 1.0


@dataclass(slots=True, eq=False)
class Server:
    """One server, reached with a connection's credentials; closed when it is left and its last use has ended.

    Parameters
    ----------
    client : MongoClient
        Knows this one address only.
    greeting : Greeting
    sending : Sending
        Knows what was sent to it.
    """

    client: MongoClient[dict[str, Any]]
    greeting: Greeting
    sending: Sending
    _lock: Lock = field(default_factory=Lock, repr=False)
    _uses: int = 0
    _is_left: bool = False

    @property
    def address(self) -> Address:
        """What the server is called."""
        return self.greeting.address

    @property
    def has_snapshots(self) -> bool:
        """Whether it can be read as it was at one moment."""
        hello = self.greeting.hello
        is_shared = "setName" in hello or hello.get("msg") == "isdbgrid"
        version = hello.get("maxWireVersion")
        return is_shared and isinstance(version, int) and version >= _WITH_SNAPSHOTS

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep it open until the block ends, though others may have left it."""
        with self._lock:
            self._uses += 1
        try:
            yield
        finally:
            with self._lock:
                self._uses -= 1
                is_last = self._is_left and not self._uses
            if is_last:
                self._end()

    def close(self) -> None:
        """End its sessions, once nobody uses them."""
        with self._lock:
            self._is_left, is_last = True, not self._uses
        if is_last:
            self._end()

    def _end(self) -> None:
        # It says goodbye, and would wait for a server that is gone as long as for any other answer.
        with pymongo.timeout(_GOODBYE_S):
            self.client.close()


def server_for(call: Call, preference: str = "primary") -> Server:
    """Return the server that a call talks to.

    Parameters
    ----------
    preference : str
        One of :data:`PREFERENCES`.

    Raises
    ------
    SourceFailure
        None of the hosts fits: out of reach, not there, another replica set, credentials refused.
    """
    cache, key = call.connection.cache(), f"mongodb {preference}"
    known = cache.get(key)
    if known is None:
        fresh = _opened(call, preference)
        known = cache.setdefault(key, fresh)
        if known is not fresh:
            fresh.close()
    assert isinstance(known, Server)
    return known


def database_of(call: Call) -> str:
    """Return the name of the connection's database; :class:`SourceFailure` if there is none or it cannot be one."""
    name = (call.connection.masked.get("mongodb") or {}).get("database")
    if name is None or name == "":
        raise _missing("mongodb.database")
    if not isinstance(name, str) or not 0 < len(name) < 64 or any(sign in name for sign in '/\\. "$*<>:|?\0'):
        text = f"mongodb.database {shown(name)} cannot be the name of a database."
        raise SourceFailure(text, code="invalid_field", field="mongodb.database", sent=False)
    return name


def collection_at(call: Call, server: Server, name: str) -> Collection[Any]:
    """Return a collection of the connection's database, by its name."""
    return server.client[database_of(call)].get_collection(name, codec_options=CODEC)


@contextmanager
def in_use(call: Call, server: Server) -> Iterator[None]:
    """Translate what fails inside; a server that is gone, or takes no writes any more, is looked for anew next time.

    A user may have been removed, or its password changed, while its sessions were open: the server then says no more
    than that this is not allowed, so a new session is asked.
    """
    with translated(), server.held():
        try:
            yield
        except errors.ConnectionFailure as error:
            # That a query took too long says nothing of the server.
            if not error.timeout or isinstance(error, errors.ServerSelectionTimeoutError):
                _forget(call, server)
            raise
        except errors.OperationFailure as error:
            if error.code == _UNAUTHORIZED:
                _check_login(call, server)
            raise


def _check_login(call: Call, server: Server) -> None:
    with lent_certificates(call.connection.secrets()) as certificates:
        _connected(call, greet(call, server.address, certificates.context()), certificates).close()


def _forget(call: Call, server: Server) -> None:
    cache = call.connection.cache()
    for key in [key for key, known in cache.items() if known is server]:
        cache.pop(key, None)
    server.close()


def _opened(call: Call, preference: str) -> Server:
    with lent_certificates(call.connection.secrets()) as certificates:
        return _connected(call, _search(call, preference, certificates), certificates)


def _search(call: Call, preference: str, certificates: Certificates) -> Greeting:
    block = call.connection.masked.get("mongodb") or {}
    waiting, seen, failures = addresses_of(block), list[Address](), list[SourceFailure]()
    second: Greeting | None = None
    while waiting:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.append(address)
        call.look()
        try:
            greeting = greet(call, address, certificates.context())
            _check_set(greeting, block.get("replicaSet"))
        except SourceFailure as failure:
            failures.append(failure)
            continue
        if greeting.fits(preference):
            return greeting
        second = second or (greeting if greeting.is_second_best(preference) else None)
        waiting += _announced(greeting)
    if second is not None:
        return second
    raise _not_found(preference, seen, failures)


def _not_found(preference: str, seen: list[Address], failures: list[SourceFailure]) -> SourceFailure:
    if len(seen) == len(failures) == 1:
        return failures[0]
    reasons = " ".join(failure.message for failure in failures)
    text = f"No server for the read preference {preference} was found at {', '.join(map(str, seen))}. {reasons}".strip()
    # What the policy refuses is told as that: waiting does not help.
    code = next((failure.code for failure in failures if failure.code == "out_of_reach"), "unreachable")
    return SourceFailure(text, code=code, field="mongodb.host", sent=False)


def _announced(greeting: Greeting) -> list[Address]:
    """Return the servers that a member of a replica set names, its primary first."""
    hosts = greeting.hello.get("hosts")
    names = [greeting.hello.get("primary"), *(hosts if isinstance(hosts, list) else ())]
    return [read_address(name) for name in names if isinstance(name, str)]


def _check_set(greeting: Greeting, wanted: object) -> None:
    found = greeting.hello.get("setName")
    if wanted and wanted != found:
        what = f"belongs to the replica set {shown(found)}" if found else "is no member of a replica set"
        text = f"{greeting.address} {what}; mongodb.replicaSet is {shown(wanted)}."
        raise SourceFailure(text, code="wrong_replica_set", field="mongodb.replicaSet", sent=False)


def _connected(call: Call, greeting: Greeting, certificates: Certificates) -> Server:
    sending = Sending()
    with translated(at_login=True), pymongo.timeout(min(left_s(call), CONNECT_S)):
        client: MongoClient[dict[str, Any]] = MongoClient(
            str(greeting.address if certificates.options else greeting.peer),
            **_login(call.connection.secrets().get("mongodb") or {}),
            **certificates.options,
            directConnection=True,
            connectTimeoutMS=round(CONNECT_S * 1000),
            serverSelectionTimeoutMS=round(CONNECT_S * 1000),
            retryWrites=False,
            retryReads=False,
            appname="celigo_pandas",
            event_listeners=[sending],
        )
        try:
            client.admin.command("ping")
        except BaseException:
            client.close()
            raise
    return Server(client, greeting, sending)


def _login(block: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("username", "password"):
        if not isinstance(block.get(name), str) or not block[name]:
            raise _missing(f"mongodb.{name}")
    source = block.get("authSource") or block.get("database") or "admin"
    return {"username": block["username"], "password": block["password"], "authSource": str(source)}


def _missing(field: str) -> SourceFailure:
    text = f"Expected field: {field} to be present."
    return SourceFailure(text, code="missing_required_field", field=field, sent=False)
