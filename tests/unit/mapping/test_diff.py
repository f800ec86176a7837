"""Which cells a comparison of two mappings names, which rules, and what it says of rows that it cannot compare."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.explain.diff import MappingDifference, compare, compare_outputs

RECORD = {"a": "1", "b": "2", "l": [{"s": "x", "k": "y"}], "m": [{"s": "z", "k": "y"}], "p": ["1"], "q": ["2"]}
ASKED = [{"name": "asked", "relativeURI": "/x", "extract": "id"}]


def difference(before: Any, after: Any, records: Any = (RECORD,), **more: Any) -> MappingDifference:
    documents = [one if isinstance(one, dict) else {"mappings": one} for one in (before, after)]
    return compare(*map(compile_mapping, documents), list(records), **more)


def rules(found: MappingDifference) -> list[tuple[str, str | None, str | None]]:
    return [(one.cell, one.rule_before, one.rule_after) for one in found.rules]


def looked_up(value: Any) -> dict[str, Any]:
    return {
        "mappings": [entry("x", "string", '{{lookup "L" record.a}}')],
        "lookups": [{"name": "L", "map": {"1": value}}],
    }


def lines(*children: Any, extract: str = "$.l[*]", generate: str = "o", **more: Any) -> dict[str, Any]:
    helpers = [{"extract": extract, "mappings": list(children)}]
    return entry(generate, "objectarray", buildArrayHelper=helpers, **more)


def test_diff_sees_a_changed_lookup_that_a_template_asks() -> None:
    found = difference(looked_up("one"), looked_up("uno"))

    assert [(one.cell, one.before, one.after) for one in found.changes] == [("x", "one", "uno")]


def test_diff_sees_a_changed_lookup_that_a_template_asks_inside_an_array() -> None:
    documents = [
        {
            "mappings": [lines(entry("s", "string", '{{lookup "L" record.l.s}}'))],
            "lookups": [{"name": "L", "map": {"x": v}}],
        }
        for v in ("one", "uno")
    ]

    assert [one.cell for one in difference(*documents).changes] == ["o[0].s"]


def test_diff_lookup_that_no_template_asks_is_no_difference() -> None:
    changed = looked_up("one")
    changed["lookups"].append({"name": "other", "map": {"1": "2"}})
    found = difference(looked_up("one"), changed)

    assert (found.changes, found.idle, found.undecided) == ((), (), ())


def test_diff_lookup_asked_by_a_computed_name_may_be_any() -> None:
    documents = [
        {**looked_up(value), "mappings": [entry("x", "string", "{{lookup record.n record.a}}")]} for value in "pq"
    ]

    assert [one.cell for one in difference(*documents, [{"n": "L", "a": "1"}]).changes] == ["x"]


def test_diff_sees_another_input_context() -> None:
    document = {"mappings": [entry("x", "string", "$.record.a")]}

    assert [one.cell for one in difference(document, {**document, "inputContext": "envelope"}).changes] == ["x"]


@pytest.mark.parametrize("name", ["default", "hardCodedValue"])
def test_diff_true_for_1_is_another_value(name: str) -> None:
    before, after = ([entry("x", "string", **{name: value})] for value in (True, 1))

    assert [(one.before, one.after) for one in difference(before, after).changes] == [("true", "1")]


def test_diff_rule_that_only_moved_is_the_same_rule() -> None:
    array, other = lines(entry("s", "string", "$.l.s")), entry("x", "string", "$.a")
    found = difference([array, other], [other, array])

    assert (found.changes, found.idle) == ((), ())


def test_diff_rows_that_both_fail_are_told_and_leave_nothing_idle() -> None:
    before, after = (
        {"mappings": [entry("x", "string", path, lookupName="asked"), entry("y", "string", "$.b")], "lookups": ASKED}
        for path in ("$.a", "$.b")
    )
    found = difference(before, after)

    assert (found.changes, found.uncompared, found.idle, found.undecided) == ((), (0,), (), ("x",))


def test_diff_one_failing_row_leaves_the_effect_of_a_changed_rule_open() -> None:
    before, after = (
        [entry("n", "number", "$.a"), entry("x", "string", "$.b", default=text)] for text in ("one", "two")
    )
    found = difference(before, after, [RECORD, {"a": "no number", "b": "2"}])

    assert (found.changes, found.uncompared, found.idle, found.undecided) == ((), (1,), (), ("x",))


def test_diff_of_no_rows_says_nothing_of_effects() -> None:
    found = difference([entry("x", "string", "$.a")], [entry("x", "string", "$.b")], [])

    assert (found.idle, found.undecided) == ((), ("x",))


def test_diff_mapping_with_itself_over_failing_rows_has_nothing_to_tell() -> None:
    same = [entry("n", "number", "$.a")]
    found = difference(same, same, [{"a": "no number"}])

    assert (found.changes, found.idle, found.undecided, found.uncompared) == ((), (), (), (0,))


def test_diff_failure_that_moved_in_the_document_is_the_same_failure() -> None:
    bad, other = entry("n", "string", '{{lookup "none" record.a}}'), entry("x", "string", "$.b")

    assert difference([bad, other], [other, bad]).changes == ()


def test_diff_row_that_fails_in_both_is_not_counted_as_differing() -> None:
    bad = entry("n", "number", "$.l")
    found = difference([bad, entry("x", "string", "$.a")], [bad, entry("x", "number", "$.l")])

    assert (found.changes, found.rules, found.uncompared, found.undecided) == ((), (), (0,), ("x",))


def test_outputs_from_elsewhere_that_fail_otherwise_tell_each_sides_reason() -> None:
    bad, good = entry("n", "number", "$.l"), entry("x", "string", "$.a")
    mappings = [compile_mapping({"mappings": one}) for one in ([bad, good], [bad, entry("x", "number", "$.l")])]
    found = compare_outputs(*mappings, *(one.evaluate([RECORD]) for one in mappings))

    (change,) = found.changes
    assert change.cell == "x"
    assert ("n: You" in str(change.before), "x: You" in str(change.after)) == (True, True)


def test_diff_row_that_fails_only_now_is_laid_at_the_failing_cell_in_an_array() -> None:
    found = difference([lines(entry("s", "string", "$.l.s"))], [lines(entry("s", "number", "$.l.s"))])

    (change,) = found.changes
    assert (change.cell, change.before) == ("o[*].s", ["x"])
    assert rules(found) == [("o[*].s", *["mappings[0].buildArrayHelper[0].mappings[0]"] * 2)]
    assert found.newly_failed == (0,)


def strings(path: str) -> list[Any]:
    return [entry("o", "stringarray", buildArrayHelper=[{"extract": path}])]


def list_of_fields(path: str) -> dict[str, Any]:
    return {"mapping": {"lists": [{"generate": "o", "fields": [{"generate": "s", "extract": path}]}]}}


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        pytest.param(strings("$.p"), strings("$.q"), "mappings[0]", id="array of texts"),
        pytest.param([lines(entry("s", "string", "a"))], [lines(entry("s", "string", "a"), extract="$.z[*]")],
                     "mappings[0]", id="array of objects that disappears"),
        pytest.param(list_of_fields("l[*].s"), list_of_fields("z[*].s"), "mapping.lists[0].fields[0]",
                     id="list of Mapper 1.0 that disappears, by the field that iterates"),
        pytest.param([entry("o", "objectarray", buildArrayHelper=[{"extract": "$.l[*]"}])],
                     [entry("o", "objectarray", buildArrayHelper=[{"extract": "$.m[*]"}])],
                     "mappings[0]", id="array of copied objects"),
    ],
)  # fmt: skip
def test_diff_of_a_whole_array_names_its_rule(before: Any, after: Any, rule: str) -> None:
    assert rules(difference(before, after)) == [("o", rule, rule)]


def test_diff_tells_a_key_with_a_dot_from_a_nested_key() -> None:
    nested = entry("a", "object", mappings=[entry("b", "string", "$.a")])
    found = difference([entry("a.b", "string", "$.a"), nested], [entry("a.b", "string", "$.b"), nested])

    assert rules(found) == [(r"a\.b", "mappings[0]", "mappings[0]")]


def test_diff_key_with_brackets_is_a_key() -> None:
    found = difference([entry("x[0]", "string", "$.a")], [entry("x[0]", "string", "$.b")])

    assert rules(found) == [("x[0]", "mappings[0]", "mappings[0]")]


def test_diff_helper_without_an_effect_is_idle_by_the_name_of_its_array() -> None:
    child = entry("s", "string", "constant")
    found = difference([lines(child)], [lines(child, conditional={"when": "extract_not_empty"})])

    assert (found.changes, found.idle) == ((), ("o",))


def test_diff_changed_array_whose_cells_differ_is_not_idle() -> None:
    child = entry("s", "string", "{{record.l.s}}")
    found = difference([lines(child)], [lines(child, extract="$.m[*]")])

    assert found.idle == ()
    assert found.changes


def test_diff_does_not_blame_random_text_that_no_change_touches() -> None:
    def mapping(path: str) -> list[Any]:
        random = entry("r", "string", "{{random}}")
        return [random, lines(entry("s", "string", path), random, entry("in", "object", mappings=[random]))]

    assert [one.cell for one in difference(mapping("$.l.s"), mapping("$.l.k")).changes] == ["o[0].s"]


def test_diff_list_that_gets_more_lines_shows_all_their_cells() -> None:
    def mapping(path: str) -> dict[str, Any]:
        fields = [{"generate": "s", "extract": path}, {"generate": "n", "extract": "a"}]
        return {"mapping": {"lists": [{"generate": "o", "fields": fields}]}}

    found = difference(mapping("l[*].s"), mapping("m[*].s"), [{**RECORD, "m": [{"s": "x"}, {"s": "z"}]}])

    assert [one.cell for one in found.changes] == ["o[1].s", "o[1].n"]


def test_diff_evaluates_both_at_one_time() -> None:
    def mapping(path: str) -> list[Any]:
        return [lines(entry("t", "string", "{{timestamp 'x'}}"), extract=path)]

    assert difference(mapping("$.l[*]"), mapping("$.p[*]")).changes == ()


def test_diff_with_an_empty_mapping_shows_what_it_passes_as_it_is() -> None:
    assert [one.cell for one in difference({}, [entry("a", "string", "$.a")]).changes] == ["b", "l", "m", "p", "q"]


def test_outputs_from_elsewhere_are_compared_where_the_rules_are_the_same() -> None:
    compiled = compile_mapping({"mappings": strings("$.p")})
    found = compare_outputs(compiled, compiled, [{"o": ["1"]}], [{"o": [1]}])

    assert [(one.cell, found.rule_of(one)) for one in found.changes] == [("o", "mappings[0]")]


def test_diff_of_an_array_of_two_helpers_names_the_rule_that_changed() -> None:
    def mapping(first: str, second: str) -> list[Any]:
        helpers = [
            {"extract": path, "mappings": [entry("s", "string", child)]}
            for path, child in (("$.l[*]", first), ("$.m[*]", second))
        ]
        return [entry("o", "objectarray", buildArrayHelper=helpers)]

    path = "mappings[0].buildArrayHelper[{}].mappings[0]"
    found = difference(mapping("$.l.s", "$.m.s"), mapping("$.l.k", "$.m.s"))

    assert [one.cell for one in found.changes] == ["o[0].s"]
    assert rules(found) == [("o[*].s", path.format(0), path.format(0))]
    assert rules(difference(mapping("$.l.s", "$.m.s"), mapping("$.l.s", "$.m.k")))[0][1] == path.format(1)
    assert difference(mapping("$.l.s", "$.m.s"), mapping("$.l.s", "{{record.m.s}}")).idle == ("o[*].s",)


def fields(*pairs: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"mapping": {"fields": [{"generate": name, "extract": path, **more} for name, path in pairs]}}


OVERLAP = [{"o": {"x": 1, "y": 2}, "n": 7}]


def test_diff_of_overlapping_rules_that_change_places_names_both() -> None:
    found = difference(fields(("o", "o"), ("o.x", "n")), fields(("o.x", "n"), ("o", "o")), OVERLAP)

    assert [(one.cell, one.before, one.after) for one in found.changes] == [("o.x", 7, 1)]
    assert rules(found) == [("o.x", *["mapping.fields[0], mapping.fields[1]"] * 2)]


def test_diff_of_a_rule_added_over_another_tells_all_that_it_changes() -> None:
    found = difference(fields(("o.x", "n")), fields(("o.x", "n"), ("o", "o")), OVERLAP)

    assert [(one.cell, one.before, one.after) for one in found.changes] == [("o.x", 7, 1), ("o.y", UNDEFINED, 2)]
    assert {one[2] for one in rules(found)} == {"mapping.fields[1]"}


def list_of_rows(path: str) -> list[Any]:
    row = {"extract": path, "mappings": [entry("s", "string", f"{path.removesuffix('[*]')}.s")]}
    return [{"dataType": "objectarray", "status": "Active", "buildArrayHelper": [row]}]


def test_diff_of_an_output_without_rows_with_itself_is_empty() -> None:
    assert difference(list_of_rows("$.l[*]"), list_of_rows("$.l[*]"), [{"l": []}, {}]).changes == ()
    assert [one.cell for one in difference(list_of_rows("$.l[*]"), list_of_rows("$.m[*]"), [RECORD]).changes] == [
        "[0].s"
    ]


def lines_of(s: str, n: str = "a") -> dict[str, Any]:
    lines = [{"generate": "s", "extract": s}, {"generate": "n", "extract": n}]
    return {"mapping": {"lists": [{"generate": "L", "fields": lines}]}}


def test_diff_names_the_field_that_makes_the_lines_and_not_its_sibling() -> None:
    found = difference(lines_of("l[*].zz"), lines_of("m[*].zz"), [{"a": 1, "l": [{}], "m": [{}, {}]}])

    assert [one.cell for one in found.changes] == ["L[1].n"]
    assert rules(found) == [("L[*].n", *["mapping.lists[0].fields[0]"] * 2)]
    assert (found.idle, found.undecided) == ((), ())


def test_diff_of_a_line_that_stays_names_its_own_field() -> None:
    record = {"a": 1, "b": 2, "l": [{"s": 1}], "m": [{"s": 1}, {"s": 2}]}
    found = difference(lines_of("l[*].s"), lines_of("m[*].s", "b"), [record])

    path = "mapping.lists[0].fields[{}]"
    assert [(one.cell, one.rule_after, one.count) for one in found.rules] == [
        ("L[*].s", path.format(0), 1), ("L[*].n", path.format(1), 1), ("L[*].n", path.format(0), 1),
    ]  # fmt: skip


def test_diff_of_fields_written_as_lines_names_them_by_their_own_cells() -> None:
    before, after = (fields(("L[*].x", "l[*].s"), ("L[*].y", path)) for path in ("l[*].k", "l[*].s"))

    assert rules(difference(before, after)) == [("L[*].y", "mapping.fields[1]", "mapping.fields[1]")]
    assert [(rule.path, rule.cell) for rule in compile_mapping(before).rules] == [
        ("mapping.fields[0].generate", "L[*]"), ("mapping.fields[0]", "L[*].x"), ("mapping.fields[1]", "L[*].y"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [(10**17, 1e17, True), (0, -0.0, True), (1, 1.0, True), (1, True, False), ("1.0", "1", False)],
)  # fmt: skip
def test_numbers_are_compared_in_lists_as_they_are_as_cells(one: Any, other: Any, is_same: bool) -> None:
    compiled = compile_mapping({"mappings": [entry("x", "string", "$.a")]})

    for wrapped in (lambda value: value, lambda value: [value], lambda value: {"y": [[value]]}):
        found = compare_outputs(compiled, compiled, [{"x": wrapped(one)}], [{"x": wrapped(other)}])
        assert (found.changes == ()) == is_same


def test_effect_of_a_rule_in_a_row_that_only_one_mapping_can_map_is_open() -> None:
    before, after = (
        [entry("n", kind, "$.a"), entry("x", "string", path)] for kind, path in (("number", "$.a"), ("string", "$.b"))
    )
    found = difference(before, after, [{"a": "q", "b": "r"}])

    assert (found.newly_mapped, found.idle, found.undecided) == ((0,), (), ("x",))


def test_entry_of_an_array_of_arrays_decides_the_whole_array() -> None:
    def mapping(entry_: dict[str, Any]) -> list[Any]:
        inner = {"dataType": "stringarray", "status": "Active", **entry_}
        return [entry("o", "arrayarray", buildArrayHelper=[{"extract": "$.l[*]", "mappings": [inner]}])]

    found = difference(mapping({"extract": "$.l.zz"}), mapping({"hardCodedValue": ""}))

    path = "mappings[0].buildArrayHelper[0].mappings[0]"
    assert [(one.cell, one.before, one.after) for one in found.changes] == [("o", [], [""])]
    assert rules(found) == [("o", path, path)]


def made(*fields: dict[str, Any], lists: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {"mapping": {"fields": list(fields), "lists": [{"generate": "L", "fields": list(lists)}] if lists else []}}


def from_(generate: str, extract: str) -> dict[str, Any]:
    return {"generate": generate, "extract": extract}


def test_lines_that_a_template_makes_are_compared() -> None:
    before, after = (made(lists=(from_("s", path), from_("n", "a"))) for path in ("{{l[*].s}}", "{{v[*].s}}"))

    found = difference(before, after, [{**RECORD, "v": [{"s": "1"}, {"s": "2"}]}])

    assert {one.cell: (one.before, one.after) for one in found.changes} == {
        "L[0].s": ("x", "1"),
        "L[1].s": (UNDEFINED, "2"),
        "L[1].n": (UNDEFINED, "1"),
    }
    assert {names[1:] for names in rules(found)} == {("mapping.lists[0].fields[0]", "mapping.lists[0].fields[0]")}


def test_path_that_decides_the_element_of_a_line_is_behind_what_its_sub_records_read() -> None:
    def mapping(path: str, inner: str) -> dict[str, Any]:
        sub = {"generate": "sub", "subRecordMapping": {"mapping": {"fields": [from_("k", inner)]}}}
        return made(lists=(from_("s", path), sub))

    found = difference(mapping("l[*].s", "l.s"), mapping("m[*].s", "l.k"))

    (cell,) = [one for one in found.rules if one.cell == "L[*].sub.k"]
    sub = "mapping.lists[0].fields[1].subRecordMapping.mapping.fields[0]"
    assert cell.rule_after == f"mapping.lists[0].fields[0], {sub}"


def test_field_that_took_over_the_path_of_the_lines_of_another_is_not_idle() -> None:
    def mapping(x: str, y: str) -> dict[str, Any]:
        lookups = [{"name": "L", "map": {}, "allowFailures": True}]
        return {**made(lists=(from_("x", x), {**from_("y", y), "lookupName": "L"})), "lookups": lookups}

    record = {"l": [{"s": 1}, {"s": 2}], "m": [{"s": 3}]}
    found = difference(mapping("l[*].s", "m[*].s"), mapping("m[*].s", "l[*].s"), [record])

    assert [one.cell for one in found.changes] == ["L[0].x", "L[1].x"]
    assert (found.idle, found.undecided) == ((), ("L[*].y",))


def test_null_that_a_rule_behind_it_fills_an_array_with_is_named() -> None:
    whole, first, third = from_("u", "p"), from_("u[0]", "zz"), from_("u[2]", "a")
    found = difference(made(third, first, whole), made(first, whole, third), [{"a": "1", "p": []}])

    assert [(one.cell, one.before, one.after) for one in found.changes] == [
        ("u[0]", UNDEFINED, None),
        ("u[1]", UNDEFINED, None),
        ("u[2]", UNDEFINED, "1"),
    ]
    assert "mapping.fields[2]" in str(found.rule_of(found.changes[0]))


def test_rule_that_would_fill_what_another_no_longer_leaves_out_is_named_beside_it() -> None:
    def mapping(first: str, third: str) -> dict[str, Any]:
        return made(from_("u", "p"), from_("u[0]", first), from_("u[2]", third))

    found = difference(mapping("zz", "zz"), mapping("a", "b"), [{"a": "1", "b": "2", "p": []}])

    (one,) = [change for change in found.changes if change.steps == ("u", 0)]
    assert found.rule_of(one) == "mapping.fields[1], mapping.fields[2]"


def test_rule_that_stays_is_not_named_where_another_does_now_what_a_third_did() -> None:
    def mapping(*paths: str) -> list[Any]:
        inner = [{"dataType": "stringarray", "status": "Active", "extract": path} for path in paths]
        helpers = [{"extract": "$.l[*]", "mappings": [one]} for one in inner]
        return [entry("x", "arrayarray", buildArrayHelper=helpers)]

    first, last = (f"mappings[0].buildArrayHelper[{place}].mappings[0]" for place in (0, 2))
    found = difference(mapping("$.a", "$.b", "$.p"), mapping("$.p", "$.b", "$.q"))

    assert rules(found) == [("x[*]", f"{first}, {last}", f"{first}, {last}")]


def test_line_that_another_rule_keeps_there_does_not_hide_the_path_that_made_it() -> None:
    def mapping(path: str, text: str) -> dict[str, Any]:
        lines = {"generate": "o.l", "fields": [from_("s", path), from_("n", text)]}
        return {"mapping": {"fields": [from_("o.l[0].k", "a")], "lists": [lines]}}

    found = difference(mapping("l[*].s", "a"), mapping("zz[*].s", "b"))

    (gone,) = [one for one in found.rules if one.cell == "o.l[*].n"]
    assert gone.examples[0][1:] == (("o", "l", 0, "n"), "1", UNDEFINED)
    assert gone.rule_after == "mapping.lists[0].fields[0], mapping.lists[0].fields[1]"


def test_elements_that_are_written_by_position_are_cells_of_their_own() -> None:
    record = {"a": 1, "b": 2, "c": 3}

    both = difference(*(made(from_("u[0]", x), from_("u[1]", y)) for x, y in (("a", "b"), ("b", "c"))), [record])
    one = difference(*(made(from_("u[0]", x), from_("u[1]", y)) for x, y in (("zz", "b"), ("yy", "c"))), [record])

    fields = [f"mapping.fields[{place}]" for place in (0, 1)]
    assert rules(both) == [(f"u[{place}]", path, path) for place, path in enumerate(fields)]
    assert (rules(one), one.idle) == ([("u[1]", fields[1], fields[1])], ("u[0]",))
