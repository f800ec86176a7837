"""Transforms 1.0 and 2.0."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry

from celigo_pandas.errors import DocumentError, MappingError
from celigo_pandas.mapping import compile_transform, transform_records


def first(*rules: tuple[str, str]) -> dict[str, Any]:
    group = [{"extract": extract, "generate": generate, "key": "k"} for extract, generate in rules]
    return {"type": "expression", "expression": {"version": "1", "rules": [group]}}


def second(*mappings: dict[str, Any], mode: str = "create", lookups: tuple[Any, ...] = ()) -> dict[str, Any]:
    rules = {"mode": mode, "mappings": list(mappings), "lookups": list(lookups)}
    return {"type": "expression", "expression": {"version": "2", "rulesTwoDotZero": rules}}


@pytest.mark.parametrize(
    ("rules", "record", "expected"),
    [
        ([("a.b", "x")], {"a": {"b": 1}, "z": 2}, {"x": 1}),
        ([("a[0].b", "x")], {"a": [{"b": 1}]}, {"x": 1}),
        ([("requests[*].id", "id")], {"requests": [{"id": 1}, {"id": 2}]}, {"id": [1, 2]}),
        ([("users[*].role", "user.role")], {"users": [{"role": "a"}]}, {"user": {"role": ["a"]}}),
        ([("[Office Phone]", "phone")], {"Office Phone": 1}, {"phone": 1}),
        ([('["literal"]', "x")], {}, {"x": "literal"}),
        ([("/FeedProcessingStatus", "s")], {"FeedProcessingStatus": "done"}, {"s": "done"}),
        ([("/a/b", "s")], {"a": {"b": "done"}}, {"s": "done"}),
        ([("none", "x")], {"a": 1}, {}),
        ([("a", "x.y"), ("b", "x.z")], {"a": 1, "b": 2}, {"x": {"y": 1, "z": 2}}),
        ([("a", "x")], {"a": None}, {"x": None}),
        (
            [("*.c", "id"), ("no", "no")],
            [{"c": 1, "no": 7}, {"c": 2, "no": 8}, {}],
            [{"id": 1, "no": 7}, {"id": 2, "no": 7}, {"no": 7}],
        ),
        ([("*.c", "*.id")], [{"c": 1}], [{"id": 1}]),
        ([("*.c.d", "id")], [{"c": {"d": 1}}], [{"id": 1}]),
        ([("a", "x")], [], []),
    ],
    ids=lambda part: str(part)[:40],
)
def test_transform_first_version_extracts(rules: Any, record: Any, expected: Any) -> None:
    assert transform_records([record], first(*rules)) == [expected]


def test_transform_plain_and_grouped_records_keep_their_places() -> None:
    outputs = transform_records([{"c": 1}, [{"c": 2}], {"c": 3}], first(("c", "x")))

    assert outputs == [{"x": 1}, [{"x": 2}], {"x": 3}]


@pytest.mark.parametrize(
    "doc",
    [
        None,
        {},
        {"type": "expression", "expression": {"version": "1", "rules": []}},
        {"type": "expression", "expression": {"version": "1", "rules": [[]]}},
        {"type": "expression", "expression": {"version": "2", "rulesTwoDotZero": {"mode": "create", "mappings": []}}},
    ],
)
def test_transform_without_rules_leaves_records(doc: Any) -> None:
    assert transform_records([{"a": 1}, [{"b": 2}]], doc) == [{"a": 1}, [{"b": 2}]]


def test_transform_second_version_creates_only_mapped_fields() -> None:
    assert transform_records([{"a": 1, "z": 2}], second(entry("b", "string", "$.a"))) == [{"b": "1"}]


def test_transform_modify_adds_to_a_copy_and_reads_the_original() -> None:
    record = {"a": "1", "b": "2"}
    doc = second(
        entry("a", "string", "$.b"), entry("b", "string", "$.a"), entry("c", "string", "$.none"), mode="modify"
    )

    assert transform_records([record], doc) == [{"a": "2", "b": "1"}]
    assert record == {"a": "1", "b": "2"}


def test_transform_second_version_uses_its_lookups_and_settings() -> None:
    doc = second(
        entry("c", "string", "$.a", lookupName="cc"),
        entry("s", "string", "{{settings.export.x}}"),
        lookups=({"name": "cc", "map": {"CA": "Canada"}},),
    )

    good, bad = transform_records([{"a": "CA"}, {"a": "q"}], doc, settings={"export": {"x": "y"}})

    assert good == {"c": "Canada", "s": "y"}
    assert isinstance(bad, MappingError)
    assert bad.rule == "expression.rulesTwoDotZero.mappings[0]"


def test_transform_second_version_may_make_rows() -> None:
    one = entry(
        "", "objectarray", buildArrayHelper=[{"extract": "$.l[*]", "mappings": [entry("n", "number", "$.l.n")]}]
    )
    del one["generate"]

    assert transform_records([{"l": [{"n": 1}, {"n": 2}]}], second(one)) == [[{"n": 1}, {"n": 2}]]


@pytest.mark.parametrize(
    "doc",
    [
        {"rules": [[{"extract": "a", "generate": "x"}]]},
        {"rules": [{"extract": "a", "generate": "x"}]},
        {"expression": {"rules": [[{"extract": "a", "generate": "x"}]]}},
        {"mode": "create", "mappings": [entry("x", "number", "$.a")]},
    ],
)
def test_transform_inner_parts_are_accepted_directly(doc: dict[str, Any]) -> None:
    assert transform_records([{"a": 1}], doc) == [{"x": 1}]


@pytest.mark.parametrize(
    ("doc", "code"),
    [
        ({"type": "script", "script": {"function": "f"}}, "script"),
        ("rules", "not_an_object"),
        ({"rules": "all"}, "not_a_list"),
        ({"rules": ["all"]}, "not_a_list"),
        ({"rules": [["all"]]}, "not_an_object"),
        ({"rules": [[], []]}, "several_groups"),
        (first(("a..b", "x")), "bad_path"),
        (first(("", "x")), "missing_extract"),
        (first(("a", "")), "missing_generate"),
        (second(mode="merge"), "bad_mode"),
        ({"expression": {"rulesTwoDotZero": {"mappings": "all"}}}, "not_a_list"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_transform_that_cannot_work_is_refused(doc: Any, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compile_transform(doc)

    assert code in caught.value.codes


def test_transform_rules_tell_paths_and_reads() -> None:
    rule = compile_transform(first(("a.b", "x.y"))).rules[0]

    assert (rule.path, rule.generate, rule.reads) == ("expression.rules[0][0]", "x.y", ("a.b",))


@pytest.mark.parametrize("extract", ["{{a}}!", "{{add a 1}}"])
def test_template_in_transform_1_is_refused_by_its_place(extract: str) -> None:
    with pytest.raises(DocumentError) as caught:
        transform_records(
            [{"a": 1}], {"expression": {"version": "1", "rules": [[{"extract": extract, "generate": "x"}]]}}
        )

    assert [(problem.code, problem.field) for problem in caught.value.problems] == [
        ("template", "expression.rules[0][0].extract")
    ]
