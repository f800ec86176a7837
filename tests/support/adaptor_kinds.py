"""One adaptor with a real system behind it, as the contract of all adaptors sees it.

To add one: a module ``adaptor_<name>.py`` with a context manager that yields a :class:`Kind`, and a line in
``tests/contract/adaptors/conftest.py``. What the system cannot do is in ``gaps``, with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from threading import Event
from typing import Any, Literal

from support.canary import CANARY
from support.http_calls import MemoryAccess

from celigo_pandas.engine.adaptors.protocol import Adaptor, Call, Outgoing
from celigo_pandas.engine.safety.reach import Reach

Gap = Literal["order", "sources", "slow", "expiry", "marks", "taken", "doubt"]
"""What a system may lack.

``order``: its exports come in no order of ours. ``sources``: an open export holds nothing that could be counted.
``slow``: nothing can be asked of it that takes long. ``expiry``: credentials that were good do not end while a session
lasts. ``marks``: what is sent to it cannot be recognized on the way (TLS). ``taken``: it has no keys that can be taken.
``doubt``: what became of a write whose answer was lost can be asked, and is.
"""


@dataclass
class Kind:
    """One adaptor.

    Records are ``{"id": number, "text": text}``; a *place* is what holds them: a table, a collection, a path.

    Parameters
    ----------
    name : str
    adaptor : Adaptor
    doc : dict
        A connection with good credentials.
    port : int
        Where its system listens on loopback.
    moved : callable
        ``moved(doc, port)``: the connection, to another port.
    secret : str
        The dotted path of a secret of the connection.
    export : callable
        ``export(place)``: an export document that reads all of a place, by ``id`` where it can.
    insert : callable
        ``insert(place)``: an import document that stores each record, and refuses one whose ``id`` is taken.
    put : callable
        ``put(place, records)``: make a place that holds these, behind the adaptor's back.
    stored : callable
        ``stored(place)``: what it holds, by ``id``, read behind the adaptor's back.
    stores : bytes
        What is in the request that stores the record ``a marked text``: one that is cut off is not known of.
    slow : dict, optional
        An export that takes far longer than a test may.
    sources : callable, optional
        How many exports are open in the system.
    expired : callable, optional
        ``with expired():`` the credentials of `doc` are no longer good, though sessions are open.
    gaps : mapping
        What it cannot do, and why.
    """

    name: str
    adaptor: Adaptor
    doc: dict[str, Any]
    port: int
    moved: Callable[[dict[str, Any], int], dict[str, Any]]
    secret: str
    export: Callable[[str], dict[str, Any]]
    insert: Callable[[str], dict[str, Any]]
    put: Callable[[str, Sequence[Mapping[str, Any]]], None]
    stored: Callable[[str], list[dict[str, Any]]]
    stores: bytes = b"marked text"
    slow: dict[str, Any] | None = None
    sources: Callable[[], int] | None = None
    expired: Callable[[], AbstractContextManager[None]] | None = None
    gaps: Mapping[Gap, str] = field(default_factory=dict)
    debug: list[Any] = field(default_factory=list)

    def lacks(self, gap: Gap) -> bool:
        """Whether it has declared that it cannot do this."""
        return bool(self.gaps.get(gap))

    def with_secret(self, value: str = CANARY) -> dict[str, Any]:
        """The connection with another secret, which is wrong."""
        *parents, last = self.secret.split(".")
        doc: dict[str, Any] = dict(self.doc)
        here = doc
        for name in parents:
            here[name] = dict(here[name])
            here = here[name]
        here[last] = value
        return doc

    def call(self, access: MemoryAccess, seconds: float = 60.0, reach: Reach | None = None) -> Call:
        """Return a call through a connection that has so much time."""
        return Call(
            connection=access,
            reach=Reach() if reach is None else reach,
            context={"connection": access.masked, "settings": {}},
            debug=lambda kind, payload: self.debug.append((kind, payload)),
            stop=Event(),
            deadline=time.monotonic() + seconds,
            now=lambda: datetime.now(timezone.utc),
        )

    @contextmanager
    def access(self, doc: dict[str, Any] | None = None) -> Iterator[MemoryAccess]:
        """Open a connection of its own, with a cache that ends with it."""
        access = MemoryAccess(self.doc if doc is None else doc)
        try:
            yield access
        finally:
            for value in access.cache().values():
                end = getattr(value, "dispose", None) or getattr(value, "close", None)
                if end is not None:
                    end()

    def records(self, call: Call, place: str) -> list[Any]:
        """Return all records of a place, as an export reads them."""
        chunks = self.adaptor.open_export(call, self.export(place))
        return [record for chunk in chunks for record in chunk.records]

    def push(self, call: Call, place: str, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return one result for each record."""
        batch = [Outgoing(position, dict(one), dict(one)) for position, one in enumerate(records)]
        return self.adaptor.import_batch(call, self.insert(place), batch)


def own(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the two members of a record that the contract knows; numbers that a system gives as text are numbers."""
    return {"id": int(record["id"]), "text": record["text"]}


def numbered(count: int, text: str = "record") -> list[dict[str, Any]]:
    """Return so many records."""
    return [{"id": number, "text": f"{text} {number}"} for number in range(1, count + 1)]
