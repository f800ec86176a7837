"""Reads dates without a format: ISO 8601, RFC 2822, then the forms that JavaScript's Date takes.

Source: moment.js documentation, "Parse / String", comparison with moment; for the last group V8's Date.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

from celigo_pandas.errors import shown
from celigo_pandas.javascript import date_parts as parts_of
from celigo_pandas.javascript.date_formats import MONTHS, WEEKDAYS, DateError
from celigo_pandas.javascript.date_reading import read_offset

__all__ = ["detect"]

_OFFSET: Final = r"(?P<offset>[+-][0-9]{2}(?::?[0-9]{2})?|[ \t\r\n]*Z)?"
_COMMON: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?\Z"
)
_ISO_DATE: Final = (
    r"(?P<year>[+-][0-9]{6}|[0-9]{4})(?:-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})|-W(?P<w>[0-9]{2})(?:-(?P<wd>[0-9]))?"
    r"|-(?P<doy>[0-9]{3})|-(?P<mo>[0-9]{2}))"
)
_BASIC_DATE: Final = (
    r"(?P<year>[+-][0-9]{6}|[0-9]{4})(?:(?P<m>[0-9]{2})(?P<d>[0-9]{2})|W(?P<w>[0-9]{2})(?P<wd>[0-9])?"
    r"|(?P<doy>[0-9]{3})|(?P<mo>[0-9]{2})|)"
)
_ISO_TIME: Final = r"(?P<h>[0-9]{2})(?::(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?)?"
_BASIC_TIME: Final = r"(?P<h>[0-9]{2})(?:(?P<mi>[0-9]{2})(?:(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?)?"
_ISO: Final = tuple(
    re.compile(rf"\s*{day}(?:[T ]{time}{_OFFSET})?\Z")
    for day, time in ((_ISO_DATE, _ISO_TIME), (_BASIC_DATE, _BASIC_TIME))
)

_MONTH: Final = r"(?P<month>(?:" + "|".join(name[:3] for name in MONTHS) + r")[a-z]*)\.?"
_DAY_NAME: Final = r"(?:(?P<weekday>" + "|".join(name[:3] for name in WEEKDAYS) + r")[a-z]*\.?,?\s+)?"
_RFC: Final = re.compile(
    r"(?:(?P<weekday>Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s)?(?P<day>[0-9]{1,2})\s(?P<month>[JFMASOND][a-z]{2})\s"
    r"(?P<year>[0-9]{2,4})\s(?P<h>[0-9]{2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2}))?\s"
    r"(?P<zone>UT|GMT|[ECMP][SD]T|[Zz]|[+-][0-9]{4})\Z"
)
_DATES: Final = (
    r"(?P<month>[0-9]{1,2})[/. -](?P<day>[0-9]{1,2})[/. -](?P<year>[0-9]{4}|[0-9]{2})",
    r"(?P<year>[0-9]{4})[/.-](?P<month>[0-9]{1,2})[/.-](?P<day>[0-9]{1,2})",
    rf"{_DAY_NAME}{_MONTH}[ -](?P<day>[0-9]{{1,2}})[, -]\s*(?P<year>[0-9]{{4}}|[0-9]{{2}})",
    rf"{_DAY_NAME}(?P<day>[0-9]{{1,2}})[ -]{_MONTH}[, -]\s*(?P<year>[0-9]{{4}}|[0-9]{{2}})",
    rf"{_MONTH}[ -](?P<year>[0-9]{{4}})",
)
_TIME: Final = (
    r"(?:[,\s]\s*(?P<h>[0-9]{1,2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:\.(?P<f>[0-9]+))?)?"
    r"\s*(?P<half>[AaPp][Mm])?)?\s*(?P<zone>Z|UTC?|GMT|[ECMP][SD]T)?\s*(?P<offset>[+-][0-9]{2}:?[0-9]{2})?\s*\Z"
)
_LOOSE: Final = tuple(re.compile(day + _TIME, re.IGNORECASE) for day in _DATES)
_ASP_NET: Final = re.compile(r"/?Date\((-?[0-9]{1,18})", re.IGNORECASE)
_HOURS: Final = {"EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}
_MAX_TEXT: Final = 1_000


def detect(text: str, zone: tzinfo) -> datetime:
    """Read a text whose form is not known.

    Parameters
    ----------
    text : str
        At most a thousand characters.
    zone : tzinfo
        Of a text that names no offset.

    Raises
    ------
    DateError
        The text is no date of any of the forms.
    """
    found = _COMMON.match(text)
    if found is not None:
        year, month, day, hour, minute, second, fraction, offset = found.groups()
        try:
            moment = datetime(
                int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
                _milliseconds(fraction) * 1000 if fraction else 0, zone if offset is None else timezone.utc,
            )  # fmt: skip
            if offset is None or offset == "Z":
                return moment
            return moment - timedelta(minutes=read_offset(offset))
        except (ValueError, OverflowError, parts_of.UnreadableDate):
            # The forms below say what it is, or why it is nothing.
            pass
    if len(text) > _MAX_TEXT:
        raise DateError(f"Not a date: a text of {len(text)} characters.")
    try:
        return _detect(text, zone)
    except (parts_of.UnreadableDate, ValueError, OverflowError) as error:
        reason = f"; {error}" if isinstance(error, parts_of.UnreadableDate) else ""
        raise DateError(f"Not a date: {shown(text)}{reason}. Name its format, in moment's tokens.") from None


def _milliseconds(fraction: str) -> int:
    return int(float("0." + fraction[:300]) * 1000)


def _detect(text: str, zone: tzinfo) -> datetime:
    found = _ASP_NET.match(text)
    if found is not None:
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=int(found[1]))
    for pattern in _ISO:
        found = pattern.match(text)
        if found is not None:
            parts = _iso_parts(found.groupdict())
            if parts is not None:
                return parts_of.finish(parts, zone, _no_clock)
    plain = re.sub(r"\s\s+", " ", re.sub(r"\([^()]*\)|[\n\t]", " ", text)).strip()
    found = _RFC.match(plain)
    if found is not None and found["month"] in [name[:3] for name in MONTHS]:
        return _rfc_date(found.groupdict())
    for pattern in _LOOSE:
        found = pattern.match(plain)
        if found is not None:
            return _loose_date(found.groupdict(), zone)
    raise ValueError


def _no_clock() -> datetime:
    # Every ISO form says its year; the clock is only asked for what stands in the week fields' defaults.
    return datetime(1970, 1, 1, tzinfo=timezone.utc)


def _iso_parts(groups: dict[str, str | None]) -> parts_of.Parts | None:
    """Turn what the ISO pattern found into parts; None for a week or month with a time, which is no ISO form."""
    parts = parts_of.Parts(anything=True)
    values = parts.values
    year, month, day = groups["year"], groups["m"] or groups["mo"], groups["d"]
    timeless = day is None and groups["doy"] is None and groups["wd"] is None
    if timeless and groups["h"] is not None:
        return None
    if groups["w"] is not None:
        parts.week = {"GG": int(year or 0), "W": int(groups["w"])}
        if groups["wd"] is not None:
            parts.week["E"] = int(groups["wd"])
    else:
        values[parts_of.YEAR] = int(year or 0)
    if month is not None:
        values[parts_of.MONTH] = int(month) - 1
    if day is not None:
        values[parts_of.DAY] = int(day)
    if groups["doy"] is not None:
        parts.day_of_year = int(groups["doy"])
    for place, name in ((parts_of.HOUR, "h"), (parts_of.MINUTE, "mi"), (parts_of.SECOND, "s")):
        text = groups[name]
        if text is not None:
            values[place] = int(text)
    if groups["f"] is not None:
        values[parts_of.MILLISECOND] = _milliseconds(groups["f"])
    if groups["offset"] is not None:
        parts.offset = read_offset(groups["offset"].strip())
    return parts


def _rfc_date(groups: dict[str, Any]) -> datetime:
    year = int(groups["year"])
    year += 2000 if year <= 49 else 1900 if year <= 999 else 0
    month = [name[:3] for name in MONTHS].index(groups["month"]) + 1
    day = date(year, month, 1) + timedelta(days=int(groups["day"]) - 1)
    if groups["weekday"] and WEEKDAYS[day.isoweekday() % 7][:3] != groups["weekday"]:
        raise parts_of.UnreadableDate("its weekday does not fit its date")
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    clock = timedelta(hours=int(groups["h"]), minutes=int(groups["mi"]), seconds=int(groups["s"] or 0))
    return start + clock - timedelta(minutes=_zone_minutes(groups["zone"], None) or 0)


def _zone_minutes(name: str | None, offset: str | None) -> int | None:
    if name and name[0] in "+-":
        name, offset = None, name
    if offset:
        digits = offset[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        return -minutes if offset[0] == "-" else minutes
    return None if name is None else _HOURS.get(name.upper(), 0) * 60


def _loose_date(groups: dict[str, Any], zone: tzinfo) -> datetime:
    year = int(groups["year"])
    if len(groups["year"]) == 2:
        year += 2000 if year <= 49 else 1900
    month = _month_number(groups["month"])
    number = int(groups.get("day") or 1)
    hour, half = int(groups["h"] or 0), (groups["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "pm" else 0)
    if not 1 <= number <= 31:
        raise ValueError
    # The 30th of February is the 1st or 2nd of March here, as in JavaScript.
    day = date(year, month, 1) + timedelta(days=number - 1)
    moment = datetime(
        day.year, day.month, day.day, hour, int(groups["mi"] or 0), int(groups["s"] or 0),
        _milliseconds(groups["f"]) * 1000 if groups["f"] else 0,
    )  # fmt: skip
    minutes = _zone_minutes(groups["zone"], groups["offset"])
    if minutes is None:
        return moment.replace(tzinfo=zone)
    return (moment - timedelta(minutes=minutes)).replace(tzinfo=timezone.utc)


def _month_number(text: str) -> int:
    if text.isdigit():
        return int(text)
    return [name[:3].lower() for name in MONTHS].index(text[:3].lower()) + 1
