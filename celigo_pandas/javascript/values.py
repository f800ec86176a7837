"""Values as JavaScript sees them: text, numbers, truth, comparison, JSON text.

The platform runs templates, filters and mappings on Node, and its rules show: ``1.0`` prints as ``1``, a list joins
with commas, ``"9" > "10"`` is true, and an object lists its whole-number keys first. Everything here is a pure
function of plain JSON values (``None, bool, int, float, str, list, dict``) and of :data:`UNDEFINED`. Texts are Python
strings whose lengths and positions are counted in UTF-16 units where that shows.

Source: the ECMAScript language specification (ToString, ToNumber, IsLooselyEqual, SerializeJSONProperty).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, final

__all__ = [
    "UNDEFINED",
    "compare",
    "join_units",
    "json_text",
    "less_than",
    "loose_equal",
    "number_text",
    "ordered_keys",
    "split_units",
    "strict_equal",
    "to_number",
    "to_text",
    "truthy",
    "type_of",
    "utf16_length",
    "utf16_slice",
]

Number = int | float

# Up to here a double holds every integer, so an int prints as itself.
_EXACT: Final = 2**53
_BLANKS: Final = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_TRIM: Final = re.compile(rf"\A[{_BLANKS}]+|[{_BLANKS}]+\Z")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+\Z")
_RADIX: Final = {"0x": 16, "0X": 16, "0o": 8, "0O": 8, "0b": 2, "0B": 2}
_RADIX_DIGITS: Final = {16: re.compile(r"[0-9a-fA-F]+\Z"), 8: re.compile(r"[0-7]+\Z"), 2: re.compile(r"[01]+\Z")}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_INDEX_LIMIT: Final = 2**32 - 1


@final
class Undefined:
    """The type of :data:`UNDEFINED`: one value, falsy, the same in every process."""

    __slots__ = ()
    _only: Undefined | None = None

    def __new__(cls) -> Undefined:
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
    return _TRIM.sub("", text)


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
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    return ("-" if value < 0 else "") + _layout(repr(abs(value)))


def _layout(shortest: str) -> str:
    """Turn Python's shortest digits into JavaScript's layout; they differ only in where an exponent starts."""
    mantissa, _, exponent = shortest.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0)
    if whole == "0":
        point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    power = point - 1
    sign = "+" if power > 0 else "-"
    head = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{head}e{sign}{abs(power)}"


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


def js_text(value: Any) -> str:
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


def truthy(value: Any) -> bool:
    """Say whether JavaScript takes the value as true: ``"0"``, ``[]`` and ``{}`` are true, NaN is not."""
    if isinstance(value, (list, dict, tuple)):
        return True
    return bool(value) and value == value


def type_of(value: Any) -> str:
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


def strict_equal(a: Any, b: Any) -> bool:
    """Compare as ``===``: no conversion; lists and objects are equal only to themselves."""
    kind = type_of(a)
    if kind != type_of(b):
        return False
    if kind == "undefined":
        return True
    if kind in ("array", "object"):
        return a is b
    return bool(a == b)


def loose_equal(a: Any, b: Any) -> bool:
    """Compare as ``==``: numbers against text numerically, null equals undefined only."""
    left, right = type_of(a), type_of(b)
    missing = (a is None or left == "undefined", b is None or right == "undefined")
    if missing[0] or missing[1]:
        return missing[0] and missing[1]
    if left == right:
        return strict_equal(a, b)
    if left in ("array", "object") and right in ("array", "object"):
        return a is b
    a, b = _primitive(a), _primitive(b)
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    return to_number(a) == to_number(b)


def _primitive(value: Any) -> Any:
    return to_text(value) if isinstance(value, (list, dict, tuple)) else value


def less_than(a: Any, b: Any) -> bool | None:
    """Say whether ``a < b``; None when one of them is no number, so that neither order holds."""
    a, b = _primitive(a), _primitive(b)
    if isinstance(a, str) and isinstance(b, str):
        return _units_key(a) < _units_key(b)
    left, right = to_number(a), to_number(b)
    if left != left or right != right:
        return None
    return left < right


def _units_key(text: str) -> bytes:
    # UTF-16 puts astral characters below U+E000..U+FFFF; only then does the order differ from Python's.
    return text.encode("utf-16-be", "surrogatepass")


def compare(a: Any, op: str, b: Any) -> bool:
    """Apply one of JavaScript's comparison operators.

    Parameters
    ----------
    a, b : object
        Plain values.
    op : str
        One of ``== === != !== < > <= >=``.

    Raises
    ------
    ValueError
        Any other operator.
    """
    if op == "==":
        return loose_equal(a, b)
    if op == "===":
        return strict_equal(a, b)
    if op == "!=":
        return not loose_equal(a, b)
    if op == "!==":
        return not strict_equal(a, b)
    if op == "<":
        return less_than(a, b) is True
    if op == ">":
        return less_than(b, a) is True
    if op == "<=":
        return less_than(b, a) is False
    if op == ">=":
        return less_than(a, b) is False
    raise ValueError(f"Not a comparison: {op!r}; known are == === != !== < > <= >=.")


def ordered_keys(members: dict[Any, Any]) -> list[Any]:
    """List the keys of an object as JavaScript does: whole numbers ascending, then the rest as they came."""
    keys = list(members)
    for key in keys:
        if _is_index(key):
            break
    else:
        return keys
    return sorted((key for key in keys if _is_index(key)), key=int) + [key for key in keys if not _is_index(key)]


def _is_index(key: Any) -> bool:
    if not isinstance(key, str) or not key[:1].isdigit() or not key.isascii() or not key.isdigit() or len(key) > 10:
        return False
    return (key == "0" or key[0] != "0") and int(key) < _INDEX_LIMIT


def json_text(value: Any) -> str:
    """Write compact JSON as ``JSON.stringify`` does.

    Undefined members are left out, undefined elements and NaN are ``null``, numbers print as JavaScript's, lone
    surrogates are escaped. ``json_text(UNDEFINED)`` is empty text.
    """
    if value is UNDEFINED:
        return ""
    pieces: list[str] = []
    _write_json(value, pieces.append)
    text = "".join(pieces)
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _write_json(value: Any, write: Any) -> None:
    kind = type(value)
    if kind is str:
        write(_quoted(value))
    elif value is None or value is UNDEFINED:
        write("null")
    elif kind is bool:
        write("true" if value else "false")
    elif isinstance(value, (int, float)):
        write(number_text(value) if _is_finite(value) else "null")
    elif isinstance(value, (list, tuple)):
        separator = "["
        for item in value:
            write(separator)
            separator = ","
            _write_json(item, write)
        write("[]" if separator == "[" else "]")
    elif isinstance(value, dict):
        separator = "{"
        for key in ordered_keys(value):
            member = value[key]
            if member is UNDEFINED:
                continue
            write(separator + _quoted(str(key)) + ":")
            separator = ","
            _write_json(member, write)
        write("{}" if separator == "{" else "}")
    else:
        write(_quoted(str(value)))


_quoted = json.JSONEncoder(ensure_ascii=False).encode


def _is_finite(value: Number) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def utf16_length(text: str) -> int:
    """Count UTF-16 units: what ``.length`` gives."""
    if text.isascii():
        return len(text)
    return len(text) + len(_ASTRAL.findall(text))


def utf16_slice(text: str, start: int, stop: int | None = None) -> str:
    """Cut by UTF-16 units; both ends are 0 or more. A cut pair leaves a lone surrogate, as in JavaScript."""
    if text.isascii() or not _ASTRAL.search(text):
        return text[start:stop]
    return join_units(split_units(text)[start:stop])


def split_units(text: str) -> str:
    """Write every astral character as its two surrogates, one character each."""
    if text.isascii() or not _ASTRAL.search(text):
        return text
    raw = text.encode("utf-16-be", "surrogatepass")
    return "".join([chr(raw[i] << 8 | raw[i + 1]) for i in range(0, len(raw), 2)])


def join_units(text: str) -> str:
    """Join surrogate pairs to characters again; the inverse of :func:`split_units`."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
