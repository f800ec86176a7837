"""Many values at once, as JavaScript reads and writes them one by one.

Each function looks at all values together once and gives exactly what the function for one value gives for each;
where that one look is not enough it gives None, and the caller goes one by one. So no value depends on its neighbours.
"""

from __future__ import annotations

import re
from typing import Any, Final

from celigo_pandas.javascript.primitives import Number, number_text

__all__ = ["int_texts", "number_texts", "read_decimals"]

_EXACT: Final = 2**53
# Of these signs Python reads the same numbers as JavaScript, and nothing else.
_WHOLE_SIGNS: Final = re.compile(r"[0-9+\- ]*\Z")
_DECIMAL_SIGNS: Final = re.compile(r"[0-9+\-.eE ]*\Z")
_SURELY_EXACT: Final = 16


def int_texts(numbers: list[Any]) -> list[str]:
    """Write ints, of exactly this type, as :func:`number_text` does."""
    is_exact = min(numbers) > -_EXACT and max(numbers) < _EXACT
    return list(map(str if is_exact else number_text, numbers))


def number_texts(numbers: list[Any]) -> list[str]:
    """Write ints and floats, of exactly these types, as :func:`number_text` does."""
    try:
        texts = list(map(str, numbers))
    except ValueError:  # more digits than Python writes
        return list(map(number_text, numbers))
    joined = "\n".join(texts) + "\n"
    # What is no number hides the largest; it, infinities and ints that no double holds are laid out otherwise.
    if "n" in joined or not -_EXACT < min(numbers) <= max(numbers) < _EXACT:
        return list(map(number_text, numbers))
    if "e" in joined or "-0.0\n" in joined:
        pairs = zip(numbers, texts, strict=True)
        return [number_text(number) if "e" in text or text.endswith(".0") else text for number, text in pairs]
    return joined.replace(".0\n", "\n")[:-1].split("\n") if ".0\n" in joined else texts


def read_decimals(texts: list[str], longest: int) -> list[Number] | None:
    """Read decimal texts, blanks around them allowed, as :func:`to_number` does.

    Returns
    -------
    list of int or float, or None
        None where some text is no decimal number, is infinite, or has `longest` characters or more.
    """
    joined, length = "".join(texts), max(map(len, texts))
    if length >= longest:
        return None
    try:
        if (joined.isdigit() and joined.isascii()) or _WHOLE_SIGNS.match(joined):
            whole = list(map(int, texts))
            if length < _SURELY_EXACT:
                return whole  # type: ignore[return-value]
            return [number if -_EXACT < number < _EXACT else float(number) for number in whole]
        if not _DECIMAL_SIGNS.match(joined):
            return None
        numbers = list(map(float, texts))
    except (ValueError, OverflowError):
        return None
    if sum(numbers) - sum(numbers) != 0:
        return None
    if any(map(float.is_integer, numbers)):
        return [int(number) if number.is_integer() and -_EXACT < number < _EXACT else number for number in numbers]
    return numbers
