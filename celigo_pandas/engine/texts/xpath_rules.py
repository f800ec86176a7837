"""XPath 1.0's own comparisons, arithmetic, document order and string values, on elementpath's parser and nodes.

elementpath shares these operators with XPath 2.0, where texts and numbers are not compared and a text that is no number
is an error. In XPath 1.0 (sections 3.4, 3.5 and 4.4 of the recommendation) both are converted, and nothing fails.
"""

from __future__ import annotations

import math
import operator
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, cast

from elementpath import XPath1Parser
from elementpath.helpers import node_position
from elementpath.xpath_nodes import DocumentNode, EtreeDocumentNode, EtreeElementNode, TextNode, XPathNode

__all__ = ["Xpath1Parser", "node_tree", "number_of"]

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)")
_BLANK = " \t\r\n"
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def number_of(value: Any) -> float:
    """Return a value as XPath's ``number()`` does: texts by their digits, what is no number as NaN."""
    if isinstance(value, str):
        text = value.strip(_BLANK)
        return float(text) if _NUMBER.fullmatch(text) else math.nan
    return float(value)


def _operand(token: Any, context: object) -> object:
    """Return an operand: the list of a node-set's texts, or one text, number or truth value."""
    items = _ordered(token.select(copy(context)))
    if len(items) == 1 and not isinstance(items[0], XPathNode):
        return items[0]
    return [_text(item) for item in items]


def _ordered(items: Iterable[Any]) -> list[Any]:
    """Return a node-set in document order, each node once; other values as they are."""
    found = list(items)
    if len(found) < 2 or not isinstance(found[0], XPathNode):
        return found
    return sorted(dict.fromkeys(found), key=node_position)


def _text(item: object) -> str:
    return item.compat_string_value if isinstance(item, XPathNode) else str(item)


def _compare(self: Any, context: object = None) -> bool:
    if context is None:
        raise self.missing_context()
    left, right = _operand(self[0], context), _operand(self[1], context)
    test = _COMPARISONS[self.symbol]
    if isinstance(left, bool) or isinstance(right, bool):
        return _compare_truth(self.symbol, left, right)
    lefts, rights = _as_list(left), _as_list(right)
    if self.symbol not in ("=", "!="):
        return _orders(self.symbol, test, lefts, rights)
    if any(not isinstance(one, str) for one in (*lefts[:1], *rights[:1])):
        lefts, rights = [number_of(one) for one in lefts], [number_of(one) for one in rights]
    return _equals(test, lefts, rights)


def _compare_truth(symbol: str, left: object, right: object) -> bool:
    """Compare where a side is a truth value: as truth values if for equality, else as numbers."""
    if symbol in ("=", "!="):
        return _COMPARISONS[symbol](_is_true(left), _is_true(right))
    left, right = (bool(one) if isinstance(one, list) else one for one in (left, right))
    return _COMPARISONS[symbol](number_of(left), number_of(right))


def _is_true(value: object) -> bool:
    return bool(value) and value == value


def _equals(test: Callable[[Any, Any], bool], lefts: Sequence[Any], rights: Sequence[Any]) -> bool:
    """Whether any pair is equal, or any is not; in one pass over each side."""
    ours, others = set(lefts), set(rights)
    if test is operator.eq:
        return any(one == one and one in others for one in ours)
    if not ours or not others:
        return False
    return len(ours | others) > 1 or any(one != one for one in ours)


def _orders(symbol: str, test: Callable[[Any, Any], bool], lefts: Sequence[Any], rights: Sequence[Any]) -> bool:
    ours = [number for number in map(number_of, lefts) if number == number]
    others = [number for number in map(number_of, rights) if number == number]
    if not ours or not others:
        return False
    return test(min(ours), max(others)) if symbol[0] == "<" else test(max(ours), min(others))


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _number(token: object, context: object) -> float:
    """Return an operand as a number; of a node-set the first node counts."""
    value = _operand(token, context)
    if isinstance(value, list):
        return number_of(value[0]) if value else math.nan
    return number_of(value)


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    if not left or left != left:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def _remainder(left: float, right: float) -> float:
    return math.nan if not right or math.isinf(left) else math.fmod(left, right)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "div": _divided,
    "mod": _remainder,
}


def _calculate(self: Any, context: object = None) -> float:
    if context is None:
        raise self.missing_context()
    if len(self) == 1:
        number = _number(self[0], context)
        return -number if self.symbol == "-" else number
    return _ARITHMETIC[self.symbol](_number(self[0], context), _number(self[1], context))


def _select_one(self: Any, context: object = None) -> object:
    yield self.evaluate(context)


def _select_asterisk(self: Any, context: object = None) -> object:
    """Yield a product; an asterisk that is a name test does what it does."""
    if len(self) == 2:
        yield self.evaluate(context)
    else:
        yield from XPath1Parser.symbol_table["*"].select(self, context)


def _in_order(symbol: str) -> Callable[..., Any]:
    """Return a selection in document order: elementpath's own goes by the order of the steps before."""
    base = XPath1Parser.symbol_table[symbol]

    def select(self: Any, context: object = None) -> object:
        yield from _ordered(base.select(self, context))

    return select


class Xpath1Parser(XPath1Parser):
    """The parser of XPath 1.0 as it is recommended."""

    symbol_table = dict(XPath1Parser.symbol_table)  # noqa: RUF012 - the base declares it so


def _replace(symbol: str, **methods: Callable[..., Any]) -> None:
    # A class of our own: the library's is shared by everybody in this process.
    base = XPath1Parser.symbol_table[symbol]
    Xpath1Parser.symbol_table[symbol] = type(base.__name__, (base,), methods)


for _symbol in _COMPARISONS:
    _replace(_symbol, evaluate=_compare, select=_select_one)
for _symbol in ("+", "-", "div", "mod"):
    _replace(_symbol, evaluate=_calculate, select=_select_one)
for _symbol in ("/", "//", "|"):
    _replace(_symbol, select=_in_order(_symbol))
_replace("*", evaluate=_calculate, select=_select_asterisk)


class _Node(EtreeElementNode):
    """An element whose string value has its texts in their order; elementpath's has a tail before what it follows."""

    __slots__ = ()

    @property
    def compat_string_value(self) -> str:
        return "".join(cast(ET.Element, self.value).itertext())


def node_tree(root: ET.Element, namespaces: Mapping[str, str]) -> DocumentNode:
    """Return the nodes of a document.

    Parameters
    ----------
    root : Element
    namespaces : mapping
        By prefix; for ``name()``.
    """
    document = EtreeDocumentNode(ET.ElementTree(root))
    document.tree.namespaces = dict(namespaces)
    _grow(root, document, 2, len(namespaces) + 2)
    return document


def _grow(element: ET.Element, parent: Any, position: int, step: int) -> int:
    """Add an element and what is below it; return the next position in document order.

    An element keeps places for its namespace nodes (`step`) and its attributes.
    """
    node = _Node(element, parent, position)
    position += step + len(element.attrib)
    if element.text:
        TextNode(element.text, node, position)
        position += 1
    for child in element:
        position = _grow(child, node, position, step)
        if child.tail:
            TextNode(child.tail, node, position)
            position += 1
    return position
