"""Runs the scripts in ``tests/node``: many cases in one process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from support import needs

FOLDER = Path(__file__).parent.parent / "node"


def install() -> None:
    """Install the packages to compare with, once; end the test as ``needs`` would where that is not possible."""
    needs.require("node")
    npm = needs.require("npm")
    with needs.alone(FOLDER / "node_modules"):
        wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
        if all((FOLDER / "node_modules" / name / "package.json").exists() for name in wanted):
            return
        command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode:
        needs.missing("npm packages", f"npm install failed: {result.stderr[-500:]}")


def run(script: str, cases: Iterable[Any]) -> list[Any]:
    """Give each case to a script and return its answers, in order."""
    install()
    lines = [json.dumps(case) for case in cases]
    result = subprocess.run(
        [needs.require("node"), script],
        cwd=FOLDER,
        input="\n".join(lines),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, "TZ": "UTC"},
    )
    assert result.returncode == 0, result.stderr[-2000:]
    answers = [json.loads(line) for line in result.stdout.split("\n")]
    assert len(answers) == len(lines)
    return answers
