"""What export and import documents may say, and what is refused before anything is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bson import DatetimeMS, ObjectId

from celigo_pandas.engine.adaptors.json_templates import record_context
from celigo_pandas.engine.adaptors.mongodb.documents import Refused, collection_of, member_of
from celigo_pandas.engine.adaptors.mongodb.notes import texts_compared
from celigo_pandas.engine.adaptors.mongodb.server_addresses import Address, addresses_of
from celigo_pandas.engine.adaptors.protocol import Outgoing, SourceFailure


def read(value: Any, context: Any = None, *, kinds: tuple[type, ...] = (dict,)) -> Any:
    member = member_of({"filter": value}, "export", "filter", *kinds)
    assert member is not None
    return member.read_safe(context or {})


def test_member_is_rendered_and_read_as_extended_json() -> None:
    found = read('{"_id": {"$oid": "{{id}}"}, "at": {"$gt": {"$date": "{{at}}"}}, "n": {{n}} }',
                 {"id": "0" * 24, "at": "1970-01-01T00:00:00.005Z", "n": 5})  # fmt: skip

    assert found == {"_id": ObjectId("0" * 24), "at": {"$gt": DatetimeMS(5)}, "n": 5}


def test_object_in_place_of_a_text_is_taken() -> None:
    assert read({"a": "{{x}}"}, {"x": '"'}) == {"a": '"'}


@pytest.mark.parametrize("name", ["$where", "$function", "$accumulator", "$out", "$merge", "$changeStream"])
@pytest.mark.parametrize(
    "form", ['{{"{}": 1}}', '{{"a": [{{"$and": [{{"{}": "x"}}]}}]}}', '{{"$expr": {{"b": {{"{}": {{}}}}}}}}']
)
def test_operator_that_runs_code_or_writes_is_refused_at_any_depth(name: str, form: str) -> None:
    with pytest.raises(Refused) as caught:
        read(form.format(name))

    assert caught.value.code == "operator_refused"
    assert name in caught.value.message


@pytest.mark.parametrize("template", ['{"{{key}}": "1"}', '{"a": {"{{{key}}}": "1"}}', '{ {{{jsonSerialize key}}} : 1}',
                                      '{"{{none}}{{key}}" : "1"}'])  # fmt: skip
@pytest.mark.parametrize("key", ["$where", "$gt", "$oid"])
def test_value_begins_no_operator(template: str, key: str) -> None:
    with pytest.raises(Refused, match="begin an operator"):
        read(template, {"key": key})


def test_operator_that_is_chosen_by_a_value_is_refused_where_it_runs_code() -> None:
    assert read('{"a": {"${{key}}": "1"}}', {"key": "gt"}) == {"a": {"$gt": "1"}}
    with pytest.raises(Refused, match="never sent"):
        read('{"${{key}}": "1"}', {"key": "where"})


@pytest.mark.parametrize(
    "hidden",
    [
        '{"$ref": "c", "$id": 1, "$where": "1"}',
        '{"a": {"$ref": "c", "$id": {"$ref": "c", "$id": 1, "b": {"$function": 1}}}}',
    ],
)
def test_reference_hides_no_operator(hidden: str) -> None:
    with pytest.raises(Refused, match="never sent"):
        read(f'{{"$and": [{hidden}]}}')


@pytest.mark.parametrize("value", ["$c", "$$ROOT", "$"])
@pytest.mark.parametrize("template", [
    '[{"$match": {"$expr": {"$eq": ["$c", "{{x}}"]}}}]', '[{"$set": {"a": "{{{x}}}"}}]',
    '[{"$set": {"a": "{{y}}{{x}}"}}]', '[{"$set": {"a": {{{jsonSerialize x}}} }}]',
    '[{"$set": {"a": {{{jsonSerialize in}}} }}]', '{"$expr": {"$eq": ["$c", "{{x}}"]}}', ' [{"$set": {"{{x}}": 1}}]',
])  # fmt: skip
def test_value_is_no_expression(template: str, value: str) -> None:
    with pytest.raises(Refused) as caught:
        read(template, {"x": value, "in": [{"x": value}]}, kinds=(dict, list))

    assert caught.value.code == "template_error"


@pytest.mark.parametrize("value", ["$c", "c$", ""])
def test_literal_value_of_an_expression_is_what_it_is(value: str) -> None:
    template = '[{"$set": {"a": {"$literal": "{{x}}"}, "b": {"$literal" : {{{jsonSerialize x}}} }, "c": "<{{x}}>"}}]'

    (found,) = read(template, {"x": value}, kinds=(list,))

    assert found == {"$set": {"a": {"$literal": value}, "b": {"$literal": value}, "c": f"<{value}>"}}


def test_text_with_a_dollar_is_a_text_where_nothing_is_read_in_it() -> None:
    assert read('{"a": "{{x}}", "b": {{{jsonSerialize x}}} }', {"x": "$c"}) == {"a": "$c", "b": "$c"}


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"b": [{"{{x}}": 1, "tenant": 2}]}', '{"\\u0061": 1, "a": 1}'])
def test_member_that_is_there_twice_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="twice") as caught:
        read(text, {"x": "tenant"})

    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("{", "invalid_json"), ("[]", "invalid_json"), ('"x"', "invalid_json"), ("{} {}", "invalid_json"),
        ('{"a": NaN}', "invalid_json"), ('{"a": 1e999}', "invalid_json"), ("{'a': 1}", "invalid_json"),
        ('{"a": {{x}} }', "template_error"), ('{"a": {"$oid": "x"}}', "invalid_value"),
        ('{"a": ' + "9" * 20 + "}", "invalid_value"),
        ("[" * 5000, "invalid_json"),
    ],
)  # fmt: skip
def test_member_that_cannot_be_read_names_its_field(value: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        read(value, {"x": "a b"})

    assert caught.value.code == code
    assert caught.value.message.startswith("export.mongodb.filter")


@pytest.mark.parametrize("value", [5, True, "{{#if}"])
def test_member_of_another_type_fails_the_call(value: Any) -> None:
    with pytest.raises(SourceFailure) as caught:
        read(value)

    assert caught.value.field == "export.mongodb.filter"


def test_required_member_that_is_absent_fails_the_call() -> None:
    with pytest.raises(SourceFailure, match="filter") as caught:
        member_of({"filter": " "}, "import", "filter", dict, required=True)

    assert caught.value.code == "missing_required_field"


@pytest.mark.parametrize("name", [None, "", " ", 5, "system.users", "a$b", "a\0b", ".a", "a.", "a..b"])
def test_collection_that_none_can_be(name: Any) -> None:
    with pytest.raises(SourceFailure) as caught:
        collection_of({"collection": name}, "export")

    assert caught.value.field == "export.mongodb.collection"


def test_long_numbers_of_a_record_stay_exact_in_templates() -> None:
    context = record_context({}, Outgoing(0, {}, {"n": 2**53 + 1}))

    assert read('{"n": {{record.n}} }', context) == {"n": 2**53 + 1}


@pytest.mark.parametrize("name", ["record.n", "n", "data.0.n", "data.n", "0.n", "rows.n"])
def test_record_is_seen_as_in_other_requests(name: str) -> None:
    mapped = [{"n": 2**53 + 1}] if name == "rows.n" else {"n": 2**53 + 1}

    assert read(f'{{"n": {{{{{name}}}}} }}', record_context({}, Outgoing(0, {}, mapped))) == {"n": 2**53 + 1}


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (["h"], [Address("h", 27017)]),
        (["h:1", " db-1.example.com:27018 "], [Address("h", 1), Address("db-1.example.com", 27018)]),
        (["[::1]:5", "[fe80::1]"], [Address("::1", 5), Address("fe80::1", 27017)]),
        ("h:5", [Address("h", 5)]),
    ],
)
def test_hosts_that_are_read(hosts: Any, expected: Any) -> None:
    assert addresses_of({"host": hosts}) == expected


@pytest.mark.parametrize(
    "host",
    ["mongodb://u:secretword@h", "mongodb+srv://u:secretword@h", "u:secretword@h", "h/db", "h?a=b", "h,i",
     "/tmp/x.sock", "h:0", "h:99999", "::1", "", None, 5, "h%2f"],
)  # fmt: skip
def test_host_that_is_no_address_is_refused_without_what_it_holds_of_a_uri(host: Any) -> None:
    with pytest.raises(SourceFailure) as caught:
        addresses_of({"host": [host]})

    assert caught.value.field == "mongodb.host"
    assert "://" not in str(host) or "secretword" not in caught.value.message


@pytest.mark.parametrize(
    ("filter", "paths"),
    [
        ({"at": "2024-05-01"}, ["at"]),
        ({"at": {"$gt": "2024-05-01T00:00:00.000Z", "$lt": "2025-01-01"}}, ["at"]),
        ({"$and": [{"a.at": {"$in": ["x", "2024-05-01"]}}, {"$or": [{"b": "0" * 24}]}]}, ["a.at", "b"]),
        ({"at": {"$regex": "2024-05-01"}}, []),
        ({"at": {"$gt": DatetimeMS(5)}}, []),
        ({"name": "no date", "n": 5, "$expr": {"$eq": ["$a", "2024-05-01"]}}, []),
    ],
)
def test_texts_that_a_filter_compares_and_that_look_like_another_type(filter: Any, paths: Any) -> None:
    assert [one.path for one in texts_compared(filter)] == paths


def test_messages_are_of_json_that_was_got() -> None:
    with pytest.raises(Refused, match="no JSON"):
        read(json.dumps("x")[:-1])
