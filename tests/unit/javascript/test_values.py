"""Values as JavaScript sees them; the comparison with JavaScript itself is in the integration tests."""

from __future__ import annotations

import copy
import json
import math
import pickle
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.errors import shown
from celigo_pandas.javascript.values import (
    UNDEFINED,
    compare,
    join_units,
    js_text,
    json_text,
    less_than,
    loose_equal,
    number_text,
    ordered_keys,
    split_units,
    strict_equal,
    to_number,
    to_text,
    truthy,
    type_of,
    utf16_length,
    utf16_slice,
)


def test_undefined_is_one_false_value_everywhere():
    assert not UNDEFINED
    assert pickle.loads(pickle.dumps(UNDEFINED)) is copy.deepcopy(UNDEFINED) is type(UNDEFINED)() is UNDEFINED
    assert repr(UNDEFINED) == "UNDEFINED"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (UNDEFINED, ""),
        (None, ""),
        (True, "true"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-7, "1e-7"),
        (1e-6, "0.000001"),
        (1.5e300, "1.5e+300"),
        (2**53 + 1, "9007199254740992"),
        (10**400, "Infinity"),
        (-(10**400), "-Infinity"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        ([1, [2, None], UNDEFINED, {}], "1,2,,,[object Object]"),
        ({"a": 1}, "[object Object]"),
        (1.2345678901234567e16, "12345678901234568"),
        (-1.5e-6, "-0.0000015"),
        (-2.5e-9, "-2.5e-9"),
        ((1, 2), "1,2"),
        (date(2020, 7, 9), "2020-07-09"),
    ],
)
def test_to_text_gives_what_a_template_prints(value, text):
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12),
        (" 12.50 ", 12.5),
        ("1E6", 1_000_000),
        ("0x10", 16),
        ("", 0),
        (None, 0),
        (True, 1),
        (["7"], 7),
        ("-.5", -0.5),
        ("Infinity", math.inf),
        ("1.0", 1),
        ("9007199254740993", 9007199254740992.0),
        ("\u00a05\ufeff", 5),
        (10**30, 10**30),
        ("0x" + "f" * 300, math.inf),
    ],
)
def test_to_number_reads_numbers(value, number):
    assert to_number(value) == number
    assert type(to_number(value)) is type(number)


@pytest.mark.parametrize(
    "value", [UNDEFINED, {}, "a", "1_000", "٣", "0x", "--1", "1e", [1, 2], "infinity", "1 2", "0b2"]
)
def test_to_number_of_what_is_none_gives_nan(value):
    assert math.isnan(to_number(value))


def test_js_text_spells_out_what_is_not_there():
    assert [js_text(value) for value in (None, UNDEFINED, 1.0)] == ["null", "undefined", "1"]


def test_truthy_takes_empty_containers_as_true():
    assert [truthy(v) for v in ("0", "false", [], {}, -1, " ")] == [True] * 6
    assert [truthy(v) for v in (0, "", None, UNDEFINED, math.nan, False, 0.0)] == [False] * 7


def test_type_of_names_each_type():
    values = [UNDEFINED, None, True, 1, 1.5, "a", [], {}]

    assert [type_of(v) for v in values] == [
        "undefined",
        "object",
        "boolean",
        "number",
        "number",
        "string",
        "array",
        "object",
    ]


@pytest.mark.parametrize(
    ("a", "op", "b", "answer"),
    [
        ("9", ">", "10", True),
        (9, ">", "10", False),
        (None, "==", UNDEFINED, True),
        (None, "==", 0, False),
        (1, "===", True, False),
        (1, "===", 1.0, True),
        ("a", "<", 1, False),
        ("a", ">=", 1, False),
        (None, "<=", 0, True),
        (UNDEFINED, "<=", 0, False),
        ([2], "==", "2", True),
        ({}, "!=", {}, True),
        (1, "!==", "1", True),
        (math.nan, "==", math.nan, False),
        (True, "==", "1", True),
        ("\uffff", "<", "\U00010000", False),
        ([], "==", [], False),
        ({}, "==", "[object Object]", True),
    ],
)
def test_compare_follows_the_operands_types(a, op, b, answer):
    assert compare(a, op, b) is answer


def test_compare_unknown_operator_raises():
    with pytest.raises(ValueError, match="=> "):
        compare(1, "=> ", 2)


def test_equality_of_containers_is_identity():
    same = [1]

    assert loose_equal(same, same)
    assert strict_equal(same, same)
    assert not loose_equal([1], [1])


def test_less_than_with_what_is_no_number_is_neither():
    assert less_than("a", 1) is None
    assert less_than(1, 10**400) is True


def test_ordered_keys_puts_whole_numbers_first():
    assert ordered_keys({"b": 0, "10": 0, "2": 0, "02": 0, "-1": 0, "a": 0, "4294967295": 0}) == [
        "2",
        "10",
        "b",
        "02",
        "-1",
        "a",
        "4294967295",
    ]


def test_json_text_follows_stringify():
    value = {"b": 1.0, "2": [UNDEFINED, math.nan, 10**400], "u": UNDEFINED, "t": 'é\ud800\x01"', "e": [[], {}]}

    assert json_text(value) == '{"2":[null,null,null],"b":1,"t":"é\\ud800\\u0001\\"","e":[[],{}]}'
    assert json_text(UNDEFINED) == ""


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_json_text_reads_back_as_the_same_value(value):
    # JavaScript has only doubles, so whole numbers are compared as such.
    assert json.loads(json_text(value), parse_int=float) == value


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_reads_back_as_the_same_number(number):
    assert float(number_text(number)) == number
    assert to_number(number_text(number)) == number


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=())), st.integers(0, 8), st.integers(0, 8))
def test_units_count_and_cut_as_utf16(text, start, length):
    joined = join_units(text)

    assert utf16_length(joined) == len(joined.encode("utf-16-le", "surrogatepass")) // 2 == len(split_units(joined))
    assert join_units(split_units(joined)) == joined
    assert split_units(utf16_slice(joined, start, start + length)) == split_units(joined)[start : start + length]


def nested(depth, wrap):
    value = 1
    for _ in range(depth):
        value = wrap(value)
    return value


def test_json_text_of_deep_values_needs_no_deep_calls():
    assert json_text(nested(5_000, lambda value: [value])) == "[" * 5_000 + "1" + "]" * 5_000
    assert json_text(nested(5_000, lambda value: {"a": value})) == '{"a":' * 5_000 + "1" + "}" * 5_000


def test_json_text_of_a_value_that_holds_itself_raises():
    value = []
    value.append(value)

    with pytest.raises(RecursionError, match="10000 deep"):
        json_text(value)


def test_value_too_large_to_show_is_named_by_its_type():
    assert shown(nested(100_000, lambda value: [value])) == "<list too large to show>"
    assert shown(10**5_000) == "<int too large to show>"
