"""Excel workbooks, read and written row by row with openpyxl (the extra ``files``).

Facts: integrator-api.md, section 4.4, and the vendor's schema of ``file.xlsx``: calculated values, never formulas;
blank header cells get a name, repeated ones a suffix; without a header columns are ``Column1``, ``Column2``, …
"""

from __future__ import annotations

import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from celigo_pandas.engine.adaptors.files.cells import cell_text, header_names, positional
from celigo_pandas.engine.adaptors.files.formats import FormatError, Source
from celigo_pandas.errors import MissingExtraError

__all__ = ["XLSX_FIRST_COLUMN", "read_xlsx", "write_xlsx"]

XLSX_FIRST_COLUMN = 1
"""The first column without a name is ``Column1``. Source: the vendor's schema."""

_PIECE = 1 << 18
_FILE_BYTES = 500_000_000
_UNPACKED_BYTES = 2_000_000_000
_TEXTS_BYTES = 200_000_000
"""All texts of a workbook are in one part, which its reader holds in memory."""

_MOST_ROWS = 1_048_576
_MOST_TEXT = 32_767
_EXACT = 2**53
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b\x0c\r\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""What XML cannot hold or would change, in the notation of the file format: ``_x000D_``."""


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

    Raises
    ------
    FormatError
        It is no workbook, or larger than the bounds.
    MissingExtraError
        openpyxl is not installed.
    """
    openpyxl = _openpyxl()
    with tempfile.TemporaryFile() as file:
        source = Source(stream, look, _FILE_BYTES)
        while piece := source.read(_PIECE):
            file.write(piece)
        _check_archive(file)
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # whatever its parts make of a broken file
            raise FormatError(f"it is no Excel workbook: {type(error).__name__}") from None
        try:
            for sheet in book.worksheets if all_sheets else book.worksheets[:1]:
                # The size that a sheet says it has may be wrong; its rows are what is there.
                sheet.reset_dimensions()
                yield from _sheet_records(sheet, has_header_row, look)
        finally:
            book.close()


def _sheet_records(sheet: Any, has_header_row: bool, look: Callable[[], None]) -> Iterator[dict[str, Any]]:
    rows = _sheet_rows(sheet, look)
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


def _sheet_rows(sheet: Any, look: Callable[[], None]) -> Iterator[list[Any]]:
    """Yield the rows that hold something, without the empty cells at their end."""
    number = 0
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number % 1_000 == 0:
                look()
            cells = [_plain(cell) for cell in row]
            while cells and cells[-1] is None:
                cells.pop()
            if cells:
                yield cells
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "celigo_pandas":
            raise
        text = f"sheet {sheet.title!r:.40} cannot be read: {type(error).__name__}"
        raise FormatError(text, line=number + 1) from None


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _unescaped(value)
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds() / 86_400
    return str(value)


def _check_archive(file: BinaryIO) -> None:
    """Refuse an archive that unpacks to more than is read here, before it is unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise FormatError("it is no Excel workbook (.xlsx); an .xls file is not read") from None
    if sum(part.file_size for part in parts) > _UNPACKED_BYTES:
        raise FormatError(f"it unpacks to more than {_UNPACKED_BYTES} bytes")
    if any(part.file_size > _TEXTS_BYTES for part in parts if part.filename.endswith("sharedStrings.xml")):
        raise FormatError(f"its texts are more than {_TEXTS_BYTES} bytes")


def write_xlsx(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], include_header: bool = True
) -> Iterator[bytes]:
    """Yield a workbook of one sheet.

    Notes
    -----
    Texts are written as texts: none becomes a formula, an error or a number. Whole numbers beyond 2^53 are written as
    text, because Excel's numbers are doubles.

    Raises
    ------
    FormatError
        A text is longer than a cell may be, or there are too many rows; with the record.
    MissingExtraError
        openpyxl is not installed.
    """
    openpyxl = _openpyxl()
    # Checked before it is begun: openpyxl leaves its temporary file behind where a row fails.
    if len(rows) + include_header > _MOST_ROWS:
        raise FormatError(f"a sheet holds {_MOST_ROWS} rows at most", record=_MOST_ROWS - include_header)
    for name in columns:
        _check_text(name, None)
    for record, row in enumerate(rows):
        for name in columns:
            value = row.get(name)
            if isinstance(value, (str, dict, list)):
                _check_text(cell_text(value), record)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    if include_header:
        sheet.append([_text_cell(sheet, name) for name in columns])
    for row in rows:
        sheet.append([_cell(sheet, row.get(name)) for name in columns])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _check_text(text: str, record: int | None) -> None:
    if len(_escaped(text)) > _MOST_TEXT:
        raise FormatError(f"a text has {len(text)} characters; a cell holds {_MOST_TEXT}", record=record)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise FormatError("a text holds half a surrogate pair, which no file can", record=record)


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _cell(sheet: Any, value: Any) -> Any:
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= _EXACT):
        return value
    if isinstance(value, float):
        return _double_cell(sheet, value)
    return _text_cell(sheet, cell_text(value))


def _double_cell(sheet: Any, value: float) -> Any:
    if float(f"{value:.16g}") == value:
        return value
    from openpyxl.cell import WriteOnlyCell

    # openpyxl writes 16 digits; this double needs its seventeenth.
    cell = WriteOnlyCell(sheet, value=repr(value))
    cell.data_type = "n"
    return cell


def _text_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=_escaped(text))
    # openpyxl makes a formula of a text that begins with "=", and an error of one like "#N/A".
    cell.data_type = "s"
    return cell


def _openpyxl() -> Any:
    # openpyxl takes numpy where it finds it, for values that never come here; the engine's process loads none.
    hide = "openpyxl" not in sys.modules and "numpy" not in sys.modules
    if hide:
        sys.modules["numpy"] = None  # type: ignore[assignment]
    try:
        import openpyxl
        import openpyxl.cell
    except ImportError:
        raise MissingExtraError("An xlsx file", "files") from None
    finally:
        if hide:
            sys.modules.pop("numpy", None)
    return openpyxl
