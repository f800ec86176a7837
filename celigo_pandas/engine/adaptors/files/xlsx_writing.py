"""Writing Excel workbooks row by row with openpyxl (the extra ``files``).

Facts: integrator-api.md, section 4.4, and the vendor's schema of ``file.xlsx``.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from celigo_pandas.engine.adaptors.files.formats import FormatError
from celigo_pandas.engine.adaptors.files.header_names import cell_text
from celigo_pandas.engine.adaptors.files.xlsx_package import load_openpyxl

__all__ = ["write_xlsx"]

_PIECE = 1 << 18
_MOST_ROWS = 1_048_576
_MOST_TEXT = 32_767
_EXACT = 2**53
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b\x0c\r\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""What XML cannot hold or would change, in the notation of the file format: ``_x000D_``."""


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
    openpyxl = load_openpyxl()
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


def _cell(sheet: object, value: object) -> Any:
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= _EXACT):
        return value
    if isinstance(value, float):
        return _double_cell(sheet, value)
    return _text_cell(sheet, cell_text(value))


def _double_cell(sheet: object, value: float) -> object:
    if float(f"{value:.16g}") == value:
        return value
    from openpyxl.cell import WriteOnlyCell

    # openpyxl writes 16 digits; this double needs its seventeenth.
    cell = WriteOnlyCell(sheet, value=repr(value))
    cell.data_type = "n"
    return cell


def _text_cell(sheet: object, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=_escaped(text))
    # openpyxl makes a formula of a text that begins with "=", and an error of one like "#N/A".
    cell.data_type = "s"
    return cell
