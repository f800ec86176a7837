"""Random regular expressions in JavaScript's syntax, and texts to search."""

from __future__ import annotations

import random

_PLAIN = (*"aabbcx01_- ", "é", "k", "s", "S", "K", "]", "}", "ß")
_ESCAPES = (
    r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\.", r"\-", r"\n", r"\t", r"\x41", r"\u0061", r"\u{61}", r"\0", r"\cJ",
    r"\e", r"\$", r"\/", r"\8", r"\12", r"\p{Lu}", r"\P{L}", r"\c", r"\u", r"\x4",
)  # fmt: skip
_CLASSES = (
    "[abc]", "[^abc]",
    "[a-c0-9]", r"[\d_]", r"[^\w]", r"[\s\S]", "[]", "[^]", r"[\]\-]", "[a-]", "[-a]", r"[\b]", "[.$]",
    r"[^\n]", "[[]", r"[\W\d]", "[é-ü]", r"[\d-x]", "[b-a]", "[&&a]", "[a||b]", r"[\c1]", "[😀]", "[^😀]",
)  # fmt: skip
_QUANTIFIERS = ("*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?", "??", "{1,2}?", "{,2}", "{", "*+", "{2,1}", "{0}")
_TEXTS = (
    *"aaabbcx01_- .", "\n", "\r", "\u2028", "é", "😀", "\ud83d", "k", "\u212a", "s", "ſ", "\xa0", "K", "S", "ı", "I",
    "i", "{,2}", "ab", "\ufeff",
)  # fmt: skip
REPLACEMENTS = ("", "-", "[$&]", "$1", "$2$1", "$$", "$`|$'", "$<n>", "$10", "$01", "$0", "$", "x$1y$99")


class PatternGenerator:
    """Makes patterns, flags and texts from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.groups = 0

    def case(self) -> dict[str, str]:
        """Give a pattern with flags, a text and a replacement."""
        self.groups = 0
        pattern = self.alternatives(0)
        flags = "".join(flag for flag in "gimsuy" if self.random.random() < (0.5 if flag == "g" else 0.18))
        text = "".join(self.random.choice(_TEXTS) for _ in range(self.random.randint(0, 12)))
        return {"pattern": pattern, "flags": flags, "text": text, "replacement": self.random.choice(REPLACEMENTS)}

    def alternatives(self, depth: int) -> str:
        count = 1 if self.random.random() < 0.8 else 2
        return "|".join(self.sequence(depth) for _ in range(count))

    def sequence(self, depth: int) -> str:
        return "".join(self.term(depth) for _ in range(self.random.randint(0 if depth else 1, 3)))

    def term(self, depth: int) -> str:
        kind = self.random.random()
        if kind < 0.1:
            return self.random.choice(["^", "$", r"\b", r"\B"])
        if kind < 0.34 and depth < 3:
            atom = self.group(depth)
        elif kind < 0.5:
            atom = self.random.choice(_CLASSES)
        elif kind < 0.62:
            atom = self.random.choice(_ESCAPES)
        elif kind < 0.7:
            atom = "."
        elif kind < 0.74 and self.groups:
            atom = f"\\{self.random.randint(1, self.groups)}"
        else:
            atom = self.random.choice(_PLAIN)
        return atom + (self.random.choice(_QUANTIFIERS) if self.random.random() < 0.3 else "")

    def group(self, depth: int) -> str:
        opening = self.random.choice(["(", "(", "(", "(?:", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?<n>"])
        if opening in ("(", "(?<n>"):
            self.groups += 1
        return opening + self.alternatives(depth + 1) + ")"
