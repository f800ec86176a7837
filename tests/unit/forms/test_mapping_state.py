"""The state of a MappingEditor: every edit, what it makes of the frame, and what is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from support.forms import FakeClient

from celigo_pandas.errors import ConfigError, DocumentError
from celigo_pandas.forms.elements import walk
from celigo_pandas.forms.mapping_layout import mapping_layout
from celigo_pandas.forms.mapping_preview import blame, completions, preview
from celigo_pandas.forms.mapping_state import MappingState

FRAME = pd.DataFrame({"id": [1, 2, 3], "qty": ["5", "x", "7"], "code": ["A", "B", "C"]}, index=["r1", "r2", "r3"])


def entry(generate: str, extract: str, data_type: str = "string", **more: Any) -> dict[str, Any]:
    return {"generate": generate, "dataType": data_type, "extract": extract, "status": "Active", **more}


class Target:
    """Shows what a push would send."""

    name, type = "S", "http"
    target = "S"

    def __init__(self, between: Callable[[], None] = lambda: None) -> None:
        self.client = FakeClient()
        self.between = between

    def to_import(self, frame: pd.DataFrame, doc: Any, **options: Any) -> Target:
        assert options["preview"]
        self.between()
        return self

    def __len__(self) -> int:
        return 3


DOC: dict[str, Any] = {
    "mappings": [entry("id", "$.id", "number"), entry("count", "$.qty", "number"),
                 entry("kind", "$.code", lookupName="kinds")],
    "lookups": [{"name": "kinds", "map": {"A": "Apple", "B": "Bean"}, "allowFailures": False}],
}  # fmt: skip


def test_state_shows_what_each_row_becomes() -> None:
    state = MappingState(FRAME, DOC)
    shown = state.preview
    assert shown is not None

    assert shown.columns == ("id", "count", "kind")
    assert shown.counts == {"mapped": 1, "ignored": 0, "failed": 2}
    assert dict(shown.rows[0].cells) == {"id": 1, "count": 5, "kind": "Apple"}
    assert shown.failing == [1, 2]
    assert not state.problems


def test_state_edit_until_every_row_maps() -> None:
    state = MappingState(FRAME, DOC)

    state.set_rule("mappings[1]", "dataType", "string")
    state.set_lookup("kinds", "map", "A = Apple\nB = Bean\nC = Corn")

    assert state.preview is not None
    assert state.preview.counts["failed"] == 0
    assert [row.cells["kind"] for row in state.preview.rows] == ["Apple", "Bean", "Corn"]


def test_state_marks_exactly_the_cells_that_the_last_edit_changed() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [1, 9]})
    state = MappingState(frame, {"mappings": [entry("x", "$.a", "number"), entry("y", "$.a", "number")]})
    assert state.changed_cells == set()

    state.set_rule("mappings[0]", "source", "$.b")
    assert state.changed_cells == {(1, "x")}
    state.set_rule("mappings[0]", "dataType", "string")
    assert state.changed_cells == {(0, "x"), (1, "x")}
    state.set_rule("mappings[0]", "generate", "z")
    assert state.changed_cells == {(0, "x"), (1, "x"), (0, "z"), (1, "z")}
    state.undo()
    assert state.changed_cells == {(0, "x"), (1, "x"), (0, "z"), (1, "z")}


def test_preview_change_of_type_alone_is_a_change() -> None:
    rules = [entry("x", "$.a", "boolean")], [entry("x", "$.a", "number")]
    before, after = (preview([{"a": "1"}], {"mappings": mappings}) for mappings in rules)

    assert (before.rows[0].cells["x"], after.rows[0].cells["x"]) == (True, 1)
    assert after.changed_from(before) == {(0, "x")}


def test_state_next_failing_row_goes_round() -> None:
    frame = pd.DataFrame({"q": ["1" if place % 20 else "x" for place in range(100)]})
    state = MappingState(frame, {"mappings": [entry("q", "$.q", "number")]})

    places = [state.next_failing() for _ in range(6)]

    assert places == [0, 20, 40, 60, 80, 0]
    state.next_failing()
    assert state.page == 20 // state.page_rows


def test_state_half_typed_rule_keeps_the_last_output_and_says_so() -> None:
    state = MappingState(FRAME, DOC)

    state.set_rule("mappings[0]", "source", "{{record.")

    assert state.stale
    assert state.preview is not None
    assert state.problems_at("mappings[0]")
    assert state.problems_at("mappings[1]") == []
    state.set_rule("mappings[0]", "source", "{{record.id}}")
    assert not state.stale


def test_state_undo_and_redo_go_over_every_kind_of_edit() -> None:
    state = MappingState(FRAME, DOC)
    documents = [state.import_doc]
    edits = [
        lambda: state.set_rule("mappings[0]", "generate", "number"),
        lambda: state.set_rule("mappings[0]", "how", "template"),
        lambda: state.set_rule("mappings[0]", "default_kind", "text"),
        lambda: state.set_rule("mappings[0]", "default", "0"),
        lambda: state.set_rule("mappings[0]", "when", "extract_not_empty"),
        lambda: state.set_rule("mappings[1]", "generateDateFormat", "YYYY"),
        lambda: state.add_rule(),
        lambda: state.add_rule(None, "object"),
        lambda: state.add_rule("mappings[4]"),
        lambda: state.move("mappings[0]", 1),
        lambda: state.duplicate("mappings[0]"),
        lambda: state.remove("mappings[2]"),
        lambda: state.add_lookup(),
        lambda: state.remove_lookup("kinds"),
        lambda: state.set_document('{"mappings": []}'),
    ]
    for edit in edits:
        edit()
        documents.append(state.import_doc)
    assert len({json.dumps(doc) for doc in documents}) == len(documents)

    for doc in reversed(documents[:-1]):
        state.undo()
        assert state.import_doc == doc
    assert not state.actions["undo"]
    for doc in documents[1:]:
        state.redo()
        assert state.import_doc == doc
    assert documents[0] == DOC


def test_state_does_not_touch_what_it_was_given() -> None:
    frame, doc = FRAME.copy(deep=True), json.loads(json.dumps(DOC))
    state = MappingState(frame, doc)
    state.set_rule("mappings[0]", "generate", "other")
    state.add_lookup()

    assert doc == DOC
    pd.testing.assert_frame_equal(frame, FRAME)


def test_state_defaults_and_fixed_values_have_three_meanings() -> None:
    state = MappingState(pd.DataFrame({"a": ["x"]}), {"mappings": [entry("out", "$.missing")]})

    def cell() -> Any:
        assert state.preview is not None
        return state.preview.rows[0].cells.get("out", "(absent)")

    assert cell() == "(absent)"
    for kind, value in (("empty", ""), ("null", None), ("text", "text")):
        state.set_rule("mappings[0]", "default_kind", kind)
        assert cell() == value
    state.set_rule("mappings[0]", "default_kind", "none")
    state.set_rule("mappings[0]", "how", "fixed")
    for kind, value in (("empty", ""), ("null", None)):
        state.set_rule("mappings[0]", "fixed_kind", kind)
        assert cell() == value
    state.set_rule("mappings[0]", "source", "Berlin")
    assert cell() == "Berlin"


def test_state_lookup_is_made_when_a_rule_needs_the_first_one() -> None:
    state = MappingState(FRAME, {"mappings": [entry("kind", "$.code")]})

    state.set_rule("mappings[0]", "how", "lookup")

    assert state.lookup_names == ["lookup1"]
    assert state.rows[0].entry["lookupName"] == "lookup1"


def test_state_coverage_tells_rules_that_find_nothing_and_fields_nobody_uses() -> None:
    state = MappingState(FRAME, {"mappings": [entry("a", "$.nothing"), entry("b", "$.code")]})
    assert state.coverage is not None

    by_path = {rule.path: rule for rule in state.coverage.rules}
    assert (by_path["mappings[0]"].found, by_path["mappings[1]"].found) == (0, 3)
    assert state.coverage.unused == ("id", "qty")


def test_state_blame_tells_rule_and_steps_of_a_cell() -> None:
    state = MappingState(FRAME, DOC)

    state.select(0, "kind")

    [blamed] = state.blame()
    assert blamed.rule == state.picked == "mappings[2]"
    assert blamed.reads == ("code",)
    assert [step[0] for step in blamed.steps] == ["extract", "lookup"]
    assert blamed.steps[-1][1:] == ('"A"', '"Apple"')


def test_blame_of_a_list_names_every_cell_inside() -> None:
    record = {"lines": [{"s": "x"}, {"s": "y"}]}
    helper = {"extract": "$.lines[*]", "mappings": [entry("sku", "$.lines.s")]}
    doc = {"mappings": [{"generate": "l", "dataType": "objectarray", "status": "Active", "buildArrayHelper": [helper]}]}

    cells = [found.cell for found in blame(record, doc, "l")]

    assert [cell for cell in cells if cell.endswith("sku")] == ["l[0].sku", "l[1].sku"]


def test_blame_tells_the_rule_that_wrote_last_and_of_rows_each_their_own() -> None:
    fields = [{"generate": "o", "extract": "a"}, {"generate": "o.x", "extract": "b"}]
    mapping = {"mapping": {"fields": fields, "lists": []}}
    assert [found.rule for found in blame({"a": {"x": 1}, "b": 2}, mapping, "o.x")] == ["mapping.fields[1]"]
    assert [found.rule for found in blame({"a": {"x": 1}}, mapping, "o.x")] == ["mapping.fields[0]"]

    rows = [{"extract": "$.l[*]", "mappings": [entry("s", "$.l.s")]}]
    state = MappingState(
        pd.DataFrame({"l": [[{"s": "x"}, {"s": "y"}]]}),
        {"mappings": [{"dataType": "objectarray", "status": "Active", "buildArrayHelper": rows}]},
    )
    state.select(1, "s")
    assert [found.steps[-1][2] for found in state.blame()] == ['"y"']


def test_completions_are_paths_that_each_dialect_reads() -> None:
    records = [{"id": 1, "Ship To": {"city": "B"}, "lines": [{"s": 1}]}]

    assert completions(records, 1) == ["id", "[Ship To]", "[Ship To].city", "lines", "lines[*]", "lines[*].s"]
    second = completions(records, 2)
    assert second[:3] == ["$.id", "$.[Ship To]", "$.[Ship To].city"]
    assert "$.lines[*].s" in second
    assert "$.lines.s" in second


def test_completion_of_every_path_maps_its_value() -> None:
    record = {"id": 1, "Ship To": {"a]b": "B"}, "x.y": 3}
    for path in completions([record], 2):
        found = preview([record], {"mappings": [entry("out", path, "object" if path.endswith("To]") else "string")]})
        assert "out" in found.rows[0].cells or found.columns, path


def test_state_grouped_and_filtered_rows_are_shown_as_they_are() -> None:
    doc = {
        **DOC,
        "mappings": [entry("id", "$.id", "number")],
        "filter": {"type": "expression", "expression": {"version": "1", "rules": ["greaterthan", ["number", ["extract",
                   "id"]], 1]}},
    }  # fmt: skip
    state = MappingState(FRAME, doc)
    assert state.preview is not None

    assert state.preview.counts == {"mapped": 2, "ignored": 1, "failed": 0}
    assert [row.state for row in state.preview.rows] == ["ignored", "mapped", "mapped"]


def test_state_preview_of_a_thousand_rows_takes_less_than_200_ms() -> None:
    frame = pd.DataFrame({f"c{n}": [str(place * n) for place in range(1000)] for n in range(20)})
    doc = {"mappings": [entry(f"o{n}", f"$.c{n}", "number") for n in range(20)]}
    state = MappingState(frame, doc)

    times = []
    for n in range(5):
        began = time.thread_time()
        state.set_rule("mappings[0]", "source", f"$.c{n + 1}")
        assert state.changed_cells
        assert mapping_layout(state)
        times.append(time.thread_time() - began)

    assert min(times) < 0.2, times


def test_state_counts_all_rows_beside_the_sample() -> None:
    frame = pd.DataFrame({"q": ["1", "x"] * 6000})
    state = MappingState(frame, {"mappings": [entry("q", "$.q", "number")]}, sample=100)

    state.check_all()
    assert state.wait(30)

    assert state.all_rows is not None
    assert state.all_rows[0] == {"mapped": 6000, "ignored": 0, "failed": 6000}


def test_state_without_a_connection_says_what_is_missing() -> None:
    state = MappingState(FRAME, DOC)

    for action in (state.push, state.dry_run):
        with pytest.raises(ConfigError, match="needs a connection"):
            action()
    assert not state.actions["push"]


def test_state_with_problems_pushes_nothing() -> None:
    class Untouchable:
        name = "x"

    state = MappingState(FRAME, {"mappings": [entry("", "$.id")]}, Untouchable())

    with pytest.raises(DocumentError, match="nothing was sent"):
        state.push()


@pytest.mark.parametrize(
    "extract", ["{{record.x}}", "$.x", "{{#if record.opt}}1{{/if}}", "{{#each record.lines}}{{this.sku}}{{/each}}"]
)
def test_state_what_is_doubtful_is_shown_and_blocks_nothing(extract: str) -> None:
    frame = pd.DataFrame({"id": range(30), "x": [None] * 25 + ["v"] * 5})
    state = MappingState(frame, {"mappings": [entry("a", extract)]}, Target(), sample=20)

    assert state.problems == ()
    assert state.remarks_at("mappings[0]")
    shown = next(element for element in walk(mapping_layout(state)) if element.get("id") == "mappings[0]|source")
    assert shown["problems"] == []
    assert "Doubtful: " in shown["help"]
    assert state.actions["push"]
    state.push()
    assert state.wait(5)
    assert state.push_preview.target == "S"


def test_state_rule_without_a_status_blocks_as_the_api_refuses_it_and_is_mended_at_once() -> None:
    bare = {
        "generate": "o",
        "dataType": "object",
        "mappings": [{"generate": "a", "dataType": "string", "extract": "$.id"}],
    }
    state = MappingState(FRAME, {"mappings": [bare]}, Target())
    push = next(element for element in walk(mapping_layout(state)) if element.get("action") == "push")
    assert not push["enabled"]
    assert "the rules have problems" in push["title"]
    with pytest.raises(DocumentError, match="nothing was sent"):
        state.push()

    state.activate()

    assert state.problems == ()
    assert state.import_doc["mappings"][0]["status"] == "Active"
    assert state.import_doc["mappings"][0]["mappings"][0]["status"] == "Active"
    assert state.actions["push"]


def test_state_preview_of_a_push_is_dropped_when_the_rules_were_edited_meanwhile() -> None:
    state = MappingState(FRAME, DOC, Target(lambda: state.set_rule("mappings[0]", "generate", "other")))

    state.push()
    state.wait(5)

    assert state.push_preview is None
    assert "edited meanwhile" in state.notices[0].text


def test_layout_of_a_lookup_says_how_its_table_is_spelled() -> None:
    lookups = [{"name": "plain", "map": {"A": "B"}}, {"name": "odd", "map": {"a = b": "1"}}]
    state = MappingState(FRAME, {"mappings": [], "lookups": lookups})
    helps = {element["id"]: element["help"] for element in walk(mapping_layout(state)) if element["k"] == "field"}

    assert helps["lookup:plain|map"] == "key = value, one a line"
    assert helps["lookup:odd|map"].startswith("JSON")


def test_state_push_options_are_checked() -> None:
    state = MappingState(FRAME, DOC)
    state.set_push_option("max_failures", "3")
    state.set_push_option("first", "0")
    assert state.push_options == {"batch_size": 100, "first": 0, "max_failures": 3}
    state.set_push_option("max_failures", "")
    assert state.push_options["max_failures"] is None
    for name, value in (("batch_size", "0"), ("batch_size", ""), ("first", "-1"), ("first", "x"), ("nope", "1")):
        with pytest.raises(ConfigError):
            state.set_push_option(name, value)


def test_state_of_mapper_1_edits_fields_and_lists() -> None:
    frame = pd.DataFrame({"name": ["a"], "lines": [[{"c": 1}, {"c": 2}]]})
    items = {"generate": "items", "fields": [{"generate": "sku", "extract": "lines[*].c"}]}
    doc = {"mapping": {"fields": [{"generate": "n", "extract": "name"}], "lists": [items]}}
    state = MappingState(frame, doc)
    assert state.preview is not None
    assert dict(state.preview.rows[0].cells) == {"n": "a", "items": [{"sku": 1}, {"sku": 2}]}

    path = state.add_rule("mapping.lists[0]")
    state.set_rule(path, "generate", "fixed")
    state.set_rule(path, "how", "fixed")
    state.set_rule(path, "source", "z")

    assert state.preview.rows[0].cells["items"] == [{"sku": 1, "fixed": "z"}, {"sku": 2, "fixed": "z"}]


def test_layout_of_many_rules_over_a_wide_frame_stays_small() -> None:
    frame = pd.DataFrame({f"column_{n}": ["x"] for n in range(400)})
    doc = {"mappings": [entry(f"out_{n}", f"$.column_{n}") for n in range(100)]}

    layout = mapping_layout(MappingState(frame, doc))

    assert len(layout["lists"]["paths"]) == 400
    assert len(json.dumps(layout)) < 250_000
