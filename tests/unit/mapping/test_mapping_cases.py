"""The documented cases of both mappers and of transforms, each by its id."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import read_cases, run_case

CASES = read_cases("mapping.jsonl")


def test_mapping_cases_are_all_read() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES) >= 44


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_mapping_documented_case_maps_as_documented(case: dict[str, Any]) -> None:
    actual = run_case(case)

    assert len(actual) == len(case["expected"])
    for output, expected in zip(actual, case["expected"], strict=True):
        if "__error__" in expected:
            assert output.keys() == {"__error__"}
            assert expected["__error__"].items() <= output["__error__"].items()
        else:
            assert output == expected
            assert list(output) == list(expected)
