"""XML as plain objects, in the convention of the npm package xml2js.

The root is ``{name: node}``. In a node, children are lists of nodes under their qualified names, attributes are under
``$`` and text under ``_``; an element with nothing but text is that text. Facts: integrator-api.md, section 4.4.
No entities, no external anything: ``defusedxml`` refuses them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

import defusedxml.sax
from defusedxml.common import DefusedXmlException

__all__ = ["XmlError", "XmlTree", "parse_xml", "translated_xml"]

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
    tree = XmlTree()
    with translated_xml():
        defusedxml.sax.parse(io.BytesIO(content), tree, forbid_dtd=False)
    return tree.root


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
        raise XmlError(f"it declares an encoding that is not read: {error}") from None


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

    def _hang(self, name: str, value: Any) -> None:
        if self._open:
            self._open[-1][1].setdefault(name, []).append(value)
        else:
            self.root[name] = value
