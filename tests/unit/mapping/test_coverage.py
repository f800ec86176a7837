"""Coverage finds each dead path, counts what it says it counts, and calls unused only what no rule reads."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry

from celigo_pandas.mapping import compile_mapping
from celigo_pandas.mapping.explain.coverage import Coverage, RuleCoverage, field_paths, measure

RECORDS = [{"n": 7, "l": [{"s": 1, "m": [{"k": 1}]}, {"s": 2}], "e": [], "z": None}]


def cover(document: Any, records: Any = None) -> Coverage:
    document = document if isinstance(document, dict) else {"mappings": document}
    return measure(compile_mapping(document), RECORDS if records is None else records)


def dead(found: Coverage) -> list[str]:
    return [rule.path for rule in found.rules if rule.is_dead]


def only(found: Coverage) -> RuleCoverage:
    (rule,) = found.rules
    return rule


def strings(*helpers: Any, **more: Any) -> dict[str, Any]:
    return entry("a", "stringarray", buildArrayHelper=list(helpers), **more)


def each(path: str, *children: Any) -> dict[str, Any]:
    return entry("a", "objectarray", buildArrayHelper=[{"extract": path, "mappings": list(children)}])


def entry_from(extract: str) -> dict[str, Any]:
    return {"mappings": [entry("a", "string", extract)]}


def field_from(extract: str) -> dict[str, Any]:
    return {"mapping": {"fields": [{"generate": "a", "extract": extract}]}}


@pytest.mark.parametrize("path", ["$.zz[*]", "$.zz", "$.zz[*].s", "$.l[*].zz", "$.l[*].zz[*].k", "$.l[5]", "$.l[5].s"])
def test_array_whose_path_names_no_field_is_dead(path: str) -> None:
    found = only(cover([strings({"extract": path})]))

    assert found.is_dead
    assert found.found == 0 < found.rows


@pytest.mark.parametrize(
    "path", ["$.l[*].s", "$.l", "$.e[*]", "$.e", "$.e[*].s", "$.z[*]", "$.l[*].m[*].k", "$.l[0].s"]
)
def test_array_whose_path_names_a_field_is_not_dead(path: str) -> None:
    assert not only(cover([strings({"extract": path})])).is_dead


def test_array_that_is_there_in_some_records_counts_each_element_and_each_absence() -> None:
    found = only(cover([strings({"extract": "$.l[*].s"})], [*RECORDS, {}, {"l": None}, {"l": [{}]}]))

    assert (found.rows, found.found, found.null) == (5, 3, 1)


def test_dead_helper_of_several_is_found_and_each_helper_is_counted() -> None:
    found = cover([strings({"extract": "$.l[*].s"}, {"extract": "$.zz[*].s"})])

    assert [(one.path, one.rows, one.found, one.is_helper) for one in found.rules] == [
        ("mappings[0]", 3, 2, False),
        ("mappings[0].buildArrayHelper[0]", 2, 2, True),
        ("mappings[0].buildArrayHelper[1]", 1, 0, True),
    ]
    assert dead(found) == ["mappings[0].buildArrayHelper[1]"]


def test_rules_inside_a_dead_array_are_dead_where_their_own_path_is() -> None:
    children = [entry("s", "string", "$.zz.s"), entry("n", "string", "$.n"), entry("t", "string", "{{record.zz.t}}")]
    found = cover([each("$.zz[*]", *children)])
    base = "mappings[0].buildArrayHelper[0].mappings"

    assert dead(found) == ["mappings[0]", f"{base}[0]", f"{base}[2]"]


def test_rules_inside_an_array_without_elements_are_not_called_dead() -> None:
    assert dead(cover([each("$.e[*]", entry("s", "string", "$.e.s"))])) == []


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([{"generate": "a", "fields": [{"generate": "s", "extract": "zz[*].s"}]}], ["mapping.lists[0].fields[0]"]),
        ([{"generate": "a", "jsonPath": "zz", "fields": [{"generate": "s", "extract": "s"}]}],
         ["mapping.lists[0].fields[0]"]),
        ([{"generate": "a", "fields": [{"generate": "s", "extract": "l[*].zz"}]}], ["mapping.lists[0].fields[0]"]),
        ([{"generate": "a", "fields": [{"generate": "s", "extract": "l[*].s"}]}], []),
        ([{"generate": "a", "fields": [{"generate": "s", "extract": "e[*].s"}]}], []),
        ([{"generate": "a", "fields": [{"generate": "s", "extract": "l[*].s"}, {"generate": "t", "extract": "y[*]"}]}],
         ["mapping.lists[0].fields[1]"]),
    ],
)  # fmt: skip
def test_lists_of_mapper_1_have_their_dead_paths_found(lists: Any, expected: list[str]) -> None:
    assert dead(cover({"mapping": {"lists": lists}})) == expected


def test_nothing_is_dead_without_records() -> None:
    assert dead(cover([entry("b", "string", "$.zz"), strings({"extract": "$.zz[*]"})], [])) == []


@pytest.mark.parametrize("extract", ["$.record.n", "{{record.n}}"])
def test_envelope_is_read_as_the_rules_read_it(extract: str) -> None:
    found = cover({"inputContext": "envelope", "mappings": [entry("a", "string", extract)]})

    assert dead(found) == []
    assert "n" not in found.unused


def test_flat_key_with_a_dot_is_not_the_field_of_an_object() -> None:
    found = cover([entry("a", "string", "$.cust.name")], [{"cust.name": "Ann"}])

    assert dead(found) == ["mappings[0]"]
    assert found.unused == (r"cust\.name",)
    assert cover([entry("a", "string", "$.[cust.name]")], [{"cust.name": "Ann"}]).unused == ()


def test_field_paths_write_a_dot_in_a_key_with_a_backslash() -> None:
    assert field_paths([{"a.b": 1, "c": {"d.e": [{"f": 1}]}}]) == [r"a\.b", r"c.d\.e[*].f"]


@pytest.mark.parametrize(
    ("extract", "unused"),
    [
        ("$", ()),
        ("{{jsonSerialize record}}", ()),
        ("{{#each record.l}}{{s}}{{/each}}", ("n", "e", "z")),
        ("$.12", ("n", "l[*].s", "l[*].m[*].k", "e", "z")),
        ("$.l[0].s", ("n", "l[*].m[*].k", "e", "z")),
        ("$.l.0.s", ("n", "l[*].m[*].k", "e", "z")),
        ("$.e.length", ("n", "l[*].s", "l[*].m[*].k", "z")),
    ],
)
def test_unused_is_what_no_rule_reads(extract: str, unused: tuple[str, ...]) -> None:
    assert cover([entry("a", "string", extract)]).unused == unused


@pytest.mark.parametrize("template", ["/x/{{record.n}}", "/x/{{n}}", "/x/{{data.[0].n}}"])
def test_field_that_only_the_query_of_a_lookup_reads_is_used(template: str) -> None:
    lookups = [{"name": "D", "relativeURI": template, "extract": "id"}]
    field = {"mapping": {"fields": [{"generate": "a", "lookupName": "D"}]}, "lookups": lookups}
    rule = {"mappings": [entry("a", "string", '{{lookup "D" record.l}}')], "lookups": lookups}

    assert "n" not in cover(field).unused
    assert "n" not in cover(rule).unused


def test_lookup_that_misses_in_a_list_fails_once_for_each_element() -> None:
    lookups = [{"name": "L", "map": {"1": "x"}}]
    rule = each("$.l[*]", entry("s", "string", "$.l.s", lookupName="L"))
    found = cover({"mappings": [rule], "lookups": lookups}, [{"l": [{"s": 1}, {"s": 2}, {"s": 3}]}]).rules[1]

    assert (found.rows, found.lookup_misses, found.failures) == (3, 2, 2)


def test_array_that_is_translated_misses_where_an_element_does() -> None:
    document = {
        "mappings": [entry("a", "stringarray", "$.l", lookupName="L")],
        "lookups": [{"name": "L", "map": {"1": "x", "2": "y"}, "allowFailures": True}],
    }

    assert only(cover(document, [{"l": [1, 2]}, {"l": [1, 3, 4]}])).lookup_misses == 1


def test_template_that_reads_the_rows_of_mapper_1_finds_them() -> None:
    document = {"mapping": {"fields": [{"generate": "a", "extract": "{{data.[0].n}}"}]}}

    assert dead(cover(document)) == []
    assert "n" not in cover(document).unused


@pytest.mark.parametrize("template", ["{{rows.n}}", "{{rows.[0].n}}", "{{#each rows}}{{n}}{{/each}}"])
@pytest.mark.parametrize("make", [entry_from, field_from])
def test_template_that_reads_rows_finds_them_where_the_record_is_grouped(make: Any, template: str) -> None:
    grouped, single = (cover(make(template), [record]) for record in ([{"n": 1, "q": 2}], {"n": 1, "q": 2}))

    assert "n" not in grouped.unused
    assert (dead(grouped), only(grouped).found) == ([], 1)
    assert (only(single).is_dead, only(single).found) == (True, 0)


def test_defaults_of_an_array_are_counted_out_of_the_places_they_fill() -> None:
    records = [{"p": []}, {"p": ["x", ""]}, {}, {"p": [[None, ""], "y"]}]
    found = only(cover([strings({"extract": "$.p", "default": "d"})], records))

    assert (found.rows, found.defaulted, found.empty, found.null) == (7, 5, 3, 1)


def test_default_of_a_whole_array_is_counted_where_the_array_is_empty() -> None:
    found = only(cover([strings({"extract": "$.p"}, default="d")], [{"p": []}, {"p": ["x"]}, {}]))

    assert (found.rows, found.defaulted) == (3, 2)


def test_each_helper_has_its_own_defaults_retypings_and_failures() -> None:
    helpers = [{"extract": "$.p", "default": "7"}, {"extract": "$.q"}]
    rules = cover([entry("a", "numberarray", buildArrayHelper=helpers)], [{"q": ["1", "x"]}, {"p": ["2"]}]).rules

    assert [(one.defaulted, one.retyped, one.failures) for one in rules] == [(1, 3, 1), (1, 2, 0), (0, 1, 1)]


def test_refused_values_are_not_retyped() -> None:
    found = only(cover([entry("a", "number", "$.x")], [{"x": "q"}, {"x": True}]))

    assert (found.retyped, found.failures) == (0, 2)


@pytest.mark.parametrize(
    "rule",
    [
        strings({"extract": "$.e[*].s"}),
        entry("a", "objectarray", buildArrayHelper=[{"extract": "$.e.s"}]),
        each("$.e[*].s", entry("x", "string", "text")),
    ],
)
def test_empty_array_whose_absence_would_change_the_output_is_used(rule: dict[str, Any]) -> None:
    assert "e" not in cover([rule]).unused


def test_key_with_a_dot_and_path_of_two_keys_are_told_apart() -> None:
    rules = cover(
        [entry("a", "string", "$.e.f"), entry("b", "string", "$.[e.f]"), entry("c", "string", "$['e[0]']")], []
    ).rules

    assert [rule.reads for rule in rules] == [("e.f",), (r"e\.f",), ("['e[0]']",)]
