"""Pulls against loops that only download, loops as people write them, and a peer; and their memory.

Pairs run in turn against one server in a process of its own, and the ratio is the median of the pairs' ratios. Memory
is measured in fresh processes, as the peak above what stood before the pull.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pull_floors as floors
from measuring import row

from celigo_pandas.accessors import export_to_parquet, iter_export, read_export
from celigo_pandas.accessors.account.client import Client
from celigo_pandas.accessors.account.connection import Connection
from celigo_pandas.client.api import ApiClient
from celigo_pandas.client.transport import RequestsTransport
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import MixedTypesWarning

HERE = Path(__file__).parent
_PAGE = 1 << 20
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
CLEAN, HALF = "clean-200-1000-0", "clean-100-1000-0"
# Wide, deep and with a column a key: pages, records and the budget against the usual loop.
SHAPES = {"wide-100-50-0": 0.5, "deep-40-250-0": 0.5, "keyed-20-50-0": 1.0}

Pairs = list[tuple[float, float]]


def run() -> list[dict[str, object]]:
    warnings.simplefilter("ignore", MixedTypesWarning)
    with page_server() as url:
        rows = [*speed(url), *ways(url), *shapes(url), *memory(url)]
    return rows


def speed(url: str) -> list[dict[str, object]]:
    ours, download = pull_of(url, CLEAN), lambda: floors.download_only(url, CLEAN)
    rows = [
        row("200 x 1,000 against a download-only loop", of_pairs(timed_pairs(ours, download, ROUNDS)), 2.0),
        row(
            "faster than .json() + json_normalize",
            of_pairs(timed_pairs(lambda: floors.usual_loop(url, CLEAN), ours, 2)),
            3.5,
            at_least=True,
        ),
        row(
            "faster than dlt's REST client + DataFrame",
            of_pairs(timed_pairs(lambda: floors.dlt_rest_client(url, HALF), pull_of(url, HALF), 1)),
            1.0,
            at_least=True,
        ),
    ]
    rows += [row(f"{kind} against clean", against_clean(url, kind), 1.5) for kind in ("nested", "ragged", "mixed")]
    short = "clean-50-1000-0"
    # The machine's noise is as large as the budget; a bar that costs more than that shows it in each of three series.
    bars = [ratio_of_faster_halves(with_bar(url, short), pull_of(url, short), 2 * ROUNDS) for _ in range(3)]
    return [
        *rows,
        row("1,000 x 20 against session.post", against_download(url, "clean-1000-20-0"), 1.0),
        row("100 pages at 50 ms against the bare loop", against_download(url, "clean-100-1000-50", 2), 1.05),
        row("progress on against off", (min(bars), max(bars) - min(bars)), 1.02),
    ]


def ways(url: str) -> list[dict[str, object]]:
    """The other ways of a pull, against the plain one."""

    def journaled() -> pd.DataFrame:
        with tempfile.TemporaryDirectory() as folder:
            return read_export(floors.EXPORT, connection(url, HALF), journal=folder, progress=False)

    def to_parquet() -> None:
        with tempfile.TemporaryDirectory() as folder:
            export_to_parquet(floors.EXPORT, connection(url, HALF), Path(folder) / "x.parquet", progress=False)

    def in_chunks() -> int:
        return sum(map(len, iter_export(floors.EXPORT, connection(url, HALF), progress=False)))

    works = {"journal=": (journaled, 1.25), "export_to_parquet": (to_parquet, 1.6), "iter_export": (in_chunks, 1.2)}
    plain = pull_of(url, HALF)
    return [
        row(f"{name} against the plain pull", of_pairs(timed_pairs(work, plain, ROUNDS)), budget)
        for name, (work, budget) in works.items()
    ]


def shapes(url: str) -> list[dict[str, object]]:
    return [
        row(
            f"{dataset.split('-')[0]}, against the usual loop",
            of_pairs(timed_pairs(pull_of(url, dataset), functools.partial(floors.usual_loop, url, dataset), 2)),
            budget,
        )
        for dataset, budget in SHAPES.items()
    ]


def against_download(url: str, dataset: str, rounds: int = ROUNDS) -> tuple[float, float]:
    return of_pairs(timed_pairs(pull_of(url, dataset), lambda: floors.download_only(url, dataset), rounds))


def against_clean(url: str, kind: str) -> tuple[float, float]:
    """Return how the ratio of a dataset to its download stands to that of the clean one, measured in turn."""
    ratios = []
    for _ in range(3):
        found, clean = (against_download(url, f"{name}-100-1000-0", 1)[0] for name in (kind, "clean"))
        ratios.append(found / clean)
    return middle(ratios)


def memory(url: str) -> list[dict[str, object]]:
    # The least of two runs, here and below, is the one that no late garbage collection has blurred.
    whole = min((measured(url, "read", CLEAN) for _ in range(2)), key=lambda run: run["peak"])
    rows = [row("peak of a pull against its frame", (whole["peak"] / whole["frame"], 0.0), 1.5)]
    for work in ("iter", "parquet"):
        long, short = (
            min(measured(url, work, f"clean-{pages}-1000-0")["peak"] for _ in range(2)) for pages in (200, 20)
        )
        # A peak that hides below what stood before counts as one page.
        rows.append(row(f"peak of {work}, 200 pages against 20", (max(long, _PAGE) / max(short, _PAGE), 0.0), 1.3))
    return rows


def of_pairs(pairs: Pairs) -> tuple[float, float]:
    return middle([taken / least for taken, least in pairs])


def middle(ratios: list[float]) -> tuple[float, float]:
    """Return the median, and how far the middle half lies apart, as a share of it."""
    found = statistics.median(ratios)
    ordered = sorted(ratios)
    cut = len(ordered) // 4
    return found, (ordered[-1 - cut] - ordered[cut]) / found


def ratio_of_faster_halves(ours: Callable[[], Any], floor: Callable[[], Any], rounds: int) -> float:
    """Compare processor times of two works that differ by less than the machine's noise, without its slow moments."""
    taken, least = (sorted(times) for times in zip(*timed_pairs(ours, floor, rounds, time.process_time), strict=True))
    return sum(taken[: rounds // 2]) / sum(least[: rounds // 2])


def timed_pairs(
    ours: Callable[[], Any], floor: Callable[[], Any], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> Pairs:
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
