"""What one rendering carries: the current context, and what it may still use.

A template comes from outside, so every rendering is bounded: steps (loop turns, helper calls, and the sizes they work
on), characters of text, time spent in patterns, and time at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from celigo_pandas.errors import TemplateError, shown
from celigo_pandas.handlebars.contexts import Rows
from celigo_pandas.javascript.values import UNDEFINED, utf16_length, utf16_slice

__all__ = ["DEFAULT_LIMITS", "NULL_CONTEXT", "Limits", "Refusal", "Run", "Scope", "member"]


@dataclass(frozen=True)
class Limits:
    """What one rendering may use.

    Parameters
    ----------
    steps : int
        Loop turns and helper calls; large texts and lists count more.
    characters : int
        Length of the result, and of any text on the way to it.
    pattern_s : float
        Seconds in regular expressions, all together.
    time_s : float
        Seconds in all.
    """

    steps: int = 1_000_000
    characters: int = 10_000_000
    pattern_s: float = 0.25
    time_s: float = 5.0


DEFAULT_LIMITS: Final = Limits()

# What a block helper's body sees where the context is null: JavaScript gives it an empty object.
NULL_CONTEXT: Final[dict[str, Any]] = {}

_TIME_EVERY: Final = 512


class Refusal(ValueError):
    """A helper's reason for refusing its arguments; the caller adds the place."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Run:
    """The state of one rendering."""

    __slots__ = ("_check_at", "_deadline", "dynamic", "left", "limits", "lookups", "now", "pattern_s", "random", "root")

    def __init__(
        self,
        root: Any,
        lookups: Mapping[str, Mapping[str, Any]],
        dynamic: Mapping[str, Any] | Callable[[str], Any] | None,
        now: Callable[[], datetime],
        random: Callable[[int], int],
        limits: Limits,
    ) -> None:
        self.root = root
        self.lookups = lookups
        self.dynamic = dynamic
        self.now = now
        self.random = random
        self.limits = limits
        self.left = limits.steps
        self.pattern_s = limits.pattern_s
        self._check_at = limits.steps - _TIME_EVERY
        self._deadline = 0.0

    def spend(self, steps: int = 1) -> None:
        """Use up steps; refuse when there are none left, or no time."""
        self.left -= steps
        if self.left < self._check_at:
            self._check()

    def _check(self) -> None:
        if self.left < 0:
            raise Refusal(
                f"it takes more than {self.limits.steps} steps", "Loop over less, or split the template in parts."
            )
        now = time.monotonic()
        if not self._deadline:
            self._deadline = now + self.limits.time_s
        elif now > self._deadline:
            raise Refusal(f"it takes longer than {self.limits.time_s} s", "Loop over less.")
        self._check_at = self.left - _TIME_EVERY

    def check_size(self, length: int) -> None:
        """Refuse text that is longer than allowed."""
        if length > self.limits.characters:
            raise Refusal(f"it makes text of more than {self.limits.characters} characters")

    def dynamic_lookup(self, name: str) -> object:
        """Give the result of a dynamic lookup; UNDEFINED for one that is not there."""
        if self.dynamic is None:
            return UNDEFINED
        if callable(self.dynamic):
            return self.dynamic(name)
        return self.dynamic.get(name, UNDEFINED)


class Scope:
    """A context, the scope around it, and the private variables (``@index``) and block parameters in it."""

    __slots__ = ("context", "data", "params", "parent", "run")

    def __init__(self, context: Any, parent: Scope | None, data: dict[str, Any], params: Any, run: Run) -> None:
        self.context = context
        self.parent = parent
        self.data = data
        self.params = params
        self.run = run


def member(value: object, name: str) -> Any:
    """Read one own member: of an object, an element or ``length`` of a list or text.

    What is below null or undefined is null or undefined itself.
    """
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if isinstance(value, (list, tuple, str)):
        if name == "length":
            return utf16_length(value) if isinstance(value, str) else len(value)
        if name.isascii() and name.isdigit() and len(name) <= 10 and (name == "0" or name[0] != "0"):
            if isinstance(value, str):
                return utf16_slice(value, int(name), int(name) + 1) or UNDEFINED
            return value[int(name)] if int(name) < len(value) else UNDEFINED
        return member(value[0], name) if type(value) is Rows and value else UNDEFINED
    return None if value is None else UNDEFINED


def failure(template: str, position: int, what: str, error: Exception) -> TemplateError:
    """Make the error for something that went wrong at a place of a template."""
    hint = getattr(error, "hint", "") or f"See character {position + 1} of {shown(template)}."
    reason = str(error).rstrip(".")
    return TemplateError(f"{what} cannot be evaluated: {reason}.", template=template, position=position, hint=hint)
