"""The walk of a paged export: its source is read once, its pages are spooled a few ahead of the reader.

Filling is a series of short steps on a worker thread, each begun by a request for a page; between steps nothing but
the source's cursor is held. Pages lie in the store as they were first made, with their signed state, so that a page
asked for twice is the same to the byte. A restarted engine still has what was filled, and reads the source again to
that place for the rest, where it gives the same pages once more. A walk that nobody has asked for in 15 minutes is
dropped.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from celigo_pandas.engine import json_text
from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.page_state import PageState, refused_state
from celigo_pandas.engine.pages import Page
from celigo_pandas.engine.refusals import Refusal, invalid, refusal_of
from celigo_pandas.engine.store import Store
from celigo_pandas.engine.vault import Vault, VaultError
from celigo_pandas.engine.workers import Gates, Workers

__all__ = ["AHEAD", "OPEN_WALKS", "Rest", "Walk", "WalkSource", "Walks"]

AHEAD = 4
"""Pages filled ahead of the reader: at most 20 MB of spool a walk that was not asked for."""

OPEN_WALKS = 100
"""Walks with an open cursor; beyond, the one idle for longest is closed (its filled pages stay)."""

_PAST_END = b'{"data":[],"dataURIs":[]}'
_TOUCH_S = 20.0
_FRESH_BYTES = 1_000_000
"""Pages up to this size stay in memory until they are asked for the first time: at most AHEAD of them a walk."""
_OVERDUE_S = 60.0


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left to do to a source once its reader is given the last page: `settle`, while `waiting` holds something.

    `settle` raises :class:`Refusal`; it is called again when the last page is asked for again.
    """

    waiting: Sequence[object] = ()
    settle: Callable[[], None] = lambda: None


@dataclass(slots=True)
class WalkSource:
    """What a walk reads: the pages of one export through one connection, from the first on."""

    connection_id: str
    gate: tuple[str, int]
    digest: str
    page_size: int
    pages: Iterator[Page]
    stop: Event
    start_step: Callable[[], None]
    rest: Rest = Rest()


@dataclass(slots=True)
class Walk:
    """One walk in progress. `fill` runs on one worker at a time; everything else on the event loop."""

    id: str
    source: WalkSource
    used: float
    touched: float
    reader: int = 1
    filled: int = 0
    records: int = 0
    finished: bool = False
    failure: Refusal | None = None
    is_filling: bool = False
    is_closed: bool = False
    pending: Page | None = None
    fresh: dict[int, bytes] = field(default_factory=dict)
    waiters: list[asyncio.Future[None]] = field(default_factory=list)
    settling: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_unsettled(self) -> bool:
        """Whether something is left to do to the source, which only the request for the last page begins."""
        return self.finished and bool(self.source.rest.waiting)

    @property
    def wants_more(self) -> bool:
        """Whether a step has something to do."""
        return not (self.finished or self.failure or self.is_closed) and self.filled < self.reader + AHEAD


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
        store: Store,
        vault: Vault,
        choices: Choices,
        workers: Workers,
        gates: Gates,
        call_timeout_s: float,
        *,
        most_open: int = OPEN_WALKS,
    ) -> None:
        self._most_open = most_open
        self._store = store
        self._vault = vault
        self._choices = choices
        self._workers = workers
        self._gates = gates
        self._call_timeout_s = call_timeout_s
        self._open: dict[str, Walk] = {}
        self._forgotten: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, source: WalkSource) -> bytes:
        """Start a walk and return the body of its first page.

        Raises
        ------
        Refusal
            The source failed before it gave a page, or did not give one in time.
        """
        now = time.time()
        walk = Walk(os.urandom(12).hex(), source, now, now)
        self._open[walk.id] = walk
        await self._make_room()
        return await self._page_of(walk, 1)

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
            422: the state has expired; or the page was not filled before the cursor was gone, and the source cannot be
            read again or gives other pages now.
        """
        now = time.time()
        walk = self._open.get(state.walk_id)
        if walk is not None and now - walk.used <= self._choices.state_lifetime_s:
            return await self._page_of(walk, state.page_index)
        row = await self._workers.store(self._store.walk, state.walk_id)
        if walk is not None or row is None or now - row.used > self._choices.state_lifetime_s:
            await self.sweep()
            raise refused_state(
                f"It has expired: a walk is kept for {self._choices.state_lifetime_s:g} seconds after its last "
                "request. Start the export again."
            )
        await self._workers.store(self._store.touch_walk, state.walk_id, now)
        if state.page_index <= row.filled:
            return await self._workers.store(self._body, state.walk_id, state.page_index)
        if row.finished:
            return _PAST_END
        return await self._page_of(await self._taken_up(state.walk_id, row.filled, again), state.page_index)

    async def _taken_up(self, walk_id: str, filled: int, again: WalkSource | None) -> Walk:
        """Open a walk again behind the pages that are spooled."""
        if walk_id in self._open:  # another request was faster
            return self._open[walk_id]
        if again is None:
            raise refused_state(
                "Its walk was ended before this page was filled, and reading this export changes its source, so it is "
                "not read again. Start the export again."
            )
        if walk_id in self._forgotten:
            raise refused_state("Its walk was ended: its connection was changed. Start the export again.")
        now = time.time()
        walk = self._open[walk_id] = Walk(walk_id, again, now, now, filled=filled)
        again.pages = self._behind_the_spool(walk, again.pages, filled)
        await self._make_room()
        return walk

    def _behind_the_spool(self, walk: Walk, pages: Iterator[Page], filled: int) -> Iterator[Page]:
        """Read what is spooled once more, compare it, and go on behind it; on a worker thread."""
        try:
            for number in range(1, filled + 1):
                page = next(pages, None)
                if page is None or not self._body(walk.id, number).startswith(page.head + b',"pagedExportState"'):
                    raise refused_state(
                        f"Its walk was ended before this page was filled, and the source gives another page {number} "
                        "now. Start the export again."
                    )
                walk.records += page.records
            yield from pages
        finally:
            _close_pages(pages)

    def is_open(self, state: PageState) -> bool:
        """Whether a state's walk is in progress: its connection is there, and unchanged since it began."""
        return state.walk_id in self._open

    async def sweep(self) -> None:
        """Drop what has expired."""
        since = time.time() - self._choices.state_lifetime_s
        for walk in [walk for walk in self._open.values() if walk.used < since and not walk.waiters]:
            await self._close(walk)
        kept = [walk for walk in self._open.values() if walk.used >= since]
        for walk in kept:
            walk.touched = walk.used
            await self._workers.store(self._store.touch_walk, walk.id, walk.used)
        self._forgotten.difference_update(await self._workers.store(self._store.drop_walks, since))

    async def close(self) -> None:
        """Close every open source."""
        for walk in list(self._open.values()):
            await self._close(walk)

    async def forget_connection(self, connection_id: str) -> None:
        """Close the sources of a connection that was changed or deleted; filled pages stay."""
        for walk in [walk for walk in self._open.values() if walk.source.connection_id == connection_id]:
            self._forgotten.add(walk.id)
            await self._close(walk)

    # ----------------------------------------------------------------------------------------------------------

    async def _page_of(self, walk: Walk, number: int) -> bytes:
        walk.used = time.time()
        walk.reader = max(walk.reader, number)
        if walk.used - walk.touched > min(_TOUCH_S, self._choices.state_lifetime_s / 4) and walk.filled:
            walk.touched = walk.used
            await self._workers.store(self._store.touch_walk, walk.id, walk.used)
        self._drive(walk)
        deadline = time.monotonic() + self._call_timeout_s
        while walk.filled < number:
            if walk.finished:
                return _PAST_END
            if walk.failure is not None:
                raise walk.failure.with_traceback(None)
            if walk.is_closed:
                raise refused_state("Its walk was ended: its connection was changed. Start the export again.")
            await self._wait(walk, deadline)
        if walk.is_unsettled and number == walk.filled:
            await self._settle(walk)
        fresh = walk.fresh.pop(number, None)
        return fresh if fresh is not None else await self._workers.store(self._body, walk.id, number)

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

    def _drive(self, walk: Walk) -> None:
        if walk.wants_more and not walk.is_filling:
            walk.is_filling = True
            task = asyncio.get_running_loop().create_task(self._fill(walk))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _fill(self, walk: Walk) -> None:
        loop = asyncio.get_running_loop()
        try:
            while walk.wants_more:
                async with self._gates.hold(*walk.source.gate):
                    await self._workers.source(self._step, walk, lambda: loop.call_soon_threadsafe(_wake, walk))
        except Refusal as refusal:
            # Busy is no fate of the walk: who waits is told, and may ask again.
            _fail(walk, refusal)
        finally:
            walk.is_filling = False
            if walk.is_closed or walk.finished or walk.failure:
                await self._workers.source(_close_pages, walk.source.pages)
            _wake(walk)

    def _step(self, walk: Walk, wake: Callable[[], object]) -> None:
        """Fill pages until the reader is far enough ahead of; on a worker thread."""
        walk.source.start_step()
        while walk.wants_more:
            try:
                page = next(walk.source.pages, None)
            except Exception as error:
                if walk.pending is not None:
                    self._write(walk, walk.pending, last=False)
                walk.pending, walk.failure = None, refusal_of(error)
                # A failure is kept for as long as the walk; the frames that it came through are not.
                walk.failure.__traceback__ = walk.failure.__context__ = None
                break
            if walk.pending is not None:
                self._write(walk, walk.pending, last=page is None)
                wake()
            walk.pending = page

    def _write(self, walk: Walk, page: Page, *, last: bool) -> None:
        number = walk.filled + 1
        walk.records += page.records
        totals = None
        if self._choices.state_has_totals:
            if last:
                totals = (number, walk.records)
            elif page.total is not None:
                totals = (-(-page.total // walk.source.page_size), page.total)
        body = page.head + self._tail(
            PageState(walk.id, number + 1, walk.source.page_size, last, int(time.time()), totals), walk
        )
        packed = self._vault.pack(body, f"{walk.id}:{number}")
        self._store.add_page(walk.id, number, packed, finished=last, used=walk.used)
        if len(body) <= _FRESH_BYTES:
            walk.fresh[number] = body
        walk.filled, walk.finished = number, last

    def _tail(self, state: PageState, walk: Walk) -> bytes:
        if state.done and not self._choices.state_at_end:
            return b"}"
        wire = state.to_wire(self._vault, walk.source.connection_id, walk.source.digest)
        return b',"pagedExportState":' + json_text.dump(wire) + b"}"

    def _body(self, walk_id: str, number: int) -> bytes:
        packed = self._store.page(walk_id, number)
        if packed is None:
            raise refused_state("Its walk is no longer kept. Start the export again.")
        try:
            return self._vault.unpack(packed, f"{walk_id}:{number}")
        except VaultError as error:
            raise refused_state(f"{error} Start the export again.") from None

    async def _make_room(self) -> None:
        idle = [walk for walk in self._open.values() if not walk.is_filling and not walk.waiters and walk.filled]
        for walk in [walk for walk in idle if walk.finished or walk.failure]:
            if time.time() - walk.used > _OVERDUE_S and not walk.is_unsettled:
                self._open.pop(walk.id, None)
        holding = sorted((walk for walk in idle if not walk.finished), key=lambda walk: walk.used)
        for walk in holding[: max(0, len(self._open) - self._most_open)]:
            await self._close(walk)

    async def _close(self, walk: Walk) -> None:
        self._open.pop(walk.id, None)
        walk.fresh.clear()
        walk.is_closed = True
        walk.source.stop.set()
        _wake(walk)
        if not walk.is_filling:
            await self._workers.source(_close_pages, walk.source.pages)


def _wake(walk: Walk) -> None:
    for waiter in walk.waiters:
        if not waiter.done():
            waiter.set_result(None)


def _fail(walk: Walk, refusal: Refusal) -> None:
    for waiter in walk.waiters:
        if not waiter.done():
            waiter.set_exception(refusal)


def _close_pages(pages: Iterator[Page]) -> None:
    close: Any = getattr(pages, "close", None)
    if close is not None:
        with suppress(Exception):
            close()
