"""String helpers that work on words: case styles, capitals, sentences, truncation.

Source: the vendor's helper reference, "String".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from celigo_pandas.handlebars.helpers.arithmetic import as_number
from celigo_pandas.handlebars.helpers.helper import Helper, text_helper
from celigo_pandas.javascript.values import UNDEFINED, to_text

__all__ = ["HELPERS"]

# A word ends before a capital that follows a small letter or a digit.
_WORD: Final = re.compile(r"[^\W_]+")
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9\u00df-\u00f6\u00f8-\u00ff])(?=[A-Z\u00c0-\u00d6\u00d8-\u00de])")
_SENTENCE: Final = re.compile(r"\S[^.?!]*[.?!]*")
_CAPITALIZED: Final = re.compile(r"[A-Za-z0-9_\u00c0-\u024f]\S*")


def _words(text: str) -> list[str]:
    return [word.lower() for run in _WORD.findall(text) for word in _CAPITAL.split(run) if word]


def _joined(separator: str) -> Callable[[str], str]:
    return lambda text: separator.join(_words(text))


def _pascal(text: str) -> str:
    return "".join([word[:1].upper() + word[1:] for word in _words(text)])


def _camel(text: str) -> str:
    words = _words(text)
    return "".join(words[:1] + [word[:1].upper() + word[1:] for word in words[1:]])


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _capitalize_all(text: str) -> str:
    return _CAPITALIZED.sub(lambda match: _capitalize(match.group()), text)


def _sentence(text: str) -> str:
    return _SENTENCE.sub(lambda match: match[0][:1].upper() + match[0][1:].lower(), text)


def _truncate_words(value: object, count: object = UNDEFINED, suffix: object = UNDEFINED) -> str:
    number = as_number(count)
    if number != number or number < 0:
        return ""
    text = to_text(value)
    words = text.split()
    if number >= len(words):
        return text
    return " ".join(words[: int(number)]) + ("…" if suffix is UNDEFINED else to_text(suffix))


HELPERS: Final = (
    text_helper("uppercase", str.upper),
    text_helper("lowercase", str.lower),
    text_helper("capitalize", _capitalize),
    text_helper("capitalizeAll", _capitalize_all),
    text_helper("camelcase", _camel),
    text_helper("pascalcase", _pascal),
    text_helper("snakecase", _joined("_")),
    text_helper("dashcase", _joined("-")),
    text_helper("dotcase", _joined(".")),
    text_helper("pathcase", _joined("/")),
    text_helper("sentence", _sentence),
    Helper("truncateWords", _truncate_words, 2, 3),
)
