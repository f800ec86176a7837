"""Pulls against loops that only download, loops as people write them, and a peer; and their memory.

Pairs run in turn against one server in a process of its own, and the ratio is the median of the pairs' ratios. Memory
is measured in fresh processes, as the peak above what stood before the pull.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pull_floors as floors

from celigo_pandas.accessors import read_export
from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.resources.secret import Secret

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
CLEAN = "clean-200-1000-0"


def run() -> list[dict[str, object]]:
    with page_server() as url:
        rows = [*speed(url), *memory(url)]
    return rows


def speed(url: str) -> list[dict[str, object]]:
    clean = against_download(url, CLEAN)
    ours = pull_of(url, CLEAN)
    rows = [
        row("200 x 1,000 against a download-only loop", clean, 2.5),
        row(
            "faster than .json() + json_normalize",
            ratio(lambda: floors.usual_loop(url, CLEAN), ours, 3),
            3.5,
            at_least=True,
        ),
        row(
            "faster than dlt's REST client + DataFrame",
            ratio(lambda: floors.dlt_rest_client(url, CLEAN), ours, 1),
            1.0,
            at_least=True,
        ),
    ]
    for kind in ("nested", "ragged", "mixed"):
        name = f"{kind}-200-1000-0"
        rows.append(row(f"{kind} against clean", against_download(url, name, relative_to=CLEAN), 1.5))
    half = "clean-100-1000-0"
    # The machine's noise is as large as the budget; a bar that costs more than that shows it in each of three series.
    bar = min(ratio_of_faster_halves(with_bar(url, half), pull_of(url, half), 4 * ROUNDS) for _ in range(3))
    return [
        *rows,
        row("1,000 x 20 against session.post", against_download(url, "clean-1000-20-0"), 1.0),
        row("100 pages at 50 ms against the bare loop", against_download(url, "clean-100-1000-50", 3), 1.05),
        row("progress on against off", bar, 1.02),
    ]


def against_download(url: str, dataset: str, rounds: int = ROUNDS, relative_to: str | None = None) -> float:
    """Return the ratio to a download-only loop, or how it stands to the ratio of another dataset, measured in turn."""
    if relative_to is None:
        return ratio(pull_of(url, dataset), lambda: floors.download_only(url, dataset), rounds)
    pairs = [against_download(url, dataset, 1) / against_download(url, relative_to, 1) for _ in range(rounds)]
    return statistics.median(pairs)


def memory(url: str) -> list[dict[str, object]]:
    # The least of three runs, here and below, is the one that no late garbage collection has blurred.
    whole = min((measured(url, "read", CLEAN) for _ in range(3)), key=lambda run: run["peak"])
    rows = [row("peak of a pull against its frame", whole["peak"] / whole["frame"], 1.5)]
    for work in ("iter", "parquet"):
        long, short = (
            min(measured(url, work, f"clean-{pages}-1000-0")["peak"] for _ in range(3)) for pages in (200, 20)
        )
        rows.append(row(f"peak of {work}, 200 pages against 20", long / short, 1.3))
    return rows


def row(name: str, found: float, budget: float, **more: object) -> dict[str, object]:
    return {"name": name, "ratio": round(found, 3), "budget": budget, **more}


def ratio(ours: Callable[[], Any], floor: Callable[[], Any], rounds: int = ROUNDS) -> float:
    pairs = timed_pairs(ours, floor, rounds, time.perf_counter)
    return statistics.median(taken / least for taken, least in pairs)


def ratio_of_faster_halves(ours: Callable[[], Any], floor: Callable[[], Any], rounds: int) -> float:
    """Compare processor times of two works that differ by less than the machine's noise, without its slow moments."""
    taken, least = (sorted(times) for times in zip(*timed_pairs(ours, floor, rounds, time.process_time), strict=True))
    return sum(taken[: rounds // 2]) / sum(least[: rounds // 2])


def timed_pairs(
    ours: Callable[[], Any], floor: Callable[[], Any], rounds: int, clock: Callable[[], float]
) -> list[tuple[float, float]]:
    floor()  # the server builds its pages
    pairs = []
    for number in range(rounds):
        times = {}
        for work in (ours, floor) if number % 2 else (floor, ours):
            started = clock()
            kept = work()
            times[work] = clock() - started
            del kept
        pairs.append((times[ours], times[floor]))
    return pairs


def pull_of(url: str, dataset: str, progress: Any = False) -> Callable[[], pd.DataFrame]:
    def pull() -> pd.DataFrame:
        return read_export(floors.EXPORT, connection(url, dataset), progress=progress)

    return pull


def with_bar(url: str, dataset: str) -> Callable[[], pd.DataFrame]:
    pull = pull_of(url, dataset, progress="text")

    def pull_with_bar() -> pd.DataFrame:
        with contextlib.redirect_stderr(io.StringIO()):
            return pull()

    return pull_with_bar


def connection(url: str, dataset: str) -> Connection:
    client = Client(ApiClient(RequestsTransport(url, Secret("x")), base_url=url), progress=False)
    return Connection(client, {"_id": dataset, "name": dataset})


@contextlib.contextmanager
def page_server() -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, str(HERE / "page_server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.stdin.close()
        server.wait(10)


def measured(url: str, work: str, dataset: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, str(HERE / "pull_memory.py"), url, work, dataset],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    for entry in run():
        print(entry)
