"""What a type checker sees of the package: every public name has a type, and a misspelt one is an error."""

from __future__ import annotations

import json
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


def told_by_pyright(folder: Path, source: str) -> str:
    (folder / "asked.py").write_text("import celigo_pandas as celigo\n" + source)
    settings = {"include": ["."], "extraPaths": [str(ROOT)], "typeCheckingMode": "standard"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "-p", str(folder), "--pythonpath", sys.executable]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_mypy_knows_every_public_name(tmp_path: Path) -> None:
    names = sorted(celigo.__all__)

    told = told_by_mypy(tmp_path, "".join(f"reveal_type(celigo.{name})\n" for name in names))

    revealed = re.findall(r'Revealed type is "(.*)"', told)
    assert len(revealed) == len(names), told
    assert [name for name, kind in zip(names, revealed, strict=True) if kind in ("Any", "builtins.object")] == []


def test_pyright_knows_every_public_name(tmp_path: Path) -> None:
    names = sorted(celigo.__all__)

    told = told_by_pyright(tmp_path, "".join(f"reveal_type(celigo.{name})\n" for name in names))

    revealed = dict(re.findall(r'Type of "celigo\.(\w+)" is "(.*)"', told))
    assert sorted(revealed) == names, told
    assert [name for name, kind in revealed.items() if kind in ("Any", "Unknown", "object")] == []


MISSPELT = "celigo.conect\n\n\ndef pull(con: celigo.Connection) -> None:\n    con.read_export({}, pagesize=1)\n"


def test_mypy_refuses_a_misspelt_name_and_a_misspelt_option(tmp_path: Path) -> None:
    told = told_by_mypy(tmp_path, MISSPELT)

    assert 'has no attribute "conect"' in told
    assert 'Unexpected keyword argument "pagesize"' in told


def test_pyright_refuses_a_misspelt_name_and_a_misspelt_option(tmp_path: Path) -> None:
    told = told_by_pyright(tmp_path, MISSPELT)

    assert '"conect" is not a known attribute' in told
    assert 'No parameter named "pagesize"' in told
