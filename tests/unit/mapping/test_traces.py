"""What a compiled mapping tells of itself: rules, reads, and the steps of one record."""

from __future__ import annotations

from typing import Any

from support.mapping import entry

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import compile_mapping

LOOKUP = {"name": "cc", "map": {"CA": "12/31/2023"}}


def steps(cell: Any) -> list[tuple[str, Any, Any]]:
    return [(step.step, step.before, step.after) for step in cell.steps]


def test_rules_tell_place_cell_generate_and_reads() -> None:
    compiled = compile_mapping(
        {
            "mappings": [
                entry("o", "object", mappings=[entry("t", "string", "{{record.a}} {{record.b.c}}")]),
                entry(
                    "l",
                    "objectarray",
                    buildArrayHelper=[{"extract": "$.l[*]", "mappings": [entry("n", "number", "$.l.n")]}],
                ),
            ]
        }
    )

    assert [(rule.path, rule.cell, rule.generate, rule.reads) for rule in compiled.rules] == [
        ("mappings[0]", "o", "o", ()),
        ("mappings[0].mappings[0]", "o.t", "t", ("a", "b.c")),
        ("mappings[1]", "l[*]", "l", ("l[*]",)),
        ("mappings[1].buildArrayHelper[0].mappings[0]", "l[*].n", "n", ("l.n",)),
    ]


def test_trace_tells_each_step_with_value_before_and_after() -> None:
    one = entry("y", "number", "$.a", lookupName="cc", extractDateFormat="MM/DD/YYYY", generateDateFormat="YYYY")
    compiled = compile_mapping({"mappings": [one], "lookups": [LOOKUP]})

    (cell,) = compiled.trace({"a": "CA"})

    assert (cell.cell, cell.rule, cell.reads, cell.value) == ("y", "mappings[0]", ("a",), 2023)
    assert steps(cell) == [
        ("extract", UNDEFINED, "CA"),
        ("lookup", "CA", "12/31/2023"),
        ("date", "12/31/2023", "2023"),
        ("convert", "2023", 2023),
    ]


def test_trace_tells_default_and_condition() -> None:
    compiled = compile_mapping(
        {
            "mappings": [
                entry("d", "number", "$.a", default="5"),
                entry("c", "string", "$.a", conditional={"when": "extract_not_empty"}),
            ]
        }
    )

    default, condition = compiled.trace({"a": ""})

    assert steps(default) == [("extract", UNDEFINED, ""), ("default", "", "5"), ("convert", "5", 5)]
    assert steps(condition) == [("extract", UNDEFINED, ""), ("condition", "", UNDEFINED)]
    assert condition.value is UNDEFINED


def test_trace_numbers_cells_of_arrays_and_lists() -> None:
    children = [entry("n", "number", "$.l.n"), entry("o", "object", mappings=[entry("m", "number", "$.l.n")])]
    helpers = [{"mappings": [entry("n", "number", "9")]}, {"extract": "$.l[*]", "mappings": children}]
    compiled = compile_mapping({"mappings": [entry("v", "objectarray", buildArrayHelper=helpers)]})

    cells = {cell.cell: cell.value for cell in compiled.trace({"l": [{"n": 1}, {"n": 2}]})}

    assert cells["v[0].n"] == 9
    assert (cells["v[1].n"], cells["v[2].n"], cells["v[2].o.m"]) == (1, 2, 2)

    lists = {"mapping": {"lists": [{"generate": "i", "fields": [{"generate": "n", "extract": "l[*].n"}]}]}}
    assert [cell.cell for cell in compile_mapping(lists).trace({"l": [{"n": 1}, {"n": 2}]})] == ["i[0].n", "i[1].n"]


def test_trace_of_failing_rule_has_its_problem() -> None:
    compiled = compile_mapping({"mappings": [entry("n", "number", "$.a"), entry("s", "string", "$.a")]})

    bad, good = compiled.trace({"a": "x"})

    assert [problem.code for problem in bad.problems] == ["type_refused"]
    assert (good.problems, good.value) == ((), "x")


def test_trace_passes_surroundings_on() -> None:
    compiled = compile_mapping({"mappings": [entry("s", "string", "{{settings.x}}")]})

    assert compiled.trace({}, context={"settings": {"x": "y"}})[0].value == "y"


def test_trace_of_document_without_mapping_is_empty() -> None:
    assert compile_mapping({}).trace({"a": 1}) == []


def test_cells_tell_a_key_with_a_dot_from_a_nested_key() -> None:
    nested = entry("a", "object", mappings=[entry("b", "string", "$.y")])
    compiled = compile_mapping({"mappings": [entry("a.b", "string", "$.x"), nested]})

    assert {rule.cell: rule.path for rule in compiled.rules} == {
        r"a\.b": "mappings[0]",
        "a": "mappings[1]",
        "a.b": "mappings[1].mappings[0]",
    }
    assert {cell.cell: cell.value for cell in compiled.trace({"x": "1", "y": "2"})} == {r"a\.b": "1", "a.b": "2"}
