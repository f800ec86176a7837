"""Integers of JSON texts that have more digits than Python reads: named as such, or kept as their digits."""

from __future__ import annotations

import sys

__all__ = ["TooManyDigits", "integer", "integer_or_digits"]

_SHOWN = 40


class TooManyDigits(ValueError):
    """A JSON integer that Python does not read; the text is JSON all the same."""


def integer(text: str) -> int:
    """Read an integer.

    Raises
    ------
    TooManyDigits
        It has more digits than :func:`sys.get_int_max_str_digits` says; asking again does not help.
    """
    try:
        return int(text)
    except ValueError:
        digits, limit = len(text.lstrip("-")), sys.get_int_max_str_digits()
        raise TooManyDigits(f"{text[:_SHOWN]}… is an integer of {digits:,} digits; Python reads {limit:,}") from None


def integer_or_digits(text: str) -> int | str:
    """Read an integer, or give its digits back as they came: for answers of which only other members matter."""
    try:
        return int(text)
    except ValueError:
        return text
