"""Rules as rows of an import document, and edits that leave the old document alone."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from support.forms import CASES
from support.generated_mappings import Generator
from support.soak import runs, seed

from celigo_pandas.documents import rule_editing as rules
from celigo_pandas.documents.lookup_editing import (
    add_lookup,
    lookup_names,
    lookups,
    remove_lookup,
    set_lookup,
    table_text,
)
from celigo_pandas.documents.mapping_documents import MappingDocument
from celigo_pandas.documents.rule_rows import find_rule, iter_rules, rule_rows
from celigo_pandas.documents.rule_sources import set_how, set_source
from celigo_pandas.documents.written_rules import remove_written, set_rule
from celigo_pandas.errors import DocumentError
from celigo_pandas.mapping import compile_mapping

FIRST: dict[str, Any] = {
    "mapping": {
        "fields": [{"generate": "name", "extract": "customer.name"}, {"generate": "kind", "hardCodedValue": "A"}],
        "lists": [{"generate": "items", "fields": [{"generate": "sku", "extract": "lines[*].code"}]}],
    }
}
SECOND: dict[str, Any] = {
    "mappings": [
        {"generate": "name", "dataType": "string", "extract": "$.customer.name", "status": "Active"},
        {
            "generate": "lines",
            "dataType": "objectarray",
            "status": "Active",
            "buildArrayHelper": [
                {
                    "extract": "$.lines[*]",
                    "mappings": [{"generate": "sku", "dataType": "string", "extract": "$.lines.s", "status": "Active"}],
                }
            ],
        },
        {
            "generate": "to",
            "dataType": "object",
            "status": "Active",
            "mappings": [{"generate": "city", "dataType": "string", "extract": "Berlin", "status": "Active"}],
        },
    ]
}


def documented() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for line in (CASES / "mapping.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if case.get("kind") == "transform":
            continue
        doc = {"mapping": case["mapping"]} if case["mapper"] == 1 else dict(case["mapping"])
        found.append((case["id"], {**doc, "lookups": case.get("lookups") or []}))
    return found


@pytest.mark.parametrize(("id", "doc"), documented(), ids=lambda value: value if isinstance(value, str) else "")
def test_rows_of_a_documented_mapping_are_the_rules_it_compiles_to(id: str, doc: dict[str, Any]) -> None:
    try:
        compiled = compile_mapping(doc)
    except DocumentError:
        return

    paths = {row.path for row in rule_rows(doc)}

    # A sub-record is one row; the rules of its own mapping lie inside it.
    assert {rule.path.partition(".subRecordMapping")[0] for rule in compiled.rules} <= paths
    assert MappingDocument.of(doc).dialect == compiled.dialect


def test_rows_tell_kind_depth_and_source() -> None:
    assert [(row.path, row.depth, row.kind, row.how, row.source) for row in rule_rows(SECOND)] == [
        ("mappings[0]", 0, "value", "field", "$.customer.name"),
        ("mappings[1]", 0, "array", "field", ""),
        ("mappings[1].buildArrayHelper[0]", 1, "helper", "field", "$.lines[*]"),
        ("mappings[1].buildArrayHelper[0].mappings[0]", 2, "value", "field", "$.lines.s"),
        ("mappings[2]", 0, "object", "field", ""),
        ("mappings[2].mappings[0]", 1, "value", "fixed", "Berlin"),
    ]
    assert [(row.path, row.depth, row.kind, row.how) for row in rule_rows(FIRST)] == [
        ("mapping.fields[0]", 0, "value", "field"),
        ("mapping.fields[1]", 0, "value", "fixed"),
        ("mapping.lists[0]", 0, "list", "field"),
        ("mapping.lists[0].fields[0]", 1, "value", "field"),
    ]


def test_rows_of_a_netsuite_import_are_found_in_its_block() -> None:
    doc = {"netsuite_da": {"mapping": FIRST["mapping"]}, "adaptorType": "NetSuiteDistributedImport"}

    assert rule_rows(doc)[0].path == "netsuite_da.mapping.fields[0]"
    changed = set_source(doc, "netsuite_da.mapping.fields[0]", "x")
    assert changed["netsuite_da"]["mapping"]["fields"][0]["extract"] == "x"


@pytest.mark.parametrize(
    ("doc", "path", "how", "expected"),
    [
        (FIRST, "mapping.fields[0]", "template", {"generate": "name", "extract": "{{customer.name}}"}),
        (FIRST, "mapping.fields[0]", "fixed", {"generate": "name", "hardCodedValue": "customer.name"}),
        (FIRST, "mapping.fields[1]", "field", {"generate": "kind", "extract": "A"}),
        (SECOND, "mappings[0]", "template", {"extract": "{{record.customer.name}}"}),
        (SECOND, "mappings[0]", "fixed", {"extract": "customer.name"}),
        (SECOND, "mappings[0]", "lookup", {"extract": "$.customer.name", "lookupName": "kinds"}),
        (SECOND, "mappings[2].mappings[0]", "field", {"extract": "$.Berlin"}),
    ],
)
def test_how_keeps_what_of_the_source_still_makes_sense(
    doc: dict[str, Any], path: str, how: str, expected: dict[str, Any]
) -> None:
    before = copy.deepcopy(doc)

    changed = set_how(doc, path, how, "kinds")

    [row] = [row for row in rule_rows(changed) if row.path == path]
    assert row.how == how
    assert {name: row.entry.get(name) for name in expected} == expected
    assert doc == before


def test_how_there_and_back_is_the_same_source() -> None:
    there = set_how(SECOND, "mappings[0]", "template")

    assert set_how(there, "mappings[0]", "field") == SECOND


@pytest.mark.parametrize("text", ["$5 off", "$.a", "{{x", ""])
def test_fixed_text_that_could_be_misread_goes_where_it_cannot(text: str) -> None:
    doc = set_how(SECOND, "mappings[0]", "fixed")

    changed = rules.set_member(rules.set_member(doc, "mappings[0]", "extract", None, remove=True),
                                   "mappings[0]", "hardCodedValue", "x")  # fmt: skip
    changed = set_source(changed, "mappings[0]", text)

    if "{{" not in text:
        assert rule_rows(changed)[0].how == "fixed"
        assert rule_rows(changed)[0].source == text
        assert compile_mapping(changed).evaluate([{"customer": {"name": "n"}}])[0].get("name") == text
    else:
        assert rule_rows(changed)[0].how == "template"


def test_add_below_each_kind_of_rule() -> None:
    doc, path = rules.add_rule(SECOND, "mappings[1].buildArrayHelper[0]")
    assert path == "mappings[1].buildArrayHelper[0].mappings[1]"
    doc, path = rules.add_rule(doc, "mappings[2]", "object")
    assert path == "mappings[2].mappings[1]"
    doc, path = rules.add_rule(doc, "mappings[1]")
    assert path == "mappings[1].buildArrayHelper[1]"
    doc, path = rules.add_rule(FIRST, "mapping.lists[0]")
    assert path == "mapping.lists[0].fields[1]"
    doc, path = rules.add_rule({"adaptorType": "SalesforceImport"}, None)
    assert (doc["mapping"], path) == ({"fields": [{"generate": "", "extract": ""}]}, "mapping.fields[0]")
    doc, path = rules.add_rule({}, None, "array")
    assert doc["mappings"][0]["dataType"] == "objectarray"
    with pytest.raises(DocumentError, match="no rules below"):
        rules.add_rule(FIRST, "mapping.fields[0]")


def test_remove_duplicate_and_move_keep_the_others() -> None:
    before = copy.deepcopy(SECOND)

    doc, twin = rules.duplicate_rule(SECOND, "mappings[0]")
    assert twin == "mappings[1]"
    assert [entry["generate"] for entry in doc["mappings"]] == ["name", "name_2", "lines", "to"]
    doc, twin = rules.duplicate_rule(doc, "mappings[0]")
    assert doc["mappings"][1]["generate"] == "name_3"
    doc, path = rules.move_rule(doc, "mappings[0]", 99)
    assert path == "mappings[4]"
    doc = rules.remove_rule(doc, "mappings[1]")
    assert [entry["generate"] for entry in doc["mappings"]] == ["name_3", "lines", "to", "name"]
    assert before == SECOND
    with pytest.raises(DocumentError, match="no rule at"):
        rules.remove_rule(doc, "mappings[9]")


def test_lookups_are_found_in_every_block_and_renamed_with_their_rules() -> None:
    doc = {**SECOND, "lookups": [{"name": "a", "map": {"x": "1"}}], "http": {"lookups": [{"name": "b"}]}}
    doc = set_how(doc, "mappings[0]", "lookup", "b")

    renamed = set_lookup(doc, "b", "name", "new")

    assert lookup_names(renamed) == ["a", "new"]
    assert renamed["mappings"][0]["lookupName"] == "new"
    assert lookup_names(doc) == ["a", "b"]
    with pytest.raises(DocumentError, match="no new name"):
        set_lookup(doc, "b", "name", "a")


def test_lookup_table_text_is_read_back() -> None:
    doc, name = add_lookup({})
    for table in ({"UA": "United", "1": ""}, {"a=b": "x"}, {" blank ": "y"}, {"n": 1, "o": None}, {}):
        doc = set_lookup(doc, name, "map", table_text(table) or "{}")
        assert lookups(doc)[0]["map"] == table


def test_lookup_table_line_without_a_sign_is_refused() -> None:
    doc, name = add_lookup({})

    with pytest.raises(DocumentError, match="no '='"):
        set_lookup(doc, name, "map", "UA = United\nAA")


def test_lookup_of_a_netsuite_import_goes_into_its_block() -> None:
    doc, name = add_lookup({"netsuite_da": {"mapping": {}}, "lookups": []})

    assert doc["netsuite_da"]["lookups"][0]["name"] == name
    assert remove_lookup(doc, name)["netsuite_da"]["lookups"] == []


LOOSE: dict[str, Any] = {
    "mappings": [
        {
            "generate": "tags",
            "dataType": "objectarray",
            "buildArrayHelper": {"extract": "$.t[*]", "mappings": [{"generate": "t"}]},
        },
        {"generate": "wrong", "dataType": "string", "mappings": [{"generate": "below", "extract": "$.a"}]},
        {
            "generate": "both",
            "dataType": "object",
            "mappings": [{"generate": "x"}],
            "buildArrayHelper": [{"extract": "$.b"}],
        },
        7,
        {"generate": "a.b", "status": "Draft"},
        {"generate": "a.b", "status": "Active"},
    ]
}


def test_whatever_lies_in_a_document_is_a_row_with_its_place_and_what_it_writes() -> None:
    assert [(row.path, row.kind, row.writes) for row in rule_rows(LOOSE)] == [
        ("mappings[0]", "array", "tags"),
        ("mappings[0].buildArrayHelper[0]", "helper", "tags[*]"),
        ("mappings[0].buildArrayHelper[0].mappings[0]", "value", "tags[*].t"),
        ("mappings[1]", "value", "wrong"),
        ("mappings[1].mappings[0]", "value", "wrong.below"),
        ("mappings[2]", "object", "both"),
        ("mappings[2].mappings[0]", "value", "both.x"),
        ("mappings[2].buildArrayHelper[0]", "helper", "both[*]"),
        ("mappings[4]", "value", "a\\.b"),
        ("mappings[5]", "value", "a\\.b"),
    ]
    assert [path for path, _ in iter_rules(LOOSE)] == [
        *("tags", "tags[*].t", "wrong", "wrong.below", "both", "both.x"),
        *("a\\.b", "a\\.b"),
    ]
    found = find_rule(LOOSE, "a\\.b")
    assert found is not None
    assert found.path == "mappings[5]", "a draft stands back"


def test_a_helper_without_a_list_gets_one_when_it_is_edited() -> None:
    by_place = set_source(LOOSE, "mappings[0].buildArrayHelper[0]", "$.u[*]")
    by_name = set_rule(LOOSE, "tags[*].more", {"extract": "$.m"})

    assert by_place["mappings"][0]["buildArrayHelper"][0]["extract"] == "$.u[*]"
    assert by_name["mappings"][0]["buildArrayHelper"][0]["mappings"][1]["generate"] == "more"
    assert isinstance(LOOSE["mappings"][0]["buildArrayHelper"], dict)


@pytest.mark.parametrize(
    ("doc", "parent", "place"),
    [
        ({"mappings": {"a": 1}}, None, "mappings must be a list"),
        ({"mapping": {"fields": "x"}}, None, r"mapping\.fields must be a list"),
        ({"mappings": [{"dataType": "object", "mappings": "x"}]}, "mappings[0]", r"mappings\[0\]\.mappings must"),
    ],
)  # fmt: skip
def test_an_edit_replaces_nothing_that_stands_where_a_list_belongs(
    doc: dict[str, Any], parent: str | None, place: str
) -> None:
    with pytest.raises(DocumentError, match=place):
        rules.add_rule(doc, parent)


@pytest.mark.soak
def test_an_edit_by_place_is_the_edit_by_what_is_written_and_leaves_the_old_document() -> None:
    generator = Generator(seed("rule editing"))
    chosen = generator.random
    edited = 0
    for _ in range(runs(60, 2_000)):
        doc = generator.document()
        before = copy.deepcopy(doc)
        written = [row for row in rule_rows(doc) if row.kind not in ("helper", "list")]
        for row in chosen.sample(written, min(3, len(written))):
            changes = {"description": "new", "extract": ..., "conditional": {"when": "extract_not_empty"}}
            if find_rule(doc, row.writes) != row:
                continue
            by_place, by_name = rules.set_members(doc, row.path, changes), set_rule(doc, row.writes, changes)
            assert by_place == by_name
            assert rules.remove_rule(doc, row.path) == remove_written(doc, row.writes)
            assert [one.writes for one in rule_rows(by_name)] == [one.writes for one in rule_rows(doc)]
            edited += 1
        assert doc == before

    assert edited
