"""Warnings point at the line that called the package, through whatever they come."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.pulls import EXPORT, PageServer, connection_to, encoded

from celigo_pandas.accessors import iter_export, read_export, read_exports
from celigo_pandas.errors import HintWarning, MixedTypesWarning
from celigo_pandas.frames import notices


def pointed_at(work: Callable[[], Any], category: type[Warning]) -> list[tuple[str, int]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    return [(Path(warning.filename).name, warning.lineno) for warning in caught if warning.category is category]


def line_of(work: Callable[[], Any]) -> tuple[str, int]:
    return Path(__file__).name, inspect.getsourcelines(work)[1]


def mixed() -> Any:
    return connection_to(PageServer(encoded([{"n": 1}, {"n": "a"}])))


def test_finished_journal_points_at_the_callers_line(tmp_path: Path) -> None:
    """This one comes through a context manager."""
    con = connection_to(PageServer(encoded([{"n": 1}])))
    read_export(EXPORT, con, journal=tmp_path / "j")

    work = lambda: read_export(EXPORT, con, journal=tmp_path / "j")  # noqa: E731 - its line is looked for
    assert pointed_at(work, HintWarning) == [line_of(work)]


@pytest.mark.parametrize("way", ["read", "many", "method"])
def test_warning_of_a_pull_points_at_the_callers_line(way: str) -> None:
    con = mixed()
    ways: dict[str, Callable[[], Any]] = {
        "read": lambda: read_export(EXPORT, con),
        "many": lambda: read_exports([EXPORT, EXPORT], con),
        "method": lambda: con.read_export(EXPORT) if hasattr(con, "read_export") else read_export(EXPORT, con),
    }

    found = pointed_at(ways[way], MixedTypesWarning)

    assert set(found) == {line_of(ways[way])}


@pytest.mark.parametrize("taken", [list, pd.concat])
def test_warning_of_a_stream_points_at_the_line_that_takes_the_chunk(taken: Callable[[Any], Any]) -> None:
    con = connection_to(PageServer(encoded([{"n": 1}, {"n": 2}])))
    work = lambda: taken(iter_export(EXPORT, con, dtype={"gone": "str"}))  # noqa: E731

    assert pointed_at(work, HintWarning) == [line_of(work)]


def test_warning_on_a_thread_points_at_who_started_it() -> None:
    with ThreadPoolExecutor(1) as pool:
        work = lambda: pool.submit(notices.on_behalf_of_caller(lambda: notices.notify("m", HintWarning))).result()  # noqa: E731

        assert [name for name, _ in pointed_at(work, HintWarning)] == [Path(__file__).name]


def test_warning_is_shown_once_for_a_line_as_others_are() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            notices.notify("the same", HintWarning)

    assert len(caught) == 1
