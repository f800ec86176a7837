"""CSV as this project writes and reads it: RFC 4180, every cell a text, and ``""`` apart from a missing value.

pandas' reader shifts rows that are longer than the header, renames repeated columns and takes ``""`` for missing;
``csv`` cannot tell ``""`` from nothing either, nor quotes a lone carriage return everywhere (python/cpython#119451).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

__all__ = ["cell_text", "parse", "write_rows"]

Row = list["str | None"]

_LINE = re.compile(r"[^\r\n]*")
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_OTHERS = {";": "';'", "\t": "tab", "|": "'|'"}


def parse(text: str, delimiter: str | None = None) -> tuple[list[str], list[Row]]:
    r"""Split a CSV text into the names of its header and its rows.

    Parameters
    ----------
    text : str
        The whole text. Lines end with ``\n``, ``\r\n`` or ``\r``, as the first of them does.
    delimiter : str, optional
        One character; a comma when it is not given, and then a header that seems to have another is refused.

    Returns
    -------
    names, rows
        Each row as long as the header; an empty cell without quotes is None. A blank line is a row where there is one
        column, and nothing elsewhere.

    Raises
    ------
    ValueError
        Names the line: an empty or repeated name, a row longer or shorter than the header (surplus cells that are
        empty are dropped), a quote that is not closed or has text behind it.
    """
    found = _Text(text, delimiter or ",")
    rows = found.rows()
    names = _names(next(rows, (0, []))[1], delimiter)
    width = len(names)
    kept = []
    for start, row in rows:
        if len(row) != width:
            if row == [None]:  # a blank line between rows
                continue
            if any(row[width:]) or len(row) < width:
                raise ValueError(
                    f"line {found.line(start)} has {len(row)} fields, the header has {width} ({_shortened(names)})"
                )
            row = row[:width]
        kept.append(row)
    return names, kept


def _names(header: Row, delimiter: str | None) -> list[str]:
    names = [name or "" for name in header]
    while names and not names[-1]:  # a delimiter at the end of each line
        names.pop()
    if not names:
        raise ValueError("it has no header; line 1 must name the columns")
    if delimiter is None and len(names) == 1:
        for other, name in _OTHERS.items():
            if other in names[0]:
                raise ValueError(f"line 1 is one field, {names[0]!r}; if the delimiter is {name}, say so (--delimiter)")
    if "" in names:
        hint = "; to_csv(…, index=False) writes no index" if not names[0] else ""
        raise ValueError(f"line 1: field {names.index('') + 1} has no name{hint}")
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        first = seen.setdefault(name, place)
        if first != place:
            raise ValueError(f"line 1: fields {first + 1} and {place + 1} are both named {name!r}")
    return names


def _shortened(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    return shown if len(shown) <= 200 else shown[:199] + "…"


class _Text:
    """A CSV text, read row by row."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        first = re.search(r"\r\n?|\n", text)
        if first is not None and first.group() == "\r":
            inside, between = "", r"\r\n?|\n"
        else:  # a lone return is part of a value
            inside, between = r"|\r(?!\n)", r"\r\n|\n"
        self._plain = re.compile(rf"(?:[^{re.escape(delimiter)}\r\n]{inside})*")
        self._break = re.compile(between)

    def line(self, place: int) -> int:
        """Count the line at a place from 1, as an editor does."""
        return len(re.findall(r"\r\n|\r|\n", self._text[:place])) + 1

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield each row with the place where it starts."""
        place, end = 0, len(self._text)
        while place < end:
            line = _LINE.match(self._text, place)
            assert line is not None
            start, row = place, None
            if '"' not in line.group():
                place, row = line.end(), [cell or None for cell in line.group().split(self._delimiter)]
                row = row if self._is_break(place) else None
            if row is None:
                place, row = self._row(start)
            yield start, row
            found = self._break.match(self._text, place)
            place = found.end() if found else end

    def _is_break(self, place: int) -> bool:
        return place == len(self._text) or self._break.match(self._text, place) is not None

    def _row(self, start: int) -> tuple[int, Row]:
        row: Row = []
        place = start
        while True:
            place, cell = self._cell(place)
            row.append(cell)
            if not self._text.startswith(self._delimiter, place):
                return place, row
            place += len(self._delimiter)

    def _cell(self, place: int) -> tuple[int, str | None]:
        if not self._text.startswith('"', place):
            plain = self._plain.match(self._text, place)
            assert plain is not None
            return plain.end(), plain.group() or None
        quoted = _QUOTED.match(self._text, place)
        if quoted is None:
            raise ValueError(f"line {self.line(place)}: a quote is opened and never closed")
        end = quoted.end()
        if not self._is_break(end) and not self._text.startswith(self._delimiter, end):
            raise ValueError(f"line {self.line(end)}: text follows a closing quote; a quote inside a value is doubled")
        return end, quoted.group(1).replace('""', '"')


def write_rows(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    r"""Yield the lines of a CSV text: a missing value is empty, an empty text ``""``, what is no text its JSON."""
    yield ",".join(map(cell_text, names)) + "\n"
    for row in rows:
        yield ",".join(map(cell_text, row)) + "\n"


_SPECIAL = re.compile(r'[",\r\n]|^$|^\ufeff')


def cell_text(value: object) -> str:
    """Return a JSON-ready value as one cell."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text
