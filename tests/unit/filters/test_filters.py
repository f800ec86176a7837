"""Operators, casts, functions, paths and refusals of filters."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celigo_pandas.errors import FilterError
from celigo_pandas.filters import compile_rules, keep, rules_of

X = ["extract", "x"]


@pytest.mark.parametrize(
    ("rules", "value", "expected"),
    [
        (["equals", X, "a"], "a", True),
        (["equals", X, 5], "5", True),
        (["equals", ["number", X], 5], "5.0", True),
        (["equals", ["number", X], ["number", X]], "none", False),
        (["notequals", ["number", X], 5], "none", True),
        (["greaterthan", X, 5], 6, True),
        (["greaterthan", X, 5], None, False),
        (["lessthan", X, 5], None, False),
        (["lessthanequals", X, 5], 5, True),
        (["greaterthanequals", X, 5], 5, True),
        (["greaterthanequals", X, 5], 4, False),
        (["greaterthan", X, "10"], "9", True),
        (["greaterthan", X, 10], "9", False),
        (["greaterthan", ["number", X], 0], "", False),
        (["lessthan", ["number", X], 1], "", False),
        (["greaterthan", ["number", X], 1], True, False),
        (["startswith", X, "ab"], "abc", True),
        (["startswith", X, 1], 12, True),
        (["startswith", X, "ab"], None, False),
        (["endswith", X, "bc"], "abc", True),
        (["contains", X, "b"], "abc", True),
        (["contains", X, "b"], ["a", "b"], True),
        (["contains", X, "z"], ["a", "b"], False),
        (["contains", X, "b"], None, False),
        (["doesnotcontain", X, "b"], None, True),
        (["doesnotcontain", X, "b"], ["b"], False),
        (["matches", X, "^a.c$"], "abc", True),
        (["matches", X, "b"], "abc", True),
        (["matches", X, "B"], "abc", False),
        (["matches", X, "a"], None, False),
        (["empty", X], [], True),
        (["empty", X], {}, True),
        (["empty", X], 0, False),
        (["empty", X], False, False),
        (["empty", ["number", X]], "no number", True),
        (["notempty", X], None, False),
        (["equals", ["string", X], ""], None, True),
        (["equals", ["string", X], "1"], 1.0, True),
        (["equals", ["boolean", X], True], "TRUE", True),
        (["equals", ["boolean", X], True], "yes", False),
        (["equals", ["boolean", X], True], 1, True),
        (["equals", ["boolean", X], False], None, True),
        (["equals", ["epochtime", X], 1577836800000], "2020-01-01T00:00:00Z", True),
        (["equals", ["epochtime", X], 5], 5, True),
        (["lessthan", ["epochtime", X], 1e15], "no date", False),
        (["equals", ["lowercase", X], "ab"], "AB", True),
        (["equals", ["uppercase", X], "AB"], "ab", True),
        (["equals", ["ceiling", X], 3], 2.1, True),
        (["equals", ["floor", ["number", X]], -3], "-2.5", True),
        (["equals", ["abs", X], 4], -4, True),
        (["equals", ["abs", X], 4], "none", False),
        (["anyof", X, ["a", 2]], "2", True),
        (["anyof", X, ["extract", "y"]], "b", True),
        (["not", ["equals", X, "a"]], "a", False),
        (["and", ["notempty", X], ["equals", X, 1]], 1, True),
        (["or", ["empty", X], ["equals", X, 2]], 1, False),
        (["or", ["equals", X, 1], ["equals", X, 2], ["equals", X, 3]], 3, True),
        (["equals", X, None], None, True),
        (["notequals", X, None], "a", True),
    ],
    ids=str,
)
def test_filter_operator_on_value_keeps_or_drops(rules: Any, value: Any, expected: bool) -> None:
    assert keep(rules, {"x": value, "y": ["b", "c"]}) is expected


@pytest.mark.parametrize(
    ("path", "record", "expected"),
    [
        ("a.b", {"a": {"b": 1}}, 1),
        ("[Ship To].x", {"Ship To": {"x": 1}}, 1),
        ("0.email", [{"email": 1}, {"email": 2}], 1),
        ("1.email", [{"email": 1}, {"email": 2}], 2),
        ("email", [{"email": 1}, {"email": 2}], 1),
        ("data.length", {"data": [1, 2, 3]}, 3),
        ("_PARENT.id", {"_PARENT": {"id": 7}}, 7),
    ],
)
def test_filter_path_reads_grouped_and_parent_fields(path: str, record: Any, expected: int) -> None:
    assert keep(["equals", ["extract", path], expected], record)
    assert not keep(["equals", ["extract", path], expected + 1], record)


def test_filter_settings_absent_is_no_value() -> None:
    assert not keep(["equals", X, ["settings", "flow.x"]], {"x": 1})
    assert keep(["equals", X, ["settings", "flow.x"]], {"x": 1}, settings={"flow": {"x": 1}})


@pytest.mark.parametrize("rules", [None, []])
def test_filter_without_rules_keeps_every_record(rules: Any) -> None:
    assert keep(rules, {})


@pytest.mark.parametrize(
    ("rules", "place", "word"),
    [
        (["isempty", X], "rules[0]", "isempty"),
        (["isnotempty", X], "rules[0]", "isnotempty"),
        (["between", X, 1, 2], "rules[0]", "between"),
        (["and", ["equals", X, 1], ["like", X, 1]], "rules[2][0]", "like"),
        (["equals", ["trim", X], 1], "rules[1][0]", "trim"),
        (["equals", ["extract", 5], 1], "rules[1][1]", "5"),
        (["equals", ["extract", "a..b"], 1], "rules[1][1]", "a..b"),
        (["equals", X], "rules", "2 operands"),
        (["empty", X, X], "rules", "1 operand"),
        (["not"], "rules", "1 operand"),
        (["and"], "rules", "at least one"),
        (["anyof", X, "a"], "rules[2]", "list"),
        (["equals", {"a": 1}, 1], "rules[1]", "operand"),
        (["equals", ["extract"], 1], "rules[1]", "operand"),
        ("equals", "rules", "list"),
        ([1, 2], "rules", "operator"),
        ({"a": 1}, "rules", "list"),
    ],
    ids=str,
)
def test_filter_rules_that_cannot_be_read_raise_with_their_place(rules: Any, place: str, word: str) -> None:
    with pytest.raises(FilterError, match=word.replace("[", r"\[")) as caught:
        compile_rules(rules)

    assert caught.value.rule == place


def test_filter_unknown_operator_in_unreached_branch_still_raises() -> None:
    with pytest.raises(FilterError):
        keep(["or", ["equals", X, 1], ["sounds_like", X, "a"]], {"x": 1})


def test_filter_bad_pattern_raises_with_its_place() -> None:
    with pytest.raises(FilterError, match="pattern") as caught:
        keep(["and", ["matches", X, "("]], {"x": "a"})

    assert caught.value.rule == "rules[1]"


def test_filter_runaway_pattern_raises_in_time() -> None:
    with pytest.raises(FilterError):
        keep(["matches", X, "(a+)+$"], {"x": "a" * 40 + "!"})


def test_filter_deep_rules_raise() -> None:
    rules: Any = ["equals", X, 1]
    for _ in range(500):
        rules = ["not", rules]

    with pytest.raises(FilterError, match="deep"):
        compile_rules(rules)


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        (None, None),
        ({}, None),
        ({"type": "expression", "expression": {"version": "1", "rules": ["empty", X]}}, ["empty", X]),
        ({"type": "expression", "version": "1", "rules": ["empty", X]}, ["empty", X]),
        ({"type": "expression", "expression": {"rules": []}}, None),
    ],
)
def test_rules_of_document_finds_rules(doc: Any, expected: Any) -> None:
    assert rules_of(doc) == expected


@pytest.mark.parametrize(
    "doc", [{"type": "script", "script": {"function": "f"}}, {"expression": {"rules": "all"}}, "rules"]
)
def test_rules_of_script_or_nonsense_raises(doc: Any) -> None:
    with pytest.raises(FilterError):
        rules_of(doc)


words = ["and", "or", "not", "equals", "lessthan", "contains", "matches", "empty", "anyof"]
words += ["extract", "number", "string", "boolean", "epochtime", "floor", "lowercase", "settings"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
rule_values = st.recursive(
    st.none() | st.integers() | st.sampled_from(["a", "a.b", "b[*]", "(", "2020-01-01"]),
    lambda inner: st.builds(lambda word, parts: [word, *parts], st.sampled_from(words), st.lists(inner, max_size=3)),
    max_leaves=10,
)


@given(rule_values, values)
def test_filter_any_rules_and_record_give_bool_or_filter_error(rules: Any, record: Any) -> None:
    with contextlib.suppress(FilterError):
        assert keep(rules, record) in (True, False)


def test_filter_deep_operands_raise() -> None:
    operand: Any = X
    for _ in range(500):
        operand = ["string", operand]

    with pytest.raises(FilterError, match="deep"):
        compile_rules(["empty", operand])


def test_filter_record_nested_beyond_pythons_depth_raises() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]

    with pytest.raises(FilterError, match="nested"):
        keep(["equals", ["string", X], "x"], {"x": deep})


def test_filter_date_that_is_none_equals_nothing() -> None:
    assert not keep(["equals", ["epochtime", X], ["epochtime", X]], {"x": ""})


def test_filter_path_in_brackets_and_quotes_is_a_key_not_a_text() -> None:
    assert keep(["equals", ["extract", '["x"]'], 1], {"x": 1})
    assert not keep(["equals", ["extract", '["x"]'], "x"], {})


A, B = ["extract", "a"], ["extract", "b"]
SHARED = [1]


@pytest.mark.parametrize("record", [{"a": [1], "b": [1]}, {"a": SHARED, "b": SHARED}, {"a": {}, "b": {}}])
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (["equals", A, B], False), (["notequals", A, B], True), (["equals", A, A], True),
        (["equals", ["string", A], B], True),
    ],
)  # fmt: skip
def test_filter_compares_arrays_and_objects_by_what_they_are(rule: Any, expected: bool, record: Any) -> None:
    assert keep(rule, record) is expected


def test_filter_member_of_a_list_is_no_other_array_of_the_same_content() -> None:
    assert not keep(["contains", A, B], {"a": [SHARED], "b": SHARED})
    assert not keep(["equals", ["extract", "c[*]"], ["extract", "c[*]"]], {"c": [1]})
