"""Random templates of the core language, with the constructs each one holds.

Field names are none of the helpers' names, because those mean something else here than in plain Handlebars.js.
"""

from __future__ import annotations

import random
from typing import Any

CONSTRUCTS = (
    "path",
    "parent path",
    "private variable",
    "bracketed segment",
    "block parameter",
    "subexpression",
    "named argument",
    "else chain",
    "raw block",
    "comment",
    "whitespace control",
    "standalone line",
    "escape",
    "each",
    "with",
    "if",
    "section",
    "inverse section",
    "raw value",
    "lookup",
)
NAMES = ("a", "b", "c", "d", "items", "sub", "name", "list", "none", "map")
TEXTS = ("x", " ", "-", "\n", " \n", "\t", "one two", " }", "{ ", "é😀", "\r\n", " y ", '"', "\\ ", "<&>")


class Generator:
    """Makes one template at a time."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seen: set[str] = set()
        self.params: list[str] = []

    def template(self) -> tuple[str, set[str]]:
        """Give a template and the constructs in it."""
        self.seen, self.params = set(), []
        text = "".join(self.statement(0) for _ in range(self.random.randint(1, 5)))
        return text, self.seen

    def broken(self) -> str:
        """Give a template with one character taken out, doubled or replaced."""
        text = self.template()[0] or "{{a}}"
        place = self.random.randrange(len(text))
        put = self.random.choice(["", text[place] * 2, "{{", "}}", "/", "#", " ", "|", "("])
        return text[:place] + put + text[place + 1 :]

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, *options: Any) -> Any:
        return self.random.choice(options)

    # Expressions

    def path(self) -> str:
        kind = self.random.random()
        if self.params and kind < 0.25:
            self.seen.add("block parameter")
            return self.pick(*self.params) + self.pick("", "", ".a", ".length")
        if kind < 0.35:
            self.seen.add("private variable")
            return self.pick("@index", "@key", "@first", "@last", "@root.a", "@../index", "@../key", "@root.items")
        self.seen.add("path")
        head = self.pick("", "", "", "this.", "./", "@root.")
        if self.chance(0.2):
            self.seen.add("parent path")
            head = self.pick("../", "../", "../../", "../this.")
        steps = [self.step() for _ in range(self.pick(1, 1, 1, 2, 2, 3))]
        if self.chance(0.08):
            return self.pick("this", ".", "..", "@root")
        return head + self.pick(".", ".", "/").join(steps)

    def step(self) -> str:
        if self.chance(0.15):
            self.seen.add("bracketed segment")
            return self.pick("[Ship To]", "[0]", "[1]", "[a]", "[length]", "[b.c]", "[this]", "[2]")
        return self.pick(*NAMES, "length")

    def literal(self) -> str:
        return self.pick("1", "0", "-2.5", "true", "false", "null", "undefined", '"a"', "'it'", '"q\\"q"', '""', '"1"')

    def argument(self, depth: int = 0) -> str:
        kind = self.random.random()
        if kind < 0.15 and depth < 2:
            return self.subexpression(depth + 1)
        return self.literal() if kind < 0.4 else self.path()

    def subexpression(self, depth: int) -> str:
        self.seen.add("subexpression")
        return "(" + self.call(depth) + ")"

    def call(self, depth: int) -> str:
        name = self.pick("uppercase", "eq", "and", "not", "arrayify", "lookup", "lookup")
        if name == "lookup":
            self.seen.add("lookup")
            return f"lookup {self.path()} {self.pick(self.literal(), self.path())}"
        count = 1 if name in ("uppercase", "not", "arrayify") else 2
        words = [name, *(self.argument(depth) for _ in range(count))]
        if self.chance(0.15):
            self.seen.add("named argument")
            words.append(f"k={self.argument(depth)}")
        return " ".join(words)

    # Statements

    def statement(self, depth: int) -> str:
        makers = [self.text] * 3 + [self.value] * 5 + [self.comment, self.escape, self.raw]
        if depth < 3:
            makers += [self.block] * 5
        return self.random.choice(makers)(depth)

    def body(self, depth: int) -> str:
        return "".join(self.statement(depth + 1) for _ in range(self.pick(0, 1, 1, 2, 2)))

    def text(self, depth: int) -> str:
        return "".join(self.pick(*TEXTS) for _ in range(self.random.randint(1, 3)))

    def tag(self, inside: str, opening: str = "{{", closing: str = "}}") -> str:
        left = right = ""
        if self.chance(0.12):
            self.seen.add("whitespace control")
            left, right = self.pick(("~", ""), ("", "~"), ("~", "~"))
        blank = self.pick("", "", "", " ")
        return f"{opening}{left}{inside}{blank}{right}{closing}"

    def value(self, depth: int) -> str:
        inside = self.call(0) if self.chance(0.25) else self.path()
        kind = self.random.random()
        if kind < 0.12:
            self.seen.add("raw value")
            return "{{{" + inside + "}}}"
        if kind < 0.2:
            self.seen.add("raw value")
            return self.tag("& " + inside)
        return self.tag(inside)

    def comment(self, depth: int) -> str:
        self.seen.add("comment")
        return self.line(self.pick(self.tag("! note"), self.tag("!-- a }} b --"), "{{!}}", "{{!----}}"))

    def escape(self, depth: int) -> str:
        self.seen.add("escape")
        return self.pick("\\{{a}}", "\\\\{{a}}", "\\{{#if a}}", "\\{{a}} {{b}}", "\\\\\\{{a}}", "\\{{{a}}}")

    def raw(self, depth: int) -> str:
        self.seen.add("raw block")
        inside = self.pick("{{a}}", " {{#if}} ", "text", "", "{{{{x}}}} {{b}} {{{{/x}}}}", "\\{{a}}")
        return "{{{{raw}}}}" + inside + "{{{{/raw}}}}"

    def line(self, tag: str) -> str:
        """Put a tag on a line of its own, sometimes."""
        if self.chance(0.35):
            self.seen.add("standalone line")
            return self.pick("\n", "\n", "") + self.pick("", "  ", "\t") + tag + self.pick("\n", " \n", "\r\n")
        return tag

    def block(self, depth: int) -> str:
        kind = self.pick("if", "if", "unless", "each", "each", "with", "section", "inverse", "eq")
        opening, name, params = self.opening(kind)
        hidden = len(self.params)
        self.params += params
        body = self.body(depth)
        del self.params[hidden:]
        rest = "" if kind == "inverse" and self.chance(0.6) else self.otherwise(depth, chains=kind != "inverse")
        return self.line(opening) + body + rest + self.line(self.tag("/" + name))

    def opening(self, kind: str) -> tuple[str, str, list[str]]:
        params: list[str] = []
        if kind in ("section", "inverse"):
            self.seen.add("section" if kind == "section" else "inverse section")
            name = self.pick(*NAMES[:8])
            return self.tag(("#" if kind == "section" else "^") + name), name, params
        self.seen.add("if" if kind in ("if", "unless") else kind)
        inside = f"#{kind} {self.argument()}" + (f" {self.argument()}" if kind == "eq" else "")
        if kind == "if" and self.chance(0.15):
            self.seen.add("named argument")
            inside += f" includeZero={self.pick('true', 'false')}"
        if kind in ("each", "with") and self.chance(0.4):
            self.seen.add("block parameter")
            params = [self.pick("p", "q"), "r"] if kind == "each" and self.chance(0.5) else [self.pick("p", "q")]
            inside += f" as |{' '.join(params)}|"
        return self.tag(inside), kind, params

    def otherwise(self, depth: int, chains: bool) -> str:
        text = ""
        if chains and self.chance(0.25):
            self.seen.add("else chain")
            for _ in range(self.pick(1, 1, 2)):
                head = self.pick("if", "unless", "each", "with", "if")
                text += self.line(self.tag(f"else {head} {self.argument()}")) + self.body(depth)
        if self.chance(0.4):
            text += self.line(self.pick(self.tag("else"), self.tag("^"))) + self.body(depth)
        return text


def random_context(source: random.Random) -> dict[str, Any]:
    """Make a context whose names repeat on every level, so that paths find something wherever they start."""
    return {name: _value(source, 0) for name in (*NAMES, "Ship To") if source.random() < 0.85}


def _value(source: random.Random, depth: int) -> Any:
    kind = source.random()
    if depth > 2 or kind < 0.45:
        return source.choice([0, 1, -2.5, 10, 1e21, 0.1, "", "0", "text", "é😀", True, False, None, "Ship To", "a"])
    if kind < 0.75:
        return [_value(source, depth + 1) for _ in range(source.randint(0, 3))]
    names = source.sample([*NAMES, "Ship To", "1", "0", "b.c"], source.randint(0, 5))
    return {name: _value(source, depth + 1) for name in names}
