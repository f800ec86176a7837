"""Every example of docs/templates.md, and that the page names every helper."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path

import pytest

from celigo_pandas.handlebars import render
from celigo_pandas.handlebars.helpers import HELPERS

PAGE = (Path(__file__).parents[3] / "docs" / "templates.md").read_text(encoding="utf-8")
CONTEXT = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
LOOKUP = json.loads(re.search(r"static lookup `(.*?)`", PAGE)[1])
ROWS = [
    [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("|") and "{{" in line
]
NOW = datetime(2024, 2, 29, 12, 30, 15, 678000, tzinfo=timezone.utc)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_templates_page_example_renders_as_shown(row):
    template, expected = (re.match(r"`(.*)`\Z", cell)[1] if cell != "``" else "" for cell in row[-2:])
    options = {"lookups": [LOOKUP], "dynamic_lookups": {"price": {"amount": 9}}}

    assert render(template, CONTEXT, now=lambda: NOW, random=lambda limit: 0, **options) == expected


def test_templates_page_has_one_line_for_each_helper():
    named = [row[0].strip("`") for row in ROWS if len(row) == 4]

    assert sorted(named) == sorted(HELPERS)
