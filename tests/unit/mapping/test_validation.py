"""What validate tells about a document, and what it does not complain about."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry, import_doc, read_cases

from celigo_pandas.mapping import validate


def told(doc: Any, sample: Any = None) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.field) for problem in validate(doc, sample)]


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ({}, []),
        ({"mappings": [entry("a", "string", "$.a")]}, []),
        (
            {"mappings": [{"generate": "a", "dataType": "string", "extract": "$.a"}]},
            [("missing_status", "mappings[0].status")],
        ),
        ({"mappings": [entry("a", "string", "$.a", status="Draft")]}, [("missing_status", "mappings[0].status")]),
        ({"mappings": [entry("a", "stringarray")]}, [("missing_helper", "mappings[0]")]),
        (
            {"mappings": [entry("a", "string", "$.a", lookupName="q")]},
            [("dangling_lookup", "mappings[0].lookupName")],
        ),
        (
            {"mappings": [entry("a", "string", "x")], "mapping": {"fields": [{"generate": "b", "extract": "b"}]}},
            [("mixed_dialects", "mappings")],
        ),
        (
            {"mappings": [entry("a", "string", "x")], "adaptorType": "NetSuiteDistributedImport"},
            [("wrong_dialect", "mappings")],
        ),
        ({"mappings": [entry("a", "string", "x")], "adaptorType": "HTTPImport"}, []),
        ({"lookups": [{"name": "l"}, {"name": "l"}]}, [("duplicate_lookup", "lookups[1].name")]),
        ({"lookups": [{"map": {}}, "l"]}, [("missing_name", "lookups[0].name"), ("not_an_object", "lookups[1]")]),
        ({"lookups": {"name": "l"}}, [("not_a_list", "lookups")]),
        ({"filter": {"expression": {"rules": ["like", 1, 2]}}}, [("bad_filter", "filter.rules[0]")]),
        ({"inputFilter": {"type": "script"}}, [("bad_filter", "inputFilter.type")]),
        ({"transform": {"type": "script"}}, [("script", "transform.type")]),
        (
            {"transform": {"rules": [[{"extract": "a"}]]}},
            [("missing_generate", "transform.expression.rules[0][0].generate")],
        ),
        ({"transform": "all"}, [("not_an_object", "transform")]),
        ("doc", [("not_an_object", None)]),
        (
            {"mapping": {"fields": [{"generate": "a", "extract": "{{ first}}"}]}},
            [("template_warning", "mapping.fields[0].extract")],
        ),
        (
            {"mapping": {"fields": [{"generate": "a", "extract": "{{first}}"}]}},
            [("template_warning", "mapping.fields[0].extract")],
        ),
    ],
    ids=lambda part: str(part)[:60],
)
def test_validate_tells_each_problem_with_its_path(doc: Any, expected: list[Any]) -> None:
    assert sorted(set(told(doc))) == sorted(expected)


def test_validate_tells_all_problems_in_the_documents_order() -> None:
    doc = {"mappings": [entry(f"x{place}", "string", "$..a") for place in range(12)]}

    assert [path for _, path in told(doc)] == [f"mappings[{place}].extract" for place in range(12)]


SAMPLE = {"a": {"b": 1}, "l": [{"n": 1}, {"n": 2, "o": None}], "none": None, "empty": []}


@pytest.mark.parametrize(
    ("extract", "missing"),
    [
        ("$.a.b", False),
        ("$.a.c", True),
        ("$.l[*].n", False),
        ("$.l.n", False),
        ("$.l[*].q", True),
        ("$.l[0].n", False),
        ("$.l.o.deep", False),
        ("$.none.x", False),
        ("$.empty[*].x", False),
        ("$", False),
        ("{{record.a.b}}", False),
        ("{{record.a.q}}", True),
        ("{{settings.flow.x}}", False),
        ("literal", False),
    ],
)
def test_validate_sample_names_paths_that_are_no_field(extract: str, missing: bool) -> None:
    expected = [("unknown_path", "mappings[0].extract")] if missing else []

    assert told({"mappings": [entry("x", "string", extract)]}, SAMPLE) == expected


def test_validate_sample_may_be_several_records_and_reaches_helpers_lists_and_transforms() -> None:
    doc = {
        "mappings": [
            entry(
                "v",
                "objectarray",
                buildArrayHelper=[
                    {
                        "extract": "$.rows[*]",
                        "mappings": [entry("n", "string", "$.rows.n"), entry("q", "string", "$.rows.q")],
                    }
                ],
            )
        ],
        "transform": {"rules": [[{"extract": "zzz", "generate": "x"}]]},
    }

    assert told(doc, [{"rows": [{"n": 1}]}, {"rows": [{"m": 1}]}]) == [
        ("unknown_path", "mappings[0].buildArrayHelper[0].mappings[1].extract"),
        ("unknown_path", "transform.expression.rules[0][0].extract"),
    ]


def test_validate_grouped_first_mapper_paths() -> None:
    doc = {
        "mapping": {
            "fields": [{"generate": "a", "extract": "x"}, {"generate": "b", "extract": "_PARENT.id"}],
            "lists": [
                {"generate": "l", "fields": [{"generate": "c", "extract": "*.x"}, {"generate": "d", "extract": "*.q"}]}
            ],
        }
    }

    assert told(doc, [[{"x": 1}]]) == [("unknown_path", "mapping.lists[0].fields[1].extract")]


@pytest.mark.parametrize("case", read_cases("mapping.jsonl"), ids=lambda case: case["id"])
def test_validate_documented_cases_have_no_problem(case: dict[str, Any]) -> None:
    doc = {"transform": case["mapping"]["transform"]} if case.get("kind") == "transform" else import_doc(case)

    assert validate(doc) == []
