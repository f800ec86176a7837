r"""Date formats in moment's tokens: how a format splits, the names it uses, and the zones it names.

Source: moment.js documentation, "Display / Format" and "Parse / String + Format"; behaviour compared with moment and
moment-timezone.
"""

from __future__ import annotations

import re
from datetime import timezone, tzinfo
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
    """Find a zone by its IANA name, in any case; None is UTC.

    Raises
    ------
    DateError
        No such zone, or the machine has no zone data.
    """
    if name is None or name in ("", "UTC", "Etc/UTC", "Z"):
        return timezone.utc
    for candidate in (name, _folded_names().get(name.casefold())):
        if candidate is not None:
            try:
                return ZoneInfo(candidate)
            except (KeyError, ValueError, OSError):  # KeyError is zoneinfo's own ZoneInfoNotFoundError
                continue
    raise DateError(f"Not a time zone: {shown(name)}. Use an IANA name such as 'America/New_York'.")


@lru_cache(maxsize=1)
def _folded_names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}
