"""The table of SQL types: values to JSON and back, without a database."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celigo_pandas.engine.adaptors.sql.mysql import MySql
from celigo_pandas.engine.adaptors.sql.postgres import Postgres, _read_json
from celigo_pandas.engine.adaptors.sql.sql_values import to_json
from celigo_pandas.engine.adaptors.sql.sqlite import Sqlite
from celigo_pandas.engine.texts import json_text

BIG = 12_345_678_901_234_567_891

KINDS = {"sqlite": Sqlite, "postgresql": Postgres, "mysql": MySql, "mariadb": MySql}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("10"), 10),
        (Decimal("1.10"), 1.1),
        (Decimal("10.0"), 10.0),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (Decimal("NaN"), "NaN"),
        (Decimal("-Infinity"), "-Infinity"),
        (Decimal("1e400"), "1E+400"),
        (Decimal("9" * 5000), "9" * 5000),
        (Decimal(BIG), BIG),
        (float("inf"), "Infinity"),
        (timedelta(hours=-1, microseconds=-1), "-01:00:00.000001"),
        (timedelta(days=40), "960:00:00"),
        (b"\x00\xff", "AP8="),
        ([Decimal("1.5"), None, b"a"], [1.5, None, "YQ=="]),
    ],
)
def test_value_of_a_driver_becomes_json(value: Any, expected: Any) -> None:
    converted = to_json(value)

    assert converted == expected
    assert type(converted) is type(expected)
    assert json_text.load(json_text.dump(converted)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 12345678901234567890.5}', {"a": "12345678901234567890.5"}),
        ("[1e400, -1E400, 1e2, 1.10, 0.1, -0.0]", ["1e400", "-1E400", 100.0, 1.1, 0.1, -0.0]),
        (f"[{BIG}, {'7' * 4301}]", [BIG, "7" * 4301]),
        ("null", None),
    ],
)
def test_json_value_keeps_every_digit(text: str, expected: Any) -> None:
    assert _read_json(text) == expected


@given(st.recursive(st.floats(allow_nan=False, allow_infinity=False) | st.integers(), st.lists))
def test_json_that_python_wrote_is_read_as_it_was(value: Any) -> None:
    assert _read_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "column", "dialect", "expected"),
    [
        (None, "jsonb", "postgresql", None),
        (None, "json", "mysql", None),
        ({"a": None}, "jsonb", "postgresql", '{"a": null}'),
        ("x", "json", "postgresql", '"x"'),
        (BIG, "numeric", "postgresql", str(BIG)),
        (BIG, "bigint", "mysql", str(BIG)),
        (BIG, "integer", "sqlite", BIG),
        (BIG, "numeric", "sqlite", BIG),
        (BIG, "json", "sqlite", BIG),
        (BIG, "text", "sqlite", str(BIG)),
        (BIG, "null", "sqlite", str(BIG)),
        (-(2**63), "integer", "sqlite", -(2**63)),
        (True, "boolean", "postgresql", True),
        ("2024-01-01T12:00:00+02:00", "timestamp", "mariadb", datetime(2024, 1, 1, 10)),
        ("2024-01-01T12:00:00Z", "datetime", "mysql", datetime(2024, 1, 1, 12)),
        ("2024-01-01T12:00:00", "timestamp", "mysql", datetime(2024, 1, 1, 12)),
        ("no date", "timestamp", "mysql", "no date"),
        ("2024-01-01T12:00:00+02:00", "timestamp", "postgresql", "2024-01-01T12:00:00+02:00"),
        ("2024-01-01T12:00:00+02:00", "datetime", "sqlite", "2024-01-01T12:00:00+02:00"),
        (["AP8="], "bytea[]", "postgresql", r'{"\\x00ff"}'),
        ([1, [2]], "text", "sqlite", "[1,[2]]"),
    ],
)
def test_json_becomes_what_a_column_takes(value: Any, column: str, dialect: str, expected: Any) -> None:
    converted = KINDS[dialect](dialect).value_in(value, column)

    assert converted == expected
    assert type(converted) is type(expected)


def test_moment_with_a_zone_keeps_its_offset() -> None:
    assert to_json(datetime(2024, 1, 1, tzinfo=timezone.utc)) == "2024-01-01T00:00:00+00:00"
