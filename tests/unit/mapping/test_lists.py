"""Mapper 1.0 lists: how many lines, what is on each."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import map_list

from celigo_pandas.errors import MappingError
from celigo_pandas.mapping import compile_mapping, map_records

UNITS = {"name": "u", "map": {"E": "Each"}}


def field(generate: str, extract: str | None = None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"generate": generate, **more}
    return made if extract is None else {**made, "extract": extract}


@pytest.mark.parametrize(
    ("fields", "record", "expected"),
    [
        ([field("s", "l[*].c")], {"l": [{"c": 1}, {"c": 2}]}, [{"s": 1}, {"s": 2}]),
        (
            [field("s", "l[*].c"), field("n", "no"), field("k", hardCodedValue="K"), field("t", "{{no}}!")],
            {"no": 7, "l": [{"c": 1}, {"c": 2}]},
            [{"s": 1, "n": 7, "k": "K", "t": "7!"}, {"s": 2, "n": 7, "k": "K", "t": "7!"}],
        ),
        (
            [field("s", "l[*].c"), field("q", "l[*].q")],
            {"l": [{"c": 1, "q": 2}, {"c": 3}, {"c": 4, "q": 5}]},
            [{"s": 1, "q": 2}, {"s": 3}, {"s": 4, "q": 5}],
        ),
        (
            [field("s", "a[*].x"), field("t", "b[*].y")],
            {"a": [{"x": 1}], "b": [{"y": 2}, {"y": 3}]},
            [{"s": 1, "t": 2}, {"t": 3}],
        ),
        (
            [field("s", "a[*].b[*].c"), field("n", "a[*].n")],
            {"a": [{"n": 1, "b": [{"c": 1}, {"c": 2}]}, {"n": 2, "b": [{"c": 3}]}]},
            [{"s": 1, "n": 1}, {"s": 2, "n": 2}, {"s": 3}],
        ),
        ([field("n", "no")], {"no": 7}, [{"n": 7}]),
        (
            [field("s", "*.c"), field("n", "no")],
            [{"c": 1, "no": 7}, {"c": 2, "no": 8}],
            [{"s": 1, "n": 7}, {"s": 2, "n": 7}],
        ),
        ([field("s", "l[*]")], {"l": ["a", "b"]}, [{"s": "a"}, {"s": "b"}]),
        ([field("s", "l[*].c")], {"l": {"c": 1}}, [{"s": 1}]),
        ([field("s", "l[*].c", dataType="number")], {"l": [{"c": "1"}]}, [{"s": 1}]),
        ([field("s", "l[*].c", default="d")], {"l": [{}, {"c": 1}]}, [{"s": "d"}, {"s": 1}]),
        ([field("s", "l[*].c", discardIfEmpty=True)], {"l": [{"c": ""}, {"c": 1}]}, [{}, {"s": 1}]),
        ([field("s", "l[*].c", lookupName="u")], {"l": [{"c": "E"}, {}]}, [{"s": "Each"}, {}]),
        (
            [field("s", "l[*].d", extractDateFormat="MM/DD/YYYY", generateDateFormat="YYYY-MM-DD")],
            {"l": [{"d": "03/09/2024"}]},
            [{"s": "2024-03-09"}],
        ),
        ([field("s.t", "l[*].c")], {"l": [{"c": 1}]}, [{"s": {"t": 1}}]),
        ([field("l", '["text"]'), field("s", "l[*].c")], {"l": [{"c": 1}]}, [{"l": "text", "s": 1}]),
    ],
    ids=lambda part: str(part)[:50],
)
def test_list_fields_make_lines(fields: list[dict[str, Any]], record: Any, expected: Any) -> None:
    assert map_list(record, *fields, lookups=(UNITS,)) == {"items": expected}


@pytest.mark.parametrize("record", [{}, {"l": []}, {"l": None}])
def test_list_without_elements_is_left_out(record: dict[str, Any]) -> None:
    assert map_list(record, field("s", "l[*].c")) == {}


def test_list_json_path_makes_extracts_relative_to_element() -> None:
    record = {"no": 7, "o": {"l": [{"c": {"d": 1}, "q": [{"z": 5}]}, {"c": {"d": 2}}]}}

    output = map_list(
        record,
        field("s", "c.d"),
        field("z", "o.l[*].q[*].z"),
        field("t", "{{no}}"),
        field("k", '["k"]'),
        jsonPath="o.l",
    )

    assert output == {"items": [{"s": 1, "z": 5, "t": "7", "k": "k"}, {"s": 2, "t": "7", "k": "k"}]}


def test_list_json_path_with_wildcard_reads_the_same() -> None:
    record = {"l": [{"c": 1}, {"c": 2}]}

    assert map_list(record, field("s", "c"), jsonPath="l[*]") == map_list(record, field("s", "c"), jsonPath="l")


def test_list_lookup_failure_fails_the_record_and_names_the_field() -> None:
    doc = {
        "mapping": {"lists": [{"generate": "items", "fields": [field("s", "l[*].c", lookupName="u")]}]},
        "lookups": [UNITS],
    }

    good, bad = map_records([{"l": [{"c": "E"}]}, {"l": [{"c": "E"}, {"c": "Q"}, {"c": "R"}]}], doc)

    assert good == {"items": [{"s": "Each"}]}
    assert isinstance(bad, MappingError)
    assert (bad.source, bad.rule, bad.position) == ("lookup", "mapping.lists[0].fields[0]", 1)


def test_list_generate_with_dots_nests_and_field_with_brackets_joins_its_list() -> None:
    doc = {
        "mapping": {
            "fields": [field("a.b[*].c", "l[*].x"), field("head", "no")],
            "lists": [{"generate": "a.b", "fields": [field("d", "l[*].y")]}],
        }
    }

    output = map_records([{"no": 1, "l": [{"x": 1, "y": 2}]}], doc)

    assert output == [{"head": 1, "a": {"b": [{"c": 1, "d": 2}]}}]
    assert [rule.cell for rule in compile_mapping(doc).rules] == ["head", "a.b[*]", "a.b[*].c", "a.b[*].d"]


def test_list_destination_with_two_arrays_is_one_list_of_the_joined_name() -> None:
    assert map_list({}, field("k", hardCodedValue="v")) == {"items": [{"k": "v"}]}
    doc = {"mapping": {"fields": [field("a[*].b[*].c", "l[*]")]}}

    assert map_records([{"l": [1, 2]}], doc) == [{"a": {"b": [{"c": 1}, {"c": 2}]}}]


def lines_with_sub_record() -> dict[str, Any]:
    lots = {"generate": "lots", "fields": [field("q", "items[*].lots[*].q")]}
    sub = {"jsonPath": "$", "mapping": {"fields": [field("unit", "unit")], "lists": [lots]}}
    fields = [field("sku", "items[*].sku"), {"generate": "d", "subRecordMapping": sub}]
    return {"mapping": {"lists": [{"generate": "l", "fields": fields}]}}


def test_list_sub_record_is_traced_by_its_own_cells() -> None:
    record = {"unit": "ea", "items": [{"sku": "a", "lots": [{"q": 1}, {"q": 2}]}, {"sku": "b", "lots": [{"q": 3}]}]}

    traced = compile_mapping(lines_with_sub_record()).trace(record)

    assert [(cell.cell, cell.value) for cell in traced] == [
        ("l[0].sku", "a"),
        ("l[1].sku", "b"),
        ("l[0].d.unit", "ea"),
        ("l[1].d.unit", "ea"),
        ("l[0].d.lots[0].q", 1),
        ("l[0].d.lots[1].q", 2),
        ("l[1].d.lots[0].q", 3),
    ]


def test_list_sub_record_that_fails_is_the_record_s_failure() -> None:
    doc = lines_with_sub_record()
    doc["mapping"]["lists"][0]["fields"][1]["subRecordMapping"]["mapping"]["fields"][0]["dataType"] = "number"

    good, bad = map_records([{"unit": "1", "items": [{"sku": "a"}]}, {"unit": "ea", "items": [{"sku": "a"}]}], doc)

    assert good == {"l": [{"sku": "a", "d": {"unit": 1}}]}
    assert isinstance(bad, MappingError)
    assert bad.position == 1


@pytest.mark.parametrize(
    ("fields", "record", "expected"),
    [
        # A template alone makes the lines; what it reads beside the element is the record's.
        ([field("t", "{{l[*].a}}{{n}}")], {"n": 9, "l": [{"a": 1}, {"a": 2}]}, [{"t": "19"}, {"t": "29"}]),
        # The longest path makes the lines, and the elements above follow it.
        (
            [field("s", "o[*].l[*].s"), field("t", "{{o[*].no}}{{o[*].l[*].s}}")],
            {"o": [{"no": 1, "l": [{"s": "a"}, {"s": "b"}]}, {"no": 2, "l": [{"s": "c"}]}]},
            [{"s": "a", "t": "1a"}, {"s": "b", "t": "1b"}, {"s": "c", "t": "2c"}],
        ),
        # Two arrays side by side; the shorter one has no element on the further lines.
        (
            [field("t", "{{a[*].x}}-{{b[*].x}}")],
            {"a": [{"x": 1}], "b": [{"x": 2}, {"x": 3}]},
            [{"t": "1-2"}, {"t": "-3"}],
        ),
        # Loops and positions see the whole array, as ever.
        (
            [field("s", "l[*].a"), field("t", "{{#each l}}{{a}}{{/each}}{{l.length}}{{l.[1].a}}")],
            {"l": [{"a": 1}, {"a": 2}]},
            [{"s": 1, "t": "1222"}, {"s": 2, "t": "1222"}],
        ),
        (
            [field("s", "l[*].a"), field("t", "{{l[*].a}}")],
            [{"l": [{"a": 1}, {"a": 2}]}],
            [{"s": 1, "t": "1"}, {"s": 2, "t": "2"}],
        ),
        ([field("t", "{{[my list][*].a}}")], {"my list": [{"a": 1}, {"a": 2}]}, [{"t": "1"}, {"t": "2"}]),
    ],
    ids=lambda part: str(part)[:50],
)
def test_list_templates_read_the_element_of_their_line(fields: list[Any], record: Any, expected: Any) -> None:
    assert map_list(record, *fields) == {"items": expected}
