"""Pulls against a server that fails at random: every row once and right, or an error that says so."""

from __future__ import annotations

import json
import random
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import soak
from support.forks import Child
from support.page_socket import Answer, cuts, resets, sends, serving

import celigo_pandas as celigo
from celigo_pandas.errors import ExportInterrupted, JournalError, TransportError

FAULTS = (
    "again", "again_later", "429", "503", "408", "html", "cut", "reset", "reset_after", "stale_state", "empty_page",
)  # fmt: skip
TOTALS = ("right", "rising", "none", "unknown_stamp", "wrong")


class Chaos:
    """Pages of named exports; what goes wrong, and what the states say beside the position, is drawn by `rng`."""

    def __init__(self, seed: int, share: float, rows: int, size: int, totals: str) -> None:
        self._seed = seed
        self._share = share
        self._rows = rows
        self._size = size
        self._totals = totals
        self.signals_at: int | None = None
        self.faults: list[str] = []

    def __call__(self, number: int, body: bytes) -> Answer:
        asked = json.loads(body)
        if number == self.signals_at:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        draw = random.Random(f"{self._seed} {number}")
        fault = draw.choice(FAULTS) if draw.random() < self._share else ""
        self.faults.append(fault)
        page = self._page(number, asked, fault)
        return self._spoilt(page, fault)

    def _page(self, number: int, asked: dict[str, Any], fault: str) -> bytes:
        state = asked.get("pagedExportState") or {"pageIndex": 1, "skip": 0}
        at, index = state["skip"], state["pageIndex"]
        size = 0 if fault == "empty_page" else self._size
        records = [{"of": asked["export"]["name"], "n": n} for n in range(at, min(at + size, self._rows))]
        following = {"pageIndex": index + 1, "skip": at + len(records), "done": at + len(records) >= self._rows}
        if fault == "stale_state" and at:
            following = {**state, "done": False}
        following |= {"issuedAt": number, "sig": f"{number:064x}", **self._said(number, at)}
        return json.dumps({"data": records, "pagedExportState": following}).encode()

    def _said(self, number: int, at: int) -> dict[str, Any]:
        return {
            "right": {"totalRecords": self._rows},
            "rising": {"totalRecords": self._rows if at + self._size >= self._rows else at + self._size + number},
            "none": {},
            "unknown_stamp": {"nonce": number},
            "wrong": {"totalRecords": self._rows + 1},
        }[self._totals]

    def _spoilt(self, page: bytes, fault: str) -> Answer:
        if fault in ("again", "again_later"):
            return fault, sends(page)[1]
        if fault in ("429", "503", "408"):
            return sends(b"{}", f"{fault} X", "Retry-After: 0\r\n")
        if fault == "html":
            return sends(b"<html>login</html>", kind="text/html")
        if fault == "cut":
            return cuts(page[: len(page) // 2])
        if fault in ("reset", "reset_after"):
            return resets(page if fault == "reset_after" else page[:9])
        return sends(page)


@contextmanager
def quiet() -> Iterator[None]:
    """Wrong totals are warned of; here only the rows are looked at."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", celigo.RecordErrorsWarning)
        warnings.simplefilter("ignore", celigo.HintWarning)
        yield


def check_rows(frame: pd.DataFrame | None, name: str, expected: int | None) -> None:
    """Every row is of this export, and once; of a partial frame the rows are the first ones, in order."""
    rows = [] if frame is None or frame.empty else list(zip(frame["of"], frame["n"], strict=True))
    assert rows == [(name, n) for n in range(len(rows))]
    assert expected is None or len(rows) == expected


class Interrupts:
    """Ctrl-C only while a pull runs: one that arrives later would end the tests instead."""

    def __init__(self) -> None:
        self.are_wanted = False

    def __call__(self, *_: Any) -> None:
        if self.are_wanted:
            raise KeyboardInterrupt


INTERRUPTS = Interrupts()


@pytest.fixture
def interrupts() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, INTERRUPTS)
    yield
    signal.signal(signal.SIGINT, before)


def pulled(con: Any, name: str, rows: int, rng: random.Random, folder: Path | None) -> str:
    """Pull, take up again what stopped, and check what there is at each step; say how it ended."""
    export = {"name": name, "rdbms": {"query": "q"}}
    go: Any = lambda: celigo.read_export(export, con, journal=folder)  # noqa: E731
    for _ in range(40):
        try:
            with quiet():
                INTERRUPTS.are_wanted = True
                frame = go()
            INTERRUPTS.are_wanted = False
        except (ExportInterrupted, celigo.PullCancelled) as error:
            INTERRUPTS.are_wanted = False
            check_rows(error.partial, name, None)
            if "resume=False" in str(error) or "read_export() again" in str(error):
                return "told to start over"
            if folder is None or rng.random() < 0.5:
                go = con.client.last_pull.resume
            else:
                go = lambda: celigo.read_export(export, con, journal=folder)  # noqa: E731
        except (TransportError, celigo.ApiError, KeyboardInterrupt):
            INTERRUPTS.are_wanted = False
            continue  # before the first page
        except JournalError as error:
            INTERRUPTS.are_wanted = False
            return str(error)
        else:
            check_rows(frame, name, rows)
            assert frame.attrs["celigo"]["complete"] is True
            return "whole"
    return "too many faults"


@pytest.mark.usefixtures("interrupts")
@pytest.mark.soak
def test_pulls_under_random_faults_give_each_row_once_or_say_so(tmp_path: Path) -> None:
    first = soak.seed("pulls")
    endings: dict[str, int] = {}
    for round in range(soak.runs(25, 1000)):
        seed = first + round
        rng = random.Random(seed)
        rows, size = rng.randrange(1, 60), rng.choice([1, 4, 10])
        chaos = Chaos(seed, rng.choice([0.1, 0.25]), rows, size, rng.choice(TOTALS))
        if rng.random() < 0.2:
            chaos.signals_at = rng.randrange(8)
        folder = tmp_path / f"j{round}" if rng.random() < 0.4 else None
        way = rng.choice(["one", "one", "fork", "threads"])
        print(f"round {round}: seed {seed}, {way}, {rows} rows by {size}")
        with serving(chaos) as (_, con):
            if way == "fork":
                child = Child(partial(pulled, con, "child", rows, random.Random(seed), None))
                ending = pulled(con, "parent", rows, rng, folder)
                chaos.signals_at = None
                assert isinstance(child.result(), str)
                assert child.end() == 0
            elif way == "threads":
                chaos.signals_at = None
                ending = _many(con, rows)
            else:
                ending = pulled(con, "one", rows, rng, folder)
        endings[ending[:20]] = endings.get(ending[:20], 0) + 1
    print(endings)
    assert endings.get("whole", 0) > sum(endings.values()) / 2


def _many(con: Any, rows: int) -> str:
    with quiet():
        pulls = celigo.read_exports({name: {"name": name, "rdbms": {"query": name}} for name in "abc"}, con)
    for name, frame in pulls.items():
        check_rows(frame, name, rows)
    for name, error in pulls.failures.items():
        check_rows(getattr(error, "partial", None), name, None)
    return "whole" if len(pulls) == 3 else "some failed"


def test_two_pulls_share_no_late_answer() -> None:
    """The last page of one export comes again, late, while the next export is pulled over the same client."""

    class Late:
        def __call__(self, number: int, body: bytes) -> Answer:
            name = json.loads(body)["export"]["name"]
            return "again_later", sends(json.dumps({"data": [{"of": name, "n": 0}]}).encode())[1]

    with serving(Late()) as (_, con), ThreadPoolExecutor(1):
        for number in range(20):
            name = f"export {number}"
            check_rows(celigo.read_export({"name": name, "rdbms": {"query": "q"}}, con), name, 1)
