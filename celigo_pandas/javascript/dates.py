"""Dates as the platform reads and writes them: moment's formats, IANA zones, milliseconds.

This is the face of the three ``date_*`` modules. A reader turns a value into an aware datetime, a writer the datetime
into text; both are compiled once per format and zone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

from celigo_pandas.errors import shown
from celigo_pandas.javascript.date_detection import detect
from celigo_pandas.javascript.date_formats import DateError, read_zone
from celigo_pandas.javascript.date_parts import Clock
from celigo_pandas.javascript.date_reading import compile_format_reader
from celigo_pandas.javascript.date_writing import compile_writer, epoch_milliseconds
from celigo_pandas.javascript.values import number_text

__all__ = ["DateError", "compile_reader", "compile_writer", "epoch_milliseconds", "read_zone"]

Reader = Callable[[Any], datetime]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


def utc_now() -> datetime:
    """Give the current time; what is used where no clock is passed."""
    return datetime.now(timezone.utc)


def compile_reader(fmt: str | None = None, zone: str | None = None, now: Clock | None = None) -> Reader:
    """Compile the reading of dates.

    Parameters
    ----------
    fmt : str, optional
        In moment's tokens, read forgivingly. None, empty and ``ISO8601`` detect the form: ISO 8601, RFC 2822, then
        what JavaScript's Date takes; a number is milliseconds since 1970.
    zone : str, optional
        IANA name of the zone of a text that names no offset; None is UTC.
    now : callable, optional
        The clock, an aware datetime: for texts without a year or a date.

    Returns
    -------
    callable
        Takes a value, gives an aware datetime; a local time that occurs twice is the first of the two. Raises
        DateError for a value that is no date.

    Raises
    ------
    DateError
        No such zone.

    Notes
    -----
    Only the years 1 to 9999 exist here. Cached by format, zone and clock.
    """
    return _cached_reader(fmt, zone, now or utc_now)


@lru_cache(maxsize=512)
def _cached_reader(fmt: str | None, zone: str | None, now: Clock) -> Reader:
    place = read_zone(zone)
    if fmt in (None, "", "ISO8601"):

        def read_detecting(value: object) -> datetime:
            if type(value) is str:
                return detect(value, place)
            return _read_other(value)

        return read_detecting
    read_text = compile_format_reader(fmt or "", place, now)

    def read(value: object) -> datetime:
        if type(value) is str:
            return read_text(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return read_text(number_text(value))
        return _read_other(value)

    return read


def _read_other(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            if math.isfinite(value):
                return _EPOCH + timedelta(milliseconds=int(value))
        except OverflowError:
            pass
    raise DateError(f"Not a date: {shown(value)}; expected text, or milliseconds since 1970.")
