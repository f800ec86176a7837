"""Values as JavaScript sees them: text, numbers, truth. The others of the ``values`` face are built on these.

Source: the ECMAScript language specification (ToString, ToNumber, ToBoolean).
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, final

__all__ = [
    "BLANKS",
    "UNDEFINED",
    "Number",
    "Undefined",
    "js_text",
    "number_text",
    "to_number",
    "to_text",
    "trim",
    "truthy",
    "type_of",
]

Number = int | float

# Up to here a double holds every integer, so an int prints as itself.
_EXACT: Final = 2**53
BLANKS: Final = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""JavaScript's white space, line ends among it."""
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+\Z")
_RADIX: Final = {"0x": 16, "0X": 16, "0o": 8, "0O": 8, "0b": 2, "0B": 2}
_RADIX_DIGITS: Final = {16: re.compile(r"[0-9a-fA-F]+\Z"), 8: re.compile(r"[0-7]+\Z"), 2: re.compile(r"[01]+\Z")}


@final
class Undefined:
    """The type of :data:`UNDEFINED`: one value, falsy, the same in every process."""

    __slots__ = ()
    _only: Undefined | None = None

    def __new__(cls) -> Undefined:
        """Give the one instance."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __reduce__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()
"""What a field that is not there gives."""


def trim(text: str) -> str:
    """Take JavaScript's white space (line ends, no-break space and byte order mark too) off both ends."""
    return text.strip(BLANKS)


def number_text(number: Number) -> str:
    """Write a number as JavaScript does.

    Parameters
    ----------
    number : int or float
        An int beyond 2**53 is read as the double that JavaScript would hold.

    Returns
    -------
    str
        Shortest digits that read back the same: ``1``, ``0.30000000000000004``, ``1e+21``, ``1e-7``, ``NaN``.
    """
    if type(number) is int and -_EXACT <= number <= _EXACT:
        return str(number)
    try:
        value = float(number)
    except OverflowError:
        return "Infinity" if number > 0 else "-Infinity"
    text = repr(value)
    if value and "e" not in text and "n" not in text:
        # Without an exponent both languages lay the digits out alike.
        return text[:-2] if text.endswith(".0") else text
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    return f"-{_layout(text[1:])}" if value < 0 else _layout(text)


def _layout(shortest: str) -> str:
    """Lay out digits that Python writes with an exponent: JavaScript does so from 1e21 on, and below 1e-6."""
    mantissa, _, exponent = shortest.partition("e")
    digits = mantissa.replace(".", "")
    power, count = int(exponent), len(digits)
    if 0 <= power < 21:
        return digits + "0" * (power + 1 - count)
    if -7 < power < 0:
        return f"0.{'0' * (-power - 1)}{digits}"
    head = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{head}e{'+' if power > 0 else '-'}{abs(power)}"


def to_text(value: Any) -> str:
    """Give the text of a value as the template language prints it.

    Undefined and null give empty text, a list its elements joined by commas (nested lists flat), an object
    ``[object Object]``.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if value is None or value is UNDEFINED:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return number_text(value)
    if isinstance(value, (list, tuple)):
        return ",".join([to_text(item) for item in value])
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, (int, float)):
        return number_text(value)
    return str(value)


def js_text(value: object) -> str:
    """Give ``String(value)``: like :func:`to_text`, but null and undefined are spelled out."""
    if value is None:
        return "null"
    if value is UNDEFINED:
        return "undefined"
    return to_text(value)


def to_number(value: Any) -> Number:
    """Convert to a number as ``Number(value)`` does.

    Returns
    -------
    int or float
        Ints stay ints; text of a whole number below 2**53 gives an int; NaN where JavaScript says so. Blanks around
        text are allowed, empty text is 0, ``0x10`` and ``1E6`` are numbers.
    """
    kind = type(value)
    if kind is int or kind is float:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return 1 if value else 0
    if value is None:
        return 0
    if value is UNDEFINED or isinstance(value, dict):
        return math.nan
    if isinstance(value, (int, float)):
        return value
    return _read_number(trim(to_text(value)))


def _read_number(text: str) -> Number:
    if not text:
        return 0
    if len(text) < 16 and _INTEGER.match(text):
        return int(text)
    if _DECIMAL.match(text):
        return _whole(float(text))
    base = _RADIX.get(text[:2])
    if base is not None and _RADIX_DIGITS[base].match(text, 2):
        # A hostile text of many digits: only the magnitude matters beyond a double's range.
        return _whole(float(int(text[2:], base))) if len(text) < 250 else math.inf
    unsigned = text[1:] if text[0] in "+-" else text
    if unsigned == "Infinity":
        return -math.inf if text[0] == "-" else math.inf
    return math.nan


def _whole(value: float) -> Number:
    return int(value) if -_EXACT < value < _EXACT and value == int(value) else value


def truthy(value: object) -> bool:
    """Say whether JavaScript takes the value as true: ``"0"``, ``[]`` and ``{}`` are true, NaN is not."""
    if isinstance(value, (list, dict, tuple)):
        return True
    return bool(value) and value == value


def type_of(value: object) -> str:
    """Name the type: number, string, boolean, array, object (null too) or undefined."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (list, tuple)):
        return "array"
    return "object"
