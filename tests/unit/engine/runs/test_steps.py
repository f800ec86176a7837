"""Mapping, transforms and filters end with their call: between a few records the clock is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from threading import Event
from typing import Any

import pytest
from support.http_calls import MemoryAccess

from celigo_pandas.engine.adaptors.protocol import Call, Chunk
from celigo_pandas.engine.choices import CHOICES
from celigo_pandas.engine.refusals import Refusal
from celigo_pandas.engine.runs import exporting, importing
from celigo_pandas.engine.runs.exporting import ExportRun
from celigo_pandas.engine.runs.importing import ImportRun
from celigo_pandas.engine.safety.reach import Reach

RECORDS: list[Any] = [{"n": str(number)} for number in range(2_000)]
RULES = {"mappings": [{"generate": "n", "dataType": "string", "extract": "$.n"}]}


def call(access: Any) -> Call:
    return Call(
        connection=access,
        reach=Reach(),
        context={"settings": {}},
        debug=lambda kind, payload: None,
        stop=Event(),
        deadline=time.monotonic() + 60,
        now=lambda: datetime.now(timezone.utc),
    )


@pytest.fixture
def access() -> Any:
    found: Any = MemoryAccess({"name": "x", "type": "http", "http": {}})
    found.is_offline = False
    return found


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, end: Callable[[], None]) -> list[int]:
    """Count the records of each step; the second one takes the call's time."""
    seen: list[int] = []
    real = getattr(module, name)

    def step(records: Any, *arguments: Any, **options: Any) -> Any:
        seen.append(len(records))
        if len(seen) == 2:
            end()
        return real(records, *arguments, **options)

    monkeypatch.setattr(module, name, step)
    return seen


@pytest.mark.parametrize("way", ["deadline", "stop"])
def test_import_whose_mapping_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch, access: Any, way: str) -> None:
    running = call(access)
    seen = counted(monkeypatch, importing, "run_import_steps", lambda: ended(running, way))

    with pytest.raises(Refusal) as caught:
        ImportRun(running, RULES, RECORDS, access, CHOICES).map()

    assert caught.value.problems[0].code == ("timeout" if way == "deadline" else "stopped")
    assert seen == [500, 500]


@pytest.mark.parametrize("way", ["deadline", "stop"])
def test_export_whose_transform_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch, access: Any, way: str) -> None:
    running = call(access)
    seen = counted(monkeypatch, exporting, "run_export_steps", lambda: ended(running, way))
    monkeypatch.setattr(ExportRun, "_source", lambda _: source())
    doc = {"pageSize": 2_000, "transform": {"type": "expression", "expression": {"version": "1", "rules": [[]]}}}

    with pytest.raises(Refusal) as caught:
        list(ExportRun(running, doc, access, CHOICES).pages())

    assert caught.value.problems[0].code == ("timeout" if way == "deadline" else "stopped")
    assert seen == [500, 500]


def test_steps_in_parts_are_the_steps_of_all(access: Any) -> None:
    results = ImportRun(call(access), RULES, [*RECORDS, ["no object"], *RECORDS], access, CHOICES).map()

    assert [one.get("n") for one in results[:2_000]] == [one["n"] for one in RECORDS]
    assert len(results) == 4_001
    assert results[2_001:] == results[:2_000]


def ended(running: Call, way: str) -> None:
    if way == "stop":
        running.stop.set()
    else:
        running.deadline = 0.0


def source() -> Iterator[Chunk]:
    yield Chunk(list(RECORDS))
