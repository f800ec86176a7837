r"""Splits a template into tokens, in the states of Handlebars.js: text, tag, comment, escaped tag, raw block.

Source: the Handlebars language guide (handlebarsjs.com), and Handlebars.js 4.7 where the guide is silent. Beyond
Handlebars.js, templates of lists write ``items[*].sku`` and ``*.sku`` for the element at hand, as extracts do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from celigo_pandas.errors import TemplateError, shown

__all__ = ["Token", "split_tokens"]

_S: Final = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_NOT_IN_NAME: Final = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff!\"#%-,./;->@\[-\^`{-~"
_EVERY: Final = r"\[\*\]"
_AFTER_NAME: Final = rf"(?=[=~}}/.)|]|{_EVERY}|{_S})"
_AFTER_LITERAL: Final = rf"(?=[~}})]|{_S})"

# Order matters: the first that matches is taken.
_KINDS: Final = (
    ("OPEN_SUB", r"\("),
    ("CLOSE_SUB", r"\)"),
    ("OPEN_RAW", r"\{\{\{\{"),
    ("CLOSE_RAW", r"\}\}\}\}"),
    ("PARTIAL", r"\{\{~?#?>"),
    ("DECORATOR", r"\{\{~?#?\*(?!\.)"),
    ("OPEN_BLOCK", r"\{\{~?#"),
    ("OPEN_END", r"\{\{~?/"),
    ("ELSE", rf"\{{\{{~?\^{_S}*~?\}}\}}"),
    ("ELSE", rf"\{{\{{~?{_S}*else{_S}*~?\}}\}}"),
    ("OPEN_INVERSE", r"\{\{~?\^"),
    ("OPEN_CHAIN", rf"\{{\{{~?{_S}*else(?![0-9A-Za-z_])"),
    ("OPEN_UNESCAPED", r"\{\{~?\{"),
    ("OPEN_PLAIN", r"\{\{~?&"),
    ("COMMENT", r"(?=\{\{~?!--)[\s\S]*?--~?\}\}"),
    ("COMMENT", r"\{\{~?!(?!--)[\s\S]*?\}\}"),
    ("OPEN", r"\{\{~?"),
    ("EQUALS", "="),
    ("NAME", r"\.\."),
    ("NAME", r"\." + _AFTER_NAME),
    ("SEPARATOR", r"[/.]"),
    ("", _S + "+"),
    ("CLOSE_UNESCAPED", r"\}~?\}\}"),
    ("CLOSE", r"~?\}\}"),
    ("TEXT", r'"(?:\\"|[^"])*"'),
    ("TEXT", r"'(?:\\'|[^'])*'"),
    ("DATA", "@"),
    ("BOOLEAN", "(?:true|false)" + _AFTER_LITERAL),
    ("UNDEFINED", "undefined" + _AFTER_LITERAL),
    ("NULL", "null" + _AFTER_LITERAL),
    ("NUMBER", r"-?[0-9]+(?:\.[0-9]+)?" + _AFTER_LITERAL),
    ("OPEN_PARAMS", rf"as{_S}+\|"),
    ("CLOSE_PARAMS", r"\|"),
    ("NAME", r"\*(?=\.)"),
    ("NAME", rf"[^{_NOT_IN_NAME}]+" + _AFTER_NAME),
    ("NAME", r"\[(?:\\\]|[^\]])*\]"),
)
_IN_TAG: Final = re.compile("|".join(f"(?P<kind{place}>{pattern})" for place, (_, pattern) in enumerate(_KINDS)))
_ENDS_TAG: Final = frozenset({"CLOSE", "CLOSE_UNESCAPED", "COMMENT", "ELSE"})
_AFTER_ESCAPED: Final = re.compile(r"\{\{|\\\{\{|\\\\\{\{")
_RAW_END: Final = re.compile(rf"\{{\{{\{{\{{/([^{_NOT_IN_NAME}]+)\}}\}}\}}\}}")


@dataclass(frozen=True)
class Token:
    """One token: its kind, its text as it stands, and where it starts."""

    kind: str
    text: str
    position: int


def split_tokens(template: str) -> list[Token]:
    """Split a template.

    Raises
    ------
    TemplateError
        Text in a tag that is no token, or a tag, comment or raw block that is not closed.
    """
    return _Splitter(template).run()


class _Splitter:
    def __init__(self, template: str) -> None:
        self.template = template
        self.position = 0
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        while self.position < len(self.template):
            self._text()
        self.tokens.append(Token("END", "", self.position))
        return self.tokens

    def _add(self, kind: str, text: str, position: int) -> None:
        self.tokens.append(Token(kind, text, position))

    def _text(self) -> None:
        start, template = self.position, self.template
        tag = template.find("{{", start)
        if tag < 0:
            self._add("CONTENT", template[start:], start)
            self.position = len(template)
            return
        text, self.position = template[start:tag], tag
        is_escaped = False
        if text.endswith("\\\\"):
            text = text[:-1]
        elif text.endswith("\\"):
            text, is_escaped = text[:-1], True
        if text:
            self._add("CONTENT", text, start)
        if is_escaped:
            self._escaped_tag()
        else:
            self._tag()

    def _escaped_tag(self) -> None:
        start = self.position
        following = _AFTER_ESCAPED.search(self.template, start + 2)
        self.position = following.start() if following else len(self.template)
        self._add("CONTENT", self.template[start : self.position], start)

    def _tag(self) -> None:
        start = self.position
        while True:
            kind = self._next_in_tag(start)
            if kind == "CLOSE_RAW":
                self._raw()
                return
            if kind in _ENDS_TAG:
                return

    def _next_in_tag(self, start: int) -> str:
        position = self.position
        if position >= len(self.template):
            raise self._error(f"The tag is not closed: {shown(self.template[start : start + 60])}.", start)
        match = _IN_TAG.match(self.template, position)
        if match is not None:
            kind = _KINDS[int((match.lastgroup or "")[4:])][0]
            self.position = match.end()
            if kind:
                self._add(kind, match.group(), position)
            return kind
        if "}}" not in self.template[position:]:
            raise self._error(f"The tag is not closed: {shown(self.template[start : start + 60])}.", start)
        raise self._error(f"This cannot stand in a tag: {shown(self.template[position : position + 20])}.", position)

    def _raw(self) -> None:
        """Take the text of a raw block; raw blocks inside it are counted, not read."""
        start, depth = self.position, 1
        while True:
            brace = self.template.find("{{{{", self.position)
            if brace < 0:
                raise self._error("A raw block is not closed.", start)
            end = _RAW_END.match(self.template, brace)
            if end is not None:
                depth -= 1
                self.position = end.end()
                if depth == 0:
                    self._add("CONTENT", self.template[start:brace], start)
                    self._add("END_RAW", end[1], brace)
                    return
            else:
                depth += self.template[brace + 4 : brace + 5] != "/"
                self.position = brace + 4

    def _error(self, message: str, position: int) -> TemplateError:
        return TemplateError(
            message,
            template=self.template,
            position=position,
            hint=f"See character {position + 1} of the template. Text that is no tag is written \\{{{{.",
        )
