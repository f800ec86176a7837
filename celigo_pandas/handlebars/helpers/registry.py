"""What the compiler knows of a helper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Helper"]


@dataclass(frozen=True)
class Helper:
    """One helper of the template language.

    Parameters
    ----------
    name : str
        As templates write it.
    function : callable
        Takes plain values, in the order of the template; refuses with :class:`Refusal`.
    least, most : int
        Arguments that are missing up to `least` come as undefined; those beyond `most` are dropped, None keeps all.
    kind : {"value", "choice", "elements"}
        A choice answers true, false, or None for neither, and as a block chooses its body; elements are a list, over
        which the block loops.
    with_run : bool
        Whether the function takes the :class:`Run` first: for the clock, the root, limits.
    named : tuple of str
        Named arguments that it takes; others are ignored.
    bare_word : int, optional
        Place of an argument that is a word, not a path.
    """

    name: str
    function: Callable[..., Any]
    least: int = 1
    most: int | None = 1
    kind: Literal["value", "choice", "elements"] = "value"
    with_run: bool = False
    named: tuple[str, ...] = ()
    bare_word: int | None = None
