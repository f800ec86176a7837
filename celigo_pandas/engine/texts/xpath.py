"""XPath 1.0 over a parsed XML document, within a limit of time (documents have one of elements).

elementpath evaluates it, in Python: every step of an evaluation passes by the context below, so that no expression runs
longer than it may (see decision 0120). Two things are more lenient than the standard, because the paths of documents
are written without a namespace table: a name without a prefix finds elements of every namespace, and a prefix is one
that the answer itself declares.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from elementpath import ElementPathError, XPathContext
from elementpath.xpath_nodes import (
    AttributeNode,
    CommentNode,
    DocumentNode,
    ElementNode,
    NamespaceNode,
    ProcessingInstructionNode,
    TextNode,
    XPathNode,
)
from elementpath.xpath_tokens import XPathToken

from celigo_pandas.engine.texts.xml_tree import XmlDocument, XmlElement
from celigo_pandas.engine.texts.xpath_rules import Xpath1Parser, node_tree

__all__ = ["XPathFailure", "check_xpath", "evaluate"]

_TIME_S = 10.0
_TIME_PER_ELEMENT_S = 0.000_05
_LONGEST = 2_000

_PREFIX = re.compile(r"(?<![\w.\-:])([^\W\d][\w.\-]*):(?![:/])")
_NOWHERE = "urn:not-declared:"
_NOT_READ = {
    "$": "a variable, and a document gives none",
    "id": "an ID, which only a DTD declares, and DTDs are not read; write [@id='…']",
    "comment": "comments, which are not read",
    "processing-instruction": "processing instructions, which are not read",
}
"""What would find nothing whatever is there, so it is refused."""


class XPathFailure(ValueError):
    """A path that is no XPath 1.0, cannot be evaluated, or takes longer than it may."""


def check_xpath(path: str) -> None:
    """Compile a path, whatever document it will meet.

    Raises
    ------
    XPathFailure
        It is no XPath 1.0; the message says where it stops being one.
    """
    _compiled(path, tuple((prefix, _NOWHERE + prefix) for prefix in _prefixes(path)))


def evaluate(document: XmlDocument, path: str, start: XmlElement | None = None) -> list[Any]:
    """Return what a path selects, in document order.

    Parameters
    ----------
    document : XmlDocument
    path : str
    start : XmlElement, optional
        Where a relative path starts; the document itself by default.

    Returns
    -------
    list
        Elements, the texts of attributes and text nodes, or the one number, text or truth value of an expression.

    Raises
    ------
    XPathFailure
        As :func:`check_xpath`; also when it takes too long, which depends on the size of the document.
    """
    token = _compiled(path, _bindings(document, path))
    is_whole = path.strip() in ("/", ".")
    allowed_s = _TIME_S + document.count * _TIME_PER_ELEMENT_S
    try:
        context = _Context(time.monotonic() + allowed_s, root=_nodes(document), item=start)
        found = [_value(item) for item in token.select_flatten(context) if item is not context.root or is_whole]
    except _Spent:
        raise XPathFailure(
            f"the XPath {path!r:.200} takes more than {allowed_s:.0f} s over {document.count:,} elements"
        ) from None
    except (ElementPathError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise XPathFailure(f"the XPath {path!r:.200} cannot be evaluated: {_reason(error)}") from None
    return [value for value in found if value is not None]


def _nodes(document: XmlDocument) -> Any:
    if document.nodes is None:
        document.nodes = node_tree(document.root, _first(document.prefixes))
    return document.nodes


def _first(prefixes: Mapping[str, list[str]]) -> dict[str, str]:
    return {prefix: uris[0] for prefix, uris in prefixes.items() if prefix}


def _value(item: object) -> Any:
    """Return a node as an answer's value: an element as it is, the document as its root."""
    if isinstance(item, DocumentNode):
        return item.getroot().value
    if isinstance(item, NamespaceNode):
        return item.uri
    return item.value if isinstance(item, XPathNode) else item


# Compiling


def _prefixes(path: str) -> list[str]:
    return list(dict.fromkeys(_PREFIX.findall(path)))


def _bindings(document: XmlDocument, path: str) -> tuple[tuple[str, str], ...]:
    """Return the namespaces of the prefixes in a path, as the document declares them."""
    bound = []
    for prefix in _prefixes(path):
        uris = document.prefixes.get(prefix, [_NOWHERE + prefix])
        if len(uris) > 1:
            raise XPathFailure(
                f"the prefix {prefix!r} of the XPath {path!r:.200} stands for {len(uris)} namespaces in this "
                f"document ({', '.join(uris)[:200]}); use the name without a prefix or local-name()"
            )
        bound.append((prefix, uris[0]))
    return tuple(bound)


@lru_cache(maxsize=256)
def _compiled(path: str, namespaces: tuple[tuple[str, str], ...]) -> XPathToken:
    if len(path) > _LONGEST:
        raise XPathFailure(f"the XPath {path[:60]!r}… has more than {_LONGEST} characters")
    try:
        token = Xpath1Parser(namespaces=dict(namespaces)).parse(path)
    except (ElementPathError, ValueError, TypeError, RecursionError) as error:
        raise XPathFailure(f"{path!r:.200} is no XPath 1.0: {_reason(error)}") from None
    for part in token.iter(*_NOT_READ):
        raise XPathFailure(f"the XPath {path!r:.200} asks for {_NOT_READ[part.symbol]}")
    return token


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(getattr(error, "message", error)).removeprefix("[err:XPST0003] ")[:200]


# Evaluating within limits


class _Spent(Exception):
    """The time is over; no error that elementpath would take for one of its own."""


class _Context(XPathContext):
    """A context with a deadline: each step of an evaluation puts the node that it has come to into ``item``."""

    def __init__(self, deadline: float, **options: Any) -> None:
        self.deadline = deadline
        super().__init__(**options)

    @property
    def item(self) -> Any:
        """The node at hand."""
        return self._item

    @item.setter
    def item(self, value: object) -> None:
        if time.monotonic() > self.deadline:
            raise _Spent
        self._item = value

    def iter_matching_nodes(self, name: str, default_namespace: str | None = None) -> Iterator[Any]:
        """Let an element's name without a prefix match in every namespace."""
        if self.axis != "attribute" and name[:1] not in ("{", "*"):
            name = f"{{*}}{name}"
        return super().iter_matching_nodes(name, default_namespace)

    def iter_followings(self) -> Iterator[Any]:
        """Follow texts, comments and instructions too: elementpath follows elements alone."""
        here = self.item
        if not isinstance(here, (TextNode, CommentNode, ProcessingInstructionNode)) or here.parent is None:
            yield from super().iter_followings()
            return
        status = self.item, self.axis
        self.axis = "following"
        top = here.parent
        while isinstance(top.parent, ElementNode):
            top = top.parent
        for item in top.iter_descendants(with_self=False):
            if item.position > here.position:
                self.item = item
                yield item
        self.item, self.axis = status

    def iter_attributes(self) -> Iterator[AttributeNode]:
        """Give an attribute no attributes: elementpath's would be the attribute itself."""
        return iter(()) if isinstance(self.item, AttributeNode) else super().iter_attributes()
