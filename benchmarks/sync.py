"""A sync of a table of 1,000,000 rows of which 1 % changed, in each store, against pulling that window into a frame.

The ratio is the sync's time to 1.3 times the pull's plus 2 seconds; it goes through the local engine and a SQLite file.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

import celigo_pandas as celigo

ROWS, CHANGED, ROUNDS = 1_000_000, 10_000, 3
FACTOR, EXTRA_S = 1.3, 2.0
QUERY = "select * from t where at >= '{{watermark}}'"
PLACES = {"duckdb": "shop.duckdb", "parquet": "lake", "delta": "shop.delta"}


def make(database: Path) -> None:
    with sqlite3.connect(database) as con:
        con.execute(
            "create table t "
            "(id integer primary key, at text, name text, city text, price real, count integer, note text)"
        )
        con.executemany(
            "insert into t values (?, ?, ?, ?, ?, ?, ?)",
            (
                (n, f"2024-01-01T{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z", f"name {n}", f"city {n % 997}",
                 n / 7, n % 1000, f"a note of some length about row {n}")
                for n in range(ROWS)
            ),
        )  # fmt: skip
        con.execute("create index by_time on t (at)")


def change(database: Path, number: int) -> str:
    """Change one row in a hundred, all over the table, a day later than before; return that day."""
    day = f"2024-02-{number:02d}"
    with sqlite3.connect(database) as con:
        con.execute(
            f"update t set count = count + 1, at = '{day}T' || substr(at, 12) where id % {ROWS // CHANGED} = {number}"
        )
    return day


def run() -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as name, celigo.local(demo="none") as client:
        folder = Path(name)
        database = folder / "source.db"
        make(database)
        doc = {"name": "rows", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(database)}}
        con = client.connections.create(doc)
        return [measured(con, folder, database, kind, to) for kind, to in PLACES.items()]


def measured(con: Any, folder: Path, database: Path, kind: str, to: str) -> dict[str, object]:
    (folder / "lake").mkdir(exist_ok=True)

    def sync() -> Any:
        return celigo.sync(
            {"rdbms": {"query": QUERY}}, con, to=folder / to, table="t", key="id", cursor="at", overlap="0s",
            start="2024-01-01T00:00:00Z", progress=False,
        )  # fmt: skip

    started = time.perf_counter()
    sync()
    first = time.perf_counter() - started
    pulls, syncs = [], []
    for number in range(1, ROUNDS + 1):
        offset = list(PLACES).index(kind) * ROUNDS + number
        day = change(database, offset)
        query = QUERY.replace("{{watermark}}", f"{day}T00:00:00Z")
        started = time.perf_counter()
        assert len(celigo.read_export({"rdbms": {"query": query}}, con, progress=False)) == CHANGED
        middle = time.perf_counter()
        result = sync()
        syncs.append(time.perf_counter() - middle)
        pulls.append(middle - started)
        assert (result.updated, result.inserted, result.rows) == (CHANGED, 0, ROWS), result
    pull, whole = min(pulls), min(syncs)
    return {
        "name": f"sync into {kind}, 1 % of {ROWS:,} rows / (1.3 x its pull + 2 s)",
        "ratio": whole / (FACTOR * pull + EXTRA_S),
        "budget": 1.0,
        "told": [f"pull {pull:.2f} s, sync {whole:.2f} s; the first sync, of all rows, {first:.1f} s"],
    }


if __name__ == "__main__":
    for row in run():
        print(row)
