"""The table of docs/architecture.md is true, and what it measures gets no worse."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "structure.py"


@pytest.fixture(scope="module")
def structure():
    spec = importlib.util.spec_from_file_location("structure", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "structure", module)
        spec.loader.exec_module(module)
        yield module


def test_table_is_what_is_measured(structure):
    written, measured = structure.written(), structure.measured()

    assert list(written) == [figure.name for figure in measured]
    stale = [f for f in measured if abs(written[f.name] - f.value) > max(0.5, 0.02 * f.value)]
    assert stale == [], "run: make structure"


def test_nothing_gets_worse(structure):
    assert [f for f in structure.measured() if f.ceiling is not None and f.value > f.ceiling] == []
