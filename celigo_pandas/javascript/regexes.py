r"""JavaScript's regular expressions on the ``regex`` module, with a time limit.

Positions count UTF-16 units, and without the ``u`` flag a character beyond U+FFFF is two of them, as in JavaScript:
the text is then searched as its surrogates. ``re`` cannot be stopped once it backtracks, ``regex`` can.

Source: the ECMAScript language specification, "RegExp.prototype" and "GetSubstitution".
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import regex

from celigo_pandas.errors import shown
from celigo_pandas.javascript.pattern_syntax import PatternError, Translation, stand_ins, translate
from celigo_pandas.javascript.values import join_units, split_units, utf16_length

__all__ = ["Match", "Pattern", "PatternError", "PatternTimeout", "compile_pattern"]

# The regex module counts processor time, which on a busy machine is a part of the time that passes.
DEFAULT_TIMEOUT_S: Final = 0.25
MAX_RESULT: Final = 10_000_000
# A run of this length divides in 2**29 ways: over a second for V8, which the regex module's guards would hide.
RUNAWAY: Final = 30

_SUBSTITUTION: Final = regex.compile(r"\$(?:(\$)|(&)|(`)|(')|([0-9]{1,2})|<([^>]*)>)")


class PatternTimeout(PatternError):
    """A search that took longer than it may."""


@dataclass(frozen=True)
class Match:
    """One match: where it is (UTF-16 units), its text, and its groups (None for one that took no part)."""

    start: int
    end: int
    text: str
    groups: tuple[str | None, ...]


class Pattern:
    """A compiled pattern; made by :func:`compile_pattern`.

    Parameters
    ----------
    source, flags : str
        As JavaScript writes them.
    """

    __slots__ = ("_compiled", "_plan", "_stand_ins", "_sticky", "_unicode", "flags", "source")

    def __init__(self, source: str, flags: str, plan: Translation, compiled: Any) -> None:
        self.source = source
        self.flags = flags
        self._plan = plan
        self._compiled = compiled
        self._unicode = "u" in flags
        self._sticky = "y" in flags
        self._stand_ins = stand_ins(flags)

    def __repr__(self) -> str:
        return f"Pattern({shown(self.source)}, {self.flags!r})"

    @property
    def is_global(self) -> bool:
        """Whether the flag ``g`` is set."""
        return "g" in self.flags

    def test(self, text: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> bool:
        """Say whether the pattern is found anywhere in the text."""
        return self._at(self._searched(text), 0, timeout_s) is not None

    def search(self, text: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Match | None:
        """Find the first match.

        Raises
        ------
        PatternTimeout
            The search took longer than `timeout_s`.
        """
        return next(self.matches(text, timeout_s=timeout_s), None)

    def matches(self, text: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Iterator[Match]:
        """Find all matches in order, as ``matchAll`` does; the time is that of all searches together."""
        subject = self._searched(text)
        units = text if self._unicode else split_units(text)
        wide = self._unicode and utf16_length(text) != len(text)
        for found in self._all(subject, timeout_s):
            start, end = found.span()
            groups = tuple(
                None if span[0] < 0 else join_units(units[span[0] : span[1]])
                for span in (found.span(number) for number in range(1, self._plan.groups + 1))
            )
            whole = join_units(units[start:end])
            if wide:
                start, end = utf16_length(units[:start]), utf16_length(units[:end])
            yield Match(start, end, whole, groups)

    def replace(self, text: str, replacement: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """Replace the first match, or all with the flag ``g``.

        Parameters
        ----------
        text : str
            What is searched.
        replacement : str
            ``$1``, ``$&``, ``$$``, ``$<name>`` and the like mean what they mean in JavaScript.

        Raises
        ------
        PatternError
            The result would be longer than ten million characters, or be put together from more pieces than that;
            or ``$n`` names a group whose capture JavaScript forgets in a loop.
        """
        subject = self._searched(text)
        units = text if self._unicode else split_units(text)
        parts = self._parts(replacement, units)
        pieces: list[str] = []
        done = size = steps = 0
        for found in self._all(subject, timeout_s):
            start, end = found.span()
            pieces.append(units[done:start])
            size += start - done
            steps += len(parts)
            # Looked at piece by piece: a replacement full of $& makes gigabytes from one match.
            for part in parts:
                piece = part if isinstance(part, str) else part(found)
                size += len(piece)
                if size > MAX_RESULT:
                    break
                pieces.append(piece)
            if max(size, steps) > MAX_RESULT:
                raise PatternError(f"The result of a replacement is longer than {MAX_RESULT} characters or pieces.")
            done = end
            if not self.is_global:
                break
        pieces.append(units[done:])
        return join_units("".join(pieces))

    def _parts(self, replacement: str, units: str) -> list[Any]:
        """Split a replacement once: texts, and functions from a match to what a ``$`` sign stands for."""
        if "$" not in replacement:
            return [replacement]
        parts: list[Any] = []
        last = 0
        for sign in _SUBSTITUTION.finditer(replacement):
            reader = self._reader(sign, units)
            if reader is not None:
                parts += (replacement[last : sign.start()], reader)
                last = sign.end()
                if isinstance(reader, tuple):
                    parts[-1], last = reader[0], sign.start() + reader[1]
        parts.append(replacement[last:])
        return [part for part in parts if part != ""]

    def _reader(self, sign: Any, units: str) -> object:
        dollar, whole, before, after, digits, name = sign.groups()
        if dollar:
            return lambda found: "$"
        if whole:
            return lambda found: units[found.start() : found.end()]
        if before:
            return lambda found: units[: found.start()]
        if after:
            return lambda found: units[found.end() :]
        if digits:
            number, length = int(digits), len(digits) + 1
            if number > self._plan.groups and len(digits) == 2:
                number, length = int(digits[0]), 2
            if not 0 < number <= self._plan.groups:
                return None
            return self._group_reader(number, units), length
        if not self._plan.names:
            return None
        number = self._plan.names.get(name, 0)
        return self._group_reader(number, units) if number else lambda found: ""

    def _group_reader(self, number: int, units: str) -> object:
        if number in self._plan.forgotten:
            raise PatternError(
                f"The replacement uses group {number} of {shown(self.source)}, which a loop around it may skip; "
                "this cannot be evaluated as JavaScript does. Take the group out of the loop."
            )

        def read(found: Any) -> str:
            start, end = found.span(number)
            return units[start:end] if start >= 0 else ""

        return read

    def _runs_away(self, subject: str, position: int) -> bool:
        """Say whether JavaScript, which tries every way to divide a run, would not come back from this search."""
        for run in _compiled_runs(self._plan.runaways):
            for found in run.finditer(subject, position, timeout=DEFAULT_TIMEOUT_S):
                if found.end() - found.start() >= RUNAWAY:
                    return True
        return False

    def _searched(self, text: str) -> str:
        if text.isascii():
            return text
        if self._stand_ins:
            text = text.translate(self._stand_ins)
        return text if self._unicode else split_units(text)

    def _all(self, subject: str, timeout_s: float) -> Iterator[Any]:
        deadline = time.monotonic() + timeout_s
        position = 0
        while position <= len(subject):
            found = self._at(subject, position, deadline - time.monotonic())
            if found is None:
                return
            yield found
            start, end = found.span()
            position = end if end > start else end + 1

    def _at(self, subject: str, position: int, timeout_s: float) -> Any:
        find = self._compiled.match if self._sticky else self._compiled.search
        try:
            found = find(subject, position, timeout=max(timeout_s, 0.001))
            if found is None and self._plan.runaways and self._runs_away(subject, position):
                raise TimeoutError
            return found
        except TimeoutError:
            raise PatternTimeout(
                f"The pattern {shown(self.source)} takes too long on a text of {len(subject)} characters. "
                "Repeat no group that itself repeats, such as (a+)+."
            ) from None
        except MemoryError:
            raise PatternTimeout(f"The pattern {shown(self.source)} needs too much memory.") from None


@lru_cache(maxsize=64)
def _compiled_runs(runaways: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(regex.compile(text, regex.VERSION0) for text in runaways)


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str = "") -> Pattern:
    """Compile a pattern in JavaScript's syntax.

    Parameters
    ----------
    pattern : str
        Without slashes around it.
    flags : str, default ""
        Any of ``dgimsuy``.

    Returns
    -------
    Pattern
        Cached by pattern and flags.

    Raises
    ------
    PatternError
        JavaScript would refuse it, or it uses what cannot be translated; the message says what.
    """
    plan = translate(pattern, flags)
    options = regex.VERSION0 | (regex.IGNORECASE if "i" in flags else 0)
    try:
        compiled = regex.compile(plan.text, options)
    except (regex.error, OverflowError, RecursionError, MemoryError, ValueError) as error:
        raise PatternError(f"The pattern {shown(pattern)} cannot be used here: {error}.") from None
    return Pattern(pattern, flags, plan, compiled)
