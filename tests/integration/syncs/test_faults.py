"""Pulls that stop, files that are in use, disks that are full, and two syncs at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
from datetime import datetime, timezone
from pathlib import Path
from subprocess import PIPE
from typing import Any

import duckdb
import pytest
from support.pulls import PageServer, answer, connection_to, encoded
from support.store_kinds import KINDS
from support.synced_place import WINDOW, Place, row

import celigo_pandas as celigo
from celigo_pandas.errors import DriftWarning, ExportInterrupted, PullCancelled, SyncError
from celigo_pandas.syncs.sync_options import SyncOptions
from celigo_pandas.syncs.sync_run import SyncRun

ROOT = Path(__file__).parents[3]


class Failing:
    """Pages of which one is not answered, until it is."""

    def __init__(self, rows: list[dict[str, Any]], fails_at: int, error: BaseException | None = None) -> None:
        self.rows = rows
        self.fails_at = fails_at
        self.error = error
        self.asked = 0
        self.pages = PageServer(encoded(rows), page_size=2)

    def __call__(self, request: Any) -> Any:
        state = json.loads(request.body).get("pagedExportState")
        index = 0 if state is None else state["pageIndex"]
        if index == self.fails_at:
            if self.error is not None:
                raise self.error
            return answer(b'{"errors": [{"code": "down", "message": "down"}]}', 503)
        self.asked += 1
        return self.pages(request)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()])
def test_a_pull_that_stops_leaves_the_table_and_goes_on_with_a_journal(
    place: Any, tmp_path: Path, error: BaseException | None
) -> None:
    place.rows = [row(1)]
    place.sync()
    before, state = place.held(), place.state()
    server = Failing([row(n) for n in range(1, 8)], 2, error)
    raised = ExportInterrupted if error is None else PullCancelled

    with pytest.raises(raised, match="2 pages, 4 rows") as told:
        place.sync(con=connection_to(server), journal=tmp_path / "journal")
    assert "the same call goes on" in str(told.value)
    assert (place.held(), place.state()) == (before, state)

    server.fails_at = -1
    result = place.sync(con=connection_to(server), journal=tmp_path / "journal")
    assert (result.inserted, result.unchanged, server.asked) == (6, 1, 4)


def test_what_came_after_a_stop_does_not_move_the_watermark_over_what_changed_meanwhile(
    parquet: Any, tmp_path: Path
) -> None:
    rows = [row(n) for n in range(1, 8)]
    server = Failing(rows, 2)
    with pytest.raises(ExportInterrupted):
        parquet.sync(con=connection_to(server), journal=tmp_path / "journal")
    server.fails_at = -1
    result = parquet.sync(con=connection_to(server), journal=tmp_path / "journal")
    pages = [rows[start : start + 2] for start in range(0, 7, 2)]

    assert (result.inserted, result.window[1]) == (7, "2024-01-07T00:00:00Z")
    assert result.watermark == pages[1][-1]["updated"]
    parquet.rows = [row(1, "2024-01-05T00:00:00Z", v="changed after its page had come"), *rows[1:]]
    with pytest.warns(DriftWarning):
        assert parquet.sync().updated == 1


def test_rows_stamped_during_a_pull_are_not_of_the_future_and_move_no_watermark(parquet: Any) -> None:
    parquet.rows = [row(1, "2024-01-01T10:00:00Z"), row(2, "2024-01-01T10:30:00Z")]
    clock = iter([datetime(2024, 1, 1, 10, tzinfo=timezone.utc), datetime(2024, 1, 1, 11, tzinfo=timezone.utc)])
    options = SyncOptions.of(
        mode="merge", key="id", cursor="updated", overlap="10min", start="2020-01-01T00:00:00Z", deletes=None,
        max_delete=0, schema="evolve", full_every=None,
    )  # fmt: skip
    store = parquet.kind.open(parquet.to)

    result = SyncRun(
        parquet.server.connection(), WINDOW, store, "orders", options, progress=False, clock=lambda: next(clock)
    ).run()

    assert (result.inserted, result.watermark) == (2, "2024-01-01T10:00:00Z")


def test_a_column_that_somebody_filled_with_other_values_is_told(tmp_path: Path) -> None:
    place = Place(KINDS[0], str(tmp_path / "shop.duckdb"))
    place.rows = [row(1, v=1)]
    place.sync()
    with duckdb.connect(place.to) as con:
        con.execute("alter table orders alter v set data type varchar")
        con.execute("update orders set v = 'x'")

    with pytest.raises(SyncError, match=r"table 'orders' of .* cannot be read: .*'x'"):
        place.sync()


def test_a_journal_of_an_earlier_window_is_begun_anew(parquet: Any, tmp_path: Path) -> None:
    parquet.rows = [row(1)]
    parquet.sync(journal=tmp_path / "journal")
    parquet.rows = [row(n) for n in range(1, 4)]
    assert parquet.sync(journal=tmp_path / "journal").inserted == 2
    server = Failing([row(n) for n in range(1, 8)], 2)
    with pytest.raises(ExportInterrupted):
        parquet.sync(con=connection_to(server), journal=tmp_path / "journal")

    # All rows are pulled now: another document than the one whose pages are kept.
    assert parquet.sync(journal=tmp_path / "journal", full_every=0).unchanged == 3


class Forgetful:
    """Pages whose walks the server forgets."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.pages: PageServer | None = None
        self.breaks_at: int | None = None
        self.first_pages = 0

    def __call__(self, request: Any) -> Any:
        state = json.loads(request.body).get("pagedExportState")
        if state is None:
            self.pages = PageServer(encoded(self.rows), page_size=2)
            self.first_pages += 1
        elif self.pages is None:
            return answer(b'{"errors": [{"code": "invalid_state", "message": "It has expired."}]}', 422)
        elif state["pageIndex"] == self.breaks_at:
            raise KeyboardInterrupt
        return self.pages(request)


def test_a_walk_that_the_server_has_forgotten_is_begun_anew(parquet: Any, tmp_path: Path) -> None:
    server = Forgetful([row(n) for n in range(1, 8)])
    server.breaks_at = 2
    with pytest.raises(PullCancelled):
        parquet.sync(con=connection_to(server), journal=tmp_path / "journal")
    server.breaks_at = server.pages = None
    server.rows.append(row(8))

    result = parquet.sync(con=connection_to(server), journal=tmp_path / "journal")

    assert (result.inserted, server.first_pages) == (8, 2)
    server.breaks_at = 1
    with pytest.raises(PullCancelled):
        parquet.sync(con=connection_to(server), journal=tmp_path / "journal", full_every=0)
    server.breaks_at = server.pages = None
    assert parquet.sync(con=connection_to(server), journal=tmp_path / "journal", full_every=0).unchanged == 8


def test_a_progress_function_that_fails_ends_the_sync_with_its_own_error(parquet: Any) -> None:
    parquet.rows = [row(1)]

    def fail(done: int, total: int | None) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        parquet.sync(progress=fail)
    assert parquet.held() == []


def test_a_second_sync_of_the_table_is_refused_or_written_never_mixed(place: Any) -> None:
    place.rows = [row(1)]
    place.sync()
    outcomes: list[Any] = []

    def during(done: int, total: int | None) -> None:
        if not outcomes:
            outcomes.append(None)
            thread = threading.Thread(target=lambda: outcomes.append(_tried(lambda: place.sync())))
            thread.start()
            thread.join()

    place.rows = [row(1), row(2)]
    first = _tried(lambda: place.sync(progress=during))

    other = outcomes[1]
    if place.kind.name.startswith("duckdb"):  # the file is free while pages are pulled
        assert other.inserted == 1
        assert isinstance(first, SyncError)
        assert "was synced by another call meanwhile" in str(first)
    else:
        assert first.inserted == 1
        assert "is being synced by another process or another call" in str(other)
    assert [found["id"] for found in place.held()] == [1, 2]


def _tried(work: Any) -> Any:
    try:
        return work()
    except SyncError as error:
        return error


def other_process(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a process that has done its work when it says so, and ends when its stdin closes."""
    program = textwrap.dedent(code) + "\nprint('ready', flush=True)\nsys.stdin.read()\n"
    child = subprocess.Popen([sys.executable, "-c", program, *arguments], stdin=PIPE, stdout=PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def end(child: subprocess.Popen[str]) -> None:
    child.communicate("")


def test_a_duckdb_file_that_another_process_reads_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    to = str(tmp_path / "shop.duckdb")
    shop = Place(KINDS[0], to)
    shop.rows = [row(1)]
    shop.sync()
    asked = len(shop.server.exports)
    child = other_process("import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True)", to)
    try:
        with pytest.raises(SyncError, match="Conflicting lock is held") as told:
            shop.sync()
        assert "One process at a time can write a DuckDB file" in str(told.value)
        assert len(shop.server.exports) == asked
        assert shop.held()[0]["id"] == 1, "reading beside a reader is no conflict"
        assert celigo.sync_state(to)["rows"].tolist() == [1]
    finally:
        end(child)
    shop.rows.append(row(2))
    assert shop.sync().inserted == 1


def test_a_reader_that_comes_while_pages_are_pulled_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    to, children = str(tmp_path / "shop.duckdb"), []
    shop = Place(KINDS[0], to)
    shop.rows = [row(1)]
    shop.sync()
    shop.rows = [row(1), row(2)]

    def during(done: int, total: int | None) -> None:
        code = "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True)"
        children[:] = children or [other_process(code, to)]

    try:
        with pytest.raises(SyncError, match="Conflicting lock is held"):
            shop.sync(progress=during, journal=tmp_path / "journal")
    finally:
        end(children[0])
    assert [found["id"] for found in shop.held()] == [1]
    asked = len(shop.server.exports)
    assert shop.sync(journal=tmp_path / "journal").inserted == 1
    assert len(shop.server.exports) == asked, "the pages were in the journal"


def test_a_duckdb_file_that_this_process_has_open_is_used_beside_it(tmp_path: Path) -> None:
    shop = Place(KINDS[0], str(tmp_path / "shop.duckdb"))
    shop.rows = [row(1)]
    with duckdb.connect(shop.to) as con:
        unread = con.execute("select * from range(5)")
        assert shop.sync().inserted == 1
        assert shop.sync(to=con).unchanged == 1
        assert unread.fetchone() == (0,)
    with duckdb.connect(shop.to, read_only=True), pytest.raises(SyncError, match="different configuration"):
        shop.sync()


def test_a_transaction_that_the_caller_has_begun_is_left_alone() -> None:
    with duckdb.connect() as con:
        con.execute("create table mine (x int)")
        con.execute("begin transaction")
        con.execute("insert into mine values (1)")
        shop = Place(KINDS[1], con)
        shop.rows = [row(1)]
        assert shop.sync().inserted == 1
        con.execute("rollback")
        assert con.execute("select count(*) from mine").fetchall() == [(0,)]
        assert con.execute("select count(*) from orders").fetchall() == [(1,)]


FULL = """
    import json, os, resource, signal, sys, warnings
    sys.path[:0] = sys.argv[3:]
    from support.changing_source import PagedRows
    from support.store_kinds import KINDS
    from celigo_pandas.errors import SyncError
    import celigo_pandas as celigo

    kind, to = next(kind for kind in KINDS if kind.name == sys.argv[1]), sys.argv[2]
    rows = [{"id": 1, "text": "first"}]
    con = PagedRows(lambda export: rows, page_size=1000).connection()

    def sync():
        return celigo.sync({"http": {"relativeURI": "/"}}, con, to=to, table="orders", key="id", progress=False)

    sync()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    rows += [{"id": n, "text": os.urandom(2000).hex()} for n in range(2, 400)]
    try:
        print(sync())
    except SyncError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    """


@pytest.mark.parametrize("name", ["duckdb", "parquet", "delta"])
def test_a_full_disk_is_told_and_the_table_is_as_it_was(name: str, tmp_path: Path) -> None:
    """In a process of its own, whose files may have so many bytes."""
    kind = next(kind for kind in KINDS if kind.name == name)
    to = kind.to(tmp_path)
    command = [sys.executable, "-c", textwrap.dedent(FULL), name, to, str(ROOT), str(ROOT / "tests")]
    ran = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))

    assert ran.returncode == 0, ran.stderr
    assert "as it was" in ran.stdout
    assert "free some space" in ran.stdout
    shop = Place(kind, to)
    assert [found["id"] for found in shop.held()] == [1]
    shop.rows = [{"id": n, "text": "x" * n} for n in range(1, 50)]
    result = shop.sync({"http": {"relativeURI": "/"}}, cursor=..., start=...)
    assert (result.inserted, result.updated) == (48, 1)
