"""A path in an XML answer: an XPath 1.0, or a dotted path over the xml2js form (``Envelope.Body.Order``).

A relative path starts at the document, or at the element that was found before (each element of a batch's answer).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from celigo_pandas.engine.texts.json_paths import MISSING, Lists, read_members
from celigo_pandas.engine.texts.xml_tree import XmlDocument, XmlElement
from celigo_pandas.engine.texts.xpath import XPathFailure, check_xpath, evaluate

__all__ = ["Nodes", "XmlPart", "check_xml_path", "element_names", "is_place_empty", "leaf", "node_text", "read_nodes"]

# A dot or a bracket behind a name, and none of the characters that only an XPath has.
_DOTTED = re.compile(r"\$[^/@()|]*|[^/@()|\[.]+[.\[][^/@()|]*(?<!\.)")
_INDEXED = re.compile(r"[^.\[\]]+(\[\d+\])?")
_LAST_STEP = re.compile(r"/+(?:[^/\[\]()]|\[[^\]]*\])+$")
_MOST_NAMES = 12


class Nodes(list[Any]):
    """What a path found in XML, at least one: elements, texts, or the value of an expression."""


class XmlPart:
    """One element of a document, as the place where further paths start."""

    __slots__ = ("document", "element")

    def __init__(self, document: XmlDocument, element: XmlElement) -> None:
        self.document = document
        self.element = element


def check_xml_path(path: str) -> None:
    """Compile a path before anything is sent.

    Raises
    ------
    XPathFailure
        It is no XPath 1.0 and no dotted path.
    """
    if not _is_dotted(path):
        check_xpath(path)


def read_nodes(place: XmlDocument | XmlPart, path: str, lists: Lists = "first") -> object:
    """Return what a path finds as :class:`Nodes`, or MISSING.

    Raises
    ------
    XPathFailure
        The path is none, or takes too long.
    """
    if isinstance(place, XmlPart):
        found = _from_element(place, path)
        plain = place.element.value
    else:
        found = [] if path.startswith("$") else _found(place, path)
        plain = place.value
    if not found and _is_dotted(path):
        value = read_members(plain, path, lists)
        found = [] if value is MISSING else value if isinstance(value, list) else [value]
    return Nodes(map(_number, found)) if found else MISSING


def _number(value: object) -> object:
    """Return the number of an expression as JSON has it: a whole one as such, what is none as its text in XPath."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return int(value) if value.is_integer() else value


def _is_dotted(path: str) -> bool:
    return bool(_DOTTED.fullmatch(path)) and not _INDEXED.fullmatch(path)


def _found(document: XmlDocument, path: str, start: XmlElement | None = None) -> list[Any]:
    if _is_dotted(path):
        try:
            return evaluate(document, path, start)
        except XPathFailure:
            return []
    return evaluate(document, path, start)


def _from_element(place: XmlPart, path: str) -> list[Any]:
    """Follow a path from an element; ``/Result/Id`` and ``/Id`` take it for the root of a document of its own."""
    if not path.startswith("/"):
        return _found(place.document, path, place.element)
    if path.startswith("//"):
        return _found(place.document, f".{path}", place.element)
    name = path[1:].partition("/")[0].partition("[")[0]
    if re.fullmatch(r"\*|[\w.\-]+(?::[\w.\-]+)?", name):
        found = _found(place.document, f"self::{path[1:]}", place.element)
        if found:
            return found
    return _found(place.document, f".{path}", place.element)


def leaf(node: object) -> object:
    """Return a node as a value: an element without elements inside is its text, whatever attributes it has."""
    if isinstance(node, XmlElement):
        return node.value if len(node) else node.text or ""
    if isinstance(node, dict) and node.keys() <= {"$", "_"}:
        return node.get("_", "")
    return node


def node_text(node: object) -> object:
    """Return what a node is compared with: an element's string value; other values as :func:`leaf` has them.

    Assumed: white space around a text does not count, since an indented answer has it everywhere.
    """
    text = "".join(node.itertext()) if isinstance(node, XmlElement) else leaf(node)
    return text.strip() if isinstance(text, str) else text


def element_names(place: XmlDocument | XmlPart, path: str) -> str:
    """Say what is there where a path finds nothing."""
    where, elements = _deepest(place, path)
    names = list(dict.fromkeys(name for element in elements for name in _names(element)))
    if not names:
        return f"{where} holds no elements"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{where} holds {', '.join(names[:_MOST_NAMES])}{more}"


def _names(element: XmlElement) -> Sequence[str]:
    value = element.value
    if not isinstance(value, dict):
        return ()
    attributes = [f"@{name}" for name in value.get("$", ())]
    return [*(name for name in value if name not in ("$", "_")), *attributes]


def _deepest(place: XmlDocument | XmlPart, path: str) -> tuple[str, list[XmlElement]]:
    """Return the elements that the longest beginning of a path finds."""
    beginning = path
    while (shorter := _LAST_STEP.sub("", beginning)) and shorter != beginning:
        beginning = shorter
        found = read_nodes(place, beginning) if not _is_dotted(beginning) else MISSING
        if isinstance(found, Nodes):
            return repr(beginning), [node for node in found if isinstance(node, XmlElement)]
    root = place.root if isinstance(place, XmlDocument) else place.element
    return f"the element {next(iter(place.value)) if isinstance(place, XmlDocument) else root.tag!r}", [root]


def is_place_empty(document: XmlDocument, path: str) -> bool:
    """Whether the place where a path looks is there and holds no records: XML has no other way to say so.

    An element is empty of records when it holds nothing but single elements with a text, such as a count.
    """
    where, elements = _deepest(document, path)
    is_reached = where == repr(_LAST_STEP.sub("", path)) or path.startswith("//")
    return is_reached and all(_is_empty(element) for element in elements)


def _is_empty(element: XmlElement) -> bool:
    names = [child.tag for child in element]
    return len(set(names)) == len(names) and not any(len(child) for child in element)
