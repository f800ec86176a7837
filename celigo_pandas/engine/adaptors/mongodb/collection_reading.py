"""Exports: one cursor in one session, read once, documents as records in chunks.

On a replica set the session reads the collection as it was when it began, whatever is written meanwhile. Its server
ends a session that is idle for half an hour, and a reader may take its time, so the session is refreshed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import bson
import pymongo
from bson.errors import BSONError
from pymongo import errors
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from celigo_pandas.engine.adaptors.mongodb.bson_values import CODEC, to_json
from celigo_pandas.engine.adaptors.mongodb.collection_queries import Query
from celigo_pandas.engine.adaptors.mongodb.members import Server, database_of, in_use, server_for
from celigo_pandas.engine.adaptors.mongodb.mongodb_failures import limited
from celigo_pandas.engine.adaptors.mongodb.notes import notes_on
from celigo_pandas.engine.adaptors.protocol import Call, Chunk, SourceFailure
from celigo_pandas.errors import shown

__all__ = ["kept_alive", "read_query"]

_REFRESH_S = 300.0
_CLOSE_S = 3.0

_NO_SNAPSHOT = frozenset({"72", "246"})
"""Codes of a server that cannot read this at one moment: a capped collection, a stage that tells of the server."""

_LOST = frozenset({"43", "237"})
_TOO_OLD = "239"


def read_query(call: Call, query: Query, size: int) -> Iterator[Chunk]:
    """Yield the documents of a query; closing the iterator ends the cursor and its session.

    Parameters
    ----------
    size : int
        Documents in a chunk.
    """
    server, database = server_for(call, query.preference), database_of(call)
    collection = server.client[database].get_collection(query.collection, read_preference=query.read_preference)
    method = "find" if query.pipeline is None else "aggregate"
    call.debug("request", {"url": f"mongodb://{server.address}/{database}", "method": method, "body": query.body})
    with server.held(), _named(query), _begun(call, server, collection, query, size) as (cursor, first):
        notes = notes_on(call, server, collection, query.filter, query.pipeline, is_empty=not first)
        fetched, is_first = first, True
        while is_first or fetched:
            chunk = _chunk(fetched, call)
            yield Chunk(chunk.records, [*(notes if is_first else ()), *chunk.errors])
            is_first = False
            call.look()
            with in_use(call, server), limited(call):
                fetched = next(cursor, b"")


@contextmanager
def _begun(
    call: Call, server: Server, collection: Collection[Any], query: Query, size: int
) -> Iterator[tuple[Any, bytes]]:
    """Lend the cursor of a query, and its first batch; at one moment where the server can."""
    is_at_once = server.has_snapshots and call.choices.mongodb_snapshots
    with ExitStack() as stack:
        try:
            begun = stack.enter_context(_session(call, server, collection, query, size, is_at_once))
        except SourceFailure as failure:
            if not is_at_once or failure.code not in _NO_SNAPSHOT:
                raise
            begun = stack.enter_context(_session(call, server, collection, query, size, False))
        yield begun


@contextmanager
def _session(
    call: Call, server: Server, collection: Collection[Any], query: Query, size: int, is_at_once: bool
) -> Iterator[tuple[Any, bytes]]:
    with server.client.start_session(snapshot=is_at_once) as session:
        cursor = _cursor(collection, query, size, session)
        try:
            call.look()
            with in_use(call, server), limited(call):
                first = next(cursor, b"")
            with kept_alive(server, session):
                yield cursor, first
        finally:
            _close(cursor)


def _cursor(collection: Collection[Any], query: Query, size: int, session: ClientSession) -> Any:
    if query.pipeline is not None:
        return _Started(
            lambda: collection.aggregate_raw_batches(
                query.pipeline or [], session=session, batchSize=size, allowDiskUse=True
            )
        )
    # Nor does a cursor of a session end after ten minutes, so noCursorTimeout, which views refuse, is not needed.
    return collection.find_raw_batches(query.filter, query.projection, session=session, batch_size=size)


class _Started:
    """A cursor of an aggregate, which its driver begins when it is made, begun with its first batch."""

    def __init__(self, begin: Any) -> None:
        self._begin = begin
        self._cursor: Any = None

    def __iter__(self) -> _Started:
        return self

    def __next__(self) -> bytes:
        if self._cursor is None:
            self._cursor = self._begin()
        return bytes(next(self._cursor))

    def close(self) -> None:
        if self._cursor is not None:
            self._cursor.close()


def _close(cursor: Any) -> None:
    # A server that is gone ends its cursors with their session.
    with suppress(errors.PyMongoError, OSError), pymongo.timeout(_CLOSE_S):
        cursor.close()


@contextmanager
def _named(query: Query) -> Iterator[None]:
    """Say what the ends of a cursor mean for who reads."""
    try:
        yield
    except SourceFailure as failure:
        if failure.code in _LOST:
            text = (
                f"The database ended the cursor over {shown(query.collection)}; what was read is not all. Read again."
            )
            raise SourceFailure(text, code="cursor_lost") from None
        if failure.code == _TOO_OLD:
            text = (
                f"The database no longer has {shown(query.collection)} as it was when this export began. Read faster "
                "(larger pages), raise minSnapshotHistoryWindowInSeconds of the server, or start the engine with "
                "--choice mongodb_snapshots=false."
            )
            raise SourceFailure(text, code="snapshot_too_old") from None
        raise


@contextmanager
def kept_alive(server: Server, session: ClientSession, every_s: float = _REFRESH_S) -> Iterator[None]:
    """Refresh a session until the block ends, on a thread of its own: its reader may ask for no page for long."""
    over = threading.Event()

    def refresh() -> None:
        while not over.wait(every_s):
            # What fails here is told where the cursor is read.
            with suppress(errors.PyMongoError, OSError), pymongo.timeout(_CLOSE_S):
                server.client.admin.command("refreshSessions", [session.session_id])

    thread = threading.Thread(target=refresh, name="mongodb session", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_CLOSE_S)


def _chunk(batch: bytes, call: Call) -> Chunk:
    """Read a batch document by document: one that is damaged is told beside the page, and takes none with it."""
    chunk = Chunk([])
    start = 0
    while start < len(batch):
        end = start + int.from_bytes(batch[start : start + 4], "little")
        try:
            chunk.records.append(to_json(bson.decode(batch[start:end], CODEC)))
        except (BSONError, UnicodeError) as error:
            text = f"A document cannot be read and was left out: {error}."
            chunk.errors.append({"code": "unreadable_document", "message": text, "source": "application"})
            call.lost += 1
        start = end
    return chunk
