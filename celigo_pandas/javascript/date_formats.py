r"""Date formats in moment's tokens: how a format splits, the names it uses, and the zones it names.

Source: moment.js documentation, "Display / Format" and "Parse / String + Format"; behaviour compared with moment and
moment-timezone.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from celigo_pandas.errors import shown

__all__ = ["MONTHS", "WEEKDAYS", "DateError", "ordinal", "read_zone", "split_format"]

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MAX_FORMAT: Final = 1_000

_LABEL: Final = re.compile(r"\((?:GMT|UTC)(?:([+-])(\d{1,2}):?(\d{2})?)?\)\s*(.*)", re.IGNORECASE)
_REGIONS: Final = {
    "international date line west": "Etc/GMT+12",
    "midway island": "Pacific/Midway",
    "hawaii": "Pacific/Honolulu",
    "alaska": "America/Anchorage",
    "pacific time": "America/Los_Angeles",
    "arizona": "America/Phoenix",
    "mountain time": "America/Denver",
    "central time": "America/Chicago",
    "saskatchewan": "America/Regina",
    "eastern time": "America/New_York",
    "atlantic time": "America/Halifax",
    "newfoundland": "America/St_Johns",
    "greenland": "America/Godthab",
    "cape verde is.": "Atlantic/Cape_Verde",
    "greenwich mean time : dublin": "Europe/London",
    "mumbai": "Asia/Kolkata",
    "new delhi": "Asia/Kolkata",
    "india standard time": "Asia/Kolkata",
    "beijing": "Asia/Shanghai",
    "osaka": "Asia/Tokyo",
    "canberra": "Australia/Sydney",
    "wellington": "Pacific/Auckland",
    "caucasus standard time": "Asia/Yerevan",
}

_LONG_FORMS: Final = {
    "LT": "h:mm A",
    "LTS": "h:mm:ss A",
    "L": "MM/DD/YYYY",
    "LL": "MMMM D, YYYY",
    "LLL": "MMMM D, YYYY h:mm A",
    "LLLL": "dddd, MMMM D, YYYY h:mm A",
    "l": "M/D/YYYY",
    "ll": "MMM D, YYYY",
    "lll": "MMM D, YYYY h:mm A",
    "llll": "ddd, MMM D, YYYY h:mm A",
}
_LONG: Final = re.compile(r"\[[^\[]*\]|\\?(?:LTS|LT|L{1,4}|l{1,4})")
# The longest token first wherever one is the start of another; the order of the rest does not matter.
_TOKENS: Final = re.compile(
    r"\[[^\[]*\]|\\?(?:[Hh]mm(?:ss)?|Mo|M{1,4}|Do|DDDo|D{1,4}|do|d{1,4}|w[o|w]?|W[o|W]?|Qo|Q|N{1,5}"
    r"|Y{4,6}|YY|y{2,4}|yo|y|g{4,5}|gg|G{4,5}|GG|e|E|a|A|hh?|HH?|kk?|mm?|ss?|S{1,9}|x|X|zz?|ZZ?"
    r"|[^\n\r\u2028\u2029])"
)


class DateError(ValueError):
    """A date that cannot be read, or a format or zone that cannot be used."""


def split_format(pattern: str) -> list[str]:
    """Split a format into tokens and single characters; the long forms (``LT``, ``LLL``) are written out first."""
    if len(pattern) > MAX_FORMAT:
        raise DateError(f"A date format of {len(pattern)} characters is too long; the limit is {MAX_FORMAT}.")
    return _TOKENS.findall(_LONG.sub(lambda match: _LONG_FORMS.get(match.group(), match.group()), pattern))


def ordinal(number: int) -> str:
    """Write 1st, 2nd, 3rd, 4th, 11th."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


@lru_cache(maxsize=1024)
def read_zone(name: str | None) -> tzinfo:
    """Find a zone by its IANA name, in any case, or by a label such as ``(GMT+05:30) Chennai, Kolkata``; None is UTC.

    Raises
    ------
    DateError
        No such zone, or the machine has no zone data.
    """
    if name is None or name in ("", "UTC", "Etc/UTC", "Z"):
        return timezone.utc
    found = _named_zone(name) or _labelled_zone(name)
    if found is not None:
        return found
    raise DateError(f"Not a time zone: {shown(name)}. Use an IANA name such as 'America/New_York'.")


def _named_zone(name: str) -> tzinfo | None:
    for candidate in (name, _folded_names().get(name.casefold())):
        if candidate is not None:
            try:
                return ZoneInfo(candidate)
            except (KeyError, ValueError, OSError):  # KeyError is zoneinfo's own ZoneInfoNotFoundError
                continue
    return None


@lru_cache(maxsize=1)
def _folded_names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


def _labelled_zone(label: str) -> tzinfo | None:
    """Find the zone that a list in a user interface shows as ``(GMT-05:00) Eastern Time (US & Canada)``.

    The places decide, because an offset alone knows no summer time: an IANA name, a region of the lists, or a city
    that is an IANA name's and has that offset in January or July. Else the offset itself is the zone.
    """
    match = _LABEL.fullmatch(label.strip())
    if match is None:
        return None
    sign, hours, minutes, places = match.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if offset >= timedelta(hours=24):
        return None
    offset = -offset if sign == "-" else offset
    for place in (places, places.partition("(")[0], *places.split(",")):
        name = _REGIONS.get(place.strip().casefold()) or _cities().get(place.strip().casefold()) or place.strip()
        zone = _named_zone(name) if name else None
        if zone is not None and offset in (_offset_in(zone, 1), _offset_in(zone, 7)):
            return zone
    return timezone(offset)


def _offset_in(zone: tzinfo, month: int) -> timedelta | None:
    return datetime(2024, month, 1, tzinfo=zone).utcoffset()


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    names = sorted(available_timezones(), reverse=True)
    return {name.rpartition("/")[2].replace("_", " ").casefold(): name for name in names if "/" in name}
