"""A pull as a stream: frames of single pages, or of a given number of rows, in flat memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from celigo_pandas.accessors.progress import Progress, open_progress
from celigo_pandas.accessors.pulls.page_source import PageSource
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.pulls.resumable import warn_of_more, warn_of_record_errors, warn_of_the_whole
from celigo_pandas.accessors.targets import Target
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.errors import ExportInterrupted, PullCancelled
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.conversion import convert, warn_of_absent
from celigo_pandas.frames.ladder import Block, Ladder
from celigo_pandas.paging import Page

__all__ = ["iter_chunks"]


def iter_chunks(
    connection: Target, doc: Mapping[str, Any], options: PullOptions, chunksize: int | None
) -> Iterator[pd.DataFrame]:
    """Check the options now, and return the stream; see :func:`~celigo_pandas.iter_export`."""
    if chunksize is not None:
        chunksize = whole_number("chunksize", chunksize, otherwise="None")
    return _Stream(PageSource(connection, doc, options), options).chunks(chunksize)


class _Stream:
    def __init__(self, source: PageSource, options: PullOptions) -> None:
        self._source = source
        self._options = options
        self._ladder = Ladder(options.shape)
        self._waiting = ColumnSet(options.shape)
        self._rows = 0
        self._total: int | None = None
        self._errors = 0
        self._was_cut = False

    def chunks(self, chunksize: int | None) -> Iterator[pd.DataFrame]:
        client = self._source.connection.client
        setting = self._options.progress if self._options.progress is not None else client.progress
        with open_progress(setting, description=self._source.title) as progress:
            try:
                wants_rows = self._options.max_rows != 0
                for page, block in self._pages(progress):
                    self._add(page, block)
                    while wants_rows and self._waiting.rows and self._waiting.rows >= (chunksize or 1):
                        yield self._next(chunksize or self._waiting.rows)
                if self._waiting.rows:
                    left = self._next(self._waiting.rows)
                    yield left if wants_rows else left.iloc[:0]
            except GeneratorExit:
                self._source.leave()
                raise
            except KeyboardInterrupt as error:
                raise PullCancelled(f"Cancelled after {self._told()}.", partial=self._left()) from error
            except Exception as error:
                if error is progress.failure or self._source.pages == 0:
                    raise
                raise ExportInterrupted(
                    f"The stream stopped after {self._told()}: {error}",
                    hint="What was given out is yours; partial has the rows that were not.",
                    partial=self._left(),
                    problems=getattr(error, "problems", ()),
                    status=getattr(error, "status", None),
                ) from error
        self._warn()

    def _pages(self, progress: Progress) -> Iterator[tuple[Page, Block]]:
        wanted = self._options.limit
        pages = self._source.pages_from_here(lambda: wanted is not None and self._rows >= wanted, decode=self._decode)
        for page, _, block in pages:
            yield page, block
            progress.show(self._rows, self._total)

    def _decode(self, page: Page) -> Block:
        left = None if self._options.limit is None else self._options.limit - self._rows
        return self._ladder.decode([page], left)

    def _add(self, page: Page, block: Block) -> None:
        if page.total_rows is not None:
            self._total = page.total_rows
        self._was_cut |= block.is_cut
        self._errors += len(block.errors)
        self._waiting.add(block)
        self._rows += block.rows
        warn_of_more(self._source, page, self._waiting, self._total)

    def _told(self) -> str:
        return f"{self._source.pages:,} pages, {self._rows:,} rows"

    def _next(self, count: int) -> pd.DataFrame:
        """Give the first rows out; they stay where they are when they cannot be converted."""
        options = self._options
        frame = self._frame(self._waiting.head(count))
        frame = convert(frame, parse_dates=options.parse_dates, dtype=options.dtype, quiet=True)
        self._waiting.drop(count)
        return frame

    def _warn(self) -> None:
        if self._errors:
            warn_of_record_errors(self._errors, "read_export() keeps them")
        is_whole = not self._was_cut and self._source.reason != "max_rows"
        warn_of_the_whole(self._source, self._waiting, self._rows, self._total if is_whole else None)
        names = [*self._waiting.names(), self._waiting.uri_name]
        dates, dtype = self._options.parse_dates, self._options.dtype
        if self._rows:
            warn_of_absent("parse_dates", [name for name in (() if dates is True else dates) if name not in names])
            warn_of_absent(
                "dtype", [name for name in (dtype if isinstance(dtype, Mapping) else ()) if name not in names]
            )

    def _left(self) -> pd.DataFrame:
        """Return the rows that were not given out, without ``dtype=`` and ``parse_dates=``."""
        return self._frame(self._waiting, quiet=True)

    def _frame(self, columns: ColumnSet, quiet: bool = False) -> pd.DataFrame:
        frame = columns.frame(dtype_backend=self._options.dtype_backend, always_nullable=True, quiet=quiet)
        return self._source.mark(frame, self._options.shape)
