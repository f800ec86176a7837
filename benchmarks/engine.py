"""The engine's paged SQL pull, through the client into a frame, against reading the same rows and writing them as JSON.

The bare loop is what any server must do at least: fetch with ``sqlite3``, write with ``json.dumps``, page by page, in
one process and to nobody.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import celigo_pandas as celigo

ROWS, PAGE, ROUNDS = 200_000, 1_000, 3
COLUMNS = (
    "id integer primary key, shuffled integer, sorted integer, carrier text, flight integer, tailnum text, "
    "origin text, dest text, delay real, distance real, at text, note text"
)


def run() -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "rows.db"
        make(database)
        with celigo.local(demo="none") as client:
            doc = {"name": "rows", "type": "rdbms", "rdbms": {"type": "sqlite", "database": str(database)}}
            connection = client.connections.create(doc)

            def pull(query: str) -> Callable[[], int]:
                export = {"rdbms": {"query": query}, "pageSize": PAGE}
                return lambda: len(celigo.read_export(export, connection, progress=False))

            plain, indexed, unindexed = (
                "select * from t",
                "select * from t order by sorted",
                "select * from t order by shuffled",
            )
            times = measured(
                {
                    "bare": lambda: bare(database, plain),
                    "plain": pull(plain),
                    "bare unindexed": lambda: bare(database, unindexed),
                    "unindexed": pull(unindexed),
                    "indexed": pull(indexed),
                }
            )
    return [
        row("paged SQL pull of 200,000 rows, through the client", times["plain"] / times["bare"], 2.0),
        row(
            "the same, sorted by an unindexed column, against a bare loop",
            times["unindexed"] / times["bare unindexed"],
            2.0,
        ),
        row("sorted by an unindexed column, against an indexed one", times["unindexed"] / times["indexed"], 2.0),
    ]


def row(name: str, ratio: float, budget: float) -> dict[str, object]:
    return {"name": name, "ratio": round(ratio, 3), "budget": budget}


def make(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute(f"create table t({COLUMNS})")
    connection.executemany(
        f"insert into t values ({', '.join('?' * 12)})",
        (
            (
                number, number * 7919 % ROWS, number, ("UA", "AA", "B6")[number % 3], number % 5000,
                f"N{number % 4000:05d}",
                ("EWR", "JFK", "LGA")[number % 3], ("IAH", "MIA", "BQN", "ATL")[number % 4],
                None if number % 37 == 0 else number % 300 / 2, float(number % 2500),
                f"2013-{number % 12 + 1:02d}-{number % 28 + 1:02d}T{number % 24:02d}:00:00Z",
                "on time" if number % 5 else "",
            )
            for number in range(ROWS)
        ),
    )  # fmt: skip
    connection.execute("create index by_sorted on t(sorted)")
    connection.commit()
    connection.close()


def bare(database: Path, query: str) -> int:
    connection = sqlite3.connect(database)
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    count = 0
    while rows := cursor.fetchmany(PAGE):
        json.dumps([dict(zip(names, one, strict=True)) for one in rows])
        count += len(rows)
    connection.close()
    return count


def measured(works: dict[str, Callable[[], int]]) -> dict[str, float]:
    """Return the best time of each; they take turns, so that a slow moment of the machine hits all alike."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(ROUNDS):
        for name, work in works.items():
            started = time.perf_counter()
            count = work()
            best[name] = min(best[name], time.perf_counter() - started)
            if count != ROWS:
                raise RuntimeError(f"{name}: {count} rows instead of {ROWS}")
    return best


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
