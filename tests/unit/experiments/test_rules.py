"""Editing by path, in both dialects, and the upgrade from one to the other."""

from __future__ import annotations

import pandas as pd
import pytest

from celigo_pandas import Mapping, build
from celigo_pandas.errors import ConfigError, DocumentError

ORDERS = pd.DataFrame(
    {
        "id": [1, 2, 3],
        "cust": [{"name": "Ann", "zip": "01234"}, {"name": "Bo"}, {"name": "", "zip": None}],
        "lines": [[{"sku": "A", "qty": "2"}, {"sku": "B", "qty": "x1"[1:]}], [], [{"sku": "C", "qty": "5"}]],
        "at": ["2026-01-02", "2026-01-03", "2026-01-04"],
    }
)


def test_set_nests_objects_and_lists_by_path():
    mapping = (
        Mapping()
        .set("order.id", "$.id", data_type="number")
        .set("order.name", "$.cust.name", when="extract_not_empty")
        .set("items", "$.lines[*]", data_type="objectarray")
        .set("items[*].sku", "$.lines.sku")
        .set("items[*].qty", "$.lines.qty", data_type="number")
    )

    assert mapping.apply(ORDERS)[0] == {
        "order": {"id": 1, "name": "Ann"}, "items": [{"sku": "A", "qty": 2}, {"sku": "B", "qty": 1}],
    }  # fmt: skip
    assert mapping.apply(ORDERS)[2]["order"] == {"id": 3}


def test_set_dot_in_a_key_is_written_with_a_backslash():
    mapping = Mapping().set(r"a\.b", "$.id", data_type="number")

    assert mapping.apply(ORDERS)[0] == {"a.b": 1}
    assert r"a\.b" in mapping


def test_set_changes_only_the_named_members():
    mapping = Mapping().set("id", "$.id", data_type="number", default="0").set("id", "$.nr")

    assert mapping["id"] == {
        "generate": "id", "dataType": "number", "status": "Active", "extract": "$.nr", "default": "0",
    }  # fmt: skip


def test_set_of_a_field_in_a_list_that_is_not_there_says_how_to_add_it():
    with pytest.raises(DocumentError, match=r"no list items\[\*\] yet.*objectarray"):
        Mapping().set("items[*].sku", "$.lines.sku")


def test_set_below_a_text_is_refused():
    with pytest.raises(DocumentError, match="is a string"):
        Mapping().set("a", "$.id").set("a.b", "$.id")


def test_set_unknown_option_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"knows no datatype.*data_type"):
        Mapping().set("a", "$.id", datatype="number")


def test_mapper_1_fields_and_lists_are_edited_by_the_same_paths():
    mapping = (
        Mapping(dialect=1)
        .set("number", "id")
        .set("items[*].sku", "lines[*].sku")
        .set("items[*].order", "id")
        .set("kind", value="order")
    )

    assert mapping.dialect == 1
    assert mapping.apply(ORDERS)[0] == {
        "number": 1, "kind": "order", "items": [{"sku": "A", "order": 1}, {"sku": "B", "order": 1}],
    }  # fmt: skip
    assert mapping.remove("items[*].sku").apply(ORDERS)[0]["items"] == [{"order": 1}]


def test_from_import_takes_builders():
    document = build.http_import(
        "/x", mapping=[{"generate": "a", "dataType": "string", "extract": "$.id", "status": "Active"}]
    )

    assert Mapping.from_import(document).apply(ORDERS)[0] == {"a": "1"}


def test_builders_take_mappings():
    mapping = Mapping().set("a", "$.id")

    assert build.http_import("/x", mapping=mapping).to_dict()["mappings"] == mapping.to_import()["mappings"]


def test_upgrade_gives_the_same_records():
    old = (
        Mapping(dialect=1)
        .set("number", "id")
        .set("name", "cust.name", members={"discardIfEmpty": True})
        .set("ship.day", "at", data_type="string")
        .set("items[*].sku", "lines[*].sku")
        .set("items[*].qty", "lines[*].qty", data_type="number")
        .set("items[*].order", "id")
        .set("day", "at", generate_date_format="DD.MM.YYYY")
        .set("kind", '["order"]')
    )
    rows = ORDERS[ORDERS["lines"].str.len() > 0]
    new = old.upgrade(rows)

    assert new.dialect == 2
    assert new.apply(rows) == old.apply(rows)
    assert "mapping" not in new.to_import()
    assert new["number"]["dataType"] == "number"


def test_upgrade_refuses_by_name_what_has_no_equal():
    old = (
        Mapping(dialect=1)
        .set("plain", "id", data_type="number")
        .set("first", "lines[*].sku", data_type="string")
        .set("text", "{{id}}", data_type="string")
        .set("row", "*.id", data_type="string")
        .set("sub", "id", data_type="string", members={"immutable": True})
        .set("untyped", "id")
    )
    with pytest.raises(DocumentError) as caught:
        old.upgrade()

    named = {problem.message.split("'")[1] for problem in caught.value.problems}
    assert named == {"first", "text", "row", "sub", "untyped"}


def test_upgrade_that_maps_rows_differently_is_refused_with_the_row():
    # An empty list is left out by 1.0 and written as [] by 2.0.
    old = Mapping(dialect=1).set("items[*].sku", "lines[*].sku", data_type="string")

    with pytest.raises(DocumentError, match=r"items: record 1"):
        old.upgrade(ORDERS)


def test_upgrade_that_leaves_an_empty_object_is_refused():
    old = Mapping(dialect=1).set("ship.name", "cust.name", data_type="string", members={"discardIfEmpty": True})

    with pytest.raises(DocumentError, match=r"ship: record 2"):
        old.upgrade(ORDERS)


def test_upgrade_of_mapper_2_says_so():
    with pytest.raises(DocumentError, match="already"):
        Mapping().upgrade()


def test_saved_diff_shows_what_to_change():
    from celigo_pandas.experiments import diff_saved

    saved = Mapping().set("a", "$.id").set("b", "$.at").to_import()
    changes = diff_saved(saved, Mapping(saved).set("a", "$.nr").remove("b").set("c", "$.x"))

    found = {(row.rule, row.member, row.change) for row in changes.itertuples()}
    assert ("a", "extract", "changed") in found
    assert {rule for rule, _, change in found if change == "removed"} == {"b"}
    assert {rule for rule, _, change in found if change == "added"} == {"c"}
