"""Cursors: the column that says when a row last changed, its greatest value, and where the next pull begins.

Times are ISO 8601 texts, compared as instants; numbers are compared as numbers. A bound is written as the greatest
value was: many sources compare texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from celigo_pandas.documents.counts import as_integer, as_number
from celigo_pandas.errors import ConfigError, FrameError, shown

__all__ = [
    "Cursors",
    "Mark",
    "Overlap",
    "bound",
    "checked_mark",
    "checked_overlap",
    "is_later",
    "iso_utc",
    "read_cursors",
    "span",
]

Mark: TypeAlias = str | int | float
"""A value of a cursor, as it came."""

Overlap: TypeAlias = pd.Timedelta | int | float

_ISO = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:(?P<sep>[T ])(?P<minute>\d{2}:\d{2})(?P<second>:\d{2}(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_WHOLE = rf"^(?:{re.sub(r'[?]P<[a-z]+>', '?:', _ISO.pattern)})$"
_ZONED = r"[T ].*(?:Z|[+-]\d{2}:?\d{2})$"
_FIRST_NS, _LAST_NS = -(2**63) + 1, 2**63 - 1
_UNZONED_HOURS = 14
"""How far a time without a zone may be ahead of UTC."""


@dataclass(frozen=True)
class Cursors:
    """The cursors of some rows.

    Parameters
    ----------
    values : pyarrow.ChunkedArray
        As they came.
    order : ndarray
        What they are compared by; the least there is where one is missing.
    missing : ndarray of bool
    kind : {"time", "number", None}
        None where all are missing.
    zoned : bool
        Whether times say their offset from UTC.
    """

    values: pa.ChunkedArray
    order: Any
    missing: Any
    kind: str | None
    zoned: bool = True

    def ahead(self, now: pd.Timestamp, slack: Overlap) -> Any:
        """Say which are times that have not come yet; `slack` is how far clocks may differ."""
        if self.kind != "time":
            return np.zeros(len(self.order), dtype=bool)
        limit = now + (slack if isinstance(slack, pd.Timedelta) else pd.Timedelta(0))
        if not self.zoned:
            limit += pd.Timedelta(hours=_UNZONED_HOURS)
        return self.order > limit.as_unit("ns").value

    def greatest(self, among: object) -> Mark | None:
        """Return the greatest of those that are not missing."""
        places = np.flatnonzero(among & ~self.missing)
        if not len(places):
            return None
        value = self.values[int(places[np.argmax(self.order[places])])].as_py()
        assert isinstance(value, (str, int, float))
        return value


def read_cursors(values: pa.ChunkedArray, kind: str, name: str) -> Cursors:
    """Read the cursor column of some rows.

    Raises
    ------
    FrameError
        A value that is neither a number nor an ISO 8601 time; times of which some say their zone and others not.
    """
    missing = np.asarray(pc.is_null(values).to_numpy())
    if kind == "null" or missing.all():
        return Cursors(values, np.zeros(len(missing), dtype=np.int64), missing, None)
    if kind in ("int", "float"):
        return Cursors(values, values.fill_null(0).to_numpy(), missing, "number")
    if kind != "str":
        what = "truth values" if kind == "bool" else "values of several kinds, or lists"
        raise FrameError(f"cursor={name!r} is a column of {what}; expected times or numbers.", column=name)
    texts = pc.unique(values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values).drop_null()
    zoned = _checked_times(texts, name)
    instants = _instants(texts.to_pylist(), name)
    found = pc.index_in(values, value_set=texts).fill_null(0).to_numpy()
    order = np.where(missing, np.iinfo(np.int64).min, instants[found])
    return Cursors(values, order, missing, "time", zoned)


def _checked_times(texts: pa.Array, name: str) -> bool:
    """Refuse what cannot be compared, and say whether the times have zones."""
    bad = texts.filter(pc.invert(pc.match_substring_regex(texts, _WHOLE)))
    if len(bad):
        raise FrameError(
            f"cursor={name!r}: {len(bad):,} values are no ISO 8601 times, such as {_examples(bad)}.",
            hint="Let the query or a transform of the export write them as 2024-01-31T15:05:00Z; or take a number.",
            column=name,
        )
    zoned = pc.match_substring_regex(texts, _ZONED)
    with_zone, without = texts.filter(zoned), texts.filter(pc.invert(zoned))
    if len(with_zone) and len(without):
        raise FrameError(
            f"cursor={name!r}: some times say their zone ({_examples(with_zone, 1)}), others do not "
            f"({_examples(without, 1)}), so which is later is not known.",
            hint="Let the query or a transform of the export write all in UTC.",
            column=name,
        )
    return bool(len(with_zone))


def _examples(texts: pa.Array, count: int = 3) -> str:
    return ", ".join(shown(text) for text in texts[:count].to_pylist())


def _instants(texts: list[str], name: str) -> Any:
    """Return times as nanoseconds since 1970; what lies beyond them, such as the year 9999, as the last there is."""
    try:
        return pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601", utc=True)).as_unit("ns").asi8
    except (ValueError, OverflowError):
        pass
    try:
        return np.array([_clipped(text) for text in texts], dtype=np.int64)
    except ValueError as error:
        raise FrameError(f"cursor={name!r}: {error}.", column=name) from error


def _clipped(text: str) -> int:
    microseconds = pd.Timestamp(text).as_unit("us").asm8.astype(np.int64)
    return max(_FIRST_NS, min(_LAST_NS, int(microseconds) * 1000))


def checked_mark(name: str, value: Any) -> Mark | None:
    """Read an option that is a value of the cursor: a time, an ISO 8601 text, or a number."""
    if value is None:
        return None
    number = as_integer(value)
    if number is not None:
        return number
    if (fraction := as_number(value)) is not None and np.isfinite(fraction):
        return fraction
    text = value.isoformat() if hasattr(value, "isoformat") and not pd.isna(value) else value
    if isinstance(text, str) and _ISO.fullmatch(text):
        _instants([text], name)
        return text
    raise ConfigError(f"{name}: got {shown(value)}; expected a time, an ISO 8601 text, or a number.")


def span(value: Any) -> pd.Timedelta:
    """Read a span of time; a day may be written ``d``, which pandas reads with a warning."""
    return pd.Timedelta(re.sub(r"(?<=\d)\s*d\b", "D", value) if isinstance(value, str) else value)


def checked_overlap(value: object) -> Overlap:
    """Read ``overlap=``: how far before the watermark the next pull begins."""
    number = as_integer(value) if as_integer(value) is not None else as_number(value)
    try:
        overlap: Overlap = 0 if value is None else number if number is not None else span(value)
        is_forward = overlap >= pd.Timedelta(0) if isinstance(overlap, pd.Timedelta) else overlap >= 0
        if is_forward and overlap not in (np.inf, pd.NaT):
            return overlap
    except (ValueError, TypeError):
        pass
    raise ConfigError(
        f"overlap: got {shown(value)}; expected a span such as '10min', '1h' or a timedelta, for a cursor of numbers a "
        "number, or 0."
    )


def bound(mark: Mark, overlap: Overlap) -> Mark:
    """Return where the next pull begins, written as the watermark is.

    An overlap in time is nothing to a number, and none but 0 in numbers to a time: see :func:`read_cursors`.
    """
    if not isinstance(mark, str):
        return mark if isinstance(overlap, pd.Timedelta) else mark - overlap
    parts = _ISO.fullmatch(mark)
    assert parts is not None
    moved = _earlier(pd.Timestamp(mark), overlap if isinstance(overlap, pd.Timedelta) else pd.Timedelta(0))
    day = f"{moved.year:04d}-{moved.month:02d}-{moved.day:02d}"  # %Y writes the year 900 in three digits
    if parts["sep"] is None:
        return day
    text = f"{day}{parts['sep']}{moved.hour:02d}:{moved.minute:02d}"
    text += f":{moved.second:02d}" if parts["second"] else ""
    if parts["fraction"]:
        text += "." + f"{moved.microsecond * 1000 + moved.nanosecond:09d}"[: len(parts["fraction"])]
    return text + (parts["zone"] or "")


def _earlier(moment: pd.Timestamp, span: pd.Timedelta) -> pd.Timestamp:
    try:
        moved = moment - span
    except (ValueError, OverflowError):  # nanoseconds reach from 1677 to 2262, and pandas 2 goes on in them alone
        moved = moment.as_unit("us") - span.as_unit("us")
    return moved if moved.year >= 1 else pd.Timestamp("0001-01-01", tz=moved.tz)


def iso_utc(mark: str) -> str:
    """Write a time as the platform's own members have it: UTC, milliseconds, rounded down."""
    stamp = pd.Timestamp(mark)
    stamp = stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
    return f"{stamp.year:04d}-{stamp:%m-%dT%H:%M:%S}.{stamp.microsecond // 1000:03d}Z"


def is_later(one: Mark, other: Mark | None) -> bool:
    """Say whether a watermark may move from `other` to `one`."""
    if other is None:
        return True
    if isinstance(one, str) and isinstance(other, str):
        return bool(_instants([one], "watermark")[0] > _instants([other], "watermark")[0])
    return not isinstance(one, str) and not isinstance(other, str) and one > other
