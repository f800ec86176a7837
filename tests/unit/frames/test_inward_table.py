"""The inward tables of `docs/frames.md`, line by line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.pulls import is_same

from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import RUNGS, Ladder
from celigo_pandas.frames.shape import Shape
from celigo_pandas.paging import Page

pytestmark = pytest.mark.filterwarnings("ignore::celigo_pandas.errors.MixedTypesWarning")

TEXT = (Path(__file__).parents[3] / "docs" / "frames.md").read_text(encoding="utf-8")
INWARD = TEXT[TEXT.index("## Inward") : TEXT.index("### Parquet")]
LINES = [
    [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in INWARD.splitlines()
    if line.startswith("| ") and "`[" in line
]
VALUES = [line for line in LINES if len(line) == 4]
NAMES = [line for line in LINES if len(line) == 3]


def _frame(records: str, rung: str) -> pd.DataFrame:
    columns = ColumnSet(Shape())
    columns.add(Ladder(Shape(), rung).decode([Page(records.encode())]))
    return columns.frame()


def test_tables_are_there() -> None:
    assert len(VALUES) >= 15
    assert len(NAMES) >= 6


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("line", VALUES, ids=lambda line: line[0])
def test_column_is_as_documented(line: list[str], rung: str) -> None:
    _, records, dtype, values = line
    if dtype == "str" and pd.Series(["x"]).dtype == object:
        dtype = "object"

    column = _frame(records, rung)["a"]

    assert str(column.dtype) == dtype
    assert is_same([_plain(value) for value in column.array], json.loads(values))


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("line", NAMES, ids=lambda line: line[0])
def test_names_are_as_documented(line: list[str], rung: str) -> None:
    assert list(_frame(line[1], rung).columns) == json.loads(line[2])


def _plain(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return value
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
