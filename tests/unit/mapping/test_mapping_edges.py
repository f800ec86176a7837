"""Rare documents and values of both mappers."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry, map_fields, map_tree

from celigo_pandas.errors import DocumentError, MappingError
from celigo_pandas.mapping import compile_mapping, map_records, transform_records
from celigo_pandas.mapping.compile import compiled_mapping
from celigo_pandas.mapping.evaluate.output_rows import Layout


def codes(doc: dict[str, Any]) -> list[tuple[str, str | None]]:
    with pytest.raises(DocumentError) as caught:
        compile_mapping(doc)
    return [(problem.code, problem.field) for problem in caught.value.problems]


def test_array_of_primitives_takes_elements_of_inner_arrays() -> None:
    one = entry("v", "numberarray", buildArrayHelper=[{"extract": "$.a[*]"}])

    assert map_tree({"a": [[1, 2], 3, [4]]}, one) == {"v": [1, 2, 3, 4]}


def test_object_of_no_valid_children_is_an_empty_object_per_record() -> None:
    assert Layout([]).build([], 2) == [{}, {}]


def test_object_of_more_members_than_a_display_takes_is_built_too() -> None:
    fields = [{"generate": f"x{place}", "extract": f"a{place}"} for place in range(250)]

    output = map_fields({"a0": 1, "a249": 2}, *fields)

    assert output == {"x0": 1, "x249": 2}


def test_number_too_large_for_a_double_is_refused() -> None:
    output = map_tree({"a": "9" * 399}, entry("v", "number", "$.a"))

    assert isinstance(output, MappingError)


def test_field_list_entry_without_generate_is_refused_with_path() -> None:
    doc = {"mapping": {"lists": [{"generate": "l", "fields": [{"extract": "a"}]}]}}

    assert codes(doc) == [("missing_generate", "mapping.lists[0].fields[0].generate")]


def test_extract_given_as_number_is_its_text() -> None:
    assert map_tree({}, entry("v", "number", 5)) == {"v": 5}  # type: ignore[arg-type]


def test_condition_without_when_is_no_condition() -> None:
    assert map_fields({"a": ""}, {"generate": "x", "extract": "a", "conditional": {}}) == {"x": ""}


@pytest.mark.parametrize(
    ("entries", "lookups", "code", "path"),
    [
        ([entry("v", "string", "$.a", lookupName="l")], [{"name": "l", "map": [1]}], "bad_lookup", "mappings[0]"),
        ([entry("v", "string", "$.a", generateDateFormat=5)], [], "not_text", "mappings[0].generateDateFormat"),
        ([entry("v", "string", hardCodedValue=[1])], [], "bad_hard_coded_value", "mappings[0].hardCodedValue"),
        ([entry("v", "object", "$..a", mappings=[entry("w", "string", "x")])], [], "bad_path", "mappings[0].extract"),
        (
            [entry("v", "stringarray", buildArrayHelper=[{"extract": "$..a"}])],
            [],
            "bad_path",
            "mappings[0].buildArrayHelper[0].extract",
        ),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_document_part_of_wrong_kind_is_refused_with_path(entries: Any, lookups: Any, code: str, path: str) -> None:
    assert codes({"mappings": entries, "lookups": lookups}) == [(code, path)]


def test_list_rule_tells_its_name_and_reads_nothing_itself() -> None:
    doc = {"mapping": {"lists": [{"generate": "a.b", "fields": [{"generate": "c", "extract": "l[*].c"}]}]}}

    rule = compile_mapping(doc).rules[0]

    assert (rule.generate, rule.reads) == ("a.b", ())


def test_transform_modify_of_record_that_is_no_object_gives_the_new_fields() -> None:
    doc = {"rulesTwoDotZero": {"mode": "modify", "mappings": [entry("v", "string", "$[0].a")]}}

    assert transform_records([[{"a": 1}]], doc) == [{"v": "1"}]


def test_long_list_with_constant_that_cannot_be_converted_fails_each_record() -> None:
    entries = [entry("a", "string", "$.a"), entry("b", "string", "$.a"), entry("c", "string", "$.a")]
    doc = {"mappings": [*entries, entry("bad", "number", "many")]}

    outputs = map_records([{"a": "x"}] * 2100, doc)

    assert [output.position for output in outputs if isinstance(output, MappingError)] == list(range(2100))
    assert all(len(output.problems) == 1 for output in outputs)


def test_long_list_with_mixed_names_in_one_object_takes_the_general_way() -> None:
    fields = [{"generate": name, "extract": "a"} for name in ("a", "b", "c", "o.p")]

    outputs = map_records([{"a": 1}] * 2100, {"mapping": {"fields": fields}})

    assert outputs == [{"a": 1, "b": 1, "c": 1, "o": {"p": 1}}] * 2100


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [2_000, 20_000])
@pytest.mark.parametrize(
    ("step", "code"), [({"lookupName": "L"}, "lookup_no_match"), ({"generateDateFormat": "YYYY"}, "date_invalid")]
)
def test_value_nested_too_deep_for_a_step_fails_its_record_only(depth: int, step: dict[str, Any], code: str) -> None:
    field = {"generate": "x", "extract": "a", **step}
    doc = {"mapping": {"fields": [field]}, "lookups": [{"name": "L", "map": {"2024": "2024"}}]}

    failed, mapped = map_records([{"a": nested(depth)}, {"a": "2024"}], doc)

    assert isinstance(failed, MappingError)
    assert failed.problems[0].code == code
    assert mapped == {"x": "2024"}


@pytest.mark.parametrize(
    ("doc", "field"),
    [
        ({"mappings": [entry("x", "string", "$" + ".a" * 1200)]}, "mappings[0].extract"),
        ({"mapping": {"fields": [{"generate": "x", "extract": "a" + ".a" * 1200}]}}, "mapping.fields[0].extract"),
        ({"mapping": {"fields": [{"generate": "a" + ".a" * 1200, "extract": "a"}]}}, "mapping.fields[0].generate"),
        (
            {"mapping": {"lists": [{"generate": "a" + ".a" * 1200, "fields": [{"generate": "x", "extract": "a"}]}]}},
            "mapping.lists[0].generate",
        ),
        (
            {"mapping": {"fields": [{"generate": "a" + ".a" * 1200 + "[*].x", "extract": "a"}]}},
            "mapping.fields[0].generate",
        ),
    ],
)
def test_path_or_generate_of_too_many_steps_is_a_problem(doc: dict[str, Any], field: str) -> None:
    assert codes(doc) == [("too_deep", field)]


def test_sub_record_that_nests_too_deep_with_its_fields_is_a_problem() -> None:
    inner = {"mapping": {"fields": [{"generate": "b" + ".b" * 29, "extract": "a"}]}}
    doc = {"mapping": {"fields": [{"generate": "a" + ".a" * 29, "subRecordMapping": inner}]}}

    assert codes(doc) == [("too_deep", "mapping.fields[0].subRecordMapping")]


def test_path_of_many_steps_is_read_inside_an_array_too() -> None:
    value: Any = "deep"
    for _ in range(150):
        value = {"a": value}
    path = "$" + ".a" * 150
    helper = {"extract": "$.l[*]", "mappings": [entry("x", "string", path)]}
    doc = {"mappings": [entry("x", "string", path), entry("o", "objectarray", buildArrayHelper=[helper])]}

    assert map_records([{**value, "l": [1]}], doc) == [{"x": "deep", "o": [{"x": "deep"}]}]


def test_fields_inside_an_object_that_another_field_copies_leave_the_record_as_it_was() -> None:
    fields = [{"generate": "x", "extract": "a"}, {"generate": "x.z", "extract": "a"}]
    record = {"a": {"b": 1}}

    (output,) = map_records([record], {"mapping": {"fields": fields}})

    assert output == {"x": {"b": 1, "z": {"b": 1}}}
    assert record == {"a": {"b": 1}}


@pytest.mark.parametrize("dialect", [1, 2])
def test_translated_array_does_not_depend_on_the_records_beside_it(dialect: int) -> None:
    rule = {"generate": "x", "dataType": "stringarray", "lookupName": "k", "extract": "$.a" if dialect == 2 else "a"}
    rules = {"mappings": [{**rule, "status": "Active"}]} if dialect == 2 else {"mapping": {"fields": [rule]}}
    doc = {**rules, "lookups": [{"name": "k", "map": {"A": ""}, "allowFailures": True}]}

    assert map_records([{"a": "q"}, {"a": "A"}], doc) == [{"x": []}, {"x": [""]}]
    assert map_records([{"a": "q"}, {"a": "A"}, {"a": 1}], doc) == [{"x": []}, {"x": [""]}, {"x": []}]


def test_first_failure_of_a_record_does_not_depend_on_the_records_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_mapping, "_CHUNK", 2)
    kinds = {"n": "number", "m": "number", "o": "number", "t": "string"}
    entries = [
        {"generate": key, "dataType": kind, "extract": f"$.{key}", "status": "Active"} for key, kind in kinds.items()
    ]
    entries.append({"generate": "z", "dataType": "number", "extract": "{{record.n}}", "status": "Active"})
    records = [{"n": 1, "m": 2, "o": 3, "t": "x"}] * 5 + [{"n": "q", "m": 2, "o": 3}]

    assert [error.rule for error in map_records(records, {"mappings": entries})[5:]] == ["mappings[0]"]
