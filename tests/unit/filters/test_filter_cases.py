"""The documented filter cases, each by its id."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import read_cases

from celigo_pandas.filters import keep

CASES = read_cases("filter.jsonl")


def test_filter_cases_are_all_read() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES) >= 41


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_filter_documented_case_keeps_as_documented(case: dict[str, Any]) -> None:
    assert keep(case["rules"], case["record"], settings=case.get("settings")) is case["expected"]
