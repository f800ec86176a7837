"""Attribute values there and back, judged by AWS's own library."""

from __future__ import annotations

import json
import math
import random
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from support.soak import runs, seed

from celigo_pandas.engine.adaptors.dynamodb.attribute_values import (
    NoValueError,
    from_wire,
    item_to_wire,
    key_to_wire,
    load,
    to_wire,
    typed_or_plain,
)

TEXTS = ["", "a", "é漢😀", 'say "so"', "back\\slash", "\x00\n", "{{record.id}}"]


def drawn_number(chance: random.Random) -> int | Decimal:
    digits = "".join(chance.choice("0123456789") for _ in range(chance.randint(1, 38))).lstrip("0") or "0"
    number = Decimal(digits).scaleb(chance.choice([0, 0, -2, -20, 5, -60, 40]))
    number = -number if chance.random() < 0.3 else number
    return int(number) if number == number.to_integral_value() and number.adjusted() < 38 else number


def drawn(chance: random.Random, depth: int = 3) -> Any:
    kind = chance.randint(0, 6 if depth else 4)
    if kind < 2:
        return chance.choice(TEXTS)
    if kind == 2:
        return drawn_number(chance)
    if kind == 3:
        return chance.choice([True, False])
    if kind == 4:
        return None
    if kind == 5:
        return [drawn(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    return {chance.choice(TEXTS) + str(at): drawn(chance, depth - 1) for at in range(chance.randint(0, 3))}


def as_json(value: Any) -> str:
    """Write JSON with numbers as they are."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        return f"[{','.join(map(as_json, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{as_json(one)}" for name, one in value.items()) + "}"
    return json.dumps(value)


@pytest.mark.soak
def test_values_are_those_of_boto3_and_none_loses_a_digit() -> None:
    chance = random.Random(seed("values"))
    for _ in range(runs(500, 20_000)):
        value = drawn(chance)

        ours = to_wire(load(as_json(value)))

        assert exact(TypeDeserializer().deserialize(ours)) == exact(value)
        assert numbers(ours) == numbers(TypeSerializer().serialize(value))
        read_back = from_wire(ours)
        assert exact(load(json.dumps(read_back))) == exact(as_record(value))


def exact(value: Any) -> Any:
    if isinstance(value, list):
        return [exact(one) for one in value]
    if isinstance(value, dict):
        return {name: exact(one) for name, one in value.items()}
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def as_record(value: Any) -> Any:
    """What a record holds: a number that no double holds as written is text."""
    if isinstance(value, list):
        return [as_record(one) for one in value]
    if isinstance(value, dict):
        return {name: as_record(one) for name, one in value.items()}
    if isinstance(value, Decimal) and value != value.to_integral_value() and Decimal(repr(float(value))) != value:
        return str(value)
    return value


def numbers(value: Any) -> Any:
    """Compare numbers of a wire form by their value."""
    if isinstance(value, list):
        return [numbers(one) for one in value]
    if isinstance(value, dict):
        return {name: Decimal(one) if name == "N" else numbers(one) for name, one in value.items()}
    return value


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        ({"N": "12345678901234567890123456789012345678"}, 12345678901234567890123456789012345678),
        ({"N": "0.1"}, 0.1),
        ({"N": "0.12345678901234567890123456789012345678"}, "0.12345678901234567890123456789012345678"),
        ({"N": "1E+125"}, 10**125),
        ({"N": "1.50"}, 1.5),
        ({"N": "-0"}, 0),
        ({"SS": ["b", "a"]}, ["a", "b"]),
        ({"NS": ["10", "9", "0.5"]}, [0.5, 9, 10]),
        ({"BS": ["Yg==", "YQ=="]}, ["YQ==", "Yg=="]),
        ({"B": "AAEC"}, "AAEC"),
        ({"NULL": True}, None),
        ({"M": {"a": {"L": [{"BOOL": False}]}}}, {"a": [False]}),
    ],
)
def test_every_type_has_one_form(wire: dict[str, Any], value: Any) -> None:
    found = from_wire(wire)

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("wire", [{"X": "1"}, {}, {"S": "a", "N": "1"}, "a", None, {"L": [{"?": 1}]}])
def test_what_is_no_attribute_value_is_said(wire: Any) -> None:
    with pytest.raises(NoValueError):
        from_wire(wire)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "no number"),
        (math.inf, "no number"),
        (int("1" * 39), "39 digits"),
        (Decimal("1E+126"), "beyond"),
        (Decimal("1E-131"), "beyond"),
        (object(), "nothing that JSON has"),
        ("a\ud800", "surrogate"),
        ([{"a": {"\udfff": 1}}], "surrogate"),
    ],
)
def test_what_dynamodb_would_refuse_or_round_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(NoValueError, match=reason):
        to_wire(value)


@pytest.mark.parametrize("value", [{"S": "\ud800"}, {"SS": ["a", "\ud800"]}, {"M": {"\ud800": 1}}])
def test_typed_value_that_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(NoValueError, match="surrogate"):
        typed_or_plain(value)


@pytest.mark.parametrize("text", [" 5", "1_0", "\u0663", "0x1", "five", "", "NaN"])
def test_key_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NoValueError):
        key_to_wire(text, "N")


@pytest.mark.parametrize("text", ["5", "-0.5", "5.", ".5", "1e+22", "1E-7", "+5"])
def test_key_that_is_a_number_goes_as_it_is(text: str) -> None:
    assert key_to_wire(text, "N") == {"N": text}


def test_digits_at_the_ends_that_are_zero_do_not_count() -> None:
    assert to_wire(10**100) == {"N": str(10**100)}


def test_depth_is_bounded() -> None:
    deep: Any = "x"
    for _ in range(33):
        deep = [deep]

    with pytest.raises(NoValueError, match="32"):
        item_to_wire({"a": deep})
    with pytest.raises(NoValueError, match="32"):
        load("[" * 40 + "]" * 40)


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "{", "NaN", '{"a":Infinity}', "[1,]", "1" * 5_000])
def test_text_that_would_lose_something_is_no_document(text: str) -> None:
    with pytest.raises(NoValueError):
        load(text)


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ({"S": "a"}, {"S": "a"}),
        ({"N": "1.5"}, {"N": "1.5"}),
        ({"N": 1}, {"N": "1"}),
        ({"NS": ["1", 2]}, {"NS": ["1", "2"]}),
        ({"L": [{"N": "1"}, "plain"]}, {"L": [{"N": "1"}, {"S": "plain"}]}),
        ({"M": {"a": {"BOOL": True}}}, {"M": {"a": {"BOOL": True}}}),
        ({"NULL": True}, {"NULL": True}),
        ("a", {"S": "a"}),
        (5, {"N": "5"}),
        ({"s": "a"}, {"M": {"s": {"S": "a"}}}),
        ({"S": "a", "T": "b"}, {"M": {"S": {"S": "a"}, "T": {"S": "b"}}}),
    ],
)
def test_values_of_expressions_are_typed_or_plain(value: Any, wire: dict[str, Any]) -> None:
    assert typed_or_plain(value) == wire


@pytest.mark.parametrize("value", [{"N": "x"}, {"S": 1}, {"BOOL": "true"}, {"SS": "a"}, {"N": True}, {"L": {}}])
def test_typed_value_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(NoValueError):
        typed_or_plain(value)


@pytest.mark.parametrize(
    ("text", "kind", "wire"), [("a", "S", {"S": "a"}), ("007", "N", {"N": "007"}), ("AA==", "B", {"B": "AA=="})]
)
def test_key_is_of_the_type_that_the_table_says(text: str, kind: str, wire: dict[str, str]) -> None:
    assert key_to_wire(text, kind) == wire


@pytest.mark.parametrize(("text", "kind"), [("", "S"), ("x", "N"), ("", "N")])
def test_text_that_can_be_no_key_is_refused(text: str, kind: str) -> None:
    with pytest.raises(NoValueError):
        key_to_wire(text, kind)
