"""``read_export`` and ``iter_export``: paged virtual exports as DataFrames."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import pandas as pd

from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.pulls.chunks import iter_chunks
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.pulls.resumable import Pull
from celigo_pandas.accessors.targets import ConnectionLike, DocumentLike, resolve_export
from celigo_pandas.frames.shape import Shape
from celigo_pandas.journal.pulls import PullJournal

__all__ = ["iter_export", "read_export"]


def read_export(
    export: DocumentLike,
    con: ConnectionLike | None = None,
    *,
    page_size: int | Literal["auto"] = "auto",
    max_rows: int | None = None,
    columns: Sequence[str] | None = None,
    nested: Literal["flatten", "keep", "json"] = "flatten",
    sep: str = ".",
    explode: str | None = None,
    grouped: Literal["rows", "keep"] = "rows",
    dtype: object = None,
    dtype_backend: Literal["numpy_nullable", "pyarrow"] | None = None,
    parse_dates: bool | str | Iterable[str] = (),
    expect: str | os.PathLike[str] | None = None,
    errors: Literal["warn", "raise"] = "warn",
    consume: bool = False,
    progress: ProgressSetting = None,
    journal: str | os.PathLike[str] | PullJournal | None = None,
    resume: bool | Literal["auto"] = "auto",
) -> pd.DataFrame:
    """Read all pages of a virtual export into one DataFrame.

    Parameters
    ----------
    export : Mapping, builder or saved export
        The export document. A dict is sent as it is; ``pageSize`` is the only member ever added.
    con : Connection, name or id, optional
        May be left out for a saved export, which has its own. A name is looked up at the client of the saved export,
        else at the only client that is open.
    page_size : int or "auto"
        Records a request. ``"auto"`` asks for 1,000 where the document says nothing (the vendor's default is 20), and
        halves it while the server finds pages of that size too large.
    max_rows : int, optional
        Stop after so many rows, with at most one request too many. 0 gives an empty frame with the columns of the
        first 100 rows.
    columns : sequence of str, optional
        Keep these columns only; the name of an object stands for all columns below it.
    nested : {"flatten", "keep", "json"}
        Objects become ``parent.child`` columns, stay dicts, or become JSON text. Lists stay Python lists, except with
        ``"json"``.
    sep : str
        Stands between keys in a flattened name; inside a key it is written ``\\.``, a backslash ``\\\\``.
    explode : str, optional
        Path of a list: one row per element; an empty list keeps its row.
    grouped : {"rows", "keep"}
        Records that are lists of rows become rows under the index levels ``group`` and ``row``, or one list each.
    dtype : dtype or Mapping, optional
        As in :func:`pandas.read_csv`; wins over what was found.
    dtype_backend : {"numpy_nullable", "pyarrow"}, optional
        As in pandas' own readers.
    parse_dates : bool or iterable of str
        Columns to turn into UTC timestamps; ``True`` takes every column whose values are all ISO 8601.
    expect : path, optional
        Written at the first pull; later pulls are compared with it and differences warned of.
    errors : {"warn", "raise"}
        What differences from `expect` do.
    consume : bool
        Allow an export that changes its source (type ``once``, files that are deleted after reading, SQL that writes).
    progress : {None, "auto", "notebook", "text", False} or callable, optional
        A bar, or a function of ``(rows_done, rows_total_or_None)``: what it raises ends the pull and goes on, with the
        rows in ``client.last_pull``. A bar that cannot be drawn ends nothing.
    journal : path, optional
        A folder that keeps the pages, so that an unfinished pull goes on where it stopped, in a new process too.
    resume : {"auto", True, False}
        For `journal`: go on if it is at most a day old, whatever its age, or never.

    Returns
    -------
    DataFrame
        One row per record, RangeIndex. Columns in order of first appearance, those of one object together. Integers
        are exact (``Int64`` where values are missing), texts stay texts, columns of mixed types keep each value as it
        came. Zero records give shape (0, 0). ``attrs["celigo"]`` says where it came from.

    Raises
    ------
    ExportInterrupted
        A failure midway; ``partial`` has the rows so far, ``client.last_pull.resume()`` goes on.
    PullCancelled
        Ctrl-C; a ``KeyboardInterrupt`` with ``partial``.
    ConfigError
        An option that cannot be.
    DocumentError
        A document that is no JSON, or an export that changes its source without ``consume=True``.
    JournalError
        The journal is damaged, in use, too old, or belongs to another export.
    CeligoError
        A failure before the first page came: see :mod:`celigo_pandas.errors`.

    Notes
    -----
    Requests: one POST per page; the next one is on its way while the last page is being decoded. Memory: the frame and
    about two blocks of 2 MB. For less use :func:`iter_export` or :func:`export_to_parquet`.
    Source: the vendor's article "Connection API endpoints", export/pages.

    Examples
    --------
    >>> celigo.read_export({"rdbms": {"query": "select 1 as one"}}, shop, progress=False)
       one
    0    1
    """
    shape = Shape.of(columns, nested=nested, sep=sep, explode=explode, grouped=grouped)
    options = PullOptions(
        shape=shape, page_size=page_size, max_rows=max_rows, dtype=dtype, dtype_backend=dtype_backend,
        parse_dates=parse_dates, expect=expect, errors=errors, consume=consume, progress=progress,
    )  # fmt: skip
    connection, doc = resolve_export(export, con)
    if journal is None:
        return Pull(connection, doc, options).run()
    kept = journal if isinstance(journal, PullJournal) else PullJournal(journal)
    pull = Pull(connection, doc, options, kept)
    with kept.opened(connection.id, doc, resume):
        return pull.run()


def iter_export(
    export: DocumentLike,
    con: ConnectionLike | None = None,
    *,
    chunksize: int | None = None,
    page_size: int | Literal["auto"] = "auto",
    max_rows: int | None = None,
    columns: Sequence[str] | None = None,
    nested: Literal["flatten", "keep", "json"] = "flatten",
    sep: str = ".",
    explode: str | None = None,
    grouped: Literal["rows", "keep"] = "rows",
    dtype: object = None,
    dtype_backend: Literal["numpy_nullable", "pyarrow"] | None = None,
    parse_dates: bool | str | Iterable[str] = (),
    consume: bool = False,
    progress: ProgressSetting = None,
) -> Iterator[pd.DataFrame]:
    """Read a virtual export as a stream of DataFrames, in flat memory.

    Parameters
    ----------
    export, con, page_size, max_rows, columns, nested, sep, explode, grouped
        As in :func:`read_export`.
    dtype, dtype_backend, parse_dates, consume, progress
        As in :func:`read_export`.
    chunksize : int, optional
        Rows per frame; by default one frame per page that is not empty.

    Yields
    ------
    DataFrame
        Chunks of one RangeIndex that goes on from chunk to chunk. A column has the dtype its values in this chunk have,
        so dtypes may widen from chunk to chunk; integers and booleans are ``Int64`` and ``boolean`` always. A chunk has
        all columns that have come so far; one without a value in it has dtype object. The ``attrs`` of all chunks are
        the same, so that :func:`pandas.concat` keeps them.

    Notes
    -----
    Requests: one POST per page, made when the next chunk is asked for. Raises as :func:`read_export`; the chunks that
    came are the caller's, so ``ExportInterrupted.partial`` has only rows not yet given out, those of a chunk that could
    not be converted too; `dtype` and `parse_dates` are not applied to it.

    Examples
    --------
    >>> export = {"rdbms": {"query": "select id from orders"}}
    >>> sum(len(chunk) for chunk in celigo.iter_export(export, shop, chunksize=100, progress=False))
    400
    """
    shape = Shape.of(columns, nested=nested, sep=sep, explode=explode, grouped=grouped)
    options = PullOptions(
        shape=shape, page_size=page_size, max_rows=max_rows, dtype=dtype, dtype_backend=dtype_backend,
        parse_dates=parse_dates, consume=consume, progress=progress,
    )  # fmt: skip
    connection, doc = resolve_export(export, con)
    return iter_chunks(connection, doc, options, chunksize)
