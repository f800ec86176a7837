"""Whole columns are read and written as one value is."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from celigo_pandas.javascript.value_columns import int_texts, number_texts, read_decimals
from celigo_pandas.javascript.values import number_text, to_number

LONGEST = 400
SIGNS = st.text("0123456789+-.eE \n_xinf\u0663", max_size=20)
NUMBERS = st.integers(-(2**54), 2**54) | st.floats()


def test_integer_of_more_digits_than_python_writes_is_written_as_alone() -> None:
    numbers = [1, 10**5000, -(10**5000), float("nan"), 2.5]

    for column in (numbers, numbers[:2], [float("nan"), 10**5000]):
        assert number_texts(column) == list(map(number_text, column))


@given(st.lists(NUMBERS, min_size=1))
@example([-0.0, 1.5])
@example([1.0, -0.05, 2**53])
@example([1e21, 1e20, 5e-7])
@example([2**53 - 1, 0.5])
def test_numbers_of_a_column_are_written_as_each_alone(numbers: list[Any]) -> None:
    assert number_texts(numbers) == list(map(number_text, numbers))


@given(st.lists(st.integers(-(2**54), 2**54), min_size=1))
@example([2**53 - 1, -(2**53) + 1])
@example([1, 2**53 + 1])
def test_ints_of_a_column_are_written_as_each_alone(numbers: list[Any]) -> None:
    assert int_texts(numbers) == list(map(number_text, numbers))


@given(st.lists(NUMBERS.map(str) | SIGNS, min_size=1, max_size=5))
@example(["12", "007", "-0"])
@example(["12.0", "1.5", "-0.0"])
@example(["9007199254740993", "1"])
@example(["9007199254740993.0", "1"])
@example(["1e400"])
@example(["0" * 399 + "1"])
def test_texts_of_a_column_are_read_as_each_alone(texts: list[str]) -> None:
    read = read_decimals(texts, LONGEST)

    if read is not None:
        assert list(map(repr, read)) == [repr(to_number(text)) for text in texts]


def test_column_that_needs_a_look_at_each_is_not_read() -> None:
    usual = ["12", "1.5", "-7", " 8 "]

    assert read_decimals(usual, LONGEST) == [12, 1.5, -7, 8]
    for odd in ("", " ", "x", "1_0", "1 0", "\u0663", "0x1F", "Infinity", "nan", "1e400", "0" * LONGEST):
        assert read_decimals([*usual, odd], LONGEST) is None
