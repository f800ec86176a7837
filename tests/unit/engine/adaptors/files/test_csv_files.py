"""Delimited text: what is written is read back, in every encoding, by both readers; each option does what it says."""

from __future__ import annotations

import csv
import io
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.engine.adaptors.files.csv_reading import CsvOptions, LineCounter, RowSplitter, read_csv
from celigo_pandas.engine.adaptors.files.csv_writing import CsvForm, write_csv
from celigo_pandas.engine.adaptors.files.formats import CODECS, FormatError, encoded
from celigo_pandas.engine.adaptors.files.header_names import cell_text, column_order, header_names

# Python 3.10 reads no NUL in csv.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
ANYTHING = st.text(CHARACTERS, max_size=8) | st.text(st.sampled_from("aZ09 ,;\t\"'|~=\r\nü"), max_size=8)
NAMES = st.text(CHARACTERS, min_size=1, max_size=6).map(str.strip).filter(bool)


def tables(cells: st.SearchStrategy[str], names: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[Any]:
    def rows(columns: list[str]) -> st.SearchStrategy[Any]:
        row = st.tuples(*(cells for _ in columns)).map(lambda values: dict(zip(columns, values, strict=True)))
        return st.tuples(st.just(columns), st.lists(row, max_size=6))

    return st.lists(names, min_size=1, max_size=4, unique=True).flatmap(rows)


def read(content: bytes, encoding: str = "utf8", **options: Any) -> list[dict[str, Any]]:
    return list(read_csv(io.BytesIO(content), CsvOptions(**options), encoding))


def written(columns: list[str], rows: list[dict[str, Any]], encoding: str = "utf8", **form: Any) -> bytes:
    return b"".join(encoded(write_csv(rows, columns, CsvForm(**form)), encoding))


@given(tables(ANYTHING), st.booleans(), st.booleans(), st.sampled_from([",", ";", "\t", "||", "::"]))
def test_csv_written_is_read_back(table: Any, wrap: bool, truncate: bool, delimiter: str) -> None:
    columns, rows = table
    content = written(columns, rows, column_delimiter=delimiter, wrap_with_quotes=wrap, truncate_last=truncate)

    assert read(content, column_delimiter=delimiter) == rows


@given(tables(ANYTHING), st.sampled_from(["\n", "\r\n", "\r", "~", "<end>"]))
def test_csv_any_row_delimiter_is_read_back(table: Any, end: str) -> None:
    columns, rows = table

    assert read(written(columns, rows, row_delimiter=end), row_delimiter=end) == rows


@pytest.mark.parametrize("encoding", sorted(CODECS))
@settings(deadline=None)  # the first example makes the alphabet
@given(data=st.data())
def test_csv_every_encoding_is_read_back(encoding: str, data: st.DataObject) -> None:
    cells = st.text(alphabet(CODECS[encoding]), max_size=8)
    columns, rows = data.draw(tables(cells, st.sampled_from(["a", "b", "Name"])))

    assert read(written(columns, rows, encoding), encoding) == rows


@lru_cache
def alphabet(codec: str) -> st.SearchStrategy[str]:
    if codec in {"utf-8", "utf-16-le", "gb18030"}:
        return CHARACTERS
    return st.sampled_from([one for one in map(chr, range(0x20, 0xFFFF)) if _survives(one, codec)])


def _survives(character: str, codec: str) -> bool:
    try:
        return character.encode(codec).decode(codec) == character
    except UnicodeError:
        return False


@given(st.text(st.sampled_from("ab,\"\r\n '\ufeff")))
def test_csv_both_readers_give_the_same(text: str) -> None:
    """Python's reader, and the one that splits by delimiters: the same rows, or both refuse."""

    def rows(quick: bool) -> Any:
        try:
            if quick:
                return read(text.encode(), has_header_row=False)
            options = CsvOptions(has_header_row=False)
            source = io.StringIO(text.removeprefix("\ufeff"), newline="")
            return [
                {f"Column{at}": cell for at, cell in enumerate(row)}
                for row in RowSplitter(lambda: source.read(2), options, LineCounter()).rows()
            ]
        except (FormatError, csv.Error):
            return "refused"

    assert rows(quick=True) == rows(quick=False)


@given(tables(ANYTHING), st.integers(1, 5), st.sampled_from(["\n", "\r\n", "<>"]))
def test_csv_pieces_of_any_size_give_the_same_rows(table: Any, size: int, end: str) -> None:
    columns, rows = table
    text = "".join(write_csv(rows, columns, CsvForm(row_delimiter=end, column_delimiter="<<")))
    source = io.StringIO(text, newline="")
    options = CsvOptions(row_delimiter=end, column_delimiter="<<")

    found = list(RowSplitter(lambda: source.read(size), options, LineCounter()).rows())

    assert found[1:] == [list(row.values()) for row in rows]


def test_csv_without_header_names_columns_by_position() -> None:
    assert read(b"1,2\n3\n", has_header_row=False) == [{"Column0": "1", "Column1": "2"}, {"Column0": "3"}]
    assert read(b"1,2\n", has_header_row=False, first_column=1) == [{"Column1": "1", "Column2": "2"}]


def test_csv_header_is_trimmed_and_its_names_are_made_unique() -> None:
    assert read(b" a ,a,,a_2\n1,2,3,4\n") == [{"a": "1", "a_2": "2", "Column2": "3", "a_2_2": "4"}]


def test_csv_short_rows_are_filled_and_longer_ones_lose_nothing() -> None:
    assert read(b"a,b\n1\n1,2,3\n1,2\n") == [
        {"a": "1", "b": ""},
        {"a": "1", "b": "2", "Column2": "3"},
        {"a": "1", "b": "2"},
    ]


def test_csv_trims_values_only_when_told() -> None:
    assert read(b"a\n x \n") == [{"a": " x "}]
    assert read(b"a\n x \n", trim_spaces=True) == [{"a": "x"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [None, "given"])
def test_csv_skips_lines_before_the_header_whatever_is_in_them(end: str, delimiter: str | None) -> None:
    content = end.join(['Report "of"x" the day', "", '"', "a,b", "1,2", ""]).encode()

    assert read(content, rows_to_skip=3, row_delimiter=end if delimiter else None) == [{"a": "1", "b": "2"}]


def test_csv_skipping_more_than_there_is_leaves_nothing() -> None:
    assert read(b"a\n1\n", rows_to_skip=9) == []
    assert read(b"a\n1\n", rows_to_skip=9, row_delimiter="\n") == []


def test_csv_quotes_may_be_off() -> None:
    # The vendor's own example: delimiters inside quotes split the field, quotes around a whole field are stripped.
    content = b'"Smith, John",42,"Notes with ""quotes"" inside"\n'

    (record,) = read(content, has_header_row=False, quotes=False)

    assert list(record.values()) == ['"Smith', ' John"', "42", 'Notes with ""quotes"" inside']


def test_csv_any_line_end_counts_unless_one_is_given() -> None:
    assert [row["a"] for row in read(b"a\n1\r\n2\r3\n")] == ["1", "2", "3"]
    assert [row["a"] for row in read(b"a\r\n1\n1\r\n2\r\n", row_delimiter="\r\n")] == ["1\n1", "2"]


def test_csv_empty_lines_are_no_rows_but_an_empty_cell_in_quotes_is() -> None:
    for end in (None, "\n"):
        assert read(b'a\n\n""\n\nx\n', row_delimiter=end) == [{"a": ""}, {"a": "x"}]


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (b'a,b\n1,2\n3,"4\n5,6\n', 5, "csv"),
        (b'a,b\n1,2\n3,"4"x\n', 3, "csv"),
        (b"a,b\n1,\xff\n", 1, "file.encoding"),
    ],
)
def test_csv_broken_file_says_the_line(content: bytes, line: int, says: str) -> None:
    with pytest.raises(FormatError, match=says) as caught:
        read(content)

    assert caught.value.line is not None
    assert abs(caught.value.line - line) <= 1


def test_csv_broken_quote_says_the_line_in_the_other_reader_too() -> None:
    with pytest.raises(FormatError, match="the quote that opens in line 3 does not close"):
        read(b'a,b\n1,2\n3,"4\n5,6\n', row_delimiter="\n")


@pytest.mark.parametrize(
    ("mark", "codec", "encoding"),
    [
        (b"\xef\xbb\xbf", "utf-8", "utf8"),
        (b"\xff\xfe", "utf-16-le", "utf-16le"),
        (b"\x841\x953", "gb18030", "gb18030"),
    ],
)
def test_csv_byte_order_mark_is_no_text(mark: bytes, codec: str, encoding: str) -> None:
    assert read(mark + "a,b\n1,ü\n".encode(codec), encoding) == [{"a": "1", "b": "ü"}]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"\xff\xfea\0", "utf8"),
        (b"\xef\xbb\xbfa", "win1252"),
        (b"\xfe\xff\0a", "utf-16le"),
        (b"\xef\xbb\xbfa", "shiftjis"),
        (b"\x841\x953a", "utf8"),
        (b"\x841\x953a", "win1252"),
        (b"\xff\xfe\0\0a\0\0\0", "utf-16le"),
        (b"\xff\xfe\0\0a\0\0\0", "utf8"),
        (b"\xff\xfe\0\0a\0\0\0", "iso88591"),
        (b"\0\0\xfe\xff\0\0\0a", "utf8"),
    ],
)
def test_csv_mark_of_another_encoding_is_refused_with_its_name(content: bytes, encoding: str) -> None:
    with pytest.raises(FormatError, match="byte order mark"):
        read(content, encoding)


def test_csv_line_without_end_is_refused_before_it_fills_memory() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"x" * size

    endless = Endless()
    with pytest.raises(FormatError, match="line of more than"):
        list(read_csv(endless, CsvOptions()))  # type: ignore[arg-type]
    assert endless.given < 40_000_000
    with pytest.raises(FormatError, match="row of more than"):
        list(read_csv(Endless(), CsvOptions(row_delimiter="\n")))  # type: ignore[arg-type]


# writing ------------------------------------------------------------------------------------------------------------


def test_csv_values_are_data_and_stay_as_they_are() -> None:
    rows = [{"a": "=1+1", "b": "+1", "c": "-1", "d": "@x"}]

    assert written(list("abcd"), rows) == b"a,b,c,d\n=1+1,+1,-1,@x\n"


def test_csv_values_are_written_as_javascript_prints_them_and_whole_numbers_exactly() -> None:
    row = {"a": None, "b": True, "c": 5.0, "d": 2**63 + 1, "e": 0.1, "f": {"x": [1, "ü"]}, "g": [], "h": 1e21}

    assert read(written(list(row), [row])) == [
        {"a": "", "b": "true", "c": "5", "d": "9223372036854775809", "e": "0.1", "f": '{"x":[1,"ü"]}', "g": "[]",
         "h": "1e+21"}
    ]  # fmt: skip


def test_csv_form_options() -> None:
    rows = [{"a": "x\ty", "b": "p\r\nq\rr\n"}]

    assert written(["a", "b"], rows, replace_tab=True, replace_newline=True) == b"a,b\nx y,p q r \n"
    assert written(["a"], [{"a": "x"}], include_header=False, truncate_last=True) == b"x"
    assert written(["a"], [{"a": "x"}], wrap_with_quotes=True, row_delimiter="\r\n") == b'"a"\r\n"x"\r\n'
    assert written(["a"], [{"a": "x"}], custom_header_rows=["# one, two", "# 3"]) == b"# one, two\n# 3\na\nx\n"
    assert written([], []) == b""
    assert written(["a"], [{"a": ""}], include_header=False) == b'""\n'


def test_csv_many_rows_are_joined_by_the_same_delimiter() -> None:
    rows = [{"n": number} for number in range(2_500)]

    text = written(["n"], rows, truncate_last=True)

    assert text.count(b"\n") == 2_500
    assert [int(row["n"]) for row in read(text)] == list(range(2_500))


def test_csv_character_outside_the_encoding_is_an_error_that_names_it() -> None:
    with pytest.raises(FormatError, match=r"'€' \(U\+20AC\) cannot be written in iso88591"):
        written(["a"], [{"a": "5 €"}], "iso88591")


def test_columns_follow_the_mapping_then_first_appearance() -> None:
    records: list[dict[str, Any]] = [{"z": 1, "b": 2}, {"a": 3, "y": 4}]

    assert column_order(records) == ["z", "b", "a", "y"]
    assert column_order(records, ["a", "none", "b"]) == ["a", "b", "z", "y"]


@given(st.lists(st.text(max_size=3)))
def test_header_names_are_never_blank_and_never_twice(cells: list[str]) -> None:
    names = header_names(cells, 0)

    assert len(names) == len(cells) == len(set(names))
    assert all(name.strip() for name in names)


def test_header_of_one_name_is_made_unique_in_one_pass() -> None:
    """Counting from 2 for each would be 2 * 10^10 steps."""
    names = header_names(["a"] * 200_000 + ["a_3", "a"], 0)

    assert names[:3] == ["a", "a_2", "a_3"]
    assert names[-2:] == ["a_3_2", "a_200001"]
    assert len(set(names)) == 200_002


def test_cell_text_of_a_header_that_is_no_text() -> None:
    assert header_names([1, None, True, 1], 1) == ["1", "Column2", "true", "1_2"]
    assert cell_text(-0.5) == "-0.5"
