"""Members that may be position-aligned arrays: ``method: ["POST", "PUT"]`` beside ``successPath: ["a", "b"]``."""

from __future__ import annotations

from typing import Any

__all__ = ["as_list", "position"]


def as_list(value: object) -> list[Any]:
    """Return a list as it is and anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def position(values: object, index: int, default: object = None) -> Any:
    """Return the element of a position-aligned array; a plain value stands for every position."""
    if not isinstance(values, list):
        return default if values is None else values
    if index < len(values):
        return values[index]
    return default
