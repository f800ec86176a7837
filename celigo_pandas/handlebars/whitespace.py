r"""Takes away the blanks that a template's author did not mean.

Two rules. A ``~`` strips all white space on its side, up to the next tag. A block tag, an else or a comment that is
alone on its line takes the line with it: the indent before it and the line end after it. "Alone" is asked of the text
as it stood, whatever another tag has already stripped; the ends of the template count as line ends, the ends of a
block do not.

Source: the Handlebars language guide, "Whitespace control"; Handlebars.js 4.7.
"""

from __future__ import annotations

import re
from typing import Final

from celigo_pandas.handlebars.syntax import Block, Comment, Content, Mustache, Program, Statement, Strip
from celigo_pandas.javascript.values import BLANKS

__all__ = ["control_whitespace"]

_SPACE: Final = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_LEADING_LINE: Final = re.compile(r"[ \t]*\r?\n?")
_STARTS_LINE: Final = re.compile(rf"{_SPACE}*?\r?\n")
_ALL_BLANK: Final = re.compile(rf"{_SPACE}*\Z")


def control_whitespace(program: Program) -> None:
    """Strip the contents of a whole template, in place."""
    _visit(program, is_root=True)


def _visit(program: Program, is_root: bool) -> None:
    body = program.body
    for place, node in enumerate(body):
        if isinstance(node, Mustache):
            _strip_sides(body, place, node.strip)
        elif isinstance(node, Comment):
            alone = _line_ends_before(body, place, is_root) and _line_starts_after(body, place, is_root)
            _strip_sides(body, place, node.strip)
            if alone:
                _take_line_start(body, place + 1)
                _take_indent(body, place - 1)
        elif isinstance(node, Block):
            _visit_block(body, place, node, is_root)


def _visit_block(body: list[Statement], place: int, block: Block, is_root: bool) -> None:
    for program in (block.program, block.inverse):
        if program is not None:
            _visit(program, is_root=False)
    first = block.program or block.inverse
    inverse = block.inverse if block.program is not None else None
    if first is None:  # pragma: no cover - a block has one of the two
        return
    start_of_else, end_of_else = _chain_ends(inverse)
    last = start_of_else or first
    opens_line = _line_starts_after(first.body, -1, False)
    closes_line = _line_ends_before(last.body, len(last.body), False)
    _strip_inside(block, first, inverse, start_of_else, end_of_else)
    before, after = _line_ends_before(body, place, is_root), _line_starts_after(body, place, is_root)
    _strip_sides(body, place, Strip(block.open_strip.open, block.close_strip.close))
    if opens_line and before:
        _take_line_start(first.body, 0)
        _take_indent(body, place - 1)
    if closes_line and after:
        _take_line_start(body, place + 1)
        final = block.inverse or block.program
        if final is not None:
            _take_indent(final.body, len(final.body) - 1)


def _chain_ends(inverse: Program | None) -> tuple[Program | None, Program | None]:
    """Give the program right after the first else, and the one right before the closing tag."""
    if inverse is None or not inverse.chained:
        return inverse, inverse
    first = _chained_block(inverse).program
    last: Program | None = inverse
    while last is not None and last.chained:
        # Only the first step of the chain: the blocks inside have stripped their own ends.
        last = _chained_block(last).program
    return first, last


def _chained_block(program: Program) -> Block:
    block = program.body[-1]
    if not isinstance(block, Block):  # pragma: no cover - a chained program holds one block
        raise TypeError(type(block).__name__)
    return block


def _strip_inside(
    block: Block, first: Program, inverse: Program | None, start_of_else: Program | None, end_of_else: Program | None
) -> None:
    if block.open_strip.close:
        _take_all_after(first.body, -1)
    if inverse is None or start_of_else is None or end_of_else is None:
        if block.close_strip.open:
            _take_all_before(first.body, len(first.body))
        return
    if block.inverse_strip.open:
        _take_all_before(first.body, len(first.body))
    if block.inverse_strip.close:
        _take_all_after(start_of_else.body, -1)
    if block.close_strip.open:
        _take_all_before(end_of_else.body, len(end_of_else.body))
    ends = _line_ends_before(first.body, len(first.body), False)
    if ends and _line_starts_after(start_of_else.body, -1, False):
        _take_indent(first.body, len(first.body) - 1)
        _take_line_start(start_of_else.body, 0)


def _strip_sides(body: list[Statement], place: int, strip: Strip) -> None:
    if strip.close:
        _take_all_after(body, place)
    if strip.open:
        _take_all_before(body, place)


# What stands beside a place


def _line_ends_before(body: list[Statement], place: int, is_root: bool) -> bool:
    """Say whether nothing but blanks stands between the last line end and the place."""
    if place <= 0:
        return is_root
    node = body[place - 1]
    if not isinstance(node, Content):
        return False
    text = node.original
    kept = text.rstrip(BLANKS)
    if "\n" in text[len(kept) :]:
        return True
    return not kept and is_root and place == 1


def _line_starts_after(body: list[Statement], place: int, is_root: bool) -> bool:
    """Say whether nothing but blanks stands between the place and the next line end."""
    if place + 1 >= len(body):
        return is_root
    node = body[place + 1]
    if not isinstance(node, Content):
        return False
    if _STARTS_LINE.match(node.original):
        return True
    return is_root and place + 2 >= len(body) and bool(_ALL_BLANK.match(node.original))


# What is taken away


def _take_all_after(body: list[Statement], place: int) -> None:
    node = body[place + 1] if place + 1 < len(body) else None
    if isinstance(node, Content):
        kept = node.value.lstrip(BLANKS)
        node.right_stripped = kept != node.value
        node.value = kept


def _take_all_before(body: list[Statement], place: int) -> None:
    node = body[place - 1] if place > 0 else None
    if isinstance(node, Content):
        kept = node.value.rstrip(BLANKS)
        node.left_stripped = kept != node.value
        node.value = kept


def _take_line_start(body: list[Statement], place: int) -> None:
    """Take blanks and the line end off the start of a content, once."""
    node = body[place] if 0 <= place < len(body) else None
    if isinstance(node, Content) and not node.right_stripped:
        match = _LEADING_LINE.match(node.value)
        kept = node.value[match.end() :] if match else node.value
        node.right_stripped = kept != node.value
        node.value = kept


def _take_indent(body: list[Statement], place: int) -> None:
    """Take the blanks off the end of a content, once."""
    node = body[place] if 0 <= place < len(body) else None
    if isinstance(node, Content) and not node.left_stripped:
        kept = node.value.rstrip(" \t")
        node.left_stripped = kept != node.value
        node.value = kept
