"""What a type checker sees of the package: every public name has a type, and a misspelt one is an error."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import celigo_pandas as celigo

ROOT = Path(__file__).parents[2]


def told_by_mypy(folder: Path, source: str) -> str:
    (folder / "asked.py").write_text("import celigo_pandas as celigo\n" + source)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(folder / "asked.py")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_mypy_knows_every_public_name(tmp_path: Path) -> None:
    names = sorted(celigo.__all__)

    told = told_by_mypy(tmp_path, "".join(f"reveal_type(celigo.{name})\n" for name in names))

    revealed = re.findall(r'Revealed type is "(.*)"', told)
    assert len(revealed) == len(names), told
    assert [name for name, kind in zip(names, revealed, strict=True) if kind in ("Any", "builtins.object")] == []


def test_mypy_refuses_a_misspelt_name_and_a_misspelt_option(tmp_path: Path) -> None:
    told = told_by_mypy(
        tmp_path, "celigo.conect\n\n\ndef pull(con: celigo.Connection) -> None:\n    con.read_export({}, pagesize=1)\n"
    )

    assert 'has no attribute "conect"' in told
    assert 'Unexpected keyword argument "pagesize"' in told
