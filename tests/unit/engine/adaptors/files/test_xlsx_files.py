"""Workbooks: what is written is read back, and Excel would not find a formula in it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.engine.adaptors.files.formats import FormatError
from celigo_pandas.engine.adaptors.files.xlsx_reading import read_xlsx
from celigo_pandas.engine.adaptors.files.xlsx_writing import write_xlsx

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8) | st.sampled_from(
    ["=1+1", "#N/A", "_x000D_", "a\rb\r\nc", "\x01", "'x", " y "]
)
VALUES = TEXT | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15, allow_subnormal=False)


def read(content: bytes, **options: Any) -> list[Any]:
    return list(read_xlsx(io.BytesIO(content), **options))


def written(rows: list[Any], columns: list[str], **options: Any) -> bytes:
    return b"".join(write_xlsx(rows, columns, **options))


def made(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@settings(max_examples=40)
@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b c": VALUES, "ü": st.none() | VALUES}), max_size=5))
def test_xlsx_written_is_read_back(rows: list[dict[str, Any]]) -> None:
    found = read(written(rows, ["a", "b c", "ü"]))

    assert found == rows
    for row, back in zip(rows, found, strict=True):
        assert all(type(back[name]) is type(row[name]) for name in row if type(row[name]) in {bool, str})


def test_xlsx_text_never_becomes_a_formula() -> None:
    content = written([{"a": "=HYPERLINK(1)"}], ["a"])

    (_, (cell,)) = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows()
    assert (cell.data_type, cell.value) == ("s", "=HYPERLINK(1)")


def test_xlsx_other_values() -> None:
    row = {"a": {"x": [1]}, "b": None, "c": 2**60, "d": []}

    assert read(written([row], list(row))) == [{"a": '{"x":[1]}', "b": None, "c": str(2**60), "d": "[]"}]
    assert read(written([{"a": 1}], ["a"], include_header=False), has_header_row=False) == [{"Column1": 1}]


def test_xlsx_dates_and_times_are_iso_texts() -> None:
    content = made(s=[["d", "t", "m"], [datetime(2026, 3, 4, 5, 6), time(7, 8), date(2026, 1, 2)]])

    assert read(content) == [{"d": "2026-03-04T05:06:00", "t": "07:08:00", "m": "2026-01-02T00:00:00"}]


def test_xlsx_header_names_and_empty_rows() -> None:
    content = made(s=[["a", None, "a", " b "], [1, 2, 3], [None, None], [4, None, None, None, 5]])

    assert read(content) == [
        {"a": 1, "Column2": 2, "a_2": 3, "b": None},
        {"a": 4, "Column2": None, "a_2": None, "b": None, "Column5": 5},
    ]


def test_xlsx_all_sheets_or_the_first() -> None:
    content = made(one=[["a"], [1]], two=[], three=[["b"], [2]])

    assert read(content) == [{"a": 1}, {"b": 2}]
    assert read(content, all_sheets=False) == [{"a": 1}]


def changed(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook whose first sheet's XML is another."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(packed, "w") as copy:
        for name in archive.namelist():
            data = archive.read(name)
            copy.writestr(name, change(data) if name.endswith("sheet1.xml") else data)
    return packed.getvalue()


def test_xlsx_formula_is_its_calculated_value() -> None:
    content = changed(made(s=[["a"], ["=1+1"]]), lambda xml: re.sub(rb"<v\s*/>|<v></v>", b"<v>2</v>", xml))

    assert read(content) == [{"a": 2}]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04rubbish"])
def test_xlsx_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError, match="no Excel workbook"):
        read(content)


def test_xlsx_archive_without_a_workbook_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "x")

    with pytest.raises(FormatError, match="no Excel workbook"):
        read(packed.getvalue())


def test_xlsx_broken_sheet_says_its_name() -> None:
    content = changed(made(first=[["a"], [1]]), lambda xml: xml[:-40])

    with pytest.raises(FormatError, match="sheet 'first' cannot be read"):
        read(content)


def test_xlsx_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(210):
            part.write(b"x" * 1_000_000)

    with pytest.raises(FormatError, match="texts are more than"):
        read(packed.getvalue())


@pytest.mark.parametrize(
    ("value", "says"), [("x" * 32_768, "32768 characters"), ("\r" * 5_000, "5000 characters"), ("\ud800", "surrogate")]
)
def test_xlsx_text_that_no_cell_holds_is_an_error_of_its_record(value: str, says: str) -> None:
    with pytest.raises(FormatError, match=says) as caught:
        written([{"a": "good"}, {"a": value}], ["a"])

    assert caught.value.record == 1


def test_xlsx_reading_loads_no_numpy() -> None:
    """openpyxl takes numpy where it finds it; the engine's process must not."""
    code = (
        "import io, sys\n"
        "from celigo_pandas.engine.adaptors.files.xlsx_reading import read_xlsx\n"
        "from celigo_pandas.engine.adaptors.files.xlsx_writing import write_xlsx\n"
        "content = b''.join(write_xlsx([{'a': 1}], ['a']))\n"
        "assert list(read_xlsx(io.BytesIO(content))) == [{'a': 1}]\n"
        "print('openpyxl' in sys.modules, sorted(set(sys.modules) & {'numpy', 'pandas'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True,
        env={"CELIGO_PANDAS_NO_PANDAS": "1", "PATH": ""},
    )  # fmt: skip

    assert done.stdout.strip() == "True []"
