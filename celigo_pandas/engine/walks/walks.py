"""The walks of paged exports: each source is read once, its pages are spooled a few ahead of the reader.

Filling is a series of short steps on a worker thread, each begun by a request for a page; between steps nothing but
the source's cursor is held. Pages lie in the spool as they were first made, with their signed state, so that a page
asked for twice is the same to the byte. A restarted engine still has what was filled, and reads the source again to
that place for the rest, where it gives the same pages once more. A walk that nobody has asked for in 15 minutes is
dropped.

An open cursor may keep others from their work, so it gives way: some seconds after the last request, and as soon as
somebody writes to the same place, the rest is read into the spool and the source let go.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.refusals import Refusal, invalid
from celigo_pandas.engine.safety.worker_threads import Gates, Workers
from celigo_pandas.engine.storage.vault import Vault
from celigo_pandas.engine.walks.filling import Filler
from celigo_pandas.engine.walks.page_spool import Spool
from celigo_pandas.engine.walks.page_state import PageState, refused_state
from celigo_pandas.engine.walks.pages import Page
from celigo_pandas.engine.walks.walk import Walk, WalkSource

__all__ = ["OPEN_WALKS", "Walks"]

OPEN_WALKS = 100
"""Walks with an open cursor; beyond, the one idle for longest is closed (its filled pages stay)."""

GIVE_WAY_S = 3.0
"""After its last request a walk reads on by itself, to let go of its source."""

ABANDONED_S = 60.0
"""A walk that cannot be read on, or no further, is ended when nobody has asked for it for so long."""

_CHANGED = "Its walk was ended: its connection was changed. Start the export again."
_PAST_END = b'{"data":[],"dataURIs":[]}'
_TOUCH_S = 20.0
_OVERDUE_S = 60.0


class Walks:
    """All walks of the engine.

    Parameters
    ----------
    call_timeout_s : float
        How long a request waits for a page.
    most_open : int
        Walks that may hold a cursor at once.
    """

    def __init__(
        self,
        spool: Spool,
        vault: Vault,
        choices: Choices,
        workers: Workers,
        gates: Gates,
        call_timeout_s: float,
        *,
        most_open: int = OPEN_WALKS,
    ) -> None:
        self._most_open = most_open
        self._spool = spool
        self._choices = choices
        self._workers = workers
        self._gates = gates
        self._filler = Filler(spool, vault, choices)
        self._call_timeout_s = call_timeout_s
        self._open: dict[str, Walk] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted: Counter[str] = Counter()
        self._lock = threading.Lock()

    async def begin(self, source: WalkSource) -> tuple[str, bytes]:
        """Start a walk and return its id and the body of its first page.

        Raises
        ------
        Refusal
            The source failed before it gave a page, or did not give one in time.
        """
        self._loop = asyncio.get_running_loop()
        now = time.time()
        walk = Walk(os.urandom(12).hex(), source, now, now)
        self._open[walk.id] = walk
        await self._make_room()
        return walk.id, await self._page_of(walk, 1)

    async def page(self, state: PageState, again: WalkSource | None = None) -> bytes:
        """Return the body of the page that `state` names.

        Parameters
        ----------
        state : PageState
        again : WalkSource, optional
            The source anew, for a walk whose cursor is gone (the engine was restarted): it is read to the place where
            the spool ends, if it gives the same pages once more.

        Raises
        ------
        Refusal
            422: the state has expired, or the page was not filled before the engine was restarted.
        """
        now = time.time()
        walk = self._open.get(state.walk_id)
        if walk is not None and now - walk.used <= self._choices.state_lifetime_s:
            return await self._page_of(walk, state.page_index)
        row = await self._workers.store(self._spool.row, state.walk_id)
        if walk is not None or row is None or now - row.used > self._choices.state_lifetime_s:
            await self.sweep()
            self._spool.check(state.walk_id)
            raise refused_state(
                f"It has expired: a walk is kept for {self._choices.state_lifetime_s:g} seconds after its last "
                "request. Start the export again."
            )
        await self._workers.store(self._spool.write_use, state.walk_id, now)
        if state.page_index <= row.filled:
            return await self._workers.store(self._spool.body, state.walk_id, state.page_index)
        if row.finished:
            return _PAST_END
        return await self._page_of(await self._taken_up(state.walk_id, row.filled, again), state.page_index)

    async def _taken_up(self, walk_id: str, filled: int, again: WalkSource | None) -> Walk:
        """Open a walk again behind the pages that are spooled."""
        if walk_id in self._open:  # another request was faster
            return self._open[walk_id]
        self._spool.check(walk_id)
        if again is None:
            raise refused_state(
                "Its walk was ended before this page was filled, and reading this export changes its source, so it is "
                "not read again. Start the export again."
            )
        self._loop = asyncio.get_running_loop()
        now = time.time()
        walk = Walk(walk_id, again, now, now, filled=filled, ends=[0] * (filled + 1))
        again.pages = self._behind_the_spool(walk, again.pages, filled)
        self._open[walk_id] = walk
        await self._make_room()
        return walk

    def _behind_the_spool(self, walk: Walk, pages: Iterator[Page], filled: int) -> Iterator[Page]:
        """Read what is spooled once more, compare it, and go on behind it; on a worker thread."""
        try:
            for number in range(1, filled + 1):
                page = next(pages, None)
                if page is None or not self._spool.body(walk.id, number).startswith(page.head + b',"pagedExportState"'):
                    raise refused_state(
                        f"Its walk was ended before this page was filled, and the source gives another page {number} "
                        "now. Start the export again."
                    )
                walk.records += page.records
            yield from pages
        finally:
            replace(walk.source, pages=pages).close()

    def is_open(self, state: PageState) -> bool:
        """Whether a state's walk is in progress: its connection is there, and unchanged since it began."""
        return state.walk_id in self._open

    async def leave(self, connection_id: str, walk_id: str) -> None:
        """End a walk that its reader leaves, and drop its pages; one that is not there is left already."""
        walk = self._open.get(walk_id)
        if walk is not None and walk.source.connection_id == connection_id:
            await self._close(walk)
            await self._workers.store(self._spool.end, walk_id, "Its reader has ended the walk.")

    async def sweep(self) -> None:
        """Drop what has expired."""
        since = time.time() - self._choices.state_lifetime_s
        for walk in [walk for walk in self._open.values() if walk.used < since and not walk.waiters]:
            await self._close(walk)
        kept = [walk for walk in self._open.values() if walk.used >= since]
        for walk in kept:
            walk.touched = walk.used
            await self._workers.store(self._spool.write_use, walk.id, walk.used)
        await self._workers.store(self._spool.drop_unused, since)

    async def tend(self) -> None:
        """Let walks that nobody asks for give way; called about once a second."""
        now = time.time()
        for walk in [walk for walk in self._open.values() if not walk.waiters]:
            if self._spool.is_stopped(walk.id):
                await self._close(walk)
            elif now - walk.used > GIVE_WAY_S and walk.can_give_way:
                walk.gives_way = True
                self._drive(walk, "give way")
            if now - walk.used > ABANDONED_S and self._is_stuck(walk):
                await self._abandon(walk)

    @contextmanager
    def writing(self, place: str) -> Iterator[None]:
        """Let the open walks of a place read on to their ends while somebody writes there; used on worker threads."""
        with self._lock:
            self._wanted[place] += 1
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._hurry, place)
            yield
        finally:
            with self._lock:
                self._wanted[place] -= 1
                self._wanted += Counter()  # without those that nobody wants any more

    def readers(self, place: str) -> list[str]:
        """Say who holds a place open."""
        now = time.time()
        return [
            f"{walk.source.held.title}, asked for a page {max(0.0, now - walk.used):.0f} s ago"
            for walk in list(self._open.values())
            if walk.is_open and walk.place == place
        ]

    def progress(self, place: str) -> int:
        """Return a number that changes while the walks that hold a place read on."""
        return sum(walk.filled + len(walk.pending) for walk in list(self._open.values()) if walk.place == place)

    async def close(self) -> None:
        """Close every open source."""
        for walk in list(self._open.values()):
            await self._close(walk)

    async def forget_connection(self, connection_id: str) -> None:
        """Close the sources of a connection that was changed or deleted; filled pages stay."""
        for walk in [walk for walk in self._open.values() if walk.source.connection_id == connection_id]:
            self._spool.stop(walk.id, _CHANGED)
            await self._close(walk)

    # ----------------------------------------------------------------------------------------------------------

    async def _page_of(self, walk: Walk, number: int) -> bytes:
        walk.used = time.time()
        walk.reader = max(walk.reader, number)
        walk.gives_way = self._is_wanted(walk)
        self._spool.note_use(walk.id, walk.used)
        if walk.used - walk.touched > min(_TOUCH_S, self._choices.state_lifetime_s / 4) and walk.filled:
            walk.touched = walk.used
            await self._workers.store(self._spool.write_use, walk.id, walk.used)
        self._drive(walk)
        deadline = time.monotonic() + self._call_timeout_s
        while walk.filled < number:
            if walk.finished:
                return _PAST_END
            if walk.failure is not None:
                raise walk.failure.with_traceback(None)
            if walk.is_closed:
                self._spool.check(walk.id)
                raise refused_state(_CHANGED)
            self._drive(walk)  # who was woken for another page, as a filler was refused, has to be told too
            await self._wait(walk, deadline)
        if walk.is_unsettled and number == walk.filled:
            await self._settle(walk)
        fresh = walk.fresh.pop(number, None)
        return fresh if fresh is not None else await self._workers.store(self._spool.body, walk.id, number)

    async def _settle(self, walk: Walk) -> None:
        """Finish with the source before its last page is answered: all pages lie in the store by now."""
        async with walk.settling:
            if walk.is_unsettled and not walk.is_closed:
                walk.source.start_step()
                async with self._gates.hold(*walk.source.gate):
                    await self._workers.source(walk.source.rest.settle)

    async def _wait(self, walk: Walk, deadline: float) -> None:
        waiter = asyncio.get_running_loop().create_future()
        walk.waiters.append(waiter)
        try:
            await asyncio.wait_for(waiter, max(0.0, deadline - time.monotonic()))
        except asyncio.TimeoutError:
            text = (
                f"The source gave no page in {self._call_timeout_s:g} seconds. Send the same request again to wait on."
            )
            raise invalid("source_timeout", text) from None
        finally:
            with suppress(ValueError):
                walk.waiters.remove(waiter)

    def _drive(self, walk: Walk, why: str = "asked") -> None:
        if walk.wants_more and why not in walk.fillers:
            walk.fillers.add(why)
            self._begin_task(self._fill(walk, why))

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fill(self, walk: Walk, why: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            while walk.wants_more:
                async with self._place(walk, why), walk.stepping:
                    wake = partial(loop.call_soon_threadsafe, walk.wake)
                    await self._workers.source(self._filler.step, walk, wake, self._is_wanted)
        except Refusal as refusal:
            # Busy is no fate of the walk: who waits is told, and may ask again.
            walk.tell(refusal)
        finally:
            walk.fillers.discard(why)
            if not walk.is_open:
                async with walk.stepping:
                    await self._workers.source(walk.source.close)
            walk.wake()

    @asynccontextmanager
    async def _place(self, walk: Walk, why: str) -> AsyncIterator[None]:
        """Take one of the connection's places, but not to give way: those it gives way to may hold them all."""
        if why == "asked":
            async with self._gates.hold(*walk.source.gate):
                yield
        else:
            yield

    # giving way -----------------------------------------------------------------------------------------------

    def _is_wanted(self, walk: Walk) -> bool:
        return walk.can_give_way and self._wanted.get(walk.place or "", 0) > 0

    def _hurry(self, place: str) -> None:
        for walk in self._open.values():
            if walk.can_give_way and walk.place == place:
                walk.gives_way = True
                self._drive(walk, "give way")
                if self._is_stuck(walk) and time.time() - walk.used > GIVE_WAY_S:
                    self._begin_task(self._abandon(walk))

    def _is_stuck(self, walk: Walk) -> bool:
        return walk.is_open and not walk.fillers and walk.place is not None

    async def _abandon(self, walk: Walk) -> None:
        text = (
            f"Its walk was ended after {time.time() - walk.used:.0f} idle seconds, for it kept others from their work: "
            "what it had still to read was too much to be kept. Start the export again, and read it without a pause."
        )
        self._spool.stop(walk.id, text)
        await self._close(walk)

    async def _make_room(self) -> None:
        idle = [walk for walk in self._open.values() if not walk.fillers and not walk.waiters and walk.filled]
        idle.sort(key=lambda walk: walk.used)
        done = [walk for walk in idle if not walk.is_open and not walk.is_unsettled]
        for position, walk in enumerate(done):
            # The spool has their pages.
            if time.time() - walk.used > _OVERDUE_S or len(done) - position > self._most_open:
                self._open.pop(walk.id, None)
        held = sum(walk.is_open for walk in self._open.values())
        for walk in [walk for walk in idle if walk.is_open][: max(0, held - self._most_open)]:
            await self._close(walk)

    async def _close(self, walk: Walk) -> None:
        self._open.pop(walk.id, None)
        walk.fresh.clear()
        walk.is_closed = True
        walk.source.stop.set()
        walk.wake()
        if not walk.fillers:
            await self._workers.source(walk.source.close)
