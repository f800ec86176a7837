"""A table in each store, and in one of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.store_kinds import KINDS
from support.synced_place import Place


@pytest.fixture(params=KINDS, ids=[kind.name for kind in KINDS])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    to = request.param.to(tmp_path)
    yield Place(request.param, to)
    if hasattr(to, "close"):
        to.close()


@pytest.fixture
def parquet(tmp_path: Path) -> Place:
    """One store, for what does not depend on it: the quickest."""
    kind = next(kind for kind in KINDS if kind.name == "parquet")
    return Place(kind, kind.to(tmp_path))
