"""``export_to_parquet``: an export of any size as one Parquet file, in flat memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from celigo_pandas import paging
from celigo_pandas.accessors.progress import Progress, ProgressSetting, open_progress
from celigo_pandas.accessors.pulls.page_source import PageSource
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.pulls.resumable import warn_of_record_errors, warn_of_the_whole
from celigo_pandas.accessors.targets import DocumentLike, Target, resolve_export
from celigo_pandas.errors import CeligoError, ConfigError, ExportInterrupted, FrameError, PullCancelled, shown
from celigo_pandas.folders import user_path
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import Block, Ladder
from celigo_pandas.frames.settling import Settler, TableMaker
from celigo_pandas.frames.shape import Shape
from celigo_pandas.journal.spool import Spool

__all__ = ["export_to_parquet"]

_GROUP_BYTES = 3_000_000


def export_to_parquet(
    export: DocumentLike,
    con: Target | None,
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
        as their JSON text, and the field's metadata says ``celigo_pandas = json``. The levels of grouped records are
        the columns ``group`` and ``row``.

    Raises
    ------
    ExportInterrupted, PullCancelled
        ``partial`` is the path of a file ``<name>.partial.parquet`` with all rows that had come.
    FrameError
        `schema` does not fit the records; the rows of earlier row groups are in that file too.
    ConfigError
        `path` or `compression` cannot be; nothing was sent.

    Notes
    -----
    Requests: one POST per page. Memory: a few pages and one row group of about 3 MB of JSON, however long the pull.

    Examples
    --------
    >>> export = {"rdbms": {"query": "select id from orders"}}
    >>> found = celigo.export_to_parquet(export, shop, "some-orders.parquet", progress=False)
    >>> len(pd.read_parquet("some-orders.parquet"))
    400
    """
    shape = Shape.of(columns, nested=nested, sep=sep, explode=explode, grouped="rows")
    if shape.nested == "keep":
        raise FrameError("nested='keep' has no columns that a Parquet file could hold; use 'flatten' or 'json'.")
    options = PullOptions(shape=shape, page_size=page_size, consume=consume, progress=progress)
    target = user_path(path)
    _check_target(target, compression)
    connection, doc = resolve_export(export, con)
    return _ParquetPull(PageSource(connection, doc, options), options, target, compression).run(schema)


class _ParquetPull:
    def __init__(self, source: PageSource, options: PullOptions, path: Path, compression: str) -> None:
        self._source = source
        self._options = options
        self._path = path
        self._compression = compression
        self._rows = 0
        self._errors = 0
        self._total: int | None = None
        self._seen = ColumnSet(options.shape)

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
        warn_of_the_whole(self._source, self._seen, self._rows, self._total)
        return self._path

    def _settle_then_write(self, progress: Progress) -> None:
        settler = Settler(self._options.shape)
        with Spool(self._path.parent) as spool:
            try:
                for block, content in self._coming(progress):
                    settler.add(block)
                    spool.append(content)
            except (Exception, KeyboardInterrupt) as error:
                if not settler.rows:
                    raise
                self._write(TableMaker(self._options.shape, settler), self._spooled(spool), self._partial)
                raise self._stopped(error) from error
            self._write_or_stop(TableMaker(self._options.shape, settler), self._spooled(spool))

    def _write_as_they_come(self, maker: TableMaker, progress: Progress) -> None:
        self._write_or_stop(maker, self._coming(progress))

    def _coming(self, progress: Progress) -> Iterator[tuple[Block, bytes]]:
        """Yield pages as they come, decoded, with their bytes."""
        ladder, rows = Ladder(self._options.shape), 0
        for page, content, block in self._source.pages_from_here(decode=lambda page: ladder.decode([page])):
            yield block, content
            rows += block.rows
            self._errors += len(block.errors)
            self._total = self._total if page.total_rows is None else page.total_rows
            self._seen.count(block)
            progress.show(rows, page.total_rows)

    def _spooled(self, spool: Spool) -> Iterator[tuple[Block, bytes]]:
        ladder = Ladder(self._options.shape)
        for content in spool:
            yield ladder.decode([paging.read_page(content)]), content

    def _write(self, maker: TableMaker, blocks: Iterable[tuple[Block, bytes]], path: Path) -> None:
        with self._file(maker, path) as groups:
            for block, content in blocks:
                groups.add(block, len(content))
            groups.flush()

    def _write_or_stop(self, maker: TableMaker, blocks: Iterable[tuple[Block, bytes]]) -> None:
        """Write the file; if that stops midway, leave what could be written in the partial one and say so."""
        stopped: BaseException | None = None
        with self._file(maker, self._path) as groups:
            try:
                for block, content in blocks:
                    groups.add(block, len(content))
                groups.flush()
            except (Exception, KeyboardInterrupt) as error:
                with suppress(FrameError):
                    groups.flush()
                if not groups.rows:
                    raise
                stopped, groups.path = error, self._partial
        if isinstance(stopped, FrameError):
            stopped.hint = f"{self._rows:,} rows before it are in {self._partial}."
            raise stopped
        if stopped is not None:
            raise self._stopped(stopped) from stopped

    @contextmanager
    def _file(self, maker: TableMaker, path: Path) -> Iterator[_RowGroups]:
        """Open a file beside `path`, and put it there (or where the groups' path says by then) when it is whole."""
        import pyarrow.parquet

        unfinished = path.with_name(path.name + ".writing")
        try:
            with pyarrow.parquet.ParquetWriter(unfinished, maker.schema, compression=self._compression) as writer:
                groups = _RowGroups(writer, maker, self._options.shape, path)
                yield groups
            os.replace(unfinished, groups.path)
            self._rows = groups.rows
        finally:
            with suppress(FileNotFoundError):
                unfinished.unlink()

    @property
    def _partial(self) -> Path:
        return self._path.with_name(self._path.stem + ".partial.parquet")

    def _stopped(self, error: BaseException) -> BaseException:
        told = f"after {self._source.pages:,} pages, {self._rows:,} rows; they are in {self._partial}"
        if isinstance(error, KeyboardInterrupt):
            return PullCancelled(f"Cancelled {told}.", partial=self._partial)
        what = str(error) if isinstance(error, CeligoError) else f"{type(error).__name__}: {error}"
        return ExportInterrupted(
            f"The export stopped {told}: {what}",
            hint="Call again to start over.",
            partial=self._partial,
            problems=getattr(error, "problems", ()),
            status=getattr(error, "status", None),
        )


class _RowGroups:
    """Writes blocks as row groups of some megabytes."""

    def __init__(self, writer: Any, maker: TableMaker, shape: Shape, path: Path) -> None:
        self._writer = writer
        self._maker = maker
        self._waiting = ColumnSet(shape)
        self._size = 0
        self.path = path
        self.rows = 0

    def add(self, block: Block, size: int) -> None:
        self._waiting.add(block)
        self._size += size
        if self._size >= _GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        count = self._waiting.rows
        if count:
            self._writer.write_table(self._maker.table(self._waiting))
            self._waiting.drop(count)
        self._size = 0
        self.rows += count


def _check_target(path: Path, compression: Any) -> None:
    """Refuse, before anything is asked for, what could only fail when all has come."""
    import pyarrow.parquet

    if path.is_dir():
        raise ConfigError(f"path: {shown(str(path))} is a folder; expected the name of a file.")
    if not path.parent.is_dir():
        raise ConfigError(f"path: there is no folder {shown(str(path.parent))}.")
    try:
        sample = pa.table({"a": [1]})
        pyarrow.parquet.write_table(sample, pa.BufferOutputStream(), compression=compression)
    except (pa.ArrowException, OSError, TypeError, ValueError) as error:
        raise ConfigError(f"compression: got {shown(compression)}; {error}.") from error
