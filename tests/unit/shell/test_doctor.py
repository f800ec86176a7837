"""What the doctor says of extras: every one that the package offers, whatever is installed."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import pytest

from celigo_pandas.cli.doctor import _extras

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def offered() -> dict[str, list[str]]:
    project: dict[str, Any] = tomllib.loads(PYPROJECT.read_text())["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    return {name: wanted for name, wanted in extras.items() if name not in ("all", "dev", "docs")}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Packages beside this one, whose metadata are those of the project as it is."""
    packages: set[str] = set()
    requires = [f"{one}; extra == '{name}'" for name, wanted in offered().items() for one in wanted]
    requires += ["pandas>=2.2", "tomli>=2; python_version < '3.11'", "pytest>=8; extra == 'dev'"]

    def version(name: str) -> str:
        if name not in packages:
            raise importlib.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(importlib.metadata, "requires", lambda name: requires)
    monkeypatch.setattr(importlib.metadata, "version", version)
    return packages


def test_every_extra_of_the_project_is_told(installed: set[str]) -> None:
    assert set(_extras()) == set(offered())
    assert _extras()["postgres"] == "no (psycopg)"


def test_an_extra_is_there_when_all_of_it_is(installed: set[str]) -> None:
    installed.add("paramiko")
    assert _extras()["files"] == "no (openpyxl)"

    installed.add("openpyxl")
    assert _extras()["files"] == "yes"


def test_the_package_as_it_is_installed_tells_its_extras() -> None:
    assert {"postgres", "files", "dask"} <= set(_extras())
