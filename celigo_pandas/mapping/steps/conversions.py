"""The type conversion table of Mapper 2.0 and the casts of Mapper 1.0, one value at a time and one column at a time.

The table is that of the vendor's article on data type validation, stricter than the schema's one-line summary.
Null, absent and empty text pass as they are: whether they may is decided before a conversion
(:mod:`celigo_pandas.mapping.steps.value_steps`). Facts: integrator-api.md, section 7.2 "Type conversion" and 7.1
"dataType".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from celigo_pandas.javascript.value_columns import int_texts, number_texts, read_decimals
from celigo_pandas.javascript.values import UNDEFINED, Undefined, json_text, to_number, to_text
from celigo_pandas.mapping.scopes.typed_columns import gap_rows, without

__all__ = [
    "ARRAY_ELEMENTS",
    "CASTS",
    "CONVERTERS",
    "PASSING",
    "RefusedType",
    "convert_column",
    "destination_type",
    "kind_of",
    "listed",
    "shown_type",
]


class RefusedType(ValueError):
    """A value that the table refuses; ``source`` is its type as the refusal prints it."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.source = source


ARRAY_ELEMENTS: Final = {
    "stringarray": "string",
    "numberarray": "number",
    "booleanarray": "boolean",
    "objectarray": "object",
    "arrayarray": "array",
}

_PLAIN_ELEMENTS: Final = ("string", "number", "boolean")
_KINDS: Final[dict[type, str]] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    dict: "object",
    list: "array",
    type(None): "null",
    Undefined: "undefined",
}
_BOOLEAN_TEXT: Final = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_NUMERIC: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*\Z")
_LONGEST_NUMBER: Final = 400


def kind_of(value: object) -> str:
    """Name a value's type in the mapper's words; what is no JSON value counts as an object."""
    return _KINDS.get(type(value), "object")


def shown_type(value: object) -> str:
    """Name a value's type as a refusal prints it: ``string``, ``[string]``, ``object``, ``[object]``."""
    if not isinstance(value, list):
        return kind_of(value)
    return f"[{kind_of(value[0])}]" if value else "[]"


def destination_type(data_type: str) -> str:
    """Name a destination as a refusal prints it: ``[number]`` for ``numberarray``."""
    element = ARRAY_ELEMENTS.get(data_type)
    return data_type if element is None else f"[{element}]"


def to_string(value: Any) -> object:
    """Convert to text; never refuses."""
    kind = type(value)
    if kind is str or value is None or value is UNDEFINED:
        return value
    if kind is list:
        if any(isinstance(item, dict) for item in value):
            return json_text(value)
        return to_text(value)
    if kind is dict:
        return json_text(value)
    return to_text(value)


def to_numeric(value: Any) -> object:
    """Convert to a number, which keeps its kind: ``"12"`` gives 12, ``"12.5"`` gives 12.5."""
    kind = type(value)
    if kind is int or kind is float or value is None or value is UNDEFINED or value == "":
        return value
    if kind is str and len(value) < _LONGEST_NUMBER and _NUMERIC.match(value):
        number = to_number(value)
        if number - number == 0:
            return number
    raise RefusedType(shown_type(value))


def to_boolean(value: Any) -> object:
    """Convert to a boolean: true/false, t/f, 0/1 in any case; of the numbers 0 and 1."""
    kind = type(value)
    if kind is bool or value is None or value is UNDEFINED or value == "":
        return value
    if kind is str:
        truth = _BOOLEAN_TEXT.get(value.strip().lower())
        if truth is not None:
            return truth
    elif kind is int or kind is float:
        # Assumed: the article lists no row for numbers; their text forms 0 and 1 are accepted.
        if value == 1:
            return True
        if value == 0:
            return False
    raise RefusedType(shown_type(value))


def to_object(value: object) -> object:
    """Let objects and lists of objects through; nothing else is an object."""
    if isinstance(value, dict) or value is None or value is UNDEFINED or value == "":
        return value
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise RefusedType(shown_type(value))


def to_text_list(value: object) -> object:
    """Convert to a list of texts: objects become JSON text, element by element."""
    if isinstance(value, list):
        return [json_text(item) if isinstance(item, list) else to_string(item) for item in value]
    return value if _is_nothing(value) else [to_string(value)]


def to_object_list(value: object) -> object:
    """Let a list of objects through; one object becomes a list of one."""
    if _is_nothing(value):
        return value
    if isinstance(value, dict):
        # Assumed: "conversion if required" of the vendor's schema means this.
        return [value]
    if isinstance(value, list) and all(isinstance(item, dict) or item is None for item in value):
        return value
    raise RefusedType(shown_type(value))


def to_list_list(value: object) -> object:
    """Let a list through as it is: an array of arrays without helper copies its source."""
    if isinstance(value, list) or _is_nothing(value):
        return value
    raise RefusedType(shown_type(value))


def _list_of(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert_list(value: object) -> object:
        if not isinstance(value, list):
            return value if _is_nothing(value) else [convert(value)]
        converted = []
        for item in value:
            try:
                converted.append(convert(item))
            except RefusedType as refused:
                raise RefusedType(f"[{refused.source}]") from None
        return converted

    return convert_list


def to_json(value: object) -> object:
    """Read text that begins as a JSON object or list; everything else keeps its type.

    Assumed: what begins so and is no JSON is refused, as text that is no number is for a number.
    """
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return json.loads(value, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise RefusedType("string") from None
    return value


def _no_number(name: str) -> object:
    raise ValueError(name)


def listed(value: object, data_type: str | None) -> Any:
    """Read the elements of an array of plain values from one text, ``[a, b]`` or ``18, 19``.

    Brackets are taken off and the rest is split at commas, as the platform does; blanks stay.
    """
    if not isinstance(value, str) or not value or ARRAY_ELEMENTS.get(data_type or "") not in _PLAIN_ELEMENTS:
        return value
    stripped = value.strip()
    if stripped.startswith("[") and stripped.endswith("]"):
        value = stripped[1:-1]
    return value.split(",") if value.strip() else []


def _is_nothing(value: object) -> bool:
    return value is None or value is UNDEFINED or (isinstance(value, str) and not value)


CONVERTERS: Final[dict[str, Callable[[Any], Any]]] = {
    "string": to_string,
    "number": to_numeric,
    "boolean": to_boolean,
    "object": to_object,
    "stringarray": to_text_list,
    "numberarray": _list_of(to_numeric),
    "booleanarray": _list_of(to_boolean),
    "objectarray": to_object_list,
    "arrayarray": to_list_list,
    "json": to_json,
}
"""Mapper 2.0: destination type to the function that converts one value or raises :class:`RefusedType`."""


def _each(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert_each(value: object) -> object:
        return [convert_each(item) for item in value] if isinstance(value, list) else convert(value)

    return convert_each


CASTS: Final[dict[str, Callable[[Any], Any]]] = {
    "string": _each(to_string),
    "number": _each(to_numeric),
    "boolean": _each(to_boolean),
    "numberarray": CONVERTERS["numberarray"],
    "stringarray": to_text_list,
    "booleanarray": CONVERTERS["booleanarray"],
    "json": to_json,
}
"""Mapper 1.0: the same conversions, lists element by element."""

_NOTHING: Final = frozenset({type(None), Undefined})
PASSING: Final[dict[str | None, frozenset[type]]] = {
    "string": _NOTHING | {str},
    "number": _NOTHING | {int, float},
    "boolean": _NOTHING | {bool},
    "object": _NOTHING | {dict},
}
"""Destination type to the types that pass unchanged, so that a whole column of them needs no look at its values."""


def _truths(texts: list[Any]) -> list[Any] | None:
    """Convert texts to booleans; few of them differ, so each distinct one is looked at once."""
    try:
        truths = {text: to_boolean(text) for text in set(texts)}
    except RefusedType:
        return None
    return list(map(truths.__getitem__, texts))


def _numbers(texts: list[Any]) -> list[Any] | None:
    return read_decimals(texts, _LONGEST_NUMBER)


def _truth_texts(truths: list[Any]) -> list[Any]:
    return ["true" if truth else "false" for truth in truths]


_TOGETHER: Final[dict[str, dict[type, Callable[[list[Any]], list[Any] | None]]]] = {
    "string": {int: int_texts, float: number_texts, bool: _truth_texts},
    "number": {str: _numbers},
    "boolean": {str: _truths},
}


def convert_column(
    column: list[Any], types: frozenset[type], data_type: str, convert: Callable[[Any], Any]
) -> list[Any]:
    """Convert a column, the values of one type together where that can be done, and else one by one.

    Parameters
    ----------
    column : list
        The values.
    types : frozenset of type
        Those of the values.
    data_type : str
        The destination.
    convert : callable
        Converts one value: that of :data:`CONVERTERS` or :data:`CASTS` for the destination.

    Raises
    ------
    RefusedType
        At the first value that the table refuses.
    """
    together = _TOGETHER.get(data_type)
    if together is None:
        return list(map(convert, column))
    converted = column[:]
    kinds = types - PASSING[data_type]
    if len(kinds) == 1 and types - kinds <= {Undefined} and (alike := together.get(*kinds)) is not None:
        if Undefined not in types:
            found = alike(column)
            if found is not None:
                return found
        else:
            rows, values = without(column, gap_rows(column))
            found = alike(values) if values else []
            if found is not None:
                return _put(converted, rows, found)
    for kind in kinds:
        rows = [row for row, value in enumerate(column) if type(value) is kind and value != ""]
        values = [column[row] for row in rows]
        function = together.get(kind) if values else None
        found = None if function is None else function(values)
        _put(converted, rows, list(map(convert, values)) if found is None else found)
    return converted


def _put(column: list[Any], rows: list[int], values: list[Any]) -> list[Any]:
    for row, value in zip(rows, values, strict=True):
        column[row] = value
    return column
