"""One run of a sync: read the state, pull the window, decide, and write rows and state at once.

Steps. The watermark of the state gives the bound of the pull, the pull gives rows, the rows and the table give a
change, and the change goes into the store together with the next state. Up to the store's commit nothing has happened;
after it nothing is left to do but to let the journal go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

import pandas as pd
import pyarrow as pa

from celigo_pandas.accessors.account.syncing import SyncResult
from celigo_pandas.accessors.progress import ProgressSetting
from celigo_pandas.accessors.targets import Target, resolve_export
from celigo_pandas.documents.export_documents import consuming_member, digest
from celigo_pandas.errors import (
    ConfigError,
    DriftWarning,
    ExportInterrupted,
    FrameError,
    HintWarning,
    PagingError,
    SyncError,
    shown,
)
from celigo_pandas.frames.notices import notify
from celigo_pandas.journal.pulls import PullJournal
from celigo_pandas.syncs.cursors import Cursors, Mark, bound, is_later, read_cursors
from celigo_pandas.syncs.keyed_rows import check_keys
from celigo_pandas.syncs.marked_documents import begins_at, check_place
from celigo_pandas.syncs.stores.store import State
from celigo_pandas.syncs.stores.store_places import TableStore
from celigo_pandas.syncs.sync_options import SyncOptions
from celigo_pandas.syncs.sync_pull import Pulled, journal_of, pull
from celigo_pandas.syncs.table_changes import Decided, decide
from celigo_pandas.syncs.table_columns import kinds_of
from celigo_pandas.syncs.table_frames import TableReader

__all__ = ["SyncRun"]


class SyncRun:
    """Syncs one export with one table.

    Parameters
    ----------
    connection : Connection
    doc : Mapping
    store : Store
    table : str
        Its name, to be remembered.
    options : SyncOptions
    consume, progress
        As in :func:`~celigo_pandas.sync`.
    clock : callable
        The time, in UTC.
    """

    def __init__(
        self,
        connection: Target,
        doc: Mapping[str, Any],
        store: TableStore,
        table: str,
        options: SyncOptions,
        *,
        consume: bool = False,
        progress: ProgressSetting = None,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._connection = connection
        self._doc = doc
        self._store = store
        self._table = table
        self._options = options
        self._consume = consume
        self._progress = progress
        self._place = check_place(doc, options.cursor)
        self._clock = clock
        self._began = pd.Timestamp(clock())

    def run(self, journal: object = None) -> SyncResult:
        """Run, and say what was done."""
        clock = time.monotonic()
        with self._store.held():
            before = self._state()
            self._check_same(before)
            is_full = self._is_full(before)
            begin = self._begin(before, is_full)
            asked = begins_at(self._doc, self._place, begin)
            landed = None if before is None else before.pull
            with journal_of(journal, self._connection, asked, consume=self._consume, landed=landed) as kept:
                pulled = self._pull(asked, kept)
                cursors = self._cursors(pulled, before)
                all_keys = self._all_keys()
                after, decided = self._write(before, pulled, cursors, all_keys, is_full, kept)
                if kept is not None:
                    kept.finish()
        _warn_of_columns(decided.schema_changes, self._store.place, is_full)
        end = None if cursors is None else cursors.greatest(~cursors.missing)
        return SyncResult(
            place=self._store.place, rows=after.rows, inserted=decided.inserted, updated=decided.updated,
            unchanged=decided.unchanged, deleted=decided.deleted, watermark=after.watermark, window=(begin, end),
            schema_changes=decided.schema_changes, complete=after.complete, full=is_full,
            seconds=round(time.monotonic() - clock, 3), _read=TableReader(self._store),
        )  # fmt: skip

    def _state(self) -> State | None:
        if not self._store.exists():
            return None
        with self._store.opened():
            return self._store.state()

    def _check_same(self, before: State | None) -> None:
        if before is None:
            return
        options = self._options
        for name, was, now in (
            ("key", list(before.key), list(options.key)),
            ("cursor", before.cursor, options.cursor),
            ("mode", before.mode, options.mode),
        ):
            if was != now:
                raise ConfigError(
                    f"The {self._store.place} is synced with {name}={shown(was)}; got {name}={shown(now)}.",
                    hint="Call as before, or name another table.",
                )
        if before.connection != self._connection.name and before.connection_id != self._connection.id:
            raise ConfigError(
                f"The {self._store.place} is synced through the connection {before.connection!r}; got "
                f"{self._connection.name!r}.",
                hint="Name another table.",
            )
        is_now = options.full_every is not None and options.full_every == pd.Timedelta(0)
        if before.export != digest(self._doc) and not is_now and options.cursor is not None:
            raise ConfigError(
                f"The {self._store.place} is synced from another export document: what it did not bring before would "
                "not come with a window.",
                hint="If this is another form of the same export, call once with full_every=0, which pulls all rows; "
                "else name another table.",
            )

    def _is_full(self, before: State | None) -> bool:
        options = self._options
        if options.cursor is None or before is None or before.watermark is None:
            return True
        if options.full_every is None or before.last_full is None:
            return options.full_every is not None
        return bool(self._began - pd.Timestamp(before.last_full) >= options.full_every)

    def _begin(self, before: State | None, is_full: bool) -> Mark | None:
        options = self._options
        if is_full:
            begin = options.start if before is None or options.start is not None else before.start
            if begin is None and self._place == "mark":
                raise ConfigError(
                    "start= is not given: a pull of all rows, as the first one is, puts it in place of {{watermark}}.",
                    hint="Write it as the cursor's values are: start='2020-01-01T00:00:00Z', or start=0.",
                )
            return begin
        assert before is not None
        assert before.watermark is not None
        self._check_overlap(before.watermark)
        return bound(before.watermark, options.overlap)

    def _check_overlap(self, mark: Mark) -> None:
        overlap, cursor = self._options.overlap, self._options.cursor
        if isinstance(mark, str) and not isinstance(overlap, pd.Timedelta) and overlap:
            raise ConfigError(
                f"overlap={overlap} is a number, and cursor={cursor!r} has times, such as {mark!r}; expected a span "
                "such as '10min'."
            )
        if not isinstance(mark, str) and isinstance(overlap, pd.Timedelta) and overlap:
            notify(
                f"overlap='{overlap}' is a span of time, and cursor={cursor!r} has numbers: the pull begins at the "
                "watermark itself, and a row that was committed late with a smaller one is missed. Say how many "
                "numbers to go back (overlap=1000), or overlap=0.",
                HintWarning,
            )

    def _pull(self, asked: Mapping[str, Any], kept: PullJournal | None) -> Pulled:
        pulled = self._pull_or_start_over(asked, kept)
        if pulled.lost is None:
            return pulled
        has_no_way_back = self._options.mode == "replace" or (
            self._options.mode == "append" and not self._options.key and self._options.cursor is not None
        )
        if has_no_way_back:
            raise SyncError(
                f"The pull is not whole: {pulled.lost}. With mode={self._options.mode!r} nothing was written, since "
                "a later pull could not make it good.",
                hint="Call again; what the server reported is in con.read_export(export) and client.last_pull.errors.",
            )
        return pulled

    def _pull_or_start_over(self, asked: Mapping[str, Any], kept: PullJournal | None) -> Pulled:
        """Pull; where the server has forgotten the walk of a journal, which it does soon, begin a new one."""

        def work() -> Pulled:
            return pull(self._connection, asked, consume=self._consume, progress=self._progress, journal=kept)

        try:
            return work()
        except ExportInterrupted as error:
            is_refused = isinstance(error.__cause__, PagingError) and error.__cause__.status is not None
            if kept is None or not kept.goes_on or not is_refused or consuming_member(asked) is not None:
                raise
        kept.start_over()
        return work()

    def _cursors(self, pulled: Pulled, before: State | None) -> Cursors | None:
        name = self._options.cursor
        if name is None or not pulled.table.num_rows:
            return None
        if name not in pulled.table.column_names:
            raise FrameError(
                f"cursor={name!r}: no such column came; came are {shown(pulled.table.column_names, 200)}.", column=name
            )
        found = read_cursors(pulled.table[name], kinds_of(pulled.table)[name], name)
        for mark in (self._options.start, None if before is None else before.watermark):
            if mark is not None and found.kind is not None and isinstance(mark, str) != (found.kind == "time"):
                raise FrameError(
                    f"cursor={name!r} came as {found.kind}s, such as {shown(found.greatest(~found.missing))}; "
                    f"{'the watermark' if before else 'start'} is {mark!r}.",
                    column=name,
                )
        if found.kind == "time" and not isinstance(self._options.overlap, pd.Timedelta):
            self._check_overlap(str(found.greatest(~found.missing)))
        if found.missing.any():
            notify(
                f"cursor={name!r} is null in {int(found.missing.sum()):,} rows; they are taken, and no later window "
                "will ask for them.",
                HintWarning,
            )
        return found

    def _all_keys(self) -> pa.Table | None:
        deletes = self._options.deletes
        if deletes is None or deletes.how != "keys":
            return None
        connection, doc = resolve_export(deletes.keys, self._connection)
        found = pull(connection, doc, progress=self._progress)
        if found.lost is not None:
            notify(f"deletes: the keys are not whole ({found.lost}), so no row is deleted by them.", HintWarning)
            return None
        if not found.table.num_rows:
            return pa.table({name: pa.nulls(0) for name in self._options.key})
        check_keys(found.table, self._options.key)
        return found.table.select(list(self._options.key)).group_by(list(self._options.key)).aggregate([])

    def _write(
        self,
        before: State | None,
        pulled: Pulled,
        cursors: Cursors | None,
        all_keys: pa.Table | None,
        is_full: bool,
        kept: PullJournal | None,
    ) -> tuple[State, Decided]:
        with self._store.opened():
            decided = decide(self._store, before, pulled, cursors, self._options, all_keys=all_keys, is_full=is_full)
            after = self._after(before, pulled, cursors, decided, is_full, kept)
            if after.columns:  # of a table that never had a row, no column is known
                self._store.write(decided.change, before, after)
        return after, decided

    def _after(
        self,
        before: State | None,
        pulled: Pulled,
        cursors: Cursors | None,
        decided: Decided,
        is_full: bool,
        kept: PullJournal | None,
    ) -> State:
        options, was_whole = self._options, pulled.lost is None
        old = 0 if before is None else before.rows
        began = self._pull_began(kept)
        last_full = None if before is None else before.last_full
        return State(
            number=1 if before is None else before.number + 1,
            table=self._table,
            export=digest(self._doc),
            connection=self._connection.name,
            connection_id=self._connection.id,
            mode=options.mode,
            key=options.key,
            cursor=options.cursor,
            columns=decided.change.columns,
            watermark=self._watermark(before, pulled, cursors, began),
            rows=old + decided.inserted - decided.deleted,
            last_run=self._began.isoformat(timespec="milliseconds"),
            last_full=began.isoformat(timespec="milliseconds") if is_full and was_whole else last_full,
            complete=was_whole,
            start=options.start if options.start is not None or before is None else before.start,
            pull=None if kept is None or kept.started_at is None else repr(kept.started_at),
        )

    def _pull_began(self, kept: PullJournal | None) -> pd.Timestamp:
        """Return when the pull began; one that goes on began with an earlier call."""
        if kept is None or kept.started_at is None:
            return self._began
        return min(self._began, pd.Timestamp(kept.started_at, unit="s", tz="UTC"))

    def _watermark(
        self, before: State | None, pulled: Pulled, cursors: Cursors | None, began: pd.Timestamp
    ) -> Mark | None:
        """Return the greatest cursor that may be believed: of a whole pull, and not of a clock that is ahead.

        A row may have changed after its page had come: none that was stamped after the pull began moves the watermark,
        and where a pull went on later, none that came then.
        """
        old = None if before is None else before.watermark
        if cursors is None or pulled.lost is not None:
            return old
        overlap = self._options.overlap
        ahead = cursors.ahead(pd.Timestamp(self._clock()), overlap)
        if ahead.any():
            notify(
                f"cursor={self._options.cursor!r} lies in the future in {int(ahead.sum()):,} rows, such as "
                f"{shown(cursors.greatest(ahead))}: they are taken, and the watermark does not move to them.",
                HintWarning,
            )
        believed = ~cursors.ahead(began, overlap)
        if pulled.kept:
            believed &= pulled.pages < pulled.kept
        greatest = cursors.greatest(believed)
        return greatest if greatest is not None and is_later(greatest, old) else old


def _warn_of_columns(changes: tuple[str, ...], place: str, is_full: bool) -> None:
    if all(change.startswith("missing") for change in changes):
        return  # of a few rows, an optional field may have come with none
    is_new = not is_full and any(change.startswith("new") for change in changes)
    notify(
        f"Columns of the {place} changed: {'; '.join(changes)}."
        + (" Rows that this pull did not bring have none of it until all are pulled (full_every=)." if is_new else ""),
        DriftWarning,
    )
