"""``import celigo_pandas`` against ``import pandas, requests, tqdm``, each in a fresh process."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time


def run() -> list[dict[str, object]]:
    ours, floor = [], []
    for _ in range(9):
        floor.append(seconds("import pandas, requests, tqdm"))
        ours.append(seconds("import celigo_pandas"))
    ratio = statistics.median(ours) / statistics.median(floor)
    return [{"name": "import celigo_pandas", "ratio": ratio, "budget": 1.15}]


def seconds(statement: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(run())
