"""The log of scripts: kept while a script is debugged, encrypted, read back in the vendor's form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from celigo_pandas.engine.storage.script_log import ScriptLog
from celigo_pandas.engine.storage.store import Store
from celigo_pandas.engine.storage.vault import Vault, new_key

START = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
SCRIPT = {"_id": "5f00000000000000000000aa", "debugUntil": "2026-07-01T12:30:00.000Z"}
LINES = [("info", "one"), ("error", "a customer's name")]


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


def test_lines_are_kept_while_the_script_is_debugged_and_for_a_day(store: Store) -> None:
    clock = Clock()
    log = ScriptLog(store, Vault([new_key()]), clock)

    log.write(SCRIPT, LINES, function="preMap", resource_id="5f00000000000000000000bb")
    clock.now += timedelta(minutes=31)
    log.write(SCRIPT, [("info", "after its end")], function="preMap")
    log.write({"_id": SCRIPT["_id"]}, [("info", "never on")], function="preMap")

    assert log.entries(SCRIPT["_id"]) == [
        {
            "time": "2026-07-01T12:00:00.000Z",
            "logLevel": level,
            "functionType": "preMap",
            "_resourceId": "5f00000000000000000000bb",
            "message": message,
        }
        for level, message in LINES
    ]
    clock.now += timedelta(days=1)
    assert log.entries(SCRIPT["_id"]) == []


def test_messages_are_not_readable_in_the_store_and_long_ones_are_cut_with_a_sign(store: Store, tmp_path: Path) -> None:
    log = ScriptLog(store, Vault([new_key()]), Clock())

    log.write(SCRIPT, [*LINES, ("debug", "x" * 200_000)], function="filter")

    raw = b"".join(path.read_bytes() for path in (tmp_path / "store").iterdir())
    assert b"customer" not in raw
    assert log.entries(SCRIPT["_id"])[-1]["message"] == "x" * 100_000 + "…"
    log.clear(SCRIPT["_id"])
    assert log.entries(SCRIPT["_id"]) == []
