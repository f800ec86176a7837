"""Rendering of a request's parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from random import SystemRandom
from typing import Any, Literal

from celigo_pandas.handlebars import compile_template
from celigo_pandas.javascript.dates import utc_now

__all__ = ["Chance", "DynamicLookup", "render"]

DynamicLookup = Callable[[str], Any]
"""The value of a dynamic lookup by its name, for the record at hand."""

_random_number = SystemRandom().randrange


class Chance:
    """The clock and the random numbers of one rendering, and the same once more for its repetition."""

    def __init__(self) -> None:
        self._time: datetime | None = None
        self._drawn: list[tuple[int, int]] = []
        self._place = 0

    def again(self) -> Chance:
        """Begin the repetition."""
        self._place = 0
        return self

    def now(self) -> datetime:
        """Return the time at which it was first asked for."""
        self._time = self._time or utc_now()
        return self._time

    def random(self, bound: int) -> int:
        """Return a number from 0 to below `bound`."""
        place, self._place = self._place, self._place + 1
        if place >= len(self._drawn) or self._drawn[place][0] != bound:
            self._drawn[place:] = [(bound, _random_number(bound))]
        return self._drawn[place][1]


_compiled = lru_cache(maxsize=512)(compile_template)


def render(
    text: str,
    context: Mapping[str, Any],
    *,
    escape: Literal["none", "url"] = "none",
    lookups: Sequence[Mapping[str, Any]] = (),
    dynamic_lookups: DynamicLookup | None = None,
    strict: bool = False,
    chance: Chance | None = None,
) -> str:
    """Render one template; a text without ``{{`` is returned as it is.

    Raises
    ------
    TemplateError
        The template cannot be read or rendered.
    """
    if "{{" not in text:
        return text
    return _compiled(text).render(
        context,
        escape=escape,
        lookups=lookups,
        dynamic_lookups=dynamic_lookups,
        strict=strict,
        now=chance.now if chance else None,
        random=chance.random if chance else None,
    )
