from __future__ import annotations

import json

import pytest

from celigo_pandas.engine.texts.json_text import NumberError, dump, load


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":9007199254740993}',
        b'{"a":18446744073709551616,"b":-123456789012345678901234567890}',
        b'["\\ud800"]',
        b'{"a":[1.5,null,true,"\xc3\xa4"]}',
    ],
)
def test_json_text_value_survives_both_ways(text: bytes) -> None:
    assert load(dump(load(text))) == load(text)
    assert load(text) == json.loads(text)


def test_json_text_integer_beyond_64_bit_is_not_a_float() -> None:
    assert load(b"[18446744073709551616]") == [18446744073709551616]
    assert dump([18446744073709551616]) == b"[18446744073709551616]"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity, 12345678901234567890]",
        b"{} {}",
        b'"\xff"',
        b"[" * 100_000,
        b"\xef\xbb\xbf{}",
        b'["\\ud8"]',
    ],
)
def test_json_text_what_is_no_json_raises_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        load(text)


def test_json_text_nan_cannot_be_written_as_a_bare_word() -> None:
    assert b"NaN" not in dump({"a": float("nan")})


@pytest.mark.parametrize("text", [b"[1e999]", b"-1.5E+400", b'{"a": 12e308 }', b"[1" + b"0" * 400 + b".5]"])
def test_json_text_number_beyond_any_double_is_refused_where_asked(text: bytes) -> None:
    with pytest.raises(NumberError, match="beyond the largest number"):
        load(text, finite=True)


@pytest.mark.parametrize("text", [b'["1e999"]', b"[1e308,1e-999]", b'["a5e123"]', b'["see 1e999, there"]'])
def test_json_text_numbers_and_texts_that_only_look_so_are_read(text: bytes) -> None:
    assert load(text, finite=True) == load(text) == json.loads(text)


def test_json_text_infinity_is_written_as_null_beside_long_integers_too() -> None:
    assert dump({"a": float("inf"), "b": 2**80, "c": [float("nan")]}) == b'{"a":null,"b":%d,"c":[null]}' % 2**80


def test_json_text_number_of_too_many_digits_is_named_as_such() -> None:
    with pytest.raises(NumberError, match=r"7+… is an integer of 5,000 digits"):
        load(b"[-" + b"7" * 5000 + b"]")


@pytest.mark.parametrize("text", [b"[\n" * 5_000, b'{"a":' * 200_000, b'["\\ud800",' + b"[ 1," * 3_000])
def test_json_text_depth_is_told_before_it_is_decoded(text: bytes) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        load(text)
