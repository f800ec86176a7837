from __future__ import annotations

import pytest

from celigo_pandas.engine.json_text import dump, load


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
    assert load(text) == __import__("json").loads(text)


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
