r"""The smallest signs of JavaScript's regular expressions: characters, escapes and sets, written for ``regex``.

Sets are kept as ranges of characters, so that what a negated set holds is computed and not guessed.

Source: the ECMAScript language specification, "RegExp (Regular Expression) Objects" and Annex B.1.2.
"""

from __future__ import annotations

import re
import string
from typing import Final

__all__ = ["PatternError", "SignReader", "stand_ins"]

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
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/")


class PatternError(ValueError):
    """A pattern that JavaScript would not take, or that has no equal here."""


def stand_ins(flags: str) -> dict[int, int]:
    """Give the characters that pattern and text must not hold themselves, and what stands for them."""
    return STAND_INS["iu" if "u" in flags else "i"] if "i" in flags else {}


class SignReader:
    """Reads characters, escapes and sets from a pattern, and writes them for the ``regex`` module.

    Parameters
    ----------
    pattern : str
        JavaScript's syntax; as surrogates where the flag ``u`` is absent.
    flags : str
        JavaScript's flags.
    """

    def __init__(self, pattern: str, flags: str) -> None:
        self.pattern = pattern
        self.pos = 0
        self.unicode = "u" in flags
        self.stand_ins = stand_ins(flags)
        self.sets = _FOLDED_SETS if self.unicode and "i" in flags else _SETS

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
        if sign in "01234567":
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
        if sign in self.sets:
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
