"""Regex helpers, with JavaScript's patterns; their time counts against the rendering's limit.

Source: the vendor's helper reference, "Regex".
"""

from __future__ import annotations

import math
import time
from itertools import islice
from typing import Final

from celigo_pandas.handlebars.helpers.arithmetic import as_number
from celigo_pandas.handlebars.helpers.helper import Helper
from celigo_pandas.handlebars.rendering import Run
from celigo_pandas.javascript.regexes import Match, compile_pattern
from celigo_pandas.javascript.values import UNDEFINED, to_text

__all__ = ["HELPERS"]


class _Timed:
    """Takes the time of a search off what the rendering may use."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __enter__(self) -> float:
        self.start = time.monotonic()
        return self.run.pattern_s

    def __exit__(self, *_: object) -> None:
        self.run.pattern_s -= time.monotonic() - self.start


def _flags(value: object) -> str:
    return "" if value is UNDEFINED or value is None else to_text(value)


def _match(run: Run, value: object, pattern: object, place: object = UNDEFINED, flags: object = UNDEFINED) -> str:
    number = 0 if place is UNDEFINED or place is None or place == "" else as_number(place)
    if number != number:
        number, flags = 0, place
    if not 0 <= number < math.inf:
        return ""
    with _Timed(run) as seconds:
        matches = compile_pattern(to_text(pattern), _flags(flags)).matches(to_text(value), timeout_s=seconds)
        found: Match | None = next(islice(matches, min(int(number), 10**7), None), None)
    return found.text if found is not None else ""


def _replace(run: Run, value: object, replacement: object, pattern: object, flags: object = UNDEFINED) -> str:
    with _Timed(run) as seconds:
        compiled = compile_pattern(to_text(pattern), _flags(flags))
        return compiled.replace(to_text(value), to_text(replacement), timeout_s=seconds)


def _search(run: Run, value: object, pattern: object, flags: object = UNDEFINED) -> int:
    with _Timed(run) as seconds:
        found = compile_pattern(to_text(pattern), _flags(flags)).search(to_text(value), timeout_s=seconds)
    return -1 if found is None else found.start


HELPERS: Final = (
    Helper("regexMatch", _match, 2, 4, with_run=True),
    Helper("regexReplace", _replace, 3, 4, with_run=True),
    Helper("regexSearch", _search, 2, 3, with_run=True),
)
