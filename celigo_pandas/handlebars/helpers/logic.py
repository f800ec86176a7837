"""Logic helpers: each answers a question, as a value or as a block that chooses its body.

Source: the vendor's helper reference, "Type and logic" and "Block helpers".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from celigo_pandas.errors import shown
from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.handlebars.rendering import Refusal
from celigo_pandas.javascript.values import (
    UNDEFINED,
    compare,
    js_text,
    loose_equal,
    strict_equal,
    to_text,
    truthy,
    type_of,
)

__all__ = ["HELPERS"]


def _and(*values: Any) -> bool:
    return all(truthy(value) for value in values)


def _or(*values: Any) -> bool:
    return any(truthy(value) for value in values)


def _neither(*values: Any) -> bool:
    return not _or(*values)


def _not(value: object) -> bool:
    return not truthy(value)


def _compare(a: object, op: object, b: object) -> bool:
    try:
        return compare(a, to_text(op), b)
    except ValueError as error:
        raise Refusal(str(error)[:-1]) from None


def _is_member(values: Any, sought: object) -> bool:
    return any(strict_equal(item, sought) for item in values)


def _contains(collection: object, sought: object) -> bool:
    if isinstance(collection, str):
        return to_text(sought) in collection
    return isinstance(collection, (list, tuple)) and _is_member(collection, sought)


def _in_array(values: object, sought: object) -> bool:
    return isinstance(values, (list, tuple)) and _is_member(values, sought)


def _is_empty(value: object) -> bool:
    # By the page's wording all that is neither list nor object is empty, text too.
    return not (isinstance(value, (list, tuple, dict)) and value)


def _has_no_items(value: object) -> bool:
    return isinstance(value, (list, tuple, dict)) and not value


def _has_own(value: object, name: object) -> bool:
    key = js_text(name)
    if isinstance(value, dict):
        return key in value
    if isinstance(value, (list, tuple)):
        return key == "length" or (key.isdecimal() and str(int(key[:12])) == key and int(key) < len(value))
    return False


_CONDITIONS: Final[dict[str, Callable[[Any], bool]]] = {
    "isString": lambda value: type_of(value) == "string",
    "isNumber": lambda value: type_of(value) == "number",
    "isObject": lambda value: isinstance(value, dict),
    "isArray": lambda value: type_of(value) == "array",
    "isBoolean": lambda value: type_of(value) == "boolean",
    "isTruthy": truthy,
    "isFalsy": _not,
    "isFalsey": _not,
}


def _some(values: object, condition: object = UNDEFINED) -> bool:
    test = _CONDITIONS.get(to_text(condition))
    if test is None:
        raise Refusal(f"no condition is called {shown(to_text(condition))}", f"Known: {', '.join(_CONDITIONS)}.")
    return isinstance(values, (list, tuple)) and any(test(value) for value in values)


HELPERS: Final = (
    Helper("and", _and, 1, None, kind="choice"),
    Helper("or", _or, 1, None, kind="choice"),
    Helper("neither", _neither, 1, None, kind="choice"),
    Helper("not", _not, kind="choice"),
    Helper("compare", _compare, 3, 3, kind="choice"),
    Helper("contains", _contains, 2, 2, kind="choice"),
    Helper("inArray", _in_array, 2, 2, kind="choice"),
    Helper("isEmpty", _is_empty, kind="choice"),
    Helper("some", _some, 2, 2, kind="choice", bare_word=1),
    Helper("eq", loose_equal, 2, 2, kind="choice"),
    Helper("isTruthy", truthy, kind="choice"),
    Helper("isFalsey", _not, kind="choice"),
    Helper("isFalsy", _not, kind="choice"),
    Helper("hasOwn", _has_own, 2, 2, kind="choice"),
    Helper("hasNoItems", _has_no_items, kind="choice"),
    Helper("typeOf", type_of),
)
