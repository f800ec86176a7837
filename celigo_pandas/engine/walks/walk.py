"""One walk in progress: what it holds at its source, how far it has come, and who waits for its pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.engine.walks.pages import Page

__all__ = ["AHEAD", "NOTHING_HELD", "NOTHING_LEFT", "WALK_BYTES", "Held", "Rest", "Walk", "WalkSource"]

AHEAD = 4
"""Pages filled ahead of the reader: at most 20 MB of spool a walk that was not asked for."""

WALK_BYTES = 500_000_000
"""Pages that a walk fills ahead of its reader to let go of its source."""

_TOGETHER_BYTES = 500_000
"""Pages that are written in one transaction: small ones take longer to commit than to read."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left to do to a source once its reader is given the last page: `settle`, while `waiting` holds something.

    `settle` raises :class:`Refusal`; it is called again when the last page is asked for again.
    """

    waiting: Sequence[object] = ()
    settle: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Held:
    """What an open walk keeps others from.

    Parameters
    ----------
    place : callable
        Names what the open source may lock, None while it locks nothing.
    title : str
        Who reads, for those who are kept waiting.
    may_read_on : bool
        Whether reading pages that nobody asked for does nothing to the source.
    """

    place: Callable[[], str | None] = lambda: None
    title: str = "an export"
    may_read_on: bool = True


NOTHING_LEFT = Rest()
NOTHING_HELD = Held()


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
    rest: Rest = NOTHING_LEFT
    held: Held = NOTHING_HELD

    def close(self) -> None:
        """Let go of it; on a worker, while no step runs."""
        close: Any = getattr(self.pages, "close", None)
        if close is not None:
            with suppress(Exception):
                close()


@dataclass(slots=True)
class Walk:
    """One walk in progress. One step at a time fills it, on a worker; everything else is done on the event loop."""

    id: str
    source: WalkSource
    used: float
    touched: float
    reader: int = 1
    filled: int = 0
    records: int = 0
    finished: bool = False
    failure: Refusal | None = None
    is_closed: bool = False
    gives_way: bool = False
    pending: list[Page] = field(default_factory=list)
    pending_bytes: int = 0
    fresh: dict[int, bytes] = field(default_factory=dict)
    ends: list[int] = field(default_factory=lambda: [0])
    waiters: list[asyncio.Future[None]] = field(default_factory=list)
    fillers: set[str] = field(default_factory=set)
    stepping: asyncio.Lock = field(default_factory=asyncio.Lock)
    settling: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_unsettled(self) -> bool:
        """Whether something is left to do to the source, which only the request for the last page begins."""
        return self.finished and bool(self.source.rest.waiting)

    @property
    def is_open(self) -> bool:
        """Whether it holds its source."""
        return not (self.finished or self.failure or self.is_closed)

    @property
    def wants_more(self) -> bool:
        """Whether a step has something to do."""
        return self.is_open and (
            self.filled < self.reader + AHEAD or (self.gives_way and self.ahead + self.pending_bytes < WALK_BYTES)
        )

    @property
    def ahead(self) -> int:
        """Bytes that are filled ahead of the reader."""
        return self.ends[self.filled] - self.ends[min(self.reader, self.filled)]

    @property
    def may_collect(self) -> bool:
        """Whether the pages that were read may wait to be written with the next ones: nobody asks for them soon."""
        return self.filled >= self.reader + AHEAD and self.pending_bytes < _TOGETHER_BYTES

    @property
    def can_give_way(self) -> bool:
        """Whether it holds a place that others may want, and may be read on for their sake."""
        return self.is_open and self.filled > 0 and self.source.held.may_read_on and self.place is not None

    @property
    def place(self) -> str | None:
        """What its source may lock, None while it locks nothing."""
        return self.source.held.place()

    def fail(self, failure: Refusal) -> None:
        """Refuse with `failure` the pages behind those that are filled; a later failure changes nothing."""
        if self.failure is None:
            # It is kept for as long as the walk; the frames that it came through are not.
            failure.__traceback__ = failure.__context__ = None
            self.failure = failure

    def wake(self) -> None:
        """Let those who wait look again."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)

    def tell(self, refusal: Refusal) -> None:
        """Refuse those who wait now: no fate of the walk, they may ask again."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_exception(refusal)
