"""The quick way for rules that only copy: records of a long list whose values already have the right types.

Columns cost about twice what a dict display by hand costs, however little there is to do. So once the first chunk has
shown which rules only copy, the further records are read, looked at and written in one loop; the other rules still
come as columns. A record with any value that is not as in the first chunk is *odd* and goes the general way: what a
rule means is decided there alone, here only that it has nothing to do (or to write a whole number as text).

The loop is made from a text that depends on the number and types of the rules alone. Keys are put into its syntax tree
as constants and are never parsed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.mapping.columns import types_of
from celigo_pandas.mapping.conversions import CONVERTERS, PASSING, RefusedType
from celigo_pandas.mapping.rules import PathSource, Rule, TextSource, ValueRule
from celigo_pandas.mapping.scopes import Scope

__all__ = ["Shortcut", "find_shortcut"]

_FEWEST: Final = 3
_MOST: Final = 200

# A plain object, unlike UNDEFINED, does not make the garbage collector follow the dict that it is put in.
_GAP: Final = object()

_NOTHING: Final = "{v} is gap or {v} is None"
_TESTS: Final = {
    "string": f"(type({{v}}) is str or {_NOTHING})",
    "number": f"(type({{v}}) is float or type({{v}}) is int or {_NOTHING})",
    "boolean": f"({{v}} is True or {{v}} is False or {_NOTHING})",
    "object": f"(type({{v}}) is dict or {_NOTHING})",
    "whole": f"(type({{v}}) is int and -exact < {{v}} < exact or {_NOTHING})",
}
_EXACT: Final = 2**53

Loop = Callable[[list[Any], Sequence[list[Any]], list[Any], list[int]], None]


@dataclass(frozen=True)
class Shortcut:
    """A loop over records, and which rules it copies; the columns of the others are passed to it."""

    loop: Loop
    copied: tuple[int, ...]
    others: tuple[int, ...]

    def build(self, records: list[Any], columns: Sequence[list[Any]]) -> tuple[list[Any], list[int]]:
        """Return one object per record (None for an odd one), and the places of the odd ones."""
        rows: list[Any] = []
        odd: list[int] = []
        self.loop(records, columns, rows, odd)
        return rows, odd


@dataclass(frozen=True)
class _Copy:
    """A rule that only copies: from which keys, and the test that its values must pass (None: any value)."""

    keys: tuple[str, ...]
    test: str | None


@dataclass(frozen=True)
class _Constant:
    """A rule that always writes the same."""

    value: Any


def find_shortcut(tree: tuple[Rule, ...], scope: Scope) -> Shortcut | None:
    """Find the rules that only copied the records of a scope; None when there are too few of them."""
    names = [rule.keys for rule in tree]
    if len(tree) > _MOST or len(set(names)) != len(tree) or any(len(keys) != 1 for keys in names):
        return None
    plans = [_plan(rule, scope) for rule in tree]
    copied = tuple(place for place, plan in enumerate(plans) if plan is not None)
    if len(copied) < _FEWEST:
        return None
    others = tuple(place for place, plan in enumerate(plans) if plan is None)
    return Shortcut(_make_loop([str(keys[0]) for keys in names], plans), copied, others)


def _plan(rule: Rule, scope: Scope) -> _Copy | _Constant | None:
    if not isinstance(rule, ValueRule) or rule.is_guarded:
        return None
    data_type, source = rule.data_type, rule.source
    if isinstance(source, TextSource):
        return _constant(source.value, data_type)
    if not isinstance(source, PathSource) or not source.path.steps:
        return None
    keys = tuple(step for step in source.path.steps if isinstance(step, str))
    if len(keys) != len(source.path.steps):
        return None
    if data_type is None:
        return _Copy(keys, None)
    types = types_of(scope.column(source.path))
    if data_type in _TESTS and types <= PASSING[data_type]:
        return _Copy(keys, data_type)
    if data_type == "string" and types <= PASSING["number"] and float not in types:
        return _Copy(keys, "whole")
    return None


def _constant(value: Any, data_type: str | None) -> _Constant | None:
    if data_type is None or data_type in PASSING:
        try:
            return _Constant(value if data_type is None else CONVERTERS[data_type](value))
        except RefusedType:
            return None
    return None


def _make_loop(names: list[str], plans: Sequence[_Copy | _Constant | None]) -> Loop:
    """Make the loop; in its text ``k0``, ``n0``, ``i0`` stand for keys and ``c0`` for constants."""
    constants: dict[str, Any] = {f"k{place}": name for place, name in enumerate(names)}
    objects: dict[tuple[str, ...], str] = {(): "o0"}
    given = [place for place, plan in enumerate(plans) if plan is None]
    targets = ", ".join(["o0", *(f"v{place}" for place in given)])
    sources = ", ".join(["records", *(f"columns[{number}]" for number in range(len(given)))])
    lines = ["def loop(records, columns, rows, odd):", "    add = rows.append"]
    lines.append(f"    for {targets} in zip({sources}):" if given else "    for o0 in records:")
    lines.append("        if type(o0) is dict:")
    indent = " " * 12
    for plan in plans:
        for keys in _outer_keys(plan):
            if keys not in objects:
                name = objects[keys] = f"o{len(objects)}"
                constants[f"i{name}"] = keys[-1]
                lines += [
                    f"{indent}{name} = {objects[keys[:-1]]}.get(i{name}, gap)",
                    f"{indent}if type({name}) is dict:",
                ]
                indent += "    "
    tests, members, gaps = [], [], []
    for place, plan in enumerate(plans):
        value = f"v{place}"
        if isinstance(plan, _Copy):
            constants[f"n{place}"] = plan.keys[-1]
            lines.append(f"{indent}{value} = {objects[plan.keys[:-1]]}.get(n{place}, gap)")
            tests += [_TESTS[plan.test].format(v=value)] if plan.test else []
            gaps.append(f"if {value} is gap: del row[k{place}]")
            if plan.test == "whole":
                value = f"str({value}) if type({value}) is int else {value}"
        elif isinstance(plan, _Constant):
            value = f"c{place}"
            constants[value] = plan.value
        else:
            gaps.append(f"if {value} is undefined: del row[k{place}]")
        members.append(f"k{place}: {value}")
    lines.append(f"{indent}if {' and '.join(tests) or 'True'}:")
    indent += "    "
    lines += [f"{indent}row = {{{', '.join(members)}}}", *(f"{indent}{line}" for line in gaps)]
    lines += [f"{indent}add(row)", f"{indent}continue", "        odd.append(len(rows))", "        add(None)"]
    parsed = _Keys(constants).visit(ast.parse("\n".join(lines)))
    namespace: dict[str, Any] = {"gap": _GAP, "undefined": UNDEFINED, "exact": _EXACT}
    exec(compile(ast.fix_missing_locations(parsed), "<shortcut>", "exec"), namespace)
    loop: Loop = namespace["loop"]
    return loop


def _outer_keys(plan: _Copy | _Constant | None) -> list[tuple[str, ...]]:
    """List the objects that a copy reads through, outermost first."""
    return [plan.keys[:length] for length in range(1, len(plan.keys))] if isinstance(plan, _Copy) else []


class _Keys(ast.NodeTransformer):
    """Put constants in place of the names that stand for them."""

    def __init__(self, constants: dict[str, Any]) -> None:
        self._constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace one name."""
        return ast.Constant(self._constants[node.id]) if node.id in self._constants else node
