"""What is told of a walk that went to its end, or goes on beyond what the server had announced."""

from __future__ import annotations

from celigo_pandas import paging
from celigo_pandas.accessors.pulls.page_source import PageSource
from celigo_pandas.errors import HintWarning, RecordErrorsWarning
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.notices import notify

__all__ = ["warn_of_more", "warn_of_record_errors", "warn_of_the_whole"]


def warn_of_record_errors(count: int, where: str) -> None:
    """Warn once of what the server reported beside the records."""
    notify(f"The server reported {count:,} record errors beside the rows; {where}.", RecordErrorsWarning)


def warn_of_more(source: PageSource, page: paging.Page, columns: ColumnSet, total: int | None) -> None:
    """Warn once, while it goes on, of a walk that brings more records than announced: it may have no end."""
    goes_on = page.state is not None and not page.done
    if goes_on and total is not None and columns.elements > total and not source.is_beyond:
        source.is_beyond = True
        notify(
            f"The server announced {total:,} records, has given {columns.elements:,} and says that there are more: "
            "some may have come twice, and there may be no end. The pull goes on; Ctrl-C ends it and keeps the rows.",
            RecordErrorsWarning,
        )


def warn_of_the_whole(source: PageSource, columns: ColumnSet, rows: int, total: int | None) -> None:
    """Warn of what only the end of a walk shows.

    A path to explode where no record had a list, fewer or more records than the server had announced, pages that came
    twice.
    """
    shape = columns.shape
    if shape.explode is not None and rows and not columns.has_exploded:
        notify(f"explode={shape.explode!r}: no record has a list there.", HintWarning)
    # Of grouped records it is not known whether groups or rows were counted.
    most = columns.elements if shape.explode is not None else max(columns.elements, rows)
    if total is not None and most < total:
        notify(
            f"The server announced {total:,} records and said it was done after {most:,}: some may be missing.",
            RecordErrorsWarning,
        )
    if total is not None and columns.elements > total and not source.is_beyond:
        notify(
            f"The server announced {total:,} records and gave {columns.elements:,}: some may have come twice.",
            RecordErrorsWarning,
        )
    if source.trail.twice:
        notify(
            f"{source.trail.twice:,} pages were equal to the page before them: their records may have come twice.",
            RecordErrorsWarning,
        )
