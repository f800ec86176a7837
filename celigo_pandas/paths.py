r"""The vendor's path text: ``a.b``, ``a[0].b``, ``a[*].b``, ``*.x``, ``[Ship To]``, ``$.a['b c']``.

Mapper 1.0, filters and transforms write a *bare* path, Mapper 2.0 writes one that starts at ``$``; both are read here
and only here. A bare path that meets a list of rows (grouped records) starts at its first row, unless its own first
step names rows (``*``, a number, ``length``); a path from ``$`` starts at whatever the record is.

What stands for "nothing there" is the caller's choice (``absent``), so that this module needs no other.
Facts: integrator-api.md, sections 7.1 (extract syntax) and 7.2 (extract kinds).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

__all__ = [
    "WILDCARD",
    "Path",
    "PathError",
    "Step",
    "cell_text",
    "escape_key",
    "is_rooted",
    "literal_text",
    "parse_extract",
    "read_step",
    "rooted_text",
    "split_path",
]


class PathError(ValueError):
    """A path text that cannot be read; ``position`` counts characters."""

    def __init__(self, message: str, text: str, position: int) -> None:
        super().__init__(f"Path {text!r}: {message} at character {position}.")
        self.text = text
        self.position = position


class _Wildcard(enum.Enum):
    EVERY = "*"

    def __repr__(self) -> str:
        return "WILDCARD"


WILDCARD: Final = _Wildcard.EVERY
Step = str | int | _Wildcard

_BARE_STEP = re.compile(r"[^.\[]+")
_BRACKET = re.compile(r"\[((?:\\.|[^\]\\])*)\]", re.DOTALL)
_QUOTED = re.compile(r"""\[\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*\]""", re.DOTALL)
_LITERAL = re.compile(r'\["((?:\\.|[^"\\])*)"\]', re.DOTALL)
_ESCAPED = re.compile(r"\\([\]\[\\'\"])")
_PLAIN_KEY = re.compile(r"[^\W\d]\w*")
_SPACED_KEY = re.compile(r"""[^\s\[\]\\'"*](?:[^\[\]\\'"]*[^\s\[\]\\'"])?""")
_BRACKETS = re.compile(r"[\[\]]")
_NO_NUMBER_LONGER = 9


@dataclass(frozen=True)
class Path:
    """A parsed path: ``steps`` are keys (``str``), positions (``int``) and ``WILDCARD``."""

    text: str
    steps: tuple[Step, ...]
    rooted: bool

    @cached_property
    def has_wildcard(self) -> bool:
        """Whether the path can match more than once in a record."""
        return WILDCARD in self.steps

    @cached_property
    def dotted(self) -> str:
        r"""The path as plain dotted text, for messages and coverage: ``orders[*].sku``.

        One key with a dot in it is ``a\.b``, one with brackets ``['a[0]']``.
        """
        text = "".join(
            _step_text(step) if isinstance(step, str) and _BRACKETS.search(step) else cell_text(("", step))
            for step in self.steps
        )
        return text.removeprefix(".")

    def start(self, record: object, absent: object = None) -> Any:
        """Return the value the first step is taken from: the record, or its first row."""
        if self.rooted or not isinstance(record, list) or _names_rows(self.steps):
            return record
        return record[0] if record else absent

    def read(self, record: object, absent: object = None) -> Any:
        """Return the value at the path.

        With a wildcard: the list of all matches (elements that lack the rest of the path are skipped), or `absent`
        when no array was there at all.
        """
        value = self.start(record, absent)
        if not self.has_wildcard:
            for step in self.steps:
                value = read_step(value, step, absent)
            return value
        reached, matches = _collect(value, self.steps, absent)
        return [match for match in matches if match is not absent] if reached else absent

    def read_all(self, record: object, absent: object = None) -> list[Any]:
        """Return one entry per innermost element of the wildcards, with `absent` where it lacks the rest of the path.

        Without a wildcard: the one value, or an empty list.
        """
        value = self.start(record, absent)
        if not self.has_wildcard:
            for step in self.steps:
                value = read_step(value, step, absent)
            return [] if value is absent else [value]
        return _collect(value, self.steps, absent)[1]


def read_step(value: object, step: Step, absent: object = None) -> object:
    """Take one step from a value; arrays also know positions written as keys and ``length``, text only ``length``."""
    if isinstance(value, dict):
        return value.get(step if isinstance(step, str) else str(step), absent)
    if isinstance(value, list):
        if isinstance(step, str):
            if step == "length":
                return len(value)
            if not _is_number(step):
                return absent
            step = int(step)
        return value[step] if isinstance(step, int) and step < len(value) else absent
    if step == "length" and isinstance(value, str):
        return len(value)
    return absent


def _collect(value: object, steps: tuple[Step, ...], absent: object) -> tuple[bool, list[Any]]:
    """Return whether any array was reached, and the matches with their gaps."""
    current, reached = [value], False
    for step in steps:
        if step is not WILDCARD:
            current = [read_step(item, step, absent) for item in current]
            continue
        found: list[Any] = []
        for item in current:
            if isinstance(item, list):
                reached = True
                found.extend(item)
            elif item is not absent and item is not None:
                # Assumed: a single object or value where an array is expected counts as one element, as parsed XML
                # gives it for a list of one.
                reached = True
                found.append(item)
        current = found
    return reached, current


def is_rooted(text: str) -> bool:
    """Tell whether an extract is a path from the root: exactly ``$``, or starts with ``$.`` or ``$[``."""
    return text == "$" or text.startswith(("$.", "$["))


def literal_text(text: str) -> str | None:
    """Return the text that ``["text"]`` stands for in a bare extract, or None when it is no literal."""
    match = _LITERAL.fullmatch(text)
    return None if match is None else _ESCAPED.sub(r"\1", match.group(1))


def escape_key(key: str, sep: str = ".") -> str:
    """Write one key so that it can stand in the text of a cell or a flattened column."""
    if "\\" not in key and sep not in key:
        return key
    return key.replace("\\", "\\\\").replace(sep, "\\" + sep)


def split_path(path: str, sep: str = ".") -> tuple[str, ...]:
    """Split a path text into its keys.

    A backslash that escapes neither a backslash nor a separator is kept, so that a column a person named
    ``C:\\temp`` stays what it is.
    """
    if "\\" not in path:
        return tuple(path.split(sep))
    keys, current = [], []
    for escaped, separator, other in _pieces(sep).findall(path):
        if escaped:
            current.append(escaped[1:])
        elif separator:
            keys.append("".join(current))
            current = []
        else:
            current.append(other)
    keys.append("".join(current))
    return tuple(keys)


@lru_cache(maxsize=32)
def _pieces(sep: str) -> re.Pattern[str]:
    quoted = re.escape(sep)
    return re.compile(rf"(\\\\|\\{quoted})|({quoted})|(.)", re.DOTALL)


@lru_cache(maxsize=4096)
def cell_text(steps: tuple[Step, ...]) -> str:
    r"""Write the place of an output cell: ``lines[2].sku``, ``a\.b`` for a key with a dot in it.

    >>> cell_text(("lines", WILDCARD, "unit.price"))
    'lines[*].unit\\.price'
    """
    pieces: list[str] = []
    for step in steps:
        if isinstance(step, str):
            pieces += (".", escape_key(step)) if pieces else (escape_key(step),)
        else:
            pieces.append("[*]" if step is WILDCARD else f"[{step}]")
    return "".join(pieces)


def rooted_text(steps: Iterable[Step]) -> str:
    """Write steps as the text of a path from ``$``, which :func:`parse_extract` reads as these very steps.

    >>> rooted_text(("cust", "Ship To", 0, WILDCARD, "it's"))
    "$.cust.[Ship To][0][*]['it\\\\'s']"
    """
    return "$" + "".join(map(_step_text, steps))


def _step_text(step: Step) -> str:
    if step is WILDCARD:
        return "[*]"
    if isinstance(step, int):
        return f"[{step}]"
    key = str(step)
    if _PLAIN_KEY.fullmatch(key):
        return f".{key}"
    if _SPACED_KEY.fullmatch(key) and not _is_number(key):
        return f".[{key}]"
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


@lru_cache(maxsize=4096)
def parse_extract(text: str) -> Path:
    """Parse a path.

    Parameters
    ----------
    text : str
        A bare path or one from ``$``. Templates and literals are the caller's to tell apart first
        (:func:`literal_text`, ``{{``).

    Returns
    -------
    Path
        Cached by its text.

    Raises
    ------
    PathError
        An empty path or step, a bracket that is not closed, text after a bracket.

    Examples
    --------
    >>> parse_extract("lines[*].[Item Name]").steps
    ('lines', WILDCARD, 'Item Name')
    >>> parse_extract("$.a[0]").read({"a": [7]})
    7
    """
    rooted = is_rooted(text)
    place = 1 if rooted else 0
    if not text:
        raise PathError("it is empty", text, 0)
    steps: list[Step] = []
    wants_step = not rooted
    while place < len(text):
        if text[place] == "." and not wants_step:
            wants_step = True
            place += 1
            continue
        if text[place] == "[":
            step, place = _bracket(text, place)
        elif wants_step and (match := _BARE_STEP.match(text, place)):
            step, place = (WILDCARD if match.group() == "*" else match.group()), match.end()
        else:
            raise PathError("a step is missing" if wants_step else "expected '.' or '['", text, place)
        steps.append(step)
        wants_step = False
    if wants_step:
        raise PathError("a step is missing", text, place)
    return Path(text, tuple(steps), rooted)


def _bracket(text: str, place: int) -> tuple[Step, int]:
    quoted = _QUOTED.match(text, place)
    if quoted:
        inside = quoted.group(1) if quoted.group(1) is not None else quoted.group(2)
        return _ESCAPED.sub(r"\1", inside), quoted.end()
    match = _BRACKET.match(text, place)
    if match is None:
        raise PathError("a bracket is not closed", text, place)
    inside = match.group(1)
    if inside.strip() == "*":
        return WILDCARD, match.end()
    if _is_number(inside):
        return int(inside), match.end()
    if not inside:
        raise PathError("a bracket is empty", text, place)
    return _ESCAPED.sub(r"\1", inside), match.end()


def _names_rows(steps: tuple[Step, ...]) -> bool:
    first = steps[0] if steps else WILDCARD
    return not isinstance(first, str) or first == "length" or _is_number(first)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _NO_NUMBER_LONGER
