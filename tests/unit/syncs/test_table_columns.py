"""Columns over time: what becomes of a column whose values are others, and what is told."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from celigo_pandas.errors import FrameError
from celigo_pandas.syncs.table_columns import arrow_type, as_kind, fitted, kinds_of, settle

KINDS = ("null", "bool", "int", "float", "str", "json")


@pytest.mark.parametrize("old", KINDS)
@pytest.mark.parametrize("new", KINDS)
def test_the_joined_kind_holds_both(old: str, new: str) -> None:
    for is_exact in (True, False):
        joined = settle({"c": old}, {"c": new}, {"c": is_exact}, 1).columns["c"]

        assert joined == settle({"c": new}, {"c": old}, {"c": is_exact}, 1).columns["c"]
        if old == new or "null" in (old, new):
            assert joined == (old if new == "null" else new)
        else:
            assert joined == ("float" if {old, new} == {"int", "float"} and is_exact else "json")


def test_changes_are_told() -> None:
    found = settle({"a": "int", "b": "str", "c": "null"}, {"a": "str", "c": "int", "d": "bool"}, {}, 1)

    assert found.columns == {"a": "json", "b": "str", "c": "int", "d": "bool"}
    assert found.retyped == {"a": ("int", "json"), "c": ("null", "int")}
    assert found.changes == (
        "column 'a' is mixed, as JSON, was integer", "new column 'd' (boolean)", "missing column 'b' (was string)",
    )  # fmt: skip


def test_no_rows_say_nothing_about_columns() -> None:
    assert settle({"a": "int"}, {}, {}, 0).changes == ()


@pytest.mark.parametrize(
    ("before", "after", "values", "expected"),
    [
        ("int", "float", [1, None, -(2**53)], [1.0, None, -(2.0**53)]),
        ("int", "json", [1, None], ["1", None]),
        ("float", "json", [1.0, 0.1, 1e300, None], ["1", "0.1", "1e+300", None]),
        ("bool", "json", [True, False, None], ["true", "false", None]),
        ("str", "json", ["a", '"', "ä", None], ['"a"', '"\\""', '"\\u00e4"', None]),
        ("null", "int", [None], [None]),
        ("json", "json", ["[1]"], ["[1]"]),
    ],
)
def test_values_of_a_kind_are_held_by_another(before: str, after: str, values: list[Any], expected: list[Any]) -> None:
    found = as_kind(pa.chunked_array([pa.array(values, arrow_type(before))]), before, after)

    assert found.to_pylist() == expected
    assert found.type == arrow_type(after)
    if after == "json" and before != "json":
        assert [None if text is None else json.loads(text) for text in found.to_pylist()] == values


def test_an_integer_without_a_double_is_never_rounded() -> None:
    with pytest.raises(FrameError, match="cannot become number"):
        as_kind(pa.array([2**53 + 1]), "int", "float")


def test_rows_are_fitted_to_all_columns() -> None:
    table = pa.table({"b": pa.array(["x"], pa.large_string()), "a": [1]})

    found = fitted(table, kinds_of(table), {"a": "float", "b": "json", "c": "bool"})

    assert found.to_pylist() == [{"a": 1.0, "b": '"x"', "c": None}]
