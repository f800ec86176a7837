"""Workbooks that other programs make: strict ones, other spellings of parts, values at the edges; and damaged ones."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from celigo_pandas.engine.adaptors.files import xlsx_reading
from celigo_pandas.engine.adaptors.files.formats import FormatError
from celigo_pandas.engine.adaptors.files.xlsx_reading import read_xlsx

ROWS = [["n", "when", "t & <t>\r"], [1, datetime(2026, 3, 4, 5, 6), "http://purl.oclc.org/ooxml/spreadsheetml/main"]]
RECORD = {"n": 1, "when": "2026-03-04T05:06:00", "t & <t>": "http://purl.oclc.org/ooxml/spreadsheetml/main"}
SHEET = "xl/worksheets/sheet1.xml"


def read(content: bytes, **options: Any) -> list[Any]:
    return list(read_xlsx(io.BytesIO(content), **options))


def made(rows: list[list[Any]] = ROWS) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def remade(
    content: bytes,
    change: Callable[[str, bytes], bytes] = lambda _, data: data,
    rename: Callable[[str], str] = lambda name: name,
    leave_out: str = "nothing",
) -> bytes:
    """Return the workbook with its parts changed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            if name != leave_out:
                new.writestr(rename(name), change(name, old.read(name)))
    return packed.getvalue()


def with_common_texts(content: bytes) -> bytes:
    """Put the texts of all cells into the table that Excel keeps them in; openpyxl writes them into the cells."""
    texts: list[str] = []

    def numbered(found: re.Match[str]) -> str:
        texts.append(found[1])
        return f't="s"><v>{len(texts) - 1}</v>'

    content = in_sheet('t="inlineStr"><is>(.*?)</is>', numbered, content)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"

    def told(name: str, data: bytes) -> bytes:
        if name == "[Content_Types].xml":
            return data.replace(
                b"</T", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></T'.encode()
            )
        if name == "xl/_rels/workbook.xml.rels":
            end = f'<Relationship Id="rIdT" Type="{relation}" Target="sharedStrings.xml"/></R'
            return data.replace(b"</R", end.encode())
        return data

    content = remade(content, told)
    packed = io.BytesIO(content)
    with zipfile.ZipFile(packed, "a") as archive:
        items = "".join(f"<si>{text}</si>" for text in texts)
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{main}">{items}</sst>')
    return packed.getvalue()


def in_sheet(pattern: str, by: str | Callable[[re.Match[str]], str], content: bytes | None = None) -> bytes:
    def change(name: str, data: bytes) -> bytes:
        if name != SHEET:
            return data
        changed, count = re.subn(pattern, by, data.decode())
        assert count
        return changed.encode()

    return remade(content or made(), change)


def strict(name: str, data: bytes) -> bytes:
    """Give a part the namespaces of the strict dialect, as Excel's "Strict Open XML Spreadsheet" has them."""
    if not name.endswith((".xml", ".rels")):
        return data
    return re.sub(
        rb'((?:xmlns(?::\w+)?|Type)=")http://schemas.openxmlformats.org/(\w+)/2006/(?!content-types|metadata)'
        rb"((?:relationships/)?(?!relationships\")[\w-]*)",
        lambda found: found[1] + b"http://purl.oclc.org/ooxml/" + found[2] + b"/" + found[3],
        data,
    ) if b"package/2006" not in data or name.endswith(".rels") else data  # fmt: skip


def test_strict_workbook_is_read_as_a_transitional_one() -> None:
    content = remade(made(), strict)

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"purl.oclc.org/ooxml/spreadsheetml/main" in archive.read(SHEET)
        assert b"purl.oclc.org/ooxml/officeDocument/relationships/officeDocument" in archive.read("_rels/.rels")
    assert read(content) == read(made()) == [RECORD]


def test_strict_workbook_keeps_what_its_texts_hold() -> None:
    rows = [["a"], ["x\ny"], ['xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"'], [" & < > "], ["ü\U0001f600"]]

    assert read(remade(made(rows), strict)) == read(made(rows)) == [{"a": row[0]} for row in rows[1:]]


def test_strict_workbook_keeps_carriage_returns() -> None:
    content = in_sheet("<t>x</t>", "<t>a&#13;b</t>", made([["n"], ["x"]]))

    assert read(remade(content, strict)) == read(content) == [{"n": "a\rb"}]


@pytest.mark.parametrize("dialect", [lambda _, data: data, strict], ids=["transitional", "strict"])
def test_texts_of_the_common_table_are_read(dialect: Any) -> None:
    assert read(remade(with_common_texts(made()), dialect)) == [RECORD]


def test_strict_workbook_may_write_dates_as_text() -> None:
    content = in_sheet(r'(<c r="B2"[^>]*) t="n"><v>[^<]*</v>', r'\1 t="d"><v>2026-03-04T05:06:00</v>')

    assert read(remade(content, strict)) == [RECORD]


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("/", "\\"),
        lambda name: name.replace("xl/worksheets", "xl/Worksheets"),
        lambda name: name.upper(),
        lambda name: "/" + name,
    ],
    ids=["backslashes", "case of a folder", "capitals", "leading slash"],
)
@pytest.mark.parametrize("dialect", [lambda _, data: data, strict], ids=["transitional", "strict"])
def test_parts_are_found_however_they_are_spelled(rename: Callable[[str], str], dialect: Any) -> None:
    assert read(remade(made(), dialect, rename)) == [RECORD]


def test_styles_are_found_where_the_workbook_says_that_they_are() -> None:
    def moved(name: str, data: bytes) -> bytes:
        return data.replace(b"styles.xml", b"looks.xml")

    assert read(remade(made(), moved, lambda name: name.replace("styles.xml", "looks.xml"))) == [RECORD]


@pytest.mark.parametrize("number", ["2958466", "-700000", "1e300"])
def test_number_shown_as_a_date_beyond_the_calendar_stays_the_number(number: str) -> None:
    content = in_sheet(r'(<c r="B2"[^>]*>)<v>[^<]*</v>', rf"\1<v>{number}</v>")

    assert read(content)[0]["when"] == float(number)


def test_rows_whose_numbers_do_not_grow_are_read() -> None:
    content = made([["n"], [1], [2], [3]])
    content = in_sheet('r="A3"', 'r="A2"', in_sheet('<row r="3"', '<row r="2"', content))

    assert read(content) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_row_far_below_costs_nothing() -> None:
    content = in_sheet(
        'r="A3"', 'r="A2000000000"', in_sheet('<row r="3"', '<row r="2000000000"', made([["n"], [1], [2]]))
    )

    assert read(content) == [{"n": 1}, {"n": 2}]


def test_text_with_the_letters_of_an_escape_is_not_changed() -> None:
    content = made([["a"], ["box005F_1"], ["_x005F_x000D_"]])

    assert read(content) == read(with_common_texts(content)) == [{"a": "box005F_1"}, {"a": "_x000D_"}]


def test_cells_in_any_order_keep_their_columns() -> None:
    content = in_sheet(r'(<c r="A2".*?</c>)(<c r="B2".*?</c>)(<c r="C2".*?</c>)', r"\3\1\2")

    assert read(content) == [RECORD]


def no_sheets(name: str, data: bytes) -> bytes:
    return re.sub(rb"<sheets>.*</sheets>", b"<sheets/>", data) if name == "xl/workbook.xml" else data


def other_root(name: str, data: bytes) -> bytes:
    return data.replace(b"spreadsheetml/2006/main", b"spreadsheetml/2099/main") if name == SHEET else data


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (remade(made(), no_sheets), "it has no worksheet"),
        (remade(made(), leave_out=SHEET), "the part of its sheet 'Sheet' is missing"),
        (remade(made(), other_root), "is no worksheet that is read here"),
        (remade(made(), leave_out="xl/workbook.xml"), "it is no Excel workbook"),
        (remade(made(), leave_out="[Content_Types].xml"), "it is no Excel workbook"),
        (in_sheet('r="B2"', 'r="A2"'), "the cell of column 1 is there twice"),
        (in_sheet('r="B2"', 'r="ZZZ2"'), "a cell is beyond the column 16384"),
        (in_sheet('t="s"><v>3', 't="s"><v>999', with_common_texts(made())), "sheet 'Sheet' cannot be read"),
    ],
)
def test_what_cannot_be_read_is_an_error_and_no_empty_workbook(content: bytes, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        read(content)


def test_chart_sheet_beside_a_worksheet_holds_no_rows() -> None:
    book = openpyxl.Workbook()
    book.active.append(["n"])
    book.active.append([1])
    book.create_chartsheet()
    content = io.BytesIO()
    book.save(content)

    assert read(content.getvalue()) == [{"n": 1}]


@pytest.mark.parametrize("kind", ["shared", "inline", "row"])
def test_text_beyond_the_limit_of_a_cell_or_row_is_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(xlsx_reading, "RECORD_BYTES", 1_000)
    text = "x" * (400 if kind == "row" else 1_001)
    content = made([["a", "b", "c"], [text, text, text]])
    if kind == "shared":
        content = with_common_texts(content)

    with pytest.raises(FormatError, match="characters"):
        read(content)
