"""Mapper 2.0 outside arrays: extract kinds, order of work, objects, the type table, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry, map_tree

from celigo_pandas.errors import DocumentError, MappingError
from celigo_pandas.mapping import compile_mapping, map_records

LOOKUP = {"name": "cc", "map": {"CA": "Canada", "1": "5"}}
OPEN = {**LOOKUP, "allowFailures": True}


@pytest.mark.parametrize(
    ("extract", "record", "expected"),
    [
        ("$.a.b", {"a": {"b": "v"}}, "v"),
        ("$.[Ship To]", {"Ship To": "v"}, "v"),
        ("$['Ship To']", {"Ship To": "v"}, "v"),
        ("$.a[1]", {"a": ["x", "v"]}, "v"),
        ("$.a[*].b", {"a": [{"b": 1}, {}, {"b": 2}]}, "1,2"),
        ("$[0].x", [{"x": "v"}], "v"),
        ("$[*].x", [{"x": 1}, {"x": 2}], "1,2"),
        ("$", {"a": 1}, '{"a":1}'),
        ("literal", {"literal": 1}, "literal"),
        ("a.b", {"a": {"b": 1}}, "a.b"),
        ("$5", {}, "$5"),
        ("$name", {"name": 1}, "$name"),
        ("{{record.a}}", {"a": 1}, "1"),
        ("${{record.a}}", {"a": 1}, "$1"),
        ("$.{{record.a}}", {"a": 1}, "$.1"),
        ("{{a}}", {"a": 1}, ""),
        ("{{settings.flow.y}}", {}, "s"),
        ("{{connection.name}}", {}, "c"),
    ],
)
def test_tree_extract_kind_gives_value(extract: str, record: Any, expected: str) -> None:
    output = map_tree(record, entry("v", "string", extract), settings={"flow": {"y": "s"}}, connection={"name": "c"})

    assert output == {"v": expected}


def test_tree_bare_path_on_rows_is_absent() -> None:
    assert map_tree([{"x": 1}], entry("v", "string", "$.x")) == {}


def test_tree_number_literal_and_template_are_converted() -> None:
    output = map_tree(
        {"n": "2"},
        entry("a", "number", "5"),
        entry("b", "boolean", "true"),
        entry("c", "number", "{{add record.n 1}}"),
        entry("d", "number", hardCodedValue="7"),
        entry("e", "string", hardCodedValue=None),
        entry("f", "string", hardCodedValue=""),
        entry("g", "stringarray", "x"),
    )

    assert output == {"a": 5, "b": True, "c": 3, "d": 7, "e": None, "f": "", "g": ["x"]}


@pytest.mark.parametrize(
    ("one", "record", "expected"),
    [
        (entry("v", "string", "$.a"), {}, {}),
        (entry("v", "number", "$.a"), {"a": None}, {"v": None}),
        (entry("v", "number", "$.a"), {"a": ""}, {"v": ""}),
        (entry("v", "boolean", "$.a"), {"a": ""}, {"v": ""}),
        (entry("v", "number", "$.a", default="0"), {}, {"v": 0}),
        (entry("v", "number", "$.a", default="0"), {"a": ""}, {"v": 0}),
        (entry("v", "number", "$.a", default="0"), {"a": 5}, {"v": 5}),
        (entry("v", "string", "$.a", default=""), {}, {"v": ""}),
        (entry("v", "string", "$.a", default=None), {}, {"v": None}),
        (entry("v", "string", "$.a", default="d"), {"a": []}, {"v": "d"}),
        (entry("v", "string", "$.a", default="CA", lookupName="cc"), {}, {"v": "CA"}),
        (entry("v", "string", "$.a", default="d", generateDateFormat="YYYY"), {}, {"v": "d"}),
        (entry("v", "string", "$.a", default="d", conditional={"when": "extract_not_empty"}), {}, {"v": "d"}),
        (entry("v", "string", "$.a", conditional={"when": "extract_not_empty"}), {"a": None}, {}),
        (entry("v", "stringarray", "$.a", conditional={"when": "extract_not_empty"}), {"a": []}, {}),
        (entry("v", "number", "$.a", conditional={"when": "extract_not_empty"}), {"a": 0}, {"v": 0}),
        (entry("v", "boolean", "$.a", conditional={"when": "extract_not_empty"}), {"a": False}, {"v": False}),
        (entry("v", "string", "$.a", conditional={"when": "record_created"}), {"a": "x"}, {"v": "x"}),
        (entry("v", "string"), {}, {}),
        (entry("v", "string", default="d"), {}, {"v": "d"}),
    ],
    ids=lambda part: str(part)[:70],
)
def test_tree_empty_source_takes_default_or_leaves_out(one: dict[str, Any], record: Any, expected: Any) -> None:
    assert map_tree(record, one, lookups=(OPEN,)) == expected


@pytest.mark.parametrize(
    ("one", "lookup", "record", "expected"),
    [
        (entry("v", "string", "$.a", lookupName="cc"), LOOKUP, {"a": "CA"}, {"v": "Canada"}),
        (entry("v", "number", "$.a", lookupName="cc"), LOOKUP, {"a": 1}, {"v": 5}),
        (entry("v", "string", "$.a", lookupName="cc"), LOOKUP, {"a": ""}, {"v": ""}),
        (entry("v", "string", "$.a", lookupName="cc"), LOOKUP, {}, {}),
        (entry("v", "string", "$.a", lookupName="cc"), {**OPEN, "default": "d"}, {"a": "q"}, {"v": "d"}),
        (entry("v", "string", "$.a", lookupName="cc"), OPEN, {"a": "q"}, {}),
        (entry("v", "stringarray", "$.a", lookupName="cc"), LOOKUP, {"a": ["CA", 1]}, {"v": ["Canada", "5"]}),
        (entry("v", "stringarray", "$.a", lookupName="cc"), OPEN, {"a": ["CA", "q"]}, {"v": ["Canada"]}),
        (entry("v", "string", "{{lookup 'cc' record.a}}"), LOOKUP, {"a": "CA"}, {"v": "Canada"}),
    ],
    ids=lambda part: str(part)[:70],
)
def test_tree_lookup_translates(one: dict[str, Any], lookup: dict[str, Any], record: Any, expected: Any) -> None:
    assert map_tree(record, one, lookups=(lookup,)) == expected


@pytest.mark.parametrize(
    "one",
    [
        entry("v", "string", "$.a", lookupName="cc"),
        entry("v", "string", "{{lookup 'cc' record.a}}"),
        entry("v", "stringarray", "$.a", lookupName="cc"),
    ],
    ids=["named", "helper", "array"],
)
def test_tree_lookup_without_match_fails_record_in_every_form(one: dict[str, Any]) -> None:
    output = map_tree({"a": "q"}, one, lookups=(LOOKUP,))

    assert isinstance(output, MappingError)
    assert output.source == "lookup"


def test_tree_dynamic_lookup_in_template_is_asked_for_the_record() -> None:
    lookup = {"name": "site", "query": "select 1"}

    output = map_records(
        [{"a": 1}, {"a": 2}],
        {"mappings": [entry("v", "string", "{{lookup.site}}!")], "lookups": [lookup]},
        resolve_lookup=lambda doc, context: f"{doc['query']} {context['record']['a']}",
    )

    assert output == [{"v": "select 1 1!"}, {"v": "select 1 2!"}]


# --- the type table -------------------------------------------------------------------------------------------------

CONVERTED = [
    ("string", "a", "a"),
    ("string", 5, "5"),
    ("string", 5.0, "5"),
    ("string", 1e21, "1e+21"),
    ("string", 2**60, "1152921504606847000"),
    ("string", True, "true"),
    ("string", [1, "a", True, None], "1,a,true,"),
    ("string", {"b": [1, None]}, '{"b":[1,null]}'),
    ("string", [{"a": 1}], '[{"a":1}]'),
    ("string", [], ""),
    ("number", 5, 5),
    ("number", 5.5, 5.5),
    ("number", "12", 12),
    ("number", " 12.5\n", 12.5),
    ("number", "-3e2", -300),
    ("boolean", True, True),
    ("boolean", "T", True),
    ("boolean", "f", False),
    ("boolean", "FALSE", False),
    ("boolean", "0", False),
    ("boolean", 1, True),
    ("boolean", 0.0, False),
    ("stringarray", "a", ["a"]),
    ("stringarray", True, ["true"]),
    ("stringarray", [1, True, None], ["1", "true", None]),
    ("stringarray", {"a": 1}, ['{"a":1}']),
    ("stringarray", [{"a": 1}, [2]], ['{"a":1}', "[2]"]),
    ("stringarray", [], []),
    ("numberarray", 4, [4]),
    ("numberarray", ["1", 2.5], [1, 2.5]),
    ("booleanarray", "t", [True]),
    ("booleanarray", [True, "0"], [True, False]),
    ("object", {"a": 1}, {"a": 1}),
    ("object", [{"a": 1}], [{"a": 1}]),
    ("objectarray", [{"a": 1}], [{"a": 1}]),
    ("objectarray", {"a": 1}, [{"a": 1}]),
    ("objectarray", [], []),
    ("arrayarray", [[1], [2]], [[1], [2]]),
]


@pytest.mark.parametrize(("data_type", "value", "expected"), CONVERTED, ids=lambda part: repr(part)[:40])
def test_tree_type_table_converts(data_type: str, value: Any, expected: Any) -> None:
    output = map_tree({"v": value}, entry("v", data_type, "$.v"))

    assert output == {"v": expected}
    assert repr(output["v"]) == repr(expected)


REFUSED = [
    ("number", "abc", "string", "number"),
    ("number", "0x1F", "string", "number"),
    ("number", "Infinity", "string", "number"),
    ("number", "1_000", "string", "number"),
    ("number", "1" * 500, "string", "number"),
    ("number", True, "boolean", "number"),
    ("number", [1], "[number]", "number"),
    ("number", ["1"], "[string]", "number"),
    ("number", {"a": 1}, "object", "number"),
    ("number", [{"a": 1}], "[object]", "number"),
    ("boolean", "yes", "string", "boolean"),
    ("boolean", 2, "number", "boolean"),
    ("boolean", [True], "[boolean]", "boolean"),
    ("boolean", {}, "object", "boolean"),
    ("numberarray", True, "boolean", "[number]"),
    ("numberarray", [True], "[boolean]", "[number]"),
    ("numberarray", {"a": 1}, "object", "[number]"),
    ("numberarray", [1, {"a": 1}], "[object]", "[number]"),
    ("numberarray", [1, "x"], "[string]", "[number]"),
    ("booleanarray", ["maybe"], "[string]", "[boolean]"),
    ("object", "a", "string", "object"),
    ("object", 5, "number", "object"),
    ("object", ["a"], "[string]", "object"),
    ("objectarray", "a", "string", "[object]"),
    ("objectarray", [1], "[number]", "[object]"),
    ("arrayarray", "a", "string", "[array]"),
]


@pytest.mark.parametrize(("data_type", "value", "source", "destination"), REFUSED, ids=lambda part: repr(part)[:30])
def test_tree_type_table_refuses_with_its_text(data_type: str, value: Any, source: str, destination: str) -> None:
    output = map_tree({"v": value}, entry("out", data_type, "$.v"))

    assert isinstance(output, MappingError)
    assert output.message == f"Mapper 2.0: out: You can't map {source} (source) to {destination} (destination)"
    assert (output.source, output.code, output.rule) == ("mapping", "type_refused", "mappings[0]")


def test_tree_default_that_cannot_be_converted_fails_only_records_that_need_it() -> None:
    good, bad = map_records([{"a": "1"}, {}], {"mappings": [entry("v", "number", "$.a", default="none")]})

    assert good == {"v": 1}
    assert isinstance(bad, MappingError)
    assert bad.position == 1


def test_tree_mixed_column_converts_each_value_and_fails_only_the_refused() -> None:
    values = [1, "2", None, "x", 4.5, ""] * 300

    outputs = map_records([{"v": value} for value in values], {"mappings": [entry("v", "number", "$.v")]})

    assert [output for output in outputs[:6] if isinstance(output, dict)] == [
        {"v": 1},
        {"v": 2},
        {"v": None},
        {"v": 4.5},
        {"v": ""},
    ]
    failed = [output.position for output in outputs if isinstance(output, MappingError)]
    assert failed == list(range(3, len(values), 6))


# --- objects --------------------------------------------------------------------------------------------------------


def test_tree_object_children_read_from_root() -> None:
    output = map_tree(
        {"id": 7, "a": {"b": 1}},
        entry("o", "object", mappings=[entry("p", "object", mappings=[entry("q", "number", "$.a.b")])]),
    )

    assert output == {"o": {"p": {"q": 1}}}


def test_tree_object_without_any_child_value_is_empty() -> None:
    assert map_tree({}, entry("o", "object", mappings=[entry("q", "string", "$.x")])) == {"o": {}}


def test_tree_object_extract_through_array_narrows_children_to_its_element() -> None:
    record = {"id": 7, "l": [{"n": 1}, {"n": 2}]}
    children = [entry("n", "number", "$.l.n"), entry("id", "number", "$.id"), entry("t", "string", "{{record.l.n}}")]

    assert map_tree(record, entry("o", "object", "$.l[1]", mappings=children)) == {"o": {"n": 2, "id": 7, "t": "2"}}
    assert map_tree(record, entry("o", "object", "$.l[*]", mappings=children)) == {"o": {"n": 1, "id": 7, "t": "1"}}
    assert map_tree({"id": 7}, entry("o", "object", "$.l[0]", mappings=children)) == {"o": {"id": 7, "t": ""}}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"conditional": {"when": "extract_not_empty"}}, {}),
        ({"default": None}, {"o": None}),
        ({"default": ""}, {"o": ""}),
        ({}, {"o": {"id": 7}}),
    ],
)
def test_tree_object_with_empty_extract_follows_condition_and_default(more: Any, expected: Any) -> None:
    one = entry("o", "object", "$.a", mappings=[entry("id", "number", "$.id")], **more)

    assert map_tree({"id": 7}, one) == expected
    assert map_tree({"id": 7, "a": {"b": 1}}, one) == {"o": {"id": 7}}


def test_tree_envelope_context_reads_members_beside_the_record() -> None:
    doc = {
        "inputContext": "envelope",
        "mappings": [
            entry("a", "string", "$.record.a"),
            entry("s", "string", "$.settings.flow.x"),
            entry("t", "string", "{{record.a}}{{settings.flow.x}}"),
            entry(
                "l",
                "objectarray",
                buildArrayHelper=[
                    {
                        "extract": "$.record.l[*]",
                        "mappings": [entry("n", "string", "$.record.l.n"), entry("t", "string", "{{record.l.n}}")],
                    }
                ],
            ),
        ],
    }

    output = map_records([{"a": "v", "l": [{"n": 1}]}], doc, settings={"flow": {"x": "y"}})

    assert output == [{"a": "v", "s": "y", "t": "vy", "l": [{"n": "1", "t": "1"}]}]


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mappings", "code", "path"),
    [
        ([entry("", "string", "$.a")], "missing_generate", "mappings[0].generate"),
        ([entry("v", "date", "$.a")], "bad_data_type", "mappings[0].dataType"),
        ([{"generate": "v", "extract": "$.a"}], "bad_data_type", "mappings[0].dataType"),
        ([entry("v", "string", "$.a"), entry("v", "string", "$.b")], "duplicate_generate", "mappings[1].generate"),
        ([entry("v", "string", "$.a", lookupName="q")], "dangling_lookup", "mappings[0].lookupName"),
        ([entry("v", "string", "$..a")], "bad_path", "mappings[0].extract"),
        ([entry("v", "string", "{{#if a}}")], "bad_template", "mappings[0].extract"),
        (
            [entry("v", "string", "$.a", mappings=[entry("w", "string", "b")])],
            "misplaced_mappings",
            "mappings[0].mappings",
        ),
        ([entry("v", "string", {"a": 1})], "not_text", "mappings[0].extract"),
        (["v"], "not_an_object", "mappings[0]"),
        (
            [entry("o", "object", mappings=[entry("a", "string", "x"), entry("a", "string", "y")])],
            "duplicate_generate",
            "mappings[0].mappings[1].generate",
        ),
        (
            [entry("l", "stringarray", buildArrayHelper=[{"extract": "$.a", "mappings": [entry("a", "string", "x")]}])],
            "misplaced_mappings",
            "mappings[0].buildArrayHelper[0].mappings",
        ),
        ([entry("l", "objectarray", buildArrayHelper=[{}])], "empty_helper", "mappings[0].buildArrayHelper[0]"),
        ([entry("l", "objectarray", buildArrayHelper="$.a")], "not_a_list", "mappings[0].buildArrayHelper"),
        ([entry("l", "objectarray", buildArrayHelper=["$.a"])], "not_an_object", "mappings[0].buildArrayHelper[0]"),
        ([entry("o", "object", mappings="all")], "not_a_list", "mappings[0].mappings"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_tree_document_that_cannot_work_is_refused_with_path(mappings: Any, code: str, path: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compile_mapping({"mappings": mappings})

    assert (code, path) in [(problem.code, problem.field) for problem in caught.value.problems]


def test_tree_entries_nested_beyond_reason_are_refused() -> None:
    one = entry("v", "string", "x")
    for _ in range(200):
        one = entry("v", "object", mappings=[one])

    with pytest.raises(DocumentError, match="deep"):
        compile_mapping({"mappings": [one]})


def test_tree_compile_without_document_is_refused() -> None:
    with pytest.raises(DocumentError):
        compile_mapping(None)  # type: ignore[arg-type]
    with pytest.raises(DocumentError):
        compile_mapping({"mappings": {"a": 1}})
