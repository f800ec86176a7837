"""The steps to every value of a list of records."""

from __future__ import annotations

from typing import Any

import pytest

from celigo_pandas.mapping.explain.record_steps import record_steps
from celigo_pandas.paths import WILDCARD


@pytest.mark.parametrize(
    ("records", "steps"),
    [
        ([], []),
        ([{"a": 1}, {"b": 2, "a": 3}], [("a",), ("b",)]),
        ([{"a.b": 1, "a": {"b": 2}}], [("a.b",), ("a", "b")]),
        ([{"l": [{"s": 1}, {"t": [1]}]}], [("l", WILDCARD, "s"), ("l", WILDCARD, "t")]),
        ([{"x": {"y": {"z": 1}}, "w": 1}, {"x": None}], [("x", "y", "z"), ("w",)]),
        ([{"x": {"y": 1}}, {"x": [{"z": 1}]}], [("x", "y"), ("x", WILDCARD, "z")]),
        ([[{"row": 1}, 5], "no record", None], [("row",)]),
    ],
)
def test_record_steps_lists_each_value_once_in_order(records: list[Any], steps: list[Any]) -> None:
    assert record_steps(records) == steps


def test_record_steps_of_deep_records_needs_no_deep_calls() -> None:
    record: Any = 1
    for _ in range(5_000):
        record = {"a": record}

    assert record_steps([record]) == [("a",) * 5_000]
