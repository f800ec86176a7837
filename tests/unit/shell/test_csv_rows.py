"""CSV texts, read and written: nothing shifts, nothing is renamed, `""` is not nothing."""

from __future__ import annotations

import csv
import io
import re

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from celigo_pandas.cli.csv_rows import parse, write_rows

CELLS = st.none() | st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["", "\r", "a\rb", "\n", "\r\n", '"', '""', ",", ";", " x ", "\ufeff", "\x00", "\u2028", "007", "a\r\n,b"]
)  # fmt: skip
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.tuples(
            st.lists(NAMES, min_size=width, max_size=width, unique=True),
            st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6),
        )
    )
)  # fmt: skip
@example((["a"], [[None], [""], [None]]))
@example((["a", "b"], [[None, "\r"], ["x\r", None]]))
def test_what_is_written_is_read(given_rows):
    names, rows = given_rows

    text = "".join(write_rows(names, rows))

    assert parse(text, ",") == (names, rows)


@given(
    st.lists(st.lists(st.text("ab,\"\n\r ;'", min_size=1, max_size=5), min_size=2, max_size=2), min_size=1, max_size=5)
)
def test_texts_are_read_by_others_as_by_this_reader(rows):
    text = "".join(write_rows(["x", "y"], rows))

    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == rows
    frame = pd.read_csv(io.StringIO(text, newline=""), dtype=str, keep_default_na=False)
    assert frame.to_numpy().tolist() == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("id,colour,qty\n7,blue,1,\n8,red,2,\n", [["7", "blue", "1"], ["8", "red", "2"]]),
        ("id,colour,\n7,blue,\n", [["7", "blue"]]),
        ("id,colour\n7,blue,,,\n", [["7", "blue"]]),
        ("a,b\n\n1,2\n\n", [["1", "2"]]),
        ("a\n1\n\n2\n", [["1"], [None], ["2"]]),
        ('a\n""\n\n', [[""], [None]]),
        ("a,b\r\n1,2\r\n", [["1", "2"]]),
        ("a,b\r1,2\r", [["1", "2"]]),
        ("a,b\nx\ry,2\n", [["x\ry", "2"]]),
        ('a,b\n"x\r",2', [["x\r", "2"]]),
        ('a,b\n5" pipe,"say ""hi"""\n', [['5" pipe', 'say "hi"']]),
        ("a,b\n,\n", [[None, None]]),
        ("a,b\n", []),
        ("a,b", []),
    ],
)
def test_rows(text, rows):
    assert parse(text)[1] == rows


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,colour\n7,blue\n8,red,9\n", "line 3 has 3 fields, the header has 2 (id, colour)"),
        ("id,colour,\n7,blue,x\n", "line 2 has 3 fields"),
        ("id,colour,qty\n7,blue\n", "line 2 has 2 fields"),
        ('id,b\n"x\ny",1\n7\n', "line 4 has 1 fields"),
        ("a,b,a\n", "fields 1 and 3 are both named 'a'"),
        ("a,,c\n1,2,3\n", "field 2 has no name"),
        (",a,b\n0,1,2\n", "index=False"),
        ("id;name\n1;x\n", "if the delimiter is ';', say so"),
        ("id\tname\n1\tx\n", "if the delimiter is tab"),
        ("", "no header"),
        ("\n\n", "no header"),
        (",,\n1,2,3\n", "no header"),
        ('a,b\n1,"x\n', "line 2: a quote is opened and never closed"),
        ('a,b\n1,"x"y\n', "line 2: text follows a closing quote"),
    ],
)
def test_refused_with_line(text, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        parse(text)


def test_other_delimiters():
    assert parse("id;name,first\n1;x\n", ";") == (["id", "name,first"], [["1", "x"]])
    assert parse("a\tb\n\t2\n", "\t") == (["a", "b"], [[None, "2"]])
    assert parse("id;name\n1\n", ",") == (["id;name"], [["1"]])  # said to be commas: one column
