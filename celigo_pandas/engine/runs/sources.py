"""The way to outer systems: a stored connection, one of its places, a worker, and an end when the time is up."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from celigo_pandas.engine.adaptors.protocol import Call
from celigo_pandas.engine.refusals import invalid
from celigo_pandas.engine.runs.calls import Access, CallFactory
from celigo_pandas.engine.safety.worker_threads import Gates, Workers, concurrency_of
from celigo_pandas.engine.storage.access import Caches, SavedAccess, VirtualAccess
from celigo_pandas.engine.storage.document_service import DocumentService
from celigo_pandas.engine.storage.store import Row
from celigo_pandas.engine.texts import json_text

__all__ = ["Sources"]

T = TypeVar("T")

_GRACE_S = 5.0
"""Adaptors end their calls at the deadline themselves; this is for those that cannot."""


class Sources:
    """What every run needs to reach an outer system.

    Parameters
    ----------
    documents : DocumentService
    caches : Caches
    workers : Workers
    gates : Gates
    calls : CallFactory
    limit_s : float
        Seconds that one piece of work may take.
    """

    def __init__(
        self,
        documents: DocumentService,
        caches: Caches,
        workers: Workers,
        gates: Gates,
        calls: CallFactory,
        limit_s: float,
    ) -> None:
        self._documents = documents
        self._caches = caches
        self._workers = workers
        self._gates = gates
        self._calls = calls
        self._limit_s = limit_s

    def access(self, connection_id: str) -> SavedAccess:
        """Return a stored connection; :class:`Refusal` 404 if there is none."""
        return SavedAccess(self._documents.row("connections", connection_id), self._documents, self._caches)

    async def connection(self, connection_id: str) -> SavedAccess:
        """Return a stored connection, read on a thread of the store's; :class:`Refusal` 404 if there is none."""
        return await self._workers.store(self.access, connection_id)

    async def saved(self, kind: str, id: str) -> Row:
        """Return a saved ``exports`` or ``imports`` document; :class:`Refusal` 404 if there is none."""
        return await self._workers.store(self._documents.row, kind, id)

    async def unlock(self, access: Access) -> None:
        """Read a connection's secrets before its source is begun; a wrong key is told now."""
        await self._workers.store(access.redactor)

    async def mark(self, access: Access, *, offline: bool) -> None:
        """Note whether a connection is offline."""
        await self._workers.store(access.set_offline, offline)

    def call(self, access: Access, kind: str, doc: Mapping[str, Any]) -> Call:
        """Return the call of one ``export``, ``import`` or ``connection`` (ping) document."""
        return self._calls.make(access, kind, doc)

    def extend(self, call: Call) -> None:
        """Give a call its full time again (the next page of a walk)."""
        self._calls.extend(call)

    def places(self, access: Access) -> tuple[str, int]:
        """Return whose places a connection uses, and how many; a borrowed level counts for both connections at once.

        A document that is not stored has places of its own: neither those of other such documents, nor those of the
        stored connection whose ``_id`` it may bear.
        """
        doc = access.masked
        lender = doc.get("_borrowConcurrencyFromConnectionId")
        row = self._documents.store.get("connections", lender) if isinstance(lender, str) else None
        if row is not None:
            return concurrency_of(row.doc)
        own, count = concurrency_of(doc)
        if isinstance(access, VirtualAccess):
            own = f"virtual {hashlib.sha256(json_text.dump(doc)).hexdigest()}"
        return own, count

    async def work(self, access: Access, call: Call, work: Callable[[], T], note: str = "") -> T:
        """Run work on one of the connection's places; a source that hangs is answered for when its time is up.

        Parameters
        ----------
        access : SavedAccess or VirtualAccess
        call : Call
            Ended when the time is up.
        work : callable
            Runs on a worker's thread.
        note : str
            Said of work that did not end.

        Raises
        ------
        Refusal
            429: all places are taken. 422: the source did not answer in time.
        """

        def timed() -> T:
            call.deadline = time.monotonic() + self._limit_s
            return work()

        begun = asyncio.Event()

        async def held() -> T:
            async with self._gates.hold(*self.places(access)):
                begun.set()
                return await self._workers.source(timed)

        # The place is held until the thread is free again, not until the request is answered.
        task = asyncio.ensure_future(held())
        waiting = asyncio.ensure_future(begun.wait())
        try:
            # Waiting for a place has its own end (429) and is no time of the source.
            await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        done, _ = await asyncio.wait([task], timeout=self._limit_s + _GRACE_S)
        if not done:
            call.stop.set()
            task.add_done_callback(_forget)
            raise invalid("source_timeout", f"The source did not answer in {self._limit_s:g} seconds.{note}")
        return task.result()


def _forget(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
