"""One engine for all tests of plans."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import celigo_pandas as celigo


@pytest.fixture(scope="session")
def client() -> Iterator[celigo.Client]:
    with celigo.local(demo=None) as opened:
        yield opened
