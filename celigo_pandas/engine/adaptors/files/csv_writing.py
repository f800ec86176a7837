"""Writing delimited text. Values are data and stay as they are: a cell that begins with ``=`` is written as it is.

Facts: integrator-api.md, section 6.4, and the vendor's schema of ``file.csv`` of imports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from celigo_pandas.engine.adaptors.files.header_names import cell_text

__all__ = ["CsvForm", "write_csv"]

_PIECE_ROWS = 1_000
_LINE_ENDS = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class CsvForm:
    """``file.csv`` of an import."""

    column_delimiter: str = ","
    row_delimiter: str = "\n"
    include_header: bool = True
    wrap_with_quotes: bool = False
    replace_tab: bool = False
    replace_newline: bool = False
    truncate_last: bool = False
    custom_header_rows: Sequence[str] = ()


def write_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], form: CsvForm) -> Iterator[str]:
    """Yield the text of a file, piece by piece.

    Parameters
    ----------
    rows : iterable of mapping
        A column that a row lacks is an empty cell.
    columns : sequence of str
        Order of the columns.
    form : CsvForm

    Notes
    -----
    A cell is quoted where reading it back needs that, or always with ``wrapWithQuotes``, the header too.
    ``customHeaderRows`` are written first, as they are.
    """
    pieces = _lines(rows, columns, form)
    end = form.row_delimiter
    if not form.truncate_last:
        for piece in pieces:
            yield end.join(piece) + end
        return
    is_first = True
    for piece in pieces:
        yield ("" if is_first else end) + end.join(piece)
        is_first = False


def _lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], form: CsvForm) -> Iterator[list[str]]:
    cell = _cell_writer(form)
    column_end = form.column_delimiter
    lines = list(form.custom_header_rows)
    if form.include_header and columns:
        lines.append(_line([cell(name) for name in columns], column_end))
    for row in rows:
        get = row.get
        lines.append(_line([cell(_value(get(name), form)) for name in columns], column_end))
        if len(lines) >= _PIECE_ROWS:
            yield lines
            lines = []
    if lines:
        yield lines


def _line(cells: list[str], column_end: str) -> str:
    # A line with nothing on it would be no row.
    return column_end.join(cells) if len(cells) > 1 or cells != [""] else '""'


def _value(value: object, form: CsvForm) -> str:
    text = cell_text(value)
    if form.replace_tab:
        text = text.replace("\t", " ")
    return _LINE_ENDS.sub(" ", text) if form.replace_newline else text


def _cell_writer(form: CsvForm) -> Callable[[str], str]:
    # A cell that ends as a longer delimiter begins would shift it: any of its characters is a reason for quotes.
    special = f'[{re.escape(form.column_delimiter + form.row_delimiter)}"\r\n]'
    # A mark at the very beginning of a file would be taken for the file's.
    needs_quotes = re.compile(f"{special}|^\\ufeff").search

    def cell(text: str) -> str:
        if form.wrap_with_quotes or needs_quotes(text):
            return '"' + text.replace('"', '""') + '"'
        return text

    return cell
