"""Random instants, formats and texts of dates."""

from __future__ import annotations

import random
from datetime import datetime, timezone

TOKENS = (
    "M MM MMM MMMM Mo Q Qo D DD Do DDD DDDD DDDo d do dd ddd dddd e E w wo ww gg gggg W Wo WW GG GGGG YY YYYY Y YYYYY "
    "YYYYYY A a H HH h hh k kk m mm s ss S SS SSS SSSS SSSSSS hmm hmmss Hmm Hmmss Z ZZ z zz X x LT LTS L LL LLL LLLL "
    "l ll lll llll"
).split()
LITERALS = (" ", "-", "/", ":", ".", ", ", "[at]", "[T]", "T", "\\M", "\\[", "|", "[YYYY]")
ZONES = (
    "UTC",
    "America/New_York",
    "US/Pacific",
    "Europe/Berlin",
    "Europe/London",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Africa/Cairo",
    "Asia/Tehran",
)
# The latest instant for which the zone data of a machine that is a few years old is still complete.
LAST_YEAR = 2023
READ_FORMATS = (
    "YYYY-MM-DD",
    "MM/DD/YYYY",
    "M/D/YY",
    "DD.MM.YYYY HH:mm:ss",
    "YYYYMMDD",
    "YYYYMMDDHHmmss",
    "YYYY-MM-DDTHH:mm:ss.SSSZ",
    "YYYY-MM-DD HH:mm:ss ZZ",
    "MMMM D, YYYY h:mm A",
    "MMM DD YYYY",
    "Do MMMM YYYY",
    "D MMM YY hh:mm:ss a",
    "dddd, MMMM D, YYYY",
    "ddd MMM DD YYYY HH:mm:ss",
    "YYYY DDDD",
    "YYYY-DDD HH:mm",
    "GGGG-[W]WW-E",
    "gggg ww e",
    "YYYY-[W]WW",
    "Q YYYY",
    "X",
    "x",
    "L LT",
    "LLLL",
    "lll",
    "YYYY-MM-DD kk:mm",
    "YYYY-MM-DD Hmm",
    "YYYY-MM-DD hmmss A",
    "HH:mm",
    "MM/DD",
    "DD",
    "YYYY",
    "YYYY-MM",
    "h A",
    "Y-M-D",
    "YYYYYY-MM-DD",
    "[on] YYYY/MM/DD",
    "SSS ss mm HH DD MM YYYY",
    "dd D M YYYY k:m:s",
    "YYYYY-MM-DD H:m:s.S",
    "YYYY w d",
    "gg ww E",
    "GG W E",
    "gggg-w-e",
    "D/M/YYYY hmm a",
    "YYYY-MM-DD Hmmss",
    "YYYY-MM-DD HH:mm:ss.SS",
    "YYYY-MM-DD HH:mm:ss.SSSS",
    "Do MMM Y",
)
READ_TOKENS = (
    "M MM MMM MMMM Q D DD Do DDD DDDD d dd ddd dddd e E w ww W WW gg gggg GG GGGG YY YYYY Y YYYYY YYYYYY A a H HH h hh "
    "k kk m mm s ss S SS SSS SSSS hmm hmmss Hmm Hmmss Z ZZ X x"
).split()


def near_changes(source: random.Random, changes: list[int], count: int) -> list[int]:
    """Give instants (milliseconds), two of three within an hour of a change of the zone's offset if it has any."""
    last = int(datetime(LAST_YEAR, 12, 31, tzinfo=timezone.utc).timestamp() * 1000)
    known = [change for change in changes if 0 < change < last]
    instants = []
    for number in range(count):
        if known and number % 3:
            instants.append(source.choice(known) + source.randint(-3_600_000, 3_600_000))
        else:
            instants.append(source.randint(0, last))
    return instants


def random_format(source: random.Random) -> str:
    """Give a format of one to seven tokens with literals between them."""
    pieces = []
    for _ in range(source.randint(1, 7)):
        pieces += [source.choice(TOKENS), source.choice(LITERALS)]
    return "".join(pieces)


def disturbed(source: random.Random, text: str) -> str:
    """Change a text of a date a little: other separators, blanks, a tail, another digit, a piece lost."""
    kind = source.random()
    if kind < 0.4 or not text:
        return text
    if kind < 0.55:
        return "".join(source.choice("/-. ") if sign in "/-:. " else sign for sign in text)
    if kind < 0.65:
        return source.choice([" ", "x", "on "]) + text + source.choice(["", " tail", "Z", " 7"])
    place = source.randrange(len(text))
    if kind < 0.75:
        return text[:place] + text[place + 1 :]
    if kind < 0.9:
        return text[:place] + source.choice("0123459") + text[place + 1 :]
    return text[:place] if kind < 0.95 else text.swapcase()
