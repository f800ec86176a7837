"""Columns back to objects: which names nest, and what happens where they meet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.errors import FrameError
from celigo_pandas.frames.outward import to_records


def pulled(data: dict[str, list[object]], sep: str | None = ".") -> pd.DataFrame:
    df = pd.DataFrame(data)
    df.attrs["celigo"] = {"flatten": sep}
    return df


def test_unflatten_auto_follows_what_the_pull_noted() -> None:
    data: dict[str, list[object]] = {"id": [1], "ship.city": ["Oslo"], "ship.geo.lat": [59.9]}
    nested = [{"id": 1, "ship": {"city": "Oslo", "geo": {"lat": 59.9}}}]
    flat = [{"id": 1, "ship.city": "Oslo", "ship.geo.lat": 59.9}]

    assert to_records(pulled(data)) == nested
    assert to_records(pulled(data, None)) == flat
    assert to_records(pd.DataFrame(data)) == flat
    assert to_records(pulled(data), unflatten=False) == flat
    assert to_records(pd.DataFrame(data), unflatten=True) == nested
    assert to_records(pulled({"a_b": [1]}, "_")) == [{"a": {"b": 1}}]
    assert to_records(pd.DataFrame({"a/b": [1]}), unflatten=True, sep="/") == [{"a": {"b": 1}}]


def test_unflatten_escaped_dots_belong_to_the_key() -> None:
    assert to_records(pulled({r"a\.b": [1], r"c\\.d": [2]})) == [{"a.b": 1, "c\\": {"d": 2}}]


def test_unflatten_missing_members_and_missing_objects() -> None:
    df = pulled({"a.b": [1, np.nan, np.nan], "a.c.d": ["x", "y", None]})

    assert to_records(df) == [{"a": {"b": 1.0, "c": {"d": "x"}}}, {"a": {"c": {"d": "y"}}}, {}]
    assert to_records(df, na="null")[2] == {"a": {"b": None, "c": {"d": None}}}


def test_unflatten_scalar_beside_objects_each_in_its_row() -> None:
    df = pulled({"a": ["text", None, {}], "a.b": [None, 2, None]}).astype(object)

    assert to_records(df) == [{"a": "text"}, {"a": {"b": 2}}, {"a": {}}]
    assert to_records(df, na="null") == [{"a": "text"}, {"a": {"b": 2}}, {"a": {}}]


def test_unflatten_scalar_and_object_in_one_row_is_refused() -> None:
    df = pulled({"a": ["text", "more"], "a.b": [None, 2]})
    df.index = pd.Index(["r0", "r1"])

    with pytest.raises(FrameError, match=r"'a'.*'r1'") as caught:
        to_records(df)
    assert (caught.value.column, caught.value.row) == ("a", "r1")


@pytest.mark.parametrize("labels", [["a", "a"], [1, "1"], [("a", "b"), ("a", "c")], [None, "a"], [True, "a"]])
def test_outward_labels_that_cannot_be_keys_are_refused(labels: list[object]) -> None:
    df = pd.DataFrame([[1, 2]])
    df.columns = pd.Index(labels)

    with pytest.raises(FrameError):
        to_records(df)


def test_outward_whole_number_labels_are_their_text() -> None:
    assert to_records(pd.DataFrame([[1, 2]])) == [{"0": 1, "1": 2}]


@pytest.mark.parametrize(("option", "value"), [("na", "drop"), ("unflatten", "yes")])
def test_outward_unknown_option_is_refused(option: str, value: str) -> None:
    with pytest.raises(FrameError, match=option):
        to_records(pd.DataFrame({"a": [1]}), **{option: value})


KEYS = st.text(alphabet="ab.\\ ", min_size=1, max_size=4)
LEAVES = st.one_of(
    st.integers(-(2**70), 2**70), st.text(max_size=4), st.booleans(), st.lists(st.integers(), max_size=2)
)
OBJECTS = st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3), max_leaves=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(KEYS, OBJECTS, max_size=4), min_size=1, max_size=4))
def test_outward_is_the_inverse_of_flattening(records: list[dict[str, object]]) -> None:
    from celigo_pandas.frames.names import join_path

    def flattened(record: dict[str, object], prefix: tuple[str, ...] = ()) -> dict[str, object]:
        flat: dict[str, object] = {}
        for key, value in record.items():
            path = (*prefix, key)
            flat |= flattened(value, path) if isinstance(value, dict) else {join_path(path): value}
        return flat

    flat = [flattened(record) for record in records]
    names = list(dict.fromkeys(name for record in flat for name in record))
    df = pd.DataFrame(
        {name: pd.Series([r.get(name) for r in flat], dtype=object) for name in names}, index=range(len(records))
    )
    df.attrs["celigo"] = {"flatten": "."}

    assert to_records(df) == records
