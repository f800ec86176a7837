"""The tokens of a JavaScript text: only as much of the language as it takes to know what is code.

Strings, comments, template texts and regular expressions are one token each, so that a word inside them is never taken
for one of the program. Whether a slash begins a regular expression is decided by what stands before it. What is no
JavaScript gives tokens all the same: that it is none is V8's to say, with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Token", "tokens_of"]


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes
    ----------
    kind : str
        ``word``, ``string``, ``template``, ``regex``, ``number`` or ``sign``.
    text : str
    start, end : int
        Where it stands in the text.
    depth : int
        How many brackets are open around it; an opening bracket stands outside, a closing one too.
    """

    kind: str
    text: str
    start: int
    end: int
    depth: int


_SPACE = re.compile(r"(?:[\s\ufeff]+|//[^\n\r\u2028\u2029]*|/\*.*?(?:\*/|\Z))+", re.DOTALL)
_LINE_ONLY = re.compile(r"\A#![^\n\r\u2028\u2029]*")
_WORD = re.compile(r"[#@]?(?:[\w$\u200c\u200d]|\\u\{?[0-9a-fA-F]+\}?)+")
_NUMBER = re.compile(r"(?:0[xXoObB][\w]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?)")
_STRING = re.compile(r"""'(?:[^'\\\n\r]|\\(?:\r\n|.))*'?|"(?:[^"\\\n\r]|\\(?:\r\n|.))*"?""", re.DOTALL)
_REGEX = re.compile(r"/(?:[^/\\\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*\])+/\w*")
_SIGN = re.compile(r"=>|\.\.\.|\?\.|\+\+|--|[\s\S]")
_TEMPLATE_PART = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)

_BEFORE_REGEX = frozenset(
    "return typeof instanceof in of new delete void throw case do else yield await default extends".split()
)
_CONDITIONS = frozenset(["if", "while", "for", "with"])


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the tokens of a program."""
    reader = _Reader(text)
    while (token := reader.next()) is not None:
        yield token


class _Reader:
    """Where reading stands, and what is open around it."""

    def __init__(self, text: str) -> None:
        self._text = text
        shebang = _LINE_ONLY.match(text)
        self._at = shebang.end() if shebang else 0
        self._last: Token | None = None
        self._open: list[bool] = []
        """Of each open bracket, whether it is that of a condition: after it a slash begins a regular expression."""
        self._after_condition = False

    def next(self) -> Token | None:
        space = _SPACE.match(self._text, self._at)
        if space:
            self._at = space.end()
        if self._at >= len(self._text):
            return None
        kind, end = self._kind_and_end()
        text = self._text[self._at : end]
        if kind == "sign" and text in ")]}" and self._open:
            self._after_condition = self._open.pop()
        token = Token(kind, text, self._at, end, len(self._open))
        if kind == "sign" and text in "([{":
            before = self._last
            self._open.append(text == "(" and before is not None and before.text in _CONDITIONS)
        self._at, self._last = end, token
        return token

    def _kind_and_end(self) -> tuple[str, int]:
        text, at = self._text, self._at
        first = text[at]
        if first in "'\"":
            return "string", self._end(_STRING)
        if first == "`":
            return "template", self._template_end(at)
        if first == "/" and self._regex_may_begin():
            found = _REGEX.match(text, at)
            if found:
                return "regex", found.end()
        if first.isdigit() or (first == "." and text[at + 1 : at + 2].isdigit()):
            return "number", self._end(_NUMBER)
        word = _WORD.match(text, at)
        if word:
            return "word", word.end()
        return "sign", self._end(_SIGN)

    def _end(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        return found.end() if found else self._at + 1

    def _regex_may_begin(self) -> bool:
        last = self._last
        if last is None or last.kind == "sign":
            if last is not None and last.text == ")":
                return self._after_condition
            return last is None or last.text not in ("]", "++", "--")
        return last.kind == "word" and last.text in _BEFORE_REGEX

    def _template_end(self, at: int) -> int:
        """Return where a template text ends; what stands in ``${}`` is code, with brackets and texts of its own."""
        text, at = self._text, at + 1
        while at < len(text):
            at = _end_of(_TEMPLATE_PART, text, at)
            if text.startswith("${", at):
                inner = _Reader(text)
                inner._at, depth = at + 2, 1
                while depth and (token := inner.next()) is not None:
                    depth += (token.text == "{") - (token.text == "}") if token.kind == "sign" else 0
                at = inner._at
            else:
                return min(at + 1, len(text))
        return len(text)


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
