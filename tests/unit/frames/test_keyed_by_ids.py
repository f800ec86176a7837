"""Objects whose keys are data: linear in the bytes, or a clear end with a way out."""

from __future__ import annotations

import json
import time
from typing import Any

import pandas as pd
import pytest

from celigo_pandas.errors import FrameError
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import Ladder
from celigo_pandas.frames.reading import frame_of
from celigo_pandas.frames.settling import Settler
from celigo_pandas.frames.shape import Shape
from celigo_pandas.frames.spreading import MOST_SPARSE
from celigo_pandas.paging import Page


def _key(number: int) -> str:
    return f"{number * 7919:024x}"


def _inside(number: int) -> dict[str, Any]:
    return {"n": number, "by_id": {_key(number): {"qty": number, "sku": f"s{number}"}, "kind": "x"}}


def _on_top(number: int) -> dict[str, Any]:
    return {"n": number, _key(number): number}


def _in_two_levels(number: int) -> dict[str, Any]:
    return {"n": number, "a": {"b": {_key(number): 1, _key(number + 1): None}}}


_KINDS = {"inside": _inside, "on_top": _on_top, "in_two_levels": _in_two_levels}


def _pages(make: Any, count: int = 4000, size: int = 1000) -> list[Page]:
    records = [make(number) for number in range(count)]
    return [Page(json.dumps(records[start : start + size]).encode()) for start in range(0, count, size)]


def _frame(pages: list[Page], together: bool, **shape: Any) -> Any:
    options = Shape(**shape)
    ladder, columns = Ladder(options), ColumnSet(options)
    for block in [pages] if together else [[page] for page in pages]:
        columns.add(ladder.decode(block))
    return columns.frame(quiet=True)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("kind", _KINDS)
def test_flattening_keys_that_are_ids_ends_early_and_names_a_way_out(kind: str, together: bool) -> None:
    started = time.process_time()

    with pytest.raises(FrameError, match=r"keys look like ids.*nested='keep'.*columns=") as caught:
        _frame(_pages(_KINDS[kind]), together)

    assert time.process_time() - started < 3
    assert isinstance(caught.value.column, str)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("nested", ["keep", "json"])
def test_objects_that_stay_make_no_column_per_key(nested: str, together: bool) -> None:
    started = time.process_time()

    frame = _frame(_pages(_inside), together, nested=nested)

    assert time.process_time() - started < 2
    assert list(frame) == ["n", "by_id"]
    last = frame["by_id"].iloc[-1]
    assert (json.loads(last) if nested == "json" else last) == _inside(3999)["by_id"]


@pytest.mark.parametrize("kind", _KINDS)
def test_columns_that_are_asked_for_come_whatever_stands_beside_them(kind: str) -> None:
    started = time.process_time()

    frame = _frame(_pages(_KINDS[kind]), True, columns=("n", f"by_id.{_key(3)}.sku", _key(5)))

    assert time.process_time() - started < 2
    assert frame["n"].tolist() == list(range(4000))
    if kind == "inside":
        assert frame[f"by_id.{_key(3)}.sku"].dropna().to_dict() == {3: "s3"}
    if kind == "on_top":
        assert frame[_key(5)].dropna().to_dict() == {5: 5}


def test_rows_before_the_end_stay_as_they_were() -> None:
    pages = [Page(b'[{"n":0},{"n":1}]'), *_pages(_on_top)]
    ladder, columns = Ladder(Shape()), ColumnSet(Shape())
    columns.add(ladder.decode(pages[:1]))

    columns.add(ladder.decode(pages[1:2]))

    block = ladder.decode(pages[2:3])
    with pytest.raises(FrameError, match="look like ids"):
        columns.add(block)

    assert len(columns.frame(quiet=True)) == 1002


def test_streams_and_files_count_the_columns_of_rows_that_are_gone() -> None:
    ladder, settler, chunks = Ladder(Shape()), Settler(Shape()), ColumnSet(Shape())

    def settle() -> None:
        for page in _pages(_on_top, size=100):
            settler.add(ladder.decode([page]))

    def give_out() -> None:
        for page in _pages(_on_top, size=100):
            chunks.add(ladder.decode([page]))
            chunks.drop(chunks.rows)

    for walk in (settle, give_out):
        with pytest.raises(FrameError, match="look like ids"):
            walk()


@pytest.mark.parametrize("value", [1, None, "text", [1]])
def test_wide_records_are_no_such_thing(value: Any) -> None:
    wide = {f"field_{number}": value for number in range(MOST_SPARSE + 500)}
    pages = [Page(json.dumps([wide] * 20).encode()) for _ in range(4)]

    assert _frame(pages, True).shape == (80, MOST_SPARSE + 500)
    assert _frame(pages, False).shape == (80, MOST_SPARSE + 500)
    assert frame_of([wide]).shape == (1, MOST_SPARSE + 500)


def test_wide_records_are_read_as_columns_from_the_next_block_on() -> None:
    wide = {f"field_{number}": number for number in range(300)}
    ladder = Ladder(Shape())

    for _ in range(4):
        ladder.decode([Page(json.dumps([wide] * 50).encode())])

    assert ladder.decoded == {"records": 1, "columnar": 3}


def test_few_records_may_have_many_keys() -> None:
    assert _frame(_pages(lambda number: {_key(number * 99 + place): place for place in range(99)}, 40), True).shape == (
        40,
        40 * 99,
    )


def test_records_with_a_few_of_many_keys_keep_every_value_in_its_row() -> None:
    values: list[Any] = [1, None, "text", [1], {"deep": 2}, {}]
    records: list[dict[str, Any]] = [
        {"n": number, "all": {f"k{(number * 7 + place) % 60}": values[(number + place) % 6] for place in range(3)}}
        for number in range(120)
    ]
    ladder, columns = Ladder(Shape(), start="records"), ColumnSet(Shape())

    columns.add(ladder.decode([Page(json.dumps(records).encode())]))
    frame = columns.frame(quiet=True)

    expected = [{f"all.{key}": value for key, value in record["all"].items()} for record in records]
    for number in range(60):
        for row, record in enumerate(expected):
            value = record.get(f"all.k{number}")
            found = frame.loc[row, f"all.k{number}"] if f"all.k{number}" in frame else None
            deep = frame.loc[row, f"all.k{number}.deep"] if f"all.k{number}.deep" in frame else None
            if value == {"deep": 2}:
                assert deep == 2
            elif value is not None:
                assert found == value
            else:
                assert pd.isna(found)
    assert list(frame["n"]) == list(range(120))


def test_blocks_grow_with_the_columns_of_records() -> None:
    ladder = Ladder(Shape())
    narrow = ladder.block_bytes
    wide = {f"field_{number}": number for number in range(1000)}

    for _ in range(3):
        ladder.decode([Page(json.dumps([wide] * 20).encode())])

    assert ladder.decoded["columnar"] >= 1
    assert ladder.block_bytes > narrow
