"""Docstrings of methods that do what a function does: first lines and example of their own, the function's sections."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["documented_as"]

_Method = TypeVar("_Method", bound=Callable[..., Any])
_HEADING = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)


def documented_as(function: Callable[..., Any], *without: str) -> Callable[[_Method], _Method]:
    """Give a method the sections of a function's docstring, but for the parameters that it does not have.

    Parameters
    ----------
    function : callable
        With a docstring in NumPy form.
    *without : str
        Parameters of the function that the method fills in itself.
    """

    def take(method: _Method) -> _Method:
        own = _sections(method)
        sections = {**_sections(function), **own}
        if "Parameters" in sections:  # python -OO leaves no docstrings
            sections["Parameters"] = _without(sections["Parameters"], without)
        texts = [f"{name}\n{'-' * len(name)}\n{text}" if name else text for name, text in sections.items()]
        method.__doc__ = "\n\n".join(texts)
        return method

    return take


def _sections(function: Callable[..., Any]) -> dict[str, str]:
    first, *rest = _HEADING.split(inspect.getdoc(function) or "")
    return {"": first.strip(), **dict(zip(rest[::2], (text.strip("\n") for text in rest[1::2]), strict=True))}


def _without(text: str, names: tuple[str, ...]) -> str:
    kept = []
    for entry in re.split(r"\n(?=\S)", text):
        head = re.split(r" : |\n", entry)[0]
        if left := [name for name in head.split(", ") if name not in names]:
            kept.append(", ".join(left) + entry[len(head) :])
    return "\n".join(kept)
