"""docs/mapping.md: every example of every table gives what the page says, and every property has one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.mapping import map_fields, map_list, map_tree

from celigo_pandas.filters import keep
from celigo_pandas.filters.operators import CASTS, COMPARISONS, FUNCTIONS
from celigo_pandas.mapping import run_import_steps, transform_records
from celigo_pandas.mapping.steps.conversions import CONVERTERS

PAGE = Path(__file__).parents[3] / "docs" / "mapping.md"
SETTINGS = {"flow": {"x": "SO"}}


class Line(NamedTuple):
    section: str
    name: str
    example: str
    record: str
    result: str


def read_lines() -> list[Line]:
    section, lines = "", []
    for text in PAGE.read_text(encoding="utf-8").splitlines():
        if text.startswith("#"):
            section = text.lstrip("# ")
        cells = [cell.strip() for cell in re.split(r"(?<=\s)\|(?=\s)", text.strip("|"))]
        if text.startswith("|") and len(cells) == 5 and cells[2].startswith("`"):
            lines.append(Line(section, cells[0], *(cell.strip("|` ") for cell in cells[2:])))
    return lines


LINES = read_lines()


def active(entry: Any) -> Any:
    """Add the status that the page leaves out."""
    if isinstance(entry, dict):
        made = {name: active(value) for name, value in entry.items()}
        return {**made, "status": "Active"} if "dataType" in made else made
    return [active(part) for part in entry] if isinstance(entry, list) else entry


def run(line: Line) -> Any:
    example, record = json.loads(line.example), json.loads(line.record)
    lookups = tuple(example.pop("lookups", ())) if isinstance(example, dict) else ()
    if line.section == "Paths":
        return map_fields(record, {"generate": "x", "extract": example})["x"]
    if line.section in ("Fields", "Lookups"):
        return map_fields(record, example, lookups=lookups)
    if line.section == "Lists":
        fields = example.pop("fields")
        return map_list(record, *fields, lookups=lookups, **example)
    if line.section in ("Entries", "Types", "buildArrayHelper"):
        return map_tree(record, active(example), lookups=lookups)
    if line.section == "Filters":
        return keep(example, record, settings=SETTINGS)
    if line.section == "Transforms":
        return transform_records([record], example)[0]
    assert line.section == "One record to many"
    return [mapped for _, mapped in run_import_steps([record], example)[0].outputs]


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.section}: {line.name}"[:60])
def test_mapping_page_example_gives_its_result(line: Line) -> None:
    actual, expected = run(line), json.loads(line.result)

    assert actual == expected
    assert json.dumps(actual) == json.dumps(expected)


def test_mapping_page_has_a_line_for_every_property() -> None:
    shown: dict[str, set[str]] = {}
    for line in LINES:
        shown.setdefault(line.section, set()).update(re.findall(r"\w+", line.example))
    first = "generate extract hardCodedValue default lookupName dataType extractDateFormat extractDateTimezone "
    first += "generateDateFormat generateDateTimezone discardIfEmpty immutable useAsAnInitializeValue internalId isKey "
    first += "conditional when exportDateFormat importDateFormat subRecordMapping"
    second = "generate extract dataType hardCodedValue default lookupName extractDateFormat extractDateTimezone "
    second += "generateDateFormat generateDateTimezone conditional when sourceDataType description mappings"

    assert set(first.split()) <= shown["Fields"]
    assert set(second.split()) <= shown["Entries"]
    assert {"map", "allowFailures", "default"} <= shown["Lookups"]
    assert {"fields", "jsonPath"} <= shown["Lists"]
    assert set(CONVERTERS) <= shown["Types"]
    assert {"extract", "mappings", "default", "conditional"} <= shown["buildArrayHelper"]
    assert {*COMPARISONS, *CASTS, *FUNCTIONS, "and", "or", "not", "anyof", "empty", "notempty"} <= shown["Filters"]
    assert {"extract", "settings"} <= shown["Filters"]
    assert {"rules", "rulesTwoDotZero", "create", "modify"} <= shown["Transforms"]
    assert {"oneToMany", "pathToMany", "_PARENT", "filter"} <= shown["One record to many"]


def test_mapping_page_lines_are_all_read() -> None:
    tables = [text for text in PAGE.read_text(encoding="utf-8").splitlines() if text.startswith("| ")]
    headings = [text for text in tables if text.endswith("| result |")]

    assert len(LINES) == len(tables) - len(headings) > 90
