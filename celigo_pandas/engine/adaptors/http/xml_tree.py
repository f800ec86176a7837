"""XML as plain objects, in the convention of the npm package xml2js.

The root is ``{name: node}``. In a node, children are lists of nodes under their qualified names, attributes are under
``$`` and text under ``_``; an element with nothing but text is that text. Facts: integrator-api.md, section 4.4.
No entities, no external anything: ``defusedxml`` refuses them.
"""

from __future__ import annotations

import io
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

import defusedxml.sax
from defusedxml.common import DefusedXmlException

__all__ = ["XmlError", "parse_xml"]

_MAX_DEPTH = 200


class XmlError(ValueError):
    """Text that is no XML, or XML that is not read: with entities, or nested too deep."""


def parse_xml(content: bytes) -> dict[str, Any]:
    """Parse a document; its encoding declaration counts.

    Raises
    ------
    XmlError
        It is not well-formed, declares entities, or is nested deeper than 200 elements.
    """
    tree = _Tree()
    try:
        defusedxml.sax.parse(io.BytesIO(content), tree, forbid_dtd=False)
    except SAXParseException as error:
        raise XmlError(f"line {error.getLineNumber()}: {error.getMessage()}") from None
    except DefusedXmlException as error:
        raise XmlError(f"it declares entities ({type(error).__name__})") from None
    return tree.root


class _Tree(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.root: dict[str, Any] = {}
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []

    def startElement(self, name: str, attrs: Any) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise XmlError(f"nested deeper than {_MAX_DEPTH} elements")
        node: dict[str, Any] = {}
        if len(attrs):
            node["$"] = dict(attrs.items())
        self._open.append((name, node, []))

    def characters(self, content: str) -> None:
        self._open[-1][2].append(content)

    def endElement(self, name: str) -> None:
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
        if self._open:
            self._open[-1][1].setdefault(name, []).append(value)
        else:
            self.root[name] = value
