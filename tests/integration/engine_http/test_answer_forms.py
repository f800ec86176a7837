"""Answers in XML, CSV and two dimensions from a real server: encodings, headers, paths of connections and lookups."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from support.http_calls import Bench, connection
from support.rest_standin import Answer, Asked, answer_json, serve

from celigo_pandas.documents.export_documents import consuming_member


def read(body: str | bytes, content_type: str, media: str, export: Any = None, **response: Any) -> list[Any]:
    content = body.encode() if isinstance(body, str) else body
    http = {"method": "GET", "relativeURI": "/x", "successMediaType": media, "response": response}
    with (
        serve(lambda _: (200, {"Content-Type": content_type}, content)) as server,
        Bench(connection(server.url)) as bench,
    ):
        return bench.records({"http": http, **(export or {})})


# XML


@pytest.mark.parametrize(
    ("encoding", "declared", "charset"),
    [
        ("utf-8", "iso-8859-1", "utf-8"),
        ("iso-8859-1", "utf-8", "ISO-8859-1"),
        ("utf-16", "utf-8", None),
        ("shift_jis", "shift_jis", None),
        ("gb18030", "utf-8", '"gb18030"'),
    ],
)
def test_charset_of_the_content_type_wins_over_the_declaration(
    encoding: str, declared: str, charset: str | None
) -> None:
    word = "größe" if encoding in ("utf-8", "iso-8859-1") else "日本"
    content = f'<?xml version="1.0" encoding="{declared}"?><r><o n="1">{word}</o></r>'.encode(encoding)
    content_type = "text/xml" + (f"; charset={charset}" if charset else "")

    assert read(content, content_type, "xml", resourcePath="/r/o") == [{"$": {"n": "1"}, "_": word}]


def test_answer_that_names_a_dtd_is_read_and_the_dtd_is_not() -> None:
    with serve(lambda _: (200, {}, b"<!ENTITY x 'y'>")) as other:
        content = f'<?xml version="1.0"?><!DOCTYPE cXML SYSTEM "{other.url}/cXML.dtd"><cXML><o>1</o></cXML>'

        assert read(content, "text/xml", "xml", resourcePath="//o") == [{"value": "1"}]
        assert other.asked == []


def test_xpath_that_takes_too_long_is_a_clear_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celigo_pandas.engine.texts.xpath._TIME_S", 0.2)
    content = "<r>" + "<i/>" * 20_000 + "</r>"
    path = "//i[count(//i[count(//i) > 1]) > 1]"
    begun = time.monotonic()
    http = {"method": "GET", "relativeURI": "/", "successMediaType": "xml", "response": {"resourcePath": path}}
    with (
        serve(lambda _: (200, {"Content-Type": "text/xml"}, content.encode())) as server,
        Bench(connection(server.url)) as bench,
    ):
        failure = bench.failure({"http": http})

    assert failure.code == "invalid_path"
    assert "takes more than 1 s over 20,001 elements" in failure.message
    assert time.monotonic() - begun < 15


def test_path_that_is_no_xpath_is_refused_before_anything_is_sent() -> None:
    http = {"method": "GET", "relativeURI": "/", "successMediaType": "xml", "response": {"resourcePath": "/r/i[@id="}}
    with serve(lambda _: answer_json({})) as server, Bench(connection(server.url)) as bench:
        failure = bench.failure({"http": http})

    assert (failure.field, server.asked) == ("http.response.resourcePath", [])


def test_lookup_reads_the_text_of_an_element_with_attributes() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/find":
            return 200, {"Content-Type": "text/xml"}, b'<r><c type="vip">C-77</c><c>other</c></r>'
        return answer_json({"id": 1})

    document = {
        "http": {
            "method": ["POST"],
            "relativeURI": ["/orders/{{lookup.customer}}"],
            "body": ['{"customer": "{{lookup.customer}}"}'],
            "successMediaType": "json",
            "lookups": [{"name": "customer", "method": "GET", "relativeURI": "/find", "extract": "/r/c[@type='vip']"}],
        }
    }
    with serve(answer) as server, Bench(connection(server.url, successMediaType="xml")) as bench:
        [outcome] = bench.push(document, [{"a": 1}])

    assert outcome["statusCode"] == 200
    assert server.asked[-1].path == "/orders/C-77"
    assert server.asked[-1].json == {"customer": "C-77"}


# Literal keys of connections


@pytest.mark.parametrize("path", ["access.token", "data.access.token"])
def test_token_path_may_be_a_literal_key(path: str) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/login":
            token = {"access.token": "t-123456789", "access": {"token": "wrong"}}
            return answer_json(token if path == "access.token" else {"data": token})
        return answer_json([{"id": 1}], 200 if asked.headers.get("Authorization") == "Bearer t-123456789" else 401)

    token = {"location": "header", "scheme": "Bearer", "refreshMethod": "POST", "refreshRelativeURI": "/login"}
    with (
        serve(answer) as server,
        Bench(connection(server.url, {"type": "token", "token": {**token, "refreshTokenPath": path}})) as bench,
    ):
        assert bench.records({"http": {"method": "GET", "relativeURI": "/o"}}) == [{"id": 1}]


def test_oauth_access_token_path_may_be_a_literal_key() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/token":
            return answer_json({"odata.access.token": "t-123456789"})
        return answer_json([{"id": 1}], 200 if asked.headers.get("Authorization") == "Bearer t-123456789" else 401)

    with serve(answer) as server:
        oauth = {
            "grantType": "clientcredentials",
            "tokenURI": f"{server.url}/token",
            "clientId": "an-id",
            "clientSecret": "a-long-secret",
            "accessTokenPath": "odata.access.token",
        }
        with Bench(connection(server.url, {"type": "oauth", "oauth": oauth})) as bench:
            assert bench.records({"http": {"method": "GET", "relativeURI": "/o"}}) == [{"id": 1}]


@pytest.mark.parametrize("fail_path", ["odata.error", "@odata.context"])
def test_fail_path_may_be_a_literal_key(fail_path: str) -> None:
    http = {"method": "GET", "relativeURI": "/", "response": {"failPath": fail_path, "failValues": ["bad"]}}
    with serve(lambda _: answer_json({fail_path: "bad"})) as server, Bench(connection(server.url)) as bench:
        assert bench.failure({"http": http}).code == "source_error"


def test_success_path_that_finds_nothing_says_what_is_there() -> None:
    http = {"method": "GET", "relativeURI": "/", "response": {"successPath": "status", "successValues": ["ok"]}}
    with serve(lambda _: answer_json({"Status": "ok", "rows": []})) as server, Bench(connection(server.url)) as bench:
        failure = bench.failure({"http": http})

    assert "response.successPath 'status' finds nothing: the answer holds 'Status', 'rows'" in failure.message


# CSV and two dimensions go through the file reader


CSV = 'junk\r\n"open quote\r\n id ,name,name,,\r\n 1 ,a,b,c,d,e\r\n2, x\r\n'


@pytest.mark.parametrize(
    ("body", "options", "expected"),
    [
        (
            CSV,
            {"rowsToSkip": 2},
            [
                {"id": " 1 ", "name": "a", "name_2": "b", "Column3": "c", "Column4": "d", "Column5": "e"},
                {"id": "2", "name": " x", "name_2": "", "Column3": "", "Column4": ""},
            ],
        ),
        ("id,v\n 1 ,  2\n", {"trimSpaces": True}, [{"id": "1", "v": "2"}]),
        ("id;v|1;2|3;4", {"columnDelimiter": ";", "rowDelimiter": "|"}, [{"id": "1", "v": "2"}, {"id": "3", "v": "4"}]),
        ("1,2\n3\n", {"hasHeaderRow": False}, [{"Column0": "1", "Column1": "2"}, {"Column0": "3"}]),
        (
            "o,l\nA,1\nA,2\nB,1\n",
            {"keyColumns": ["o"]},
            [[{"o": "A", "l": "1"}, {"o": "A", "l": "2"}], [{"o": "B", "l": "1"}]],
        ),
        ('a,b\n"x ""y""",\'z\'\n', {"disableQuoteAndStripEnclosingQuotes": True}, [{"a": 'x ""y""', "b": "'z'"}]),
        ("a::b\n1::2\n", {"columnDelimiter": "::"}, [{"a": "1", "b": "2"}]),
    ],
)
def test_csv_answers_are_read_as_files_are(body: str, options: dict[str, Any], expected: list[Any]) -> None:
    assert read(body, "text/csv", "csv", {"file": {"csv": options}}) == expected


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8-sig", "text/csv"),
        ("utf-16", "text/csv"),
        ("utf-8-sig", "text/csv; charset=iso-8859-1"),
        ("cp1252", "text/csv; charset=windows-1252"),
        ("shift_jis", "text/csv; charset=shift_jis"),
    ],
)
def test_csv_answer_has_no_mark_in_its_first_name(encoding: str, content_type: str) -> None:
    word = "日本" if encoding == "shift_jis" else "ø"

    assert read(f"id,v\n1,{word}\n".encode(encoding), content_type, "csv") == [{"id": "1", "v": word}]


def test_csv_answer_that_breaks_says_the_line() -> None:
    http = {"method": "GET", "relativeURI": "/", "successMediaType": "csv"}
    with serve(lambda _: (200, {}, b'a\n1\n"2\n')) as server, Bench(connection(server.url)) as bench:
        failure = bench.failure({"http": http})

    assert failure.code == "bad_answer"
    assert "it is not CSV: line 3" in failure.message


@pytest.mark.parametrize("page", ["<html><body>Log in</body></html>", "\n <!DOCTYPE HTML>\n<p>Log in", "\ufeff<HTML>"])
@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "text/csv"])
def test_page_of_html_is_no_csv(page: str, content_type: str) -> None:
    http = {"method": "GET", "relativeURI": "/", "successMediaType": "csv"}
    with (
        serve(lambda _: (200, {"Content-Type": content_type}, page.encode())) as server,
        Bench(connection(server.url)) as bench,
    ):
        failure = bench.failure({"http": http})

    assert failure.code == "bad_answer"
    assert "it is not CSV but a page of HTML" in failure.message


def test_column_that_is_called_as_an_element_of_html_is_a_column() -> None:
    assert read("<htmlx>,v\n1,2\n", "text/csv", "csv") == [{"<htmlx>": "1", "v": "2"}]


@pytest.mark.parametrize("charset", ["iso-8859-1", None])
def test_json_that_is_no_utf8_says_so(charset: str | None) -> None:
    content_type = "application/json" + (f"; charset={charset}" if charset else "")
    http = {"method": "GET", "relativeURI": "/"}
    content = '[{"v": "ø"}]'.encode("latin-1")
    with (
        serve(lambda _: (200, {"Content-Type": content_type}, content)) as server,
        Bench(connection(server.url)) as bench,
    ):
        failure = bench.failure({"http": http})

    of_type = ", whose Content-Type says charset 'iso-8859-1'," if charset else ""
    assert f"it is not JSON: JSON is UTF-8, and this{of_type} is not, from byte 8 on" in failure.message


@pytest.mark.parametrize("name", ["delimiter", "ColumnDelimiter", "includeHeader", "encoding"])
def test_member_of_the_csv_block_that_nothing_reads_is_refused(name: str) -> None:
    document = {"http": {"relativeURI": "/", "successMediaType": "csv"}, "file": {"csv": {name: ";"}}}
    with serve(lambda _: answer_json([])) as server, Bench(connection(server.url)) as bench:
        failure = bench.failure(document)

    assert not server.asked
    assert f"file.csv.{name}: is not known; known are columnDelimiter, " in failure.message


def test_pages_of_grouped_csv_are_skipped_by_rows() -> None:
    table = [("A", "1"), ("A", "2"), ("B", "1"), ("C", "1"), ("C", "2")]

    def answer(asked: Asked) -> Answer:
        start = int(asked.query["skip"])
        text = "o,l\n" + "".join(f"{order},{line}\n" for order, line in table[start : start + 3])
        return 200, {"Content-Type": "text/csv"}, text.encode()

    document = {
        "http": {
            "method": "GET",
            "relativeURI": "/?skip={{export.http.paging.skip}}",
            "successMediaType": "csv",
            "paging": {"method": "skip"},
        },
        "file": {"csv": {"keyColumns": ["o"]}},
    }
    with serve(answer) as server, Bench(connection(server.url)) as bench:
        records = bench.records(document)

    assert [row["o"] + row["l"] for record in records for row in record] == ["A1", "A2", "B1", "C1", "C2"]
    assert [asked.query["skip"] for asked in server.asked] == ["0", "3", "5"]


@pytest.mark.parametrize(
    ("rows", "options", "expected"),
    [
        (
            [[" id ", "v", "v", None], [1, 2.5, None], [2, [3], {"a": 4}, True, "beyond"]],
            {"hasHeader": True},
            [
                {"id": 1, "v": 2.5, "v_2": None, "Column3": None},
                {"id": 2, "v": [3], "v_2": {"a": 4}, "Column3": True, "Column4": "beyond"},
            ],
        ),
        (
            [[1, 2], [3, 4, 5]],
            {"hasHeader": False},
            [{"Column0": 1, "Column1": 2}, {"Column0": 3, "Column1": 4, "Column2": 5}],
        ),
        ([["a"], [1]], {"doNotNormalize": True}, [["a"], [1]]),
        ([["a"], [1, 2]], {}, [{"Column0": "a"}, {"Column0": 1, "Column1": 2}]),
    ],
)
def test_arrays_of_rows_are_named_as_in_files_and_keep_their_types(
    rows: list[Any], options: dict[str, Any], expected: list[Any]
) -> None:
    body = json.dumps({"rows": rows})

    assert read(body, "application/json", "json", resourcePath="rows", twoDArray=options) == expected


@pytest.mark.parametrize("kind", ["http", "rest"])
def test_file_block_of_an_http_export_consumes_nothing(kind: str) -> None:
    assert consuming_member({kind: {"relativeURI": "/x"}, "file": {"csv": {"columnDelimiter": ";"}}}) is None
    assert consuming_member({kind: {"once": {"relativeURI": "/x"}}, "file": {"csv": {}}}) == f"{kind}.once"
    assert consuming_member({"ftp": {"directoryPath": "/x"}, "file": {"csv": {}}}) == "file.skipDelete"
