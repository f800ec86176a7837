"""The pages of all walks on disk: packed, counted, and bounded as a whole.

A page that finds no room takes it from its own walk's pages that were read long ago, then from the walk that nobody has
asked for for longest: that one is ended, and its reader is told why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from celigo_pandas.engine.failures import VaultError
from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.engine.storage.store import Store, WalkRow
from celigo_pandas.engine.storage.vault import Vault
from celigo_pandas.engine.walks.page_state import refused_state
from celigo_pandas.errors import Problem

__all__ = ["SPOOL_BYTES", "Spool"]

SPOOL_BYTES = 2_000_000_000
"""Pages of all walks together."""

IDLE_S = 5.0
"""A walk asked for since then is being read: it is not ended to make room."""

_REREAD = 8
"""Pages behind the reader that are kept where room is needed: for a request that is sent again."""


@dataclass(slots=True)
class _Kept:
    size: int
    used: float
    first: int = 1
    sizes: list[int] | None = None


class Spool:
    """What lies on disk of walks; every method may be called from any thread.

    Parameters
    ----------
    most_bytes : int
        Bound of all pages together.
    idle_s : float
        How long a walk must not have been asked for to be ended for the sake of others.
    """

    def __init__(self, store: Store, vault: Vault, *, most_bytes: int = SPOOL_BYTES, idle_s: float = IDLE_S) -> None:
        self._store = store
        self._vault = vault
        self._most_bytes = most_bytes
        self._idle_s = idle_s
        self._lock = threading.RLock()
        self._kept = {id: _Kept(size, used) for id, used, size in store.walk_sizes()}
        self._size = sum(kept.size for kept in self._kept.values())
        self._ended: dict[str, tuple[float, str]] = {}

    @property
    def size(self) -> int:
        """Bytes of all pages."""
        return self._size

    def make_room(self, walk_id: str, size: int, read_to: int) -> None:
        """Make room for pages of a walk whose reader has had `read_to` pages.

        Raises
        ------
        Refusal
            429: every walk in the spool is being read.
        """
        with self._lock:
            if self._size + size > self._most_bytes:
                self._drop_read(walk_id, read_to - _REREAD)
            while self._size + size > self._most_bytes:
                self._end_idlest(walk_id)

    def add(self, walk_id: str, first: int, bodies: Sequence[bytes], *, finished: bool, used: float) -> list[int]:
        """Write pages from number `first` on and return their sizes; :class:`Refusal` if the walk was ended."""
        packed = [self._vault.pack(body, f"{walk_id}:{number}") for number, body in enumerate(bodies, first)]
        sizes = list(map(len, packed))
        with self._lock:
            self.check(walk_id)
            self._store.add_pages(walk_id, first, packed, finished=finished, used=used)
            kept = self._kept.setdefault(walk_id, _Kept(0, used, sizes=[]))
            kept.size += sum(sizes)
            if kept.sizes is not None:
                kept.sizes += sizes
            self._size += sum(sizes)
        return sizes

    def body(self, walk_id: str, number: int) -> bytes:
        """Return a page; :class:`Refusal` 422 if it is no longer kept, or written with another key."""
        packed = self._store.page(walk_id, number)
        if packed is None:
            self.check(walk_id)
            kept = self._kept.get(walk_id)
            if kept is not None and number < kept.first:
                raise refused_state("Its page was read long ago and has made room for later ones.")
            raise refused_state("Its walk is no longer kept. Start the export again.")
        try:
            return self._vault.unpack(packed, f"{walk_id}:{number}")
        except VaultError as error:
            raise refused_state(f"{error} Start the export again.") from None

    def note_use(self, walk_id: str, used: float) -> None:
        """Remember when a walk was asked for; :meth:`write_use` keeps it for the next engine."""
        kept = self._kept.get(walk_id)
        if kept is not None:
            kept.used = used

    def write_use(self, walk_id: str, used: float) -> None:
        """Write down when a walk was asked for."""
        self.note_use(walk_id, used)
        self._store.touch_walk(walk_id, used)

    def row(self, walk_id: str) -> WalkRow | None:
        """Return what is known of a walk that was not dropped."""
        return self._store.walk(walk_id)

    def stop(self, walk_id: str, reason: str) -> None:
        """Take no more pages of a walk; who asks for one that is not there is told the reason."""
        self._ended[walk_id] = time.time(), reason

    def end(self, walk_id: str, reason: str) -> None:
        """Stop a walk and drop its pages."""
        with self._lock:
            self._forget(walk_id)
            self._store.drop_walk(walk_id)
            self.stop(walk_id, reason)

    def check(self, walk_id: str) -> None:
        """Raise :class:`Refusal` with the reason if a walk was stopped."""
        ended = self._ended.get(walk_id)
        if ended is not None:
            raise refused_state(ended[1])

    def is_stopped(self, walk_id: str) -> bool:
        """Whether :meth:`check` would raise."""
        return walk_id in self._ended

    def drop_unused(self, since: float) -> None:
        """Drop all walks that were not asked for since then."""
        with self._lock:
            for walk_id in self._store.drop_walks(since):
                self._forget(walk_id)
            self._ended = {id: ended for id, ended in self._ended.items() if ended[0] >= since}

    # ----------------------------------------------------------------------------------------------------------

    def _forget(self, walk_id: str) -> None:
        kept = self._kept.pop(walk_id, None)
        self._size -= 0 if kept is None else kept.size

    def _drop_read(self, walk_id: str, last: int) -> None:
        kept = self._kept.get(walk_id)
        if kept is None:
            return
        if kept.sizes is None:
            # An engine before wrote them.
            known = self._store.page_sizes(walk_id)
            kept.sizes = [known.get(number, 0) for number in range(1, max(known, default=0) + 1)]
            kept.first = min(known, default=1)
        if last < kept.first:
            return
        self._store.drop_pages(walk_id, last)
        freed = sum(kept.sizes[kept.first - 1 : last])
        kept.first = last + 1
        kept.size -= freed
        self._size -= freed

    def _end_idlest(self, wanting: str) -> None:
        since = time.time() - self._idle_s
        idle = [(kept.used, id) for id, kept in self._kept.items() if id != wanting and kept.used < since]
        if not idle:
            text = f"The spool is full: {self._size:,} bytes of pages wait for their readers."
            raise Refusal(429, [Problem("rate_limited", text)], {"Retry-After": "5"})
        used, walk_id = min(idle)
        self.end(
            walk_id,
            f"Its walk was ended after {time.time() - used:.0f} idle seconds, to make room for others: the spool holds "
            f"{self._most_bytes:,} bytes. Start the export again, and read it without a pause.",
        )
