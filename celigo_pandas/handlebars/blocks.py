"""The blocks: what decides which body is rendered, how often, and in which context.

``../`` climbs one context, and a context is only there to be climbed if it differs (loosely, as JavaScript compares)
from the one around it; so ``#if`` and its like add none.

Source: Handlebars.js 4.7 (runtime and built-in helpers).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from celigo_pandas.handlebars.rendering import NULL_CONTEXT, Scope
from celigo_pandas.javascript.values import UNDEFINED, Undefined, loose_equal, ordered_keys, to_text, truthy

__all__ = [
    "as_text",
    "choice_block",
    "each_renderer",
    "element_block",
    "holding",
    "if_block",
    "in_same_context",
    "section",
    "with_block",
]

Render = Callable[[Scope], str]
Value = Callable[[Scope], Any]
Each = Callable[[Scope, Any], str]

# Types whose values ``#if`` takes as true where Python does.
_AS_PYTHON: Final = frozenset({bool, int, str, list, type(None), Undefined})


def as_text(value: Value) -> Render:
    """Print a value where a block stands."""
    return lambda scope: to_text(value(scope))


def in_same_context(body: Render, has_params: bool) -> Render:
    """Render a body in the context around its block, which gives no block parameters."""

    def render(scope: Scope) -> str:
        context = scope.context
        if has_params or context is None or context is UNDEFINED:
            params = (None, scope.params) if has_params else scope.params
            parent: Scope | None = scope.parent
            if context is None or context is UNDEFINED:
                # JavaScript adds a step for undefined only.
                parent = scope.parent if context is None else scope
                context = NULL_CONTEXT
            scope = Scope(context, parent, scope.data, params, scope.run)
        return body(scope)

    return render


def _parent_of(scope: Scope, context: object) -> Scope | None:
    """Give the scope that ``../`` reaches from a new context."""
    around = scope.context
    if context is around:
        return scope.parent
    if type(context) is dict and type(around) is dict:
        return scope
    return scope.parent if loose_equal(context, around) else scope


def _is_empty(value: object) -> bool:
    """Say what ``#if`` and ``#with`` take as nothing: 0 is something here, ``[]`` is not."""
    if isinstance(value, (list, tuple)):
        return not value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value != value
    return not truthy(value)


def _holds(condition: object, zero_counts: bool) -> bool:
    return (zero_counts or truthy(condition)) and not _is_empty(condition)


def holding(conditions: list[Any]) -> list[bool]:
    """Say for which conditions ``#if`` renders its body."""
    types = set(map(type, conditions))
    if types == {bool}:
        return conditions
    if types <= _AS_PYTHON:
        return list(map(bool, conditions))
    return [_holds(condition, False) for condition in conditions]


def if_block(value: Value, include_zero: Value | None, body: Render, inverse: Render) -> Render:
    """Make ``#if``; with the bodies exchanged it is ``#unless``."""

    def render(scope: Scope) -> str:
        condition = value(scope)
        zero_counts = include_zero is not None and truthy(include_zero(scope))
        return body(scope) if _holds(condition, zero_counts) else inverse(scope)

    return render


def choice_block(value: Value, body: Render, inverse: Render) -> Render:
    """Make the block of a helper that answers yes, no, or (None) that neither body applies."""

    def render(scope: Scope) -> str:
        answer = value(scope)
        if answer is None:
            return ""
        return body(scope) if answer else inverse(scope)

    return render


def with_block(value: Value, body: Render, inverse: Render, names: tuple[str, ...]) -> Render:
    """Make ``#with``."""

    def render(scope: Scope) -> str:
        context = value(scope)
        if _is_empty(context):
            return inverse(scope)
        params = ((context,), scope.params) if names else scope.params
        return body(Scope(context, _parent_of(scope, context), scope.data, params, scope.run))

    return render


def each_renderer(body: Render, inverse: Render, names: tuple[str, ...]) -> Each:
    """Make the loop of ``#each``: over the elements of a list or the members of an object."""

    def render(scope: Scope, value: object) -> str:
        if isinstance(value, (list, tuple)):
            entries: Any = enumerate(value)
        elif isinstance(value, dict):
            entries = [(key, value[key]) for key in ordered_keys(value)]
        else:
            return inverse(scope)
        if not value:
            return inverse(scope)
        run, last, pieces, size = scope.run, len(value) - 1, [], 0
        data = {**scope.data, "_parent": scope.data}
        for index, (key, item) in enumerate(entries):
            run.spend()
            data["key"] = key
            data["index"] = index
            data["first"] = index == 0
            data["last"] = index == last
            params = ((item, key), scope.params) if names else scope.params
            piece = body(Scope(item, _parent_of(scope, item), data, params, run))
            size += len(piece)
            if size > run.limits.characters:
                run.check_size(size)
            pieces.append(piece)
        return "".join(pieces)

    return render


def element_block(value: Value, body: Render, inverse: Render, names: tuple[str, ...]) -> Render:
    """Make ``#filter``: its body once per element that was found, with the element as context."""

    def render(scope: Scope) -> str:
        elements = value(scope)
        if elements is None:
            return ""
        if not elements:
            return inverse(scope)
        pieces, size = [], 0
        for item in elements:
            scope.run.spend()
            params = (None, scope.params) if names else scope.params
            piece = body(Scope(item, _parent_of(scope, item), scope.data, params, scope.run))
            size += len(piece)
            scope.run.check_size(size)
            pieces.append(piece)
        return "".join(pieces)

    return render


def section(field: Value, body: Render, same: Render, inverse: Render, each: Each, names: tuple[str, ...]) -> Render:
    """Make the block of a field: a loop over a list, a body for true, a context for anything else that is there."""

    def render(scope: Scope) -> str:
        context = field(scope)
        if context is True:
            return same(scope)
        if context is False or context is None or context is UNDEFINED:
            return inverse(scope)
        if isinstance(context, (list, tuple)):
            return each(scope, context)
        params = ((), scope.params) if names else scope.params
        return body(Scope(context, _parent_of(scope, context), scope.data, params, scope.run))

    return render
