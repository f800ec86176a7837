"""``preSavePage`` in a paged export: each page of records is given to it before it is a page of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from celigo_pandas.engine.adaptors.protocol import Call, Chunk, Record
from celigo_pandas.engine.safety.masking import Redactor
from celigo_pandas.errors import ScriptError
from celigo_pandas.scripts import ExportHooks, Page
from celigo_pandas.scripts.hook_contracts import pre_save_page
from celigo_pandas.scripts.hook_outcomes import SOURCES, problem_of

__all__ = ["saved_pages"]


def saved_pages(
    chunks: Iterable[Chunk], page_size: int, hooks: ExportHooks, call: Call, redactor: Redactor, note: str
) -> Iterator[Chunk]:
    """Yield pages as the hook gives them, each a chunk; where it fails, a page has an error and no records.

    Parameters
    ----------
    chunks : iterable of Chunk
    page_size : int
    hooks : ExportHooks
        With a ``pre_save_page``.
    call : Call
        Counts the records of pages that failed as lost.
    redactor : Redactor
        Masks errors.
    note : str
        Added to the error of a page that failed.
    """
    function = hooks.pre_save_page
    assert function is not None
    for page in _pages(chunks, page_size):
        call.look()
        try:
            outcome = pre_save_page(function, page, hooks.common)
        except ScriptError as error:
            call.lost += len(page.data)
            problem = problem_of(error, SOURCES["preSavePage"]).to_dict()
            problem["message"] += note
            yield Chunk([], [*map(dict, page.errors), redactor.value(problem)])
            continue
        # Assumed: nothing keeps retry data here; each of its errors has them beside it, so that they are not lost.
        new = [{**error, "retryData": one.get("retryData")} for one in outcome.new_errors for error in one["errors"]]
        yield Chunk(outcome.data, [redactor.value(error) for error in (*outcome.errors, *new)])
        if outcome.abort:
            return


def _pages(chunks: Iterable[Chunk], page_size: int) -> Iterator[Page]:
    """Cut chunks so that each page but the last is full; beside each record of a file export stands its file."""
    records: list[Record] = []
    files: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    index = 0
    for chunk in chunks:
        records = records + chunk.records
        if chunk.file is not None:
            files += [{"fileMeta": {"fileName": chunk.file}} for _ in chunk.records]
        errors = errors + chunk.errors
        while len(records) >= page_size:
            yield Page(records[:page_size], errors, {}, files[:page_size], index)
            records, files, errors, index = records[page_size:], files[page_size:], [], index + 1
    if records or errors:
        yield Page(records, errors, {}, files, index)
