"""``nest`` against ``explode``."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pulls import EXPORT, PageServer, connection_to, encoded, is_same

from celigo_pandas import nest
from celigo_pandas.accessors import read_export
from celigo_pandas.errors import FrameError
from celigo_pandas.frames.outward import to_records

_LINE = st.fixed_dictionaries(
    {"sku": st.text("ab", min_size=1)}, optional={"q": st.integers(0, 9), "o": st.just({"d": 1})}
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_LINE, max_size=3), max_size=4))
def test_nest_is_the_inverse_of_explode(orders: list[list[dict[str, object]]]) -> None:
    records = [{"id": number, "head": {"x": "h"}, "lines": lines} for number, lines in enumerate(orders)]
    con = connection_to(PageServer(encoded(records)))
    df = read_export(EXPORT, con, explode="lines", page_size=2)
    if not any(orders):
        return  # no column belongs to the lines

    nested = nest(df, "id")

    assert is_same(to_records(nested), records)
    assert nested["id"].tolist() == list(range(len(records)))


def test_nest_gathers_rows_that_stand_apart() -> None:
    df = pd.DataFrame({"k": ["x", "y", "x"], "date": [1, 2, 1], "lines.sku": ["a", "b", "c"]})

    nested = nest(df, by=["k"])

    assert nested.columns.tolist() == ["k", "date", "lines"]
    assert nested["lines"].tolist() == [[{"sku": "a"}, {"sku": "c"}], [{"sku": "b"}]]
    assert df.columns.tolist() == ["k", "date", "lines.sku"]


def test_header_that_varies_names_column_and_key() -> None:
    df = pd.DataFrame({"k": ["x", "x"], "date": ["mon", "tue"], "lines.sku": ["a", "b"]})

    with pytest.raises(FrameError, match=r"'date' varies within the key \{'k': 'x'\}: 'mon' and 'tue'") as caught:
        nest(df, "k")

    assert caught.value.column == "date"


@pytest.mark.parametrize(
    ("by", "into", "message"),
    [("absent", "lines", "no column 'absent'"), ("k", "items", "'items'"), ("lines.sku", "lines", "belongs to"),
     ("gap", "lines", "missing values")],
)  # fmt: skip
def test_nest_that_cannot_be_says_why(by: str, into: str, message: str) -> None:
    df = pd.DataFrame({"k": [1, 2], "gap": [1, None], "lines.sku": ["a", "b"]})

    with pytest.raises(FrameError, match=message):
        nest(df, by, into)


def test_nest_of_plain_values_and_of_no_rows() -> None:
    df = pd.DataFrame({"k": [1, 1, 2], "tags": ["a", "b", None]})

    assert nest(df, "k", "tags")["tags"].tolist() == [["a", "b"], []]
    assert nest(df.iloc[:0], "k", "tags").shape == (0, 2)
