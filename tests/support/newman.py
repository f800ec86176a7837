"""newman, the Postman collection runner: from PATH, else installed once by npm into the user's cache."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import platformdirs
from support import needs

VERSION = "6.2.1"


def find_newman() -> str:
    """Return newman's path, or end the test as a missing program does."""
    needs.require("node")
    found = shutil.which("newman")
    if found:
        return found
    folder = platformdirs.user_cache_path("celigo_pandas") / f"newman-{VERSION}"
    program = folder / "node_modules" / ".bin" / "newman"
    with needs.alone(folder):
        if not program.exists():
            _install(folder)
    if not program.exists():
        needs.missing("newman")
    return str(program)


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", f"newman@{VERSION}"]
    subprocess.run([*command, "--prefix", str(folder)], check=False, timeout=300, capture_output=True)
