"""Writes dates in moment's formats, in English.

A format is compiled once. One that needs nothing but the plain numbers of a date becomes a single ``%`` format.

Source: moment.js documentation, "Display / Format", and comparison with moment-timezone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from operator import attrgetter
from typing import Final

from celigo_pandas.javascript.date_formats import MONTHS, WEEKDAYS, DateError, ordinal, read_zone, split_format

__all__ = ["compile_writer"]

Writer = Callable[[datetime], str]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND: Final = timedelta(milliseconds=1)

_PLAIN: Final = {
    "YYYY": ("%04d", "year"),
    "MM": ("%02d", "month"),
    "M": ("%d", "month"),
    "DD": ("%02d", "day"),
    "D": ("%d", "day"),
    "HH": ("%02d", "hour"),
    "H": ("%d", "hour"),
    "mm": ("%02d", "minute"),
    "m": ("%d", "minute"),
    "ss": ("%02d", "second"),
    "s": ("%d", "second"),
}


def epoch_milliseconds(moment: datetime) -> int:
    """Count whole milliseconds since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


def _weekday(moment: datetime) -> int:
    return moment.isoweekday() % 7


def _day_of_year(moment: datetime) -> int:
    return moment.timetuple().tm_yday


def local_week(moment: datetime) -> tuple[int, int]:
    """Give year and number of the week that starts on Sunday; week 1 holds January 1."""
    last = moment.date() + timedelta(days=6 - _weekday(moment)) if moment.year < 9999 else moment.date()
    return last.year, (last.timetuple().tm_yday + 6) // 7


def _offset(moment: datetime, separator: str) -> str:
    # moment rounds an offset with seconds (local mean times) to minutes.
    seconds = (moment.utcoffset() or timedelta()).total_seconds()
    minutes = int(abs(seconds) + 30) // 60
    sign = "-" if seconds < 0 and minutes else "+"
    return f"{sign}{minutes // 60:02d}{separator}{minutes % 60:02d}"


def _twelve(moment: datetime) -> int:
    return moment.hour % 12 or 12


def _half(moment: datetime) -> str:
    return "AM" if moment.hour < 12 else "PM"


def _fraction(digits: int) -> Writer:
    return lambda moment: f"{moment.microsecond // 1000:03d}000000"[:digits]


def _number(read: Callable[[datetime], int], width: int = 0) -> Writer:
    return lambda moment: f"{read(moment):0{width}d}" if width else str(read(moment))


def _ordinal(read: Callable[[datetime], int]) -> Writer:
    return lambda moment: ordinal(read(moment))


def _quarter(moment: datetime) -> int:
    return (moment.month + 2) // 3


def _iso_year(moment: datetime) -> int:
    return moment.isocalendar()[0]


def _iso_week(moment: datetime) -> int:
    return moment.isocalendar()[1]


def _week_year(moment: datetime) -> int:
    return local_week(moment)[0]


def _week(moment: datetime) -> int:
    return local_week(moment)[1]


def _year(moment: datetime) -> int:
    return moment.year


_TOKENS: Final[dict[str, Writer]] = {
    "Mo": _ordinal(attrgetter("month")),
    "MMM": lambda moment: MONTHS[moment.month - 1][:3],
    "MMMM": lambda moment: MONTHS[moment.month - 1],
    "Q": _number(_quarter),
    "Qo": _ordinal(_quarter),
    "Do": _ordinal(attrgetter("day")),
    "DDD": _number(_day_of_year),
    "DDDD": _number(_day_of_year, 3),
    "DDDo": _ordinal(_day_of_year),
    "d": _number(_weekday),
    "do": _ordinal(_weekday),
    "dd": lambda moment: WEEKDAYS[_weekday(moment)][:2],
    "ddd": lambda moment: WEEKDAYS[_weekday(moment)][:3],
    "dddd": lambda moment: WEEKDAYS[_weekday(moment)],
    "e": _number(_weekday),
    "E": _number(datetime.isoweekday),
    "w": _number(_week),
    "ww": _number(_week, 2),
    "wo": _ordinal(_week),
    "gg": lambda moment: f"{_week_year(moment) % 100:02d}",
    "gggg": _number(_week_year, 4),
    "ggggg": _number(_week_year, 5),
    "W": _number(_iso_week),
    "WW": _number(_iso_week, 2),
    "Wo": _ordinal(_iso_week),
    "GG": lambda moment: f"{_iso_year(moment) % 100:02d}",
    "GGGG": _number(_iso_year, 4),
    "GGGGG": _number(_iso_year, 5),
    "Y": _number(_year, 4),
    "YY": lambda moment: f"{moment.year % 100:02d}",
    "YYYYY": _number(_year, 5),
    "YYYYYY": lambda moment: f"+{moment.year:06d}",
    "N": lambda moment: "AD",
    "NN": lambda moment: "AD",
    "NNN": lambda moment: "AD",
    "NNNN": lambda moment: "Anno Domini",
    "NNNNN": lambda moment: "AD",
    "y": _number(_year),
    "yy": _number(_year, 2),
    "yyy": _number(_year, 3),
    "yyyy": _number(_year, 4),
    "yo": _ordinal(_year),
    "A": _half,
    "a": lambda moment: _half(moment).lower(),
    "h": _number(_twelve),
    "hh": _number(_twelve, 2),
    "k": lambda moment: str(moment.hour or 24),
    "kk": lambda moment: f"{moment.hour or 24:02d}",
    "hmm": lambda moment: f"{_twelve(moment)}{moment.minute:02d}",
    "hmmss": lambda moment: f"{_twelve(moment)}{moment.minute:02d}{moment.second:02d}",
    "Hmm": lambda moment: f"{moment.hour}{moment.minute:02d}",
    "Hmmss": lambda moment: f"{moment.hour}{moment.minute:02d}{moment.second:02d}",
    "Z": lambda moment: _offset(moment, ":"),
    "ZZ": lambda moment: _offset(moment, ""),
    "z": lambda moment: moment.tzname() or "",
    "zz": lambda moment: moment.tzname() or "",
    "X": lambda moment: str(epoch_milliseconds(moment) // 1000),
    "x": lambda moment: str(epoch_milliseconds(moment)),
    **{"S" * digits: _fraction(digits) for digits in range(1, 10)},
}
TOKENS: Final = frozenset(_TOKENS) | frozenset(_PLAIN)
"""Every token that stands for a part of a date."""


@lru_cache(maxsize=512)
def compile_writer(fmt: str | None = None, zone: str | None = None, *, zoned_milliseconds: bool = False) -> Writer:
    """Compile a format.

    Parameters
    ----------
    fmt : str, optional
        In moment's tokens. None, empty and ``ISO8601`` mean ISO 8601.
    zone : str, optional
        IANA name of the zone to write in, or a label (:func:`read_zone`); None is UTC, which ISO 8601 then shows as
        ``Z``, with milliseconds.
    zoned_milliseconds : bool, default False
        Whether ISO 8601 has milliseconds in a zone too. The vendor's pages show both: what ``dateAdd`` prints has
        them, other results have not.

    Returns
    -------
    callable
        Takes an aware datetime, gives text. Raises DateError for a date outside of the years 1 to 9999 in the zone.

    Raises
    ------
    DateError
        No such zone.
    """
    place = read_zone(zone)
    if fmt in (None, "", "ISO8601"):
        write = _iso_writer if zone is None else _zoned_iso_writer("milliseconds" if zoned_milliseconds else "seconds")
    else:
        write = _format_writer(fmt or "")

    def write_in_zone(moment: datetime) -> str:
        try:
            return write(moment.astimezone(place))
        except (OverflowError, ValueError) as error:
            raise DateError(f"The date {moment} is outside of what can be written: {error}.") from None

    return write_in_zone


def _iso_writer(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def _zoned_iso_writer(precision: str) -> Writer:
    return lambda moment: moment.replace(tzinfo=None).isoformat(timespec=precision) + _offset(moment, ":")


def _format_writer(fmt: str) -> Writer:
    pieces: list[str | Writer] = []
    template: list[str] = []
    names: list[str] = []
    for token in split_format(fmt):
        if token in _PLAIN:
            code, name = _PLAIN[token]
            template.append(code)
            names.append(name)
            read = attrgetter(name)
            pieces.append(_number(read, int(code[1:-1] or 0)))
        elif token in _TOKENS:
            pieces.append(_TOKENS[token])
        else:
            text = _literal(token)
            template.append(text.replace("%", "%%"))
            pieces.append(text)
    if not any(callable(piece) for piece in pieces):
        fixed = "".join(piece for piece in pieces if isinstance(piece, str))
        return lambda moment: fixed
    if len(template) == len(pieces):
        return _plain_writer("".join(template), names)
    return _mixed_writer(_merged(pieces))


def _literal(token: str) -> str:
    if len(token) > 1 and token[0] == "[":
        return token[1:-1] if token.endswith("]") else token[1:]
    return token.replace("\\", "")


def _plain_writer(template: str, names: list[str]) -> Writer:
    read = attrgetter(*names)
    return lambda moment: template % read(moment)


def _merged(pieces: list[str | Writer]) -> list[Writer]:
    """Let each text ride with the token before it, so that a run of plain characters costs nothing."""
    merged: list[tuple[Writer, str]] = [(lambda moment: "", "")]
    for piece in pieces:
        if isinstance(piece, str):
            merged[-1] = (merged[-1][0], merged[-1][1] + piece)
        else:
            merged.append((piece, ""))
    if not merged[0][1]:
        merged.pop(0)
    return [_followed(write, text) if text else write for write, text in merged]


def _followed(write: Writer, text: str) -> Writer:
    return lambda moment: write(moment) + text


def _mixed_writer(pieces: list[Writer]) -> Writer:
    return lambda moment: "".join([piece(moment) for piece in pieces])


def plain_literal(token: str) -> str:
    """Give the text that a token without meaning is searched as, when reading."""
    text = token.replace("\\", "", 1)
    return re.sub(r"\\(\[)|\\(\])|\[([^\]\[]*)\]|\\(.)", lambda match: next((g for g in match.groups() if g), ""), text)
