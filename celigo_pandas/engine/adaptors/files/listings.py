"""Listings of FTP servers: the machine's form (MLSD, RFC 3659), and the UNIX and WINDOWS forms of LIST.

A line that has none of these forms is passed over and told of, so that one odd name does not close a folder; a listing
of which no line can be read is an error. Assumed: times in LIST are UTC
(what vsftpd and ProFTPD send unless told otherwise); they are exact to a minute or a day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from celigo_pandas.errors import shown

__all__ = ["PARSERS", "Listed", "ListingError", "parse_list", "parse_mlsd", "parse_time"]

_LINE_CHARS = 8192
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}


class ListingError(ValueError):
    """A line that cannot be read."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line: ``kind`` is ``file``, ``folder``, ``link`` or ``other``; what it does not say is None or empty."""

    name: str
    kind: str
    size: int | None = None
    modified: datetime | None = None
    unique: str = ""


def parse_mlsd(lines: Iterable[str], unread: Callable[[str], None] = lambda _: None) -> list[Listed]:
    """Read the lines of MLSD.

    Parameters
    ----------
    unread : callable
        Told of each line that has no name, or a time or size that is none.

    Raises
    ------
    ListingError
        No line can be read.
    """
    return _read_each((line for line in lines if line), lambda line: _mlsd_line(_bounded(line)), unread)


def _read_each(
    lines: Iterable[str], read: Callable[[str], list[Listed]], unread: Callable[[str], None]
) -> list[Listed]:
    found: list[Listed] = []
    errors: list[ListingError] = []
    count = 0
    for line in lines:
        count += 1
        try:
            found += read(line)
        except ListingError as error:
            errors.append(error)
    if errors and len(errors) == count:
        raise errors[0]
    for passed_over in errors:
        unread(str(passed_over))
    return found


def _bounded(line: str) -> str:
    if len(line) > _LINE_CHARS:
        raise ListingError(f"The listing has a line of {len(line)} characters: {shown(line[:100])}")
    return line


def _mlsd_line(line: str) -> list[Listed]:
    head, space, name = line.partition(" ")
    if not space or not name:
        raise ListingError(f"The MLSD line {shown(line)} names no file.")
    facts = {key.lower(): value for key, _, value in (fact.partition("=") for fact in head.split(";"))}
    kind = _KINDS.get(facts.get("type", "file").lower())
    if kind is None:
        kind = "link" if re.match(r"os\.\w+=s(?:ym)?link", facts["type"], re.IGNORECASE) else "other"
    if kind == "self":
        return []
    size = facts.get("size")
    if size is not None and not re.fullmatch(r"[0-9]{1,20}", size):
        raise ListingError(f"The MLSD line {shown(line)} has no number as its size.")
    modified = facts.get("modify")
    moment = parse_time(modified) if modified else None
    return [Listed(name, kind, None if size is None else int(size), moment, facts.get("unique", ""))]


_KINDS = {"file": "file", "dir": "folder", "cdir": "self", "pdir": "self"}


def parse_time(text: str) -> datetime:
    """Read a time of MLSD or MDTM, ``YYYYMMDDHHMMSS`` with a fraction or none, always UTC.

    Raises
    ------
    ListingError
        It has another form.
    """
    match = re.fullmatch(r"([0-9]{14})(?:\.([0-9]+))?", text.strip())
    if match:
        try:
            moment = datetime.strptime(match[1], "%Y%m%d%H%M%S")
        except ValueError:
            match = None
    if not match:
        raise ListingError(f"{shown(text)} is no time of the form YYYYMMDDHHMMSS.")
    fraction = int(((match[2] or "") + "000000")[:6])
    return moment.replace(microsecond=fraction, tzinfo=timezone.utc)


def parse_list(
    lines: Iterable[str], parser: str | None, now: datetime, unread: Callable[[str], None] = lambda _: None
) -> list[Listed]:
    """Read the lines of LIST.

    Parameters
    ----------
    parser : str, optional
        One of :data:`PARSERS`; None tries each form.
    now : datetime
        UTC; UNIX listings leave the year out of recent times.
    unread : callable
        Told of each line that has none of the forms.

    Raises
    ------
    ListingError
        No line has one of the forms.
    """
    forms = PARSERS[parser] if parser else (_unix, _windows)
    wanted = (line for line in lines if not _NO_ENTRY.fullmatch(line[:_LINE_CHARS]))
    return _read_each(wanted, lambda line: _first(_bounded(line), forms, now, parser), unread)


_NO_ENTRY = re.compile(r"\s*|total\s+[0-9.,]+\s*[KMG]?", re.IGNORECASE)


def _first(line: str, forms: tuple[_Form, ...], now: datetime, parser: str | None) -> list[Listed]:
    for form in forms:
        found = form(line, now)
        if found is not None:
            return [] if found.name in {".", ".."} else [found]
    text = f"The LIST line {shown(line)} has not the form {parser}." if parser else (
        f"The LIST line {shown(line)} has neither the UNIX nor the WINDOWS form."
    )  # fmt: skip
    raise ListingError(text)


_DATE = (
    r"(?:(?P<month>[A-Za-z]{3})\s+(?P<day>\d{1,2})|(?P<day2>\d{1,2})\s+(?P<month2>[A-Za-z]{3}))"
    r"\s+(?:(?P<hour>\d{1,2}):(?P<minute>\d{2})|(?P<year>\d{4}))"
    r"|(?P<iso>\d{4}-\d{2}-\d{2})\s+(?P<iso_time>\d{2}:\d{2})"
)
_UNIX = re.compile(
    r"(?P<kind>[-dlbcpsD])[-rwxsStTlL]{9}[.+@]?\s*\d+\s+(?P<owners>.*?)\s+"
    rf"(?P<size>\d{{1,20}})\s+(?:{_DATE})\s(?P<name>.+)"
)
_SPECIAL = re.compile(r"(?P<kind>[bcps])[-rwxsStTlL]{9}.*\s(?P<name>\S+)")
_UNIX_KINDS = {"-": "file", "d": "folder", "l": "link"}


def _unix(line: str, now: datetime) -> Listed | None:
    match = _UNIX.fullmatch(line)
    if match is None:
        special = _SPECIAL.fullmatch(line)
        return Listed(special["name"], "other") if special else None
    moment = _unix_time(match, now)
    if moment is None:
        return None
    kind, name = _UNIX_KINDS.get(match["kind"], "other"), match["name"]
    if kind == "link":
        # Its size and time are the link's own, not those of the file that it leads to.
        return Listed(name.partition(" -> ")[0], kind)
    return Listed(name, kind, int(match["size"]), moment)


def _unix_time(match: re.Match[str], now: datetime) -> datetime | None:
    try:
        if match["iso"]:
            written = datetime.strptime(f"{match['iso']} {match['iso_time']}", "%Y-%m-%d %H:%M")
            return written.replace(tzinfo=timezone.utc)
        month = _MONTHS[(match["month"] or match["month2"]).lower()]
        day = int(match["day"] or match["day2"])
        if match["year"]:
            return datetime(int(match["year"]), month, day, tzinfo=timezone.utc)
        return _latest(now, month, day, int(match["hour"]), int(match["minute"]))
    except (KeyError, ValueError):
        return None


def _latest(now: datetime, month: int, day: int, hour: int, minute: int) -> datetime | None:
    """Return the last such moment before tomorrow; the server's clock may be ahead."""
    for year in range(now.year + 1, now.year - 9, -1):
        try:
            moment = datetime(year, month, day, hour, minute, tzinfo=timezone.utc)
        except ValueError:  # the 29th of February of another year
            continue
        if moment <= now + timedelta(days=1):
            return moment
    return None


def _unix_trim(line: str, now: datetime) -> Listed | None:
    found = _unix(line, now)
    return found and Listed(found.name.strip(), found.kind, found.size, found.modified)


_WINDOWS = re.compile(
    r"(?:(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>\d{4}|\d{2})|(?P<iso>\d{4}-\d{2}-\d{2}))"
    r"\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})\s*(?P<half>[AaPp][Mm])?"
    r"\s+(?:(?P<mark><[A-Z]+>)\s+|(?P<size>\d[\d,.]{0,30})\s)(?P<name>.+)"
)


def _windows(line: str, now: datetime) -> Listed | None:
    match = _WINDOWS.fullmatch(line)
    if match is None:
        return None
    if match["mark"]:
        kinds = {"<DIR>": "folder", "<JUNCTION>": "folder", "<SYMLINKD>": "folder", "<SYMLINK>": "link"}
        kind = kinds.get(match["mark"], "other")
        return Listed(match["name"].rpartition(" [")[0] or match["name"] if kind == "link" else match["name"], kind)
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    try:
        if match["iso"]:
            year, month, day = (int(part) for part in match["iso"].split("-"))
        else:
            year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
            year += 0 if year > 99 else 2000 if year < 70 else 1900
        moment = datetime(year, month, day, hour, int(match["minute"]), tzinfo=timezone.utc)
    except ValueError:
        return None
    return Listed(match["name"], "file", int(re.sub(r"[,.]", "", match["size"])), moment)


_Form = Callable[[str, datetime], Listed | None]

PARSERS: dict[str, tuple[_Form, ...]] = {
    "UNIX": (_unix,),
    "UNIX-TRIM": (_unix_trim,),
    "WINDOWS": (_windows,),
}
"""The values of ``ftp.entryParser`` that are built."""
