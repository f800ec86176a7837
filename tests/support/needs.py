"""Programs that some tests need beside Python packages.

On a developer's machine a test whose program is missing is not run and is named in the closing line of the run; with
``CI`` set it fails, so that a missing install step cannot hide.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

NOT_RUN: dict[str, int] = {}


def find(program: str) -> str | None:
    """Return the path of a program, or None."""
    if program == "chromium":
        return os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program == "postgres":
        candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        return str(candidates[-1]) if candidates else shutil.which("postgres")
    if program == "mariadb":
        return shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    if program == "sshd":
        return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    return shutil.which(program)


def require(program: str) -> str:
    """Return the path of a program that this test needs, or end the test as the module's text says."""
    path = find(program)
    if path is not None:
        return path
    message = f"{program} is not installed here"
    if os.environ.get("CI"):
        pytest.fail(f"{message}, and in CI every test must run")
    NOT_RUN[program] = NOT_RUN.get(program, 0) + 1
    pytest.skip(message)
