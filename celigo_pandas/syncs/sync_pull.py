"""The pull of a sync: pages into one Arrow table, each row with the number of its page, nothing kept if it stops."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from celigo_pandas import paging
from celigo_pandas.accessors.progress import Progress, ProgressSetting, open_progress
from celigo_pandas.accessors.pulls.journal_replay import announce, replayed
from celigo_pandas.accessors.pulls.page_source import PageSource
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.pulls.walk_warnings import warn_of_more, warn_of_record_errors, warn_of_the_whole
from celigo_pandas.accessors.targets import Target
from celigo_pandas.documents.export_documents import consuming_member
from celigo_pandas.errors import CeligoError, DocumentError, ExportInterrupted, PullCancelled
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import Block, Ladder
from celigo_pandas.frames.settling import Settler, TableMaker
from celigo_pandas.frames.shape import Shape
from celigo_pandas.journal.pulls import PullJournal

__all__ = ["Pulled", "journal_of", "pull"]

_log = logging.getLogger("celigo_pandas")


@dataclass(frozen=True)
class Pulled:
    """What a pull brought.

    Parameters
    ----------
    table : pyarrow.Table
    pages : ndarray
        The number of the page of each row.
    lost : str, optional
        Why records may be missing though the walk came to its end.
    kept : int
        How many pages, the first ones, came with an earlier call and were in the journal.
    """

    table: pa.Table
    pages: Any
    lost: str | None
    kept: int = 0


@contextmanager
def journal_of(
    folder: Any, connection: Target, doc: Mapping[str, Any], *, consume: bool, landed: str | None
) -> Iterator[PullJournal | None]:
    """Hold the journal of a sync's pull, and decide whether it goes on.

    A pull that went into the table is dropped (`landed` says which); one that an export that only reads began otherwise
    or too long ago is begun anew, since asking again loses nothing.

    Raises
    ------
    DocumentError
        The export changes its source and there is no journal: what it gave would be in no other place until it is in
        the table.
    JournalError
    """
    consuming = consuming_member(doc)
    if folder is None:
        if consuming is not None and consume:
            raise DocumentError(
                f"This export changes its source ({consuming}); a sync of it needs a journal, which has the rows until "
                "they are in the table.",
                hint="Say journal='folder'.",
            )
        yield None
        return
    journal = PullJournal(folder)
    if journal.drop(connection.id, doc, landed, keep_others=consuming is not None):
        _log.info("The journal %s held pages of an earlier pull; this one begins anew.", journal.folder)
    with journal.opened(connection.id, doc, "auto" if consuming is not None else True):
        yield journal


def pull(
    connection: Target,
    doc: Mapping[str, Any],
    *,
    consume: bool = False,
    progress: ProgressSetting = None,
    journal: PullJournal | None = None,
) -> Pulled:
    """Pull an export to its end.

    Raises
    ------
    ExportInterrupted, PullCancelled
        It stopped midway; the table is as it was.
    """
    options = PullOptions(shape=Shape(), consume=consume, progress=progress)
    return _Pull(PageSource(connection, doc, options), journal).run(progress)


class _Pull:
    def __init__(self, source: PageSource, journal: PullJournal | None) -> None:
        self._source = source
        self._journal = journal
        self._ladder = Ladder(Shape())
        self._columns = ColumnSet(Shape())
        self._settler = Settler(Shape())
        self._page_rows: list[int] = []
        self._kept = 0
        self._errors = 0
        self._total: int | None = None

    def run(self, setting: ProgressSetting) -> Pulled:
        client = self._source.connection.client
        setting = setting if setting is not None else client.progress
        progress = open_progress(setting, description=self._source.title)
        try:
            with progress:
                self._walk(progress)
        except KeyboardInterrupt as error:
            raise PullCancelled(f"Cancelled after {self._told()}. The table is as it was.{self._next()}") from error
        except Exception as error:
            if error is progress.failure or not self._source.pages:
                raise
            what = str(error) if isinstance(error, CeligoError) else f"{type(error).__name__}: {error}"
            raise ExportInterrupted(
                f"The pull stopped after {self._told()}: {what}",
                hint=f"The table and its watermark are as they were.{self._next()}",
                problems=getattr(error, "problems", ()),
                status=getattr(error, "status", None),
            ) from error
        return self._pulled()

    def _walk(self, progress: Progress) -> None:
        if self._journal is not None:
            for page in replayed(self._source, self._journal):
                self._take(page, self._decode(page))
            self._kept = len(self._page_rows)
        pages = self._source.pages_from_here(before_send=self._before_send, decode=self._decode)
        for page, content, block in pages:
            if self._journal is not None:
                self._journal.append(content, self._source.sent_page_size)
            self._take(page, block)
            warn_of_more(self._source, page, self._columns, self._total)
            progress.show(self._columns.rows, self._total)

    def _decode(self, page: paging.Page) -> Block:
        return self._ladder.decode([page])

    def _before_send(self) -> None:
        announce(self._source, self._journal)

    def _take(self, page: paging.Page, block: Block) -> None:
        self._total = self._total if page.total_rows is None else page.total_rows
        self._errors += len(block.errors)
        self._settler.add(block)
        self._columns.add(block)
        self._page_rows.append(block.rows)

    def _pulled(self) -> Pulled:
        rows = self._columns.rows
        if self._errors:
            warn_of_record_errors(self._errors, "the watermark stays where it was")
        warn_of_the_whole(self._source, self._columns, rows, self._total)
        self._settler.has_groups = False  # which group a record came with is another one in each pull
        table = TableMaker(Shape(), self._settler).table(self._columns)
        return Pulled(table, np.repeat(np.arange(len(self._page_rows)), self._page_rows), self._lost(), self._kept)

    def _lost(self) -> str | None:
        if self._errors:
            return f"the server reported {self._errors:,} record errors beside the rows"
        most = max(self._columns.elements, self._columns.rows)
        if self._total is not None and most < self._total:
            return f"the server announced {self._total:,} records and gave {most:,}"
        return None

    def _told(self) -> str:
        return f"{self._source.pages:,} pages, {self._columns.rows:,} rows"

    def _next(self) -> str:
        if self._source.ambiguous is not None:
            return f" {self._source.ambiguous}"
        if self._journal is not None:
            return " The pages are in the journal: the same call goes on."
        return " The same call begins anew; with journal= it would go on."
