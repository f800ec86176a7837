"""What validate tells about a document, and what it does not complain about."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry, import_doc, read_cases

from celigo_pandas.errors import DocumentError
from celigo_pandas.mapping import map_records, validate


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
        ({"mappings": [entry("a", "string", "$.a", status="Draft")]}, [("draft", "mappings[0]")]),
        ({"mapping": {"fields": [{"generate": "a"}]}}, [("missing_extract", "mapping.fields[0].extract")]),
        ({"mappings": [entry("a", "stringarray")]}, [("missing_helper", "mappings[0]")]),
        (
            {"mappings": [entry("a", "string", "$.a", lookupName="q")]},
            [("dangling_lookup", "mappings[0].lookupName")],
        ),
        (
            {"mappings": [entry("a", "string", "x")], "mapping": {"fields": [{"generate": "b", "extract": "b"}]}},
            [("mixed_dialects", "mapping")],
        ),
        (
            {
                "adaptorType": "SalesforceImport",
                "mappings": [entry("a", "string", "x")],
                "mapping": {"fields": [{"generate": "b", "extract": "b"}]},
            },
            [("mixed_dialects", "mappings")],
        ),
        ({"responseTransform": {"type": "script"}}, [("script", "responseTransform.type")]),
        ({"responseTransform": []}, []),
        ({"responseTransform": "all"}, [("not_an_object", "responseTransform")]),
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
    }
    transform = {"rules": [[{"extract": "zzz", "generate": "x"}]]}
    sample = [{"rows": [{"n": 1}]}, {"rows": [{"m": 1}]}]

    assert told(doc, sample) == [("unknown_path", "mappings[0].buildArrayHelper[0].mappings[1].extract")]
    # Behind a transform the mapping reads what that makes.
    assert told({**doc, "transform": transform}, sample) == [
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


LOOKUPS = [{"name": "L", "map": {"1": "one"}}]
ARRAY = {"buildArrayHelper": [{"extract": "$.a"}]}
CHILDREN = {"mappings": [entry("x", "string", "$.a")]}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (entry("o", "stringarray", lookupName="q", **ARRAY), ("dangling_lookup", "mappings[0].lookupName")),
        (entry("o", "stringarray", lookupName="L", **ARRAY), ("unsupported", "mappings[0].lookupName")),
        (entry("o", "object", lookupName="q", **CHILDREN), ("dangling_lookup", "mappings[0].lookupName")),
        (entry("o", "object", lookupName="L", **CHILDREN), ("unsupported", "mappings[0].lookupName")),
        (
            entry("o", "stringarray", generateDateTimezone="Nowhere/City", **ARRAY),
            ("unsupported", "mappings[0].generateDateTimezone"),
        ),
        (
            entry("o", "stringarray", extractDateFormat="YYYY", **ARRAY),
            ("unsupported", "mappings[0].extractDateFormat"),
        ),
        (entry("o", "string", **ARRAY), ("misplaced_helper", "mappings[0].buildArrayHelper")),
        (entry("o", "object", **ARRAY), ("misplaced_helper", "mappings[0].buildArrayHelper")),
        (
            entry("o", "string", "$.a", conditional={"when": "lookup_empty"}),
            ("bad_condition", "mappings[0].conditional.when"),
        ),
        (
            entry("o", "stringarray", buildArrayHelper=[{"extract": "$.a", "conditional": {"when": "ignore_if_set"}}]),
            ("bad_condition", "mappings[0].buildArrayHelper[0].conditional.when"),
        ),
    ],
)
def test_what_mapper_2_would_not_do_is_a_problem_at_its_place(one: dict[str, Any], expected: tuple[str, str]) -> None:
    doc = {"mappings": [one], "lookups": LOOKUPS}

    assert told(doc) == [expected]
    with pytest.raises(DocumentError):
        map_records([{"a": "1"}], doc)


def test_extract_beside_helpers_is_remarked() -> None:
    assert told({"mappings": [entry("o", "stringarray", "$.b", **ARRAY)]}) == [("unused_member", "mappings[0].extract")]


@pytest.mark.parametrize(
    "doc",
    [
        {"mappings": [entry("x", "string", '{{#if record.a}}{{lookup "q" record.a}}{{/if}}')]},
        {"mappings": [entry("x", "string", '{{lookup "L" (lookup "q" record.a)}}')]},
        {"mapping": {"fields": [{"generate": "x", "extract": "{{lookup 'q' a}}"}]}},
        {"mappings": [entry("x", "string", "{{lookup.q.name}}")]},
        {"mappings": [entry("x", "string", "{{lookup.[q q]}}{{lookup.L}}")]},
    ],
)
def test_template_that_asks_a_lookup_that_is_not_there_is_told(doc: dict[str, Any]) -> None:
    assert [code for code, _ in told({**doc, "lookups": LOOKUPS})] == ["dangling_lookup"]


@pytest.mark.parametrize(
    "text",
    ['{{lookup "L" record.a}}', "{{lookup record.a 0}}", "{{lookup.L}}", "{{settings.flow.x}}", "{{connection.name}}"],
)
def test_template_that_reads_what_is_there_is_not_told(text: str) -> None:
    assert told({"mappings": [entry("x", "string", text)], "lookups": LOOKUPS}, {"a": [1]}) == []


@pytest.mark.parametrize("text", ["{{a}}", "{{uppercase a.b}}", "{{#each lines}}{{sku}}{{/each}}"])
def test_template_of_mapper_2_with_bare_names_is_told(text: str) -> None:
    assert {code for code, _ in told({"mappings": [entry("x", "string", text)]})} == {"bare_field"}


def test_template_of_mapper_1_that_reads_record_is_told() -> None:
    doc = {"mapping": {"fields": [{"generate": "x", "extract": "{{record.a}}"}]}}

    assert told(doc, {"a": 1}) == [("unknown_path", "mapping.fields[0].extract")]
    assert told(doc, {"record": {"a": 1}}) == []


def test_template_of_mapper_2_reads_a_field_named_like_its_surroundings() -> None:
    doc = {"mappings": [entry("x", "string", "{{record.settings}}")]}

    assert told(doc, {"a": 1}) == [("unknown_path", "mappings[0].extract")]


def test_paths_of_an_envelope_are_compared_with_the_envelope() -> None:
    mappings = [
        entry("a", "string", "$.record.a"),
        entry("b", "string", "$.settings.flow.x"),
        entry("c", "string", "{{record.a}}"),
        entry("d", "string", "$.a"),
        entry("e", "string", "$.record.b"),
    ]

    assert told({"mappings": mappings, "inputContext": "envelope"}, {"a": 1}) == [
        ("unknown_path", "mappings[3].extract"),
        ("unknown_path", "mappings[4].extract"),
    ]


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        (
            {"fields": [{"generate": "a", "extract": "x"}, {"generate": "a.b", "extract": "y"}]},
            "mapping.fields[1].generate",
        ),
        (
            {"fields": [{"generate": "a.b.c", "extract": "x"}, {"generate": "a", "extract": "y"}]},
            "mapping.fields[0].generate",
        ),
        (
            {
                "fields": [{"generate": "a", "extract": "x"}],
                "lists": [{"generate": "a.l", "fields": [{"generate": "s", "extract": "l[*].s"}]}],
            },
            "mapping.lists[0].generate",
        ),
        (
            {
                "lists": [
                    {
                        "generate": "l",
                        "fields": [{"generate": "s", "extract": "l[*].s"}, {"generate": "s.t", "extract": "l[*].t"}],
                    }
                ]
            },
            "mapping.lists[0].fields[1].generate",
        ),
    ],
)
def test_fields_that_lie_inside_each_other_are_told(mapping: dict[str, Any], field: str) -> None:
    assert told({"mapping": mapping}) == [("overlapping_generate", field)]


def test_lookup_without_extract_says_what_is_missing() -> None:
    field = {"generate": "x", "lookupName": "L", "hardCodedValue": "1"}

    (problem,) = validate({"mapping": {"fields": [field]}, "lookups": LOOKUPS})

    assert problem.message == (
        "extract is missing: lookup 'L' has nothing to translate; its hardCodedValue is not read."
    )


@pytest.mark.parametrize("array", ["nn", "nn[*]"])
def test_path_below_a_json_path_is_named_as_one_path(array: str) -> None:
    lines = {"generate": "l", "jsonPath": array, "fields": [{"generate": "s", "extract": "s"}]}

    (problem,) = validate({"mapping": {"lists": [lines]}}, {"a": 1})

    assert problem.message == "'nn[*].s' names no field of the sample."
