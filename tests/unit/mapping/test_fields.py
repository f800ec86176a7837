"""Mapper 1.0 outside lists: kinds, order of work, lookups, casts, dates, refusals."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from support.mapping import map_fields

from celigo_pandas.errors import DocumentError, MappingError
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping import compile_mapping, map_records

COUNTRIES = {"name": "cc", "map": {"US": "United States", "1": "One", "true": "Yes", "": "None"}}
OPEN = {**COUNTRIES, "allowFailures": True}


def field(extract: str | None = None, generate: str = "x", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"generate": generate, **more}
    return made if extract is None else {**made, "extract": extract}


@pytest.mark.parametrize(
    ("one", "record", "expected"),
    [
        (field("a.b"), {"a": {"b": 1}}, {"x": 1}),
        (field("[Ship To]"), {"Ship To": 1}, {"x": 1}),
        (field("a[1].b"), {"a": [{"b": 1}, {"b": 2}]}, {"x": 2}),
        (field("a[*].b"), {"a": [{}, {"b": 2}, {"b": 3}]}, {"x": 2}),
        (field("a[*].b"), {"a": []}, {}),
        (field('["Receipt"]'), {"Receipt": 1}, {"x": "Receipt"}),
        (field("a"), [{"a": 1}, {"a": 2}], {"x": 1}),
        (field("*.a"), [{"a": 1}, {"a": 2}], {"x": 1}),
        (field("1.a"), [{"a": 1}, {"a": 2}], {"x": 2}),
        (field("a"), [], {}),
        (field("_PARENT.id"), {"_PARENT": {"id": 7}}, {"x": 7}),
        (field("{{a}}-{{b.c}}"), {"a": 1, "b": {"c": 2}}, {"x": "1-2"}),
        (field("{{data.0.a}}"), {"a": 1}, {"x": "1"}),
        (field("{{record.a}}"), {"a": 1}, {"x": ""}),
        (field("{{a}}"), [{"a": 1}, {"a": 2}], {"x": "1"}),
        (field("{{settings.flow.y}}"), {}, {"x": "s"}),
        (field(hardCodedValue="v"), {}, {"x": "v"}),
        (field(hardCodedValue=""), {}, {"x": ""}),
        (field(hardCodedValue=None), {}, {"x": None}),
        (field("a", hardCodedValue="v"), {"a": 1}, {"x": "v"}),
        (field("a", generate="u.p"), {"a": 1}, {"u": {"p": 1}}),
        (field("a", generate="u.p"), {}, {}),
        (field("a"), {"a": None}, {"x": None}),
        (field("a"), {"a": ""}, {"x": ""}),
        (field("a"), {"a": {"b": [1]}}, {"x": {"b": [1]}}),
        (field("a", immutable=True, isKey=True, internalId=True), {"a": 1}, {"x": 1}),
    ],
    ids=lambda part: str(part)[:40],
)
def test_field_source_gives_value(one: dict[str, Any], record: Any, expected: Any) -> None:
    assert map_fields(record, one, settings={"flow": {"y": "s"}}) == expected


@pytest.mark.parametrize(
    ("one", "record", "expected"),
    [
        (field("a", default="d"), {}, {"x": "d"}),
        (field("a", default="d"), {"a": None}, {"x": "d"}),
        (field("a", default="d"), {"a": ""}, {"x": "d"}),
        (field("a", default="d"), {"a": []}, {"x": "d"}),
        (field("a", default="d"), {"a": 0}, {"x": 0}),
        (field("a", default="d"), {"a": False}, {"x": False}),
        (field("a", default=""), {}, {"x": ""}),
        (field("a", default=None), {}, {"x": None}),
        (field("a", default="5", dataType="number"), {}, {"x": "5"}),
        (field("a", default="US", lookupName="cc"), {}, {"x": "US"}),
        (field("a", default="d", discardIfEmpty=True), {}, {"x": "d"}),
        (field("a", discardIfEmpty=True), {"a": None}, {}),
        (field("a", discardIfEmpty=True), {"a": []}, {}),
        (field("a", discardIfEmpty=True), {"a": 0}, {"x": 0}),
        (field("a", conditional={"when": "extract_not_empty"}), {"a": ""}, {}),
        (field("a", conditional={"when": "record_created"}), {"a": ""}, {"x": ""}),
        (field("a", conditional={"when": "lookup_not_empty", "lookupName": "cc"}), {"a": 1}, {"x": 1}),
        (field("a", conditional={"when": "ignore_if_set"}), {"a": 1}, {"x": 1}),
        (field(hardCodedValue="", discardIfEmpty=True), {}, {}),
        (field("{{a}}", discardIfEmpty=True), {}, {}),
    ],
    ids=lambda part: str(part)[:60],
)
def test_field_empty_value_takes_default_or_leaves_out(one: dict[str, Any], record: Any, expected: Any) -> None:
    assert map_fields(record, one, lookups=(OPEN,)) == expected


@pytest.mark.parametrize(
    ("lookup", "record", "expected"),
    [
        (COUNTRIES, {"a": "US"}, {"x": "United States"}),
        (COUNTRIES, {"a": 1}, {"x": "One"}),
        (COUNTRIES, {"a": 1.0}, {"x": "One"}),
        (COUNTRIES, {"a": True}, {"x": "Yes"}),
        (COUNTRIES, {"a": ""}, {"x": "None"}),
        (COUNTRIES, {}, {}),
        (COUNTRIES, {"a": None}, {}),
        (OPEN, {"a": "us"}, {}),
        ({**OPEN, "default": "d"}, {"a": "us"}, {"x": "d"}),
        ({**OPEN, "default": ""}, {"a": "us"}, {"x": ""}),
        ({**OPEN, "default": None}, {"a": "us"}, {"x": None}),
    ],
    ids=str,
)
def test_field_static_lookup_gives_entry_or_default(lookup: dict[str, Any], record: Any, expected: Any) -> None:
    assert map_fields(record, field("a", lookupName="cc"), lookups=(lookup,)) == expected


@pytest.mark.parametrize("lookup", [COUNTRIES, {**COUNTRIES, "default": "d"}, {**COUNTRIES, "allowFailures": False}])
def test_field_lookup_without_match_fails_record_alone(lookup: dict[str, Any]) -> None:
    doc = {"mapping": {"fields": [field("a", lookupName="cc")]}, "lookups": [lookup]}

    good, bad, other = map_records([{"a": "US"}, {"a": "ZZ"}, {"a": "US"}], doc)

    assert good == other == {"x": "United States"}
    assert isinstance(bad, MappingError)
    assert (bad.source, bad.code, bad.position, bad.value) == ("lookup", "lookup_no_match", 1, "ZZ")
    assert bad.rule == "mapping.fields[0]"
    assert "'ZZ'" in str(bad)
    assert [problem.source for problem in bad.problems] == ["lookup"]


def test_field_dynamic_lookup_is_asked_with_key_and_context() -> None:
    asked: list[Any] = []

    def resolve(lookup: dict[str, Any], context: dict[str, Any]) -> Any:
        asked.append((lookup["relativeURI"], context["lookupKey"], context["a"], context["settings"]))
        return "found"

    lookup = {"name": "cc", "method": "GET", "relativeURI": "/x", "extract": "id"}

    output = map_fields(
        {"a": "US"}, field("a", lookupName="cc"), lookups=(lookup,), resolve_lookup=resolve, settings={"s": 1}
    )

    assert output == {"x": "found"}
    assert asked == [("/x", "US", "US", {"s": 1})]


def test_field_dynamic_lookup_without_extract_is_asked_anyway() -> None:
    lookup = {"name": "cc", "query": "select 1"}

    assert map_fields({}, field(lookupName="cc"), lookups=(lookup,), resolve_lookup=lambda doc, context: 5) == {"x": 5}


@pytest.mark.parametrize(
    ("allow", "expected"), [(True, {"x": "d"}), (False, "lookup_no_match")], ids=["allowed", "refused"]
)
def test_field_dynamic_lookup_without_match_follows_allow_failures(allow: bool, expected: Any) -> None:
    lookup = {"name": "cc", "query": "select 1", "allowFailures": allow, "default": "d"}

    output = map_fields(
        {"a": 1}, field("a", lookupName="cc"), lookups=(lookup,), resolve_lookup=lambda doc, context: UNDEFINED
    )

    assert (output.code if isinstance(output, MappingError) else output) == expected


def test_field_dynamic_lookup_that_raises_fails_record_as_lookup() -> None:
    def resolve(lookup: Any, context: Any) -> Any:
        raise MappingError("the other side is down")

    output = map_fields({"a": 1}, field("a", lookupName="cc"), lookups=({"name": "cc"},), resolve_lookup=resolve)

    assert isinstance(output, MappingError)
    assert (output.source, output.code) == ("lookup", "lookup_failed")
    assert "down" in output.message
    assert len(output.problems) == 1


def test_field_dynamic_lookup_without_callback_says_so() -> None:
    output = map_fields({"a": 1}, field("a", lookupName="cc"), lookups=({"name": "cc"},))

    assert isinstance(output, MappingError)
    assert output.code == "lookup_unavailable"


@pytest.mark.parametrize("block", ["netsuite_da", "http", "rdbms", "salesforce", "file", "wrapper"])
def test_field_lookups_are_found_inside_adaptor_blocks(block: str) -> None:
    doc = {"mapping": {"fields": [field("a", lookupName="cc")]}, block: {"lookups": [COUNTRIES]}}

    assert map_records([{"a": "US"}], doc) == [{"x": "United States"}]


def test_field_mapping_inside_netsuite_block_is_used() -> None:
    doc = {"netsuite_da": {"mapping": {"fields": [field("a")]}}}

    assert map_records([{"a": 1}], doc) == [{"x": 1}]
    assert compile_mapping(doc).rules[0].path == "netsuite_da.mapping.fields[0]"


@pytest.mark.parametrize(
    ("data_type", "value", "expected"),
    [
        ("number", "12", 12),
        ("number", " 12.5 ", 12.5),
        ("number", "1e3", 1000),
        ("number", 7, 7),
        ("number", ["1", 2], [1, 2]),
        ("number", "", ""),
        ("number", None, None),
        ("boolean", "TRUE", True),
        ("boolean", "f", False),
        ("boolean", "1", True),
        ("boolean", 0, False),
        ("string", 12, "12"),
        ("string", 5.0, "5"),
        ("string", True, "true"),
        ("string", {"a": 1}, '{"a":1}'),
        ("string", [1, "a"], ["1", "a"]),
        ("numberarray", "4", [4]),
        ("numberarray", ["1", "2.5"], [1, 2.5]),
        ("stringarray", 4, ["4"]),
        ("stringarray", [1, True], ["1", "true"]),
        (None, [1], [1]),
    ],
    ids=str,
)
def test_field_cast_gives_type(data_type: str | None, value: Any, expected: Any) -> None:
    output = map_fields({"a": value}, field("a", dataType=data_type))

    assert output == {"x": expected}
    assert type(output["x"]) is type(expected)


@pytest.mark.parametrize(
    ("data_type", "value"),
    [("number", "abc"), ("number", "0x10"), ("number", True), ("number", {}), ("boolean", "yes"), ("boolean", 2)],
)
def test_field_cast_that_cannot_be_fails_record_as_mapping(data_type: str, value: Any) -> None:
    output = map_fields({"a": value}, field("a", dataType=data_type))

    assert isinstance(output, MappingError)
    assert (output.source, output.code, output.value) == ("mapping", "type_refused", value)
    assert output.message.startswith("Mapper 1.0: x: You can't map ")


@pytest.mark.parametrize(
    ("members", "value", "expected"),
    [
        ({"extractDateFormat": "MM/DD/YYYY", "generateDateFormat": "YYYY-MM-DD"}, "03/09/2024", "2024-03-09"),
        ({"generateDateFormat": "YYYY"}, "2024-03-09T00:00:00Z", "2024"),
        ({"extractDateFormat": "YYYY-MM-DD"}, "2024-03-09", "2024-03-09T00:00:00.000Z"),
        ({"extractDateFormat": "ISO8601", "generateDateFormat": "MM/DD/YYYY"}, "2024-03-09", "03/09/2024"),
        ({"generateDateFormat": "ISO8601"}, 0, "1970-01-01T00:00:00.000Z"),
        (
            {"extractDateFormat": "YYYY-MM-DD HH:mm", "extractDateTimezone": "US/Eastern", "generateDateFormat": "HH"},
            "2024-07-01 05:00",
            "05",
        ),
        (
            {
                "extractDateFormat": "YYYY-MM-DD HH:mm",
                "extractDateTimezone": "America/New_York",
                "generateDateFormat": "HH",
                "generateDateTimezone": "UTC",
            },
            "2024-07-01 05:00",
            "09",
        ),
        ({"exportDateFormat": "DD.MM.YYYY", "importDateFormat": "YYYYMMDD"}, "09.03.2024", "20240309"),
        ({"generateDateFormat": "YYYY", "dataType": "string"}, "2024-01-01", "2024"),
        ({"generateDateFormat": "YYYY", "dataType": "number"}, "2024-01-01", 2024),
        ({"generateDateFormat": "YYYY"}, ["2024-01-01", "2023-01-01"], ["2024", "2023"]),
        ({"generateDateFormat": "YYYY"}, "", ""),
        ({"generateDateFormat": "YYYY"}, None, None),
    ],
    ids=str,
)
def test_field_date_is_rewritten(members: dict[str, Any], value: Any, expected: Any) -> None:
    assert map_fields({"a": value}, field("a", **members)) == {"x": expected}


@pytest.mark.parametrize("value", ["no date", True, {"a": 1}, ["2024-01-01", "no date"]])
def test_field_date_that_cannot_be_read_fails_record(value: Any) -> None:
    output = map_fields({"a": value}, field("a", generateDateFormat="YYYY"))

    assert isinstance(output, MappingError)
    assert (output.source, output.code) == ("mapping", "date_invalid")


def test_field_time_only_takes_day_from_clock() -> None:
    one = field("a", extractDateFormat="HH:mm", generateDateFormat="YYYY-MM-DD HH:mm")

    output = map_fields({"a": "05:06"}, one, now=lambda: datetime(2031, 2, 3, 12, tzinfo=timezone.utc))

    assert output == {"x": "2031-02-03 05:06"}


def test_field_template_that_fails_is_the_records_error() -> None:
    good, bad = map_records(
        [{"a": "[1]"}, {"a": "["}], {"mapping": {"fields": [field("{{jsonParse a}}"), field("a", generate="y")]}}
    )

    assert good["y"] == "[1]"
    assert isinstance(bad, MappingError)
    assert (bad.source, bad.code) == ("mapping", "template_error")


def test_fields_all_failures_of_a_record_are_told() -> None:
    output = map_fields(
        {"a": "x"},
        field("a", dataType="number"),
        field("a", generate="y", dataType="boolean"),
        field("a", generate="z"),
    )

    assert isinstance(output, MappingError)
    assert [problem.field for problem in output.problems] == ["mapping.fields[0]", "mapping.fields[1]"]


def test_fields_keep_their_order_and_share_nested_objects() -> None:
    output = map_fields(
        {"a": 1, "b": 2, "c": 3}, field("a", generate="z"), field("b", generate="o.p"), field("c", generate="o.q.r")
    )

    assert list(output) == ["z", "o"]
    assert output == {"z": 1, "o": {"p": 2, "q": {"r": 3}}}


def test_fields_value_and_object_at_one_place_later_rule_wins() -> None:
    rules = (field("a", generate="o"), field("b", generate="o.p"))

    assert map_fields({"a": 1, "b": 2}, *rules) == {"o": {"p": 2}}
    assert map_fields({"a": {"q": 1}, "b": 2}, *rules) == {"o": {"q": 1, "p": 2}}
    assert map_fields({"a": 1}, *rules) == {"o": 1}


@pytest.mark.parametrize(
    ("doc", "code", "path"),
    [
        ({"mapping": {"fields": [{"extract": "a"}]}}, "missing_generate", "mapping.fields[0].generate"),
        (
            {"mapping": {"fields": [{"generate": "a", "lookupName": "l"}]}, "lookups": [{"name": "l", "map": {}}]},
            "missing_extract",
            "mapping.fields[0].extract",
        ),
        ({"mapping": {"fields": [field("a", generate="x[1000]")]}}, "too_large", "mapping.fields[0].generate"),
        (
            {"mapping": {"fields": [field("a", dataType="numberarray", default="[1, b]")]}},
            "bad_default",
            "mapping.fields[0].default",
        ),
        ({"mapping": {"fields": [field("a"), field("b")]}}, "duplicate_generate", "mapping.fields[1].generate"),
        ({"mapping": {"fields": [field("a..b")]}}, "bad_path", "mapping.fields[0].extract"),
        ({"mapping": {"fields": [field("{{a")]}}, "bad_template", "mapping.fields[0].extract"),
        ({"mapping": {"fields": [field("a", lookupName="q")]}}, "dangling_lookup", "mapping.fields[0].lookupName"),
        ({"mapping": {"fields": [field("a", dataType="date")]}}, "bad_data_type", "mapping.fields[0].dataType"),
        (
            {"mapping": {"fields": [field("a", conditional={"when": "sunday"})]}},
            "bad_condition",
            "mapping.fields[0].conditional.when",
        ),
        ({"mapping": {"fields": [field("a", extractDateTimezone="Mars/Base")]}}, "bad_date", "mapping.fields[0]"),
        ({"mapping": {"fields": ["a"]}}, "not_an_object", "mapping.fields[0]"),
        ({"mapping": {"fields": {"a": 1}}}, "not_a_list", "mapping.fields"),
        ({"mapping": {"fields": [field("a", default=[1])]}}, "bad_default", "mapping.fields[0].default"),
        (
            {"mapping": {"fields": [field(hardCodedValue={})]}},
            "bad_hard_coded_value",
            "mapping.fields[0].hardCodedValue",
        ),
        ({"mapping": {"lists": [{"fields": []}]}}, "missing_generate", "mapping.lists[0].generate"),
        (
            {"mapping": {"lists": [{"generate": "l", "fields": [field("a[*]"), field("b[*]")]}]}},
            "duplicate_generate",
            "mapping.lists[0].fields[1].generate",
        ),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_fields_document_that_cannot_work_is_refused_with_path(doc: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compile_mapping(doc)

    assert (code, path) in [(problem.code, problem.field) for problem in caught.value.problems]
    assert path in str(caught.value)


def test_fields_every_problem_of_a_document_is_told() -> None:
    fields = [{"extract": f"x{place}"} for place in range(8)]

    with pytest.raises(DocumentError, match=r"8 problems.*and 3 more") as caught:
        compile_mapping({"mapping": {"fields": fields}})

    assert len(caught.value.problems) == 8


@pytest.mark.parametrize("doc", [{}, {"mapping": {"fields": [], "lists": []}}, {"mappings": []}, {"mapping": None}])
def test_fields_no_mapping_lets_records_pass(doc: dict[str, Any]) -> None:
    assert map_records([{"a": 1}, [{"b": 1}]], doc) == [{"a": 1}, [{"b": 1}]]


def sub_record(**members: Any) -> dict[str, Any]:
    return {"generate": "detail", "subRecordMapping": {"recordType": "inventorydetail", **members}}


def test_field_sub_record_is_an_object_of_its_own_mapping() -> None:
    lookups = [{"name": "l", "map": {"1": "one"}}]
    fields = [field("a", generate="n", dataType="number"), field("b", generate="o.p", lookupName="l")]
    rule = sub_record(mapping={"fields": fields, "lists": []}, lookups=lookups)

    assert map_fields({"a": "5", "b": 1}, field("a"), rule) == {"x": "5", "detail": {"n": 5, "o": {"p": "one"}}}
    assert map_fields({}, rule) == {}


@pytest.mark.parametrize("record", [{"d": {"a": 1}}, {"d": [{"a": 1}, {"a": 2}]}])
def test_field_sub_record_json_path_makes_extracts_relative(record: dict[str, Any]) -> None:
    rule = sub_record(jsonPath="d", mapping={"fields": [field("a", generate="n")]})

    assert map_fields(record, rule) == {"detail": {"n": 1}}


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        ({"fields": [sub_record()]}, "mapping.fields[0].subRecordMapping"),
        (
            {"fields": [sub_record(mapping={"fields": [{"extract": "a"}]})]},
            "mapping.fields[0].subRecordMapping.mapping.fields[0].generate",
        ),
        (
            {"lists": [{"generate": "l", "fields": [sub_record()]}]},
            "mapping.lists[0].fields[0].subRecordMapping",
        ),
    ],
)
def test_field_sub_record_that_cannot_work_is_refused_with_path(mapping: dict[str, Any], path: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compile_mapping({"mapping": mapping})

    assert [problem.field for problem in caught.value.problems] == [path]


def test_field_sub_records_nested_beyond_reason_are_refused() -> None:
    rule = field("a")
    for _ in range(500):
        rule = sub_record(mapping={"fields": [rule]})

    with pytest.raises(DocumentError, match="deep"):
        compile_mapping({"mapping": {"fields": [rule]}})
