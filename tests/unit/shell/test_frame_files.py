"""Rows in files, written and read again."""

from __future__ import annotations

from typing import Any

import pytest

from celigo_pandas.cli.frame_files import read_frame, write_frame
from celigo_pandas.frames.outward import to_records
from celigo_pandas.frames.reading import frame_of

pytestmark = pytest.mark.filterwarnings("ignore::celigo_pandas.errors.MixedTypesWarning")

ROWS: list[dict[str, Any]] = [
    {"id": 2**53 + 1, "big": 2**70, "mixed": 1, "lines": [{"sku": "a,b", "n": 1}], "o": {"a": {"b": "x"}}, "é": '\n"'},
    {"id": 2, "mixed": "1", "lines": [], "flag": True, "rate": 0.1},
    {"id": None, "mixed": [1, "x"], "flag": False, "rate": 1e-7, "é": ""},
]


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet"])
@pytest.mark.parametrize("nested", ["keep", "flatten"])
def test_rows_come_back_as_they_were(tmp_path, suffix, nested):
    frame = frame_of(ROWS, nested=nested)
    expected = [{name: value for name, value in row.items() if value is not None} for row in ROWS]
    path = str(tmp_path / f"rows.{suffix}")
    write_frame(frame, path)

    found = [{name: value for name, value in row.items() if value is not None} for row in to_records(read_frame(path))]

    if suffix == "parquet" and nested == "flatten":
        expected[0]["o.a.b"] = expected[0].pop("o")["a"]["b"]  # a file keeps the frame's columns
    assert found == expected


def test_csv_holds_lists_as_json(tmp_path):
    path = str(tmp_path / "rows.csv")
    write_frame(frame_of(ROWS, nested="keep"), path)

    found = read_frame(path)

    assert found["lines"].tolist()[:2] == ['[{"sku":"a,b","n":1}]', "[]"]
    assert found["mixed"].tolist() == ["1", "1", '[1,"x"]']
    assert found["é"].tolist()[0] == '\n"'
