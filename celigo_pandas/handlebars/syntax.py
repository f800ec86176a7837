"""The tree of a template: what the parser makes and the compiler reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from typing import Literal as OneOf

__all__ = ["EVERY", "Block", "Call", "Comment", "Content", "Literal", "Mustache", "Path", "Program", "Raw", "Strip"]

EVERY: Final = "*"
"""The part of a path that stands for an element of an array: ``items[*].sku``."""


@dataclass(frozen=True)
class Strip:
    """Whether a ``~`` stands on the left and on the right of a tag."""

    open: bool = False
    close: bool = False


@dataclass(frozen=True)
class Path:
    """A path: ``depth`` steps up, then ``parts`` down; ``data`` for one that starts with ``@``."""

    parts: tuple[str, ...]
    depth: int
    data: bool
    original: str
    position: int

    @property
    def is_scoped(self) -> bool:
        """Whether it says ``this`` or ``./``, so that it can only be a field."""
        return self.original.startswith(".") or _ends_with_this(self.original)

    @property
    def is_simple(self) -> bool:
        """Whether it is one bare name, which a helper may have too."""
        return len(self.parts) == 1 and not self.depth and not self.is_scoped


def _ends_with_this(text: str) -> bool:
    at = text.find("this")
    while at >= 0:
        after = text[at + 4 : at + 5]
        if not (after.isascii() and (after.isalnum() or after == "_")):
            return True
        at = text.find("this", at + 1)
    return False


@dataclass(frozen=True)
class Literal:
    """A literal: text, number, true, false, null or undefined."""

    kind: OneOf["text", "number", "boolean", "null", "undefined"]
    value: Any
    original: str
    position: int


@dataclass(frozen=True)
class Call:
    """A path or literal with its arguments; as an argument itself it is a subexpression."""

    path: Path | Literal
    params: tuple[Argument, ...]
    hash: tuple[tuple[str, Argument], ...]
    position: int


Argument = Path | Literal | Call


@dataclass
class Content:
    """Text between tags; ``value`` is what whitespace control leaves of ``original``."""

    value: str
    original: str
    position: int
    left_stripped: bool = False
    right_stripped: bool = False


@dataclass(frozen=True)
class Comment:
    """A comment; only its place matters."""

    strip: Strip
    position: int


@dataclass(frozen=True)
class Mustache:
    """A value tag."""

    call: Call
    escaped: bool
    strip: Strip
    position: int


@dataclass(frozen=True)
class Raw:
    """A raw block: its text, as it stands."""

    text: str
    position: int


@dataclass
class Program:
    """A list of statements; ``chained`` for the one block that an ``{{else if}}`` makes."""

    body: list[Statement]
    block_params: tuple[str, ...] = ()
    chained: bool = False


@dataclass
class Block:
    """A block tag with its two programs."""

    call: Call
    program: Program | None
    inverse: Program | None
    open_strip: Strip
    inverse_strip: Strip
    close_strip: Strip
    position: int


Statement = Content | Comment | Mustache | Raw | Block
