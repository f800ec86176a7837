"""From Mapper 1.0 to 2.0: what the document alone decides is equal or refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from support.mapping import entry

from celigo_pandas.errors import DocumentError
from celigo_pandas.mapping import map_records
from celigo_pandas.mapping.explain.upgrade import upgrade

LINES = {"l": [{"s": "1"}, {"s": "2"}], "n": "7", "o": {"no": "8"}}
NESTED = {"a": [{"n": "1", "b": [{"s": "1"}, {"s": "2"}]}, {"n": "2", "b": [{"s": "3"}]}]}


def field(
    generate: str, extract: str | None = None, data_type: str | None = "string", **members: Any
) -> dict[str, Any]:
    made = {"generate": generate, "extract": extract, "dataType": data_type, **members}
    return {name: value for name, value in made.items() if value is not None}


def document(*fields: dict[str, Any], lines: list[dict[str, Any]] | None = None, **members: Any) -> dict[str, Any]:
    lists = [] if lines is None else [{"generate": "o", "fields": lines}]
    return {"mapping": {"fields": list(fields), "lists": lists}, **members}


@pytest.mark.parametrize(
    ("doc", "record"),
    [
        (document(field("x", "a", exportDateFormat="MM/DD/YYYY", importDateFormat="YYYY")), {"a": "01/02/2024"}),
        (
            document(field("x", "a", None, exportDateTimeZone="UTC", importDateTimeZone="Asia/Tokyo")),
            {"a": "2024-01-01T20:00:00Z"},
        ),
        (document(lines=[field("s.t", "l[*].s"), field("s.u", "n"), field("v", "l[*]", discardIfEmpty=True)]), LINES),
        (document(lines=[field("s", "$.l[*].s"), field("n", "$.o.no")]), LINES),
        (document(lines=[field("s", "a[0].b[*].s")]), NESTED),
        (document(lines=[field("s", "a[*].b[*].s")]), NESTED),
        (document(field("q.i[*].s", "l[*].s"), field("q.i[*].n", "n")), LINES),
        (document(field("x", r'["a\"b"]', None), field("y", "['a\"b']")), {'a"b': "v"}),
        (document(field("x", "$.a"), field("y", "$['c d'].[e\\]f]")), {"a": "1", "c d": {"e]f": "2"}}),
        (document(field("x", "a['*']"), field("y", "a['0']")), {"a": {"*": "1", "0": "2"}}),
        (document(field("x", "a", "number", default="")), {"a": None}),
        (document(field("x", None, None, hardCodedValue=5), field("y", None, None, hardCodedValue="5")), {}),
        (
            document(field("x", "a", hardCodedValue="h", lookupName="L"), lookups=[{"name": "L", "map": {"1": "one"}}]),
            {"a": "1"},
        ),
        (document(field("x", "a", discardIfEmpty="no")), {"a": ""}),
    ],
)
def test_upgraded_document_maps_the_same(doc: dict[str, Any], record: Any) -> None:
    before = map_records([record], doc)

    assert map_records([record], upgrade(doc)) == before
    assert isinstance(before[0], dict)
    assert before[0]


def test_upgraded_list_over_the_elements_of_a_json_path_maps_the_same() -> None:
    record = {"o": [{"lines": [{"s": {"t": "1"}}, {"s": {"t": "2"}}]}]}
    lines = {"generate": "i", "jsonPath": "o[0].lines[*]", "fields": [field("s", "s.t"), field("c", '["c"]')]}
    doc = {"mapping": {"lists": [lines]}}

    assert map_records([record], upgrade(doc)) == map_records([record], doc) == [
        {"i": [{"s": "1", "c": "c"}, {"s": "2", "c": "c"}]}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("doc", "path"),
    [
        (document(field("x", "a", "number", default="none")), "mapping.fields[0]"),
        (document(field("x", "a", "number", default="0")), "mapping.fields[0]"),
        (document(field("street[0]", "a")), "mapping.fields[0]"),
        (document(field("tags[*]", "a")), "mapping.fields[0]"),
        (document(field("i[*].s", "l[*].s"), field("i[*].t[1]", "l[*].t")), "mapping.fields[1]"),
        (document(field("i[0].l[*].s", "l[*].s")), "mapping"),
        (document(lines=[field("s", "l[*].s"), field("f", "n", useFirstRow=True)]), "mapping.lists[0].fields[1]"),
        (document(lines=[field("s", "l[*].s"), field("f", "l[0].s")]), "mapping.lists[0].fields[1]"),
        (document(lines=[field("s", "l[*].s"), field("f", "l.length", "number")]), "mapping.lists[0].fields[1]"),
        (document(lines=[field("s", "a[*].b[*].s"), field("f", "a[0].n")]), "mapping.lists[0].fields[1]"),
        (document(lines=[field("s", "o.l[*].s"), field("f", "o")]), "mapping.lists[0].fields[1]"),
        (document(lines=[field("s", "*.s")]), "mapping.lists[0].fields[0]"),
        (document(lines=[field("s", "n")]), "mapping.lists[0]"),
        (document(field("x", "a"), field("x.y", "b")), "mapping.fields[1]"),
        (document(field("x.y", "a"), field("x", "b")), "mapping.fields[1]"),
        (document(field("x", "1.a")), "mapping.fields[0]"),
        (document(field("x", "_PARENT.a")), "mapping.fields[0]"),
        (document(field("x", "a", conditional={"when": "ignore_if_set"})), "mapping.fields[0]"),
        (
            document(field("x", "a", lookupName="L"), lookups=[{"name": "L", "map": {"": "none"}}]),
            "mapping.fields[0]",
        ),
    ],
)
def test_what_has_no_equal_is_refused_at_its_place(doc: dict[str, Any], path: str) -> None:
    with pytest.raises(DocumentError, match="No equal") as caught:
        upgrade(doc)

    assert [(problem.code, problem.field) for problem in caught.value.problems] == [("no_equal", path)]


@pytest.mark.parametrize("adaptor", ["NetSuiteDistributedImport", "SalesforceImport"])
def test_adaptor_that_takes_mapper_1_only_is_refused(adaptor: str) -> None:
    with pytest.raises(DocumentError, match=adaptor):
        upgrade(document(field("x", "a"), adaptorType=adaptor))


def test_document_that_cannot_be_compiled_is_refused_with_its_problems() -> None:
    with pytest.raises(DocumentError, match="generate is missing"):
        upgrade({"mapping": {"fields": [{"extract": "a"}]}})


def test_field_that_was_never_filled_in_is_left_out() -> None:
    assert upgrade(document({"generate": "x"}, field("y", "a")))["mappings"] == [entry("y", "string", "$.a")]


def test_array_default_as_one_text_is_equal_in_both() -> None:
    doc = document(field("x", "a", "numberarray", default="1, 2"))

    assert map_records([{}], upgrade(doc)) == map_records([{}], doc) == [{"x": [1, 2]}]


def test_list_without_a_name_stays_the_rows_that_the_record_becomes() -> None:
    lines = [field("s", "l[*].s"), field("n", "n", discardIfEmpty="true")]
    doc = {"mapping": {"lists": [{"generate": "", "fields": lines}]}}
    upgraded = upgrade(doc)

    assert map_records([LINES, {**LINES, "n": ""}], upgraded) == map_records([LINES, {**LINES, "n": ""}], doc)
    assert map_records([LINES], upgraded) == [[{"s": "1", "n": "7"}, {"s": "2", "n": "7"}]]
