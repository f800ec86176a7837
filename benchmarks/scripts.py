"""A preMap of ten lines here and under node's vm: transfer, JSON in and out, and a fresh global for each page.

node is one that is running and warm; so are our processes. The answers of both are compared first.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
from measuring import compared, row

from celigo_pandas.scripts import ScriptHost, ScriptText

RECORDS = 10_000
WARM_MS = 10.0

HOOK = """function preMap(options) {
  return options.data.map((d) => {
    const lines = d.lines || [];
    d.total = lines.reduce((sum, line) => sum + line.n * line.price, 0);
    d.name = d.name.trim().toUpperCase();
    d.date = new Date(d.date).toISOString().slice(0, 10);
    d.tags = [...new Set(lines.map((line) => line.sku))].join(',');
    if (d.total === 0) return {};
    return { data: d };
  });
}
"""


class Node:
    """A running node with the hook."""

    def __init__(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".js", delete=False) as file:
            file.write(HOOK)
        self._file = Path(file.name)
        command = ["node", str(Path(__file__).with_name("node_pages.js")), file.name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def page(self, options: Any) -> Any:
        """Give it a page and return the answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(orjson.dumps(options) + b"\n")
        stdin.flush()
        return orjson.loads(stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._file.unlink()


def run() -> list[dict[str, object]]:
    node, host, script = Node(), ScriptHost(), ScriptText(HOOK, "bench.js")
    try:
        page, small = {"data": orders(RECORDS)}, {"data": orders(20)}

        def ours() -> Any:
            return host.run_page(script, "preMap", page).value

        assert ours() == node.page(page)
        both = compared(ours, lambda: node.page(page), clock=time.perf_counter)
        found = [row(f"preMap of ten lines, {RECORDS:,} records in one page", both, 3.0)]
        taken = []
        for _ in range(60):
            start = time.perf_counter()
            host.run_page(script, "preMap", small)
            taken.append((time.perf_counter() - start) * 1000)
            time.sleep(0.02)  # pages come one by one; the next global is made meanwhile
        median = statistics.median(taken)
        spread = (sorted(taken)[45] - sorted(taken)[15]) / median
        found.append(row("a warm call on 20 records, milliseconds", (median, spread), WARM_MS))
        return found
    finally:
        node.close()
        host.close()


def orders(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "name": f" customer {number % 97} ",
            "date": f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}T10:00:00Z",
            "lines": [{"sku": f"S{line}", "n": line, "price": 2.5} for line in range(number % 5)],
        }
        for number in range(count)
    ]
