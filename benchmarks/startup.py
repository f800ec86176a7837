"""``import celigo_pandas`` against ``import pandas, requests, tqdm``, each in a fresh process; and what comes after it.

What the first call costs is told, with what it is made of, and not gated: it is a matter of this machine's disk.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from measuring import row

FIRST_CALL = """
import sqlite3, tempfile, time
file = tempfile.NamedTemporaryFile(suffix=".db")
sqlite3.connect(file.name).execute("create table t(a)").connection.close()
marks = [("the interpreter", time.perf_counter())]
import pandas, requests, tqdm
marks.append(("import pandas, requests, tqdm", time.perf_counter()))
import celigo_pandas as celigo
marks.append(("import celigo_pandas", time.perf_counter()))
client = celigo.local(demo="none")
marks.append(("celigo.local() ready", time.perf_counter()))
doc = {"name": "d", "type": "rdbms", "rdbms": {"type": "sqlite", "database": file.name}}
con = client.connections.create(doc)
marks.append(("a connection made", time.perf_counter()))
query = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10) select i from n"
export = {"rdbms": {"query": query}}
assert len(celigo.read_export(export, con, progress=False)) == 10
marks.append(("read_export of ten rows, the first", time.perf_counter()))
celigo.read_export(export, con, progress=False)
marks.append(("read_export of ten rows, the second", time.perf_counter()))
client.close()
for (_, before), (name, after) in zip(marks, marks[1:]):
    print(f"{name}: {(after - before) * 1000:.0f} ms")
"""


def run() -> list[dict[str, object]]:
    ours, floor = [], []
    for _ in range(5):
        floor.append(seconds("import pandas, requests, tqdm"))
        ours.append(seconds("import celigo_pandas"))
    ratios = [one / other for one, other in zip(ours, floor, strict=True)]
    found = statistics.median(ours) / statistics.median(floor)
    told = subprocess.run([sys.executable, "-c", FIRST_CALL], check=True, stdout=subprocess.PIPE, text=True)
    ordered = sorted(ratios)
    spread = (ordered[-2] - ordered[1]) / found
    return [row("import celigo_pandas", (found, spread), 1.15, told=told.stdout.splitlines())]


def seconds(statement: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(run())
