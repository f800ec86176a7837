"""One local engine with the shop for the forms' tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import celigo_pandas as celigo


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with celigo.local(demo="shop") as opened:
        yield opened
