r"""Translates JavaScript's regular expressions to the syntax of the ``regex`` module.

The two languages share most of their signs and differ in their meaning: ``\d`` is ASCII, ``$`` without ``m`` is the
very end, ``.`` stops at four line ends, a group that took no part matches as empty when it is referred to, ``{,3}``
is literal text, ``x*+`` is an error. So nothing passes through: every sign is read by JavaScript's grammar (with the
leniency of its Annex B where the ``u`` flag is absent) and written anew. What has no equal is refused.

Source: the ECMAScript language specification, "RegExp (Regular Expression) Objects" and Annex B.1.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from celigo_pandas.javascript.pattern_signs import PatternError, SignReader, stand_ins
from celigo_pandas.javascript.values import split_units

__all__ = ["PatternError", "Translation", "stand_ins", "translate"]

MAX_PATTERN: Final = 20_000
MAX_NESTING: Final = 200


_LINE_ENDS: Final = r"\n\r\u2028\u2029"
_WORD: Final = "[0-9A-Za-z_]"
_BOUNDARY: Final = {
    "b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}
_QUANTIFIER: Final = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_NAME: Final = re.compile(r"[^\W\d]|\$")
_FLAGS: Final = frozenset("dgimsuy")


@dataclass(frozen=True)
class Translation:
    """A pattern in the syntax of the ``regex`` module, and what cannot be read from it."""

    text: str
    names: dict[str, int]
    groups: int
    # Groups whose capture JavaScript forgets with each turn of a loop around them; the regex module keeps it.
    forgotten: frozenset[int]
    # Repeats that are repeated as they are, such as (a+)+: JavaScript takes exponential time where they fail.
    runaways: tuple[str, ...] = ()


@dataclass
class _Piece:
    """Translated text with its groups; True for those that take part whenever the piece matches."""

    text: str
    groups: dict[int, bool] = field(default_factory=dict)
    # The text of a repeat without an upper end, when the piece is that and nothing else.
    run: str = ""
    nullable: bool = False
    # Whether it may prefer to match nothing where it could match something, as ``a??`` and ``(|a)`` do.
    coy: bool = False


def translate(pattern: str, flags: str = "") -> Translation:
    """Translate one pattern.

    Parameters
    ----------
    pattern : str
        JavaScript's syntax, without slashes around it.
    flags : str
        Any of ``dgimsuy``, each once.

    Raises
    ------
    PatternError
        A syntax error, an unknown flag, or a construct without an equal.
    """
    unknown = [flag for flag in flags if flag not in _FLAGS]
    if unknown or len(set(flags)) != len(flags):
        raise PatternError(f"Flags {flags!r} cannot be used; known are d g i m s u y, each once.")
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"A pattern of {len(pattern)} characters is too long; the limit is {MAX_PATTERN}.")
    return _Translator(pattern if "u" in flags else split_units(pattern), flags).run()


class _Translator(SignReader):
    def __init__(self, pattern: str, flags: str) -> None:
        super().__init__(pattern, flags)
        self.multiline = "m" in flags
        self.dot_all = "s" in flags
        self.count = 0
        self.open: list[int] = []
        self.closed: set[int] = set()
        self.forgotten: set[int] = set()
        self.referred: list[int] = []
        self.runaways: list[str] = []
        self.nesting = 0
        self.behind = 0
        self.total, self.names = self._scan_groups()

    def run(self) -> Translation:
        piece = self._alternatives()
        if self.pos < len(self.pattern):
            raise self._error("an unmatched )")
        lost = self.forgotten.intersection(self.referred)
        if lost:
            raise PatternError(
                f"Pattern {self.pattern!r} refers to group {min(lost)}, which a loop around it may skip; "
                "this cannot be evaluated as JavaScript does. Write it without the reference."
            )
        return Translation(piece.text, self.names, self.count, frozenset(self.forgotten), tuple(self.runaways))

    def _scan_groups(self) -> tuple[int, dict[str, int]]:
        """Count the groups first: what ``\\3`` means depends on how many there are in the whole pattern."""
        total, names, in_class, i, text = 0, {}, False, 0, self.pattern
        while i < len(text):
            sign = text[i]
            if sign == "\\":
                i += 1
            elif in_class:
                in_class = sign != "]"
            elif sign == "[":
                in_class = True
            elif sign == "(":
                if text.startswith("(?<", i) and text[i + 3 : i + 4] not in ("=", "!"):
                    end = text.find(">", i)
                    name = text[i + 3 : end] if end > 0 else ""
                    self._check_name(name)
                    total += 1
                    if name in names:
                        raise PatternError(f"Pattern {text!r} names two groups {name!r}.")
                    names[name] = total
                elif not text.startswith("(?", i):
                    total += 1
            i += 1
        return total, names

    def _check_name(self, name: str) -> None:
        if not name or not _NAME.match(name) or not all(_NAME.match(c) or c.isalnum() for c in name):
            raise PatternError(f"Pattern {self.pattern!r} has a group name that cannot be used: {name!r}.")

    # The grammar, from the outside in

    def _alternatives(self) -> _Piece:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise PatternError(f"A pattern with more than {MAX_NESTING} groups in each other cannot be used.")
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        self.nesting -= 1
        is_one = len(branches) == 1
        return _Piece(
            "|".join(branch.text for branch in branches),
            {group: sure and is_one for branch in branches for group, sure in branch.groups.items()},
            branches[0].run if is_one else "",
            nullable=any(branch.nullable for branch in branches),
            coy=any(branch.coy for branch in branches) or any(branch.nullable for branch in branches[:-1]),
        )

    def _sequence(self) -> _Piece:
        pieces: list[_Piece] = []
        while self.pos < len(self.pattern) and self._peek() not in "|)":
            pieces.append(self._term())
        return _Piece(
            "".join(piece.text for piece in pieces),
            {group: sure for piece in pieces for group, sure in piece.groups.items()},
            pieces[0].run if len(pieces) == 1 else "",
            nullable=all(piece.nullable for piece in pieces),
            coy=any(piece.coy for piece in pieces),
        )

    def _term(self) -> _Piece:
        sign = self._peek()
        if sign == "^":
            self.pos += 1
            return self._unrepeated(rf"(?<![^{_LINE_ENDS}])" if self.multiline else r"\A")
        if sign == "$":
            self.pos += 1
            return self._unrepeated(rf"(?![^{_LINE_ENDS}])" if self.multiline else r"(?!(?s:.))")
        if sign == "\\" and self._peek(1) in ("b", "B"):
            self.pos += 2
            return self._unrepeated(_BOUNDARY[self.pattern[self.pos - 1]])
        if sign == "(":
            return self._group()
        return self._repeated(self._atom(sign))

    def _unrepeated(self, text: str) -> _Piece:
        if self._quantifier_follows():
            raise self._error("nothing to repeat")
        return _Piece(text, nullable=True)

    def _quantifier_follows(self) -> bool:
        return self._peek() in ("*", "+", "?") or bool(_QUANTIFIER.match(self.pattern, self.pos))

    def _repeated(self, piece: _Piece) -> _Piece:
        sign = self._peek()
        if sign and sign in "*+?":
            self.pos += 1
            low, high, text = (1 if sign == "+" else 0), (1 if sign == "?" else None), sign
        else:
            match = _QUANTIFIER.match(self.pattern, self.pos)
            if match is None:
                return piece
            low = int(match[1])
            high = low if match[2] is None else int(match[3]) if match[3] else None
            if high is not None and high < low:
                raise self._error("a quantifier whose numbers are out of order")
            if max(low, high or 0) > 100_000:
                raise self._error("a quantifier of more than 100000")
            self.pos = match.end()
            text = f"{{{low}}}" if high == low else f"{{{low},{'' if high is None else high}}}"
        is_lazy = self._take("?")
        if self._quantifier_follows():
            raise self._error("nothing to repeat")
        if high is None or high > 1:
            self._check_loop(piece)
            self.forgotten.update(group for group, sure in piece.groups.items() if piece.nullable or not sure)
        if high is None and piece.run and not re.search(r"\\[0-9]|\((?!\?)|\(\?\(", piece.run):
            self.runaways.append(piece.run)
        repeated = f"(?:{piece.text}){text}{'?' if is_lazy else ''}"
        return _Piece(
            repeated,
            {group: sure and low > 0 for group, sure in piece.groups.items()},
            repeated if high is None else "",
            nullable=piece.nullable or low == 0,
            coy=piece.coy or (is_lazy and (low == 0 or piece.nullable)),
        )

    def _check_loop(self, piece: _Piece) -> None:
        if piece.nullable and piece.coy:
            # JavaScript takes back a turn that matched nothing and tries it otherwise; the regex module ends the loop.
            raise PatternError(
                f"Pattern {self.pattern!r} repeats a group that prefers to match nothing (before position {self.pos}); "
                "this cannot be evaluated as JavaScript does. Repeat a group that matches at least one character."
            )

    def _group(self) -> _Piece:
        for opening in ("(?=", "(?!", "(?<=", "(?<!"):
            if self._take(opening):
                return self._look(opening)
        if self._take("(?:"):
            inner = self._alternatives()
            self._close()
            return self._repeated(replace(inner, text=f"(?:{inner.text})"))
        if self._take("(?<"):
            self.pos = self.pattern.index(">", self.pos) + 1
        elif self.pattern.startswith("(?", self.pos):
            raise self._error("a group of a kind that JavaScript does not have")
        else:
            self.pos += 1
        self.count += 1
        number = self.count
        self.open.append(number)
        inner = self._alternatives()
        self._close()
        self.open.pop()
        self.closed.add(number)
        return self._repeated(replace(inner, text=f"({inner.text})", groups={**inner.groups, number: True}))

    def _look(self, opening: str) -> _Piece:
        behind = opening.startswith("(?<")
        self.behind += behind
        before = self.count
        inner = self._alternatives()
        self._close()
        self.behind -= behind
        if behind and self.count > before and any(before < number <= self.count for number in self.referred):
            raise self._error("a reference to a group of a lookbehind")
        negative = opening.endswith("!")
        piece = _Piece(f"{opening}{inner.text})", {} if negative else inner.groups, nullable=True)
        if behind or self.unicode:
            return self._unrepeated(piece.text) if not piece.groups else self._no_quantifier(piece)
        return self._repeated(piece)

    def _no_quantifier(self, piece: _Piece) -> _Piece:
        self._unrepeated("")
        return piece

    def _close(self) -> None:
        if not self._take(")"):
            raise self._error("a group that is not closed")

    # Atoms

    def _atom(self, sign: str) -> _Piece:
        if sign == ".":
            self.pos += 1
            return _Piece("(?s:.)" if self.dot_all else f"[^{_LINE_ENDS}]")
        if sign == "[":
            return _Piece(self._set())
        if sign == "\\":
            text = self._escape()
            return _Piece(text, nullable=text.startswith("(?"))
        if sign in "*+?" or (sign == "{" and _QUANTIFIER.match(self.pattern, self.pos)):
            raise self._error("nothing to repeat")
        if self.unicode and sign in "{}]":
            raise self._error(f"a {sign} that is not escaped")
        self.pos += 1
        return _Piece(self._literal(ord(sign)))

    def _escape(self) -> str:
        sign = self._peek(1)
        if not sign:
            raise self._error("a backslash at the end")
        if sign in self.sets:
            self.pos += 2
            return f"[{self._ranges(self.sets[sign])}]"
        if sign in "pP" and self.unicode:
            return f"[{self._property()}]"
        if sign == "k" and (self.unicode or self.names):
            return self._named_reference()
        if sign in "123456789":
            reference = self._numbered_reference()
            if reference is not None:
                return reference
        return self._literal(self._character_escape(in_set=False))

    def _named_reference(self) -> str:
        end = self.pattern.find(">", self.pos)
        name = self.pattern[self.pos + 3 : end]
        if self._peek(2) != "<" or end < 0 or name not in self.names:
            raise self._error("a reference to a group that is not there")
        self.pos = end + 1
        return self._reference(self.names[name])

    def _numbered_reference(self) -> str | None:
        digits = re.compile("[0-9]+").match(self.pattern, self.pos + 1)
        number = int(digits[0][:6]) if digits else 0
        if digits is None or number > self.total:
            if self.unicode:
                raise self._error("a reference to a group that is not there")
            return None
        self.pos = digits.end()
        return self._reference(number)

    def _reference(self, number: int) -> str:
        if self.behind:
            raise self._error("a reference inside a lookbehind")
        if number not in self.closed:
            # Inside its own group, or before it: JavaScript has no capture yet, or forgets it with each turn.
            if number not in self.open and self.nesting > 1:
                raise self._error("a reference ahead of its group")
            return "(?:)"
        self.referred.append(number)
        return f"(?({number})\\{number}|)"
