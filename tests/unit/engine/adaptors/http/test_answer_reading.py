"""Values, media types, XML, records and refusals: from bytes to what the outcome says."""

from __future__ import annotations

from typing import Any

import pytest

from celigo_pandas.engine.adaptors.http.answer_paths import MISSING, find, plain
from celigo_pandas.engine.adaptors.http.media import MediaError, decode, decode_any, encode
from celigo_pandas.engine.adaptors.http.refusal_messages import errors_of, message_of
from celigo_pandas.engine.adaptors.http.verdicts import verdict
from celigo_pandas.engine.texts.xml_tree import XmlError, parse_xml, parse_xml_document

BODY: dict[str, Any] = {
    "data": {"items": [{"id": 1, "tags": ["a", "b"]}, {"id": 2}], "next": None, "Ship To": "Oslo"},
    "a.b": "dotted",
    "0": "zero",
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, BODY),
        ("", BODY),
        ("data.items[1].id", 2),
        ("data.items.1.id", 2),
        ("$.data.items[0].tags", ["a", "b"]),
        ("data.items[*].id", [1, 2]),
        ("data.items.length", 2),
        ("data[Ship To]", "Oslo"),
        ("data.next", None),
        ("data.none", MISSING),
        ("data.items[9].id", MISSING),
        ("data.items.id", 1),
        ("data.next.deeper", MISSING),
    ],
)
def test_read_path_finds_or_says_missing(path: str | None, expected: Any) -> None:
    assert find(BODY, path) == expected or find(BODY, path) is expected


def test_read_path_tells_null_from_missing() -> None:
    assert find(BODY, "data.next") is None
    assert find(BODY, "data.nothing") is MISSING


XML = parse_xml_document(b"<a><b n='1'><c>x</c></b><b n='2'><c>y</c><c>z</c></b><d><c>w</c></d></a>")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b/c", ["x", "y", "z"]),
        ("/a/b[2]/c", ["y", "z"]),
        ("//c", ["x", "y", "z", "w"]),
        ("/a/*/c", ["x", "y", "z", "w"]),
        ("/a/none", MISSING),
        ("a.b[1].c", ["y", "z"]),
        ("a.b[0].$.n", ["1"]),
    ],
)
def test_read_path_xpath_walks_parsed_xml(path: str, expected: Any) -> None:
    assert plain(find(XML, path)) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, None),
        ({"successPath": "ok"}, True),
        ({"successPath": "none"}, False),
        ({"successPath": "zero"}, False),
        ({"successPath": "ok", "successValues": ["true"]}, True),
        ({"successPath": "ok", "successValues": [True]}, True),
        ({"successPath": "ok", "successValues": ["True"]}, False),
        ({"successPath": "n", "successValues": ["1"]}, True),
        ({"successPath": "null", "successValues": ["null"]}, True),
        ({"successPath": "list", "successValues": ["b"]}, True),
        ({"successPath": "list", "successValues": ["b"], "allowArrayforSuccessPath": False}, False),
        ({"failPath": "errors"}, None),
        ({"failPath": "errors", "failValues": ["x"]}, None),
        ({"failPath": "state", "failValues": ["bad"]}, False),
        ({"failPath": "state", "failValues": ["worse"], "successPath": "ok"}, True),
        ({"failPath": "state", "failValues": ["bad"], "successPath": "ok"}, False),
        ({"failPath": "no"}, None),
        ({"successPath": ["ok"], "successValues": [["true", "yes"]]}, True),
    ],
)
def test_verdict_compares_texts(rules: dict[str, Any], expected: bool | None) -> None:
    body = {
        "ok": True,
        "n": 1.0,
        "zero": 0,
        "null": None,
        "list": ["a", "b"],
        "errors": [],
        "state": "bad",
        "no": False,
    }

    assert verdict(body, rules) is expected


def test_verdict_reads_the_position_of_aligned_rules() -> None:
    rules = {"successPath": ["a", "b"], "successValues": [["1"], ["2"]]}

    assert verdict({"a": 1, "b": 1}, rules, 0) is True
    assert verdict({"a": 1, "b": 1}, rules, 1) is False


@pytest.mark.parametrize(
    ("content", "media", "expected"),
    [
        (b"", "json", None),
        (b"\xef\xbb\xbf[1]", "json", [1]),
        (b'{"n": 9007199254740993}', "json", {"n": 9007199254740993}),
        (b"a,b\n1\n", "csv", [{"a": "1", "b": ""}]),
        ("é,b\n1,2".encode("latin-1"), "csv", [{"é": "1", "b": "2"}]),
        (b"a=1&a=2&b=", "urlencoded", {"a": ["1", "2"], "b": ""}),
        (b"<a/>", "xml", {"a": ""}),
    ],
)
def test_decode_reads_each_media_type(content: bytes, media: str, expected: Any) -> None:
    assert plain(decode(content, media)) == expected


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"{", "json"),
        (b"NaN", "json"),
        (b'{"a": NaN, "b": 1234567890123456789}', "json"),
        (b"<a>", "xml"),
        (b'a\n"b', "csv"),
    ],
)
def test_decode_something_else_says_how_it_begins(content: bytes, media: str) -> None:
    with pytest.raises(MediaError, match="it is not"):
        decode(content, media)


def test_decode_any_never_raises() -> None:
    assert decode_any(b"<html>", "json", "text/html") == "<html>"
    assert decode_any(b'{"a": 1}', "xml", "application/problem+json; charset=utf-8") == {"a": 1}
    assert decode_any(b'{"a": 1}', "json", "text/html") == {"a": 1}
    assert decode_any(b'{"a": 1}', "json", "text/plain") == {"a": 1}
    assert decode_any(b'{"a": 1}', "plaintext", "application/json") == {"a": 1}
    assert decode_any(b'{"a": 1}', "csv", "application/json") == {"a": 1}


@pytest.mark.parametrize(
    ("value", "media", "expected"),
    [
        ({"a": 1}, "json", b'{"a":1}'),
        ('{"a": 1}', "json", b'{"a": 1}'),
        ({"a": [1, None], "b": {"c": 1}}, "urlencoded", b"a=1&a=&b=%7B%22c%22%3A1%7D"),
        ('{"a": "x y"}', "urlencoded", b"a=x+y"),
        ("a=1&b=2", "urlencoded", b"a=1&b=2"),
        ("<a/>", "xml", b"<a/>"),
    ],
)
def test_encode_writes_each_media_type(value: Any, media: str, expected: bytes) -> None:
    assert encode(value, media)[0] == expected


@pytest.mark.parametrize("media", ["xml", "plaintext"])
def test_encode_record_without_a_template_is_refused(media: str) -> None:
    with pytest.raises(MediaError, match="body template"):
        encode({"a": 1}, media)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"errors": [{"code": "E1", "message": "one"}, {"message": "two", "field": "sku"}]},
            [("E1", "one"), (None, "two (sku)")],
        ),
        ({"error": "nope"}, [(None, "nope")]),
        ({"error": "invalid_grant", "error_description": "expired"}, [("invalid_grant", "expired")]),
        ({"error": {"code": 7, "message": "deep"}}, [("7", "deep")]),
        ({"title": "Bad", "status": 400, "detail": "worse"}, [("400", "worse")]),
        ({"detail": [{"msg": "field required", "type": "missing"}]}, [("missing", "field required")]),
        ({"Error": [{"Message": ["x"]}]}, [(None, '[{"Message":["x"]}]')]),
        ("plain words", [(None, "plain words")]),
        (None, []),
        ({}, []),
    ],
)
def test_errors_of_finds_what_services_usually_say(body: Any, expected: list[tuple[str | None, str]]) -> None:
    found = errors_of(body)

    if expected and expected[0][1].startswith("["):
        assert "x" in found[0][1]
    else:
        assert found == expected


def test_errors_of_prefers_the_error_path() -> None:
    body = {"message": "usual", "why": {"text": "own words"}}

    assert errors_of(body, "why.text") == [(None, "own words")]
    assert errors_of(body, "nothing.here") == [(None, "usual")]
    assert len(message_of({"message": "long " * 500})) <= 500


def test_parse_xml_deep_nesting_is_refused() -> None:
    with pytest.raises(XmlError, match="deeper than 200"):
        parse_xml(b"<a>" * 201 + b"</a>" * 201)


def test_parse_xml_keeps_text_beside_attributes_and_order_of_lists() -> None:
    tree = parse_xml(b"<r><p k='v'> text </p><p/><q><![CDATA[a < b]]></q></r>")

    assert tree == {"r": {"p": [{"$": {"k": "v"}, "_": " text "}, ""], "q": ["a < b"]}}


def test_parse_xml_reads_no_external_entity(tmp_path: Any) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden")
    body = f'<!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]><r>&x;</r>'

    with pytest.raises(XmlError, match="entities"):
        parse_xml(body.encode())
