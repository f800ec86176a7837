"""The text of an output cell read back: which steps it means, and what is there.

A key may hold dots (written with a backslash) and brackets, so a text is read against what there is: ``x[0]`` is the
key of that name where there is one, else the first element of ``x``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from celigo_pandas.javascript.values import UNDEFINED
from celigo_pandas.paths import Step, cell_text, escape_key

__all__ = ["find_places", "value_at"]

Steps = tuple[Step, ...]
_POSITION: Final = re.compile(r"\[(\d+)\]")
_STEP: Final = re.compile(r"\[(\d+)\]|\.?((?:\\.|[^.\[\\])+)", re.DOTALL)


def find_places(cell: str, output: object, known: Iterable[Steps]) -> Iterator[Steps]:
    """Give the steps that a text may mean: what is there in the output, what is known, what could be below that."""
    tried: dict[Steps, None] = dict.fromkeys(_matches(output, cell, is_first=True) if cell else ())
    below: dict[Steps, None] = {}
    for steps in known:
        text = cell_text(steps)
        if text == cell:
            tried[steps] = None
        elif steps and cell.startswith((f"{text}.", f"{text}[")):
            below[steps] = None
    yield from tried
    for steps in sorted(below, key=len, reverse=True):
        yield (*steps, *_parsed(cell[len(cell_text(steps)) :]))


def _matches(value: object, text: str, *, is_first: bool = False) -> Iterator[Steps]:
    if not text:
        yield ()
    elif isinstance(value, dict):
        for key in value:
            written = escape_key(key) if is_first else f".{escape_key(key)}"
            if text.startswith(written):
                for rest in _matches(value[key], text[len(written) :]):
                    yield (key, *rest)
    elif isinstance(value, list) and (match := _POSITION.match(text)):
        place = int(match[1])
        if place < len(value):
            for rest in _matches(value[place], text[match.end() :]):
                yield (place, *rest)


def _parsed(text: str) -> Steps:
    return tuple(int(position) if position else re.sub(r"\\(.)", r"\1", key) for position, key in _STEP.findall(text))


def value_at(output: object, steps: Steps) -> object:
    """Return what is at a place of an output; UNDEFINED where nothing is."""
    for step in steps:
        if isinstance(step, int):
            output = output[step] if isinstance(output, list) and step < len(output) else UNDEFINED
        else:
            output = output.get(step, UNDEFINED) if isinstance(output, dict) else UNDEFINED
    return output
