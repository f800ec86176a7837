"""What the platform casts when it takes a document, and what it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from celigo_pandas.documents.canonical import canonical
from celigo_pandas.documents.connection_documents import validate_connection
from celigo_pandas.documents.saved_documents import check_saved
from celigo_pandas.mapping import validate


@pytest.mark.parametrize(("value", "known"), [("true", True), ("false", False), (1, True), (0, False), ("no", False)])
def test_truth_values_are_cast(value: Any, known: bool) -> None:
    doc = {"oneToMany": value, "http": {"ignoreEmptyNodes": value, "response": {"twoDArray": {"hasHeader": value}}}}

    assert canonical("imports", doc) == {
        "oneToMany": known,
        "http": {"ignoreEmptyNodes": known, "response": {"twoDArray": {"hasHeader": known}}},
    }
    assert doc["oneToMany"] is value


@pytest.mark.parametrize("value", ["false", 0, "no"])
def test_text_that_says_no_makes_no_upsert(value: Any) -> None:
    assert canonical("imports", {"mongodb": {"upsert": value}}) == {"mongodb": {"upsert": False}}


def test_lookups_are_cast_in_every_home() -> None:
    doc = {
        "lookups": [{"name": "a", "allowFailures": "false"}, "no lookup"],
        "http": {"lookups": [{"name": "b", "allowFailures": 1, "map": {"true": "false"}}]},
    }

    assert canonical("imports", doc) == {
        "lookups": [{"name": "a", "allowFailures": False}, "no lookup"],
        "http": {"lookups": [{"name": "b", "allowFailures": True, "map": {"true": "false"}}]},
    }


def test_data_and_unknown_values_stay_as_they_came() -> None:
    doc = {
        "mapping": {"fields": [{"generate": "a", "hardCodedValue": "true"}]},
        "mockOutput": {"page_of_records": [{"record": {"oneToMany": "true"}}]},
        "isLookup": "maybe",
        "file": {"skipDelete": None, "csv": {"trimSpaces": 2}},
    }

    assert canonical("exports", doc) == doc


def test_media_types_are_taken_in_any_case() -> None:
    http = {"baseURI": "https://x", "mediaType": "JSON", "successMediaType": "Xml", "auth": {"type": "custom"}}
    doc = {"name": "x", "type": "http", "offline": "false", "http": {**http, "disableStrictSSL": "false"}}
    kept = canonical("connections", doc)

    assert kept["http"] == {**http, "mediaType": "json", "successMediaType": "xml", "disableStrictSSL": False}
    assert kept["offline"] is False
    assert validate_connection(kept) == []
    assert canonical("exports", {"http": {"errorMediaType": "XML"}}) == {"http": {"errorMediaType": "xml"}}


@pytest.mark.parametrize("value", ["True", "maybe", 2, [], {}, 0.5])
def test_what_is_no_truth_value_is_a_problem(value: Any) -> None:
    doc = {"adaptorType": "HTTPImport", "ignoreMissing": value, "http": {"sendPostMappedData": value}}
    problems = check_saved("imports", doc, "http")

    assert {problem.field for problem in problems} == {"ignoreMissing", "http.sendPostMappedData"}
    assert all("expected true or false" in problem.message for problem in problems)


@pytest.mark.parametrize("member", ["useFirstRow", "useIterativeRow", "discardIfEmpty"])
@pytest.mark.parametrize("value", ["TRUE", "maybe", 3, []])
def test_rule_whose_truth_value_cannot_be_read_is_a_problem(member: str, value: Any) -> None:
    field = {"generate": "a", "extract": "*.a", member: value}
    doc = {"mapping": {"lists": [{"generate": "l", "fields": [field]}]}}

    assert [(one.code, one.field) for one in validate(doc)] == [("not_boolean", f"mapping.lists[0].fields[0].{member}")]


def test_lookup_whose_truth_value_cannot_be_read_is_a_problem() -> None:
    lookup = {"name": "l", "map": {}, "allowFailures": "perhaps"}
    doc = {"mapping": {"fields": [{"generate": "a", "extract": "a"}]}, "netsuite_da": {"lookups": [lookup]}}

    assert [one.field for one in validate(doc)] == ["netsuite_da.lookups[0].allowFailures"]


def test_rows_beside_fields_are_a_problem() -> None:
    lists = [{"generate": "", "fields": [{"generate": "s", "extract": "*.s"}]}]
    doc = {"mapping": {"fields": [{"generate": "a", "extract": "a"}], "lists": lists}}

    assert [(one.code, one.field) for one in validate(doc)] == [("rows_beside_fields", "mapping.lists[0].generate")]


@pytest.mark.parametrize(("value", "kept"), [("true", True), ("false", False), (False, False)])
def test_truth_value_in_place_of_an_object_is_cast(value: Any, kept: bool) -> None:
    rdbms = {"type": "mariadb", "host": "h", "database": "d", "user": "u", "password": "p", "ssl": value}

    assert canonical("connections", {"name": "x", "type": "rdbms", "rdbms": rdbms})["rdbms"]["ssl"] is kept
