"""One pull in a process of its own: prints its peak memory above the start, and the size of the frame."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from pull import connection, floors

from celigo_pandas.accessors import export_to_parquet, iter_export, read_export


def main(url: str, work: str, dataset: str) -> None:
    kind = dataset.split("-")[0]
    _run(url, work, f"{kind}-4-1000-0")  # imports, pools and threads stand before the measuring begins
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    frame = _run(url, work, dataset)
    print(json.dumps({"peak": _status("VmHWM") - before, "frame": frame}))


def _run(url: str, work: str, dataset: str) -> int:
    con = connection(url, dataset)
    if work == "read":
        return int(read_export(floors.EXPORT, con).memory_usage(deep=True).sum())
    if work == "iter":
        return sum(len(chunk) for chunk in iter_export(floors.EXPORT, con))
    with tempfile.TemporaryDirectory() as folder:
        export_to_parquet(floors.EXPORT, con, Path(folder) / "x.parquet")
    return 0


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {name} in /proc/self/status")


if __name__ == "__main__":
    main(*sys.argv[1:])
