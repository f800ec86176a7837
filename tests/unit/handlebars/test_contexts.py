"""What templates see of records, the same whoever renders them."""

from __future__ import annotations

from typing import Any

import pytest

from celigo_pandas.handlebars import render
from celigo_pandas.handlebars.contexts import (
    Rows,
    batch_context,
    lookup_context,
    mapper_one_context,
    mapper_two_context,
    record_context,
    surroundings,
)

ONE = {"id": 7, "name": "Ann"}
GROUPED = [{"id": 1}, {"id": 2}]
AROUND = surroundings("import", {"name": "Orders in", "settings": {"shop": "A"}}, {"settings": {"region": "EU"}})


@pytest.mark.parametrize(
    "text",
    [
        *("{{record.id}}", "{{id}}", "{{data.id}}", "{{data.0.id}}", "{{data.[0].id}}", "{{[0].id}}"),
        "{{#each data}}{{id}}{{/each}}",
    ],
)
def test_a_record_is_found_under_the_names_of_both_engines(text: str) -> None:
    assert render(text, record_context(ONE, AROUND)) == "7"
    assert render(text, batch_context([ONE], AROUND)) == "7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{rows.id}} {{rows.[1].id}} {{rows.length}}", "1 2 2"),
        ("{{id}}", "1"),
        ("{{#each rows}}{{id}};{{/each}}", "1;2;"),
    ],
)
def test_rows_of_a_grouped_record_are_found_alike(text: str, expected: str) -> None:
    assert render(text, record_context(GROUPED, AROUND)) == expected
    assert render(text, mapper_one_context(GROUPED, AROUND)) == expected


def test_a_batch_has_all_records_beside_the_first() -> None:
    context = batch_context([ONE, {"id": 8}], AROUND)

    assert render("{{#each batch_of_records}}{{record.id}};{{/each}}", context) == "7;8;"
    assert render("{{#each data}}{{id}};{{/each}}{{data.length}} {{id}}", context) == "7;8;2 7"
    assert batch_context([], AROUND) == {**AROUND, "data": [], "batch_of_records": []}


def test_a_field_hides_surroundings_from_mapper_one_alone() -> None:
    record = {"settings": "mine"}

    assert render("{{settings}}", mapper_one_context(record, AROUND)) == "mine"
    assert render("{{settings.import.shop}}", record_context(record, AROUND)) == "A"
    assert render("{{settings.import.shop}}{{record.settings}}", mapper_two_context(record, AROUND)) == "Amine"


def test_surroundings_hold_the_document_under_its_kind() -> None:
    text = "{{import.name}} {{settings.import.shop}} {{settings.connection.region}} {{testMode}}"

    assert render(text, AROUND) == "Orders in A EU false"
    assert surroundings("export", {"type": "test"}, {})["testMode"] is True


@pytest.mark.parametrize("mapper", [mapper_one_context, mapper_two_context])
@pytest.mark.parametrize("record", [ONE, {}, 5, None])
def test_a_lookup_sees_the_record_whichever_mapper_asks(mapper: Any, record: Any) -> None:
    seen = lookup_context({**mapper(record, AROUND), "lookupKey": "k"}, AROUND)

    assert seen["record"] == record
    assert seen["data"] == [record]
    assert isinstance(seen["data"], Rows)
    assert seen["lookupKey"] == "k"
