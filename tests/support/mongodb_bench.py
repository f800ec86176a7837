"""The MongoDB adaptor with a connection, and shortcuts to what one can ask of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from threading import Event
from typing import Any

from support.http_calls import MemoryAccess
from support.mongod import Mongod

from celigo_pandas.engine.adaptors.mongodb import adaptor
from celigo_pandas.engine.adaptors.protocol import Call, Outgoing
from celigo_pandas.engine.safety.reach import Reach


class Bench:
    """One connection to a server.

    Parameters
    ----------
    server : Mongod
    doc : dict, optional
        The connection; the server's own without.
    """

    def __init__(self, server: Mongod, doc: dict[str, Any] | None = None) -> None:
        self.server = server
        self.access = MemoryAccess(server.doc() if doc is None else doc)
        self.log: list[Any] = []

    def call(self, seconds: float = 60.0, reach: Reach | None = None, **context: Any) -> Call:
        return Call(
            connection=self.access,
            reach=Reach() if reach is None else reach,
            context={"connection": self.access.masked, "settings": {}, **context},
            debug=lambda kind, payload: self.log.append(payload),
            stop=Event(),
            deadline=time.monotonic() + seconds,
            now=lambda: datetime.now(timezone.utc),
        )

    def chunks(self, collection: str, size: int = 100, **block: Any) -> list[Any]:
        doc = {"pageSize": size, "mongodb": {"method": "find", "collection": collection, **texts(block)}}
        return list(adaptor.open_export(self.call(export=doc), doc))

    def read(self, collection: str, **block: Any) -> list[Any]:
        return [record for chunk in self.chunks(collection, **block) for record in chunk.records]

    def notes(self, collection: str, **block: Any) -> list[Any]:
        return [error for chunk in self.chunks(collection, **block) for error in chunk.errors]

    def push(self, collection: str, records: Sequence[Any], *, top: Any = (), **block: Any) -> list[dict[str, Any]]:
        doc = {"mongodb": {"collection": collection, **texts(block)}, **dict(top)}
        batch = [Outgoing(position, one, one) for position, one in enumerate(records)]
        return adaptor.import_batch(self.call(**{"import": doc}), doc, batch)

    def insert(self, collection: str, records: Sequence[Any], **block: Any) -> list[dict[str, Any]]:
        return self.push(collection, records, method="insertMany", **block)

    def update(self, collection: str, records: Sequence[Any], **block: Any) -> list[dict[str, Any]]:
        return self.push(collection, records, method="updateOne", **block)

    @contextmanager
    def failing(self, commands: list[str], times: int = 1, **data: Any) -> Iterator[None]:
        """Let the server fail commands in a way of its own (its fail points)."""
        with self.server.admin() as client:
            point = {"configureFailPoint": "failCommand", "mode": {"times": times}}
            client.admin.command({**point, "data": {"failCommands": commands, "appName": "celigo_pandas", **data}})
            try:
                yield
            finally:
                client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})

    def close(self) -> None:
        self.access.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def texts(block: dict[str, Any]) -> dict[str, Any]:
    """Write members as the vendor does: JSON as text."""
    return {name: json.dumps(value) if isinstance(value, (dict, list)) else value for name, value in block.items()}


def statuses(results: list[dict[str, Any]]) -> list[int]:
    return [result["statusCode"] for result in results]


def code(result: dict[str, Any]) -> str:
    """Return the code of a result's one error."""
    (error,) = result["errors"]
    return str(error["code"])
