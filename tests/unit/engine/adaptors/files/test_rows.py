"""Sorting and grouping of one file's records."""

from __future__ import annotations

from typing import Any

import pytest

from celigo_pandas.engine.adaptors.files.row_groups import divided, grouped_rows, sorted_rows


def values(rows: list[Any], name: str = "a") -> list[Any]:
    return [row.get(name) for row in rows]


def test_sort_is_by_several_fields_and_keeps_the_order_of_equals() -> None:
    rows: list[Any] = [
        {"region": "b", "n": 1, "id": 1},
        {"region": "a", "n": 1, "id": 2},
        {"region": "a", "n": 2, "id": 3},
        {"region": "a", "n": 1, "id": 4},
    ]

    assert values(sorted_rows(rows, [("region", False), ("n", True)]), "id") == [3, 2, 4, 1]


@pytest.mark.parametrize("descending", [False, True])
def test_sort_puts_what_is_absent_last_in_either_direction(descending: bool) -> None:
    rows: list[Any] = [{"a": None}, {"a": 2}, {}, {"a": 1}]

    assert values(sorted_rows(rows, [("a", descending)])) == ([2, 1] if descending else [1, 2]) + [None, None]


def test_sort_compares_numbers_as_numbers_and_texts_as_texts() -> None:
    rows: list[Any] = [{"a": "10"}, {"a": "9"}, {"a": 10}, {"a": 9}, {"a": True}, {"a": [1]}]

    assert values(sorted_rows(rows, [("a", False)])) == [True, 9, 10, "10", "9", [1]]


def test_sort_reads_dotted_names_and_columns_with_a_dot() -> None:
    nested: list[Any] = [{"a": {"b": 2}}, {"a": {"b": 1}}, {"a": 3}]
    flat: list[Any] = [{"a.b": 2}, {"a.b": 1}]

    assert sorted_rows(nested, [("a.b", False)]) == [{"a": {"b": 1}}, {"a": {"b": 2}}, {"a": 3}]
    assert values(sorted_rows(flat, [("a.b", False)]), "a.b") == [1, 2]


def test_group_joins_neighbours_that_agree_in_all_fields() -> None:
    rows: list[Any] = [{"k": "x", "n": 1}, {"k": "x", "n": 2}, {"k": "y", "n": 3}, {"k": "x", "n": 4}]

    assert [values(group, "n") for group in grouped_rows(rows, ["k"])] == [[1, 2], [3], [4]]


@pytest.mark.parametrize(("group_empty", "expected"), [(False, [[1], [2], [3, 4]]), (True, [[1, 2], [3, 4]])])
def test_group_of_empty_keys_is_made_only_when_told(group_empty: bool, expected: Any) -> None:
    rows: list[Any] = [{"k": "", "n": 1}, {"k": "", "n": 2}, {"k": [1], "n": 3}, {"k": [1], "n": 4}]

    assert [values(group, "n") for group in grouped_rows(rows, ["k"], group_empty)] == expected


def test_group_keeps_one_and_true_apart() -> None:
    rows: list[Any] = [{"k": 1}, {"k": True}, {"k": "1"}]

    assert [len(group) for group in grouped_rows(rows, ["k"])] == [1, 1, 1]


@pytest.mark.parametrize("record", [{"a": "x" * 5_999_999}, {"a": "x" * 5_999_991, "n": 1}, [["x" * 6_000_000]]])
def test_chunk_ends_by_characters_whatever_the_record_is_made_of(record: Any) -> None:
    assert [len(part) for part in divided([record] * 7, 100)] == [3, 3, 1]


def test_chunk_ends_by_what_its_records_hold_too() -> None:
    large, small = {"a": ["x" * 6_000_000], "b": {"c": "y"}}, {"a": 1}

    parts = list(divided(iter([large] * 7 + [small] * 5), 4))

    assert [len(part) for part in parts] == [3, 3, 4, 2]
