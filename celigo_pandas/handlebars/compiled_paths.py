"""Compiles a path to a function that reads it from a scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celigo_pandas.errors import TemplateError, shown
from celigo_pandas.handlebars.rendering import Refusal, Scope, failure, member
from celigo_pandas.handlebars.syntax import EVERY, Path
from celigo_pandas.javascript.values import UNDEFINED, truthy

__all__ = ["compile_path", "is_plain", "walk"]

Value = Callable[[Scope], Any]


def compile_path(path: Path, place: tuple[int, int] | None, strict: bool, source: str) -> Value:
    """Compile one path.

    Parameters
    ----------
    path : Path
        What is read.
    place : tuple of int, optional
        Where its first name is a block parameter.
    strict : bool
        Refuse what is not there instead of giving undefined.
    source : str
        The template, for errors.
    """
    read = _reader(path, place, source)
    if not strict:
        return read

    def read_strictly(scope: Scope) -> object:
        value = read(scope)
        if value is UNDEFINED:
            raise TemplateError(
                f"The field {shown(path.original)} is not there.",
                template=source,
                position=path.position,
                hint='Write {{getValue "path" "default"}}, or evaluate without strict.',
            )
        return value

    return read_strictly


def _reader(path: Path, place: tuple[int, int] | None, source: str) -> Value:
    parts = path.parts
    if place is not None:
        return _param_reader(path, place, source)
    if path.data and parts:
        return _data_reader(parts, path.depth)
    if path.depth:
        return _outer_reader(parts, path.depth)
    if not parts:
        return lambda scope: scope.context
    if EVERY in parts:
        return lambda scope: _walk_elements(scope.context, parts)
    if parts[0] == "$" and len(parts) > 1:
        return lambda scope: _read_root(scope, parts)
    if parts[0] == "lookup" and len(parts) > 1:
        return lambda scope: _read_lookup(scope, scope.context, parts)
    if len(parts) == 1:
        name = parts[0]
        return lambda scope: member(scope.context, name)
    if len(parts) == 2:
        return _two_step_reader(*parts)
    return lambda scope: walk(scope.context, parts)


def is_plain(path: Path) -> bool:
    """Whether a path that is no block parameter goes down from the context by names alone."""
    if path.data or path.depth or not path.parts or EVERY in path.parts:
        return False
    return len(path.parts) == 1 or path.parts[0] not in ("$", "lookup")


def walk(value: object, parts: tuple[str, ...]) -> object:
    """Read a path of names below a value."""
    for part in parts:
        value = member(value, part)
    return value


def _walk_elements(value: object, parts: tuple[str, ...]) -> object:
    """Read a path with ``*``: the element at hand where the mapper put it in its array's place, else the first one."""
    for part in parts:
        value = _element(value) if part == EVERY else member(value, part)
    return value


def _element(value: object) -> object:
    if isinstance(value, list):
        return value[0] if value else UNDEFINED
    return value.get(EVERY, value) if isinstance(value, dict) else member(value, EVERY)


def _read_root(scope: Scope, parts: tuple[str, ...]) -> object:
    """Read ``$.x`` from the root, unless there is a field ``$``."""
    own = member(scope.context, "$")
    return walk(scope.run.root, parts[1:]) if own is UNDEFINED or own is None else walk(own, parts[1:])


def _two_step_reader(first: str, second: str) -> Value:
    both = (first, second)

    def read(scope: Scope) -> Any:
        try:
            return scope.context[first][second]
        except (KeyError, TypeError, IndexError):
            return walk(scope.context, both)

    return read


def _read_lookup(scope: Scope, context: object, parts: tuple[str, ...]) -> object:
    """Read ``lookup.name``: a member of the context if it has one, else the result of a dynamic lookup."""
    base = member(context, "lookup")
    if base is UNDEFINED or base is None:
        return walk(scope.run.dynamic_lookup(parts[1]), parts[2:])
    return walk(base, parts[1:])


def _outer_reader(parts: tuple[str, ...], depth: int) -> Value:
    walk_from = _walk_elements if EVERY in parts else walk

    def read(scope: Scope) -> Any:
        outer: Scope | None = scope
        for _ in range(depth):
            if outer is None:
                return UNDEFINED
            outer = outer.parent
        if outer is None:
            return UNDEFINED
        if len(parts) > 1 and parts[0] == "lookup":
            return _read_lookup(scope, outer.context, parts)
        return walk_from(outer.context, parts)

    return read


def _data_reader(parts: tuple[str, ...], depth: int) -> Value:
    def read(scope: Scope) -> Any:
        data: Any = scope.data
        for _ in range(depth):
            data = data.get("_parent") if data else None
        if not data:
            return UNDEFINED
        value: Any = data
        for part in parts:
            # Unlike in a field's path, any false value ends the way here.
            if not truthy(value):
                return value
            value = _element(value) if part == EVERY else member(value, part)
        return value

    return read


def _param_reader(path: Path, place: tuple[int, int], source: str) -> Value:
    depth, number = place
    rest = path.parts[1:]

    def read(scope: Scope) -> Any:
        params = scope.params
        for _ in range(depth):
            params = params[1]
        values = params[0]
        if values is None:
            why = Refusal("its block gives no block parameters")
            raise failure(source, path.position, f"The block parameter {shown(path.parts[0])}", why)
        return walk(values[number] if number < len(values) else UNDEFINED, rest)

    return read
