"""Strategies for records of every shape, as JSON texts beside their values."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

DATES = ["2024-01-01", "2024-01-01T00:00:00Z", "2024-02-30", "01/02/2024", "20240101", "2024-01-01 10:00:00.123456789"]
KEYS = ["a", "b", "c", "id", "a.b", ".", "", "\\", "x\\.y", "ключ", "line\nbreak", "data", "pagedExportState", "errors"]

_integers = st.one_of(
    st.integers(-5, 5),
    st.integers(-(2**70), 2**70),
    st.integers(2**53 - 3, 2**53 + 3),
    st.just(-(2**63)),
    st.just(2**63),
)
_floats = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([-0.0, 0.5, 1e308, 5e-324, 2.0**53, 0.1, 1.0])
)
_texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [*DATES, "007", "12.50", "true", "null", "\ud800", "a\ud83d", "\u0000", '"', "12345678901234567890"]
    ),
    st.text(st.characters(codec=None, categories=["Cs", "Cc", "Lu", "So"]), max_size=4),
)
SCALARS = st.one_of(st.none(), st.booleans(), _integers, _floats, _texts)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
WILD = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), VALUES, max_size=4)

_small = st.integers(-(2**53), 2**53)
_plain = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(DATES)
_COLUMNS = {
    "flag": st.booleans(),
    "count": st.integers(-(2**63), 2**63 - 1),
    "amount": st.floats(-1e9, 1e9),
    "text": _plain,
    "date": st.sampled_from(DATES[:2]),
    "exact": st.one_of(_small, st.floats(-1e9, 1e9)),
    "inexact": st.one_of(st.integers(2**53 - 2, 2**53 + 3), st.just(0.5)),
}


@st.composite
def tidy_records(draw: Any, max_size: int = 12) -> list[dict[str, Any]]:
    """Records as a database gives them: one type a column, gaps, an object or two."""
    names = draw(st.lists(st.sampled_from(sorted(_COLUMNS)), min_size=1, max_size=4, unique=True))
    optional = {name: st.none() | _COLUMNS[name] for name in names}
    flat = st.fixed_dictionaries({}, optional=optional)
    if draw(st.booleans()):
        inner = st.fixed_dictionaries({"x": _small}, optional={"y": st.none() | _plain})
        flat = st.builds(lambda record, below: {**record, "sub": below}, flat, st.none() | inner | st.just({}))
    return draw(st.lists(flat, max_size=max_size))


RECORDS = st.one_of(tidy_records(), tidy_records(), st.lists(WILD, max_size=8))


@st.composite
def json_texts(draw: Any, records: list[Any]) -> list[bytes]:
    """Records as bytes: with spaces, raw or escaped characters, and now and then a key that is given twice."""
    style = draw(st.sampled_from(["compact", "spaced", "raw", "twice"]))
    return [_text(record, style).encode("utf-8") for record in records]


def _text(value: Any, style: str) -> str:
    if style == "raw":
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            text.encode("utf-8")
            return text
        except UnicodeEncodeError:
            style = "compact"
    if style == "spaced":
        return json.dumps(value, indent=1)
    if style == "twice" and isinstance(value, dict) and value:
        key = next(iter(value))
        # The first one is of another type than most, and must leave no trace.
        return "{" + json.dumps(key) + ":[0]," + json.dumps(value, separators=(",", ":"))[1:]
    return json.dumps(value, separators=(",", ":"))
