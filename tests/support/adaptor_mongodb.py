"""The MongoDB adaptor as the contract of all adaptors sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from support.adaptor_kinds import Kind, own
from support.mongod import DATABASE, PASSWORD, USER, Mongod, start_mongod

from celigo_pandas.engine.adaptors.mongodb import adaptor

_SPIN = {"$expr": {"$gt": [{"$reduce": {"input": {"$range": [0, 100_000]}, "initialValue": 0,
         "in": {"$add": ["$$value", 1]}}}, -1]}}  # fmt: skip


@contextmanager
def mongodb(*, tls: bool = False, replica_set: str | None = None) -> Iterator[Kind]:
    """Start a server, by itself or as a replica set of one."""
    server = start_mongod(tls=tls, replica_set=replica_set)
    try:
        # Enough documents that a scan of them with work for each takes minutes.
        server.insert("slow", [{"_id": number} for number in range(1_000)])
        yield Kind(
            "mongodb, tls" if tls else "mongodb, replica set",
            adaptor,
            server.doc(),
            server.port,
            _moved,
            "mongodb.password",
            lambda place: {"mongodb": {"collection": place, "pipeline": '[{"$sort": {"id": 1}}]'}},
            lambda place: {"mongodb": {"method": "insertMany", "collection": place}},
            lambda place, records: _put(server, place, records),
            lambda place: sorted((own(one) for one in server.find(place)), key=lambda one: int(one["id"])),
            slow={"mongodb": {"collection": "slow", "filter": _SPIN}},
            sources=lambda: _open_cursors(server),
            expired=lambda: _expired(server),
            gaps={"marks": "what goes through the proxy is encrypted"} if tls else {},
        )
    finally:
        server.stop()


def _moved(doc: dict[str, Any], port: int) -> dict[str, Any]:
    return {**doc, "mongodb": {**doc["mongodb"], "host": [f"127.0.0.1:{port}"]}}


def _put(server: Mongod, place: str, records: Sequence[Mapping[str, Any]]) -> None:
    with server.admin() as client:
        collection = client[DATABASE][place]
        collection.drop()
        collection.create_index("id", unique=True)
        if records:
            collection.insert_many([dict(one) for one in records])


def _open_cursors(server: Mongod) -> int:
    with server.admin() as client:
        return int(client.admin.command("serverStatus")["metrics"]["cursor"]["open"]["total"])


@contextmanager
def _expired(server: Mongod) -> Iterator[None]:
    with server.admin() as client:
        client[DATABASE].command("dropUser", USER)
        try:
            yield
        finally:
            client[DATABASE].command("createUser", USER, pwd=PASSWORD, roles=["readWrite"])
