"""Text in UTF-16 units, which JavaScript counts and cuts by.

Source: the ECMAScript language specification, "The String Type".
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["SURROGATE", "join_units", "split_units", "utf16_length", "utf16_slice"]

SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")


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
    if text.isascii() or not SURROGATE.search(text):
        return text
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
