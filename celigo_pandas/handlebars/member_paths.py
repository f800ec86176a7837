"""Paths that come as text, at run time: ``getValue``, ``pluck`` and ``filter`` take them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from celigo_pandas.handlebars.rendering import member

__all__ = ["read_members", "read_path"]

_STEP: Final = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


def read_path(text: str) -> list[str]:
    """Split ``a.b``, ``a[0].b`` or ``a.[Ship To]`` into names."""
    return [(bracketed.strip("'\"") if bracketed else name) for bracketed, name in _STEP.findall(text)]


def read_members(value: object, path: Sequence[str]) -> object:
    """Read a path of names below a value; undefined where it ends."""
    for name in path:
        value = member(value, name)
    return value
