"""XPath 1.0 over answers: what it finds, what it refuses, and that nothing runs for ever."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from lxml import etree
from support import soak
from support.generated_xpaths import document, expression

from celigo_pandas.engine.texts import xpath
from celigo_pandas.engine.texts.xml_tree import XmlDocument, XmlElement, XmlError, parse_xml, parse_xml_document
from celigo_pandas.engine.texts.xpath import XPathFailure, check_xpath, evaluate

LONGEST_EXPRESSION = 140


def texts(path: str, content: str) -> list[Any]:
    found = evaluate(parse_xml_document(content.encode()), path)
    return ["".join(one.itertext()) if isinstance(one, XmlElement) else one for one in found]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/soap:Envelope/soap:Body/Order/Id", ["1", "2"]),
        ("/Envelope/Body/Order/Id", ["1", "2"]),
        ("//x:Order/Id", ["2"]),
        ("//*[local-name()='Order']/Id", ["1", "2"]),
        ("//*[namespace-uri()='urn:x']/Id", ["2"]),
        ("//Order[1]/@x:kind", []),
        ("//Order/@x:kind", ["b"]),
        ("//Order/@kind", ["a"]),
        ("//nowhere:Order", []),
    ],
)
def test_names_without_a_prefix_match_every_namespace_and_prefixes_are_the_documents(
    path: str, expected: list[Any]
) -> None:
    content = """<soap:Envelope xmlns:soap="urn:soap" xmlns="urn:default" xmlns:x="urn:x"><soap:Body>
        <Order kind="a"><Id>1</Id></Order><x:Order x:kind="b"><Id>2</Id></x:Order></soap:Body></soap:Envelope>"""

    assert texts(path, content) == expected


def test_prefix_of_two_namespaces_is_refused_by_name() -> None:
    content = '<r><p:a xmlns:p="urn:1">1</p:a><p:a xmlns:p="urn:2">2</p:a></r>'

    with pytest.raises(XPathFailure, match=r"'p'.*2 namespaces.*local-name"):
        texts("//p:a", content)
    assert texts("//a", content) == ["1", "2"]


@pytest.mark.parametrize(
    "path",
    [
        "/a/b[",
        "//",
        "a//",
        "/a/$v",
        "foo(1)",
        "doc('file:///etc/passwd')",
        "for $x in a return $x",
        "1 to 3",
        "(" * 9_000,
    ],
)
def test_what_is_no_xpath_is_refused_before_any_answer(path: str) -> None:
    with pytest.raises(XPathFailure, match=r"is no XPath 1\.0|more than"):
        check_xpath(path)


def test_evaluation_without_end_stops_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """libxml2 counts these for minutes, and nothing in Python can stop it."""
    monkeypatch.setattr(xpath, "_TIME_S", 0.3)
    monkeypatch.setattr(xpath, "_TIME_PER_ELEMENT_S", 0)
    parsed = parse_xml_document(b"<r>" + b"<i/>" * 2_000 + b"</r>")
    evaluate(parsed, "/r/i[1]")
    begun = time.monotonic()

    with pytest.raises(XPathFailure, match=r"takes more than 0 s over 2,001 elements"):
        evaluate(parsed, "//*[count(//*[count(//*) > 0]) > 0]")
    assert time.monotonic() - begun < 10


def test_document_of_too_many_elements_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celigo_pandas.engine.texts.xml_tree._MAX_ELEMENTS", 10)

    with pytest.raises(XmlError, match="more than 10 elements"):
        parse_xml_document(b"<r>" + b"<i/>" * 10 + b"</r>")


@pytest.mark.soak
def test_any_expression_finds_what_libxml2_finds() -> None:
    draw = random.Random(soak.seed("xpath"))
    compared = 0
    for _ in range(soak.runs(60, 3_000)):
        content = document(draw)
        theirs, ours = etree.fromstring(content), parse_xml_document(content.encode())
        for path in filter(lambda one: len(one) <= LONGEST_EXPRESSION, (expression(draw) for _ in range(8))):
            try:
                wanted = _theirs(theirs, path)
            except etree.XPathError:
                continue
            try:
                found = _ours(ours, path)
            except XPathFailure as failure:
                if "takes more than" not in str(failure):
                    pytest.fail(f"{path!r} over {content!r}: {failure}")
                continue
            assert _are_same(found, wanted), (path, content, found, wanted)
            compared += 1
    assert compared > soak.runs(250, 12_000)


@pytest.mark.parametrize(
    "path", ["//text()[.=3]/following::a", "//text()/following::text()", "//b/text()/following::*"]
)
def test_what_follows_a_text_is_found(path: str) -> None:
    content = "<r>3<a><b>4</b>5</a><a/>6</r>"

    assert _ours(parse_xml_document(content.encode()), path) == _theirs(etree.fromstring(content), path) != []


def _theirs(root: Any, path: str) -> list[Any]:
    found = root.getroottree().xpath(path)
    places = {element: place for place, element in enumerate(root.iter())}
    found = found if isinstance(found, list) else [found]
    return [
        places[one] if isinstance(one, etree._Element) else str(one) if isinstance(one, str) else one for one in found
    ]


def _ours(parsed: XmlDocument, path: str) -> list[Any]:
    places = {id(element): place for place, element in enumerate(parsed.root.iter())}
    return [places[id(one)] if isinstance(one, XmlElement) else one for one in evaluate(parsed, path)]


def _are_same(found: list[Any], wanted: list[Any]) -> bool:
    return len(found) == len(wanted) and all(
        isinstance(one, bool) == isinstance(other, bool) and (one == other or (one != one and other != other))
        for one, other in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "latin-1", "cp1252", "shift_jis", "gb18030"])
@pytest.mark.parametrize("says", ["charset", "declaration"])
def test_encoding_named_by_the_sender_or_the_declaration_is_read(encoding: str, says: str) -> None:
    word = "größer" if encoding in ("latin-1", "cp1252") else "日本"
    declared = encoding if says == "declaration" else "us-ascii"
    content = f'<?xml version="1.0" encoding="{declared}"?><r>{word}</r>'.encode(encoding)

    assert parse_xml(content, encoding if says == "charset" else None) == {"r": word}


def test_charset_wins_unless_the_bytes_prove_it_wrong() -> None:
    content = '<?xml version="1.0" encoding="latin-1"?><r>größer</r>'

    assert parse_xml(content.encode(), "utf-8") == {"r": "größer"}
    assert parse_xml(content.encode("latin-1"), "utf-8") == {"r": "größer"}
    with pytest.raises(XmlError, match=r"bytes f6 df .* no text in utf-8"):
        parse_xml("<r>größer</r>".encode("latin-1"), "utf-8")
    with pytest.raises(XmlError, match="unknown encoding: martian"):
        parse_xml(b"<r/>", "martian")


CXML = '<!DOCTYPE cXML SYSTEM "http://127.0.0.1:1/cXML.dtd">'
PLIST = '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://127.0.0.1:1/PropertyList-1.0.dtd">'


@pytest.mark.parametrize("doctype", ["<!DOCTYPE r>", CXML, PLIST, "<!DOCTYPE r [<!ELEMENT r ANY>]>"])
def test_doctype_that_names_a_dtd_is_passed_over_unread(doctype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib.request.urlopen", lambda *_: pytest.fail("the DTD was fetched"))

    assert parse_xml(f'<?xml version="1.0"?>{doctype}<r>1 &lt; 2</r>'.encode()) == {"r": "1 < 2"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"{CXML}<r>a &eacute; b</r>", "&eacute;"),
        ('<!DOCTYPE r [<!ENTITY a "x">]><r>&a;</r>', "declares entities"),
        ('<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>', "declares entities"),
        ('<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p">%p;]><r/>', "declares entities"),
        ("<r>&eacute;</r>", "undefined entity"),
    ],
)
def test_entities_are_refused_and_never_lost(content: str, expected: str) -> None:
    with pytest.raises(XmlError, match=expected):
        parse_xml(content.encode())
