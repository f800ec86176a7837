"""Whatever the records are, and however they are cut into pages, the frame holds them."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pulls import EXPORT, PageServer, connection_to, is_same, records_of, without_nulls
from support.records import RECORDS, json_texts

from celigo_pandas.accessors import iter_export, read_export
from celigo_pandas.errors import MixedTypesWarning
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import RUNGS, Ladder
from celigo_pandas.frames.outward import to_records
from celigo_pandas.frames.shape import Shape
from celigo_pandas.paging import Page

pytestmark = pytest.mark.filterwarnings("ignore::celigo_pandas.errors.MixedTypesWarning")

ENVELOPES = ["usual", "usual", "reversed", "spaced", "bare"]
CASES = settings(max_examples=500, derandomize=True, deadline=None, database=None)


def test_pulled_frame_equals_records_at_any_page_size_on_every_rung() -> None:
    decoded: Counter[str] = Counter()

    @CASES
    @given(st.data())
    def check(data: st.DataObject) -> None:
        records = data.draw(RECORDS)
        texts = data.draw(json_texts(records))
        page_size = data.draw(st.integers(1, max(1, len(records)) + 1))
        server = PageServer(texts, envelope=data.draw(st.sampled_from(ENVELOPES)))
        con = connection_to(server)

        df = read_export(EXPORT, con, page_size=page_size)

        _assert_holds(df, records)
        assert type(df.index) is pd.RangeIndex
        if records:
            decoded.update(set(con.client.last_pull.decoded_by))

    check()
    assert all(decoded[rung] >= 50 for rung in RUNGS), decoded


def test_pull_then_push_sends_the_same_json() -> None:
    @CASES
    @given(st.data())
    def check(data: st.DataObject) -> None:
        records = data.draw(RECORDS)
        con = connection_to(PageServer(data.draw(json_texts(records))))
        df = read_export(EXPORT, con, page_size=3)
        if _has_surrogates(records):
            return  # refused by a push, with column and row: tested there

        sent = to_records(df)

        assert all(map(is_same, map(without_nulls, sent), map(without_nulls, records))), (sent, records)

    check()


def test_frame_is_the_same_on_every_rung() -> None:
    reached: Counter[str] = Counter()

    @CASES
    @given(st.data())
    def check(data: st.DataObject) -> None:
        records = data.draw(RECORDS)
        texts = data.draw(json_texts(records))
        cut = data.draw(st.integers(0, len(texts)))
        frames = []
        for rung in RUNGS:
            shape = Shape()
            ladder, columns = Ladder(shape, start=rung), ColumnSet(shape)
            for part in (texts[:cut], texts[cut:]):
                columns.add(ladder.decode([Page(b"[" + b",".join(part) + b"]")]))
            frames.append(columns.frame())
            reached.update(set(ladder.decoded))
        for frame in frames[1:]:
            pd.testing.assert_frame_equal(frames[0], frame)

    check()
    assert all(reached[rung] >= 50 for rung in RUNGS), reached


def test_chunks_put_together_equal_records() -> None:
    @settings(CASES, max_examples=150)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        records = data.draw(RECORDS)
        con = connection_to(PageServer(data.draw(json_texts(records))))
        chunksize = data.draw(st.none() | st.integers(1, 5))

        chunks = list(iter_export(EXPORT, con, page_size=data.draw(st.integers(1, 4)), chunksize=chunksize))

        found = [record for chunk in chunks for record in records_of(chunk)]
        assert len(found) == len(records)
        assert all(map(is_same, map(without_nulls, found), map(without_nulls, records)))
        assert [label for chunk in chunks for label in chunk.index] == list(range(len(records)))
        if chunksize is not None:
            assert all(len(chunk) == chunksize for chunk in chunks[:-1])

    check()


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_dtype_backend_holds_the_same_values(backend: Any) -> None:
    @settings(CASES, max_examples=100)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        records = data.draw(RECORDS)
        con = connection_to(PageServer(data.draw(json_texts(records))))

        _assert_holds(read_export(EXPORT, con, page_size=4, dtype_backend=backend), records)

    check()


@pytest.mark.parametrize("nested", ["keep", "json"])
def test_nested_values_stay_or_become_json(nested: Any) -> None:
    import json

    @settings(CASES, max_examples=100)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        records = data.draw(RECORDS)
        con = connection_to(PageServer(data.draw(json_texts(records))))
        df = read_export(EXPORT, con, page_size=4, nested=nested)

        found = records_of(df, sep=None)
        expected = [{key: value for key, value in record.items() if value is not None} for record in records]
        if nested == "json":
            for one, other in zip(found, expected, strict=True):
                for key, value in other.items():
                    if isinstance(value, (list, dict)):
                        one[key] = json.loads(one[key])
        assert all(map(is_same, found, expected)), (found, expected)

    check()


def test_grouped_records_become_rows_or_lists() -> None:
    @settings(CASES, max_examples=100)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        groups = data.draw(st.lists(RECORDS, max_size=4))
        texts = data.draw(json_texts(groups))
        page_size = data.draw(st.integers(1, 3))

        df = read_export(EXPORT, connection_to(PageServer(texts)), page_size=page_size)
        kept = read_export(EXPORT, connection_to(PageServer(texts)), page_size=page_size, grouped="keep")

        flat = [record for group in groups for record in group]
        assert all(map(is_same, map(without_nulls, records_of(df)), map(without_nulls, flat)))
        if groups:
            assert df.index.names == ["group", "row"]
            labels = [(group, row) for group, records in enumerate(groups) for row in range(len(records))]
            assert [tuple(map(int, label)) for label in df.index] == labels
            assert is_same(kept["group"].tolist(), groups)

    check()


def _assert_holds(df: pd.DataFrame, records: list[Any]) -> None:
    found = records_of(df)
    assert len(found) == len(records)
    for one, other in zip(found, records, strict=True):
        assert is_same(without_nulls(one), without_nulls(other)), (one, other)


def _has_surrogates(value: Any) -> bool:
    try:
        repr(value).encode("utf-8")
        return "\\ud" in repr(value)
    except UnicodeEncodeError:
        return True


def test_mixed_column_warns_once_and_names_it() -> None:
    con = connection_to(PageServer([b'{"a":1,"b":1}', b'{"a":"x","b":2}', b'{"a":[1],"b":3}']))

    with pytest.warns(MixedTypesWarning, match="'a'") as caught:
        df = read_export(EXPORT, con, page_size=1)

    assert len(caught) == 1
    assert df["a"].tolist() == [1, "x", [1]]
    assert df["b"].dtype == "int64"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_export(EXPORT, connection_to(PageServer([b'{"a":1}', b'{"a":0.5}'])), page_size=1)


def test_warning_points_at_the_line_that_called() -> None:
    con = connection_to(PageServer([b'{"a":1}', b'{"a":"x"}']))

    with pytest.warns(MixedTypesWarning) as by_function:
        read_export(EXPORT, con)
    with pytest.warns(MixedTypesWarning) as by_method:
        con.read_export(EXPORT)

    assert by_function[0].filename == by_method[0].filename == __file__
