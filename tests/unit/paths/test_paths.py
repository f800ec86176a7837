"""The extract grammar: what each form parses to and reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celigo_pandas.paths import (
    WILDCARD,
    Path,
    PathError,
    is_rooted,
    literal_text,
    parse_extract,
    read_step,
    rooted_text,
)

ROW = {"a": {"b": 1, "c d": 2}, "list": [{"b": 3}, {"c": 4}, {"b": 5}], "n": [[1, 2], [3]], "text": "four"}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ("a",)),
        ("a.b", ("a", "b")),
        ("Ship To", ("Ship To",)),
        ("[Ship To]", ("Ship To",)),
        ("['Ship To']", ("Ship To",)),
        ("a.[Ship To].c", ("a", "Ship To", "c")),
        ("a[Ship To]", ("a", "Ship To")),
        (r"[a \] b]", ("a ] b",)),
        ("[a.b]", ("a.b",)),
        ("a[0].b", ("a", 0, "b")),
        ("a[*].b", ("a", WILDCARD, "b")),
        ("*.x", (WILDCARD, "x")),
        ("0.x", ("0", "x")),
        ("$", ()),
        ("$.a", ("a",)),
        ("$.[Ship To]", ("Ship To",)),
        ("$['Ship To']", ("Ship To",)),
        ('$["Ship To"].x', ("Ship To", "x")),
        ("$[*].x", (WILDCARD, "x")),
        ("$[0]", (0,)),
        ("$.a[*].b[*].c", ("a", WILDCARD, "b", WILDCARD, "c")),
        ("$.a.*.b", ("a", WILDCARD, "b")),
        ("$5", ("$5",)),
        ("_PARENT.id", ("_PARENT", "id")),
        ("[-1]", ("-1",)),
    ],
)
def test_parse_form_gives_steps(text: str, steps: tuple[Any, ...]) -> None:
    assert parse_extract(text).steps == steps


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[0]b", "$.", "$..a", "$.a.", "['a"])
def test_parse_broken_text_refuses(text: str) -> None:
    with pytest.raises(PathError) as caught:
        parse_extract(text)

    assert caught.value.text == text
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("$", True), ("$.a", True), ("$[0]", True), ("$5", False), ("$name", False), ("a.$", False), ("", False)],
)
def test_rooted_is_only_dollar_dot_or_bracket(text: str, expected: bool) -> None:
    assert is_rooted(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["Receipt"]', "Receipt"),
        ('[""]', ""),
        (r'["say \"hi\""]', 'say "hi"'),
        ("['Receipt']", None),
        ("[Receipt]", None),
        ('a["b"]', None),
    ],
)
def test_literal_is_text_in_brackets_and_inverted_commas(text: str, expected: str | None) -> None:
    assert literal_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b", 1),
        ("a.[c d]", 2),
        ("a", {"b": 1, "c d": 2}),
        ("list[0].b", 3),
        ("list.2.b", 5),
        ("list[9].b", "absent"),
        ("list.length", 3),
        ("text.length", 4),
        ("list.b", "absent"),
        ("list[*].b", [3, 5]),
        ("n[*]", [[1, 2], [3]]),
        ("n[*][*]", [1, 2, 3]),
        ("n[*][0]", [1, 3]),
        ("nope", "absent"),
        ("a.b.c", "absent"),
        ("nope[*].b", "absent"),
        ("a[*].b", [1]),
    ],
)
def test_read_object_gives_value_or_absent(text: str, expected: Any) -> None:
    assert parse_extract(text).read(ROW, "absent") == expected
    assert parse_extract(f"$.{text}").read(ROW, "absent") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", 1),
        ("*.x", [1, 2]),
        ("0.x", 1),
        ("1.x", 2),
        ("[1].x", 2),
        ("length", 3),
        ("y", "absent"),
        ("$.x", "absent"),
        ("$[*].x", [1, 2]),
        ("$", [{"x": 1}, {"x": 2}, {"y": 3}]),
    ],
)
def test_read_rows_starts_at_first_row_unless_told(text: str, expected: Any) -> None:
    assert parse_extract(text).read([{"x": 1}, {"x": 2}, {"y": 3}], "absent") == expected


def test_read_no_rows_is_absent() -> None:
    assert parse_extract("x").read([], "absent") == "absent"
    assert parse_extract("*.x").read([], "absent") == []


def test_read_all_keeps_gaps_of_innermost_elements() -> None:
    record = {"a": [{"b": [{"c": 1}, {}]}, {}, {"b": [{"c": 2}]}]}

    assert parse_extract("a[*].b[*].c").read_all(record, "gap") == [1, "gap", 2]
    assert parse_extract("a[0].b[1].c").read_all(record, "gap") == []
    assert parse_extract("a[0].b[0].c").read_all(record, "gap") == [1]
    assert parse_extract("x[*].b").read_all(record, "gap") == []


def test_read_null_array_has_no_matches_and_null_elements_stay() -> None:
    assert parse_extract("a[*]").read({"a": None}, "absent") == "absent"
    assert parse_extract("a[*]").read({"a": [None, 1]}, "absent") == [None, 1]
    assert parse_extract("a[*]").read({"a": []}, "absent") == []


def test_read_step_on_object_takes_number_as_key() -> None:
    assert read_step({"0": "zero"}, 0) == "zero"
    assert read_step(5, "length", "absent") == "absent"


def test_dotted_text_shows_every_step() -> None:
    assert parse_extract("$.a[*]['b c'][2]").dotted == "a[*].b c[2]"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(alphabet="ab.[]*$'\"\\0 ", max_size=12), json_values)
def test_paths_any_text_parses_or_refuses_and_reads_anything(text: str, record: Any) -> None:
    try:
        path = parse_extract(text)
    except PathError:
        return

    assert isinstance(path, Path)
    path.read(record)
    assert isinstance(path.read_all(record), list)


@given(st.lists(st.text(alphabet="ab .]*$0", min_size=1, max_size=5), min_size=1, max_size=4))
def test_paths_quoted_keys_are_read_back(keys: list[str]) -> None:
    path = parse_extract("$" + "".join(f"['{key}']" for key in keys))

    assert path.steps == tuple(keys)


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((), "$"),
        (("a", "b_1"), "$.a.b_1"),
        (("Ship To", "é"), "$.[Ship To].é"),
        (("a", WILDCARD, 0, "0", "*", ""), "$.a[*][0]['0']['*']['']"),
        (("it's", "a]b", "a.b", " x"), "$['it\\'s']['a]b'].[a.b][' x']"),
    ],
)
def test_steps_are_written_as_a_path_from_the_root(steps, text):
    assert rooted_text(steps) == text
    assert parse_extract(text).steps == steps


@given(st.lists(st.one_of(st.text(), st.integers(0, 999_999), st.just(WILDCARD)), max_size=5))
def test_written_steps_are_read_back(steps):
    assert parse_extract(rooted_text(steps)).steps == tuple(steps)
