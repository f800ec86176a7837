"""What Arrow's JSON reader would change, decoded from the top of the ladder and page by page."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.pulls import is_same, records_of, without_nulls

from celigo_pandas.errors import FrameError, TransportError
from celigo_pandas.frames.columns import ColumnSet
from celigo_pandas.frames.ladder import RUNGS, Ladder
from celigo_pandas.frames.shape import Shape
from celigo_pandas.paging import Page, read_page

pytestmark = pytest.mark.filterwarnings("ignore::celigo_pandas.errors.MixedTypesWarning")

TRAPS = {
    "integer_beside_fraction_beyond_2_53": '[{"a":9007199254740993},{"a":0.5}]',
    "integer_beside_fraction_up_to_2_53": '[{"a":9007199254740991},{"a":0.5}]',
    "integer_2_63": '[{"a":9223372036854775808},{"a":1}]',
    "integer_2_64": '[{"a":18446744073709551616}]',
    "integer_below_minus_2_63": '[{"a":-9223372036854775809}]',
    "long_integer_beside_text": '[{"a":18446744073709551616},{"a":"x"}]',
    "integer_below_minus_2_63_beside_fraction": '[{"a":-9223372036854775809},{"a":0.5}]',
    "long_integer_in_list": '[{"a":[18446744073709551617]}]',
    "long_integer_in_list_after_digits_in_text": '[{"a":["123456789012345678901234",18446744073709551617 ]}]',
    "empty_object_beside_object": '[{"a":{}},{"a":{"b":1}}]',
    "empty_object_alone": '[{"a":{}},{"a":{}}]',
    "empty_object_inside_object": '[{"a":{"c":{}}},{"a":{"c":{"b":1},"d":2}}]',
    "list_that_begins_with_null": '[{"a":[null,{"b":1}]}]',
    "absent_key_in_list_of_objects": '[{"a":[{"b":1},{"c":2}]}]',
    "empty_list_beside_list": '[{"a":[]},{"a":[1]},{"a":null}]',
    "record_that_begins_with_null": '[null,{"a":1}]',
    "date_like_texts_of_one_form": '[{"a":"2024-01-01"},{"a":"2024-01-02"}]',
    "date_like_texts_of_two_forms": '[{"a":"2024-01-01"},{"a":"2024-01-01T00:00:00Z"}]',
    "date_like_texts_inside_objects": '[{"a":{"b":"2024-01-01"}},{"a":{"b":"2024-01-01T00:00:00.000Z"}}]',
    "date_like_text_on_a_later_page": '[{"a":null},{"b":"2024-01-01 00:00:00"}]',
    "key_given_twice": '[{"a":1,"a":"x"},{"a":"y"}]',
    "lone_surrogate": '[{"a":"\\ud800"},{"a":"x"}]',
    "lone_surrogate_in_key": '[{"\\ud800":1},{"a":2}]',
    "nul_character": '[{"a":"\\u0000"},{"a":"b\\u0000c"}]',
    "minus_zero": '[{"a":-0.0},{"a":1.5}]',
    "extreme_doubles": '[{"a":1e308},{"a":5e-324},{"a":-1e308}]',
    "number_beyond_any_double": f'[{{"a":{10**400}}},{{"a":0.5}},{{"a":[-{10**400}]}}]',
    "scalar_beside_object": '[{"a":{"b":1}},{"a":"x"},{"a":null}]',
    "null_then_object": '[{"a":null},{"a":{"b":1}}]',
    "types_that_change": '[{"a":1},{"a":true},{"a":"1"},{"a":[1]}]',
    "leading_zeros": '[{"a":"007"},{"a":"1e5"}]',
    "keys_that_collide_when_joined": '[{"a.b":1,"a":{"b":2},"":3,"a\\\\":{"":4}}]',
}


def _decode(pages: list[bytes], start: str = "columnar") -> tuple[pd.DataFrame, Ladder]:
    shape = Shape()
    ladder, columns = Ladder(shape, start), ColumnSet(shape)
    for page in pages:
        columns.add(ladder.decode([Page(page)]))
    return columns.frame(), ladder


@pytest.mark.parametrize("name", TRAPS)
def test_trap_in_one_block_keeps_every_value(name: str) -> None:
    expected = [without_nulls(record or {}) for record in json.loads(TRAPS[name])]
    for rung in RUNGS:
        df, _ = _decode([TRAPS[name].encode()], rung)
        found = [without_nulls(record) for record in records_of(df)]
        assert is_same(found, expected), rung


@pytest.mark.parametrize("name", TRAPS)
def test_trap_across_pages_keeps_every_value(name: str) -> None:
    records = json.loads(TRAPS[name])
    decoder = json.JSONDecoder(object_pairs_hook=lambda pairs: ("object", pairs))
    pages = []
    for record in decoder.decode(TRAPS[name]):
        pages.append(("[" + _encode(record) + "]").encode())

    df, _ = _decode(pages)

    assert is_same([without_nulls(r) for r in records_of(df)], [without_nulls(r or {}) for r in records])


def _encode(value: Any) -> str:
    if isinstance(value, tuple):
        return "{" + ",".join(json.dumps(key) + ":" + _encode(member) for key, member in value[1]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_encode, value)) + "]"
    return json.dumps(value)


@pytest.mark.parametrize("nested", ["keep", "json"])
def test_long_integer_inside_an_object_that_stays_is_exact(nested: str) -> None:
    shape = Shape(nested=nested)
    columns = ColumnSet(shape)
    columns.add(Ladder(shape).decode([Page(b'[{"o":{"n":18446744073709551617}}]')]))

    value = columns.frame()["o"][0]

    assert (json.loads(value) if nested == "json" else value) == {"n": 2**64 + 1}


def test_clean_records_are_decoded_by_the_columnar_rung() -> None:
    pages = [b'[{"a":1,"b":"x","c":{"d":0.5,"e":"2024-01-01"},"f":true}]', b'[{"a":null,"c":null}]', b"[]"]

    df, ladder = _decode(pages[:2])

    assert ladder.decoded == {"columnar": 2}
    assert list(df.columns) == ["a", "b", "c.d", "c.e", "f"]
    assert df["a"].dtype == "Int64"
    assert df["f"].dtype == "boolean"


def test_columns_stand_in_order_of_first_appearance_whichever_rung() -> None:
    pages = [b'[{"n":1,"t":"x"}]', b'[{"o":{"b":1},"t":"y","new":2}]', b'[{"zz":"2024-01-01","o":{"a":"q","b":2}}]']
    for rung in RUNGS:
        df, _ = _decode(pages, rung)
        assert list(df.columns) == ["n", "t", "o.b", "o.a", "new", "zz"], rung


def test_null_beside_objects_is_an_absent_object_across_pages() -> None:
    for rung in RUNGS:
        for pages in ([b'[{"a":null}]', b'[{"a":{"b":1}}]'], [b'[{"a":{"b":1}}]', b'[{"a":null}]']):
            df, _ = _decode(pages, rung)
            assert list(df.columns) == ["a.b"], rung


def test_integers_stay_int64_and_numbers_beside_fractions_become_float() -> None:
    df, _ = _decode([b'[{"i":1,"f":1,"m":1}]', b'[{"i":2,"f":1.5}]'])

    assert df["i"].dtype == np.int64
    assert df["f"].dtype == np.float64
    assert df["m"].dtype == "Int64"


def test_integers_beyond_64_bits_are_python_integers_without_a_warning() -> None:
    df, _ = _decode([b'[{"a":1}]', b'[{"a":1180591620717411303424}]'])

    assert df["a"].tolist() == [1, 2**70]
    assert df["a"].dtype == object


def test_integers_beside_fractions_that_no_double_holds_stay_apart() -> None:
    for rung in RUNGS:
        df, _ = _decode([b'[{"a":9007199254740993}]', b'[{"a":0.5}]'], rung)
        assert df["a"].tolist() == [9007199254740993, 0.5]


def test_zero_records_give_an_empty_frame() -> None:
    df, _ = _decode([b"[]", b"[ ]"])

    assert df.shape == (0, 0)
    assert isinstance(df.index, pd.RangeIndex)


@pytest.mark.parametrize(
    "page",
    [
        b'[{"a":NaN}]',
        b'[{"a":Infinity}]',
        b'[{"a":"\xff"}]',
        b'[{"a":1}]]',
        b'[{"a":1}',
        b'[{"a":1}],[{"a":2}]',
        b"[{a:1}]",
    ],
)
def test_bytes_that_are_no_json_raise_on_every_rung(page: bytes) -> None:
    for rung in RUNGS:
        with pytest.raises(TransportError):
            _decode([b'[{"a":0.5}]', page], rung)


def test_limit_cuts_within_a_block_and_looks_at_nothing_beyond() -> None:
    shape = Shape()
    for rung in RUNGS:
        ladder, columns = Ladder(shape, rung), ColumnSet(shape)
        block = ladder.decode([Page(b'[{"a":1},{"a":2},{"a":"x","b":1}]')], limit=2)
        columns.add(block)
        df = columns.frame()
        assert block.is_cut
        assert df["a"].tolist() == [1, 2]
        assert list(df.columns) == ["a"]


def test_members_beside_data_that_the_cut_left_in_are_seen() -> None:
    # ``errors`` inside an error hides the real one from a look at the end of the page.
    shape = Shape()
    columns = ColumnSet(shape)
    columns.add(Ladder(shape).decode([Page(b'[{"a":1}],"errors":[{"code":"x","errors":[]}]')]))

    assert columns.rows == 1
    assert columns.errors == [{"code": "x", "errors": []}]


@pytest.mark.parametrize("rung", RUNGS)
def test_number_beyond_any_double_is_the_integer_it_says(rung: str) -> None:
    df, _ = _decode([b'[{"a":1e400,"b":[-15.5E+399]},{"a":0.5}]'], rung)

    assert df["a"].tolist() == [10**400, 0.5]
    assert df["b"].tolist() == [[-155 * 10**398], None]


@pytest.mark.parametrize("text", [b"1e5000", b"1e999999999999", b"1" * 400 + b".5"])
def test_number_that_cannot_be_held_is_refused_by_name(text: bytes) -> None:
    with pytest.raises(FrameError, match="number beyond what can be held: 1"):
        _decode([b'[{"a":%s}]' % text])


@pytest.mark.parametrize("pair", [(b'{"x":', b"}"), (b"[", b"]")])
def test_hundred_thousand_levels_are_an_error_and_not_the_end_of_the_process(pair: tuple[bytes, bytes]) -> None:
    begin, end = pair

    with pytest.raises(FrameError, match="nested too deeply"):
        _decode([b'[{"a":' + begin * 100_000 + b"1" + end * 100_000 + b"}]"])


@pytest.mark.parametrize("between", [b"", b"\n", b" 1, ", b'"]", '])
@pytest.mark.parametrize("levels", [65, 700, 1_100, 4_000, 20_000])
def test_lists_within_lists_cost_no_time_and_never_the_process(levels: int, between: bytes) -> None:
    deep = (b"[" + between) * levels + b"1" + b"]" * levels
    started = time.process_time()

    pages = [b'[{"a":1,"b":0.5}]', b'[{"a":%s}]' % deep]
    if levels < 800:
        assert _decode(pages)[0]["a"].iloc[0] == 1
    else:
        with pytest.raises(FrameError, match="nested too deeply"):
            _decode(pages)

    assert time.process_time() - started < 1


@pytest.mark.parametrize("nested", ["keep", "json"])
def test_objects_that_stay_never_reach_the_columnar_reader(nested: Any) -> None:
    columns, ladder = ColumnSet(Shape(nested=nested)), Ladder(Shape(nested=nested))

    for page in (b'[{"a":1}]', b'[{"a":1},{"a":{"x":2}}]', b'[{"a":{}}]', b'[{"b":0.5}]'):
        columns.add(ladder.decode([Page(page)]))

    assert ladder.decoded["columnar"] == 1
    assert columns.frame(quiet=True)["b"].tolist()[-1] == 0.5


@pytest.mark.parametrize("digits", [4_301, 100_000])
@pytest.mark.parametrize("sign", [b"", b"-"])
def test_number_of_more_digits_than_python_reads_is_no_damaged_json(digits: int, sign: bytes) -> None:
    number = sign + b"7" * digits
    page = read_page(b'{"data":[{"a":%s}],"errors":[{"n":%s}]}' % (number, number))

    with pytest.raises(
        FrameError, match=rf"beyond what can be held: {sign.decode()}7+… is an integer of {digits:,} digits"
    ):
        _decode([page.data])

    assert page.errors == [{"n": number.decode()}]
    assert _decode([b'[{"a":%s}]' % (sign + b"7" * 4_300)])[0]["a"].iloc[0] == int(sign + b"7" * 4_300)
