"""Reads dates with a format, in moment's forgiving way.

The format's tokens are taken in turn and each is *searched* in the rest of the text, so separators may differ or be
absent and a tail is ignored. A text that follows its format exactly, which is nearly every text, is read by one
pattern instead; its tokens take all they can and never give back, so that it reads what the search would.

Source: moment.js documentation, "Parse / String + Format" (forgiving mode), and comparison with moment-timezone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from operator import itemgetter
from typing import Final

import regex

from celigo_pandas.errors import shown
from celigo_pandas.javascript.date_formats import MONTHS, WEEKDAYS, DateError, split_format
from celigo_pandas.javascript.date_parts import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    MONTH,
    SECOND,
    YEAR,
    Clock,
    Parts,
    UnreadableDate,
    finish,
)
from celigo_pandas.javascript.date_writing import TOKENS, plain_literal

__all__ = ["compile_format_reader", "read_offset"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


# One function per kind of token: takes what was found, writes it down.


def _sets(place: int, shift: int = 0) -> Callable[[Parts, str], None]:
    def note(parts: Parts, text: str) -> None:
        parts.values[place] = int(text) + shift

    return note


def two_digit_year(text: str) -> int:
    """Read a year of two digits: above 68 is 19xx."""
    year = int(text)
    return year + (1900 if year > 68 else 2000)


def _note_year(parts: Parts, text: str) -> None:
    parts.values[YEAR] = two_digit_year(text) if len(text) == 2 else int(text)


def _note_short_year(parts: Parts, text: str) -> None:
    parts.values[YEAR] = two_digit_year(text)


def _note_month_name(parts: Parts, text: str) -> None:
    low = text.lower()
    for number, name in enumerate(MONTHS):
        if low.startswith(name[:3].lower()):
            parts.values[MONTH] = number
            return
    raise UnreadableDate(f"no month is called {shown(text)}")


def _note_weekday_name(parts: Parts, text: str) -> None:
    low = text.lower()
    for number, name in enumerate(WEEKDAYS):
        if low.startswith(name[:2].lower()):
            parts.week["d"] = number
            return
    raise UnreadableDate(f"no weekday is called {shown(text)}")


def _note_quarter(parts: Parts, text: str) -> None:
    parts.values[MONTH] = (int(text) - 1) * 3


def _note_ordinal(parts: Parts, text: str) -> None:
    parts.values[DAY] = int(text.rstrip("thsnrd"))


def _note_day_of_year(parts: Parts, text: str) -> None:
    parts.day_of_year = int(text)


def _note_hour_to_24(parts: Parts, text: str) -> None:
    parts.values[HOUR] = int(text) % 24 if int(text) == 24 else int(text)


def _note_half(parts: Parts, text: str) -> None:
    parts.is_pm = text[0] in "pP"


def _note_fraction(parts: Parts, text: str) -> None:
    # The product is a double in JavaScript too, with its rounding.
    parts.values[MILLISECOND] = int(float("0." + text[:300]) * 1000)


def _note_joined(parts: Parts, text: str) -> None:
    parts.values[HOUR], parts.values[MINUTE] = int(text[:-2]), int(text[-2:])


def _note_joined_seconds(parts: Parts, text: str) -> None:
    parts.values[HOUR], parts.values[MINUTE] = int(text[:-4]), int(text[-4:-2])
    parts.values[SECOND] = int(text[-2:])


def _note_offset(parts: Parts, text: str) -> None:
    parts.offset = read_offset(text)


def _note_seconds(parts: Parts, text: str) -> None:
    parts.instant = _instant(float(text[:40]) * 1000)


def _note_milliseconds(parts: Parts, text: str) -> None:
    parts.instant = _instant(float(text[:40]))


def _week_part(name: str, short: bool = False) -> Callable[[Parts, str], None]:
    def note(parts: Parts, text: str) -> None:
        parts.week[name] = two_digit_year(text) if short else int(text)

    return note


def _instant(milliseconds: float) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=int(milliseconds))
    except (OverflowError, ValueError):
        raise UnreadableDate("the number is outside of the years 1 to 9999") from None


def read_offset(text: str) -> int:
    """Read ``Z``, ``+05``, ``+0530`` or ``+05:30`` as minutes."""
    if text in "Zz":
        return 0
    digits = text[1:].replace(":", "")
    hours, rest = int(digits[:2]), int(digits[2:] or 0)
    minutes = hours * 60 + rest
    if rest > 59 or minutes > (14 if text[0] == "+" else 12) * 60:
        raise UnreadableDate(f"no zone is {text} from UTC")
    return minutes if text[0] == "+" else -minutes


_ONE_TO_TWO: Final = "[0-9]{1,2}"
_SIGNED: Final = "[+-]?[0-9]{1,20}"
_WORD: Final = r"[0-9]{0,256}['a-zA-Z\u00A0-\u05FF\u0700-\uD7FF]{1,256}"
_HALF: Final = r"[aApP]\.?[mM]?\.?"
_OFFSET: Final = "[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?"

Note = Callable[[Parts, str], None]
_READERS: Final[dict[str, tuple[str, Note]]] = {
    "Y": (_SIGNED, _sets(YEAR)),
    "YY": (_ONE_TO_TWO, _note_short_year),
    "YYYY": ("[0-9]{1,4}", _note_year),
    "YYYYY": ("[+-]?[0-9]{1,6}", _sets(YEAR)),
    "YYYYYY": ("[+-]?[0-9]{1,6}", _sets(YEAR)),
    **{token: ("[0-9]{1,20}", _sets(YEAR)) for token in ("y", "yy", "yyy", "yyyy")},
    **{token: (_ONE_TO_TWO, _sets(MONTH, -1)) for token in ("M", "MM")},
    **dict.fromkeys(("MMM", "MMMM"), (_WORD, _note_month_name)),
    "Q": ("[0-9]", _note_quarter),
    **{token: (_ONE_TO_TWO, _sets(DAY)) for token in ("D", "DD")},
    "Do": ("[0-9]{1,2}(?:th|st|nd|rd)?", _note_ordinal),
    "DDD": ("[0-9]{1,3}", _note_day_of_year),
    "DDDD": ("[0-9]{3}", _note_day_of_year),
    **dict.fromkeys(("dd", "ddd", "dddd"), (_WORD, _note_weekday_name)),
    **{token: (_ONE_TO_TWO, _week_part(token)) for token in ("d", "e", "E")},
    **{token: (_ONE_TO_TWO, _week_part(token[0])) for token in ("w", "ww", "W", "WW")},
    **{token: (_ONE_TO_TWO, _week_part(token, short=True)) for token in ("gg", "GG")},
    **{token: ("[0-9]{1,4}", _week_part(token[:2])) for token in ("gggg", "GGGG")},
    **{token: ("[+-]?[0-9]{1,6}", _week_part(token[:2])) for token in ("ggggg", "GGGGG")},
    **{token: (_ONE_TO_TWO, _sets(HOUR)) for token in ("H", "HH", "h", "hh")},
    **dict.fromkeys(("k", "kk"), (_ONE_TO_TWO, _note_hour_to_24)),
    **dict.fromkeys(("hmm", "Hmm"), ("[0-9]{3,4}", _note_joined)),
    **dict.fromkeys(("hmmss", "Hmmss"), ("[0-9]{5,6}", _note_joined_seconds)),
    **{token: (_ONE_TO_TWO, _sets(MINUTE)) for token in ("m", "mm")},
    **{token: (_ONE_TO_TWO, _sets(SECOND)) for token in ("s", "ss")},
    **{"S" * digits: ("[0-9]{1,3}" if digits < 4 else "[0-9]+", _note_fraction) for digits in range(1, 10)},
    **dict.fromkeys(("a", "A"), (_HALF, _note_half)),
    **dict.fromkeys(("Z", "ZZ"), (_OFFSET, _note_offset)),
    "X": (r"[+-]?[0-9]+(?:\.[0-9]{1,3})?", _note_seconds),
    "x": ("[+-]?[0-9]+", _note_milliseconds),
}  # fmt: skip

# Tokens whose numbers can go to ``datetime`` as they are.
_PLAIN: Final = {"YYYY": 0, "MM": 1, "M": 1, "DD": 2, "D": 2, "HH": 3, "H": 3, "mm": 4, "m": 4, "ss": 5, "s": 5}


@dataclass(frozen=True)
class _Step:
    """One token of a format, ready to be searched."""

    search: Callable[[str, int], re.Match[str] | None]
    note: Note | None
    counts: bool


def compile_format_reader(fmt: str, zone: tzinfo, now: Clock) -> Callable[[str], datetime]:
    """Compile a format for reading; the result raises DateError for a text that is no date."""
    tokens = split_format(fmt)
    steps = [_step(token) for token in tokens]

    def read_slowly(text: str) -> datetime:
        parts = Parts()
        try:
            _read_steps(steps, text, parts)
            return finish(parts, zone, now)
        except UnreadableDate as error:
            raise DateError(f"Not a date of the format {shown(fmt)}: {shown(text)}; {error}.") from None

    return _fast_reader(tokens, zone, read_slowly) or read_slowly


def _step(token: str) -> _Step:
    pattern, note = _READERS.get(token, (re.escape(plain_literal(token)), None))
    return _Step(re.compile(pattern).search, note, token in TOKENS)


def _read_steps(steps: list[_Step], text: str, parts: Parts) -> None:
    position = 0
    for step in steps:
        found = step.search(text, position)
        if found is None or not found.group():
            continue
        position = found.end()
        parts.anything |= step.counts
        if step.note is not None:
            step.note(parts, found.group())


def _fast_reader(
    tokens: list[str], zone: tzinfo, fallback: Callable[[str], datetime]
) -> Callable[[str], datetime] | None:
    """Make the one-pattern reader for formats of plain numbers with a whole date; None for others."""
    order: dict[int, int] = {}
    pattern: list[str] = []
    for token in tokens:
        if token in _PLAIN:
            if _PLAIN[token] in order:
                return None
            order[_PLAIN[token]] = len(order)
            pattern.append("([0-9]{4})" if token == "YYYY" else "([0-9]{1,2}+)")
        elif token in TOKENS:
            return None
        else:
            pattern.append(regex.escape(plain_literal(token)))
    if not {0, 1, 2} <= order.keys() or set(order) != set(range(len(order))):
        return None
    match = regex.compile("".join(pattern)).match
    arrange = itemgetter(*(order[place] for place in range(len(order))))
    in_order = [order[place] for place in range(len(order))] == list(range(len(order)))

    def read(text: str) -> datetime:
        found = match(text)
        if found is not None:
            numbers = found.groups()
            try:
                return datetime(*map(int, numbers if in_order else arrange(numbers)), tzinfo=zone)  # type: ignore[misc,arg-type]
            except ValueError:
                pass  # 24:00, or no date at all: the slow way decides.
        return fallback(text)

    return read
