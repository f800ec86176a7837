"""``make bench``: run every benchmark, print ratio and budget, write JSON, exit 1 over budget.

Each module here has ``run() -> list[dict]`` with ``name``, ``ratio``, ``budget`` and, where more is better,
``at_least: True``. A ratio compares two things measured in the same run, so that the machine's speed cancels out;
``spread`` is how far its series lie apart, as a share. ``told`` are lines beside a row, which nothing is gated by.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
SUITES = ("mapping", "experiments", "templates", "scripts", "pull", "push", "sync", "engine", "startup")


def main(names: list[str]) -> int:
    results, over = {}, []
    for suite in names or SUITES:
        if not (HERE / f"{suite}.py").exists():
            print(f"no such benchmark: {suite}", file=sys.stderr)
            return 2
        # A process each, so that one suite's memory and imports do not count for the next.
        code = f"import json, sys; sys.path.insert(0, {str(HERE)!r}); import {suite}; print(json.dumps({suite}.run()))"
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
        rows = json.loads(done.stdout.splitlines()[-1])
        results[suite] = rows
        for row in rows:
            good = row["ratio"] >= row["budget"] if row.get("at_least") else row["ratio"] <= row["budget"]
            if not good:
                over.append(row["name"])
            sign = "≥" if row.get("at_least") else "≤"
            verdict = "ok" if good else "OVER BUDGET"
            spread = f"±{row['spread'] / 2:4.0%}" if "spread" in row else "     "
            figures = f"{row['ratio']:8.2f} {spread}  {sign} {row['budget']:<6}"
            print(f"{suite:11} {row['name']:<62} {figures} {verdict}", flush=True)
            for line in row.get("told", ()):
                print(f"{'':14}{line}", flush=True)
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    path.write_text(json.dumps(results, indent=1))
    print(f"{len(over)} over budget; written to {path}")
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
