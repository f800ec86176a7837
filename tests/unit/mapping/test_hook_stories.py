"""Blame with hooks before and after the mapping: told from what differs, and from nothing else."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from support import soak

from celigo_pandas.errors import MappingError
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.explain.hook_stories import HookStory, blame_story

PRE, POST = "preMap (orders.js:14)", "postMap (orders.js:30)"
DOC = {
    "mappings": [
        {"generate": "total", "dataType": "number", "extract": "$.total", "status": "Active"},
        {"generate": "who", "dataType": "string", "extract": "{{record.first}} {{record.last}}", "status": "Active"},
        {"generate": "kind", "dataType": "string", "hardCodedValue": "order", "status": "Active"},
        {
            "generate": "lines", "dataType": "objectarray", "status": "Active",
            "buildArrayHelper": [{
                "extract": "$.lines[*]",
                "mappings": [{"generate": "sku", "dataType": "string", "extract": "$.lines.sku", "status": "Active"}],
            }],
        },
    ]
}  # fmt: skip
CAME = {"total": "5", "first": "Ann", "last": "Day", "lines": [{"sku": "a"}, {"sku": "b"}]}


def told(cell: str, prepared: Any = CAME, final: Any = None, came: Any = CAME) -> Any:
    compiled = compile_mapping(DOC)
    mapped = compiled.evaluate([prepared])[0]
    story = HookStory(came, prepared, mapped, copy.deepcopy(mapped) if final is None else final, PRE, POST)
    return blame_story(compiled, story, cell)


def hooks(found: Any) -> list[tuple[str, Any, Any]]:
    return [(step.step, step.before, step.after) for step in found.trace.steps if step.is_hook]


def test_source_that_the_hook_changed_is_its_first_step() -> None:
    found = told("total", {**CAME, "total": "7"})

    assert hooks(found) == [(PRE, "5", "7")]
    assert found.trace.steps[0].step == PRE
    assert found.value == 7
    assert found.sources == (("total", "7"),)


def test_source_that_the_hook_made_was_not_there_before() -> None:
    assert hooks(told("total", CAME, came={"first": "Ann"})) == [(PRE, UNDEFINED, "5")]


def test_each_source_of_a_template_is_told_by_itself() -> None:
    found = told("who", {**CAME, "first": "Bo"})

    assert hooks(found) == [(PRE, "Ann", "Bo")]


def test_fixed_value_and_unchanged_source_name_no_hook() -> None:
    changed = {**CAME, "total": "7"}

    assert hooks(told("kind", changed)) == hooks(told("who", changed)) == []


def test_cell_of_an_element_is_told_with_what_the_hook_wrote_there() -> None:
    found = told("lines[1].sku", {**CAME, "lines": [{"sku": "a"}, {"sku": "X"}]})

    assert hooks(found) == [(PRE, "b", "X")]


def test_hook_after_the_mapping_is_the_last_step_and_its_value_the_cells() -> None:
    final = {"total": 9, "who": "Ann Day", "lines": [{"sku": "a"}, {"sku": "b"}], "kind": "order"}

    found = told("total", final=final)

    assert hooks(found) == [(POST, 5, 9)]
    assert found.trace.steps[-1].step == POST
    assert found.value == found.trace.value == 9


def test_cell_that_only_the_hook_after_writes_is_told_as_its_own() -> None:
    found = told("note.text", final={"note": {"text": "late"}})

    assert (found.trace.rule, found.value, hooks(found)) == ("hooks.postMap", "late", [(POST, UNDEFINED, "late")])
    with pytest.raises(MappingError, match="No rule writes the cell 'nothing'"):
        told("nothing", final={"note": 1})


def test_cell_that_the_hook_after_removes_is_left_out() -> None:
    found = told("total", final={"who": "Ann Day"})

    assert hooks(found) == [(POST, 5, UNDEFINED)]
    assert found.value is UNDEFINED


@pytest.mark.soak
def test_hook_is_named_exactly_where_its_change_meets_what_the_cell_reads() -> None:
    random_ = random.Random(soak.seed("hook stories"))
    reads = {"total": ["total"], "who": ["first", "last"], "kind": []}
    for _ in range(soak.runs(60, 3_000)):
        changed = {name: random_.choice(["1", "2", "5"]) for name in random_.sample(["total", "first", "last"], 2)}
        prepared = {**CAME, **changed}

        for cell, names in reads.items():
            expected = [(PRE, CAME[name], prepared[name]) for name in names if CAME[name] != prepared[name]]
            assert hooks(told(cell, prepared)) == expected
