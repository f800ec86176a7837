"""Reading delimited text, row by row.

Two readers give the same rows: Python's own where its rules are those of the document (one-character delimiter, any
line end, quotes), and one that finds rows by the document's delimiters, of any length. Quotes follow RFC 4180: they
protect only where a cell begins with one. A line with nothing on it is no row.

Facts: integrator-api.md, section 4.4, and the vendor's schema of ``file.csv``: header names are always trimmed;
``rowsToSkip`` counts lines before the header, whatever is in them; with ``disableQuoteAndStripEnclosingQuotes`` a quote
is a character like any other, and one around a whole cell is taken away.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from celigo_pandas.engine.adaptors.files.formats import RECORD_BYTES, FormatError, text_stream, undecodable
from celigo_pandas.engine.adaptors.files.header_names import header_names, positional

__all__ = ["CsvOptions", "LineCounter", "RowSplitter", "named_rows", "read_csv"]

_PIECE = 1 << 17
_QUOTE = '"'


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """``file.csv`` of an export; any line end counts where ``row_delimiter`` is None."""

    column_delimiter: str = ","
    row_delimiter: str | None = None
    has_header_row: bool = True
    trim_spaces: bool = False
    rows_to_skip: int = 0
    quotes: bool = True
    first_column: int = 0


def read_csv(
    stream: BinaryIO, options: CsvOptions, encoding: str = "utf8", look: Callable[[], None] = lambda: None
) -> Generator[dict[str, Any], None, None]:
    """Yield one record a row; every value is text.

    Parameters
    ----------
    stream : binary file
        Read once; a row is held at a time.
    encoding : str
        One of :data:`~celigo_pandas.engine.adaptors.files.formats.CODECS`.
    look : callable, optional
        Called before each read; it may raise.

    Raises
    ------
    FormatError
        Quotes that do not close, bytes that are no text, a row without end; with the line.

    Notes
    -----
    A row with too few cells has empty text in the others; cells beyond the header are named by their position.
    """
    counter = LineCounter()
    try:
        yield from named_rows(_rows(stream, options, encoding, look, counter), options)
    except UnicodeDecodeError as error:
        raise FormatError(undecodable(error, encoding), line=counter.line + 1) from None
    except csv.Error as error:
        raise FormatError(f"it is not the csv that its document says: {error}", line=max(1, counter.line)) from None


@dataclass(slots=True)
class LineCounter:
    """Where reading is: lines that were taken."""

    line: int = 0


def named_rows(rows: Iterator[list[Any]], options: CsvOptions, missing: object = "") -> Iterator[dict[str, Any]]:
    """Yield rows under the names of their columns; a row with too few cells has `missing` in the others."""
    names: list[str] = []
    if options.has_header_row:
        header = next(rows, None)
        if header is None:
            return
        names = header_names(header, options.first_column)
    width = len(names)
    for row in rows:
        if options.trim_spaces:
            row = [cell.strip() for cell in row]
        if len(row) < width:
            row = row + [missing] * (width - len(row))
        elif len(row) > len(names):
            names += _further(names, len(row), options.first_column)
        yield dict(zip(names, row, strict=False))


def _further(names: list[str], width: int, first: int) -> list[str]:
    return header_names([*names, *(positional(at, first) for at in range(len(names), width))], first)[len(names) :]


def _rows(
    stream: BinaryIO, options: CsvOptions, encoding: str, look: Callable[[], None], counter: LineCounter
) -> Iterator[list[str]]:
    text = text_stream(stream, encoding, look, by_line=options.row_delimiter is None)
    if options.quotes and options.row_delimiter is None and len(options.column_delimiter) == 1:
        # The limit belongs to the process; a cell beyond a page could not be sent on anyway.
        csv.field_size_limit(RECORD_BYTES)
        for _ in islice(text, options.rows_to_skip):
            counter.line += 1
        skipped = counter.line
        reader = csv.reader(text, delimiter=options.column_delimiter, strict=True)
        try:
            for row in reader:
                if row:
                    yield row
        finally:
            counter.line = skipped + reader.line_num
        return
    splitter = RowSplitter(partial(text.read, _PIECE), options, counter)
    splitter.skip(options.rows_to_skip)
    yield from splitter.rows()


class RowSplitter:
    """Finds rows by delimiters of any length, with or without quotes."""

    def __init__(self, read: Callable[[], str], options: CsvOptions, counter: LineCounter) -> None:
        self._read = read
        self._column = options.column_delimiter
        self._quotes = options.quotes
        ends = options.row_delimiter
        self._end = re.compile(r"\r\n|\n|\r" if ends is None else re.escape(ends))
        self._hold = 2 if ends is None else len(ends)
        cell_end = f"{re.escape(self._column)}|{self._end.pattern}"
        self._bare = re.compile(cell_end)
        self._counter = counter
        self._text = ""
        self._at = 0
        self._is_over = False

    def skip(self, rows: int) -> None:
        """Pass over rows, whatever is in them."""
        for _ in range(rows):
            found = self._find(self._end, self._at)
            self._at = found.end() if found else len(self._text)
            self._counter.line += 1

    def rows(self) -> Iterator[list[str]]:
        """Yield the cells of each row; a line with nothing on it is passed over."""
        while True:
            row = self._plain_row()
            if row is None:
                return
            if row:
                yield row

    def _plain_row(self) -> list[str] | None:
        """Return the next row, [] for an empty line, None at the end."""
        found = self._find(self._end, self._at)
        end = found.start() if found else len(self._text)
        if not found and end == self._at:
            return None
        line = self._text[self._at : end]
        self._counter.line += 1
        if self._quotes and _QUOTE in line:
            cells = self._quick_row(line)
            if cells is None:
                return self._quoted_row()
            self._at = found.end() if found else end
            return cells
        self._at = found.end() if found else end
        if not line:
            return []
        cells = line.split(self._column)
        return cells if self._quotes else [_stripped(cell) for cell in cells]

    def _quick_row(self, line: str) -> list[str] | None:
        """Return the cells of a line that is a whole row by anybody's rules, read in C; None for any other."""
        if len(self._column) > 1 or "\r" in line or "\n" in line:
            return None
        try:
            return next(csv.reader((line,), delimiter=self._column, strict=True))
        except csv.Error:
            return None

    def _quoted_row(self) -> list[str]:
        cells: list[str] = []
        begun = self._counter.line
        while True:
            if self._text.startswith(_QUOTE, self._at):
                cells.append(self._quoted_cell(begun))
            else:
                found = self._find(self._bare, self._at)
                end = found.start() if found else len(self._text)
                cells.append(self._text[self._at : end])
                self._at = end
            # After a cell stands a delimiter, or nothing.
            found = self._match(self._bare)
            if found is None:
                if self._at < len(self._text):
                    raise csv.Error(f"{self._text[self._at]!r} stands after a closing quote")
                return cells
            self._at = found.end()
            if found.group() != self._column:
                return cells

    def _quoted_cell(self, begun: int) -> str:
        parts: list[str] = []
        at = self._at + 1
        while True:
            end = self._text.find(_QUOTE, at)
            while end < 0 or end + 1 >= len(self._text):
                # The next character tells whether this quote closes.
                if self._is_over:
                    break
                at, end = self._more(at, end)
                end = self._text.find(_QUOTE, at)
            if end < 0:
                raise csv.Error(f"the quote that opens in line {begun} does not close")
            parts.append(self._text[at:end])
            if not self._text.startswith(_QUOTE, end + 1):
                self._at = end + 1
                cell = "".join(parts)
                self._counter.line += len(self._end.findall(cell))
                return cell
            parts.append(_QUOTE)
            at = end + 2

    def _find(self, pattern: re.Pattern[str], at: int) -> re.Match[str] | None:
        """Search, reading on until a match cannot be the beginning of a longer one."""
        while True:
            found = pattern.search(self._text, at)
            if self._is_over or (found is not None and found.end() + self._hold <= len(self._text)):
                return found
            looked = found.start() if found else max(at, len(self._text) - self._hold - len(self._column))
            at, _ = self._more(looked, -1)

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        while not self._is_over and self._at + self._hold + len(self._column) > len(self._text):
            self._more(self._at, -1)
        return pattern.match(self._text, self._at)

    def _more(self, at: int, other: int) -> tuple[int, int]:
        """Read on; return the two positions in the text that is left."""
        piece = self._read()
        if not piece:
            self._is_over = True
            return at, other
        done = self._at
        self._text = self._text[done:] + piece
        self._at = 0
        if len(self._text) > RECORD_BYTES:
            raise FormatError(f"it has a row of more than {RECORD_BYTES} characters", line=self._counter.line + 1)
        return at - done, other - done


def _stripped(cell: str) -> str:
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == _QUOTE else cell
