"""The blocks of docs/dask.md that need a cluster run as they stand, its script by itself."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.engine import EngineProcess, make_sqlite
from support.pages import read_blocks

import celigo_pandas as celigo

PAGE = (Path(__file__).parents[3] / "docs" / "dask.md").read_text(encoding="utf-8")
BLOCKS = [block for block in read_blocks(PAGE) if "a test runs it" in block.options.get("no-run", "")]

pytestmark = pytest.mark.cluster


def test_script_runs(tmp_path: Path) -> None:
    script = BLOCKS[0]
    assert "script" in script.options["no-run"]
    (tmp_path / "months.py").write_text(script.code, encoding="utf-8")
    without = {name: value for name, value in os.environ.items() if name != "CELIGO_API_TOKEN"}

    done = subprocess.run([sys.executable, "months.py"], cwd=tmp_path, env=without, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert re.search(r"^UA +13[0-9]{3}$", done.stdout, re.MULTILINE), done.stdout
    assert "Traceback" not in done.stderr


def test_blocks_run(
    cluster_client: Any, engine: EngineProcess, account: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    days = [f"2024-{month:02d}-{day}" for month in range(1, 13) for day in ("01", "15")]
    orders = [{"day": day, "customer": "ab"[n % 2], "total": n} for n, day in enumerate(days)]
    path = make_sqlite(tmp_path / "w.db", ["create table sums (customer, total)"], orders=orders)
    names = {
        "celigo": celigo,
        "con": account.connections[engine.sqlite(path)],
        "import_doc": celigo.build.sql_import("insert into sums values ({{record.customer}}, {{record.total}})"),
    }

    for block in BLOCKS[1:]:
        exec(compile(block.code.replace("/shared", str(tmp_path)), "docs/dask.md", "exec"), names)

    assert names["outcomes"].compute()["outcome"].tolist() == ["ok"] * 24
    assert names["totals"].rows() == [("a", 132), ("b", 144)]
    with sqlite3.connect(path) as database:
        pushed = database.execute("select customer, sum(total), count(*) from sums group by customer").fetchall()
    database.close()
    assert pushed == [("a", 132 * 2, 13), ("b", 144 * 2, 13)]
