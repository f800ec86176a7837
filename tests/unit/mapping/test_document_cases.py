"""Whole import documents as people save them, each by its id: what they map, and what `validate` says of them."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import marked, read_cases

from celigo_pandas.handlebars import render
from celigo_pandas.mapping import map_records, validate

CASES = read_cases("documents.jsonl")


def test_document_cases_are_all_read() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES) >= 30


def asked(lookup: dict[str, Any], context: dict[str, Any]) -> str:
    """Answer a lookup with the address that it asks."""
    return render(lookup["relativeURI"], context)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_document_maps_as_the_platform_does(case: dict[str, Any]) -> None:
    outputs = map_records(case["records"], case["import"], resolve_lookup=asked)

    assert [marked(output) for output in outputs] == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_document_is_told_what_is_doubtful_and_nothing_else(case: dict[str, Any]) -> None:
    told = [[problem.code, problem.field] for problem in validate(case["import"], case["records"])]

    assert told == case["problems"]
