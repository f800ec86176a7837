"""Decoding beside the network: one thread takes pages in order while the next request is on its way.

Small pages are gathered to blocks, because a block costs a fixed price whatever it holds. The queue is short, so that a
fast server cannot fill the memory with pages that wait.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field

from celigo_pandas.frames.columnar import Marked
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import Ladder
from celigo_pandas.paging import Page

__all__ = ["BackgroundDecoder"]

_WAITING_BLOCKS = 1
_IDLE_S = 0.5


@dataclass
class _Batch:
    pages: list[Page] = field(default_factory=list)
    size: int = 0
    marked: Marked | None = None


class BackgroundDecoder:
    """Feeds pages to a :class:`ColumnSet` through a :class:`Ladder`, in order.

    Parameters
    ----------
    ladder : Ladder
    columns : ColumnSet
        Only the thread writes to it until :meth:`finish` has returned.
    limit : int, optional
        Take so many rows and drop the rest.

    Attributes
    ----------
    pages : int
        Pages whose rows are in the columns. Only the thread counts them, and no Ctrl-C reaches it: this, and not what
        was handed over, says where a pull stands after it was stopped.
    last_page : Page or None
        The last of them.
    was_cut : bool
        Whether rows were dropped.
    error : BaseException or None
        What a block failed with; none after it is taken.
    """

    def __init__(self, ladder: Ladder, columns: ColumnSet, limit: int | None = None) -> None:
        self._ladder = ladder
        self._columns = columns
        self._limit = limit
        self._batch = _Batch()
        self._queue: queue.Queue[_Batch | None] = queue.Queue(_WAITING_BLOCKS)
        self._outstanding = 0
        self._last_flush = time.monotonic()
        self._changed = threading.Condition()
        self.error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self.was_cut = False
        self.pages = 0
        self.last_page: Page | None = None

    def put(self, page: Page) -> None:
        """Hand over one page; raises what an earlier block failed with."""
        self._raise()
        self._batch.pages.append(page)
        self._batch.size += len(page.data)
        if self._batch.size >= self._ladder.block_bytes or self._limit is not None or self._is_idle():
            self._flush()

    def _is_idle(self) -> bool:
        """Say whether the thread has waited so long that small pages should not be held back from the progress bar."""
        return not self._outstanding and time.monotonic() - self._last_flush > _IDLE_S

    def wait_for_all_but(self, blocks: int) -> None:
        """Wait until at most so many blocks are not decoded yet."""
        with self._changed:
            self._changed.wait_for(lambda: self._outstanding <= blocks or self.error is not None)
        self._raise()

    def finish(self) -> None:
        """Decode what is left and end the thread; raises what a block failed with."""
        self.stop()
        self._raise()

    def stop(self) -> None:
        """Decode what is left and end the thread."""
        if self._batch.pages:
            self._flush()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error

    def _flush(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="celigo-decode", daemon=True)
            self._thread.start()
        batch, self._batch = self._batch, _Batch()
        batch.marked = self._ladder.prepare(batch.pages)
        self._last_flush = time.monotonic()
        with self._changed:
            self._outstanding += 1
        self._queue.put(batch)

    def _work(self) -> None:
        while (batch := self._queue.get()) is not None:
            if self.error is None:
                self._decode_all(batch.pages, batch.marked)
            with self._changed:
                self._outstanding -= 1
                self._changed.notify_all()
            del batch

    def _decode_all(self, pages: list[Page], marked: Marked | None = None) -> None:
        try:
            self._decode(pages, marked)
        except BaseException as error:  # handed to the thread that waits for the rows
            if len(pages) == 1:
                self.error = error
                return
            for page in pages:  # keep the pages before the one at fault
                if self.error is None:
                    self._decode_all([page])

    def _decode(self, pages: list[Page], marked: Marked | None) -> None:
        left = None if self._limit is None else self._limit - self._columns.rows
        if left is not None and left <= 0:
            self.was_cut |= any(page.data[1:-1].strip() for page in pages)
        else:
            block = self._ladder.decode(pages, left, marked)
            self._columns.add(block)
            self.was_cut |= block.is_cut
        self.pages += len(pages)
        self.last_page = pages[-1]
