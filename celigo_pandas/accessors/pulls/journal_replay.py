"""The pages that a journal has, given once more: a pull that goes on stands behind them."""

from __future__ import annotations

from collections.abc import Iterator

from celigo_pandas import paging
from celigo_pandas.accessors.pulls.page_source import PageSource
from celigo_pandas.journal.pulls import PullJournal

__all__ = ["announce", "replayed"]


def replayed(source: PageSource, journal: PullJournal) -> Iterator[paging.Page]:
    """Yield the stored pages; after each the source stands behind it, and the last one says what is asked for next."""
    if journal.goes_on:
        source.keep_page_size(journal.page_size)
    for content in journal.stored_pages():
        page = paging.read_page(content)
        source.pages += 1
        yield page
        source.stand_after(page)
        if page.state is not None and not page.done:
            source.trail.follow(page, source.pages)


def announce(source: PageSource, journal: PullJournal | None) -> None:
    """Note, before a request of an export that changes its source, that its records may be gone with the answer."""
    if journal is not None and source.consuming is not None:
        journal.announce(source.sent_page_size)
