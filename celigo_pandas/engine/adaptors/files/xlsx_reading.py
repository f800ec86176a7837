"""Reading Excel workbooks row by row with openpyxl (the extra ``files``).

Facts: integrator-api.md, section 4.4, and the vendor's schema of ``file.xlsx``: calculated values, never formulas;
blank header cells get a name, repeated ones a suffix; without a header columns are ``Column1``, ``Column2``, …

Of openpyxl the steps are used that find sheets, styles and texts, and its parser of a sheet: its own reading of rows
leaves out those whose numbers do not grow, and makes ``#VALUE!`` of dates beyond its range.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from celigo_pandas.engine.adaptors.files.formats import RECORD_BYTES, FormatError, Source
from celigo_pandas.engine.adaptors.files.header_names import header_names, positional
from celigo_pandas.engine.adaptors.files.xlsx_package import Package, load_openpyxl, open_package

__all__ = ["XLSX_FIRST_COLUMN", "read_xlsx"]

XLSX_FIRST_COLUMN = 1
"""The first column without a name is ``Column1``. Source: the vendor's schema."""

_PIECE = 1 << 18
_FILE_BYTES = 500_000_000
_MOST_COLUMNS = 16_384
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_xlsx(
    stream: BinaryIO,
    has_header_row: bool = True,
    all_sheets: bool = True,
    look: Callable[[], None] = lambda: None,
) -> Generator[dict[str, Any], None, None]:
    """Yield one record a row; empty cells are None, a row with nothing in it is passed over.

    Parameters
    ----------
    stream : binary file
        Read once, into a temporary file: a workbook is an archive, which has to be read from its end.
    has_header_row : bool
    all_sheets : bool
        Whether all worksheets are read, in their order, each with a header of its own, or the first one only.
    look : callable, optional
        Called before each read; it may raise.

    Raises
    ------
    FormatError
        It is no workbook, has no worksheet, or one that is not there or not understood, or is larger than the bounds.
    MissingExtraError
        openpyxl is not installed.
    """
    load_openpyxl()
    with tempfile.TemporaryFile() as file:
        source = Source(stream, look, _FILE_BYTES)
        while piece := source.read(_PIECE):
            file.write(piece)
        with open_package(file, look) as package:
            with _explained("it is no Excel workbook"):
                book = _book(package)
            for sheet in book.sheets if all_sheets else book.sheets[:1]:
                yield from _sheet_records(book, sheet, has_header_row, look)


@dataclass(frozen=True, slots=True)
class _Sheet:
    title: str
    part: str


@dataclass(frozen=True, slots=True)
class _Book:
    package: Package
    sheets: list[_Sheet]
    texts: list[str]
    workbook: Any


def _book(package: Package) -> _Book:
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet

    # Its constructor opens a file; all else of it works on the archive that it is given.
    reader: Any = ExcelReader.__new__(ExcelReader)
    reader.archive, reader.read_only, reader.data_only = package, True, True
    reader.keep_vba = reader.keep_links = False
    reader.read_manifest()
    reader.read_workbook()
    relations = reader.parser.rels.values()
    for relation in relations:
        if relation.Type.endswith("/styles"):
            package.call_also(relation.target, "xl/styles.xml")
    apply_stylesheet(package, reader.wb)
    texts = [relation.target for relation in relations if relation.Type.endswith("/sharedStrings")]
    return _Book(package, _sheets(package, reader.parser), _texts(package, texts), reader.wb)


def _sheets(package: Package, parser: Any) -> list[_Sheet]:
    """Return the worksheets; a sheet of another kind (a chart, a dialog, macros) holds no rows."""
    found = []
    for sheet in parser.sheets:
        relation = parser.rels.get(sheet.id)
        if relation is None or relation.target not in package:
            raise FormatError(f"the part of its sheet {sheet.name!r:.40} is missing")
        if relation.Type.endswith("/worksheet"):
            _check_root(package, _Sheet(sheet.name, relation.target))
            found.append(_Sheet(sheet.name, relation.target))
    if not found:
        raise FormatError("it has no worksheet")
    return found


def _check_root(package: Package, sheet: _Sheet) -> None:
    from openpyxl.xml.constants import SHEET_MAIN_NS
    from openpyxl.xml.functions import iterparse

    with package.open(sheet.part) as part:
        root = next(iter(iterparse(part, events=("start",))))[1].tag
    if root != f"{{{SHEET_MAIN_NS}}}worksheet":
        raise FormatError(
            f"its sheet {sheet.title!r:.40} is no worksheet that is read here: it begins with {root!r:.90}"
        )


def _texts(package: Package, parts: list[str]) -> list[str]:
    """Return the texts that cells refer to by number.

    openpyxl's own function for it takes ``x005F_`` out of every text, wherever it stands.
    """
    from openpyxl.cell.text import Text
    from openpyxl.xml.constants import SHEET_MAIN_NS
    from openpyxl.xml.functions import iterparse

    texts = []
    for name in parts:
        with package.open(name) as part:
            for _, node in iterparse(part):
                if node.tag == f"{{{SHEET_MAIN_NS}}}si":
                    texts.append(_bounded(Text.from_tree(node).content))
                    node.clear()
    return texts


def _sheet_records(
    book: _Book, sheet: _Sheet, has_header_row: bool, look: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    rows = _sheet_rows(book, sheet, look)
    names = []
    if has_header_row:
        header = next(rows, None)
        names = header_names(header or (), XLSX_FIRST_COLUMN)
    width = len(names)
    for row in rows:
        if len(row) > len(names):
            more = (positional(at, XLSX_FIRST_COLUMN) for at in range(len(names), len(row)))
            names = header_names([*names, *more], XLSX_FIRST_COLUMN)
        padded = [*row, *([None] * (width - len(row)))]
        yield dict(zip(names, padded, strict=False))


def _sheet_rows(book: _Book, sheet: _Sheet, look: Callable[[], None]) -> Iterator[list[Any]]:
    """Yield the rows that hold something, without the empty cells at their end."""
    from openpyxl.worksheet._reader import WorkSheetParser

    with book.package.open(sheet.part) as part:
        # Without formats, so that numbers stay numbers: what is a date is seen to here.
        parser = WorkSheetParser(part, book.texts, data_only=True, epoch=book.workbook.epoch)
        rows = parser.parse()
        while True:
            with _explained(f"sheet {sheet.title!r:.40} cannot be read", lambda: parser.row_counter):
                number, cells = next(rows, (0, None))
                row = None if cells is None else _row(book, cells)
            if row is None:
                return
            if number % 1_000 == 0:
                look()
            if row:
                yield row


def _row(book: _Book, cells: list[dict[str, Any]]) -> list[Any]:
    row: list[Any] = []
    taken = set()
    size = 0
    for cell in cells:
        if cell["value"] is None:
            continue
        at = cell["column"] - 1
        if at >= _MOST_COLUMNS:
            raise FormatError(f"a cell is beyond the column {_MOST_COLUMNS}")
        if at in taken:
            raise FormatError(f"the cell of column {at + 1} is there twice")
        taken.add(at)
        row += [None] * (at + 1 - len(row))
        row[at] = value = _value(book, cell)
        size += len(value) if isinstance(value, str) else 0
    if size > RECORD_BYTES:
        raise FormatError(f"it has a row of more than {RECORD_BYTES} characters")
    return row


def _value(book: _Book, cell: dict[str, Any]) -> Any:
    value = cell["value"]
    if isinstance(value, str):
        return _unescaped(_bounded(value))
    if isinstance(value, (int, float)) and cell["data_type"] == "n" and cell["style_id"] in book.workbook._date_formats:
        value = _moment(book, value, cell["style_id"])
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds() / 86_400
    return value if isinstance(value, (int, float)) else str(value)


def _moment(book: _Book, number: float, style: int) -> object:
    """Return what a number stands for that is shown as a date; the number itself beyond the years 1 to 9999."""
    from openpyxl.utils.datetime import from_excel

    try:
        return from_excel(number, book.workbook.epoch, timedelta=style in book.workbook._timedelta_formats)
    except (OverflowError, ValueError):
        return number


def _bounded(text: str) -> str:
    if len(text) > RECORD_BYTES:
        raise FormatError(f"it has a text of {len(text)} characters; a cell may have {RECORD_BYTES}")
    return text


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


@contextmanager
def _explained(what: str, row: Callable[[], int] | None = None) -> Iterator[None]:
    """Say as a format's error what openpyxl and the archive make of a broken part; it has no error of its own."""
    try:
        yield
    except FormatError as error:
        raise FormatError(error.message, line=error.line or (row() if row else None)) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "celigo_pandas":
            raise
        raise FormatError(f"{what}: {type(error).__name__}", line=row() + 1 if row else None) from None
