"""JSON and XML files: read record by record, whatever the pieces they come in."""

from __future__ import annotations

import io
import json
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celigo_pandas.engine.adaptors.files import xml_reading
from celigo_pandas.engine.adaptors.files.formats import CODECS, FormatError, NothingFound, encoded
from celigo_pandas.engine.adaptors.files.json_files import JsonText, path_names, read_json, write_json
from celigo_pandas.engine.adaptors.files.xml_reading import parse_xpath, read_xml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=5)


def read(content: bytes | str, path: str = "", encoding: str = "utf8") -> list[Any]:
    data = content.encode(CODECS[encoding]) if isinstance(content, str) else content
    return list(read_json(io.BytesIO(data), path_names(path), encoding))


@pytest.mark.parametrize("encoding", ["utf8", "utf-16le", "gb18030"])
@settings(deadline=None)
@given(records=RECORDS)
def test_json_written_is_read_back(encoding: str, records: list[Any]) -> None:
    assert read(b"".join(encoded(write_json(records), encoding)), encoding=encoding) == records


@settings(deadline=None)
@given(RECORDS, st.integers(1, 7), st.sampled_from([None, 1]))
def test_json_pieces_of_any_size_give_the_same_values(records: list[Any], size: int, indent: int | None) -> None:
    source = io.StringIO(json.dumps(records, indent=indent))
    text = JsonText(lambda: source.read(size), "utf8")
    text.peek()

    assert list(text.elements()) == records
    assert text.peek() is None


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_json_number_that_is_cut_is_read_whole(number: float) -> None:
    source = io.StringIO(f"[{json.dumps(number)},1]")
    text = JsonText(lambda: source.read(1), "utf8")
    text.peek()

    assert list(text.elements()) == [number, 1]


@pytest.mark.parametrize(
    ("content", "path", "expected"),
    [
        ('[{"a":1},{"a":2}]', "", [{"a": 1}, {"a": 2}]),
        ('{"a":[1,2]}', "", [{"a": [1, 2]}]),
        ('{"a":1}\n{"a":2}\r\n\n{"a":3}', "", [{"a": 1}, {"a": 2}, {"a": 3}]),
        ('{"x":{"y":0},"r":{"d":[{"a":1}],"n":2}}', "r.d", [{"a": 1}]),
        ('{"r":{"d":{"a":1}}}', "r.d", [{"a": 1}]),
        ('{"r":{"d":[]}}', "r.d", []),
        ('{"r":{"d":null}}', "r.d", []),
        ('[7,null,"x"]', "", [{"value": 7}, {"value": None}, {"value": "x"}]),
        ('[[{"a":1},{"a":2}]]', "", [[{"a": 1}, {"a": 2}]]),
        ("[]", "", []),
        ('[{"n":123456789012345678901234567890}]', "", [{"n": 123456789012345678901234567890}]),
        ("\ufeff[{}]", "", [{}]),
    ],
)
def test_json_records_of(content: str, path: str, expected: list[Any]) -> None:
    assert read(content, path) == expected


@pytest.mark.parametrize(
    ("content", "path", "line"),
    [
        ("", "", 1),
        ("  \n ", "", 1),
        ('[{"a":1},\n{"a":}]', "", 2),
        ('[{"a":1}\n{"a":2}]', "", 2),
        ('[{"a":1}] x', "", 1),
        ('[{"a":1}][{"a":2}]', "", 1),
        ('{"r":[{"a":1}],\n"x":}', "r", 2),
        ('{"r":[1],"r":[2]}', "r", 1),
        ('{"r":[1]}\n{"r":[2]}', "r", 2),
        ("{r:[1]}", "r", 1),
        ('[{"a":NaN}]', "", 1),
        ('[{"a":1e999}]', "", 1),
        ('[{"a":1}', "", 1),
        ('[{"a":"x', "", 1),
        ('[{"a":"x\ny"}]', "", 2),
        ("[" * 100_000, "", 1),
        ('{"a":' * 100_000, "b", 1),
    ],
)
def test_json_broken_file_is_refused_with_its_line(content: str, path: str, line: int) -> None:
    with pytest.raises(FormatError) as caught:
        read(content, path)

    assert caught.value.line == line


def test_json_broken_record_is_refused_without_reading_on() -> None:
    source = io.BytesIO(b'[{"a":1},{a:2}' + b" " * 5_000_000)

    with pytest.raises(FormatError):
        list(read_json(source))
    assert source.tell() < 1_000_000


def test_json_record_that_does_not_end_is_refused_before_it_fills_memory() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += 1
            return b'[{"a":"' if self.given == 1 else b"x" * size

    with pytest.raises(FormatError, match="record of more than"):
        list(read_json(Endless()))  # type: ignore[arg-type]


def test_json_what_lies_beside_the_path_may_be_larger_than_a_record() -> None:
    beside = ",".join(json.dumps({"n": number, "t": "x" * 100}) for number in range(150_000))
    assert len(beside) > 16_000_000

    assert read(f'{{"a":[{beside}],"b":{{"c":[{beside}]}},"d":[{{"r":1}}]}}', "d") == [{"r": 1}]


def test_json_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(FormatError, match="no text in utf8"):
        read(b'[{"a":"\xff"}]')


def test_json_records_come_before_the_file_was_read_to_its_end() -> None:
    source = io.BytesIO(b'[{"a":1},' + b'{"a":2},' * 500_000 + b"{}]")
    records = read_json(source)

    assert next(records) == {"a": 1}
    assert source.tell() < 1_000_000


@pytest.mark.parametrize("path", ["a[0]", "a.*", "a..b", "$.a[*]", ".a"])
def test_json_path_that_the_platform_does_not_take_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"json\.resourcePath"):
        path_names(path)


# XML ----------------------------------------------------------------------------------------------------------------

FEED = """<?xml version="1.0"?>
<r xmlns:n="urn:n"><meta>m</meta>
  <o id="1" kind='a b'><name>x</name><line q="2">l1</line><line>l2</line></o>
  <group><o id="2"><o id="3"/></o></group>
  <n:o id="4">text</n:o>
  <o/>
</r>"""


def xml(content: str | bytes, path: str, encoding: str | None = None) -> list[Any]:
    data = content.encode() if isinstance(content, str) else content
    return list(read_xml(io.BytesIO(data), parse_xpath(path), encoding))


O1 = {"$": {"id": "1", "kind": "a b"}, "name": ["x"], "line": [{"$": {"q": "2"}, "_": "l1"}, "l2"]}
O3 = {"$": {"id": "3"}}
O2 = {"$": {"id": "2"}, "o": [O3]}
O4 = {"$": {"id": "4"}, "_": "text"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/r/o", [O1, O4, {}]),
        ("r/o", [O1, O4, {}]),
        ("/r/n:o", [O4]),
        ("//o", [O1, O2, O3, O4, {}]),
        ("/r/group//o", [O2, O3]),
        ("/r/*/o", [O2]),
        ('//o[@id="3"]', [O3]),
        ("/r/o[@id='1'][@kind='a b']/line", [{"$": {"q": "2"}, "_": "l1"}, {"_": "l2"}]),
        ('//*[local-name()="o"][@id="4"]', [O4]),
        ("/r/meta", [{"_": "m"}]),
    ],
)
def test_xml_path_selects(path: str, expected: list[Any]) -> None:
    assert xml(FEED, path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/r/o[1]", [O1]),
        ("//o[2]", [O4]),
        ("(//o)[2]", [O2]),
        ("/r/o[name='x']", [O1]),
        ("/r/o[last()]", [{}]),
        ("/r/o[position()>1]", [O4, {}]),
        ("//o[not(@id)] | //meta", [{"_": "m"}, {}]),
        ("/r/o/@kind", [{"_": "a b"}]),
        ("//line/..", [O1]),
        ("//o[@id > 2]", [O3, O4]),
        ("r/o[count(line) = 2]/line[@q]", [{"$": {"q": "2"}, "_": "l1"}]),
    ],
)
@pytest.mark.parametrize("encoding", [None, "utf8", "utf-16le"])
def test_xml_path_of_any_kind_selects(path: str, expected: list[Any], encoding: str | None) -> None:
    content = FEED.encode("utf-16-le" if encoding == "utf-16le" else "utf-8")

    assert sorted(map(repr, xml(content, path, encoding))) == sorted(map(repr, expected))


def test_xml_path_of_any_kind_keeps_the_order_of_the_file() -> None:
    assert xml("<r><b>1</b><a>2</a><b>3</b></r>", "//a | //b") == [{"_": "1"}, {"_": "2"}, {"_": "3"}]


@pytest.mark.parametrize(
    ("content", "path", "says"),
    [
        ("<r><o><n>1</n></o><o/></r>", "/r/p[1]", "finds nothing: '/r' holds o"),
        ("<r><o/></r>", "count(//o)", "gives 1; expected elements"),
        ("<r><o></r>", "/r/o[1]", "it is not XML: mismatched tag"),
        ("", "/r/o[1]", "it is empty"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><r><o>&a;</o></r>', "//o[1]", "entities"),
        ("<o>" * 500, "//o[1]", "nested deeper"),
    ],
)
def test_xml_path_of_any_kind_says_what_it_does_not_find(content: str, path: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        xml(content, path)


def test_xml_place_without_records_has_none_for_any_path() -> None:
    assert xml("<r><count>0</count></r>", "/r/o[1]") == []


def test_xml_file_that_is_too_large_to_be_held_says_which_paths_are_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_reading, "RECORD_BYTES", 100_000)
    content = "<r>" + "<o>1</o>" * 20_000 + "</r>"

    assert len(xml(content, "/r/o")) == 20_000
    with pytest.raises(FormatError, match=r"'/r/o\[1\]' needs all of it at once; .* //Order"):
        xml(content, "/r/o[1]")


@pytest.mark.parametrize("path", ["", "//", "/r/o[", "a b", "id('x')", "$v/o", "//comment()"])
def test_xml_path_that_is_no_xpath_is_refused_by_name(path: str) -> None:
    with pytest.raises(ValueError, match="XPath"):
        parse_xpath(path)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))))
def test_xml_texts_are_read_as_they_were_escaped(texts: list[str]) -> None:
    content = "<r>" + "".join(f"<o><t>{escape(text)}</t></o>" for text in texts) + "</r>"

    found = [record["t"][0] if record else "" for record in xml(content, "/r/o")]

    assert found == [text if text.strip() else "" for text in texts]


def test_xml_encoding_is_the_declared_one_unless_the_document_of_the_export_names_one() -> None:
    declared = '<?xml version="1.0" encoding="iso-8859-1"?><r><o>é</o></r>'
    japanese = '<?xml version="1.0" encoding="shift_jis"?><r><o>日本</o></r>'

    assert xml(declared.encode("latin-1"), "/r/o") == [{"_": "é"}]
    assert xml(japanese.encode("cp932"), "/r/o", "shiftjis") == [{"_": "日本"}]
    assert xml("\ufeff<r><o>é</o></r>".encode("utf-16-le"), "/r/o", "utf-16le") == [{"_": "é"}]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<r>\n<o></r>", "line 2"),
        ("", "line"),
        ("<r/>x", "line 1"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><r><o>&a;</o></r>', "entities"),
        ('<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r><o>&a;</o></r>', "entities"),
        ("<o>" * 500, "nested deeper"),
        ("<r>" * 5_000, "nested deeper"),
    ],
)
def test_xml_broken_or_hostile_file_is_refused(content: str, says: str) -> None:
    with pytest.raises(FormatError) as caught:
        xml(content, "//o")

    assert says in f"line {caught.value.line}: {caught.value.message}"


@pytest.mark.parametrize("encoding", [None, "utf8", "win1252"])
def test_xml_doctype_that_names_a_dtd_is_passed_over_unread(encoding: str | None) -> None:
    doctype = '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://127.0.0.1:1/PropertyList-1.0.dtd">'

    assert xml(f"{doctype}<r><o>1</o></r>", "/r/o", encoding) == [{"_": "1"}]
    with pytest.raises(FormatError, match="&eacute; of a DTD that is not read"):
        xml(f"{doctype}<r><o>caf&eacute;</o></r>", "/r/o", encoding)


def test_xml_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(FormatError, match="no text in gb18030"):
        xml(b"<r><o>\xff\xff</o></r>", "//o", "gb18030")


def test_xml_element_that_does_not_end_is_refused_before_it_fills_memory() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += 1
            return b"<r><o>" if self.given == 1 else b"<i>" + b"x" * (size - 7) + b"</i>"

    with pytest.raises(FormatError, match="element of more than"):
        list(read_xml(Endless(), parse_xpath("/r/o")))  # type: ignore[arg-type]


def test_xml_records_come_before_the_file_was_read_to_its_end() -> None:
    source = io.BytesIO(b"<r>" + b"<o><a>1</a></o>" * 200_000 + b"</r>")
    records = read_xml(source, parse_xpath("/r/o"))

    assert next(records) == {"a": ["1"]}
    assert source.tell() < 1_000_000


@pytest.mark.parametrize(
    ("content", "path", "there"),
    [
        ('{"d":[{"a":1}]}', "dd", "'d'"),
        ('{"r":{"x":1,"y":[{"a":1}]}}', "r.d", "'x', 'y'"),
        ('{"r":[{"d":1},{"d":2}]}', "r.d", "a list"),
        ('[{"d":1}]', "d", "a list"),
        ('{"r":5}', "r.d", "a value without names"),
    ],
)
def test_json_path_that_leads_nowhere_says_what_is_there(content: str, path: str, there: str) -> None:
    with pytest.raises(NothingFound, match=f"json.resourcePath '{path}' finds nothing: there is {there}$"):
        read(content, path)


@pytest.mark.parametrize("content", ['{"r":null}', '{"r":{"d":null}}', '{"r":{"d":[]}}', '{"r.d":[]}'])
def test_json_path_to_a_place_without_records_finds_none(content: str) -> None:
    assert read(content, "r.d") == []


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ('{"odata.value":[{"a":1}]}', "odata.value"),
        ('{"odata":{},"odata.value":[{"a":1}]}', "odata.value"),
        ('{"odata.value":[{"a":1}],"odata":{}}', "odata.value"),
        ('{"r":{"odata.value":{"d":[{"a":1}]}}}', "r.odata.value.d"),
    ],
)
def test_json_name_with_dots_wins_over_a_path(content: str, path: str) -> None:
    assert read(content, path) == [{"a": 1}]


def test_json_path_that_leads_to_two_places_is_an_error() -> None:
    with pytest.raises(FormatError, match=r"'a\.b' leads to two places"):
        read('{"a.b":[1],"a":{"b":[2]}}', "a.b")


@pytest.mark.parametrize(
    ("content", "path", "there"),
    [
        ("<r/>", "/o", "'r'"),
        ("<r><p>1</p><p>2</p></r>", "/r/o", "'p'"),
        ("<r><p>1</p><p>2</p></r>", "//o", "'r', 'p'"),
        ("<r><p><q>1</q></p></r>", "/r/o", "'p'"),
        ('<r><p id="1"/></r>', "/r/o", "'p'"),
        ("<r><g><p/></g></r>", "/r/h/o", "'g'"),
        ('<r xmlns:x="u"><x:o/></r>', "/r/y:o", "'x:o'"),
    ],
)
def test_xml_path_that_leads_nowhere_says_what_is_there(content: str, path: str, there: str) -> None:
    with pytest.raises(NothingFound, match=f"xml.resourcePath finds nothing: there is {there}$"):
        xml(content, path)


@pytest.mark.parametrize("content", ["<r/>", "<r><count>0</count></r>"])
@pytest.mark.parametrize("path", ["/r/o", "//o"])
def test_xml_place_without_records_has_none(content: str, path: str) -> None:
    assert xml(content, path) == []
