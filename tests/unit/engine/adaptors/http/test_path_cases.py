"""Paths in JSON and XML answers, as data: each line of the case file by its id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from celigo_pandas.engine.adaptors.http.answer_paths import every, names_there, one, plain
from celigo_pandas.engine.adaptors.http.media import decode
from celigo_pandas.engine.adaptors.http.records import records_of
from celigo_pandas.engine.adaptors.protocol import SourceFailure

FILE = Path(__file__).parents[4] / "cases" / "paths.jsonl"
CASES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def test_path_cases_are_all_there_and_named_once() -> None:
    assert len(CASES) >= 70
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert {case["form"] for case in CASES} == {"json", "xml"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_path_reads_what_its_case_says(case: dict[str, Any]) -> None:
    body = decode(case["body"].encode(), case["form"])

    if "error" in case:
        assert case["error"] in _refusal(body, case)
    else:
        found = _read(body, case)
        assert (found, type(found)) == (case["expected"], type(case["expected"]))


def _read(body: Any, case: dict[str, Any]) -> Any:
    if case["reading"] == "records":
        return records_of(body, case["path"])
    return plain(one(body, case["path"], first=True)) if case["reading"] == "value" else every(body, case["path"])


def _refusal(body: Any, case: dict[str, Any]) -> str:
    try:
        found = _read(body, case)
    except SourceFailure as failure:
        return failure.message
    assert found is None, found
    return names_there(body, case["path"])
