"""What a script imports, exports and declares, read from its text without running it.

V8 is given a plain program: ``import`` and ``export`` are blanked out, character for character, so that every line and
column of the rest is the script's own. What was imported is bound before the program runs, as the language has it.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from typing import Final

from celigo_pandas.scripts.libraries import LIBRARIES
from celigo_pandas.scripts.script_tokens import Token, tokens_of

__all__ = ["API_MODULE", "API_NAMES", "Binding", "Declared", "ScriptModule", "ScriptProblem", "read_module"]

API_MODULE: Final = "integrator-api"
API_NAMES: Final = (
    "connections", "environment", "exports", "flows", "iClient", "imports", "integrations", "lookupcaches", "request",
    "state",
)  # fmt: skip
"""Source: the names that the vendor's documentation gives."""

DEFAULT: Final = "_default"
"""What a default export without a name is called in the program; as long as the words that it replaces."""


@dataclass(frozen=True, slots=True)
class ScriptProblem:
    """Something wrong with a script, found without running it.

    Attributes
    ----------
    code : str
        ``syntax_error``, ``unknown_import``, ``bad_import``, ``bad_export``, ``function_missing`` or ``no_functions``.
    message : str
    line, column : int, optional
        From 1.
    """

    code: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}: " if self.line else ""
        return f"{where}{self.message} ({self.code})"


@dataclass(frozen=True, slots=True)
class Binding:
    """One name that an import gives to the program: ``imported`` is ``default``, ``*`` or a member's name."""

    module: str
    imported: str
    local: str
    line: int


@dataclass(frozen=True, slots=True)
class Declared:
    """One function that a script declares at its top, and the name that the program has for it."""

    name: str
    line: int
    local: str


@dataclass(slots=True)
class ScriptModule:
    """A script as it was read.

    Attributes
    ----------
    body : str
        The program for V8: as long as the text, with blanks where imports and exports stood.
    functions : list of Declared
        In the order of the text.
    bindings : list of Binding
    modules : list of str
        All that is imported, also what gives no name.
    problems : list of ScriptProblem
    """

    body: str
    functions: list[Declared] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    problems: list[ScriptProblem] = field(default_factory=list)

    def find(self, name: str) -> Declared | None:
        """Return a function by its name."""
        return next((one for one in self.functions if one.name == name), None)


def read_module(text: str) -> ScriptModule:
    """Read a script."""
    half = _HALF_PAIR.search(text)
    if half:
        line = len(_ENDS.findall(text, 0, half.start())) + 1
        message = f"The text holds {half[0]!a}, half a surrogate pair, which no file can hold; write it as an escape."
        return ScriptModule("", problems=[ScriptProblem("syntax_error", message, line)])
    reading = _Reading(text)
    try:
        reading.read()
    except RecursionError:
        reading.module.problems.append(ScriptProblem("syntax_error", "Template texts are nested too deeply.", 1, 1))
    reading.module.body = reading.body()
    return reading.module


_HALF_PAIR = re.compile("[\ud800-\udfff]")
_ENDS = re.compile(r"\r\n|[\n\r\u2028\u2029]")


class _Reading:
    def __init__(self, text: str) -> None:
        self.module = ScriptModule(text)
        self._text = text
        self._starts = [0, *(end.end() for end in _ENDS.finditer(text))]
        self._changes: list[tuple[int, int, str]] = []
        self._renamed: dict[str, str] = {}

    def read(self) -> None:
        """Go over the tokens that stand in no bracket."""
        tokens = list(tokens_of(self._text))
        at, is_start = 0, True
        while at < len(tokens):
            token = tokens[at]
            if token.depth or token.kind != "word":
                is_start = token.text in (";", "}") and not token.depth
                at += 1
                continue
            follows = tokens[at + 1] if at + 1 < len(tokens) else None
            is_member = at > 0 and tokens[at - 1].text in (".", "?.")
            if token.text == "import" and not is_member and follows is not None and follows.text not in ("(", "."):
                at, is_start = self._import(tokens, at), True
            elif token.text == "export" and (is_start or self._begins_line(token)):
                at, is_start = self._export(tokens, at), True
            else:
                self._declaration(tokens, at)
                at, is_start = at + 1, False
        functions = self.module.functions
        for name, local in self._renamed.items():
            known = self.module.find(local)
            if known is not None and self.module.find(name) is None:
                functions.append(Declared(name, known.line, local))

    def body(self) -> str:
        """Return the text with what was changed."""
        parts, at = [], 0
        for start, end, instead in self._changes:
            parts.append(self._text[at:start])
            parts.append(instead or re.sub(r"[^\n\r\u2028\u2029]", " ", self._text[start:end]))
            at = end
        parts.append(self._text[at:])
        return "".join(parts)

    # imports ------------------------------------------------------------------------------------------------------

    def _import(self, tokens: list[Token], at: int) -> int:
        """Read ``import …`` and return the place after it."""
        begin, end = tokens[at], at + 1
        while end < len(tokens) and tokens[end].kind != "string" and tokens[end].text != ";":
            end += 1
        if end == len(tokens) or tokens[end].kind != "string":
            self._problem("bad_import", "This import names no module; expected import … from 'name'.", begin)
            return at + 1
        module = tokens[end].text[1:-1]
        clause = tokens[at + 1 : end]
        if clause and clause[-1].text == "from":
            clause = clause[:-1]
        bindings = self._clause(clause, module, begin)
        end = self._after(tokens, end)
        self._changes.append((begin.start, tokens[end - 1].end, ""))
        self.module.modules.append(module)
        if module != API_MODULE and module not in LIBRARIES:
            known = ", ".join(repr(name) for name in (API_MODULE, *LIBRARIES))
            self._problem("unknown_import", f"There is no module {module!r:.80}; scripts can import {known}.", begin)
            return end
        for binding in bindings:
            if module == API_MODULE and binding.imported not in ("default", "*", *API_NAMES):
                text = f"{API_MODULE} has no {binding.imported!r:.80}; it has {', '.join(API_NAMES)}."
                self._problem("unknown_import", text, begin)
        self.module.bindings += bindings
        return end

    def _clause(self, clause: list[Token], module: str, begin: Token) -> list[Binding]:
        """Read what stands between ``import`` and ``from``."""
        found: list[Binding] = []
        line = self._line(begin)
        at = 0
        while at < len(clause):
            texts = [token.text for token in clause[at : at + 3]]
            step = 1
            if texts[0] == "*" and texts[1:2] == ["as"] and len(texts) == 3:
                found.append(Binding(module, "*", texts[2], line))
                step = 3
            elif texts[1:2] == ["as"] and len(texts) == 3:
                found.append(Binding(module, texts[0].strip("'\""), texts[2], line))
                step = 3
            elif clause[at].kind == "word":
                imported = texts[0] if clause[at].depth > begin.depth else "default"
                found.append(Binding(module, imported, texts[0], line))
            elif texts[0] not in ("{", "}", ","):
                self._problem("bad_import", f"{texts[0]!r:.40} cannot stand in an import.", clause[at])
            at += step
        return found

    # exports ------------------------------------------------------------------------------------------------------

    def _export(self, tokens: list[Token], at: int) -> int:
        """Read what begins with ``export`` and return the place where the program goes on."""
        begin = tokens[at]
        after = tokens[at + 1 : at + 4]
        if not after:
            self._problem("bad_export", "This export names nothing.", begin)
            return at + 1
        if after[0].text == "default":
            return self._default(tokens, at)
        if after[0].text in ("{", "*"):
            return self._list(tokens, at)
        self._changes.append((begin.start, begin.end, ""))
        return at + 1

    def _default(self, tokens: list[Token], at: int) -> int:
        begin, default = tokens[at], tokens[at + 1]
        after = [token.text for token in tokens[at + 2 : at + 5]]
        head = 2 if after[:1] == ["async"] and after[1:2] == ["function"] else 1
        has_name = after[head - 1 : head] in (["function"], ["class"]) and after[head : head + 1] not in (
            [],
            ["("],
            ["{"],
        )
        if has_name and after[head] != "*":
            self._changes.append((begin.start, default.end, ""))
            self._renamed["default"] = after[head]
            return at + 2
        width = default.end - begin.start
        lines = _ENDS.findall(self._text[begin.start : default.end])
        # Line ends between the two words stay; the rest is at least as long as "var _default =".
        instead = "".join(lines) + f"var {DEFAULT} =".ljust(width - sum(map(len, lines)))
        self._changes.append((begin.start, default.end, instead))
        if after and (after[0] in ("function", "async") or self._is_arrow(tokens, at + 2)):
            self.module.functions.append(Declared("default", self._line(begin), DEFAULT))
        return at + 2

    def _list(self, tokens: list[Token], at: int) -> int:
        begin, end = tokens[at], at + 1
        if tokens[end].text == "{":
            while end < len(tokens) and tokens[end].text != "}":
                end += 1
        names = tokens[at + 2 : end]
        end = self._after(tokens, end)
        if tokens[at + 1].text == "*" or (end < len(tokens) and tokens[end].text == "from"):
            self._problem("bad_export", "A script cannot export from another module; import it, then export.", begin)
        for place, token in enumerate(names):
            if token.text == "as" and 0 < place < len(names) - 1:
                self._renamed[names[place + 1].text.strip("'\"")] = names[place - 1].text
        self._changes.append((begin.start, tokens[min(end, len(tokens)) - 1].end, ""))
        return end

    # declarations -------------------------------------------------------------------------------------------------

    def _declaration(self, tokens: list[Token], at: int) -> None:
        token = tokens[at]
        after = [one.text for one in tokens[at + 1 : at + 4]]
        before = tokens[at - 1].text if at else ""
        if token.text == "function" and after:
            name = after[1] if after[0] == "*" and len(after) > 1 else after[0]
            is_value = before in ("=", "(", ",", ":", "!", "+", "-", "void", "return", "=>", "new", "?")
            is_value = is_value or (before == "async" and at > 1 and tokens[at - 2].text == "=")
            if name != "(" and not is_value:
                self.module.functions.append(Declared(name, self._line(token), name))
        elif after[:1] == ["="] and before in ("const", "let", "var", ","):
            rest = after[1:]
            if rest[:1] == ["function"] or rest[:2] == ["async", "function"] or self._is_arrow(tokens, at + 2):
                self.module.functions.append(Declared(token.text, self._line(token), token.text))

    def _is_arrow(self, tokens: list[Token], at: int) -> bool:
        """Whether ``x => …`` or ``(…) => …``, perhaps after ``async``, begins here."""
        if at < len(tokens) and tokens[at].text == "async":
            at += 1
        if at >= len(tokens):
            return False
        if tokens[at].text == "(":
            depth = tokens[at].depth
            at += 1
            while at < len(tokens) and not (tokens[at].text == ")" and tokens[at].depth == depth):
                at += 1
        return at + 1 < len(tokens) and tokens[at + 1].text == "=>"

    def _after(self, tokens: list[Token], at: int) -> int:
        """Return the place after a token and the semicolon that may follow it."""
        follows = at + 1 < len(tokens) and tokens[at + 1].text == ";"
        return min(at + 1 + follows, len(tokens))

    def _begins_line(self, token: Token) -> bool:
        return not self._text[self._starts[self._line(token) - 1] : token.start].strip()

    def _line(self, token: Token) -> int:
        return bisect.bisect_right(self._starts, token.start)

    def _problem(self, code: str, message: str, token: Token) -> None:
        line = self._line(token)
        self.module.problems.append(ScriptProblem(code, message, line, token.start - self._starts[line - 1] + 1))
