"""Exports and imports that are to be saved, against the table of cases."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from celigo_pandas.documents.saved_documents import ADAPTORS, check_saved, needs_connection

_LINES = (Path(__file__).parents[2] / "cases" / "saved.jsonl").read_text(encoding="utf-8").splitlines()
CASES = [json.loads(line) for line in _LINES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}-{case['id']}")
def test_saved_document_has_the_expected_problem_paths(case: dict[str, Any]) -> None:
    before = copy.deepcopy(case["document"])

    problems = check_saved(case["kind"], case["document"], case["connection"])

    assert sorted(str(problem.field) for problem in problems) == case["expected"]
    assert all(problem.message and problem.code in ("missing_required_field", "invalid_field") for problem in problems)
    assert case["document"] == before


def test_enumerated_member_is_refused_in_the_platforms_words() -> None:
    (problem,) = check_saved("exports", {"adaptorType": "HTTPExport", "http": {}, "type": "all"}, "http")

    assert problem.message.startswith("`all` is not a valid enum value for path `type`")
    assert "delta" in problem.message


def test_cases_name_every_adaptor_that_has_a_connection_of_its_own_kind() -> None:
    seen = {
        case["document"].get("adaptorType") for case in CASES if isinstance(case["document"].get("adaptorType"), str)
    }

    rare = {"RESTImport", "JDBCImport", "DynamodbImport", "AS2Import", "VANExport", "VANImport", "NetSuiteImport"}
    assert {name for table in ADAPTORS.values() for name in table} - seen == rare


@pytest.mark.parametrize(
    ("doc", "needed"),
    [
        ({"adaptorType": "HTTPExport"}, True),
        ({"adaptorType": "AiAgentImport"}, False),
        ({"adaptorType": "ToolImport"}, False),
        ({"adaptorType": "WebhookExport"}, False),
        ({"type": "webhook"}, False),
        ({}, True),
        ({"adaptorType": "Unknown"}, True),
        ({"adaptorType": ["HTTPExport"]}, True),
    ],
)
def test_need_of_a_connection_follows_the_adaptor(doc: dict[str, Any], needed: bool) -> None:
    assert needs_connection(doc) is needed
