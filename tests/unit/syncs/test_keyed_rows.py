"""Rows by key: against a reference that is a dictionary."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support import soak

from celigo_pandas.errors import FrameError
from celigo_pandas.syncs.keyed_rows import check_keys, compare, newest, not_there_yet, without

KEYS = {"int": [1, 2, 2**62, -5], "str": ["", "a", "ä", "A"], "bool": [True, False], "float": [0.5, 1.0, -0.0]}


def drawn(chance: random.Random, names: list[str], count: int) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    kinds = [chance.choice(list(KEYS)) for _ in names]
    types = {"int": pa.int64(), "str": pa.large_string(), "bool": pa.bool_(), "float": pa.float64()}
    columns: dict[str, pa.Array] = {
        name: pa.array([chance.choice(KEYS[kind]) for _ in range(count)], types[kind])
        for name, kind in zip(names, kinds, strict=True)
    }
    pages = np.sort(np.array([chance.randrange(4) for _ in range(count)]))
    order = np.array([chance.randrange(3) for _ in range(count)])
    # One page has a key with a cursor once: nothing else would say which is newer.
    columns["value"] = pa.array([None if chance.random() < 0.2 else (page * 10 + at) % 7 for at, page in
                                 zip(order, pages, strict=True)], pa.int64())  # fmt: skip
    return pa.table(columns), order, pages


@pytest.mark.soak
def test_random_rows_are_compared_as_a_dictionary_would() -> None:
    chance = random.Random(soak.seed("rows"))
    for _ in range(soak.runs(150, 10_000)):
        names = ["k", "l", "m"][: chance.randrange(1, 4)]
        table, order, pages = drawn(chance, names, chance.randrange(0, 40))
        rows = table.to_pylist()
        last: dict[Any, int] = {}
        for place, row in enumerate(rows):
            key = tuple(row[name] for name in names)
            if key not in last or (order[place], pages[place]) >= (order[last[key]], pages[last[key]]):
                last[key] = place
        same_page = {}
        ambiguous = False
        for place, row in enumerate(rows):
            where = (*(row[name] for name in names), order[place], pages[place])
            ambiguous |= same_page.setdefault(where, row["value"]) != row["value"]
        if ambiguous:
            with pytest.raises(FrameError, match="does not tell rows apart"):
                newest(table, names, order, pages)
            continue
        kept = newest(table, names, order, pages)
        values = [(key, rows[place]["value"]) for key, place in sorted(last.items(), key=lambda item: item[1])]
        assert sorted(values, key=repr) == sorted(
            [(tuple(rows[place][name] for name in names), rows[place]["value"]) for place in kept], key=repr
        )

        unique = table.take(pa.array(kept))
        split = chance.randrange(unique.num_rows + 1)
        there = unique.slice(0, split)
        if split:
            changed = [
                None if value is None or chance.random() < 0.3 else value for value in there["value"].to_pylist()
            ]
            there = there.set_column(there.column_names.index("value"), "value", pa.array(changed, pa.int64()))
        found = compare(unique, there, names)
        before = there["value"].to_pylist()
        differing = [place for place in range(split) if before[place] != unique["value"][place].as_py()]
        assert found.inserted.tolist() == list(range(split, unique.num_rows))
        assert found.updated.tolist() == differing
        assert found.unchanged == split - len(differing)
        assert without(unique.select(names), there.select(names), names).num_rows == unique.num_rows - split


def test_the_greatest_cursor_wins_then_the_last_page() -> None:
    table = pa.table({"id": [1, 1, 1, 2, 2], "v": ["old", "new", "stale", "first", "second"]})

    kept = newest(table, ["id"], np.array([5, 9, 7, 3, 3]), np.array([0, 1, 2, 0, 1]))

    assert table.take(pa.array(kept))["v"].to_pylist() == ["new", "second"]


def test_rows_of_one_page_that_nothing_tells_apart_are_told() -> None:
    table = pa.table({"order": [7, 7, 8], "line": [1, 2, 1], "sum": [5, 6, 7]})

    with pytest.raises(
        FrameError, match=r"key=\['order'\] does not tell rows apart: 1 rows .*\(7,\).*'line', 'sum'"
    ) as told:
        newest(table, ["order"], None, np.zeros(3))

    assert "key=('order', 'line')" in str(told.value)


def test_equal_rows_of_one_page_are_one() -> None:
    table = pa.table({"id": [1, 1], "v": [None, None]})

    assert newest(table, ["id"], None, np.zeros(2)).tolist() == [1]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (pa.table({"x": [1]}), r"key='id': no such column came; came are \['x'\]"),
        (pa.table({"id": [1, None, None], "x": [1, 2, 3]}), r"key='id' is null in 2 of 3 rows, .*'x': 2"),
    ],
)
def test_rows_without_a_key_are_told(table: pa.Table, told: str) -> None:
    with pytest.raises(FrameError, match=told):
        check_keys(table, ["id"])


def test_rows_beyond_those_that_are_there_are_counted() -> None:
    rows = pa.table({"u": [5, 5, 5, 6], "v": ["a", "a", "b", "a"]})
    there = pa.table({"v": ["a"], "u": [5]})

    assert not_there_yet(rows, there).tolist() == [1, 2, 3]
