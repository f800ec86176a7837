"""Parses the tokens of a template into its tree.

Source: the Handlebars language guide (handlebarsjs.com), and Handlebars.js 4.7 where the guide is silent.
"""

from __future__ import annotations

import re
from typing import Final

from celigo_pandas.errors import TemplateError, shown
from celigo_pandas.handlebars.syntax import (
    Argument,
    Block,
    Call,
    Comment,
    Content,
    Literal,
    Mustache,
    Path,
    Program,
    Raw,
    Statement,
    Strip,
)
from celigo_pandas.handlebars.tokens import Token, split_tokens
from celigo_pandas.handlebars.whitespace import control_whitespace
from celigo_pandas.javascript.values import UNDEFINED

__all__ = ["MAX_NESTING", "MAX_TEMPLATE", "parse_template"]

MAX_NESTING: Final = 100
MAX_TEMPLATE: Final = 1_000_000

_LITERALS: Final = frozenset({"TEXT", "NUMBER", "BOOLEAN", "UNDEFINED", "NULL"})
_ENDS_PROGRAM: Final = frozenset({"OPEN_END", "ELSE", "OPEN_CHAIN", "END"})
_BRACKETS: Final = re.compile(r"\[.*\]\Z")


def parse_template(template: str) -> Program:
    """Parse a template and apply its whitespace control.

    Raises
    ------
    TemplateError
        Anything that is no template: a tag not closed, a block not closed or closed by another name, a partial,
        nesting beyond a hundred.
    """
    if len(template) > MAX_TEMPLATE:
        raise TemplateError(
            f"A template of {len(template)} characters is too long; the limit is {MAX_TEMPLATE}.", position=0
        )
    program = _Parser(template).run()
    control_whitespace(program)
    return program


class _Parser:
    def __init__(self, template: str) -> None:
        self.template = template
        self.tokens = split_tokens(template)
        self.at = 0
        self.nesting = 0

    def run(self) -> Program:
        program = self._program()
        token = self.tokens[self.at]
        if token.kind != "END":
            what = "closes a block that is not open" if token.kind == "OPEN_END" else "stands outside of a block"
            raise self._error(f"The tag {shown(token.text)} {what}.", token)
        return program

    # Tokens

    def _peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place].kind if place < len(self.tokens) else "END"

    def _next(self) -> Token:
        token = self.tokens[self.at]
        self.at += token.kind != "END"
        return token

    def _expect(self, kind: str, what: str) -> Token:
        token = self._next()
        if token.kind != kind:
            raise self._error(f"Expected {what}, got {shown(token.text) if token.text else 'the end'}.", token)
        return token

    def _error(self, message: str, token: Token) -> TemplateError:
        return TemplateError(
            message,
            template=self.template,
            position=token.position,
            hint=f"See character {token.position + 1} of the template.",
        )

    def _enter(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self._error(f"More than {MAX_NESTING} blocks or subexpressions in each other.", self.tokens[self.at])

    # Statements

    def _program(self) -> Program:
        body: list[Statement] = []
        while self._peek() not in _ENDS_PROGRAM:
            body.append(self._statement())
        return Program(body)

    def _statement(self) -> Statement:
        token = self._next()
        kind = token.kind
        if kind == "CONTENT":
            return Content(token.text, token.text, token.position)
        if kind == "COMMENT":
            return Comment(_strip(token, token), token.position)
        if kind in ("OPEN", "OPEN_PLAIN", "OPEN_UNESCAPED"):
            return self._mustache(token)
        if kind in ("OPEN_BLOCK", "OPEN_INVERSE"):
            return self._block(token)
        if kind == "OPEN_RAW":
            return self._raw(token)
        if kind == "PARTIAL":
            raise self._error("Partials ({{> name}}) do not exist on the platform.", token)
        if kind == "DECORATOR":
            raise self._error("Decorators ({{* name}}) do not exist on the platform.", token)
        raise self._error(f"Unexpected {shown(token.text)}.", token)

    def _mustache(self, token: Token) -> Mustache:
        call = self._call(token.position)
        unescaped = token.kind == "OPEN_UNESCAPED"
        closing = self._expect("CLOSE_UNESCAPED" if unescaped else "CLOSE", "}}}" if unescaped else "}}")
        return Mustache(call, token.kind == "OPEN", _strip(token, closing), token.position)

    def _raw(self, token: Token) -> Raw:
        call = self._call(token.position)
        self._expect("CLOSE_RAW", "}}}}")
        text = self._expect("CONTENT", "the text of a raw block").text
        end = self._expect("END_RAW", "the end of a raw block")
        if end.text != call.path.original:
            raise self._error(f"The raw block {shown(call.path.original)} is closed by {shown(end.text)}.", end)
        return Raw(text, token.position)

    def _block(self, token: Token) -> Block:
        self._enter()
        call, names, strip = self._opening(token)
        program = self._program()
        program.block_params = names
        inverse, inverse_strip = self._inverse(chains=token.kind == "OPEN_BLOCK")
        opening = self._next()
        if opening.kind != "OPEN_END":
            message = f"The block {shown(call.path.original)} is not closed."
            raise self._error(message, token if opening.kind == "END" else opening)
        name = self._name()
        closing = self._expect("CLOSE", "}}")
        if name.original != call.path.original:
            message = f"The block {shown(call.path.original)} is closed by {shown(name.original)}."
            raise self._error(message, opening)
        close_strip = _strip(opening, closing)
        _close_chain(inverse, close_strip)
        self.nesting -= 1
        if token.kind == "OPEN_INVERSE":
            return Block(call, inverse, program, strip, inverse_strip, close_strip, token.position)
        return Block(call, program, inverse, strip, inverse_strip, close_strip, token.position)

    def _opening(self, token: Token) -> tuple[Call, tuple[str, ...], Strip]:
        call = self._call(token.position)
        names: tuple[str, ...] = ()
        if self._peek() == "OPEN_PARAMS":
            self._next()
            found = []
            while self._peek() == "NAME":
                found.append(_unbracketed(self._next().text))
            if not found:
                raise self._error("Block parameters without a name.", self.tokens[self.at])
            self._expect("CLOSE_PARAMS", "|")
            names = tuple(found)
        closing = self._expect("CLOSE", "}}")
        return call, names, _strip(token, closing)

    def _inverse(self, chains: bool) -> tuple[Program | None, Strip]:
        if self._peek() == "ELSE":
            token = self._next()
            return self._program(), _strip(token, token)
        if self._peek() == "OPEN_CHAIN" and chains:
            token = self._next()
            self._enter()
            call, names, strip = self._opening(token)
            program = self._program()
            program.block_params = names
            inverse, inverse_strip = self._inverse(chains=True)
            self.nesting -= 1
            inner = Block(call, program, inverse, strip, inverse_strip, strip, token.position)
            return Program([inner], chained=True), strip
        return None, Strip()

    # Expressions

    def _call(self, position: int) -> Call:
        path = self._name()
        params: list[Argument] = []
        named: list[tuple[str, Argument]] = []
        while True:
            kind = self._peek()
            if kind == "NAME" and self._peek(1) == "EQUALS":
                name = _unbracketed(self._next().text)
                self._next()
                named.append((name, self._argument()))
            elif kind in _LITERALS or kind in ("NAME", "DATA", "OPEN_SUB"):
                if named:
                    raise self._error("A positional argument after a named one.", self.tokens[self.at])
                params.append(self._argument())
            else:
                return Call(path, tuple(params), tuple(named), position)

    def _argument(self) -> Argument:
        if self._peek() != "OPEN_SUB":
            return self._name()
        self._enter()
        token = self._next()
        call = self._call(token.position)
        self._expect("CLOSE_SUB", ")")
        self.nesting -= 1
        return call

    def _name(self) -> Path | Literal:
        token = self.tokens[self.at]
        if token.kind in _LITERALS:
            return _literal(self._next())
        is_data = token.kind == "DATA"
        if is_data:
            self._next()
        return self._path(token, is_data)

    def _path(self, token: Token, is_data: bool) -> Path:
        parts: list[str] = []
        depth, original, separator = 0, "@" if is_data else "", ""
        while True:
            text = self._expect("NAME", "a name").text
            part = _unbracketed(text)
            original += separator + part
            if part == text and part in ("..", ".", "this"):
                if parts:
                    raise self._error(f"The path {shown(original)} goes up after it went down.", token)
                depth += part == ".."
            else:
                parts.append(part)
            while self._is_every():
                parts.append(_unbracketed(self._next().text))
                original += "[*]"
            if self._peek() != "SEPARATOR":
                return Path(tuple(parts), depth, is_data, original, token.position)
            separator = self._next().text

    def _is_every(self) -> bool:
        """Whether ``[*]`` stands right behind a name, without a dot."""
        before, token = self.tokens[self.at - 1], self.tokens[self.at]
        return token.text == "[*]" and token.kind == "NAME" and token.position == before.position + len(before.text)


def _close_chain(inverse: Program | None, strip: Strip) -> None:
    """Tell the first block of an else chain how the tag that ends the chain strips; the others keep their own."""
    if inverse is not None and inverse.chained and isinstance(inverse.body[0], Block):
        inverse.body[0].close_strip = strip


def _strip(opening: Token, closing: Token) -> Strip:
    return Strip(opening.text[2:3] == "~", closing.text[-3:-2] == "~")


def _unbracketed(text: str) -> str:
    if not text.startswith("["):
        return text
    text = re.sub(r"\\([\\\]])", r"\1", text)
    return text[1:-1] if _BRACKETS.match(text) else text


def _literal(token: Token) -> Literal:
    text = token.text
    if token.kind == "TEXT":
        value = text[1:-1].replace("\\" + text[0], text[0])
        return Literal("text", value, value, token.position)
    if token.kind == "NUMBER":
        number = int(text) if "." not in text and len(text) < 16 else float(text)
        return Literal("number", number, text, token.position)
    if token.kind == "BOOLEAN":
        return Literal("boolean", text == "true", text, token.position)
    if token.kind == "NULL":
        return Literal("null", None, text, token.position)
    return Literal("undefined", UNDEFINED, text, token.position)
