"""One plan in a process of its own: prints its peak memory above the start, what the frames take, and the time."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd

import celigo_pandas as celigo
from celigo_pandas.frames.reading import frame_of

IMPORT = {
    "http": {"method": ["POST"], "relativeURI": ["/items"]},
    "mappings": [
        {"generate": name, "extract": f"$.{name}", "dataType": kind, "status": "Active"}
        for name, kind in (("id", "number"), ("shop", "string"), ("day", "string"), ("name", "string"),
                           ("note", "string"), ("qty", "number"), ("price", "number"), ("at", "string"))
    ],
}  # fmt: skip


def frame(rows: int, changed: bool) -> pd.DataFrame:
    return frame_of(
        {
            "id": number, "shop": f"Shop {number % 50}", "day": f"2026-{number % 12 + 1:02d}-01",
            "name": f"A rather long name of an item, as they are, number {number}",
            "note": "changed" if changed and number % 100 == 0 else f"Ordered by telephone, to be delivered, {number}",
            "qty": number % 9, "price": number % 1000 / 100, "at": f"2026-03-01T{number % 24:02d}:00:00Z",
        }
        for number in range(rows)
    )  # fmt: skip


def main(rows: int, key: list[str]) -> None:
    celigo.plan_import(frame(50, False), IMPORT, current=frame(50, True), key=key)  # what is loaded once
    here, there = frame(rows, False), frame(rows, True)
    size = sum(int(one.memory_usage(deep=True).sum()) for one in (here, there))
    Path("/proc/self/clear_refs").write_text("5")
    before, began = _status("VmRSS"), time.perf_counter()
    plan = celigo.plan_import(here, IMPORT, current=there, key=key)
    seconds = time.perf_counter() - began
    found = {"peak": _status("VmHWM") - before, "frames": size, "seconds": seconds, "update": plan.counts["update"]}
    print(json.dumps(found))


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {name} in /proc/self/status")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2].split(","))
