"""``export_to_parquet``: an export of any size as one Parquet file, in flat memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from celigo_pandas import paging
from celigo_pandas.accessors.page_source import PageSource, PullOptions
from celigo_pandas.accessors.progress import Progress, ProgressSetting, open_progress
from celigo_pandas.accessors.pull import warn_of_record_errors
from celigo_pandas.errors import CeligoError, ExportInterrupted, FrameError, PullCancelled
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import Ladder
from celigo_pandas.frames.settling import Settler, TableMaker
from celigo_pandas.frames.shape import Shape
from celigo_pandas.journal.spool import Spool

__all__ = ["export_to_parquet"]

_GROUP_BYTES = 3_000_000


def export_to_parquet(
    export: Any,
    con: Any,
    path: str | os.PathLike[str],
    *,
    page_size: int | Literal["auto"] = "auto",
    columns: Sequence[str] | None = None,
    nested: Literal["flatten", "json"] = "flatten",
    sep: str = ".",
    explode: str | None = None,
    schema: Any = None,
    compression: str = "zstd",
    consume: bool = False,
    progress: ProgressSetting = None,
) -> Path:
    """Write a virtual export to one Parquet file.

    Parameters
    ----------
    export, con, page_size, columns, nested, sep, explode, consume, progress
        As in :func:`~celigo_pandas.read_export`.
    path : path
        Replaced when the file is whole, and not before.
    schema : pyarrow.Schema, optional
        Types of all columns. Without it the pages are kept on disk (compressed, beside `path`) until all have come and
        the types are settled: a column that is integer for 900 pages and text on the last is written right.
    compression : str
        As in :class:`pyarrow.parquet.ParquetWriter`.

    Returns
    -------
    Path
        Columns have the types a pull gives them; lists, values of mixed types and integers beyond 64 bits are written
        as their JSON text, and the field's metadata says ``celigo_pandas = json``.

    Raises
    ------
    ExportInterrupted, PullCancelled
        ``partial`` is the path of a file ``<name>.partial.parquet`` with all rows that had come.
    FrameError
        `schema` does not fit the records.

    Notes
    -----
    Requests: one POST per page. Memory: a few pages and one row group of about 3 MB of JSON, however long the pull.
    """
    shape = Shape.of(columns, nested=nested, sep=sep, explode=explode, grouped="rows")
    if shape.nested == "keep":
        raise FrameError("nested='keep' has no columns that a Parquet file could hold; use 'flatten' or 'json'.")
    options = PullOptions(shape=shape, page_size=page_size, consume=consume, progress=progress)
    connection, doc = _resolve(export, con)
    return _ParquetPull(PageSource(connection, doc, options), options, Path(path), compression).run(schema)


def _resolve(export: Any, con: Any) -> tuple[Any, Mapping[str, Any]]:
    from celigo_pandas.accessors.targets import resolve_export

    connection, doc = resolve_export(export, con)
    return connection, doc


class _ParquetPull:
    def __init__(self, source: PageSource, options: PullOptions, path: Path, compression: str) -> None:
        self._source = source
        self._options = options
        self._path = path
        self._compression = compression
        self._rows = 0
        self._errors = 0

    def run(self, schema: Any) -> Path:
        client = self._source.connection.client
        setting = self._options.progress if self._options.progress is not None else client.progress
        with open_progress(setting, description=self._source.title) as progress:
            if schema is None:
                self._settle_then_write(progress)
            else:
                self._write_as_they_come(TableMaker(self._options.shape, schema=schema), progress)
        if self._errors:
            warn_of_record_errors(self._errors, "read_export() keeps them")
        return self._path

    def _settle_then_write(self, progress: Progress) -> None:
        settler = Settler(self._options.shape)
        with Spool(self._path.parent) as spool:
            try:
                ladder = Ladder(self._options.shape)
                for page, content, block in self._source.pages_from_here(decode=lambda page: ladder.decode([page])):
                    settler.add(block)
                    spool.append(content)
                    self._rows, self._errors = settler.rows, settler.errors
                    progress.show(self._rows, page.total_rows)
            except (CeligoError, KeyboardInterrupt) as error:
                if not self._rows:
                    raise
                partial = self._path.with_name(self._path.stem + ".partial.parquet")
                self._write(TableMaker(self._options.shape, settler), map(paging.read_page, spool), partial)
                raise self._stopped(error, partial) from error
            self._write(TableMaker(self._options.shape, settler), map(paging.read_page, spool), self._path)

    def _write_as_they_come(self, maker: TableMaker, progress: Progress) -> None:
        def pages() -> Iterable[paging.Page]:
            for page, _, _ in self._source.pages_from_here():
                yield page
                progress.show(self._rows, page.total_rows)

        self._write(maker, pages(), self._path)

    def _write(self, maker: TableMaker, pages: Iterable[paging.Page], path: Path) -> None:
        """Write pages as row groups to a file beside `path`, and put it there when it is whole."""
        import pyarrow.parquet

        unfinished = path.with_name(path.name + ".writing")
        ladder = Ladder(self._options.shape)
        waiting, size = ColumnSet(self._options.shape), 0
        self._rows = 0
        try:
            with pyarrow.parquet.ParquetWriter(unfinished, maker.schema, compression=self._compression) as writer:
                for page in pages:
                    block = ladder.decode([page])
                    waiting.add(block)
                    self._rows += block.rows
                    size += len(page.data)
                    if size >= _GROUP_BYTES:
                        writer.write_table(maker.table(waiting))
                        waiting.drop(waiting.rows)
                        size = 0
                if waiting.rows:
                    writer.write_table(maker.table(waiting))
            os.replace(unfinished, path)
        finally:
            with suppress(FileNotFoundError):
                unfinished.unlink()

    def _stopped(self, error: BaseException, partial: Path) -> BaseException:
        told = f"after {self._source.pages:,} pages, {self._rows:,} rows; they are in {partial}"
        if isinstance(error, CeligoError):
            return ExportInterrupted(
                f"The export stopped {told}: {error}",
                hint="Call again to start over.",
                partial=partial,
                problems=error.problems,
                status=error.status,
            )
        return PullCancelled(f"Cancelled {told}.", partial=partial)
