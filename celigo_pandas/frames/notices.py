"""Warnings that point at the caller's line, however deep in the package they arise."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from celigo_pandas.errors import legible

__all__ = ["listed", "notify"]

_PACKAGE = str(Path(__file__).parents[1])


def notify(message: str, category: type[Warning]) -> None:
    """Warn as if the first line outside this package had done it.

    `message` may hold texts from outside, such as a column's name: see :func:`~celigo_pandas.errors.legible`.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(legible(message), category, stacklevel=level)


def listed(names: Sequence[object]) -> str:
    """Name some columns: eight of them, and how many more."""
    return ", ".join(map(repr, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
