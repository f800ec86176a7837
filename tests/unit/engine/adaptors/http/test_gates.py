"""How many requests at once an HTTP connection sends: the same number as the engine's own gate lets through."""

from __future__ import annotations

import pytest

from celigo_pandas.engine.adaptors.http.kept_connection import Gates
from celigo_pandas.engine.safety.worker_threads import concurrency_of


@pytest.mark.parametrize("level", [None, 0, 1, 7, 25, 40, 50, "40", "many", True])
@pytest.mark.parametrize("kind", ["http", "rest"])
def test_gate_of_the_adaptor_is_as_wide_as_the_engines(kind: str, level: object) -> None:
    block = {} if level is None else {"concurrencyLevel": level}
    doc = {"_id": "c", "type": kind, kind: block}

    gate = Gates().gate(doc, "c")

    assert gate._level == concurrency_of(doc)[1]
    assert 1 <= gate._level <= 25
