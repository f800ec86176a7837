"""``export_to_parquet``: an export of any size as one Parquet file, in flat memory."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NoReturn

import pyarrow as pa

from celigo_pandas import paging
from celigo_pandas.accessors.progress import Progress, ProgressSetting, open_progress
from celigo_pandas.accessors.pulls.decoded_walk import DecodedWalk
from celigo_pandas.accessors.pulls.page_source import PageSource
from celigo_pandas.accessors.pulls.pull_options import PullOptions
from celigo_pandas.accessors.targets import ConnectionLike, DocumentLike, resolve_export
from celigo_pandas.errors import CeligoError, ConfigError, ExportInterrupted, FrameError, PullCancelled, shown
from celigo_pandas.folders import user_path
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import Block, Ladder
from celigo_pandas.frames.settling import Settler, TableMaker
from celigo_pandas.frames.shape import Shape
from celigo_pandas.journal.spool import Spool

__all__ = ["export_to_parquet"]

_GROUP_BYTES = 3_000_000
_END_BYTES = 200_000
"""Room that is kept for the end of a file: without it no row of the file can be read."""


def export_to_parquet(
    export: DocumentLike,
    con: ConnectionLike | None,
    path: str | os.PathLike[str],
    *,
    page_size: int | Literal["auto"] = "auto",
    columns: Sequence[str] | None = None,
    nested: Literal["flatten", "json"] = "flatten",
    sep: str = ".",
    explode: str | None = None,
    schema: object = None,
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
        ``partial`` is the path of a file ``<name>.partial.parquet`` with the rows that had come (all, unless the disk
        is full); None where no file could be written.
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
        seen = ColumnSet(options.shape)
        self._walk = DecodedWalk(source, options, seen, seen.count)
        self._progress = Progress()

    def run(self, schema: object) -> Path:
        client = self._source.connection.client
        setting = self._options.progress if self._options.progress is not None else client.progress
        with open_progress(setting, description=self._source.title) as self._progress:
            if schema is None:
                self._settle_then_write()
            else:
                coming = ((block, len(content)) for block, content in self._walk.blocks(self._progress))
                self._write_or_stop(TableMaker(self._options.shape, schema=schema), coming)
        self._walk.warn()
        return self._path

    def _settle_then_write(self) -> None:
        settler = Settler(self._options.shape)
        with Spool(self._path.parent) as spool:
            try:
                for block, content in self._walk.blocks(self._progress):
                    settler.add(block)
                    spool.append(content)
            except (Exception, KeyboardInterrupt) as error:
                if not settler.rows:
                    raise
                try:
                    spooled = self._spooled(spool)
                    blocks = chain([next(spooled)], spooled)  # what is read gives room to the file before it is begun
                    self._write_what_fits(TableMaker(self._options.shape, settler), blocks, self._partial)
                except (OSError, pa.ArrowException) as unwritten:
                    self._stop(error, unwritten)
                self._stop(error)
            self._write_or_stop(TableMaker(self._options.shape, settler), self._spooled(spool))

    def _spooled(self, spool: Spool) -> Iterator[tuple[Block, int]]:
        ladder = Ladder(self._options.shape)
        pages: list[paging.Page] = []
        size = 0
        for content in spool.drain():
            pages.append(paging.read_page(content))
            size += len(content)
            if size >= ladder.block_bytes:
                yield ladder.decode(pages), size
                pages, size = [], 0
        if pages:
            yield ladder.decode(pages), size

    def _write_what_fits(self, maker: TableMaker, blocks: Iterable[tuple[Block, int]], path: Path) -> None:
        with self._file(maker, path) as groups:
            try:
                for block, size in blocks:
                    groups.add(block, size)
                groups.flush()
            except OSError:  # the disk has no room for the others
                if not groups.rows:
                    raise

    def _write_or_stop(self, maker: TableMaker, blocks: Iterable[tuple[Block, int]]) -> None:
        """Write the file; if that stops midway, leave what could be written in the partial one and say so."""
        stopped: BaseException | None = None
        try:
            with self._file(maker, self._path) as groups:
                try:
                    for block, size in blocks:
                        groups.add(block, size)
                    groups.flush()
                except (Exception, KeyboardInterrupt) as error:
                    stopped = error
                    with suppress(FrameError, OSError, pa.ArrowException):
                        groups.flush()
                    if not groups.rows:
                        raise
                    groups.path = self._partial
        except (OSError, pa.ArrowException) as unwritten:
            self._stop(stopped or unwritten, unwritten)
        if isinstance(stopped, FrameError):
            stopped.hint = f"{self._rows:,} rows before it are in {self._partial}."
            raise stopped
        if stopped is not None:
            self._stop(stopped)

    @contextmanager
    def _file(self, maker: TableMaker, path: Path) -> Iterator[_RowGroups]:
        """Open a file beside `path`, and put it there (or where the groups' path says by then) when it is whole."""
        import pyarrow.parquet

        unfinished = path.with_name(path.name + ".writing")
        try:
            with pyarrow.parquet.ParquetWriter(unfinished, maker.schema, compression=self._compression) as writer:
                groups = _RowGroups(writer, maker, self._options.shape, path, self._compression)
                yield groups
            os.replace(unfinished, groups.path)
            self._rows = groups.rows
        finally:
            with suppress(FileNotFoundError):
                unfinished.unlink()

    @property
    def _partial(self) -> Path:
        return self._path.with_name(self._path.stem + ".partial.parquet")

    def _stop(self, error: BaseException, unwritten: BaseException | None = None) -> NoReturn:
        """Raise what a stopped export ends with; `unwritten` is why there is no file of its rows."""
        if error is self._progress.failure:
            raise error
        partial = self._partial if unwritten is None else None
        told = f"after {self._source.pages:,} pages"
        told += (
            f", of which no file could be written ({unwritten})"
            if partial is None
            else (f", {self._rows:,} rows; they are in {partial}")
        )
        if isinstance(error, KeyboardInterrupt):
            raise PullCancelled(f"Cancelled {told}.", partial=partial) from error
        what = str(error) if isinstance(error, CeligoError) else f"{type(error).__name__}: {error}"
        is_disk = isinstance(unwritten or error, OSError)
        raise ExportInterrupted(
            f"The export stopped {told}: {what}",
            hint="Free some space, or name a file on another disk; then call again to start over."
            if is_disk
            else "Call again to start over.",
            partial=partial,
            problems=getattr(error, "problems", ()),
            status=getattr(error, "status", None),
        ) from error


class _RowGroups:
    """Writes blocks as row groups of some megabytes."""

    def __init__(self, writer: Any, maker: TableMaker, shape: Shape, path: Path, compression: str) -> None:
        self._compression = compression
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
            table = self._maker.table(self._waiting)
            self._check_room(table)
            self._writer.write_table(table)
            self._waiting.drop(count)
        self._size = 0
        self.rows += count

    def _check_room(self, table: pa.Table) -> None:
        """Stop before the disk is full: a file whose last part did not fit cannot be read at all."""
        import pyarrow.parquet

        room = shutil.disk_usage(self.path.parent).free - _END_BYTES
        if room >= table.nbytes:
            return
        packed = pa.BufferOutputStream()
        pyarrow.parquet.write_table(table, packed, compression=self._compression)
        if room < packed.tell():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))


def _check_target(path: Path, compression: object) -> None:
    """Refuse, before anything is asked for, what could only fail when all has come."""
    import pyarrow.parquet

    if path.is_dir():
        raise ConfigError(f"path: {shown(path)} is a folder; expected the name of a file.")
    if not path.parent.is_dir():
        raise ConfigError(f"path: there is no folder {shown(path.parent)}.")
    try:
        sample = pa.table({"a": [1]})
        pyarrow.parquet.write_table(sample, pa.BufferOutputStream(), compression=compression)
    except (pa.ArrowException, OSError, TypeError, ValueError) as error:
        raise ConfigError(f"compression: got {shown(compression)}; {error}.") from error
