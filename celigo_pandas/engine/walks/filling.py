"""Filling a walk: the next pages are read from its source, cut off from it, and spooled; on a worker thread."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

from celigo_pandas.engine.choices import Choices
from celigo_pandas.engine.refusals import Refusal, refusal_of
from celigo_pandas.engine.storage.vault import Vault
from celigo_pandas.engine.texts import json_text
from celigo_pandas.engine.walks.page_spool import Spool
from celigo_pandas.engine.walks.page_state import PageState
from celigo_pandas.engine.walks.pages import Page
from celigo_pandas.engine.walks.walk import AHEAD, Walk

__all__ = ["Filler"]

_FRESH_BYTES = 1_000_000
"""Pages up to this size stay in memory until they are asked for the first time: at most AHEAD of them a walk."""


class Filler:
    """Fills the walks of an engine, one step of one walk at a time."""

    def __init__(self, spool: Spool, vault: Vault, choices: Choices) -> None:
        self._spool = spool
        self._vault = vault
        self._choices = choices

    def step(self, walk: Walk, wake: Callable[[], object], is_wanted: Callable[[Walk], bool]) -> None:
        """Fill pages until they are far enough ahead of the reader.

        Parameters
        ----------
        walk : Walk
        wake : callable
            Called with each page that was filled.
        is_wanted : callable
            Whether others wait for what the walk holds.
        """
        try:
            self._read_on(walk, wake, is_wanted)
        except Refusal:  # the walk was ended, or finds no room now
            raise
        except Exception as error:  # pages that were read could not be kept: without them the walk must not go on
            walk.fail(refusal_of(error))

    def _read_on(self, walk: Walk, wake: Callable[[], object], is_wanted: Callable[[Walk], bool]) -> None:
        while walk.wants_more:
            if walk.pending:
                self._spool.make_room(walk.id, walk.pending_bytes, walk.reader)
            walk.source.start_step()
            try:
                page = next(walk.source.pages, None)
            except Exception as error:
                try:
                    if walk.pending:
                        self._write(walk, at_end=False)
                finally:
                    walk.fail(refusal_of(error))
                break
            if walk.pending and (page is None or not walk.may_collect):
                self._write(walk, at_end=page is None)
                wake()
            if page is not None:
                walk.pending.append(page)
                walk.pending_bytes += len(page.head)
            walk.gives_way |= is_wanted(walk)

    def _write(self, walk: Walk, *, at_end: bool) -> None:
        """Spool the pages that wait for it."""
        first, last = walk.filled + 1, walk.filled + len(walk.pending)
        bodies = [
            self._body(walk, number, page, is_last=at_end and number == last)
            for number, page in enumerate(walk.pending, first)
        ]
        walk.pending, walk.pending_bytes = [], 0
        sizes = self._spool.add(walk.id, first, bodies, finished=at_end, used=walk.used)
        for number, body in enumerate(bodies, first):
            if len(body) <= _FRESH_BYTES and number <= walk.reader + AHEAD:
                walk.fresh[number] = body
        walk.ends += [walk.ends[-1] + size for size in itertools.accumulate(sizes)]
        walk.filled, walk.finished = last, at_end

    def _body(self, walk: Walk, number: int, page: Page, *, is_last: bool) -> bytes:
        walk.records += page.records
        totals = None
        if self._choices.state_has_totals:
            if is_last:
                totals = (number, walk.records)
            elif page.total is not None:
                totals = (-(-page.total // walk.source.page_size), page.total)
        state = PageState(walk.id, number + 1, walk.source.page_size, is_last, int(time.time()), totals)
        return page.head + self._tail(state, walk)

    def _tail(self, state: PageState, walk: Walk) -> bytes:
        if state.done and not self._choices.state_at_end:
            return b"}"
        wire = state.to_wire(self._vault, walk.source.connection_id, walk.source.digest)
        return b',"pagedExportState":' + json_text.dump(wire) + b"}"
