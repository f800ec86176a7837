"""Filter, one-to-many, map; transform, filter."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry

from celigo_pandas.errors import DocumentError
from celigo_pandas.mapping import run_export_steps, run_import_steps

FIELDS = {"fields": [{"generate": "n", "extract": "n", "dataType": "number"}]}
OPEN = {"type": "expression", "expression": {"rules": ["equals", ["extract", "open"], True]}}


def states(steps: list[Any]) -> list[tuple[str, list[Any]]]:
    return [(step.state, [mapped for _, mapped in step.outputs]) for step in steps]


def test_import_steps_filter_map_and_fail_each_record_in_place() -> None:
    records = [{"n": "1", "open": True}, {"n": "2"}, {"n": "x", "open": True}]

    steps = run_import_steps(records, {"filter": OPEN, "mapping": FIELDS})

    assert states(steps) == [("mapped", [{"n": 1}]), ("ignored", []), ("failed", [])]
    assert [step.position for step in steps] == [0, 1, 2]
    assert steps[0].outputs[0][0] is records[0]
    assert [(problem.source, problem.field) for problem in steps[2].errors] == [("mapping", "mapping.fields[0]")]


def test_import_steps_without_mapping_pass_records() -> None:
    assert states(run_import_steps([{"a": 1}], {})) == [("mapped", [{"a": 1}])]


def test_import_steps_lookup_failure_has_its_source() -> None:
    doc = {
        "mapping": {"fields": [{"generate": "x", "extract": "a", "lookupName": "l"}]},
        "lookups": [{"name": "l", "map": {}}],
    }

    assert run_import_steps([{"a": 1}], doc)[0].errors[0].source == "lookup"


def test_import_steps_one_to_many_maps_each_child_with_parent() -> None:
    doc = {
        "oneToMany": True,
        "pathToMany": "o.lines",
        "mapping": {"fields": [{"generate": "n", "extract": "n"}, {"generate": "id", "extract": "_PARENT.id"}]},
    }
    records = [{"id": 7, "o": {"lines": [{"n": 1}, {"n": 2}]}}, {"id": 8}, {"id": 9, "o": {"lines": {"n": 3}}}]

    steps = run_import_steps(records, doc)

    assert states(steps) == [
        ("mapped", [{"n": 1, "id": 7}, {"n": 2, "id": 7}]),
        ("ignored", []),
        ("mapped", [{"n": 3, "id": 9}]),
    ]
    assert "_PARENT" not in records[0]["o"]["lines"][0]


def test_import_steps_one_to_many_parent_is_seen_by_templates_of_both_mappers() -> None:
    first = {
        "oneToMany": True,
        "pathToMany": "l",
        "mapping": {"fields": [{"generate": "t", "extract": "{{_PARENT.id}}"}]},
    }
    second = {"oneToMany": True, "pathToMany": "l", "mappings": [entry("t", "string", "{{record._PARENT.id}}")]}
    record = {"id": 7, "l": [{"n": 1}]}

    assert states(run_import_steps([record], first)) == states(run_import_steps([record], second))
    assert states(run_import_steps([record], second)) == [("mapped", [{"t": "7"}])]


def test_import_steps_one_to_many_without_mapping_passes_children_as_they_came() -> None:
    steps = run_import_steps([{"id": 7, "l": [{"n": 1}, 5]}], {"oneToMany": True, "pathToMany": "l"})

    assert states(steps) == [("mapped", [{"n": 1}, 5])]
    assert steps[0].outputs[0][0]["_PARENT"]["id"] == 7


def test_import_steps_one_to_many_failing_child_leaves_the_others() -> None:
    doc = {"oneToMany": True, "pathToMany": "l", "mapping": FIELDS}

    some, none = run_import_steps([{"l": [{"n": "1"}, {"n": "x"}]}, {"l": [{"n": "x"}, {"n": "y"}]}], doc)

    assert (some.state, [mapped for _, mapped in some.outputs], len(some.errors)) == ("mapped", [{"n": 1}], 1)
    assert (none.state, none.outputs, len(none.errors)) == ("failed", [], 2)


def test_import_steps_filter_on_parent_is_about_children() -> None:
    rules = ["and", ["equals", ["extract", "_PARENT.id"], 7], ["greaterthan", ["extract", "n"], 1]]
    doc = {"oneToMany": True, "pathToMany": "l", "mapping": FIELDS, "filter": {"expression": {"rules": rules}}}

    steps = run_import_steps([{"id": 7, "l": [{"n": 1}, {"n": 2}]}, {"id": 8, "l": [{"n": 2}]}], doc)

    assert states(steps) == [("mapped", [{"n": 2}]), ("ignored", [])]


def test_import_steps_filter_on_record_comes_before_one_to_many() -> None:
    doc = {"oneToMany": True, "pathToMany": "l", "mapping": FIELDS, "filter": OPEN}

    steps = run_import_steps([{"open": True, "l": [{"n": 1}]}, {"l": [{"n": 2, "open": True}]}], doc)

    assert states(steps) == [("mapped", [{"n": 1}]), ("ignored", [])]


def test_import_steps_one_to_many_of_grouped_rows_needs_no_path() -> None:
    assert states(run_import_steps([[{"n": 1}, {"n": 2}]], {"oneToMany": True, "mapping": FIELDS})) == [
        ("mapped", [{"n": 1}, {"n": 2}])
    ]


def test_import_steps_filter_error_fails_the_record_as_import_filter() -> None:
    rules = ["matches", ["extract", "a"], ["extract", "pattern"]]
    doc = {"filter": {"expression": {"rules": rules}}, "mapping": FIELDS}

    good, bad = run_import_steps([{"a": "x", "pattern": "x", "n": 1}, {"a": "x", "pattern": "("}], doc)

    assert good.state == "mapped"
    assert (bad.state, bad.errors[0].source) == ("failed", "import_filter")


def test_import_steps_settings_of_context_serve_filter_and_templates() -> None:
    doc = {
        "filter": {"expression": {"rules": ["equals", ["settings", "flow.on"], True]}},
        "mappings": [entry("s", "string", "{{settings.flow.name}}-{{import.name}}")],
    }
    context = {"settings": {"flow": {"on": True, "name": "f"}}, "import": {"name": "i"}}

    assert states(run_import_steps([{}], doc, context=context)) == [("mapped", [{"s": "f-i"}])]
    assert states(run_import_steps([{}], doc)) == [("ignored", [])]


@pytest.mark.parametrize(
    "doc",
    [
        {"filter": {"expression": {"rules": ["like", 1, 2]}}},
        {"filter": {"type": "script"}},
        {"oneToMany": True, "pathToMany": "a..b"},
        {"mapping": {"fields": [{"extract": "x"}]}},
    ],
)
def test_import_steps_document_that_cannot_work_is_refused_before_any_record(doc: dict[str, Any]) -> None:
    with pytest.raises(DocumentError) as caught:
        run_import_steps([{}], doc)

    assert caught.value.problems[0].field


def test_export_steps_transform_then_filter() -> None:
    doc = {
        "transform": {"expression": {"version": "1", "rules": [[{"extract": "a", "generate": "open"}]]}},
        "filter": OPEN,
    }

    assert run_export_steps([{"a": True}, {"a": False}, {"open": True}], doc) == ([{"open": True}], [])


def test_export_steps_without_either_pass_records() -> None:
    assert run_export_steps([{"a": 1}], {}) == ([{"a": 1}], [])


def test_export_steps_errors_name_record_and_source() -> None:
    mappings = [
        entry("n", "number", "$.n"),
        entry("c", "string", "$.c", lookupName="l"),
        entry("p", "string", "$.p"),
    ]
    doc = {
        "transform": {"expression": {"rulesTwoDotZero": {"mappings": mappings, "lookups": [{"name": "l", "map": {}}]}}},
        "filter": {"expression": {"rules": ["matches", "x", ["extract", "p"]]}},
    }

    records, errors = run_export_steps([{"n": 1, "p": "x"}, {"n": "x"}, {"c": "q"}, {"p": "("}], doc)

    assert records == [{"n": 1, "p": "x"}]
    assert [(error["position"], error["source"]) for error in errors] == [
        (1, "transformation"),
        (2, "lookup"),
        (3, "output_filter"),
    ]
    assert all(error["code"] and error["message"] for error in errors)


@pytest.mark.parametrize(
    "doc", [{"filter": {"expression": {"rules": ["like", 1, 2]}}}, {"transform": {"type": "script"}}]
)
def test_export_steps_document_that_cannot_work_is_refused(doc: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        run_export_steps([{}], doc)
