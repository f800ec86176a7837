"""From the parts of a date to the date: what was not said is filled in, what contradicts itself is refused.

Source: moment.js documentation, "Parse / Defaults", and comparison with moment-timezone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone, tzinfo

from celigo_pandas.javascript.date_writing import local_week

__all__ = [
    "DAY",
    "HOUR",
    "MILLISECOND",
    "MINUTE",
    "MONTH",
    "SECOND",
    "YEAR",
    "Clock",
    "Parts",
    "UnreadableDate",
    "finish",
]

Clock = Callable[[], datetime]

YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MILLISECOND = range(7)


@dataclass
class Parts:
    """What has been read so far; None is "not said"."""

    values: list[int | None] = field(default_factory=lambda: [None] * 7)
    week: dict[str, int] = field(default_factory=dict)
    day_of_year: int | None = None
    offset: int | None = None
    instant: datetime | None = None
    is_pm: bool | None = None
    anything: bool = False


class UnreadableDate(Exception):
    """Why a text is no date; becomes a DateError with the text and the format."""


def finish(parts: Parts, zone: tzinfo, now: Clock) -> datetime:
    """Fill in what was not said and build the date."""
    values = parts.values
    if not parts.anything:
        raise UnreadableDate("nothing of the format was found in it")
    if parts.is_pm is not None:
        if all(value is None for value in values):
            raise UnreadableDate("it says only AM or PM")
        _apply_half(values, parts.is_pm)
    if parts.instant is not None:
        return parts.instant
    is_whole = values[YEAR] is not None and values[MONTH] is not None and values[DAY] is not None
    today = None if is_whole else now().astimezone(zone).date()
    if parts.week and values[DAY] is None and values[MONTH] is None and today is not None:
        _apply_week(parts, today)
    if parts.day_of_year is not None:
        _apply_day_of_year(parts, today)
    is_defaulted = any(value is None for value in values[:3])
    moment = _build(_completed(values, today), parts.offset, zone)
    if "d" in parts.week and not is_defaulted and parts.week["d"] != _day_of_week(values):
        raise UnreadableDate("its weekday does not fit its date")
    return moment


def _apply_half(values: list[int | None], is_pm: bool) -> None:
    hour = values[HOUR]
    if hour is not None:
        if is_pm and hour < 12:
            values[HOUR] = hour + 12
        elif not is_pm and hour == 12:
            values[HOUR] = 0


def _apply_day_of_year(parts: Parts, today: date | None) -> None:
    year, number = parts.values[YEAR], parts.day_of_year or 0
    if year is None:
        year = today.year if today is not None else 0
    if not 1 <= year <= 9999:
        raise UnreadableDate("its year is outside of 1 to 9999")
    if not 1 <= number <= date(year, 12, 31).timetuple().tm_yday:
        raise UnreadableDate(f"the year {year} has no day {number}")
    day = date(year, 1, 1) + timedelta(days=number - 1)
    parts.values[:3] = [year, day.month - 1, day.day]


def _apply_week(parts: Parts, today: date) -> None:
    week = parts.week
    try:
        if week.keys() & {"GG", "W", "E"}:
            year = week.get("GG", parts.values[YEAR])
            year = today.isocalendar()[0] if year is None else year
            day = date.fromisocalendar(year, week.get("W", 1), week.get("E", 1))
        else:
            current = local_week(datetime(today.year, today.month, today.day))
            year = week.get("gg", parts.values[YEAR])
            year = current[0] if year is None else year
            day = _local_week_day(year, week.get("w", current[1]), week.get("d", week.get("e", 0)))
    except (ValueError, OverflowError):
        raise UnreadableDate("its week or weekday does not exist") from None
    parts.values[YEAR] = day.year
    parts.day_of_year = day.timetuple().tm_yday


def _local_week_day(year: int, week: int, weekday: int) -> date:
    start = date(year, 1, 1)
    day = start + timedelta(days=-(start.isoweekday() % 7) + (week - 1) * 7)
    following = date(year + 1, 1, 1)
    last = following - timedelta(days=following.isoweekday() % 7)
    if not 0 <= weekday <= 6 or week < 1 or day >= last:
        raise ValueError
    return day + timedelta(days=weekday)


def _completed(values: list[int | None], today: date | None) -> list[int]:
    defaults = [0, 0, 1] if today is None else [today.year, today.month - 1, today.day]
    place = 0
    while place < 3 and values[place] is None:
        values[place] = defaults[place]
        place += 1
    if values[DAY] is None:
        values[DAY] = 1
    return [value or 0 for value in values]


def _day_of_week(values: list[int | None]) -> int:
    year, month, day = (value or 0 for value in values[:3])
    return date(year, month + 1, day).isoweekday() % 7


def _build(values: list[int], offset: int | None, zone: tzinfo) -> datetime:
    year, month, day, hour, minute, second, millisecond = values
    extra = timedelta()
    if hour == 24 and not (minute or second or millisecond):
        hour, extra = 0, timedelta(days=1)
    try:
        moment = datetime(year, month + 1, day, hour, minute, second, millisecond * 1000) + extra
        if offset is not None:
            return (moment - timedelta(minutes=offset)).replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        raise UnreadableDate("no such day or time exists in the years 1 to 9999") from None
    return moment.replace(tzinfo=zone)
