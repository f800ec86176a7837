"""The quick way for the commonest template: texts and plain fields, nothing else.

All fields of one record are fetched at once and put into one ``%`` format. It answers None where a field is missing or
is not text or a small whole number, and the general way takes over; so it never decides what a value means.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final

from celigo_pandas.handlebars.helpers import HELPERS
from celigo_pandas.handlebars.syntax import Comment, Content, Mustache, Path, Program

__all__ = ["compile_shortcut"]

_EXACT: Final = 2**53
_RESERVED: Final = frozenset({"if", "unless", "each", "with", "lookup", "log"})

Shortcut = Callable[[Any], str | None]


def compile_shortcut(program: Program) -> Shortcut | None:
    """Make the quick way of a template; None where it has anything but texts and fields of one object."""
    template: list[str] = []
    paths: list[tuple[str, ...]] = []
    for node in program.body:
        if isinstance(node, Content):
            template.append(node.value.replace("%", "%%"))
        elif isinstance(node, Mustache):
            path = _plain_path(node)
            if path is None:
                return None
            paths.append(path)
            template.append("%s")
        elif not isinstance(node, Comment):
            return None
    if not paths or len({path[:-1] for path in paths}) != 1:
        return None
    return _shortcut("".join(template), paths[0][:-1], [path[-1] for path in paths])


def _plain_path(node: Mustache) -> tuple[str, ...] | None:
    path = node.call.path
    if not isinstance(path, Path) or path.depth or path.data or node.call.params or node.call.hash:
        return None
    if not 1 <= len(path.parts) <= 2 or path.parts[0] == "lookup":
        return None
    if path.is_simple and (path.parts[0] in HELPERS or path.parts[0] in _RESERVED):
        return None
    return path.parts


def _shortcut(template: str, prefix: tuple[str, ...], names: list[str]) -> Shortcut:
    if len(names) == 1:
        return _single_shortcut(template, prefix, names[0])
    read = itemgetter(*names)
    first = prefix[0] if prefix else None

    def shortcut(context: Any) -> str | None:
        try:
            values: tuple[Any, ...] = read(context if first is None else context[first])
        except (KeyError, TypeError, IndexError):
            return None
        for value in values:
            if type(value) is not str and (type(value) is not int or not -_EXACT < value < _EXACT):
                return None
        return template % values

    return shortcut


def _single_shortcut(template: str, prefix: tuple[str, ...], name: str) -> Shortcut:
    def shortcut(context: Any) -> str | None:
        try:
            value = context[prefix[0]][name] if prefix else context[name]
        except (KeyError, TypeError, IndexError):
            return None
        if type(value) is str or (type(value) is int and -_EXACT < value < _EXACT):
            return template % (value,)
        return None

    return shortcut
