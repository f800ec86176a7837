"""Every documented template, by its id. Where a case is wrong, it stands in WRONG with the reason; none is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from celigo_pandas.handlebars import render

FILE = Path(__file__).parents[2] / "cases" / "handlebars.jsonl"
CASES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
WRONG: dict[str, str] = {}


def test_documented_templates_are_all_there():
    assert len({case["id"] for case in CASES}) == len(CASES) >= 168


@pytest.mark.parametrize("case", [case for case in CASES if case["id"] not in WRONG], ids=lambda case: case["id"])
def test_documented_template_renders_as_documented(case):
    record = case["record"]
    context = {**record, "record": record}

    options = {"lookups": case.get("lookups", ()), "escape": case.get("escape", "none")}
    assert render(case["template"], context, **options) == case["expected"]
