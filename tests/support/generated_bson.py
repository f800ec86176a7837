"""Documents of every BSON type, for tests that compare with PyMongo."""

from __future__ import annotations

from bson import Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from hypothesis import strategies as st

LONGS = st.integers(-(2**63), 2**63 - 1)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_NAME = st.text("abcé. 0", min_size=1, max_size=4)
_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    LONGS.map(Int64),
    st.floats(allow_nan=False),
    st.just(float("nan")),
    _TEXT,
    st.binary(min_size=12, max_size=12).map(ObjectId),
    LONGS.map(DatetimeMS),
    st.builds(Binary, st.binary(max_size=9), st.sampled_from([0, 5, 0x80])),
    st.uuids().map(lambda one: Binary(one.bytes, 4)),
    _DECIMALS.map(lambda one: Decimal128(str(one))),
    st.sampled_from([MinKey(), MaxKey()]),
    st.sampled_from(["NaN", "Infinity", "-0", "1E+6000", "1E-6000"]).map(Decimal128),
    st.builds(Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.builds(lambda text, flags: Regex(text, flags), st.text("ab.*", max_size=4), st.sampled_from([0, 2, 8, 26, 64])),
    st.builds(lambda text: Code(text), _TEXT),
    st.builds(lambda text, scope: Code(text, {"x": scope}), _TEXT, st.integers(0, 9)),
    st.builds(lambda id: DBRef("c", id), st.binary(min_size=12, max_size=12).map(ObjectId)),
)  # fmt: skip
DOCUMENTS = st.dictionaries(
    _NAME,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAME, inner, max_size=3), max_leaves=8
    ),
    max_size=5,
)  # fmt: skip
