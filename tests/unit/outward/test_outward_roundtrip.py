"""Pull, then push, sends the same JSON: an absent field and a null are one, a number equals a number."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.frames import frame_of
from celigo_pandas.frames.outward import encode_rows

pytestmark = pytest.mark.filterwarnings("ignore::celigo_pandas.errors.MixedTypesWarning")

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    st.sampled_from(["007", "2024-05-01", "2024-05-01T10:00:00Z", "1e5", "true", "null"]),
)
KEYS = st.sampled_from(["a", "b", "a.b", "c\\", "é", ""])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=2)),
    max_leaves=5,
)
RECORDS = st.lists(st.dictionaries(KEYS, VALUES, max_size=4), min_size=1, max_size=5)


def without_nulls(value: Any) -> Any:
    """Leave out null members, and objects of nothing but nulls; what is in lists stays."""
    if not isinstance(value, dict):
        return exact(value)
    kept = {key: without_nulls(member) for key, member in value.items() if member is not None}
    return {key: member for key, member in kept.items() if not (member == {} and value[key] != {})}


def exact(value: Any) -> Any:
    """Tell true from 1, which Python takes for equal."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return [exact(member) for member in value]
    if isinstance(value, dict):
        return {key: exact(member) for key, member in value.items()}
    return value


@settings(max_examples=150, deadline=None)
@given(RECORDS)
def test_outward_pull_then_push_sends_the_same_json(records: list[dict[str, Any]]) -> None:
    df = frame_of(records)

    sent = [json.loads(row) for row in encode_rows(df)]

    assert [without_nulls(record) for record in sent] == [without_nulls(record) for record in records]


@settings(max_examples=50, deadline=None)
@given(RECORDS)
def test_outward_pull_keeping_objects_then_push_sends_the_same_json(records: list[dict[str, Any]]) -> None:
    df = frame_of(records, nested="keep")

    sent = [json.loads(row) for row in encode_rows(df)]
    expected = [{key: value for key, value in record.items() if value is not None} for record in records]

    assert exact(sent) == exact(expected)
