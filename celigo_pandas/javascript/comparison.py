"""Comparison as JavaScript's operators do it.

Source: the ECMAScript language specification (IsLooselyEqual, IsStrictlyEqual, IsLessThan).
"""

from __future__ import annotations

from celigo_pandas.javascript.primitives import to_number, to_text, type_of

__all__ = ["compare", "less_than", "loose_equal", "strict_equal"]


def strict_equal(a: object, b: object) -> bool:
    """Compare as ``===``: no conversion; lists and objects are equal only to themselves."""
    kind = type_of(a)
    if kind != type_of(b):
        return False
    if kind == "undefined":
        return True
    if kind in ("array", "object"):
        return a is b
    return bool(a == b)


def loose_equal(a: object, b: object) -> bool:
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


def _primitive(value: object) -> object:
    return to_text(value) if isinstance(value, (list, dict, tuple)) else value


def less_than(a: object, b: object) -> bool | None:
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


def compare(a: object, op: str, b: object) -> bool:
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
