"""Levels of a JSON text, counted in its bytes, against levels of the value."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celigo_pandas.json_depth import json_depth

_TEXTS = st.text(st.sampled_from('[]{}"\\, :nubx/é\n\t\b\x00\ud83d'), max_size=8)
_VALUES = st.recursive(
    st.none() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=30,
)


def _levels(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if members is None else 1 + max(map(_levels, members), default=0)


@given(_VALUES, st.sampled_from([None, 0, 3]), st.booleans())
def test_depth_is_that_of_the_value_however_it_is_written(value: Any, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")

    assert json_depth(text) == _levels(value)


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        (b"", 0),
        (b"7", 0),
        (b"[\n" * 20_000, 20_000),
        (b"[ 1, " * 500 + b"1" + b"]" * 500, 500),
        (b'{"a":\n' * 300 + b"1" + b"}" * 300, 300),
        (b'["\\\\"' + b",[" * 300 + b"]" * 301, 301),
        (b'["\\"' + b",[" * 300 + b'"]', 1),
        (b'["' + b"[" * 5_000, 1),
        (b'["\\\\x\\"' + b"[" * 300 + b'"]', 1),
        (b'["\\\\\\n\\/\\u005b\\\\"' + b",[" * 300 + b"]" * 301, 301),
    ],
)
def test_depth_of_texts_that_are_hostile_or_cut(text: bytes, levels: int) -> None:
    assert json_depth(text) == levels


@pytest.mark.parametrize("part", [b"[", b"[],", b'"[",', b'"",', b"\\", b'\\"', b'"', b'{"":', b"[[]],"])
def test_depth_is_told_in_a_time_that_grows_with_the_bytes_alone(part: bytes) -> None:
    text = b"[" + part * (3_000_000 // len(part))

    started = time.process_time()
    json_depth(text)

    assert time.process_time() - started < 2
