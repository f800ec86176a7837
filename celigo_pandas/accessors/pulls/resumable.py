"""One pull: walks the pages, keeps the rows, and can be taken up again where it stopped.

After every pull, whole or not, it is ``client.last_pull``.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from celigo_pandas import paging
from celigo_pandas.accessors.progress import Progress, open_progress
from celigo_pandas.accessors.pulls.journal_replay import announce, replayed
from celigo_pandas.accessors.pulls.page_source import PageSource
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.pulls.walk_warnings import warn_of_more, warn_of_record_errors, warn_of_the_whole
from celigo_pandas.accessors.targets import Target
from celigo_pandas.errors import (
    CeligoError,
    ConfigError,
    ExportInterrupted,
    HintWarning,
    PagingError,
    PullCancelled,
    TransportError,
)
from celigo_pandas.frames.background import BackgroundDecoder
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.conversion import convert
from celigo_pandas.frames.drift import check_drift
from celigo_pandas.frames.ladder import Ladder, check_records
from celigo_pandas.frames.notices import notify
from celigo_pandas.frames.reading import frame_of
from celigo_pandas.journal.pulls import PullJournal

__all__ = ["Pull"]

_SMALL_PAGE = 100
_MANY_PAGES = 100


class Pull:
    """A pull and what it has got so far.

    Attributes
    ----------
    rows, pages : int
    complete : bool
        Whether the walk came to its end.
    reason : str or None
        Why it ended: ``"done"``, ``"no state"``, ``"max_rows"``, or a class of error.
    """

    def __init__(
        self, connection: Target, doc: Mapping[str, Any], options: PullOptions, journal: PullJournal | None = None
    ) -> None:
        self.source = PageSource(connection, doc, options)
        self.options = options
        self._journal = journal
        # What a journal keeps has to be good, for it is not asked for again; but of an export that changes its source
        # the bytes are kept as they are, for nobody else has them.
        self._checks_records = journal is not None and self.source.consuming is None
        self._ladder = Ladder(options.shape)
        self._columns = ColumnSet(options.shape)
        self._seconds = 0.0
        self._total: int | None = None
        self._first_state: bytes | None = None
        self._frame: Callable[[], pd.DataFrame | None] | None = None
        self._is_stuck = self._is_refused = False
        self.reason: str | None = None
        self.complete = False

    def __getstate__(self) -> dict[str, Any]:
        """Leave the connection, the journal and the progress behind: what has come, can be read anywhere."""
        frame = None if self._frame is None else self._frame()
        options = replace(self.options, progress=None)
        return {**vars(self), "options": options, "_journal": None, "_frame": None if frame is None else _Held(frame)}

    def __repr__(self) -> str:
        state = "complete" if self.complete else f"stopped: {self.reason}" if self.reason else "not finished"
        return f"<Pull {self.rows:,} rows, {self.source.pages:,} pages, {state}>"

    @property
    def rows(self) -> int:
        """Rows that have come."""
        return self._columns.rows

    @property
    def pages(self) -> int:
        """Pages that have come."""
        return self.source.pages

    @property
    def connection(self) -> Target:
        """The connection it reads through."""
        return self.source.connection

    @property
    def decoded_by(self) -> dict[str, int]:
        """How many blocks each rung of the ladder decoded: ``columnar`` (``parted``: mixed columns apart), ``records``,
        ``plain``.
        """
        return dict(self._ladder.decoded)

    @property
    def partial(self) -> pd.DataFrame | None:
        """All rows so far; of a complete pull its frame, while somebody still holds it."""
        if self._frame is not None:
            return self._frame()
        return self._noted(self._columns.frame(dtype_backend=self.options.dtype_backend, quiet=True))

    @property
    def errors(self) -> pd.DataFrame:
        """What the server reported beside the records; columns as its members are called."""
        entries = [entry if isinstance(entry, dict) else {"message": str(entry)} for entry in self._columns.errors]
        return frame_of(entries, nested="keep", quiet=True)

    def stop_on(self, event: threading.Event) -> None:
        """End the pull as Ctrl-C does once the event is set: while a request waits to be sent again, too."""
        self.source.stop = event

    def resume(self) -> pd.DataFrame:
        """Go on where it stopped, and return all rows (of a pull that has ended, its frame, if that still lives).

        Raises
        ------
        ConfigError
            It is complete, or going on could lose or repeat records.
        """
        if self.complete or self.reason == "max_rows":
            frame = self.partial
            if frame is None:
                raise ConfigError("This pull has ended; there is nothing to resume.", hint="Call read_export() again.")
            return frame
        if self.connection is None:
            raise ConfigError(
                "This pull was copied or unpickled without its connection: it holds its rows, and cannot go on.",
                hint="Call read_export() again, with a connection of this process.",
            )
        if self.source.ambiguous is not None:
            raise ConfigError(self.source.ambiguous, hint="What had come is in client.last_pull.partial.")
        if self._is_stuck:
            raise ConfigError(
                "This pull cannot go on: the server does not take its page state.", hint=self._start_over()
            )
        if self._journal is not None:
            with self._journal.opened(self.connection.id, self.source.doc, True):
                return Pull(self.connection, self.source.doc, self.options, self._journal).run()
        return self.run()

    def run(self) -> pd.DataFrame:
        """Walk to the end and return the frame; see :func:`~celigo_pandas.accessors.pulls.to_frames.read_export`."""
        client = self.connection.client
        client.last_pull = self
        setting = self.options.progress if self.options.progress is not None else getattr(client, "progress", None)
        progress = open_progress(setting, description=self.source.title, position=self.options.position)
        try:
            with progress:
                was_cut = self._walk_to_the_end(progress)
        except KeyboardInterrupt:
            self.reason = "PullCancelled"
            raise self._cancelled_pull() from None
        except Exception as error:
            self.reason = type(error).__name__
            self._is_stuck = isinstance(error, PagingError) and not error.retriable
            self._is_refused = self._is_stuck and getattr(error, "status", None) is not None
            if error is progress.failure or (self.rows == 0 and self.source.pages == 0):
                raise
            raise self._interrupted(error) from error
        try:
            return self._finished(was_cut)
        except KeyboardInterrupt:
            raise self._cancelled_pull() from None

    def _walk_to_the_end(self, progress: Progress) -> bool:
        """Walk; say whether rows were cut off. Whatever is raised, this pull stands where its rows end."""
        while True:
            decoder = BackgroundDecoder(self._ladder, self._columns, self.options.limit)
            pages_before, self._first_state = self.source.pages, self.source.state
            began = time.monotonic()
            try:
                try:
                    self._walk(decoder, progress)
                finally:
                    decoder.stop()
                    self._seconds += time.monotonic() - began
                    progress.note(self.rows, self._shown_total())
                decoder.finish()
                return decoder.was_cut
            except BaseException as error:
                decoder.stop()
                self._stand_where(decoder, pages_before)
                if error is not decoder.error or not self._may_ask_again(error):
                    raise
                self._checks_records = True

    def _may_ask_again(self, error: BaseException) -> bool:
        """Say whether a page whose records are no JSON may come right: it is asked for anew, and looked at at once."""
        is_damage = isinstance(error, TransportError) and error.processed is None
        retries = self.connection.client.api.max_retries
        return is_damage and retries > 0 and self.source.consuming is None and not self._checks_records

    def _walk(self, decoder: BackgroundDecoder, progress: Progress) -> None:
        wanted = self.options.limit

        def enough() -> bool:
            if wanted is None:
                return False
            decoder.wait_for_all_but(1)
            return self.rows >= wanted

        if self._journal is not None:
            for page in replayed(self.source, self._journal):
                self._take(page, decoder)
        decode: Callable[[paging.Page], None] = check_records if self._checks_records else lambda page: None
        for page, content, _ in self.source.pages_from_here(enough, self._before_send, self._check, decode):
            # A page with a repeated state is asked for again, not kept, unless its records are gone from the source.
            if self._journal is not None and (self.source.consuming is not None or not self.source.trail.repeats(page)):
                self._journal.append(content, self.source.sent_page_size)
            self._take(page, decoder)
            warn_of_more(self.source, page, self._columns, self._total)
            progress.show(self.rows, self._shown_total())

    def _take(self, page: paging.Page, decoder: BackgroundDecoder) -> None:
        if page.total_rows is not None:
            self._total = page.total_rows
        decoder.put(page)

    def _before_send(self) -> None:
        announce(self.source, self._journal)

    def _check(self) -> None:
        if self.source.stop is not None and self.source.stop.is_set():
            raise KeyboardInterrupt

    def _shown_total(self) -> int | None:
        if self._total is None or self.options.limit is None:
            return self._total
        return min(self._total, self.options.limit)

    def _stand_where(self, decoder: BackgroundDecoder, pages_before: int) -> None:
        """Stand behind the last page whose rows were taken: what came after it is asked for once more."""
        source = self.source
        lost = source.pages - pages_before - decoder.pages
        source.pages -= lost
        if decoder.last_page is not None:
            source.stand_after(decoder.last_page)
        elif lost:
            source.state, source.is_done = self._first_state, False
        if lost:
            source.trail.forget()
            if source.consuming is not None:
                source.note_ambiguous()

    def _cancelled_pull(self) -> PullCancelled:
        next_step = self.source.ambiguous or "client.last_pull.resume() goes on."
        return PullCancelled(
            f"Cancelled after {self.source.pages:,} pages, {self.rows:,} rows, which are in client.last_pull.partial. "
            + next_step,
            partial=self.partial,
        )

    def _start_over(self) -> str:
        if self._journal is None:
            return "Call read_export() again."
        if self._is_refused:  # asked again, the server says the same
            return "The server has given this walk up: call again, with resume=False it starts over."
        return "The same call asks for the same page again; with resume=False it starts over."

    def _interrupted(self, cause: Exception) -> ExportInterrupted:
        rows = "The rows are in client.last_pull.partial"
        if self.source.ambiguous is not None:
            hint = "What had come is in client.last_pull.partial."
        elif self._is_stuck:
            hint = f"{rows}. {self._start_over()}"
        elif self._journal is not None:
            hint = "The pages are in the journal: the same call goes on, as does client.last_pull.resume()."
        else:
            hint = f"{rows}; to go on, type: client.last_pull.resume()"
        told = str(cause) if isinstance(cause, CeligoError) else f"{type(cause).__name__}: {cause}"
        return ExportInterrupted(
            f"The pull stopped after {self.source.pages:,} pages, {self.rows:,} rows: {told}",
            hint=hint,
            partial=self.partial,
            problems=getattr(cause, "problems", ()),
            status=getattr(cause, "status", None),
        )

    def _finished(self, was_cut: bool) -> pd.DataFrame:
        options = self.options
        frame = self._columns.frame(dtype_backend=options.dtype_backend, release=True)
        self._frame = _Held(frame)  # until it is the caller's
        is_cut = was_cut or (options.max_rows == 0 and self.rows > 0)
        self.reason = "max_rows" if is_cut else self.source.reason
        self.complete = self.reason in ("done", "no state")
        self._noted(frame)
        self._warn()
        try:
            if options.expect is not None:
                check_drift(frame, options.expect, options.errors)
            frame = convert(frame, parse_dates=options.parse_dates, dtype=options.dtype)
        except CeligoError as error:
            error.hint = f"{error.hint or ''} All rows are in client.last_pull.partial.".strip()
            raise
        if self._journal is not None:
            self._journal.finish()
        if options.max_rows == 0:
            frame = frame.iloc[:0]
            frame.attrs["celigo"]["rows"] = 0
        self._columns.forget()
        self._frame = weakref.ref(frame)
        return frame

    def _noted(self, frame: pd.DataFrame) -> pd.DataFrame:
        return self.source.note(
            frame,
            self.options.shape,
            self._total,
            seconds=round(self._seconds, 3),
            complete=self.complete,
            reason=self.reason,
            record_errors=len(self._columns.errors),
            **({} if self._columns.uri_name is None else {"data_uri": self._columns.uri_name}),
        )

    def _warn(self) -> None:
        warn_of_the_whole(self.source, self._columns, self.rows, self._total if self.complete else None)
        if self._columns.errors:
            warn_of_record_errors(len(self._columns.errors), "they are in client.last_pull.errors")
        size = self.source.doc.get("pageSize")
        pages = self.source.pages
        if self.source.page_size is None and isinstance(size, int) and 0 < size < _SMALL_PAGE and pages > _MANY_PAGES:
            fewer = -(-pages * size // paging.DEFAULT_PAGE_SIZE)
            notify(
                f"The document asks for {size} rows a page: {pages:,} pages took {self._seconds:.1f} s. With "
                f"page_size={paging.DEFAULT_PAGE_SIZE} it is {fewer:,} pages, as little as "
                f"{self._seconds * fewer / pages:.1f} s.",
                HintWarning,
            )


class _Held:
    """A frame as its own reference, which a pickle can hold."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def __call__(self) -> pd.DataFrame:
        return self._frame
