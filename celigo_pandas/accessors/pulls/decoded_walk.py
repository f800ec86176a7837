"""A walk whose pages are decoded one by one as they come: what every sink of flat memory reads from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from celigo_pandas.accessors.progress import Progress
from celigo_pandas.accessors.pulls.page_source import PageSource
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.pulls.walk_warnings import warn_of_more, warn_of_record_errors, warn_of_the_whole
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import Block, Ladder
from celigo_pandas.paging import Page

__all__ = ["DecodedWalk"]


class DecodedWalk:
    """The pages of one export as blocks, counted.

    Parameters
    ----------
    source : PageSource
    options : PullOptions
    seen : ColumnSet
        The columns that have come.
    take : callable
        Enters a block into `seen`: as rows that are kept, or as a count.

    Attributes
    ----------
    rows, errors : int
        What has come.
    total : int or None
        What the server announced.
    was_cut : bool
        Whether ``max_rows`` ended it inside a page.
    """

    def __init__(
        self, source: PageSource, options: PullOptions, seen: ColumnSet, take: Callable[[Block], None]
    ) -> None:
        self.source = source
        self.rows = 0
        self.errors = 0
        self.total: int | None = None
        self.was_cut = False
        self._limit = options.limit
        self._ladder = Ladder(options.shape)
        self._seen = seen
        self._take = take

    def blocks(self, progress: Progress) -> Iterator[tuple[Block, bytes]]:
        """Yield each page, decoded, with its bytes, when it is taken."""
        for page, content, block in self.source.pages_from_here(self._has_enough, decode=self._decode):
            self._count(page, block)
            yield block, content
            progress.show(self.rows, self.total)

    def warn(self) -> None:
        """Tell, at its end, what only the end shows."""
        if self.errors:
            warn_of_record_errors(self.errors, "read_export() keeps them")
        is_whole = not self.was_cut and self.source.reason != "max_rows"
        warn_of_the_whole(self.source, self._seen, self.rows, self.total if is_whole else None)

    def _has_enough(self) -> bool:
        return self._limit is not None and self.rows >= self._limit

    def _decode(self, page: Page) -> Block:
        return self._ladder.decode([page], None if self._limit is None else self._limit - self.rows)

    def _count(self, page: Page, block: Block) -> None:
        if page.total_rows is not None:
            self.total = page.total_rows
        self.was_cut |= block.is_cut
        self.errors += len(block.errors)
        self.rows += block.rows
        self._take(block)
        warn_of_more(self.source, page, self._seen, self.total)
