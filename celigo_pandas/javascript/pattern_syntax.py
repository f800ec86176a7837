r"""Translates JavaScript's regular expressions to the syntax of the ``regex`` module.

The two languages share most of their signs and differ in their meaning: ``\d`` is ASCII, ``$`` without ``m`` is the
very end, ``.`` stops at four line ends, a group that took no part matches as empty when it is referred to, ``{,3}``
is literal text, ``x*+`` is an error. So nothing passes through: every sign is read by JavaScript's grammar (with the
leniency of its Annex B where the ``u`` flag is absent) and written anew. What has no equal is refused.

Source: the ECMAScript language specification, "RegExp (Regular Expression) Objects" and Annex B.1.2.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field, replace
from typing import Final

from celigo_pandas.javascript.values import split_units

__all__ = ["PatternError", "Translation", "stand_ins", "translate"]

MAX_PATTERN: Final = 20_000
MAX_NESTING: Final = 200

_LINE_ENDS: Final = r"\n\r\u2028\u2029"
_DIGITS: Final = ((0x30, 0x39),)
_WORDS: Final = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACES: Final = (
    (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
Ranges = tuple[tuple[int, int], ...]


def _others(ranges: Ranges) -> Ranges:
    """Give the ranges of all characters that are in none of the given ones."""
    starts = [0, *(high + 1 for _, high in ranges)]
    ends = [*(low - 1 for low, _ in ranges), 0x10FFFF]
    return tuple(pair for pair in zip(starts, ends, strict=True) if pair[0] <= pair[1])


_SETS: Final[dict[str, Ranges]] = {
    "d": _DIGITS,
    "D": _others(_DIGITS),
    "w": _WORDS,
    "W": _others(_WORDS),
    "s": _SPACES,
    "S": _others(_SPACES),
}
# With ``i`` and ``u`` the word characters are closed under folding, and what is no word character leaves those out.
_FOLDED_WORDS: Final = (*_WORDS, (0x17F, 0x17F), (0x212A, 0x212A))
_FOLDED_SETS: Final = {**_SETS, "w": _FOLDED_WORDS, "W": _others(_FOLDED_WORDS)}
# With the flag ``i`` the regex module folds these onto other letters and JavaScript does not (with ``u`` only the two
# Turkish ones), so pattern and text hold stand-ins for them. Some thirty pairs of polytonic Greek letters are left,
# which match here and not there.
STAND_INS: Final = {
    "i": {0x130: 0xF8F0, 0x131: 0xF8F1, 0x17F: 0xF8F2, 0x212A: 0xF8F3, 0x212B: 0xF8F4, 0x2126: 0xF8F5, 0x1E9E: 0xF8F6},
    "iu": {0x130: 0xF8F0, 0x131: 0xF8F1},
}
_WORD: Final = "[0-9A-Za-z_]"
_BOUNDARY: Final = {
    "b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/")
_QUANTIFIER: Final = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_NAME: Final = re.compile(r"[^\W\d]|\$")
_FLAGS: Final = frozenset("dgimsuy")


class PatternError(ValueError):
    """A pattern that JavaScript would not take, or that has no equal here."""


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


def stand_ins(flags: str) -> dict[int, int]:
    """Give the characters that pattern and text must not hold themselves, and what stands for them."""
    return STAND_INS["iu" if "u" in flags else "i"] if "i" in flags else {}


class _Translator:
    def __init__(self, pattern: str, flags: str) -> None:
        self.pattern = pattern
        self.pos = 0
        self.unicode = "u" in flags
        self.multiline = "m" in flags
        self.dot_all = "s" in flags
        self.stand_ins = stand_ins(flags)
        self.sets = _FOLDED_SETS if self.unicode and "i" in flags else _SETS
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

    # What is asked of the text

    def _error(self, what: str) -> PatternError:
        return PatternError(f"Pattern {self.pattern!r} cannot be read: {what} at position {self.pos}.")

    def _peek(self, ahead: int = 0) -> str:
        at = self.pos + ahead
        return self.pattern[at] if at < len(self.pattern) else ""

    def _take(self, text: str) -> bool:
        if self.pattern.startswith(text, self.pos):
            self.pos += len(text)
            return True
        return False

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
                if text.startswith("(?<", i) and text[i + 3 : i + 4] not in ("=", "!", ""):
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
        if sign in _SETS:
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

    def _property(self) -> str:
        match = re.compile(r"\\([pP])\{([A-Za-z0-9_=]+)\}").match(self.pattern, self.pos)
        if match is None:
            raise self._error("a property name that cannot be read")
        self.pos = match.end()
        name = match[2]
        short = name.split("=", 1)
        if short[0] in ("gc", "sc", "scx", "General_Category", "Script", "Script_Extensions") and len(short) == 2:
            name = f"{'Script' if short[0][0].lower() == 's' else 'gc'}={short[1]}"
        return f"\\{match[1]}{{{name}}}"

    def _character_escape(self, *, in_set: bool) -> int:
        """Read an escape that stands for one character; the position is at its backslash."""
        sign = self._peek(1)
        if sign in _CONTROLS:
            self.pos += 2
            return _CONTROLS[sign]
        if sign == "c":
            return self._control_escape(in_set=in_set)
        if sign in "01234567" and (sign != "0" or not self.unicode or self._peek(2) not in string.digits[1:]):
            return self._octal_escape()
        if sign == "x":
            return self._hex_escape(2)
        if sign == "u":
            return self._unicode_escape()
        if self.unicode and sign not in _SYNTAX and not (in_set and sign == "-"):
            raise self._error(f"the escape \\{sign}")
        self.pos += 2
        return ord(sign)

    def _control_escape(self, *, in_set: bool) -> int:
        letter = self._peek(2)
        allowed = string.ascii_letters + (string.digits + "_" if in_set and not self.unicode else "")
        if letter and letter in allowed:
            self.pos += 3
            return ord(letter) % 32
        if self.unicode:
            raise self._error("the escape \\c")
        self.pos += 1
        return ord("\\")

    def _octal_escape(self) -> int:
        if self.unicode:
            if self._peek(1) != "0" or self._peek(2).isdigit():
                raise self._error("an octal escape")
            self.pos += 2
            return 0
        match = re.compile("[0-3][0-7]{0,2}|[4-7][0-7]?").match(self.pattern, self.pos + 1)
        if match is None:  # pragma: no cover - the caller has seen an octal digit
            raise self._error("an octal escape")
        self.pos = match.end()
        return int(match[0], 8)

    def _hex_escape(self, length: int) -> int:
        digits = self.pattern[self.pos + 2 : self.pos + 2 + length]
        if len(digits) == length and all(digit in string.hexdigits for digit in digits):
            self.pos += 2 + length
            return int(digits, 16)
        if self.unicode:
            raise self._error("an escape with too few digits")
        self.pos += 2
        return ord(self.pattern[self.pos - 1])

    def _unicode_escape(self) -> int:
        if not self.unicode:
            return self._hex_escape(4)
        match = re.compile(r"\\u\{([0-9a-fA-F]+)\}").match(self.pattern, self.pos)
        if match is not None:
            value = int(match[1], 16)
            if value > 0x10FFFF:
                raise self._error("a character that does not exist")
            self.pos = match.end()
            return value
        pair = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(
            self.pattern, self.pos
        )
        if pair is not None:
            self.pos = pair.end()
            return 0x10000 + ((int(pair[1], 16) & 0x3FF) << 10) + (int(pair[2], 16) & 0x3FF)
        return self._hex_escape(4)

    # Sets

    def _set(self) -> str:
        self.pos += 1
        negative = self._take("^")
        members: list[str] = []
        while not self._take("]"):
            if self.pos >= len(self.pattern):
                raise self._error("a set that is not closed")
            members.append(self._member())
        if not members:
            return r"(?s:.)" if negative else "(?!)"
        return f"[{'^' if negative else ''}{''.join(members)}]"

    def _member(self) -> str:
        low = self._set_atom()
        if self._peek() != "-" or self._peek(1) in ("]", ""):
            return low if isinstance(low, str) else self._ranges(((low, low),))
        start = self.pos
        self.pos += 1
        high = self._set_atom()
        if isinstance(low, str) or isinstance(high, str):
            if self.unicode:
                raise self._error("a range with a set for an end")
            # Annex B: the dash is then a character like others.
            ends = (low, ord("-"), high)
            return "".join(end if isinstance(end, str) else self._ranges(((end, end),)) for end in ends)
        if low > high:
            self.pos = start
            raise self._error("a range that is out of order")
        return self._ranges(((low, high),))

    def _ranges(self, ranges: Ranges) -> str:
        """Write ranges for the inside of a set, with the stand-ins where a range holds what they stand for."""
        pieces = []
        for low, high in ranges:
            start = low
            for code, other in sorted(self.stand_ins.items()):
                if low <= code <= high:
                    pieces += [_range(start, code - 1), _in_set(other)]
                    start = code + 1
            pieces.append(_range(start, high))
        return "".join(pieces)

    def _literal(self, code: int) -> str:
        return _in_set(self.stand_ins.get(code, code))

    def _set_atom(self) -> str | int:
        sign = self._peek()
        if sign != "\\":
            if not sign:
                raise self._error("a set that is not closed")
            self.pos += 1
            return ord(sign)
        sign = self._peek(1)
        if not sign:
            raise self._error("a backslash at the end")
        if sign in _SETS:
            self.pos += 2
            return self._ranges(self.sets[sign])
        if sign == "b":
            self.pos += 2
            return 8
        if sign in "pP" and self.unicode:
            return self._property()
        return self._character_escape(in_set=True)


def _range(low: int, high: int) -> str:
    if low > high:
        return ""
    return _in_set(low) if low == high else f"{_in_set(low)}-{_in_set(high)}"


def _in_set(code: int) -> str:
    sign = chr(code)
    if sign.isascii() and sign.isalnum():
        return sign
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
