"""What the compiler knows of a helper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from celigo_pandas.javascript.values import to_text

__all__ = ["Helper", "text_helper"]


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
    of_text : callable, optional
        The function of a helper that takes one text, makes one hardly longer, and refuses nothing.
    reads_root : bool
        Whether the function reads the root of the run, which is another for each context.
    """

    name: str
    function: Callable[..., Any]
    least: int = 1
    most: int | None = 1
    kind: Literal["value", "choice", "elements"] = "value"
    with_run: bool = False
    named: tuple[str, ...] = ()
    bare_word: int | None = None
    of_text: Callable[[str], str] | None = None
    reads_root: bool = False


def text_helper(name: str, function: Callable[[str], str]) -> Helper:
    """Make a helper of a function from text to text; any other value is printed first."""
    return Helper(name, lambda value: function(to_text(value)), of_text=function)
