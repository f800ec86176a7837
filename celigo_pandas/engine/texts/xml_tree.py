"""XML as plain objects, in the convention of the npm package xml2js, and as elements for XPath.

The root is ``{name: node}``. In a node, children are lists of nodes under their qualified names, attributes are under
``$`` and text under ``_``; an element with nothing but text is that text. Facts: integrator-api.md, section 4.4.
No entities, no external anything: ``defusedxml`` refuses them. A DOCTYPE that only names a DTD is passed over unread.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import InputSource

import defusedxml.sax
from defusedxml.common import DefusedXmlException

__all__ = [
    "XmlDocument",
    "XmlElement",
    "XmlError",
    "XmlTree",
    "parse_xml",
    "parse_xml_document",
    "translated_xml",
    "xml_parser",
]

_MAX_DEPTH = 200
_MAX_ELEMENTS = 1_000_000
_XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"

_DECLARED = re.compile(rb"""\A\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z][\w.\-]*)["']""")
# Python's own notations, and one that hides markup from whoever looks at the bytes.
_NO_ENCODINGS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
_BEGINNINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)


class XmlError(ValueError):
    """Text that is no XML, or XML that is not read: with entities, or nested too deep."""


class XmlElement(Element):
    """An element with expanded names for XPath; `value` is its node in the xml2js form."""

    __slots__ = ("value",)
    value: Any


@dataclass(slots=True)
class XmlDocument:
    """A parsed document.

    Parameters
    ----------
    root : XmlElement
    value : dict
        The same in the xml2js form: the root element under its name.
    count : int
        Of its elements.
    prefixes : dict
        The namespaces that each prefix stands for, in order of appearance.
    nodes : object, optional
        What XPath made of it, kept for the next path.
    """

    root: XmlElement
    value: dict[str, Any]
    count: int
    prefixes: dict[str, list[str]] = field(default_factory=dict)
    nodes: Any = None


def parse_xml(content: bytes, charset: str | None = None) -> dict[str, Any]:
    """Parse a document into the xml2js form.

    Parameters
    ----------
    content : bytes
    charset : str, optional
        Its encoding as its sender named it beside it; wins over the declaration. A byte order mark wins over both.

    Raises
    ------
    XmlError
        It is not well-formed, declares entities, or is nested deeper than 200 elements.
    """
    tree = XmlTree()
    _parse(content, charset, tree)
    return tree.root


def parse_xml_document(content: bytes, charset: str | None = None) -> XmlDocument:
    """Parse a document for XPath; as :func:`parse_xml`, and refused above a million elements."""
    builder = _DocumentBuilder()
    _parse(content, charset, builder)
    return XmlDocument(builder.top, builder.root, builder.count, builder.prefixes)


def _parse(content: bytes, charset: str | None, handler: ContentHandler) -> None:
    source = InputSource()
    with translated_xml():
        source.setByteStream(io.BytesIO(_as_utf8(content, charset)))
        source.setEncoding("utf-8")
        xml_parser(handler).parse(source)


def xml_parser(handler: ContentHandler) -> Any:
    """Return a parser that refuses entities, and passes over a DTD that is only named."""
    parser = defusedxml.sax.make_parser()
    parser.forbid_dtd = False
    # Nothing external is ever fetched: the parser below refuses that by itself, and an entity whose declaration was
    # not read is refused where it is used.
    parser.forbid_external = False
    parser.setContentHandler(handler)
    return parser


def _as_utf8(content: bytes, charset: str | None) -> bytes:
    """Return a document's bytes in UTF-8, whatever its encoding; the declaration inside is not changed."""
    mark = next((name for beginning, name in _BEGINNINGS if content.startswith(beginning)), None)
    found = _DECLARED.match(content)
    declared = found.group(1).decode("ascii") if found else None
    named = mark or charset or declared or "utf-8"
    try:
        return _recoded(content, named)
    except UnicodeDecodeError as error:
        # A service's configuration often names UTF-8 for all it sends; bytes that are none prove that wrong.
        if mark is None and charset and declared and not _is_same(charset, declared):
            return _recoded(content, declared)
        shown = error.object[error.start : error.start + 4].hex(" ")
        raise XmlError(f"the bytes {shown} are no text in {named}") from None


def _recoded(content: bytes, encoding: str) -> bytes:
    codec = codecs.lookup(encoding)
    if codec.name == "utf-8":
        content.decode("utf-8")
        return content
    if codec.name in _NO_ENCODINGS or not codec._is_text_encoding:
        raise LookupError(f"unknown encoding: {encoding}")
    return content.decode(codec.name).encode("utf-8")


def _is_same(one: str, other: str) -> bool:
    return codecs.lookup(one).name == codecs.lookup(other).name


@contextmanager
def translated_xml() -> Iterator[None]:
    """Turn a parser's errors inside into :class:`XmlError`, which says the line."""
    try:
        yield
    except SAXParseException as error:
        raise XmlError(f"line {error.getLineNumber()}: {error.getMessage()}") from None
    except DefusedXmlException as error:
        raise XmlError(f"it declares entities ({type(error).__name__})") from None
    except XmlError:
        raise
    except (LookupError, ValueError) as error:
        # Python's bridge to expat gives up so on a declared encoding that is unknown, or of several bytes a character.
        raise XmlError(f"it has an encoding that is not read: {error}") from None


class XmlTree(ContentHandler):
    """Builds nodes from a parser's events; ``root`` is complete when the document has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.root: dict[str, Any] = {}
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []

    def startElement(self, name: str, attrs: Any) -> None:
        """Open a node."""
        if len(self._open) >= _MAX_DEPTH:
            raise XmlError(f"nested deeper than {_MAX_DEPTH} elements")
        node: dict[str, Any] = {}
        if len(attrs):
            node["$"] = dict(attrs.items())
        self._open.append((name, node, []))

    def skippedEntity(self, name: str) -> None:
        """Refuse what only an unread DTD could explain, rather than lose it."""
        raise XmlError(f"it uses the entity &{name}; of a DTD that is not read")

    def characters(self, content: str) -> None:
        """Add text to the open node."""
        self._open[-1][2].append(content)

    def endElement(self, name: str) -> None:
        """Close the open node and hang it into its parent."""
        self._hang(*self._closed())

    def _closed(self) -> tuple[str, Any]:
        name, node, pieces = self._open.pop()
        text = "".join(pieces)
        value: Any = node
        if text.strip():
            if node:
                node["_"] = text.strip() if len(node) > 1 or "$" not in node else text
            else:
                value = text
        elif not node:
            value = ""
        return name, value

    def _hang(self, name: str, value: object) -> None:
        if self._open:
            self._open[-1][1].setdefault(name, []).append(value)
        else:
            self.root[name] = value


class _DocumentBuilder(XmlTree):
    """Builds both forms from one pass."""

    def __init__(self) -> None:
        super().__init__()
        self.top: XmlElement
        self.prefixes: dict[str, list[str]] = {}
        self._elements: list[XmlElement] = []
        self._scopes: list[dict[str, str]] = [{"": "", "xml": _XML_NAMESPACE}]
        self.count = 0

    def startElement(self, name: str, attrs: Any) -> None:
        """Open an element and its node."""
        super().startElement(name, attrs)
        self.count += 1
        if self.count > _MAX_ELEMENTS:
            raise XmlError(f"it has more than {_MAX_ELEMENTS:,} elements")
        attributes = attrs.items()
        scope = self._scoped(attributes)
        element = XmlElement(
            _expanded(name, scope, scope[""]),
            {_expanded(key, scope, ""): value for key, value in attributes if not _is_declaration(key)},
        )
        if self._elements:
            self._elements[-1].append(element)
        else:
            self.top = element
        self._elements.append(element)
        self._scopes.append(scope)

    def _scoped(self, attributes: Any) -> dict[str, str]:
        scope = self._scopes[-1]
        for key, uri in attributes:
            if _is_declaration(key):
                prefix = key[6:]
                scope = {**scope, prefix: uri}
                known = self.prefixes.setdefault(prefix, [])
                if uri not in known:
                    known.append(uri)
        return scope

    def characters(self, content: str) -> None:
        """Add text to the open element: before its first child, or behind its last."""
        super().characters(content)
        element = self._elements[-1]
        if len(element):
            element[-1].tail = (element[-1].tail or "") + content
        else:
            element.text = (element.text or "") + content

    def endElement(self, name: str) -> None:
        """Close an element; its node is its value."""
        closed, value = self._closed()
        self._hang(closed, value)
        self._elements.pop().value = value
        self._scopes.pop()


def _is_declaration(key: str) -> bool:
    return key == "xmlns" or key.startswith("xmlns:")


def _expanded(name: str, scope: dict[str, str], default: str) -> str:
    prefix, colon, local = name.partition(":")
    if not colon:
        return f"{{{default}}}{name}" if default else name
    # A prefix that nothing declares is no namespace, but many senders are careless: it stays part of the name's.
    return f"{{{scope.get(prefix) or prefix}}}{local}"
