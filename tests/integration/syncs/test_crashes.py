"""A process that is killed at any step of a sync leaves the table as before or as after, and the next run is right."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from support.store_kinds import ON_DISK, StoreKind

from celigo_pandas.syncs.stores.delta_store import DeltaStore
from celigo_pandas.syncs.stores.duckdb_store import DuckDBStore
from celigo_pandas.syncs.stores.parquet_store import ParquetStore

CHILD = Path(__file__).parents[2] / "support" / "sync_child.py"
ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
FIRST = [{"id": number, "updated": f"2023-01-0{number}T00:00:00Z", "v": number} for number in range(1, 6)]
SECOND = [
    {"id": 1, "updated": "2023-02-01T00:00:00Z", "v": 1},
    {"id": 2, "updated": "2023-02-02T00:00:00Z", "v": "changed", "more": True},
    *FIRST[2:4],
    {"id": 9, "updated": "2023-02-03T00:00:00Z", "v": 1.5, "more": None},
]
STORES = {"duckdb": DuckDBStore, "parquet": ParquetStore, "delta": DeltaStore}
CASES = [(kind, step) for kind in ON_DISK for step in STORES[kind.name].STEPS]

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Sync in a process of its own; gives its exit and its text."""
    child = subprocess.Popen([sys.executable, str(CHILD)], env=ENVIRONMENT, stdin=PIPE, stdout=PIPE, text=True)
    assert child.stdin
    assert child.stdout

    def ask(
        kind: StoreKind, to: str, records: list[Any], step: str = "", journal: Path | None = None, mode: str = "merge"
    ) -> tuple[int, str]:
        asked = {"kind": kind.name, "to": to, "records": records, "step": step, "mode": mode}
        child.stdin.write(json.dumps({**asked, "journal": None if journal is None else str(journal)}) + "\n")
        child.stdin.flush()
        status, text = json.loads(child.stdout.readline())
        return status, text

    yield ask
    child.stdin.close()
    child.wait(10)
    child.stdout.close()


def held(kind: StoreKind, to: str) -> tuple[list[dict[str, Any]], Any]:
    store = kind.open(to)
    with store.opened(writes=False):
        state = store.state()
        rows = store.read(state).to_pylist()
    plain = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return sorted(plain, key=lambda row: row["id"]), state


def as_stored(records: list[dict[str, Any]], mixed: bool) -> list[dict[str, Any]]:
    stored = [{**row, "v": json.dumps(row["v"])} if mixed else row for row in records]
    return [{name: value for name, value in row.items() if value is not None} for row in stored]


@pytest.mark.parametrize(("kind", "step"), CASES, ids=[f"{kind.name}, {step}" for kind, step in CASES])
def test_a_killed_sync_has_happened_or_not(run: Run, kind: StoreKind, step: str, tmp_path: Path) -> None:
    to = kind.to(tmp_path)
    assert run(kind, to, FIRST) == (0, "5 rows: 5 inserted.")

    assert run(kind, to, SECOND, step)[0] == -signal.SIGKILL

    is_after = STORES[kind.name].STEPS.index(step) >= STORES[kind.name].STEPS.index("committed")
    rows, state = held(kind, to)
    assert rows == as_stored(SECOND if is_after else FIRST, is_after)
    assert state.watermark == ("2023-02-03T00:00:00Z" if is_after else "2023-01-05T00:00:00Z")
    assert len(kind.foreign(to)) == 5

    said = "5 rows: 5 unchanged." if is_after else "5 rows: 1 inserted, 2 updated, 2 unchanged, 1 deleted."
    assert run(kind, to, SECOND) == (0, said)
    rows, state = held(kind, to)
    assert rows == as_stored(SECOND, True)
    assert state.watermark == "2023-02-03T00:00:00Z"


@pytest.mark.parametrize("kind", ON_DISK, ids=[kind.name for kind in ON_DISK])
def test_the_first_sync_killed_leaves_no_table(run: Run, kind: StoreKind, tmp_path: Path) -> None:
    to = kind.to(tmp_path)

    assert run(kind, to, FIRST, "state written")[0] == -signal.SIGKILL

    store = kind.open(to)
    if store.exists():
        with store.opened():
            assert store.state() is None
    assert run(kind, to, FIRST) == (0, "5 rows: 5 inserted.")


@pytest.mark.parametrize("kind", ON_DISK, ids=[kind.name for kind in ON_DISK])
def test_rows_that_are_added_are_added_once(run: Run, kind: StoreKind, tmp_path: Path) -> None:
    to, journal = kind.to(tmp_path), tmp_path / "journal"

    assert run(kind, to, FIRST, "state written", journal, "append")[0] == -signal.SIGKILL
    assert run(kind, to, SECOND, "committed", journal, "append")[0] == -signal.SIGKILL

    # The pages of the first pull were on disk, and the second run went on with them.
    assert held(kind, to)[0] == FIRST
    assert run(kind, to, [{"id": 7, "updated": "2023-03-01T00:00:00Z", "v": 7}], "", journal, "append")[1] == (
        "6 rows: 1 inserted."
    )
    assert [row["id"] for row in held(kind, to)[0]] == [1, 2, 3, 4, 5, 7]
