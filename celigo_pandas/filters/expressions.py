"""Prefix arrays such as ``["and", ["equals", ["extract", "status"], "open"], …]``, compiled once, asked many times.

An unknown operator is an error and never lets a record pass. Comparison is JavaScript's; a cast that finds no value
gives NaN, which equals nothing and has no order. Facts: integrator-api.md, section 9.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from celigo_pandas.errors import FilterError, shown
from celigo_pandas.filters.operators import CASTS, COMPARISONS, FUNCTIONS, is_empty, is_one_of
from celigo_pandas.filters.step_types import unread_step
from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.paths import PathError, parse_extract

__all__ = ["compile_rules", "keep", "rules_of"]

Operand = Callable[[Any, Any], Any]
Keeper = Callable[[Any, Any], bool]

_DEEPEST: Final = 100
_KNOWN: Final = ", ".join((*COMPARISONS, "empty", "notempty", "anyof", "and", "or", "not"))
_KNOWN_OPERANDS: Final = ", ".join(("extract", "settings", *CASTS, *FUNCTIONS))


def rules_of(filter_doc: Mapping[str, Any] | None) -> list[Any] | None:
    """Return the rules of a filter document, or None when it has none.

    Raises
    ------
    FilterError
        A script filter, which only the platform can run, another type, or rules that are no list.
    """
    if not filter_doc:
        return None
    if not isinstance(filter_doc, Mapping):
        raise FilterError(f"A filter must be an object, got {shown(filter_doc)}.", rule="")
    if filter_doc.get("type") == "script":
        raise FilterError("A script filter runs on the platform only; use an expression here.", rule="type")
    if unread := unread_step(filter_doc):
        raise FilterError(unread, rule="type")
    expression = filter_doc.get("expression")
    rules = (expression if isinstance(expression, Mapping) else filter_doc).get("rules")
    if rules is None or rules == []:
        return None
    if not isinstance(rules, list):
        raise FilterError(f"Filter rules must be a list, got {shown(rules)}.", rule="rules")
    return rules


def keep(rules: object, record: object, *, settings: Mapping[str, Any] | None = None) -> bool:
    """Tell whether a record stays.

    Parameters
    ----------
    rules : list
        Prefix array; None and ``[]`` keep every record.
    record : object
        An object, or an array of rows (its first row is read unless the path names a row).
    settings : mapping, optional
        What ``["settings", "flow.x"]`` reads from.

    Raises
    ------
    FilterError
        Rules that cannot be read, or a pattern that cannot be evaluated.

    Examples
    --------
    >>> keep(["greaterthan", ["number", ["extract", "qty"]], 9], {"qty": "10"})
    True
    """
    return compile_rules(rules)(record, settings)


def compile_rules(rules: object) -> Callable[..., bool]:
    """Compile rules to ``keeper(record, settings=None) -> bool``; errors are those of :func:`keep`."""
    keeper = None if rules is None or rules == [] else _rule(rules, "rules", 0)

    def ask(record: object, settings: Mapping[str, Any] | None = None) -> bool:
        if keeper is None:
            return True
        try:
            return keeper(record, settings)
        except RecursionError:
            raise FilterError("The record is nested too deeply for these rules.", rule="rules") from None

    return ask


def _rule(rule: object, place: str, depth: int) -> Keeper:
    if depth > _DEEPEST:
        raise FilterError(f"Filter rules are nested more than {_DEEPEST} deep.", rule=place)
    if not isinstance(rule, list) or not rule or not isinstance(rule[0], str):
        raise FilterError(f"A filter rule must be a list that starts with an operator, got {shown(rule)}.", rule=place)
    name, arguments = rule[0], rule[1:]
    if name in ("and", "or"):
        return _joined(name, [_rule(part, f"{place}[{i}]", depth + 1) for i, part in enumerate(arguments, 1)], place)
    if name == "not":
        _count(arguments, 1, name, place)
        inner = _rule(arguments[0], f"{place}[1]", depth + 1)
        return lambda record, settings: not inner(record, settings)
    if name in ("empty", "notempty"):
        _count(arguments, 1, name, place)
        operand = _operand(arguments[0], f"{place}[1]", depth + 1)
        wanted = name == "empty"
        return lambda record, settings: is_empty(operand(record, settings)) is wanted
    if name == "anyof":
        return _anyof(arguments, place, depth)
    comparison = COMPARISONS.get(name)
    if comparison is None:
        raise FilterError(f"Unknown filter operator {shown(name)}; known are {_KNOWN}.", rule=f"{place}[0]")
    _count(arguments, 2, name, place)
    left, right = (_operand(part, f"{place}[{i}]", depth + 1) for i, part in enumerate(arguments, 1))
    is_one_place = arguments[0] == arguments[1] and _names_one_place(arguments[0])

    def compare(record: object, settings: object) -> bool:
        try:
            value = left(record, settings)
            return comparison(value, value if is_one_place else _apart(right(record, settings)))
        except FilterError as error:
            error.rule = error.rule or place
            raise

    return compare


def _joined(name: str, parts: list[Keeper], place: str) -> Keeper:
    if not parts:
        raise FilterError(f"{name!r} joins at least one rule.", rule=place)
    if name == "and":
        return lambda record, settings: all(part(record, settings) for part in parts)
    return lambda record, settings: any(part(record, settings) for part in parts)


def _anyof(arguments: list[Any], place: str, depth: int) -> Keeper:
    _count(arguments, 2, "anyof", place)
    operand = _operand(arguments[0], f"{place}[1]", depth + 1)
    choices = arguments[1]
    if not isinstance(choices, list):
        raise FilterError(f"anyof takes a list of values, got {shown(choices)}.", rule=f"{place}[2]")
    if len(choices) == 2 and choices[0] in ("extract", "settings"):
        read = _operand(choices, f"{place}[2]", depth + 1)
        return lambda record, settings: is_one_of(_apart(operand(record, settings)), read(record, settings))
    return lambda record, settings: is_one_of(operand(record, settings), choices)


def _names_one_place(operand: object) -> bool:
    """Whether an operand gives the very same array or object each time it is read; one with ``*`` gathers a new one."""
    return isinstance(operand, list) and operand[0] in ("extract", "settings") and "*" not in operand[1]


def _apart(value: object) -> object:
    """Return an array or object as one of its own: no two places of a JSON text hold the same one.

    In a frame they may, and JavaScript compares arrays and objects by what they are, not by what they hold.
    """
    return value[:] if isinstance(value, list) else dict(value) if isinstance(value, dict) else value


def _operand(operand: object, place: str, depth: int) -> Operand:
    if depth > _DEEPEST:
        raise FilterError(f"Filter rules are nested more than {_DEEPEST} deep.", rule=place)
    if not isinstance(operand, (list, dict)):
        return lambda record, settings: operand
    if not isinstance(operand, list) or len(operand) != 2 or not isinstance(operand[0], str):
        message = f"An operand must be a value or [operation, operand], got {shown(operand)}."
        raise FilterError(message, rule=place)
    name, argument = operand
    if name in ("extract", "settings"):
        return _reader(name, argument, place)
    function = CASTS.get(name) or FUNCTIONS.get(name)
    if function is None:
        message = f"Unknown operation {shown(name)} on an operand; known are {_KNOWN_OPERANDS}."
        raise FilterError(message, rule=f"{place}[0]")
    inner = _operand(argument, f"{place}[1]", depth + 1)
    return lambda record, settings: function(inner(record, settings))


def _reader(name: str, text: object, place: str) -> Operand:
    if not isinstance(text, str):
        raise FilterError(f"{name} takes a path, got {shown(text)}.", rule=f"{place}[1]")
    try:
        path = parse_extract(text)
    except PathError as error:
        raise FilterError(str(error), rule=f"{place}[1]") from error
    if name == "extract":
        return lambda record, settings: path.read(record, UNDEFINED)
    return lambda record, settings: path.read(settings, UNDEFINED)


def _count(arguments: list[Any], wanted: int, name: str, place: str) -> None:
    if len(arguments) != wanted:
        noun = "operand" if wanted == 1 else "operands"
        raise FilterError(f"{name!r} takes {wanted} {noun}, got {len(arguments)}.", rule=place)
