"""Programs that some tests need beside Python packages.

On a developer's machine a test whose program is missing is not run and is named in the closing line of the run; with
``CI`` set it fails, so that a missing install step cannot hide.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

MISSING = "is not installed here"


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
    missing(program)


def missing(what: str, why: str = "") -> NoReturn:
    """End a test that lacks something: skipped and counted on a developer's machine, failed in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} {MISSING}, and in CI every test must run. {why}")
    pytest.skip(f"{what} {MISSING}")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time install into a folder, as tests run side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
