"""BSON to JSON and back, compared with what PyMongo's own Extended JSON makes of it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import bson
import pytest
from bson import (
    Binary,
    Code,
    DatetimeMS,
    DBRef,
    Decimal128,
    Int64,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
    json_util,
)
from hypothesis import given
from hypothesis import strategies as st
from support.generated_bson import DOCUMENTS, LONGS

from celigo_pandas.engine.adaptors.mongodb.bson_values import CODEC, to_json
from celigo_pandas.engine.adaptors.mongodb.extended_json import NoBsonError, from_json


@given(DOCUMENTS)
def test_extended_json_of_any_document_is_read_back_byte_for_byte(document: dict[str, Any]) -> None:
    content = bson.encode(document)
    text = json_util.dumps(bson.decode(content, CODEC), json_options=json_util.CANONICAL_JSON_OPTIONS)

    assert bson.encode(from_json(json.loads(text))) == content


@given(DOCUMENTS)
def test_any_document_has_a_json_form_that_json_takes(document: dict[str, Any]) -> None:
    found = to_json(bson.decode(bson.encode(document), CODEC))

    assert json.loads(json.dumps(found, allow_nan=False)) == found


@given(LONGS)
def test_date_of_any_year_is_read_back(ms: int) -> None:
    assert int(from_json({"$date": to_json(DatetimeMS(ms))} if abs(ms) <= 8.64e15 else to_json(DatetimeMS(ms)))) == ms


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(timezone.utc)))
def test_date_is_what_the_standard_library_writes(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    ms = DatetimeMS(moment)

    assert to_json(ms) == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5),
        (-0.0, -0.0),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (Int64(2**62 + 1), 2**62 + 1),
        (Decimal128("1.10"), 1.1),
        (Decimal128("12"), 12),
        (Decimal128("0.00"), 0.0),
        (Decimal128("0E+3"), 0.0),
        (Decimal128("0.1000000000000000055"), "0.1000000000000000055"),
        (Decimal128("9" * 34), int("9" * 34)),
        (Decimal128("NaN"), "NaN"),
        (Decimal128("-0"), "-0"),
        (ObjectId("0123456789abcdef01234567"), "0123456789abcdef01234567"),
        (DatetimeMS(0), "1970-01-01T00:00:00.000Z"),
        (DatetimeMS(-62_167_219_200_001), "-000001-12-31T23:59:59.999Z"),
        (DatetimeMS(253_402_300_800_000), "+010000-01-01T00:00:00.000Z"),
        (DatetimeMS(2**62), {"$date": {"$numberLong": str(2**62)}}),
        (Binary(b"\x00\xff"), "AP8="),
        (Binary(UUID(int=5).bytes, 4), str(UUID(int=5))),
        (Binary(UUID(int=5).bytes, 3), {"$binary": {"base64": "AAAAAAAAAAAAAAAAAAAABQ==", "subType": "03"}}),
        (Regex("^a", "ix"), {"$regularExpression": {"pattern": "^a", "options": "ix"}}),
        (Timestamp(5, 6), {"$timestamp": {"t": 5, "i": 6}}),
        (Code("f()"), {"$code": "f()"}),
        (MinKey(), {"$minKey": 1}),
        (DBRef("c", ObjectId("0" * 24)), {"$ref": "c", "$id": "0" * 24}),
    ],
)
def test_json_form_of_a_type(value: Any, expected: Any) -> None:
    assert repr(to_json(bson.decode(bson.encode({"": value}), CODEC)[""])) == repr(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$date": "2024-05-01"}, DatetimeMS(1_714_521_600_000)),
        ({"$date": "2024-05-01T02:00:00+02:00"}, DatetimeMS(1_714_521_600_000)),
        ({"$date": "2024-05-01T00:00:00.5Z"}, DatetimeMS(1_714_521_600_500)),
        ({"$date": 5}, DatetimeMS(5)),
        ({"$binary": "AP8=", "$type": "00"}, b"\x00\xff"),
        ({"$uuid": str(UUID(int=5))}, Binary(UUID(int=5).bytes, 4)),
        ({"$oid": "0" * 24, "more": 1}, {"$oid": "0" * 24, "more": 1}),
        ({"$regex": "^a", "$nin": ["b"]}, {"$regex": "^a", "$nin": ["b"]}),
        ({"a": [{"$numberLong": "7"}]}, {"a": [Int64(7)]}),
    ],
)
def test_form_that_is_read(value: Any, expected: Any) -> None:
    assert bson.encode({"": from_json(value)}) == bson.encode({"": expected})


@pytest.mark.parametrize(
    "value",
    [
        {"$oid": "xyz"}, {"$oid": 5}, {"$date": "yesterday"}, {"$date": "2024-02-30"},
        {"$date": "2024-05-01T25:00:00Z"}, {"$date": "2024-05-01T00:00:00"},
        {"$date": None}, {"$date": 2**64}, {"$numberLong": "1.5"}, {"$numberLong": 5},
        {"$numberInt": str(2**31)}, {"$numberDecimal": "1" * 35}, {"$numberDecimal": "x"}, {"$numberDouble": "1,5"},
        {"$binary": {"base64": "?", "subType": "00"}}, {"$binary": {"base64": ""}}, {"$uuid": "no"}, {"$minKey": 2},
        {"$timestamp": {"t": -1, "i": 0}}, {"$regularExpression": {"pattern": "a", "options": "q"}}, {"$code": 1},
        2**63, -(2**63) - 1,
    ],
)  # fmt: skip
def test_form_with_a_value_it_cannot_have_is_an_error_that_names_the_place(value: Any) -> None:
    with pytest.raises(NoBsonError, match=r"^list\[1\]\.at"):
        from_json({"list": [0, {"at": value}]})


def test_table_of_the_page_is_what_the_code_does() -> None:
    page = (Path(__file__).parents[5] / "docs" / "mongodb.md").read_text(encoding="utf-8")
    page = page.partition("## Types")[2]
    rows = re.findall(r"^\| [^|]+ \| `([^`|]+)` \| `([^`|]+)` \|", page, re.MULTILINE)

    assert len(rows) >= 16
    for extended, plain in rows:
        stored = bson.decode(bson.encode({"": from_json(json.loads(extended))}), CODEC)[""]
        assert to_json(stored) == json.loads(plain), extended
