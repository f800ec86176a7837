"""Half an emoji in a mapping's document: findings, tables and the report show its escape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import celigo_pandas as celigo

HALF = "\ud83d"


def _mapping(generate: str, value: str) -> celigo.Mapping:
    rules = [
        {"generate": generate, "extract": "$.a", "dataType": "string", "status": "Active"},
        {"generate": "n", "hardCodedValue": value, "dataType": "string", "status": "Active"},
    ]
    return celigo.Mapping({"mappings": rules})


@pytest.mark.parametrize("rows", [pd.DataFrame({"a": ["x"]}), pd.DataFrame({"a": pd.Series([HALF], dtype=object)})])
def test_findings_of_half_an_emoji_can_be_printed_and_saved(rows: pd.DataFrame, tmp_path: Path) -> None:
    mapping, before = _mapping(HALF, HALF), _mapping("other", "x")
    shown: list[Any] = [mapping, mapping.coverage(rows), mapping.diff(before, rows), mapping.report(rows, before)]

    for one in shown:
        repr(one).encode()
        one._repr_html_().encode()
    assert mapping.to_frame()["hardCodedValue"].tolist() == [None, HALF]
    assert "\\ud83d" in mapping.report(rows, before).save(tmp_path / "report.html").read_text(encoding="utf-8")
