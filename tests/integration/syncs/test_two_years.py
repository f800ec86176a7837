"""Two years of changes, synced again and again: at the end the table is the source."""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import pytest
from support import soak
from support.changing_source import EXPORT, KEYS, START_TEXT, ChangingSource
from support.pulls import is_same, records_of, without_nulls
from support.store_kinds import ON_DISK, StoreKind

from celigo_pandas.accessors.account.syncing import SyncResult
from celigo_pandas.errors import CeligoWarning
from celigo_pandas.syncs.sync_options import SyncOptions
from celigo_pandas.syncs.sync_run import SyncRun

DAYS = 730


def options(**changes: Any) -> SyncOptions:
    usual: dict[str, Any] = {
        "mode": "merge", "key": "id", "cursor": "updated", "overlap": "1h", "start": START_TEXT, "deletes": None,
        "max_delete": 1, "schema": "evolve", "full_every": "90d",
    }  # fmt: skip
    return SyncOptions.of(**{**usual, **changes})


def sync(source: ChangingSource, kind: StoreKind, to: Any, **changes: Any) -> SyncResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CeligoWarning)
        return SyncRun(
            source.server.connection(), EXPORT, kind.open(to), "orders", options(**changes), progress=False,
            clock=lambda: source.now,
        ).run()  # fmt: skip


def held(result: SyncResult) -> list[dict[str, Any]]:
    frame = result.frame()
    return [without_nulls(record) for record in records_of(frame.sort_values("id", ignore_index=True))]


def expected(source: ChangingSource) -> list[dict[str, Any]]:
    return [without_nulls(record) for record in source.records()]


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("kind", ON_DISK, ids=[kind.name for kind in ON_DISK])
def test_two_years_of_changes_end_as_the_source(kind: StoreKind, tmp_path: Path) -> None:
    chance = random.Random(soak.seed(f"two years, {kind.name}"))
    source, to = ChangingSource(chance), kind.to(tmp_path)
    every = 1 if soak.runs(0, 1) else 30
    counts = {"inserted": 0, "updated": 0, "unchanged": 0, "deleted": 0, "full": 0}

    for day in range(1, DAYS + 1):
        source.pass_day()
        if day % every and day != DAYS:
            continue
        # What it cannot show (a column's new name) is there with the next pull of all.
        result = sync(source, kind, to, deletes={"keys": KEYS})
        for name in counts:
            counts[name] += int(getattr(result, name))
        assert result.complete
        if chance.random() < 0.2:
            keys = result.frame(["id"])["id"].tolist()
            assert len(keys) == result.rows
            assert sorted(keys) == sorted(source.rows), day

    source.stale = []  # a clock that goes back would let an old version of the same pull win
    result = sync(source, kind, to, deletes="compare", full_every=0)
    assert result.full
    found = held(result)
    assert len(found) == len(source.rows)
    assert all(is_same(one, other) for one, other in zip(found, expected(source), strict=True))
    assert all(counts.values()), counts
    assert counts["full"] < DAYS // every / 2, "most pulls are windows"
    assert source.server.exports[1]["http"]["relativeURI"] != source.server.exports[0]["http"]["relativeURI"]
    again = sync(source, kind, to, deletes="compare", full_every=0)
    assert (again.inserted, again.updated, again.deleted) == (0, 0, 0)


@pytest.mark.parametrize("kind", ON_DISK, ids=[kind.name for kind in ON_DISK])
def test_a_window_alone_ends_as_the_source_where_nothing_is_deleted_or_renamed(kind: StoreKind, tmp_path: Path) -> None:
    source, to = ChangingSource(random.Random(7)), kind.to(tmp_path)
    for _ in range(12):
        source.pass_day()
        source.rows = {key: row for key, row in source.rows.items() if row["updated"] <= "2024"}  # no clock a year off
        result = sync(source, kind, to, deletes={"keys": KEYS})

    source.late = []
    assert not result.full
    assert all(is_same(one, other) for one, other in zip(held(result), expected(source), strict=True))
