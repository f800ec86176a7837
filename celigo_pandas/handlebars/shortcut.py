"""The quick way for the commonest template: texts and plain fields of one object, nothing else.

It hands over to the general way where a field is missing or is not text or a whole number that a double holds; so it
never decides what a value means. One, two and three fields have a function each, because at this size a loop costs as
much as the work.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final

from celigo_pandas.handlebars.escaping import NEEDS_ENTITY
from celigo_pandas.handlebars.helpers import HELPERS
from celigo_pandas.handlebars.syntax import Comment, Content, Mustache, Path, Program

__all__ = ["Shortcut", "compile_shortcut", "without_entities"]

_HIGH: Final = 2**53
_LOW: Final = -(2**53)
_RESERVED: Final = frozenset({"if", "unless", "each", "with", "lookup", "log"})
_ABSENT: Final = (KeyError, TypeError, IndexError)

General = Callable[..., str]
Shortcut = Callable[[General], General]


def compile_shortcut(program: Program) -> Shortcut | None:
    """Make the quick way of a template, which takes the general way and gives a function of the context.

    None where the template has anything but texts and fields of one object.
    """
    texts, paths = [""], []
    for node in program.body:
        if isinstance(node, Content):
            texts[-1] += node.value
        elif isinstance(node, Mustache):
            path = _plain_path(node)
            if path is None:
                return None
            paths.append(path)
            texts.append("")
        elif not isinstance(node, Comment):
            return None
    if not paths or len({path[:-1] for path in paths}) != 1 or len(paths[0]) != 2:
        return None
    first, names = paths[0][0], [path[1] for path in paths]
    makers = {1: _one, 2: _two, 3: _three}
    make = makers.get(len(names), _many)
    return lambda general: make(first, names, texts, general)


def without_entities(quick: General, general: General) -> General:
    """Take the quick way where HTML's escape would change nothing, the general one where it might."""
    find = NEEDS_ENTITY.search

    def render(context: Any) -> str:
        text = quick(context)
        return text if find(text) is None else general(context)

    return render


def _plain_path(node: Mustache) -> tuple[str, ...] | None:
    path = node.call.path
    if not isinstance(path, Path) or path.depth or path.data or node.call.params or node.call.hash:
        return None
    if not 1 <= len(path.parts) <= 2 or path.parts[0] == "lookup":
        return None
    if path.is_simple and (path.parts[0] in HELPERS or path.parts[0] in _RESERVED):
        return None
    return path.parts


def _one(first: str, names: list[str], texts: list[str], general: General) -> General:
    (name,), (before, after) = names, texts

    def render(context: Any, **options: Any) -> str:
        if options:
            return general(context, **options)
        try:
            a = context[first][name]
        except _ABSENT:
            return general(context)
        if type(a) is str or (type(a) is int and _LOW < a < _HIGH):
            return f"{before}{a}{after}"
        return general(context)

    return render


def _two(first: str, names: list[str], texts: list[str], general: General) -> General:
    (one, two), (before, between, after) = names, texts

    def render(context: Any, **options: Any) -> str:
        if options:
            return general(context, **options)
        try:
            record = context[first]
            a = record[one]
            b = record[two]
        except _ABSENT:
            return general(context)
        if (type(a) is str or (type(a) is int and _LOW < a < _HIGH)) and (
            type(b) is str or (type(b) is int and _LOW < b < _HIGH)
        ):
            return f"{before}{a}{between}{b}{after}"
        return general(context)

    return render


def _three(first: str, names: list[str], texts: list[str], general: General) -> General:
    (one, two, three), (before, between, then, after) = names, texts

    def render(context: Any, **options: Any) -> str:
        if options:
            return general(context, **options)
        try:
            record = context[first]
            a = record[one]
            b = record[two]
            c = record[three]
        except _ABSENT:
            return general(context)
        if (
            (type(a) is str or (type(a) is int and _LOW < a < _HIGH))
            and (type(b) is str or (type(b) is int and _LOW < b < _HIGH))
            and (type(c) is str or (type(c) is int and _LOW < c < _HIGH))
        ):
            return f"{before}{a}{between}{b}{then}{c}{after}"
        return general(context)

    return render


def _many(first: str, names: list[str], texts: list[str], general: General) -> General:
    template = "%s".join(text.replace("%", "%%") for text in texts)
    read = itemgetter(*names)

    def render(context: Any, **options: Any) -> str:
        if options:
            return general(context, **options)
        try:
            values: tuple[Any, ...] = read(context[first])
        except _ABSENT:
            return general(context)
        for value in values:
            if type(value) is not str and (type(value) is not int or not _LOW < value < _HIGH):
                return general(context)
        return template % values

    return render
