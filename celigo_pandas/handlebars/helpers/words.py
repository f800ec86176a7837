"""String helpers that work on words: case styles, capitals, sentences, truncation.

Source: the vendor's helper reference, "String".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from celigo_pandas.handlebars.helpers.arithmetic import as_number
from celigo_pandas.handlebars.helpers.registry import Helper
from celigo_pandas.javascript.values import UNDEFINED, to_text

__all__ = ["HELPERS"]

# A word ends before a capital that follows a small letter or a digit.
_WORD: Final = re.compile(r"[^\W_]+")
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9\u00df-\u00f6\u00f8-\u00ff])(?=[A-Z\u00c0-\u00d6\u00d8-\u00de])")
_SENTENCE: Final = re.compile(r"\S[^.?!]*[.?!]*")
_CAPITALIZED: Final = re.compile(r"[A-Za-z0-9_\u00c0-\u024f]\S*")


def _words(value: Any) -> list[str]:
    return [word.lower() for run in _WORD.findall(to_text(value)) for word in _CAPITAL.split(run) if word]


def _joined(separator: str) -> Callable[[Any], str]:
    return lambda value: separator.join(_words(value))


def _pascal(value: Any) -> str:
    return "".join([word[:1].upper() + word[1:] for word in _words(value)])


def _camel(value: Any) -> str:
    words = _words(value)
    return "".join(words[:1] + [word[:1].upper() + word[1:] for word in words[1:]])


def _capitalize(value: Any) -> str:
    text = to_text(value)
    return text[:1].upper() + text[1:]


def _capitalize_all(value: Any) -> str:
    return _CAPITALIZED.sub(lambda match: _capitalize(match.group()), to_text(value))


def _sentence(value: Any) -> str:
    return _SENTENCE.sub(lambda match: match[0][:1].upper() + match[0][1:].lower(), to_text(value))


def _truncate_words(value: Any, count: Any = UNDEFINED, suffix: Any = UNDEFINED) -> str:
    number = as_number(count)
    if number != number or number < 0:
        return ""
    text = to_text(value)
    words = text.split()
    if number >= len(words):
        return text
    return " ".join(words[: int(number)]) + ("…" if suffix is UNDEFINED else to_text(suffix))


HELPERS: Final = (
    Helper("uppercase", lambda value: to_text(value).upper()),
    Helper("lowercase", lambda value: to_text(value).lower()),
    Helper("capitalize", _capitalize),
    Helper("capitalizeAll", _capitalize_all),
    Helper("camelcase", _camel),
    Helper("pascalcase", _pascal),
    Helper("snakecase", _joined("_")),
    Helper("dashcase", _joined("-")),
    Helper("dotcase", _joined(".")),
    Helper("pathcase", _joined("/")),
    Helper("sentence", _sentence),
    Helper("truncateWords", _truncate_words, 2, 3),
)
