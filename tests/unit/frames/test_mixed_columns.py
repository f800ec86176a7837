"""Texts beside numbers in a column: taken apart in the bytes, put together in the frame, the same as on every rung."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import RUNGS, Ladder
from celigo_pandas.frames.shape import Shape
from celigo_pandas.paging import Page

pytestmark = pytest.mark.filterwarnings("ignore::celigo_pandas.errors.MixedTypesWarning")

MIXED = b'[{"a":1,"b":"t"},{"a":"x","b":"u"}]'

_NUMBERS = {
    "int": st.integers(-(2**63), 2**63 - 1).map(str),
    "float": st.floats(-1e9, 1e9).map(repr),
    "bool": st.sampled_from(["true", "false"]),
}
_TEXTS = st.text(max_size=4).map(
    lambda text: json.dumps(text, ensure_ascii=False).replace("\x7f", "")
) | st.sampled_from(['"2024-01-01"', '"2024-01-01T00:00:00Z"', '"12"', '"a"', r'"\"a"', '"null"', '""'])
_KEYS = st.sampled_from(['"a":'] * 12 + ['"c":', '"c":', '"a" :', '"a": ', '"\\u0061":', '"aa":', '"\\"a":', '"data":'])


def _decode(
    pages: list[bytes], start: str = "columnar", ahead: bool = False, **shape: Any
) -> tuple[pd.DataFrame, Counter[str]]:
    options = Shape(**shape)
    ladder, columns = Ladder(options, start), ColumnSet(options)
    marked = None
    for page, following in zip(pages, [*pages[1:], None], strict=True):
        # Ahead: the page is prepared when the one before it is not decoded yet, as beside the network.
        prepared = ladder.prepare([Page(following)]) if ahead and following else None
        columns.add(ladder.decode([Page(page)], marked=marked))
        marked = prepared
    return columns.frame(), ladder.decoded


def _assert_same_on_every_rung(pages: list[bytes]) -> Counter[str]:
    found, decoded = _decode(pages)
    ahead, decoded_ahead = _decode(pages, ahead=True)
    assert decoded_ahead == decoded
    for rung in RUNGS[1:]:
        expected, _ = _decode(pages, rung)
        pd.testing.assert_frame_equal(ahead, expected)
        pd.testing.assert_frame_equal(found, expected)
        for name in expected:
            assert list(map(type, found[name])) == list(map(type, expected[name])), name
    return decoded


@st.composite
def _objects(draw: Any, values: Any, depth: int = 1) -> str:
    members = []
    for key in draw(st.lists(_KEYS, max_size=3)):
        inner = depth > 0 and key == '"c":' and draw(st.booleans())
        members.append(key + draw(_objects(values, depth - 1) if inner else values))
    return "{" + ",".join(members) + "}"


def test_mixed_columns_are_the_same_on_every_rung() -> None:
    decoded: Counter[str] = Counter()

    @settings(max_examples=500, derandomize=True, deadline=None, database=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(sorted(_NUMBERS)))
        values = st.one_of(st.just("null"), _NUMBERS[kind], _TEXTS)
        page = st.lists(_objects(values), min_size=1, max_size=5).map(lambda records: f"[{','.join(records)}]".encode())
        decoded.update(set(_assert_same_on_every_rung([MIXED, *data.draw(st.lists(page, min_size=1, max_size=3))])))

    check()
    assert all(decoded[rung] >= 50 for rung in ("parted", "records")), decoded


@pytest.mark.parametrize(
    "page",
    [
        '[{"a":2},{"a":"y"},{"a":null},{}]',
        '[{"a":"2024-01-01"},{"a":3}]',
        '[{"a":true},{"a":"y"}]',
        '[{"a":0.5},{"a":"y"}]',
        '[{"a":7},{"a":8}]',
        '[{"a":"p"},{"a":"q"}]',
        '[{"a":null},{"b":"v"}]',
        '[{"late":1,"a":"y","o":{"a":"z","x":null}},{"a":2,"o":{"a":5}}]',
        '[{"o":{"a":null}},{"o":{"a":null}}]',
        '[{"a":"y","b":"a"},{"b":"a","a":"a"},{"a":1}]',
        '[{"a":"y","b":"say \\"a\\":\\"b\\""}]',
    ],
)
def test_later_block_is_read_with_the_column_apart(page: str) -> None:
    assert _assert_same_on_every_rung([MIXED, page.encode()]) == {"records": 1, "parted": 1}


@pytest.mark.parametrize(
    "page",
    [
        '[{"a":"y","a":null}]',
        '[{"a":"y","a" :null}]',
        '[{"a":"y","a": null}]',
        '[{"a":"y","\\u0061":null}]',
        '[{"a":"y","a":1}]',
        '[{"a":1,"a":"y"}]',
        '[{"a":"y"},{"a": "z"},{"a":1}]',
        '[{"a":1.0},{"a":2},{"a":"y"}]',
        '[{"a":1},{"a":2.5},{"a":"y"}]',
        '[{"a":9223372036854775808},{"a":"y"}]',
        '[{"a":9007199254740993},{"a":0.5},{"a":"y"}]',
        '[{"a":{"x":1}},{"a":"y"},{"a":1}]',
        '[{"a":{}},{"a":"y"}]',
        '[{"a":{"x":1},"a":"y"}]',
        '[{"a":"y","b":"\\"a"}]',
        '[{"a":[1]},{"a":"y"}]',
        '[{"a":true},{"a":1},{"a":"y"}]',
        '[{"a":"y","b":"\x7f"}]',
        '[{"a":"y","a\x7ft":"z"}]',
        '[{"a":"y","\\"a" :null,"\\"a":"z"}]',
        '[{"a":"\\ud800"},{"a":1}]',
        '[{"o":{}},{"o":{"a":null}}]',
    ],
)
def test_block_that_might_come_out_changed_goes_to_the_next_rung(page: str) -> None:
    decoded = _assert_same_on_every_rung([MIXED, page.encode(), MIXED])

    assert "parted" not in decoded


def test_column_that_turns_mixed_later_is_learned_then() -> None:
    pages = [b'[{"a":"only","b":"texts"}]', MIXED, MIXED, b'[{"a":1,"b":2},{"a":"x","b":"y"}]', b'[{"a":"z","b":3}]']

    assert _assert_same_on_every_rung(pages) == {"columnar": 1, "records": 2, "parted": 2}


def test_many_mixed_columns_leave_the_rung() -> None:
    page = json.dumps([dict.fromkeys("abcde", 1), dict.fromkeys("abcde", "x")], separators=(",", ":")).encode()

    assert _assert_same_on_every_rung([page, page]) == {"records": 2}


@pytest.mark.parametrize("nested", ["keep", "json"])
def test_objects_that_stay_objects_are_the_same_beside_a_mixed_column(nested: str) -> None:
    pages = [MIXED, MIXED, b'[{"a":"x","o":{"a":"y"}},{"a":1,"o":{"a":null}}]']

    found, decoded = _decode(pages, nested=nested)

    pd.testing.assert_frame_equal(found, _decode(pages, "records", nested=nested)[0])
    assert decoded == {"records": 2, "parted": 1}


def test_pages_prepared_before_a_second_mixed_column_was_known_are_marked_again() -> None:
    both = b'[{"a":1,"b":"t"},{"a":"x","b":2}]'
    ladder, columns = Ladder(Shape()), ColumnSet(Shape())
    columns.add(ladder.decode([Page(MIXED)]))
    prepared = ladder.prepare([Page(both)])
    assert prepared is not None
    columns.add(ladder.decode([Page(both)]))
    columns.add(ladder.decode([Page(both)], marked=prepared))

    assert columns.frame()["b"].tolist() == ["t", "u", "t", 2, "t", 2]
    assert ladder.decoded == {"records": 2, "parted": 1}


@pytest.mark.parametrize("place", [0, 1])
def test_a_text_beside_an_object_of_the_same_name_is_no_column_to_pin(place: int) -> None:
    records = ['{"o":"t","a":1}', '{"o":{"b":"u"},"a":"x"}']
    page = f"[{records[place]},{records[1 - place]}]".encode()
    assert _assert_same_on_every_rung([page, page, page]) == {"records": 3}
