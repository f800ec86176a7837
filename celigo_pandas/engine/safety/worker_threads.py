"""Threads for what blocks, and how many of them one connection may have.

Adaptors are synchronous and may hang for as long as their source does. Each call runs on a thread of a bounded pool,
and each connection gets no more of them than its ``concurrencyLevel``, so that a source that hangs holds up its own
callers and nobody else.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from celigo_pandas.documents.concurrency import effective_level
from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.errors import Problem

__all__ = ["Gates", "Workers", "concurrency_of"]

T = TypeVar("T")


class Workers:
    """Two pools: `source` for what outer systems can hold up, `store` for short work on the engine's own files."""

    def __init__(self, source_threads: int = 400, store_threads: int = 6) -> None:
        self._source = ThreadPoolExecutor(source_threads, thread_name_prefix="source")
        self._store = ThreadPoolExecutor(store_threads, thread_name_prefix="store")

    async def source(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run work that may take as long as a source does."""
        return await asyncio.get_running_loop().run_in_executor(self._source, work, *arguments)

    async def store(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run short work."""
        return await asyncio.get_running_loop().run_in_executor(self._store, work, *arguments)

    def close(self) -> None:
        """Take no more work; threads that hang do not hold up the end of the process."""
        self._source.shutdown(wait=False, cancel_futures=True)
        self._store.shutdown(wait=True)


class Gates:
    """At most so many calls at once per connection; who waits too long is told to come back."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._gates: dict[str, tuple[int, asyncio.Semaphore]] = {}
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def hold(self, id: str, limit: int) -> AsyncIterator[None]:
        """Wait for one of `limit` places of connection `id`.

        Raises
        ------
        Refusal
            429 with ``Retry-After`` after `patience_s` seconds: nothing was begun.
        """
        known = self._gates.get(id)
        if known is None or known[0] != limit:
            known = self._gates[id] = (limit, asyncio.Semaphore(limit))
        gate = known[1]
        self._users[id] += 1
        try:
            try:
                await asyncio.wait_for(gate.acquire(), self._patience_s)
            except asyncio.TimeoutError:
                text = f"All {limit} places of this connection are taken by calls that its source has not answered."
                raise Refusal(429, [Problem("rate_limited", text)], {"Retry-After": "5"}) from None
            try:
                yield
            finally:
                gate.release()
        finally:
            self._users[id] -= 1
            if not self._users[id]:
                # Documents that are not stored come and go; a gate that nobody uses is as good as none.
                del self._users[id], self._gates[id]


def concurrency_of(doc: Mapping[str, Any]) -> tuple[str, int]:
    """Return the connection whose places these are, and how many there are."""
    return str(doc.get("_id", "virtual")), effective_level(doc)
