"""String helpers that cut, pad and replace. Positions and lengths count UTF-16 units.

Source: the vendor's helper reference, "String".
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import methodcaller
from typing import Any, Final

from celigo_pandas.handlebars.helpers.arithmetic import as_number, whole_number
from celigo_pandas.handlebars.helpers.helper import Helper, text_helper
from celigo_pandas.handlebars.rendering import Refusal, Run
from celigo_pandas.javascript.values import BLANKS, UNDEFINED, to_text, utf16_length, utf16_slice

__all__ = ["HELPERS", "flat"]

_MAX_PADDED: Final = 999_999


def flat(values: Any) -> Iterator[Any]:
    """Go through values, and through the elements of those that are lists."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from flat(value)
        else:
            yield value


def _padding(value: object, length: object, filler: object) -> tuple[str, str]:
    text = to_text(value)
    target = whole_number(length, 0)
    fill = " " if filler is UNDEFINED else to_text(filler)
    missing = target - utf16_length(text)
    if target <= 0 or missing <= 0 or not fill:
        return text, ""
    if target > _MAX_PADDED:
        raise Refusal(f"it pads to {target} characters; at most {_MAX_PADDED}")
    return text, utf16_slice(fill * (missing // utf16_length(fill) + 1), 0, missing)


def _pad_left(value: object, length: object = UNDEFINED, filler: object = UNDEFINED) -> str:
    text, pad = _padding(value, length, filler)
    return pad + text


def _pad_right(value: object, length: object = UNDEFINED, filler: object = UNDEFINED) -> str:
    text, pad = _padding(value, length, filler)
    return text + pad


def _replace(run: Run, value: object, old: object, new: object) -> str:
    text = value if type(value) is str else to_text(value)
    sought = old if type(old) is str else to_text(old)
    put = new if type(new) is str else to_text(new)
    if not sought:
        return text
    if len(put) > len(sought):
        run.check_size(len(text) + text.count(sought) * (len(put) - len(sought)))
    return text.replace(sought, put)


def _replace_first(value: object, old: object, new: object) -> str:
    text, sought = to_text(value), to_text(old)
    return text.replace(sought, to_text(new), 1) if sought else text


def _remove_first(value: object, sought: object) -> str:
    return to_text(value).replace(to_text(sought), "", 1)


def _chop(text: str) -> str:
    start, end = 0, len(text)
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return text[start:end]


def _sanitize(text: str) -> str:
    pieces, done = [], 0
    start = text.find("<")
    while start >= 0:
        end = text.find(">", start)
        if end < 0:
            break
        if end > start + 1:
            pieces.append(text[done:start])
            done = end + 1
        start = text.find("<", end)
    return "".join(pieces) + text[done:]


def _split(value: object, separator: object = UNDEFINED, place: object = UNDEFINED) -> str:
    text = to_text(value)
    number = whole_number(place, 0)
    if separator is UNDEFINED:
        return text if number == 0 else ""
    sought = to_text(separator)
    if sought and sought not in text:
        return text
    if not sought:
        return utf16_slice(text, number, number + 1) if number >= 0 else ""
    parts = text.split(sought)
    return parts[number] if 0 <= number < len(parts) else ""


def _join(run: Run, separator: object, *values: Any) -> str:
    between = to_text(separator)
    parts = [to_text(value) for value in flat(values)]
    run.check_size(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _reverse(value: object) -> object:
    return list(value)[::-1] if isinstance(value, (list, tuple)) else to_text(value)[::-1]


def _occurrences(value: object, sought: object) -> int:
    part = to_text(sought)
    return to_text(value).count(part) if part else 0


def _substring(value: object, start: object = UNDEFINED, stop: object = UNDEFINED) -> str:
    low, high = whole_number(start, 0), None if stop is UNDEFINED else whole_number(stop, 0)
    low = low if low > 0 else 0
    if high is not None:
        high = high if high > 0 else 0
        if high < low:
            low, high = high, low
    text = value if type(value) is str else to_text(value)
    return text[low:high] if text.isascii() else utf16_slice(text, low, high)


def _starts_with(prefix: object, value: object) -> bool | None:
    if prefix is None or prefix is UNDEFINED or value is None or value is UNDEFINED:
        return None
    return to_text(value).startswith(to_text(prefix))


def _is_even(value: object) -> bool:
    return as_number(value) % 2 == 0


HELPERS: Final = (
    text_helper("trim", methodcaller("strip", BLANKS)),
    text_helper("trimLeft", methodcaller("lstrip", BLANKS)),
    text_helper("trimRight", methodcaller("rstrip", BLANKS)),
    Helper("padLeft", _pad_left, 2, 3),
    Helper("padRight", _pad_right, 2, 3),
    Helper("replace", _replace, 3, 3, with_run=True),
    Helper("replacefirst", _replace_first, 3, 3),
    Helper("removefirst", _remove_first, 2, 2),
    text_helper("chop", _chop),
    text_helper("sanitize", _sanitize),
    Helper("split", _split, 2, 3),
    Helper("join", _join, 1, None, with_run=True),
    Helper("reverse", _reverse),
    Helper("occurrences", _occurrences, 2, 2),
    Helper("substring", _substring, 2, 3),
    Helper("startsWith", _starts_with, 2, 2, kind="choice"),
    Helper("ifEven", _is_even, kind="choice"),
)
