"""Patterns in JavaScript's syntax; the comparison with JavaScript itself is in the integration tests."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from celigo_pandas.javascript.regexes import PatternError, PatternTimeout, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "found"),
    [
        (r"\d+", "", "٣ 12", "12"),
        (r"\w", "", "é_", "_"),
        ("a$", "", "a\n", None),
        ("a$", "m", "a\nb", "a"),
        ("^b", "m", "a\u2028b", "b"),
        (".", "", "\u2028x", "x"),
        (".", "s", "\u2028", "\u2028"),
        ("^.$", "", "😀", None),
        ("^.$", "u", "😀", "😀"),
        (r"(?<y>\d{4})-\k<y>", "", "2020-2020", "2020-2020"),
        ("(?<=id=)\\d*", "", "/m?id=42", "42"),
        ("(?<!a)b", "", "abb", "b"),
        ("a{,2}", "", "a{,2}", "a{,2}"),
        ("[^]", "", "\n", "\n"),
        ("[]", "", "x", None),
        (r"(a)?b\1c", "", "bc", "bc"),
        (r"\1(a)", "", "a", "a"),
        ("s", "i", "ſ", None),
        ("s", "iu", "ſ", "ſ"),
        (r"\u0041\x42\u{43}", "u", "ABC", "ABC"),
        (r"\u{2}", "", "uu", "uu"),
        (r"\p{Lu}+", "u", "aÉB", "ÉB"),
        (r"\cJ\0\101", "", "\n\0A", "\n\0A"),
        (r"[\b\d-x]+", "", "\b1-x", "\b1-x"),
        ("b", "y", "ab", None),
        (r"\bfoo\B", "", "foox", "foo"),
        (r"[\p{Lu}\u{1F600}\ud83d\ude01]+", "u", "😀É😁a", "😀É😁"),
        (r"\p{Script=Greek}\P{sc=Greek}", "u", "αa", "αa"),
        (r"\t\0\-\c", "", "\t\0-\\c", "\t\0-\\c"),
        (r"[\c1\cJ\t]+", "", "\x11\n\t", "\x11\n\t"),
        (r"[\u0100-\u0200]+", "i", "kāſ", "āſ"),
        ("(?=a)*b", "", "b", "b"),
        ("(?<=(a))b", "", "ab", "b"),
        (r"\0", "u", "\0", "\0"),
    ],
)
def test_pattern_finds_what_javascript_finds(pattern, flags, text, found):
    match = compile_pattern(pattern, flags).search(text)

    assert (match.text if match else None) == found
    assert compile_pattern(pattern, flags).test(text) is (found is not None)


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "a**",
        "x*+",
        "+",
        "[b-a]",
        "[a",
        "\\",
        "{1}",
        "a{2,1}",
        "(?P<n>a)",
        "(?i:a)",
        "(?>a)",
        "(?#x)",
        "(?<a>x)(?<a>y)",
        "(?<1>a)",
        "(?<a>b)\\k<c>",
        "(?<a>b)\\k",
        "^*",
        "(?<=a)*",
        "a{100001}",
        "(?<=(a)\\1)",
        "(?:(a)|b)*\\1",
        "(?:\\2a)(b)(c)",
        "[a\\",
        "[a-",
        "(a??)*",
        "(" * 300 + ")" * 300,
        "a" * 20_001,
    ],
)
def test_pattern_that_cannot_be_translated_is_refused(pattern):
    with pytest.raises(PatternError, match="attern"):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "}",
        "]",
        "{",
        r"\e",
        r"\1",
        r"[\d-x]",
        r"\u{110000}",
        "(?=a)*",
        r"\x4",
        r"\01",
        r"\p{Nope}",
        r"\p{",
        r"\c1",
        r"\2",
        r"\u{1",
        "(?<n>a)\\k",
    ],
)
def test_pattern_with_the_flag_u_is_read_strictly(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern, "u")


@pytest.mark.parametrize("flags", ["gg", "z", "v", "G"])
def test_pattern_with_unknown_flags_is_refused(flags):
    with pytest.raises(PatternError, match="Flags"):
        compile_pattern("a", flags)


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "replacement", "result"),
    [
        (r"(\w+) (\w+)", "", "john smith", "$2, $1", "smith, john"),
        ("b", "", "abc", "[$`|$&|$']", "a[a|b|c]c"),
        ("(?<n>b)", "g", "abcb", "<$<n>>", "a<b>c<b>"),
        ("b", "g", "bb", "$$$1$", "$$1$$$1$"),
        ("(a)", "", "a", "$10$01$2", "a0a$2"),
        ("", "g", "ab", "-", "-a-b-"),
        ("😀", "g", "x😀y", "", "xy"),
        (".", "", "😀", "x", "x\ude00"),
    ],
)
def test_pattern_replaces_as_javascript(pattern, flags, text, replacement, result):
    assert compile_pattern(pattern, flags).replace(text, replacement) == result


def test_pattern_replacing_with_a_forgotten_group_is_refused():
    with pytest.raises(PatternError, match="group 1"):
        compile_pattern("(?:(a)|b)*").replace("ab", "$1")


def test_pattern_replacement_that_grows_too_large_is_refused():
    with pytest.raises(PatternError, match="longer than"):
        compile_pattern("a", "g").replace("a" * 20_000, "b" * 1_000)


def test_pattern_shows_itself_and_leaves_what_is_no_substitution():
    pattern = compile_pattern("b", "g")

    assert (repr(pattern), pattern.is_global) == ("Pattern('b', 'g')", True)
    assert pattern.replace("abc", "$<x>$1$") == "a$<x>$1$c"


def test_match_counts_utf16_units():
    match = compile_pattern("b", "u").search("😀b")

    assert (match.start, match.end, match.groups) == (2, 3, ())
    assert compile_pattern("(b)|(c)").search("😀b").groups == ("b", None)


@pytest.mark.parametrize("text", ["a" * 40 + "!", "x" + "a" * 31 + " "])
def test_pattern_that_javascript_would_not_come_back_from_times_out(text):
    with pytest.raises(PatternTimeout, match="takes too long"):
        compile_pattern("(a+)+$").test(text)


def test_pattern_of_nested_repeats_on_a_short_text_is_answered():
    assert not compile_pattern("(a+)+$").test("a" * 20 + "!")
    assert compile_pattern("(a+)+$").test("a" * 40)


@example("(?<", "a", "")
@example("(?<a>(?<", "a", "u")
@settings(max_examples=200, deadline=None)
@given(
    st.text("ab(|)[]{}*+?.\\^$-,0123dwsbku<=!:>é😀", max_size=14),
    st.text("ab0 \né😀", max_size=8),
    st.sampled_from(["", "g", "i", "u", "m"]),
)
def test_pattern_of_any_text_is_used_or_refused(pattern, text, flags):
    try:
        compiled = compile_pattern(pattern, flags)
        matches = list(compiled.matches(text))
        compiled.replace(text, "$1")
    except PatternError:
        return
    assert all(match.start <= match.end for match in matches)


@pytest.mark.parametrize(("pattern", "replacement"), [("^.*$", "$&"), ("^(.*)$", "$1"), ("y?$", "$`")])
def test_pattern_replacement_full_of_signs_is_refused_before_it_is_made(pattern, replacement):
    tracemalloc.start()
    try:
        with pytest.raises(PatternError, match="longer than"):
            compile_pattern(pattern, "g").replace("x" * 20_000, replacement * 20_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


def test_pattern_replacement_of_empty_pieces_without_end_is_refused():
    with pytest.raises(PatternError, match="pieces"):
        compile_pattern("()x", "g").replace("x" * 20_000, "$1" * 20_000)
